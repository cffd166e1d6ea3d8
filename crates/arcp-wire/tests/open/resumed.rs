//! A session that goes on over another connection, as its client reads and writes it.

use arcp_core::{
    Code, Command, Event, Fault, Output, Reply, RuntimeIdentity, SessionAccepted, SessionResumed,
};
use arcp_wire::Dialect;
use arcp_wire::open::OpenDialect;

use crate::roundtrip::told;
use crate::samples::{accepted, event, issued, reply};

fn resumed(session: SessionAccepted) -> Output {
    reply(Reply::Resumed(Box::new(SessionResumed { session, after: 7, replayed: true })))
}

#[test]
fn what_is_said_of_it_comes_back() {
    let sent = accepted(&["resume"]);
    let read = SessionAccepted {
        // Said when it was opened, and not again.
        runtime: RuntimeIdentity::default(),
        capabilities: arcp_core::Capabilities::default(),
        declared: arcp_core::Capabilities::default(),
        ..sent.clone()
    };
    assert_eq!(told(&[resumed(sent)]), [resumed(read)]);
}

#[test]
fn what_its_client_asks_next_carries_its_id() {
    let (_, mut writer) = OpenDialect.client_codec();
    let mut frames = Vec::new();
    writer.observe(&resumed(accepted(&[])));
    writer.encode(&issued(Command::Ack { seq: 1 }), &mut frames);
    let text = std::str::from_utf8(&frames[0].bytes).unwrap();
    assert!(text.contains(r#""session_id":"sess_\"1\"""#), "{text}");
}

/// A numbered failure is that of a job where the job has said something, also when its acceptance
/// was lost.
#[test]
fn a_job_is_known_by_its_events() {
    let failed = event(2, Event::Failed(Fault::new(Code::Aborted, "no")));
    let started = event(1, Event::Started { description: "x".to_owned() });
    let outputs = told(&[started.clone(), failed.clone()]);
    assert_eq!(outputs, [started, failed.clone()]);
    let [Output::Reply { reply: Reply::JobRefused { .. }, .. }] = &told(&[failed])[..] else {
        panic!("nobody has heard of the job");
    };
}
