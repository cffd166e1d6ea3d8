//! What jobs may do and spend.

use std::time::Duration;

use arcp_core::Timestamp;
use serde_json::json;

use super::{Mutant, caught, hearing_of, telling_of, without};

caught! {
    grants_everything "15-leases/grants" Mutant::frames(|mind, frame| {
        hearing_of("tool.invoke", mind, frame, |_, mut value| {
            if let Some(lease) = value.pointer_mut("/payload/lease_request") {
                for (_, patterns) in lease.as_object_mut().into_iter().flatten() {
                    if patterns.is_array() {
                        *patterns = json!(["**"]);
                    }
                }
            }
            vec![value]
        })
    });
    grants_nothing "15-leases/grants" Mutant::frames(|mind, frame| {
        hearing_of("tool.invoke", mind, frame, |_, value| {
            vec![without(value, "/payload", "lease_request")]
        })
    });
    heeds_no_budget "15-leases/used-up" Mutant::frames(|mind, frame| {
        hearing_of("tool.invoke", mind, frame, |_, value| {
            let value = without(value, "/payload/lease_request", "cost_budget");
            vec![without(value, "/payload", "cost_budget")]
        })
    });
    lets_no_lease_expire "15-leases/expires" Mutant::frames(|mind, frame| {
        hearing_of("tool.invoke", mind, frame, |_, value| {
            vec![without(value, "/payload/lease_request", "expires_at")]
        })
    });
    lets_leases_expire_late "15-leases/expires" Mutant::frames(|mind, frame| {
        hearing_of("tool.invoke", mind, frame, |_, mut value| {
            if let Some(end) = value.pointer_mut("/payload/lease_request/expires_at") {
                let at = Timestamp::parse(end.as_str().unwrap_or_default()).unwrap();
                *end = json!(at.after(Duration::from_millis(1_500)).to_string());
            }
            vec![value]
        })
    });
    tells_watchers_the_whole_budget "15-leases/left-while-running" Mutant::frames(|mind, frame| {
        telling_of("job.subscribed", mind, frame, |_, mut value| {
            value["payload"]["budget"] = value["payload"]["lease"]["cost_budget"].clone();
            vec![value]
        })
    });
    takes_leases_of_the_past "15-leases/expired-already" Mutant::frames(|mind, frame| {
        hearing_of("tool.invoke", mind, frame, |_, value| {
            vec![without(value, "/payload/lease_request", "expires_at")]
        })
    });
    drops_what_it_does_not_know "15-leases/unknown-capability" Mutant::frames(|mind, frame| {
        telling_of("job.accepted", mind, frame, |_, mut value| {
            if let Some(lease) = value.pointer_mut("/payload/lease").and_then(|l| l.as_object_mut()) {
                lease.retain(|key, _| {
                    ["fs.read", "net.fetch", "cost_budget", "expires_at"].contains(&key.as_str())
                });
            }
            vec![value]
        })
    });
    says_not_what_is_left "15-leases/charges" Mutant::frames(|mind, frame| {
        telling_of("metric", mind, frame, |_, mut value| {
            if value["payload"]["name"].as_str().is_some_and(|name| name.contains("remaining")) {
                value["payload"]["value"] = json!(0);
            }
            vec![value]
        })
    });
    mixes_currencies "15-leases/currencies" Mutant::frames(|mind, frame| {
        hearing_of("tool.invoke", mind, frame, |_, mut value| {
            for charge in value["payload"]["arguments"]["charges"].as_array_mut().into_iter().flatten()
            {
                charge[2] = json!("USD");
            }
            vec![value]
        })
    });
    forgives_what_is_below_zero "15-leases/negative-cost" Mutant::frames(|mind, frame| {
        hearing_of("tool.invoke", mind, frame, |_, mut value| {
            for charge in value["payload"]["arguments"]["charges"].as_array_mut().into_iter().flatten()
            {
                let amount = charge[1].as_str().unwrap_or_default().trim_start_matches('-');
                charge[1] = json!(amount);
            }
            vec![value]
        })
    });
    takes_detours "15-leases/paths" Mutant::frames(|mind, frame| {
        hearing_of("tool.invoke", mind, frame, |_, mut value| {
            for ask in value["payload"]["arguments"]["operations"].as_array_mut().into_iter().flatten() {
                let path = ask[1].as_str().unwrap_or_default().replace("/..", "").replace("//", "/");
                ask[1] = json!(path);
            }
            vec![value]
        })
    });
}
