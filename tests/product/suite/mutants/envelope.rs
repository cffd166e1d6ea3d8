//! What every frame has, and the numbers of events.

use serde_json::json;

use super::{Mutant, caught, losing, telling, telling_of, without};

caught! {
    drops_an_event "10-jobs/long-log" Mutant::frames(|mind, frame| {
        telling_of("log", mind, frame, |mind, value| {
            mind.count += 1;
            if mind.count == 2 { vec![] } else { vec![value] }
        })
    });
    drops_an_event_and_closes_the_gap "10-jobs/kinds-of-events" Mutant::frames(|mind, frame| {
        losing(mind, frame, |_, told| told["type"] == "metric")
    });
    repeats_an_event "10-jobs/kinds-of-events" Mutant::frames(|mind, frame| {
        telling_of("metric", mind, frame, |_, value| vec![value.clone(), value])
    });
    repeats_a_number "10-jobs/kinds-of-events" Mutant::frames(|mind, frame| {
        telling_of("metric", mind, frame, |_, mut value| {
            value["event_seq"] = json!(value["event_seq"].as_u64().unwrap_or_default() - 1);
            vec![value]
        })
    });
    tells_events_in_another_order "10-jobs/kinds-of-events" Mutant::frames(|mind, frame| {
        telling(mind, frame, |mind, mut value| {
            if value["type"] == "log" {
                mind.kept.push(value);
                return vec![];
            }
            let Some(mut late) = mind.kept.pop() else { return vec![value] };
            let (first, second) = (late["event_seq"].clone(), value["event_seq"].clone());
            (value["event_seq"], late["event_seq"]) = (first, second);
            vec![value, late]
        })
    });
    numbers_its_replies "06-envelope/answers-name-their-question" Mutant::frames(|mind, frame| {
        telling_of("session.jobs", mind, frame, |_, mut value| {
            value["event_seq"] = json!(1);
            vec![value]
        })
    });
    does_not_say_what_it_answers "06-envelope/answers-name-their-question"
        Mutant::frames(|mind, frame| {
            telling_of("session.jobs", mind, frame, |_, value| {
                vec![without(value, "", "correlation_id")]
            })
        });
    forgets_the_time "10-jobs/kinds-of-events" Mutant::frames(|mind, frame| {
        telling_of("job.started", mind, frame, |_, value| vec![without(value, "", "timestamp")])
    });
    forgets_the_trace "17-traces/carried" Mutant::frames(|mind, frame| {
        telling_of("job.completed", mind, frame, |_, value| vec![without(value, "", "trace_id")])
    });
    forgets_the_trace_of_artifacts "17-traces/artifacts" Mutant::frames(|mind, frame| {
        telling_of("artifact.ref", mind, frame, |_, value| vec![without(value, "", "trace_id")])
    });
    forgets_the_trace_of_leases "17-traces/permissions" Mutant::frames(|mind, frame| {
        telling_of("lease.granted", mind, frame, |_, value| vec![without(value, "", "trace_id")])
    });
    forgets_the_trace_of_heartbeats "17-traces/heartbeats" Mutant::frames(|mind, frame| {
        telling_of("job.heartbeat", mind, frame, |_, value| vec![without(value, "", "trace_id")])
    });
    gives_all_events_one_id "06-envelope/ids-differ" Mutant::frames(|mind, frame| {
        telling(mind, frame, |_, mut value| {
            if value.get("event_seq").is_some() {
                value["id"] = json!("msg_event");
            }
            vec![value]
        })
    });
    forgets_the_priority "06-priority/inherited" Mutant::frames(|mind, frame| {
        telling(mind, frame, |_, value| {
            let event = value.get("event_seq").is_some();
            vec![if event { without(value, "", "priority") } else { value }]
        })
    });
    heeds_no_window "11-ack-window/holds" Mutant::configure(|runtime, _| runtime.ack_window(0));
    lets_replies_wait_for_the_window "11-ack-window/replies-pass" Mutant::frames(|mind, frame| {
        telling(mind, frame, |mind, value| {
            // From the fourth event on all is held back.
            mind.count += u64::from(value.get("event_seq").is_some());
            if mind.count >= 4 && value["type"] == "session.jobs" { vec![] } else { vec![value] }
        })
    });
}
