//! `panic {"message"}`: panics, so that one can see that nothing else ends with it.

use arcp::agent::{Fault, JobContext, Json, Outcome};
use serde::Deserialize;

use super::input;

/// Does one job; see the module.
#[expect(clippy::panic, reason = "it is what this agent is for")]
pub(super) async fn run(_job: JobContext, input: Json) -> Result<Outcome, Fault> {
    let input: Input = input::read(&input)?;
    panic!("{}", input.message);
}

/// What may be asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Input {
    message: String,
}

impl Default for Input {
    fn default() -> Self {
        Self { message: "asked to panic".to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use arcp::agent::Code;

    use crate::agents::testing::Host;

    #[tokio::test]
    async fn it_panics_with_its_message() {
        for (input, message) in [("{}", "asked to panic"), (r#"{"message":"boom"}"#, "boom")] {
            let run = tokio::spawn(async move { Host::default().run("panic", input).await });
            let panic = run.await.unwrap_err().into_panic();
            assert_eq!(panic.downcast_ref::<String>().unwrap(), message);
        }
    }

    #[tokio::test]
    async fn bad_inputs_are_refused_by_field() {
        let fault = Host::default().run("panic", r#"{"message":1}"#).await.fault();
        assert_eq!(fault.code, Code::InvalidArgument);
        assert!(fault.message.contains("`message`"), "{}", fault.message);
    }
}
