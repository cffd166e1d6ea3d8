//! How jobs end, and what they are told.

use serde_json::json;

use super::{
    Frame, Mutant, answering, caught, hearing_of, instead, losing, target, telling, telling_of,
    without,
};

caught! {
    ends_a_job_twice "10-jobs/echo" Mutant::frames(|mind, frame| {
        telling_of("job.completed", mind, frame, |_, value| {
            let mut again = value.clone();
            again["event_seq"] = json!(value["event_seq"].as_u64().unwrap_or_default() + 1);
            vec![value, again]
        })
    });
    changes_what_it_is_given "10-jobs/body-preserved" Mutant::frames(|mind, frame| {
        telling_of("job.completed", mind, frame, |_, mut value| {
            value["payload"]["value"] = json!(value["payload"]["value"].to_string());
            vec![value]
        })
    });
    starts_a_job_before_it_is_accepted "10-jobs/echo" Mutant::frames(|mind, frame| {
        telling(mind, frame, |mind, value| match value["type"].as_str() {
            Some("job.accepted") => {
                mind.kept.push(value);
                vec![]
            }
            Some("job.started") => [value].into_iter().chain(mind.kept.pop()).collect(),
            _ => vec![value],
        })
    });
    dies_with_its_agent "10-jobs/panics" Mutant::frames(|mind, frame| {
        telling_of("job.failed", mind, frame, |_, _| vec![])
    });
    says_not_how_it_failed "10-jobs/fails-with-codes-of-the-domain" Mutant::frames(|mind, frame| {
        telling_of("job.failed", mind, frame, |_, mut value| {
            value["payload"]["code"] = json!("UNKNOWN");
            vec![value]
        })
    });
    has_nobody_try_again "10-jobs/fails-for-now" Mutant::frames(|mind, frame| {
        telling_of("job.failed", mind, frame, |_, mut value| {
            value["payload"]["retryable"] = json!(false);
            vec![value]
        })
    });
    cancels_nothing "10-jobs/cancel" Mutant::frames(|_, frame| {
        answering(frame, |said| said["type"] == "cancel", "cancel.accepted", target)
    });
    cancels_for_anybody "10-jobs/cancel-by-a-stranger" all_are_alice();
    tells_that_there_is_such_a_job "10-jobs/cancel-by-a-stranger" Mutant::frames(|mind, frame| {
        telling(mind, frame, |mind, mut value| {
            let mut secrets = mind.secrets.lock().unwrap();
            if value["type"] == "job.accepted" {
                secrets.push(value["job_id"].clone());
            }
            if value["type"] == "cancel.refused" && secrets.contains(&value["payload"]["target_id"]) {
                value["payload"]["reason"] = json!("not yours");
            }
            vec![value]
        })
    });
    heeds_no_deadline "10-jobs/cancel-with-no-time" Mutant::frames(|mind, frame| {
        hearing_of("cancel", mind, frame, |_, value| {
            vec![without(value, "/payload", "deadline_ms")]
        })
    });
    ends_jobs_before_their_deadline "10-jobs/cancel-by-force" Mutant::frames(|mind, frame| {
        hearing_of("cancel", mind, frame, |_, mut value| {
            value["payload"]["deadline_ms"] = json!(3_000);
            vec![value]
        })
    });
    keeps_to_the_first_deadline "10-jobs/cancel-sooner" Mutant::frames(|mind, frame| {
        hearing_of("cancel", mind, frame, |mind, mut value| {
            mind.count += 1;
            if mind.count > 1 {
                value["payload"]["deadline_ms"] = json!(3_600_000);
            }
            vec![value]
        })
    });
    keeps_to_the_last_deadline "10-jobs/cancel-not-later" Mutant::frames(|mind, frame| {
        match frame {
            Frame::Said(value) if value["type"] == "cancel" && mind.count == 0 => {
                mind.count = 1;
                vec![instead(&value, "cancel.accepted", &target(&value))]
            }
            other => vec![other],
        }
    });
    runs_any_number_at_once "10-queue/waits"
        Mutant::limits(|limits| limits.running_per_principal = 1_000);
    has_no_end_of_jobs "18-limits/jobs" Mutant::limits(|limits| limits.jobs_per_principal = 1_000);
    takes_frames_of_any_size "18-limits/frame" Mutant::limits(|limits| limits.frame_bytes = 1 << 20);
    takes_chunks_of_any_size "18-limits/chunk" Mutant::limits(|limits| limits.chunk_bytes = 1 << 20);
    takes_results_of_any_size "18-limits/result"
        Mutant::limits(|limits| limits.result_bytes = 1 << 30);
    has_no_end_of_sessions "18-limits/sessions"
        Mutant::limits(|limits| limits.sessions_per_principal = 1_000);
    loses_a_chunk "10-results/text" Mutant::frames(|mind, frame| {
        losing(mind, frame, |mind, told| told["type"] == "job.result_chunk" && mind.count == 0)
    });
    says_not_which_result "10-results/text" Mutant::frames(|mind, frame| {
        telling_of("job.completed", mind, frame, |_, value| {
            vec![without(value, "/payload", "result_id")]
        })
    });
    takes_a_value_for_a_reference "10-results/looks-like-a-reference" Mutant::frames(|mind, frame| {
        telling_of("job.completed", mind, frame, |_, mut value| {
            if value["payload"]["value"].get("result_id").is_some() {
                value["payload"] = value["payload"]["value"].take();
            }
            vec![value]
        })
    });
    counts_the_size_in_characters "10-results/size-in-bytes" Mutant::frames(|mind, frame| {
        telling_of("job.completed", mind, frame, |_, mut value| {
            value["payload"]["result_size"] = json!(1);
            vec![value]
        })
    });
    says_nothing_of_its_heart "10-heartbeats/told" Mutant::frames(|mind, frame| {
        telling_of("job.heartbeat", mind, frame, |_, _| vec![])
    });
    says_everybody_that_it_is_alive "10-heartbeats/not-wanted" Mutant::frames(|mind, frame| {
        hearing_of("session.open", mind, frame, |_, mut value| {
            value["payload"]["capabilities"]["heartbeat_recovery"] = json!("fail");
            vec![value]
        })
    });
    is_alive_too_seldom "10-heartbeats/told" Mutant::frames(|mind, frame| {
        telling_of("job.heartbeat", mind, frame, |mind, value| {
            mind.count += 1;
            if mind.count % 3 == 0 { vec![value] } else { vec![] }
        })
    });
    counts_no_heartbeats "10-heartbeats/told" Mutant::frames(|mind, frame| {
        telling_of("job.heartbeat", mind, frame, |_, mut value| {
            value["payload"]["sequence"] = json!(1);
            vec![value]
        })
    });
    blocks_nothing "10-heartbeats/blocked" Mutant::frames(|mind, frame| {
        telling_of("job.heartbeat", mind, frame, |_, mut value| {
            value["payload"]["state"] = json!("running");
            vec![value]
        })
    });
}

/// Takes everybody for alice.
pub(super) fn all_are_alice() -> Mutant {
    Mutant::frames(|mind, frame| {
        hearing_of("session.open", mind, frame, |_, mut value| {
            if value["payload"]["auth"]["token"].as_str().is_some_and(|t| t.starts_with("conf-")) {
                value["payload"]["auth"]["token"] = json!("conf-alice");
            }
            vec![value]
        })
    })
}
