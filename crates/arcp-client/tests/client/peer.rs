//! The scripted peer: a runtime that says what the test tells it to.

use std::sync::Arc;
use std::time::Duration;

use arcp_client::{Client, ClientError, Credentials, Job, JobHandle, Options};
use arcp_core::lease::Budget;
use arcp_core::{
    Capabilities, Code, Command, Delivery, Encoded, Event, Fault, Frame, Issued, JobAccepted,
    JobEvent, JobHead, JobId, Json, Lease, LogLevel, MessageId, Notice, Output, Reply, Resumption,
    RuntimeIdentity, SessionAccepted, SessionId, Timestamp, TrustLevel,
};
use arcp_transport::{
    CloseReason, FrameSink, FrameSource, MemoryTransport, Transport, TransportError, memory_pair,
};
use arcp_wire::open::OpenDialect;
use arcp_wire::{CommandDecoder, Decoded, Dialect, OutputEncoder};
use tokio::time::timeout;

/// The peer's end of one connection.
pub(crate) struct Peer {
    source: Box<dyn FrameSource>,
    sink: Box<dyn FrameSink>,
    decoder: Box<dyn CommandDecoder>,
    encoder: Box<dyn OutputEncoder>,
    said: u64,
    seq: u64,
}

impl Peer {
    pub(crate) fn new(transport: MemoryTransport) -> Self {
        let (source, sink) = Box::new(transport).split();
        let (decoder, encoder) = OpenDialect.runtime_codec();
        Self { source, sink, decoder, encoder, said: 0, seq: 0 }
    }

    /// The client's next command.
    pub(crate) async fn command(&mut self) -> Issued {
        let frame = self.source.recv().await.unwrap().expect("the client has closed");
        match self.decoder.decode(&frame) {
            Decoded::Message(issued) => issued,
            other => panic!("{other:?}"),
        }
    }

    /// Asserts that the client acknowledges 0 to `count`.
    pub(crate) async fn gets_acks(&mut self, count: u64) {
        for want in 0..count {
            let asked = self.command().await;
            assert!(matches!(asked.command, Command::Ack { seq } if seq == want), "{asked:?}");
        }
    }

    /// Asserts that the client ends the connection in an orderly way, with nothing more to say.
    pub(crate) async fn sees_the_end(&mut self) {
        assert!(self.source.recv().await.unwrap().is_none());
    }

    /// The number of frames that still come before the connection ends.
    pub(crate) async fn counts_the_rest(&mut self) -> u64 {
        let mut rest = 0;
        while let Ok(Some(_)) = self.source.recv().await {
            rest += 1;
        }
        rest
    }

    /// Whether the client sends something within a second.
    pub(crate) async fn hears_something(&mut self) -> bool {
        timeout(Duration::from_secs(1), self.source.recv()).await.is_ok()
    }

    pub(crate) async fn accept_session(&mut self, resumption: Option<Resumption>) -> Issued {
        let open = self.command().await;
        let Command::Open(wanted) = &open.command else {
            panic!("{open:?}");
        };
        let session = SessionAccepted { resumption, ..session(wanted.capabilities.clone()) };
        self.reply(&open, Reply::Accepted(Box::new(session))).await;
        open
    }

    pub(crate) async fn accept_job(&mut self, job: &str) -> JobHead {
        let submit = self.command().await;
        assert!(matches!(submit.command, Command::Submit(_)), "{submit:?}");
        self.accept_submit(&submit, job).await
    }

    pub(crate) async fn accept_submit(&mut self, submit: &Issued, job: &str) -> JobHead {
        self.reply(submit, Reply::JobAccepted(Box::new(accepted(job)))).await;
        head_of(submit, job)
    }

    pub(crate) async fn reply(&mut self, to: &Issued, reply: Reply) {
        let (id, to) = (self.next_id(), to.id.clone());
        self.say(&Output::Reply { id, at: NOW, to, reply }).await;
    }

    pub(crate) async fn notice(&mut self, notice: Notice) {
        let id = self.next_id();
        self.say(&Output::Notice { id, at: NOW, notice }).await;
    }

    pub(crate) async fn event(&mut self, head: &JobHead, event: Event) {
        self.seq += 1;
        self.event_at(self.seq, head, event).await;
    }

    pub(crate) async fn event_at(&mut self, seq: u64, head: &JobHead, event: Event) {
        let event = JobEvent {
            head: Arc::new(head.clone()),
            id: self.next_id(),
            at: NOW,
            event,
            encoded: Encoded::default(),
        };
        self.say(&Output::Event(Delivery { seq, event: Arc::new(event) })).await;
    }

