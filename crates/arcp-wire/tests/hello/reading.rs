//! How our runtime reads frames, in words.

use arcp_core::{Command, Frame, Issued, Reply, Wanted};
use arcp_wire::hello::HelloDialect;
use arcp_wire::{CommandDecoder, Compatibility, Decoded, Dialect};
use expect_test::Expect;

use crate::samples::{accepted, reply};

/// The reader of a connection on which nothing was said yet.
pub(crate) fn fresh(compatibility: Compatibility) -> Box<dyn CommandDecoder> {
    HelloDialect { compatibility }.runtime_codec().0
}

/// The reader of a session in which everything is agreed on.
pub(crate) fn live(compatibility: Compatibility) -> Box<dyn CommandDecoder> {
    let (reader, mut writer) = HelloDialect { compatibility }.runtime_codec();
    writer.encode(&reply(Reply::Accepted(Box::new(accepted()))), &mut Vec::new());
    reader
}

pub(crate) fn said_of(decoded: Decoded<Issued>) -> String {
    match decoded {
        Decoded::Message(issued) => match issued.command {
            Command::Refused { wanted, fault } => {
                let wanted = match wanted {
                    Wanted::Session => " open",
                    Wanted::Authentication => " authenticate",
                    Wanted::Job => " submit",
                    Wanted::Unanswered => " unanswered",
                    Wanted::Other => "",
                };
                format!("refused{wanted}: {fault}")
            }
            command => match issued.trace {
                Some(trace) => format!("{command:?} in {trace}"),
                None => format!("{command:?}"),
            },
        },
        Decoded::Ignored => "ignored".into(),
        Decoded::Bad { id, fault } => format!("bad {id:?}: {fault}"),
    }
}

pub(crate) fn read(reader: &mut dyn CommandDecoder, text: &str) -> String {
    said_of(reader.decode(&Frame::text(text.to_owned())))
}

/// What is read in a session.
pub(crate) fn said(text: &str) -> String {
    read(&mut *live(Compatibility::Auto), text)
}

pub(crate) fn envelope(kind: &str, payload: &str, more: &str) -> String {
    format!(r#"{{"arcp":"1.1","id":"m1","type":"{kind}","payload":{payload}{more}}}"#)
}

pub(crate) fn check(lines: impl IntoIterator<Item = String>, expected: &Expect) {
    let lines: Vec<_> = lines.into_iter().collect();
    let lines = lines.join("\n");
    assert!(!lines.contains("s3cret"), "{lines}");
    expected.assert_eq(&lines);
}

pub(crate) fn check_payloads(cases: &[(&str, &str)], expected: &Expect) {
    check(cases.iter().map(|(kind, payload)| said(&envelope(kind, payload, ""))), expected);
}
