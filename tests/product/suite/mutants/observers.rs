//! Who watches and observes.

use serde_json::json;

use super::jobs::all_are_alice;
use super::{
    Frame, Mind, Mutant, answering, caught, hearing_of, losing, telling, telling_of, without,
};

fn ignoring(mind: &mut Mind, frame: Frame, key: &str) -> Vec<Frame> {
    hearing_of("subscribe", mind, frame, |_, value| {
        let value = without(value, "/payload/filter", key);
        vec![without(value, "/payload", key)]
    })
}

caught! {
    shows_events_to_strangers "13-subscribe/no-filter" all_are_alice();
    lets_strangers_watch "13-watch/strangers" all_are_alice();
    heeds_no_types "13-subscribe/by-type" Mutant::frames(|m, f| ignoring(m, f, "types"));
    heeds_no_jobs "13-subscribe/by-job" Mutant::frames(|m, f| ignoring(m, f, "job_id"));
    heeds_no_traces "13-subscribe/by-trace" Mutant::frames(|m, f| ignoring(m, f, "trace_id"));
    heeds_no_sessions "13-subscribe/by-session" Mutant::frames(|m, f| ignoring(m, f, "session_id"));
    heeds_no_priority "13-subscribe/by-priority"
        Mutant::frames(|m, f| ignoring(m, f, "min_priority"));
    tells_no_past "13-subscribe/the-past" Mutant::frames(|m, f| ignoring(m, f, "since"));
    marks_no_end_of_the_past "13-subscribe/the-past" Mutant::frames(|mind, frame| {
        telling(mind, frame, |_, value| {
            let marks = value.to_string().contains("backfill_complete");
            if marks { vec![] } else { vec![value] }
        })
    });
    numbers_what_observers_are_told "13-subscribe/accepted" Mutant::frames(|mind, frame| {
        telling_of("subscribe.event", mind, frame, |mind, mut value| {
            mind.count += 1;
            value["event_seq"] = json!(mind.count);
            vec![value]
        })
    });
    tells_observers_twice "13-subscribe/accepted" Mutant::frames(|mind, frame| {
        telling_of("subscribe.event", mind, frame, |_, value| vec![value.clone(), value])
    });
    goes_on_telling "13-subscribe/unsubscribe" Mutant::frames(|_, frame| {
        answering(frame, |said| said["type"] == "unsubscribe", "ack", |_| json!({}))
    });
    ends_subscriptions_without_a_word "13-subscribe/ends-with-its-session"
        Mutant::frames(|mind, frame| {
            telling_of("subscribe.closed", mind, frame, |_, _| vec![])
        });
    lets_anybody_forge_events "13-subscribe/forged" Mutant::frames(|_, frame| match frame {
        Frame::Said(value) if value["type"] == "job.completed" => {
            let mut told = value.clone();
            told["event_seq"] = json!(1);
            vec![Frame::Told(told), Frame::Said(value)]
        }
        other => vec![other],
    });
    watches_from_now_on_only "13-watch/with-the-past" Mutant::frames(|mind, frame| {
        hearing_of("job.subscribe", mind, frame, |_, value| {
            vec![without(value, "/payload", "history")]
        })
    });
    watches_from_the_start "13-watch/from-an-event" Mutant::frames(|mind, frame| {
        hearing_of("job.subscribe", mind, frame, |_, value| {
            vec![without(value, "/payload", "from_event_seq")]
        })
    });
    leaves_a_gap_before_the_present "13-watch/no-gap-no-double" Mutant::frames(|mind, frame| {
        losing(mind, frame, |mind, told| {
            if told["type"] == "job.subscribed" {
                mind.kept.push(told["job_id"].clone());
            }
            mind.count == 0 && told["type"] == "log" && mind.kept.contains(&told["job_id"])
        })
    });
    watches_what_is_over_in_vain "13-watch/ended" Mutant::frames(|mind, frame| {
        telling_of("job.subscribed", mind, frame, |mind, value| {
            mind.count = 1;
            vec![value]
        })
        .into_iter()
        .filter(|frame| match frame {
            Frame::Told(value) => mind.count == 0 || value["type"] != "job.completed",
            Frame::Said(_) => true,
        })
        .collect()
    });
    stops_watching_nothing "13-watch/unsubscribe" Mutant::frames(|_, frame| {
        answering(frame, |said| said["type"] == "job.unsubscribe", "ack", |_| json!({}))
    });
}
