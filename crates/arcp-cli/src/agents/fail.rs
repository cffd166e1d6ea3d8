//! `fail {"code", "message"}`: fails as it is told.

use arcp::agent::{Code, Fault, JobContext, Json, Outcome};
use serde::Deserialize;

use super::input;

/// Does one job; see the module. With `CANCELLED` the job ends as cancelled.
pub(super) async fn run(_job: JobContext, input: Json) -> Result<Outcome, Fault> {
    let input: Input = input::read(&input)?;
    let Some(code) = code(&input.code) else {
        let name: String = input.code.chars().take(64).collect();
        return Err(Fault::invalid(format!("input: `code`: no error code is called `{name}`")));
    };
    Err(Fault::new(code, input.message))
}

/// What may be asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Input {
    code: String,
    message: String,
}

impl Default for Input {
    fn default() -> Self {
        Self { code: Code::Internal.as_str().to_owned(), message: "asked to fail".to_owned() }
    }
}

/// Reads the domain's spelling of a code, or a dialect's.
fn code(text: &str) -> Option<Code> {
    match text {
        "INTERNAL_ERROR" => Some(Code::Internal),
        "TIMEOUT" | "DEADLINE_EXCEEDED" => Some(Code::TimedOut),
        "INVALID_REQUEST" => Some(Code::InvalidArgument),
        _ => Code::parse(text),
    }
}

#[cfg(test)]
mod tests {
    use arcp::agent::Code;

    use crate::agents::testing::Host;

    #[tokio::test]
    async fn it_fails_as_it_is_told() {
        for (input, code, message) in [
            ("null", Code::Internal, "asked to fail"),
            (r#"{"message":"boom"}"#, Code::Internal, "boom"),
            (r#"{"code":"UNAVAILABLE"}"#, Code::Unavailable, "asked to fail"),
            (r#"{"code":"CANCELLED","message":"so"}"#, Code::Cancelled, "so"),
        ] {
            let fault = Host::default().run("fail", input).await.fault();
            assert_eq!((fault.code, fault.message.as_str()), (code, message));
        }
    }

    #[tokio::test]
    async fn dialects_spellings_are_understood() {
        for (name, code) in [
            ("INTERNAL_ERROR", Code::Internal),
            ("TIMEOUT", Code::TimedOut),
            ("DEADLINE_EXCEEDED", Code::TimedOut),
            ("INVALID_REQUEST", Code::InvalidArgument),
            ("LEASE_EXPIRED", Code::LeaseExpired),
        ] {
            let input = format!(r#"{{"code":"{name}"}}"#);
            let fault = Host::default().run("fail", &input).await.fault();
            assert_eq!((fault.code, fault.retryable), (code, code.is_retryable()));
        }
    }

    #[tokio::test]
    async fn bad_inputs_are_refused_by_field() {
        for (input, names) in [
            (r#"{"code":"OOPS"}"#, ["`code`", "`OOPS`"]),
            (r#"{"code":7}"#, ["`code`", "integer `7`"]),
            (r#"{"reason":"x"}"#, ["`reason`", "`message`"]),
        ] {
            let fault = Host::default().run("fail", input).await.fault();
            assert_eq!(fault.code, Code::InvalidArgument);
            for name in names {
                assert!(fault.message.contains(name), "{}", fault.message);
            }
        }
    }
}
