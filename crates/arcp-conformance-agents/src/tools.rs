//! The agent that calls tools as its lease lets it.

use arcp_agent::{Fault, JobContext, Json, Outcome};
use serde::Deserialize;
use serde_json::json;

use crate::input;
use crate::lease::{how, spend};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Calls {
    tools: Vec<String>,
    /// What each call that was let through costs, in USD.
    #[serde(default)]
    costs: Vec<String>,
}

/// Calls one tool after the other, and tells of each what came of it: the refusal, where it is not let.
pub(crate) async fn tools(job: JobContext, json: Json) -> Result<Outcome, Fault> {
    let Calls { tools, costs } = input(&json)?;
    let mut costs = costs.into_iter();
    let mut said = Vec::new();
    for (place, tool) in tools.into_iter().enumerate() {
        let call = format!("call-{place}");
        job.tool_call(&call, &tool, Json::from(&json!({}))).await?;
        let let_through = job.authorize("tool.call", &tool).await;
        let result = let_through.clone().map(|()| Json::from(&json!({ "tool": tool })));
        job.tool_result(&call, result).await?;
        if let Some(cost) = costs.next().filter(|_| let_through.is_ok()) {
            spend(&job, (tool, cost, "USD".to_owned())).await??;
        }
        said.push(how(let_through));
    }
    Outcome::of(&said)
}
