//! What every frame has.

use serde_json::{Value, json};

use super::super::{Frame, Mutant, caught, hearing, telling, telling_of, without};
use super::answering;

caught! {
    names_no_session "hello/07-submit/accepted" Mutant::frames(|mind, frame| {
        telling_of("job.accepted", mind, frame, |_, value| vec![without(value, "", "session_id")])
    });
    has_another_version "hello/07-submit/accepted" Mutant::frames(|mind, frame| {
        telling_of("job.result", mind, frame, |_, mut value| {
            value["arcp"] = json!("1.2");
            vec![value]
        })
    });
    says_null "hello/07-submit/accepted" Mutant::frames(|mind, frame| {
        telling_of("job.accepted", mind, frame, |_, mut value| {
            value["payload"]["lease_constraints"] = Value::Null;
            vec![value]
        })
    });
    has_local_times "hello/07-submit/accepted" Mutant::frames(|mind, frame| {
        telling_of("job.accepted", mind, frame, |_, mut value| {
            value["payload"]["accepted_at"] = json!("2026-01-01T02:00:00+02:00");
            vec![value]
        })
    });
    numbers_replies "hello/08-sequence/one-row" Mutant::frames(|mind, frame| {
        telling_of("session.pong", mind, frame, |_, mut value| {
            value["event_seq"] = json!(1);
            vec![value]
        })
    });
    uses_an_id_twice "hello/05-envelope/ids-differ" Mutant::frames(|mind, frame| {
        telling_of("session.pong", mind, frame, |mind, mut value| {
            let first = mind.kept.first().cloned().unwrap_or_else(|| value["id"].clone());
            value["id"] = first.clone();
            mind.kept.push(first);
            vec![value]
        })
    });
    takes_any_version "hello/05-envelope/other-version-in-a-session" Mutant::frames(|mind, frame| {
        hearing(mind, frame, |_, mut value| {
            value["arcp"] = json!("1.1");
            vec![value]
        })
    });
    is_silent_about_what_it_does_not_know "hello/05-envelope/unknown-types" Mutant::frames(|_, frame| {
        match frame {
            Frame::Said(said) if said["type"] == "job.dance" => vec![],
            other => vec![other],
        }
    });
    wants_to_know_everything "hello/05-envelope/unknown-fields" Mutant::frames(|_, frame| {
        let refusal = json!({"code": "INVALID_REQUEST", "message": "no", "retryable": false});
        answering(frame, |said| said.get("newer").is_some(), "session.error", |_| refusal)
    });
    passes_over_every_vendor "hello/05-envelope/vendor-types" Mutant::frames(|mind, frame| {
        hearing(mind, frame, |_, mut value| {
            if value["type"].as_str().is_some_and(|kind| kind.starts_with("x-vendor.")) {
                value["extensions"] = json!({"optional": true});
            }
            vec![value]
        })
    });
    does_everything_twice "hello/05-envelope/same-message" Mutant::frames(|mind, frame| {
        hearing(mind, frame, |mind, mut value| {
            mind.count += 1;
            value["id"] = json!(format!("{}-{}", value["id"].as_str().unwrap(), mind.count));
            vec![value]
        })
    });
    knows_codes_of_its_own "hello/07-lifecycle/failure" Mutant::frames(|mind, frame| {
        telling_of("job.error", mind, frame, |_, mut value| {
            value["payload"]["code"] = json!("NO_LUCK");
            vec![value]
        })
    });
    says_not_what_it_refuses "hello/12-errors/names-what-it-answers" Mutant::frames(|mind, frame| {
        telling_of("session.error", mind, frame, |_, value| {
            vec![without(value, "/payload", "request_id")]
        })
    });
    says_not_whether_to_try_again "hello/07-versions/missing" Mutant::frames(|mind, frame| {
        telling_of("session.error", mind, frame, |_, value| {
            vec![without(value, "/payload", "retryable")]
        })
    });
    has_no_trace "hello/11-trace/carried" Mutant::frames(|mind, frame| {
        telling(mind, frame, |_, value| vec![without(value, "", "trace_id")])
    });
}
