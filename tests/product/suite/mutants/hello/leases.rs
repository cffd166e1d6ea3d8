//! What jobs may do and spend.

use serde_json::json;

use super::super::{Mutant, caught, hearing_of, telling_of, without};
use super::telling_kind;

caught! {
    grants_everything "hello/09-grammar/namespaces" Mutant::frames(|mind, frame| {
        hearing_of("job.submit", mind, frame, |_, mut value| {
            value["payload"]["lease_request"] = json!({
                "fs.read": ["**"], "fs.write": ["**"], "net.fetch": ["**"], "tool.call": ["**"],
                "agent.delegate": ["**"],
            });
            vec![value]
        })
    });
    lets_stars_cross_segments "hello/09-grammar/stars" Mutant::frames(|mind, frame| {
        hearing_of("job.submit", mind, frame, |_, mut value| {
            let text = value["payload"]["lease_request"].to_string().replace("/*\"", "/**\"");
            value["payload"]["lease_request"] = serde_json::from_str(&text).unwrap();
            vec![value]
        })
    });
    tells_another_lease "hello/07-submit/lease-as-asked" Mutant::frames(|mind, frame| {
        telling_of("job.accepted", mind, frame, |_, mut value| {
            value["payload"]["lease"]["fs.write"] = json!(["/**"]);
            vec![value]
        })
    });
    never_expires "hello/09-expiry/expires" Mutant::frames(|mind, frame| {
        hearing_of("job.submit", mind, frame, |_, value| {
            vec![without(value, "/payload", "lease_constraints")]
        })
    });
    has_a_bottomless_purse "hello/09-budget/exhausted" Mutant::frames(|mind, frame| {
        hearing_of("job.submit", mind, frame, |_, value| {
            vec![without(value, "/payload/lease_request", "cost.budget")]
        })
    });
    tells_budgets_as_texts "hello/07-submit/budget" Mutant::frames(|mind, frame| {
        telling_of("job.accepted", mind, frame, |_, mut value| {
            value["payload"]["budget"] = json!({"USD": "USD:5", "credits": "credits:1000"});
            vec![value]
        })
    });
    says_not_what_is_left "hello/09-budget/charges" Mutant::frames(|mind, frame| {
        telling_kind("metric", mind, frame, |_, mut value| {
            if value["payload"]["body"]["name"] == "cost.budget.remaining" {
                value["payload"]["body"]["value"] = json!(1);
            }
            vec![value]
        })
    });
    has_the_agent_try_again "hello/09-budget/fatal" Mutant::frames(|mind, frame| {
        telling_of("job.error", mind, frame, |_, mut value| {
            value["payload"]["retryable"] = json!(true);
            vec![value]
        })
    });
    gives_no_credentials "hello/09-credentials/given" Mutant::frames(|mind, frame| {
        telling_of("job.accepted", mind, frame, |_, value| {
            vec![without(value, "/payload", "credentials")]
        })
    });
}
