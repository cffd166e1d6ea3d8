//! What becomes of sessions.

use serde_json::json;

use super::{Mutant, answering, caught, hearing_of, target, telling, telling_of};

caught! {
    closes_and_leaves_jobs "09-sessions/close-cancels" Mutant::frames(|mind, frame| {
        telling(mind, frame, |_, value| {
            if value["type"] == "job.cancelled" { vec![] } else { vec![value] }
        })
    });
    cancels_no_session "10-jobs/cancel-session" Mutant::frames(|_, frame| {
        answering(frame, |said| said["payload"]["target"] == "session", "cancel.accepted", target)
    });
    evicts_without_a_word "10-jobs/cancel-session" Mutant::frames(|mind, frame| {
        telling_of("session.evicted", mind, frame, |_, _| vec![])
    });
    counts_for_all_sessions "09-sessions/numbers-of-their-own" Mutant::frames(|mind, frame| {
        telling(mind, frame, |mind, mut value| {
            if value.get("event_seq").is_some() {
                let mut secrets = mind.secrets.lock().unwrap();
                secrets.push(json!(1));
                value["event_seq"] = json!(secrets.len());
            }
            vec![value]
        })
    });
    takes_jobs_while_it_closes "09-sessions/closing-takes-nothing-new"
        Mutant::frames(|mind, frame| {
            telling_of("job.failed", mind, frame, |_, mut value| {
                if value.get("event_seq").is_none() {
                    value["type"] = json!("job.accepted");
                }
                vec![value]
            })
        });
    opens_twice "01-handshake/same-open-twice" Mutant::frames(|mind, frame| {
        hearing_of("session.open", mind, frame, |mind, mut value| {
            mind.count += 1;
            if mind.count > 1 {
                value["id"] = json!(format!("{}x", value["id"].as_str().unwrap_or_default()));
            }
            vec![value]
        })
    });
    answers_no_ping_with_its_nonce "06-envelope/many-at-once" Mutant::frames(|mind, frame| {
        telling_of("pong", mind, frame, |mind, mut value| {
            mind.count += 1;
            if mind.count > 1 {
                value["payload"]["nonce"] = json!("another");
            }
            vec![value]
        })
    });
    heeds_acks_of_what_was_not_sent "08-control/ack" Mutant::frames(|mind, frame| {
        telling_of("nack", mind, frame, |_, _| vec![])
    });
}
