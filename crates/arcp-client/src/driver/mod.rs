//! The driver: one task that owns a live connection, routes answers to the calls that wait for
//! them and events to the handles of their jobs.
//!
//! It ends when the connection does, when a close has run its course, or when nobody holds a
//! handle any more.

mod call;
mod leaving;
mod outbox;
mod pending;
mod routes;

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use arcp_core::{Code, Command, Fault, MessageId, Notice, Output, Reply, TraceId};
use arcp_wire::CommandEncoder;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep_until};
use tracing::{debug, info, warn};

use crate::end::End;
use crate::handshake::Link;
use crate::inbox::Inbox;
use crate::mint::Mint;
use crate::{ClientError, Options};
use call::AnswerTo;
pub(crate) use call::{Answer, Call, Handles};
use leaving::Leaving;
use outbox::{Outbox, Writer, Written};
use pending::Pending;
use routes::Routes;

/// The state of one live connection.
#[derive(Debug)]
pub(crate) struct Driver {
    inbox: Inbox,
    encoder: Box<dyn CommandEncoder>,
    mint: Mint,
    outbox: Outbox,
    writer: Writer,
    pending: Pending,
    routes: Routes,
    calls: mpsc::Receiver<Call>,
    closing: mpsc::Receiver<String>,
    end: watch::Sender<Option<End>>,
    leaving: Option<Leaving>,
    frame_bytes: usize,
    close_time: Duration,
}

/// What can wake the driver.
#[derive(Debug)]
enum Wake {
    /// The peer said something, closed, or the connection broke.
    Output(Result<Option<Output>, ClientError>),
    /// A handle wants something; `None` when there are no handles.
    Call(Option<Call>),
    /// A handle wants the end; `None` when there are no handles.
    Closing(Option<String>),
    /// Something that waited for room has found it.
    Moved,
    /// The writer has stopped.
    Writer(Written),
    /// The time for leaving is up.
    Late,
}

impl Driver {
    /// The driver of `link`, whose session is open, and what its handles need.
    pub(crate) fn new(link: Link, options: &Options) -> (Self, Handles) {
        let in_flight = usize::from(options.commands_in_flight.get());
        let (calls, called) = mpsc::channel(in_flight);
        let (closing, asked_to_close) = mpsc::channel(1);
        let (end, ended) = watch::channel(None);
        let (outbox, writer) = outbox::start(link.sink);
        let last_seq = Arc::new(AtomicU64::new(0));
        let driver = Self {
            inbox: link.inbox,
            encoder: link.encoder,
            mint: link.mint,
            outbox,
            writer,
            pending: Pending::default(),
            routes: Routes::new(options.event_queue, Arc::clone(&last_seq)),
            calls: called,
            closing: asked_to_close,
            end,
            leaving: None,
            frame_bytes: options.frame_bytes,
            close_time: options.close_time,
        };
        (driver, Handles { calls, closing, end: ended, last_seq })
    }

    /// Drives the connection to its end.
    pub(crate) async fn run(mut self) {
        let end = loop {
            let wake = self.wake().await;
            if let ControlFlow::Break(end) = self.on_wake(wake) {
                break end;
            }
        };
        self.finish(end).await;
    }

    /// Cancel-safe, as every future in it is.
    async fn wake(&mut self) -> Wake {
        let Self { inbox, outbox, writer, routes, calls, closing, leaving, .. } = self;
        let staying = leaving.is_none();
        let until = leaving.as_ref().map(|leaving| leaving.until);
        // INVARIANT: nothing is read while an event is held back; `Routes` keeps no other bound.
        tokio::select! {
            output = inbox.next(), if !routes.is_holding() => Wake::Output(output),
            call = calls.recv(), if staying && outbox.is_idle() => Wake::Call(call),
            reason = closing.recv(), if staying => Wake::Closing(reason),
            () = routes.deliver(), if routes.is_holding() => Wake::Moved,
            () = outbox.flush(), if !outbox.is_idle() => Wake::Moved,
            Some(written) = writer.stopped() => Wake::Writer(written),
            () = passed(until), if until.is_some() => Wake::Late,
        }
    }

