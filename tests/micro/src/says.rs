//! What jobs say: the same each time, and each with a body of some 300 bytes.

use arcp_core::{
    Completion, Event, JobHead, JobId, Json, LogLevel, MessageId, Priority, Progress, Quantity,
    SessionId,
};

/// The event that a job says after as many others.
pub fn event(number: u64) -> Event {
    match number % 4 {
        0 => Event::Log {
            level: LogLevel::Info,
            message: format!("{number}: read a page of invoices and kept what is \"open\". {TEXT}"),
            attributes: Some(json(r#"{"page":7,"rows":50,"kept":12,"table":"invoices"}"#)),
        },
        1 => Event::ToolCall {
            call_id: format!("call_{number:012}"),
            tool: "db.query".to_owned(),
            arguments: json(ARGUMENTS),
        },
        2 => Event::ToolResult { call_id: format!("call_{number:012}"), result: Ok(json(RESULT)) },
        _ => Event::Progress(Progress {
            current: Quantity::from(number),
            total: Some(Quantity::from(1_000_u64)),
            units: Some("invoices".to_owned()),
            message: Some(format!("{number} of 1000 invoices are looked at. {TEXT}")),
        }),
    }
}

/// What a job gives in the end.
pub fn result() -> Completion {
    Completion::Inline(json(RESULT))
}

/// What all events of a job share.
pub fn head() -> JobHead {
    JobHead {
        job: JobId::parse("job_01M81EJCY1XTR3F8DM2MTGYSJ9").unwrap(),
        request: MessageId::parse("msg_01M81EJCY1FMAQMFM0WNAJZ8VC").unwrap(),
        session: Some(SessionId::parse("sess_01M81EJCY1XTR3F8DM2MTGYSJ9").unwrap()),
        trace: None,
        priority: Priority::default(),
    }
}

fn json(text: &str) -> Json {
    Json::parse(text).unwrap()
}

const TEXT: &str = "What was paid in the meantime is left out; what is in dispute is listed apart, with the name \
of whoever is in charge of it.\nNothing was changed.";
const ARGUMENTS: &str = r#"{"sql":"select number, due, amount from invoices where customer = ? and paid is null and due < ? order by amount desc limit 50","parameters":["c-20931","2026-11-22"],"timeout_ms":5000,"read_only":true}"#;
const RESULT: &str = r#"{"rows":[{"number":"R-2026-0391","due":"2026-03-31","amount":1290.5},{"number":"R-2026-0412","due":"2026-04-30","amount":874.0},{"number":"R-2026-0587","due":"2026-06-30","amount":129.95}],"total":2294.45,"note":"three are overdue"}"#;
