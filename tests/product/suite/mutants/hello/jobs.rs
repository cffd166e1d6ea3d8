//! How jobs begin and end.

use serde_json::json;

use super::super::{Frame, Mutant, caught, hearing_of, telling, telling_of, without};
use super::{all_are_alice, answering};

caught! {
    ends_twice "hello/07-lifecycle/success" Mutant::frames(|mind, frame| {
        telling_of("job.result", mind, frame, |_, value| {
            let mut again = value.clone();
            again["event_seq"] = json!(value["event_seq"].as_u64().unwrap() + 1);
            vec![value, again]
        })
    });
    talks_before_it_is_accepted "hello/07-submit/accepted" Mutant::frames(|mind, frame| {
        telling(mind, frame, |mind, value| match value["type"].as_str() {
            Some("job.accepted") => {
                mind.kept.push(value);
                vec![]
            }
            Some("job.event") => [value].into_iter().chain(mind.kept.pop()).collect(),
            _ => vec![value],
        })
    });
    says_not_when_it_ended "hello/07-submit/accepted" Mutant::frames(|mind, frame| {
        telling_of("job.result", mind, frame, |_, value| {
            vec![without(value, "/payload", "completed_at")]
        })
    });
    tells_no_lease "hello/07-submit/accepted" Mutant::frames(|mind, frame| {
        telling_of("job.accepted", mind, frame, |_, value| vec![without(value, "/payload", "lease")])
    });
    cancels_nothing "hello/07-cancel/cancel" Mutant::frames(|_, frame| {
        answering(frame, |said| said["type"] == "job.cancel", "job.cancelled", |_| json!({}))
    });
    says_not_that_it_was_cancelled "hello/07-cancel/cancel" Mutant::frames(|mind, frame| {
        telling_of("job.error", mind, frame, |_, mut value| {
            value["payload"]["final_status"] = json!("error");
            vec![value]
        })
    });
    acknowledges_no_cancel "hello/07-cancel/no-reason" Mutant::frames(|mind, frame| {
        telling_of("job.cancelled", mind, frame, |_, _| vec![])
    });
    cancels_for_anybody "hello/07-cancel/strangers" all_are_alice();
    says_nothing_of_a_late_cancel "hello/07-cancel/too-late" Mutant::frames(|mind, frame| {
        telling(mind, frame, |_, value| {
            if value["payload"]["code"] == "JOB_NOT_FOUND" { vec![] } else { vec![value] }
        })
    });
    has_time_without_end "hello/07-submit/max-runtime" Mutant::frames(|mind, frame| {
        hearing_of("job.submit", mind, frame, |_, value| {
            vec![without(value, "/payload", "max_runtime_sec")]
        })
    });
    knows_no_keys "hello/07-idempotency/same" Mutant::frames(|mind, frame| {
        hearing_of("job.submit", mind, frame, |_, value| {
            vec![without(value, "/payload", "idempotency_key")]
        })
    });
    forgets_how_a_job_ended "hello/07-idempotency/same" Mutant::frames(|mind, frame| {
        telling_of("job.result", mind, frame, |mind, value| {
            mind.count += 1;
            if mind.count > 1 { vec![] } else { vec![value] }
        })
    });
    takes_another_input_for_the_same "hello/07-idempotency/conflict" Mutant::frames(|_, frame| {
        match frame {
            Frame::Told(mut value) if value["payload"]["code"] == "DUPLICATE_KEY" => {
                value["payload"]["code"] = json!("INVALID_REQUEST");
                vec![Frame::Told(value)]
            }
            other => vec![other],
        }
    });
    forgets_its_keys "hello/07-idempotency/after-restart" Mutant::FORGETS;
    runs_another_version "hello/07-versions/exact" Mutant::frames(|mind, frame| {
        hearing_of("job.submit", mind, frame, |_, mut value| {
            value["payload"]["agent"] = json!("conf.version@2.0.0");
            vec![value]
        })
    });
    says_not_which_version "hello/07-versions/default" Mutant::frames(|mind, frame| {
        telling_of("job.accepted", mind, frame, |_, mut value| {
            value["payload"]["agent"] = json!("conf.version");
            vec![value]
        })
    });
    runs_any_number_at_once "hello/07-lifecycle/pending"
        Mutant::limits(|limits| limits.running_per_principal = 1_000);
    has_no_end_of_jobs "hello/14-caps/jobs" Mutant::limits(|limits| limits.jobs_per_principal = 1_000);
    has_no_end_of_sessions "hello/14-caps/sessions"
        Mutant::limits(|limits| limits.sessions_per_principal = 1_000);
}
