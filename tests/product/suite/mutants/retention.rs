//! What is forgotten, and what is not.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Mutant, answering, caught, hearing_of, telling, telling_of};

/// Forgets nothing.
const KEEPS_ALL: Mutant = Mutant::configure(|runtime, _| {
    let long = Duration::from_hours(10_000);
    runtime.event_retention(long).job_retention(long)
});

caught! {
    keeps_what_it_should_not "19-retention/session" KEEPS_ALL;
    keeps_events_of_jobs "19-retention/events-of-jobs" KEEPS_ALL;
    keeps_jobs "19-retention/jobs" KEEPS_ALL;
    repeats_what_should_be_forgotten "19-replay/forgotten" KEEPS_ALL;
    forgets_too_early "19-retention/nothing-forgotten" Mutant::frames(|_, frame| {
        let past = |said: &Value| said["payload"]["history"] == true;
        let gone = |_: &Value| {
            json!({"code": "DATA_LOSS", "message": "it was forgotten", "retryable": false})
        };
        answering(frame, past, "nack", gone)
    });
    forgets_running_jobs "19-retention/jobs" Mutant::frames(|mind, frame| {
        telling_of("session.jobs", mind, frame, |_, mut value| {
            if let Some(jobs) = value["payload"]["jobs"].as_array_mut() {
                jobs.retain(|job| job["status"] != "running");
            }
            vec![value]
        })
    });
    says_not_what_is_kept "19-retention/session" Mutant::frames(|mind, frame| {
        telling_of("session.rejected", mind, frame, |_, mut value| {
            value["payload"]["message"] = json!("some of it is forgotten");
            vec![value]
        })
    });
    refuses_what_it_still_has "19-retention/session" Mutant::frames(|mind, frame| {
        hearing_of("session.resume", mind, frame, |_, mut value| {
            let last = value["payload"]["last_event_seq"].as_u64().unwrap_or_default();
            value["payload"]["last_event_seq"] = json!(last.saturating_sub(1));
            vec![value]
        })
    });
    passes_over_what_is_forgotten "19-retention/long-lived" Mutant::frames(|mind, frame| {
        hearing_of("session.resume", mind, frame, |_, mut value| {
            let last = value["payload"]["last_event_seq"].as_u64().unwrap_or_default();
            value["payload"]["last_event_seq"] = json!(last.max(2));
            vec![value]
        })
    });
    watches_from_what_is_left "19-retention/events-of-jobs" Mutant::frames(|mind, frame| {
        hearing_of("job.subscribe", mind, frame, |_, mut value| {
            if value["payload"]["from_event_seq"].is_null() {
                value["payload"]["from_event_seq"] = json!(2);
            }
            vec![value]
        })
    });
    knows_of_jobs_that_are_forgotten "19-retention/jobs" Mutant::frames(|mind, frame| {
        telling(mind, frame, |mind, mut value| {
            let mut secrets = mind.secrets.lock().unwrap();
            if value["type"] == "nack" && value["payload"]["code"] == "NOT_FOUND" {
                secrets.push(json!(1));
                if secrets.len() > 1 {
                    value["payload"]["message"] = json!("there was such a job");
                }
            }
            vec![value]
        })
    });
}
