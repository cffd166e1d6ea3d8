//! What is left when the runtime is killed.

use serde_json::json;

use super::{Mutant, caught, telling};

caught! {
    forgets_jobs "12-recovery/many-jobs" Mutant::FORGETS;
    forgets_what_it_told "12-recovery/told-is-told" Mutant::FORGETS;
    leaves_jobs_running_that_are_gone "12-recovery/kill-while-running"
        Mutant::frames(|mind, frame| {
            telling(mind, frame, |_, mut value| {
                for job in value["payload"]["jobs"].as_array_mut().into_iter().flatten() {
                    if job["status"] == "failed" {
                        job["status"] = json!("running");
                    }
                }
                vec![value]
            })
        });
    has_nobody_try_again "12-recovery/killed-job-is-told" Mutant::frames(|mind, frame| {
        telling(mind, frame, |_, mut value| {
            if value["type"] == "job.failed" {
                value["payload"]["retryable"] = json!(false);
            }
            vec![value]
        })
    });
    forgets_what_waits "10-queue/killed-and-waits-on" Mutant::FORGETS;
}