    fn on_wake(&mut self, wake: Wake) -> ControlFlow<End> {
        match wake {
            Wake::Output(Ok(Some(output))) => return self.on_output(output),
            Wake::Output(Ok(None)) => {
                return self.over(End::lost("the peer closed the connection"));
            }
            Wake::Output(Err(error)) => return self.over(error.into()),
            Wake::Call(Some(call)) => self.on_call(call),
            Wake::Closing(Some(reason)) => self.on_closing(reason),
            Wake::Call(None) | Wake::Closing(None) => return self.on_abandoned(),
            Wake::Writer(written) => self.on_writer_stopped(written),
            Wake::Late => return self.over(End::Closed),
            Wake::Moved => {}
        }
        ControlFlow::Continue(())
    }

    fn on_output(&mut self, output: Output) -> ControlFlow<End> {
        self.encoder.observe(&output);
        match output {
            Output::Event(delivery) => self.routes.route(&delivery),
            Output::Observed(observed) => debug!(?observed.subscription, "nobody observes"),
            Output::Reply { reply: Reply::Closed, .. } => {
                return self.over(End::lost("the peer closed the session"));
            }
            Output::Reply { to, reply, .. } => self.on_reply(&to, reply),
            Output::Notice { notice: Notice::Ping { .. }, .. } => self.on_ping(),
            Output::Notice { notice, .. } => return on_notice(&notice),
        }
        ControlFlow::Continue(())
    }

    /// The peer asks whether we are there. While frames wait to be sent, they say that we are.
    fn on_ping(&mut self) {
        if self.outbox.is_idle()
            && let Err(error) = self.send(Command::Pong, None)
        {
            warn!(%error, "a ping was not answered");
        }
    }

    fn on_reply(&mut self, to: &MessageId, reply: Reply) {
        let Some(answer) = self.pending.take(to) else {
            debug!(%to, "an answer that nobody waits for");
            return;
        };
        match reply {
            Reply::JobAccepted(accepted) => self.routes.open(accepted, answer),
            reply => tell(answer, Ok(Answer::Reply(reply))),
        }
    }

    fn on_call(&mut self, call: Call) {
        if call.answer.as_ref().is_some_and(oneshot::Sender::is_closed) {
            return;
        }
        let sent = self.send(call.command, call.trace);
        match (call.answer, sent) {
            (Some(answer), Ok(id)) => self.pending.insert(id, answer),
            (Some(answer), Err(error)) => tell(answer, Err(error)),
            (None, Ok(_)) => {}
            (None, Err(error)) => warn!(%error, "a command was not sent"),
        }
    }

    fn send(&mut self, command: Command, trace: Option<TraceId>) -> Result<MessageId, ClientError> {
        let issued = self.mint.issue(command, trace);
        let mut frames = Vec::new();
        self.encoder.encode(&issued, &mut frames);
        let Some(bytes) = frames.iter().map(|frame| frame.bytes.len()).max() else {
            let message = "the dialect has no such command";
            return Err(ClientError::Refused(Fault::new(Code::Unimplemented, message)));
        };
        if bytes > self.frame_bytes {
            return Err(ClientError::TooLarge { bytes, limit: self.frame_bytes });
        }
        self.outbox.push(frames);
        Ok(issued.id)
    }
}

fn on_notice(notice: &Notice) -> ControlFlow<End> {
    match notice {
        Notice::Nack(fault) => warn!(%fault, "the peer refused a frame"),
        Notice::Refresh { deadline } => {
            info!(%deadline, "the session wants to be renewed, which this client does not do");
        }
        Notice::Heartbeat(heartbeat) => debug!(job = %heartbeat.head.job, "alive"),
        Notice::Backpressure => debug!("the peer's events come from its log: we read slowly"),
        // `on_output` answers them.
        Notice::Ping { .. } => {}
        Notice::Unsubscribed { subscription, fault } => warn!(%subscription, %fault, "ended"),
        Notice::Evicted(fault) => return ControlFlow::Break(End::evicted(fault)),
    }
    ControlFlow::Continue(())
}

async fn passed(until: Option<Instant>) {
    if let Some(until) = until {
        sleep_until(until).await;
    }
}

/// A caller that has given up is not told.
fn tell(caller: AnswerTo, answer: Result<Answer, ClientError>) {
    if caller.send(answer).is_err() {
        debug!("an answer came too late for its caller");
    }
}
