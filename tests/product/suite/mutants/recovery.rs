//! What is left when the runtime is killed.

use serde_json::json;

use super::{Mutant, answering, caught, hearing_of, losing, target, telling, telling_of};

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
    runs_nothing_again "12-recovery/run-again" Mutant::frames(|mind, frame| {
        telling(mind, frame, |_, mut value| {
            if value["type"] == "job.completed" && value["payload"]["value"]["attempt"] == 2 {
                value["type"] = json!("job.failed");
                value["payload"] =
                    json!({"code": "UNAVAILABLE", "message": "runtime restarted", "retryable": true});
            }
            vec![value]
        })
    });
    counts_no_runs "12-recovery/run-again" Mutant::frames(|mind, frame| {
        telling(mind, frame, |_, mut value| {
            if value["payload"]["value"]["attempt"] == 2 {
                value["payload"]["value"]["attempt"] = json!(1);
            }
            vec![value]
        })
    });
    says_not_that_it_runs_again "12-resume/run-again" Mutant::frames(|mind, frame| {
        losing(mind, frame, |_, told| told["payload"]["data"]["phase"] == "restarted")
    });
    ends_before_it_runs_again "12-recovery/run-again" Mutant::frames(|mind, frame| {
        telling(mind, frame, |mind, mut value| {
            let Some(seq) = value["event_seq"].as_u64() else { return vec![value] };
            value["event_seq"] = json!(seq + mind.count);
            if value["payload"]["data"]["phase"] != "restarted" {
                return vec![value];
            }
            mind.count += 1;
            let mut end = value.clone();
            end["type"] = json!("job.failed");
            end["payload"] =
                json!({"code": "UNAVAILABLE", "message": "runtime restarted", "retryable": true});
            value["event_seq"] = json!(seq + mind.count);
            vec![end, value]
        })
    });
    goes_on_without_its_checkpoint "12-recovery/from-a-checkpoint" Mutant::frames(|mind, frame| {
        telling_of("job.completed", mind, frame, |_, mut value| {
            value["payload"]["value"]["restored"] = json!(null);
            vec![value]
        })
    });
    goes_on_from_what_was_kept_first "12-resume/run-again" Mutant::frames(|mind, frame| {
        hearing_of("tool.invoke", mind, frame, |_, mut value| {
            if let Some(kept) = value["payload"]["arguments"]["checkpoints"].as_array_mut() {
                kept.reverse();
            }
            vec![value]
        })
    });
    goes_on_where_it_has_to_start_anew "12-recovery/run-again" Mutant::frames(|mind, frame| {
        hearing_of("tool.invoke", mind, frame, |_, mut value| {
            value["payload"]["tool"] = json!("conf.checkpoint");
            vec![value]
        })
    });
    runs_cancelled_jobs_again "12-recovery/cancelled-before" Mutant::frames(|_, frame| {
        answering(frame, |said| said["type"] == "cancel", "cancel.accepted", target)
    });
    fails_cancelled_jobs "12-recovery/cancelled-before" Mutant::frames(|mind, frame| {
        telling_of("job.cancelled", mind, frame, |_, mut value| {
            value["type"] = json!("job.failed");
            value["payload"]["code"] = json!("UNAVAILABLE");
            vec![value]
        })
    });
    fails_what_can_run_again "12-recovery/beside" Mutant::frames(|mind, frame| {
        hearing_of("tool.invoke", mind, frame, |_, mut value| {
            value["payload"]["tool"] = json!("conf.gate");
            vec![value]
        })
    });
    runs_again_for_ever "12-recovery/too-often" Mutant::limits(|limits| {
        limits.restarts_per_job = 100;
    });
    runs_again_too_seldom "12-recovery/too-often" Mutant::limits(|limits| {
        limits.restarts_per_job = 2;
    });
    gives_back_what_was_spent "12-recovery/spent-is-spent" Mutant::frames(|mind, frame| {
        telling_of("job.subscribed", mind, frame, |_, mut value| {
            value["payload"]["budget"] = json!(["USD:1"]);
            vec![value]
        })
    });
    forgets_what_waits "10-queue/killed-and-waits-on" Mutant::FORGETS;
}
