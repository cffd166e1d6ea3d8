//! What is asked for while a job runs.

use serde_json::json;

use super::jobs::all_are_alice;
use super::{Mutant, answering, caught, hearing_of, telling_of};

caught! {
    asks_nobody "15-permissions/request" Mutant::frames(|mind, frame| {
        telling_of("permission.request", mind, frame, |_, _| vec![])
    });
    takes_a_no_for_a_yes "15-permissions/denied" Mutant::frames(|mind, frame| {
        hearing_of("permission.deny", mind, frame, |_, mut value| {
            value["type"] = json!("permission.grant");
            let permission = value["payload"]["permission"].clone();
            value["payload"] = json!({
                "permission": permission,
                "resource": "**",
                "operation": "get",
                "lease_seconds": 60,
            });
            vec![value]
        })
    });
    hears_anybody "15-permissions/strangers" all_are_alice();
    takes_nothing_back "15-permissions/revoked" Mutant::frames(|_, frame| {
        answering(frame, |said| said["type"] == "lease.revoked", "ack", |_| json!({}))
    });
    lets_no_grant_expire "15-permissions/expired" Mutant::frames(|mind, frame| {
        hearing_of("permission.grant", mind, frame, |_, mut value| {
            value["payload"]["lease_seconds"] = json!(3_600);
            vec![value]
        })
    });
    extends_nothing "15-permissions/extended" Mutant::frames(|_, frame| {
        answering(frame, |said| said["type"] == "lease.refresh", "ack", |_| json!({}))
    });
    extends_by_a_second "15-permissions/extended-is-used" Mutant::frames(|mind, frame| {
        hearing_of("lease.refresh", mind, frame, |_, mut value| {
            value["payload"]["additional_seconds"] = json!(1);
            vec![value]
        })
    });
    grants_everywhere "15-permissions/granted-elsewhere" Mutant::frames(|mind, frame| {
        hearing_of("permission.grant", mind, frame, |_, mut value| {
            value["payload"]["resource"] = json!("**");
            vec![value]
        })
    });
    says_not_what_was_granted "15-permissions/granted" Mutant::frames(|mind, frame| {
        telling_of("lease.granted", mind, frame, |_, mut value| {
            value["payload"]["resource"] = json!("*");
            vec![value]
        })
    });
    blocks_no_job "15-permissions/blocked" Mutant::frames(|mind, frame| {
        telling_of("session.jobs", mind, frame, |_, mut value| {
            for job in value["payload"]["jobs"].as_array_mut().into_iter().flatten() {
                if job["status"] == "blocked" {
                    job["status"] = json!("running");
                }
            }
            vec![value]
        })
    });
    waits_for_ever "15-permissions/nobody-answers" Mutant::frames(|mind, frame| {
        hearing_of("tool.invoke", mind, frame, |_, mut value| {
            if let Some(wait) = value.pointer_mut("/payload/arguments/wait_ms") {
                *wait = json!(3_600_000);
            }
            vec![value]
        })
    });
}
