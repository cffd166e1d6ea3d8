//! `echo`: gives its input back, as it was written.

use arcp::agent::{Fault, JobContext, Json, Outcome};

/// Does one job; see the module.
pub(super) async fn run(_job: JobContext, input: Json) -> Result<Outcome, Fault> {
    Ok(Outcome::Value(input))
}

#[cfg(test)]
mod tests {
    use crate::agents::testing::Host;

    #[tokio::test]
    async fn the_input_comes_back_as_it_was_written() {
        for text in [r#"{"b":1.0, "a":[null]}"#, "null", "\"x\"", "1e3"] {
            let run = Host::default().run("echo", text).await;
            assert_eq!(run.value_text(), text);
            assert_eq!(run.events, []);
        }
    }
}
