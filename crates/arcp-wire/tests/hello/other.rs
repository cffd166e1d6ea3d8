//! Our client at the other end of a connection with somebody else, and what it makes of what is said there.

use arcp_core::{
    Cancel, CancelTarget, Capabilities, ClientIdentity, Command, Frame, Issued, Json, MessageId,
    Offer, OnClose, Open, Output, PingKind, Priority, Resume, Secret, Submit, Vocabulary, WatchJob,
};
use arcp_wire::hello::HelloDialect;
use arcp_wire::{CommandEncoder, Decoded, Dialect, OutputDecoder};
use expect_test::Expect;

use crate::samples::{at, job, session};

/// Our client, at the other end of a connection with somebody else.
pub(crate) struct Client {
    pub(crate) reader: Box<dyn OutputDecoder>,
    pub(crate) writer: Box<dyn CommandEncoder>,
}

impl Client {
    pub(crate) fn new() -> Self {
        let (reader, writer) = HelloDialect::default().client_codec();
        Self { reader, writer }
    }

    /// Asks something, and returns how it goes on the wire.
    pub(crate) fn ask(&mut self, id: &str, command: Command) -> String {
        let id = MessageId::parse(id).unwrap();
        let mut frames = Vec::new();
        self.writer.encode(&Issued { id, at: at(), trace: None, command }, &mut frames);
        let text = |frame: &Frame| String::from_utf8(frame.bytes.to_vec()).unwrap();
        frames.iter().map(text).collect()
    }

    /// What a frame says, in words; each thing on a line.
    pub(crate) fn hear(&mut self, frame: &str) -> String {
        let mut lines = Vec::new();
        let mut next = Some(self.reader.decode(&Frame::text(frame.to_owned())));
        while let Some(decoded) = next {
            lines.push(match decoded {
                Decoded::Message(output) => {
                    self.writer.observe(&output);
                    in_words(&output)
                }
                Decoded::Ignored => "ignored".to_owned(),
                Decoded::Bad { id, fault } => format!("bad {id:?}: {fault}"),
            });
            next = self.reader.more().map(Decoded::Message);
        }
        lines.join("\n")
    }
}

pub(crate) fn in_words(output: &Output) -> String {
    match output {
        Output::Event(delivery) => {
            let event = &delivery.event;
            format!("{} of {}: {:?}", delivery.seq, event.head.job, event.event)
        }
        Output::Observed(_) => panic!("nobody subscribes in this dialect"),
        Output::Reply { to, reply, .. } => format!("to {to}: {reply:?}"),
        Output::Notice { notice, .. } => format!("{notice:?}"),
    }
}

pub(crate) fn frame(kind: &str, more: &str, payload: &str) -> String {
    format!(
        r#"{{"arcp":"1.1","id":"r1","type":"{kind}","session_id":"sess_1"{more},"payload":{payload}}}"#
    )
}

pub(crate) fn about_job(kind: &str, payload: &str) -> String {
    frame(kind, r#","job_id":"job_1""#, payload)
}

pub(crate) fn of_job(kind: &str, seq: u64, payload: &str) -> String {
    frame(kind, &format!(r#","job_id":"job_1","event_seq":{seq}"#), payload)
}

pub(crate) fn open() -> Command {
    Command::Open(Box::new(Open {
        offer: Offer { scheme: "bearer".into(), token: Some(Secret::new("t".into())) },
        client: ClientIdentity::default(),
        capabilities: Capabilities::default(),
        vocabulary: Vocabulary::named("hello"),
    }))
}

pub(crate) fn resume(last_seq: u64) -> Command {
    Command::Resume(Box::new(Resume {
        token: Secret::new("r".into()),
        session: Some(session()),
        last_seq,
        offer: Some(Offer { scheme: "bearer".into(), token: None }),
        client: Some(ClientIdentity::default()),
        capabilities: Some(Capabilities::default()),
        vocabulary: Vocabulary::named("hello"),
    }))
}

pub(crate) fn submit() -> Command {
    Command::Submit(Box::new(Submit {
        agent: "echo".into(),
        input: Json::null(),
        lease: None,
        key: None,
        max_runtime: None,
        priority: Priority::default(),
        parent: None,
        expires_at: None,
    }))
}

pub(crate) fn list() -> Command {
    Command::ListJobs(Box::default())
}

pub(crate) fn watch() -> Command {
    Command::Watch(WatchJob { job: job(), after: Some(0) })
}

pub(crate) fn cancel() -> Command {
    let (target, target_id) = (CancelTarget::Job, "job_1".into());
    Command::Cancel(Box::new(Cancel { target, target_id, reason: None, deadline: None }))
}

pub(crate) fn ping() -> Command {
    Command::Ping { kind: PingKind::Session, nonce: Some("n".into()) }
}

pub(crate) fn close() -> Command {
    Command::Close { reason: None, jobs: OnClose::Wait }
}

/// Something that was asked, under this id.
pub(crate) type Asked = (&'static str, fn() -> Command);

/// What is heard of each frame by a client that has asked this.
pub(crate) fn check(asked: &[Asked], told: &[String], expected: &Expect) {
    let mut client = Client::new();
    for (id, command) in asked {
        client.ask(id, command());
    }
    let lines: Vec<_> = told.iter().map(|frame| client.hear(frame)).collect();
    expected.assert_eq(&lines.join("\n"));
}

/// The same, of frames of which each is heard by a client of its own.
pub(crate) fn check_each(asked: Asked, told: &[String], expected: &Expect) {
    let hear = |frame: &String| {
        let mut client = Client::new();
        client.ask(asked.0, asked.1());
        client.hear(frame)
    };
    let lines: Vec<_> = told.iter().map(hear).collect();
    expected.assert_eq(&lines.join("\n"));
}
