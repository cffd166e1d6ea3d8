//! Whatever our runtime says, its client can read.

use std::collections::BTreeSet;

use arcp_core::{Event, Frame, Notice, Output, Reply};
use arcp_wire::hello::HelloDialect;
use arcp_wire::{Compatibility, Decoded, Dialect, OutputEncoder};

use crate::samples::{
    accepted, event_of, events, faults, notice, notices, replies, reply, session,
};
use crate::union::{self, Reader};

/// Who says hello, and how it says it.
pub(crate) const PYTHON: &str = r#"{"arcp":"1.1","id":"01M81F38HD5Z87SYAYT8N0Z75C","type":"session.hello","payload":{"client":{"name":"py-client","version":"1.1.3"},"auth":{"scheme":"bearer","token":"t"},"capabilities":{"encodings":["json"],"features":[],"agents":[]}}}"#;
pub(crate) const TYPESCRIPT: &str = r#"{"arcp":"1.1","id":"msg_01M81F5ZQWQ0NMEZ5MPWYRM3GV","type":"session.hello","payload":{"client":{"name":"ts-client","version":"2.0.0"},"capabilities":{"features":[],"encodings":["json"]},"auth":{"scheme":"bearer","token":"t"}}}"#;
pub(crate) const GO: &str = r#"{"arcp":"1.1","id":"019aab6e-6c06-7eed-9cfd-a2e8b2f0dcc7","type":"session.hello","payload":{"client":{"name":"arcp-go-client","version":"1.1.0"},"auth":{"scheme":"bearer"},"capabilities":{"encodings":["json"],"features":[]}}}"#;
pub(crate) const UNKNOWN: &str = r#"{"arcp":"1.1","id":"h1","type":"session.hello","payload":{"client":{"name":"c","version":"1"},"auth":{"scheme":"bearer","token":"t"},"capabilities":{"features":[]}}}"#;

/// The writer of a connection on which this hello was said, and nothing was answered.
fn greeted(hello: &str, compatibility: Compatibility) -> Box<dyn OutputEncoder> {
    let (mut reader, writer) = HelloDialect { compatibility }.runtime_codec();
    let decoded = reader.decode(&Frame::text(hello.to_owned()));
    assert!(matches!(decoded, Decoded::Message(_)), "{decoded:?}");
    writer
}

/// The writer of a session that was opened by this hello.
pub(crate) fn session_of(hello: &str, compatibility: Compatibility) -> Box<dyn OutputEncoder> {
    let mut writer = greeted(hello, compatibility);
    writer.encode(&reply(Reply::Accepted(Box::new(accepted()))), &mut Vec::new());
    writer
}

pub(crate) fn frames(writer: &mut dyn OutputEncoder, output: &Output) -> Vec<String> {
    let mut frames = Vec::new();
    writer.encode(output, &mut frames);
    let text = |frame: Frame| String::from_utf8(frame.bytes.to_vec()).unwrap();
    frames.into_iter().map(text).collect()
}

/// Everything that a runtime can say, said once.
pub(crate) fn outputs() -> Vec<Output> {
    let mut all: Vec<_> = replies().into_iter().map(reply).collect();
    for fault in faults() {
        all.push(reply(Reply::JobRefused {
            job: crate::samples::job(),
            fault: fault.clone(),
            key: None,
        }));
        all.push(reply(Reply::Nack(fault.clone())));
        all.push(notice(Notice::Nack(fault.clone())));
        all.push(notice(Notice::Evicted(fault)));
    }
    all.extend(notices().into_iter().map(notice));
    for happened in events() {
        all.push(event_of(1, None, happened.clone()));
        all.push(event_of(1, Some(session()), happened));
    }
    all
}

#[test]
fn every_client_can_read_what_it_is_told() {
    for (hello, compatibility, reader) in [
        (PYTHON, Compatibility::Auto, Reader::Python),
        (TYPESCRIPT, Compatibility::Auto, Reader::TypeScript),
        (GO, Compatibility::Auto, Reader::Text),
        (UNKNOWN, Compatibility::Auto, Reader::Text),
        (PYTHON, Compatibility::Strict, Reader::Text),
        (TYPESCRIPT, Compatibility::Strict, Reader::Text),
    ] {
        for opened in [true, false] {
            let mut said = 0;
            for output in outputs() {
                let mut writer = if opened {
                    session_of(hello, compatibility)
                } else {
                    greeted(hello, compatibility)
                };
                if !opened && !is_of_opening(&output) {
                    continue;
                }
                for frame in frames(&mut *writer, &output) {
                    let found = union::faults(&frame, reader);
                    assert!(found.is_empty(), "{reader:?}: {found:?} in {frame}");
                    said += 1;
                }
            }
            assert!(said > 5, "{said}");
        }
    }
}

/// Whether it can be said before there is a session.
fn is_of_opening(output: &Output) -> bool {
    match output {
        Output::Reply { reply, .. } => matches!(
            reply,
            Reply::Accepted(_)
                | Reply::Resumed(_)
                | Reply::Challenged { .. }
                | Reply::Unauthenticated(_)
                | Reply::Rejected(_)
                | Reply::Premature(_)
        ),
        Output::Notice { notice, .. } => matches!(notice, Notice::Premature(_)),
        Output::Event(_) | Output::Observed(_) => false,
    }
}

/// The samples have every kind: one that is added here has to be added there.
#[test]
fn there_is_a_sample_of_every_kind() {
    let replies: BTreeSet<_> = replies().iter().map(kind_of_reply).collect();
    assert_eq!(replies.len(), 22, "{replies:?}");
    let notices: BTreeSet<_> = notices().iter().map(kind_of_notice).collect();
    assert_eq!(notices.len(), 9, "{notices:?}");
    let events: BTreeSet<_> = events().iter().map(Event::kind).collect();
    assert_eq!(events.len(), 26, "{events:?}");
}

fn kind_of_reply(reply: &Reply) -> &'static str {
    match reply {
        Reply::Accepted(_) => "accepted",
        Reply::Resumed(_) => "resumed",
        Reply::Challenged { .. } => "challenged",
        Reply::Unauthenticated(_) => "unauthenticated",
        Reply::Rejected(_) => "rejected",
        Reply::Closed => "closed",
        Reply::Repeated => "repeated",
        Reply::Premature(_) => "premature",
        Reply::Pong { .. } => "pong",
        Reply::JobAccepted(_) => "job accepted",
        Reply::JobRefused { .. } => "job refused",
        Reply::Jobs(_) => "jobs",
        Reply::CancelAccepted { .. } => "cancel accepted",
        Reply::CancelRefused { .. } => "cancel refused",
        Reply::Watched(_) => "watched",
        Reply::Subscribed { .. } => "subscribed",
        Reply::ArtifactKept(_) => "artifact kept",
        Reply::Artifact(_) => "artifact",
        Reply::Replaying { .. } => "replaying",
        Reply::Done => "done",
        Reply::Nack(_) => "nack",
        Reply::Unheeded(_) => "unheeded",
    }
}

fn kind_of_notice(notice: &Notice) -> &'static str {
    match notice {
        Notice::Nack(_) => "nack",
        Notice::Premature(_) => "premature",
        Notice::Delegated(_) => "delegated",
        Notice::Refresh { .. } => "refresh",
        Notice::Evicted(_) => "evicted",
        Notice::Heartbeat(_) => "heartbeat",
        Notice::Ping { .. } => "ping",
        Notice::Backpressure => "backpressure",
        Notice::Unsubscribed { .. } => "unsubscribed",
    }
}