    pub(crate) async fn log(&mut self, head: &JobHead, message: impl Into<String>) {
        self.event(head, log(message)).await;
    }

    pub(crate) async fn say(&mut self, output: &Output) {
        self.try_say(output).await.unwrap();
    }

    pub(crate) async fn try_say(&mut self, output: &Output) -> Result<(), TransportError> {
        let mut frames = Vec::new();
        self.encoder.encode(output, &mut frames);
        assert!(!frames.is_empty(), "the dialect does not say {output:?}");
        self.sink.send(&mut frames).await
    }

    pub(crate) async fn raw(&mut self, text: &'static str) {
        self.sink.send(&mut vec![Frame::text(text)]).await.unwrap();
    }

    pub(crate) async fn close(&mut self) {
        self.sink.close(CloseReason::Done).await;
    }

    /// From now on the connection is broken for what the client sends, and for nothing else.
    pub(crate) fn stop_reading(&mut self) {
        let (_, other) = memory_pair(1);
        let (source, _) = Box::new(other).split();
        self.source = source;
    }

    fn next_id(&mut self) -> MessageId {
        self.said += 1;
        MessageId::parse(&format!("msg_r{}", self.said)).unwrap()
    }
}

/// A transport for the client and the peer at its other end.
pub(crate) fn pair() -> (Box<dyn Transport>, Peer) {
    let (ours, theirs) = memory_pair(4);
    (Box::new(ours), Peer::new(theirs))
}

/// A client with an open session.
pub(crate) async fn connect(options: Options) -> (Client, Peer) {
    let (transport, mut peer) = pair();
    let (client, _) = tokio::join!(open(transport, options), peer.accept_session(None));
    (client.unwrap(), peer)
}

pub(crate) async fn open(
    transport: Box<dyn Transport>,
    options: Options,
) -> Result<Client, ClientError> {
    Client::open(transport, &OpenDialect, options).await
}

/// Submits a job that the peer accepts under the id `job`.
pub(crate) async fn submit(client: &Client, peer: &mut Peer, job: &str) -> (JobHandle, JobHead) {
    let (handle, head) = tokio::join!(client.submit(Job::new("worker")), peer.accept_job(job));
    (handle.unwrap(), head)
}

pub(crate) fn options() -> Options {
    let mut options = Options::new(Credentials::Anonymous);
    options.request_time = Duration::from_secs(30);
    options
}

/// What the events of a job say of it.
pub(crate) fn head_of(submit: &Issued, job: &str) -> JobHead {
    JobHead {
        job: id(job),
        request: submit.id.clone(),
        session: None,
        trace: submit.trace.clone(),
        priority: arcp_core::Priority::default(),
    }
}

pub(crate) fn id(job: &str) -> JobId {
    JobId::parse(job).unwrap()
}

pub(crate) fn session(client: Capabilities) -> SessionAccepted {
    SessionAccepted {
        session: SessionId::parse("sess_1").unwrap(),
        runtime: RuntimeIdentity {
            kind: "scripted".to_owned(),
            version: "1".to_owned(),
            fingerprint: None,
            trust_level: TrustLevel::Trusted,
        },
        capabilities: client.clone(),
        declared: client,
        opened_at: NOW,
        heartbeat: None,
        expires_at: None,
        resumption: None,
    }
}

pub(crate) fn accepted(job: &str) -> JobAccepted {
    JobAccepted {
        job: id(job),
        agent: None,
        lease: Lease::default(),
        budget: Budget::default(),
        accepted_at: NOW,
        trace: None,
        credentials: Vec::new(),
        repeated: None,
        parent: None,
    }
}

pub(crate) fn log(message: impl Into<String>) -> Event {
    Event::Log { level: LogLevel::Info, message: message.into(), attributes: None }
}

pub(crate) fn completed(value: &str) -> Event {
    Event::Completed(arcp_core::Completion::Inline(Json::parse(value).unwrap()))
}

pub(crate) fn no() -> Fault {
    Fault::new(Code::Unavailable, "not now")
}

/// The message of a log event.
pub(crate) fn message(delivery: &Delivery) -> &str {
    match &delivery.event.event {
        Event::Log { message, .. } => message,
        other => panic!("{other:?}"),
    }
}

/// The handle's next event, a line of log.
pub(crate) async fn next_log(handle: &mut JobHandle) -> String {
    message(&handle.next().await.unwrap().unwrap()).to_owned()
}

pub(crate) const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);
