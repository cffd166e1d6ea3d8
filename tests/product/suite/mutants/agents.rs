//! Which agents there are.

use serde_json::json;

use super::{Mutant, caught, hearing_of, telling_of};

caught! {
    runs_any_version "10-agents/exact-version" Mutant::frames(|mind, frame| {
        hearing_of("tool.invoke", mind, frame, |_, mut value| {
            let tool = value["payload"]["tool"].as_str().unwrap_or_default();
            value["payload"]["tool"] = json!(tool.split('@').next().unwrap_or_default());
            vec![value]
        })
    });
    runs_what_it_has_not "10-agents/unknown-version" Mutant::frames(|mind, frame| {
        hearing_of("tool.invoke", mind, frame, |_, mut value| {
            let tool = value["payload"]["tool"].as_str().unwrap_or_default();
            value["payload"]["tool"] = json!(tool.split('@').next().unwrap_or_default());
            vec![value]
        })
    });
    names_no_default "10-agents/inventory" Mutant::frames(|mind, frame| {
        telling_of("session.accepted", mind, frame, |_, mut value| {
            let agents = value["payload"]["capabilities"]["agents"].as_array_mut();
            for agent in agents.into_iter().flatten() {
                *agent = json!(agent["name"]);
            }
            vec![value]
        })
    });
    accepts_what_it_refuses "10-agents/unknown" Mutant::frames(|mind, frame| {
        telling_of("job.failed", mind, frame, |_, value| {
            let mut accepted = value.clone();
            accepted["type"] = json!("job.accepted");
            accepted["payload"] = json!({"job_id": value["job_id"]});
            vec![accepted, value]
        })
    });
    says_not_which_version_runs "10-agents/version-is-told-everywhere"
        Mutant::frames(|mind, frame| {
            telling_of("session.jobs", mind, frame, |_, mut value| {
                for job in value["payload"]["jobs"].as_array_mut().into_iter().flatten() {
                    let agent = job["agent"].as_str().unwrap_or_default();
                    job["agent"] = json!(agent.split('@').next().unwrap_or_default());
                }
                vec![value]
            })
        });
}
