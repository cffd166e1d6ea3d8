//! `slow {"ms", "ignore_cancel"}`: waits, and does nothing else.

use std::time::Duration;

use arcp::agent::{Fault, JobContext, Json, Outcome};
use serde::{Deserialize, Serialize};

use super::{input, waiting};

/// Does one job; see the module.
pub(super) async fn run(job: JobContext, input: Json) -> Result<Outcome, Fault> {
    let input: Input = input::read(&input)?;
    let span = Duration::from_millis(input.ms);
    if input.ignore_cancel {
        tokio::time::sleep(span).await;
    } else {
        waiting::pause(&job, span).await?;
    }
    Outcome::of(&Slept { slept_ms: input.ms })
}

/// What may be asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Input {
    ms: u64,
    /// Whether to go on when asked to end, as an agent must not.
    ignore_cancel: bool,
}

impl Default for Input {
    fn default() -> Self {
        Self { ms: 1_000, ignore_cancel: false }
    }
}

#[derive(Serialize)]
struct Slept {
    slept_ms: u64,
}

#[cfg(test)]
mod tests {
    use arcp::agent::Code;
    use serde_json::json;
    use tokio::time::{Duration, Instant};

    use crate::agents::testing::Host;

    #[tokio::test(start_paused = true)]
    async fn it_waits_as_long_as_it_is_told() {
        for (input, ms) in [("null", 1_000), (r#"{"ms":70000}"#, 70_000)] {
            let start = Instant::now();
            let run = Host::default().run("slow", input).await;
            assert_eq!(run.value(), json!({ "slept_ms": ms }));
            assert!(start.elapsed().abs_diff(Duration::from_millis(ms)) <= TICK);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_cancellation_ends_it_at_once_with_its_reason() {
        let start = Instant::now();
        let host = Host::default().cancel_after(500, "no longer wanted");
        let fault = host.run("slow", r#"{"ms":60000}"#).await.fault();
        assert_eq!(fault.code, Code::Cancelled);
        assert_eq!(fault.message, "no longer wanted");
        assert!(start.elapsed() < Duration::from_millis(550));
    }

    #[tokio::test(start_paused = true)]
    async fn it_can_be_told_to_ignore_a_cancellation() {
        let start = Instant::now();
        let host = Host::default().cancel_after(500, "no longer wanted");
        let run = host.run("slow", r#"{"ms":60000,"ignore_cancel":true}"#).await;
        assert_eq!(run.value(), json!({"slept_ms": 60_000}));
        assert!(start.elapsed() >= Duration::from_mins(1));
    }

    #[tokio::test]
    async fn bad_inputs_are_refused_by_field() {
        for (input, field) in [
            (r#"{"ms":"1"}"#, "`ms`"),
            (r#"{"ignore_cancel":1}"#, "`ignore_cancel`"),
            (r#"{"seconds":1}"#, "`seconds`"),
        ] {
            let fault = Host::default().run("slow", input).await.fault();
            assert_eq!(fault.code, Code::InvalidArgument);
            assert!(fault.message.contains(field), "{}", fault.message);
        }
    }

    const TICK: Duration = Duration::from_millis(2);
}
