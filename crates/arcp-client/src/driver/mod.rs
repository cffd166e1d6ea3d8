//! The driver: one task that owns a live connection, routes answers to the calls that wait for
//! them and events to the handles of their jobs.
//!
//! It ends when the connection does and the session cannot go on over another one, when a close
//! has run its course, or when nobody holds a handle any more.

mod call;
mod comeback;
mod leaving;
mod line;
mod outbox;
mod pending;
mod routes;

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use arcp_core::{
    Code, Command, Delivery, Fault, Issued, MessageId, Notice, Output, PingKind, Reply,
};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep_until};
use tracing::{debug, info, warn};

use crate::end::End;
use crate::handshake::Link;
use crate::{ClientError, Options, Status};
use call::AnswerTo;
pub(crate) use call::{Answer, Call, Handles};
pub(crate) use comeback::Comeback;
use leaving::Leaving;
use line::Line;
use outbox::Written;
use pending::{Asked, Pending};
use routes::Routes;

/// The state of one session and of the connection that it is on.
#[derive(Debug)]
pub(crate) struct Driver {
    line: Line,
    /// `None` for a session that does not outlive its connection.
    comeback: Option<Comeback>,
    /// How often the session has gone on over another connection.
    resumed: u64,
    pending: Pending,
    routes: Routes,
    calls: mpsc::Receiver<Call>,
    closing: mpsc::Receiver<String>,
    cut: mpsc::Receiver<()>,
    status: watch::Sender<Status>,
    end: watch::Sender<Option<End>>,
    leaving: Option<Leaving>,
    frame_bytes: usize,
    close_time: Duration,
    /// How often the peer wants to hear of us, and when it does next.
    beat: Option<(Duration, Instant)>,
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
    /// A handle wants the connection to be lost.
    Cut,
    /// The writer has stopped.
    Writer(Written),
    /// The time for leaving is up.
    Late,
    /// Nothing was read for so long that the peer may take us for gone.
    Beat,
}

impl Driver {
    /// The driver of `link`, whose session is open, and what its handles need.
    pub(crate) fn new(
        link: Link,
        comeback: Option<Comeback>,
        heartbeat: Option<Duration>,
        options: &Options,
    ) -> (Self, Handles) {
        let in_flight = usize::from(options.commands_in_flight.get());
        let (calls, called) = mpsc::channel(in_flight);
        let (closing, asked_to_close) = mpsc::channel(1);
        let (end, ended) = watch::channel(None);
        let (status, watched) = watch::channel(Status::Connected { resumed: 0 });
        let (cut, asked_to_cut) = mpsc::channel(1);
        let last_seq = Arc::new(AtomicU64::new(0));
        let driver = Self {
            line: Line::new(link),
            comeback,
            resumed: 0,
            pending: Pending::default(),
            routes: Routes::new(options.event_queue, Arc::clone(&last_seq)),
            calls: called,
            closing: asked_to_close,
            cut: asked_to_cut,
            status,
            end,
            leaving: None,
            frame_bytes: options.frame_bytes,
            close_time: options.close_time,
            beat: heartbeat.and_then(next_beat),
        };
        (driver, Handles { calls, closing, cut, status: watched, end: ended, last_seq })
    }

    /// Drives the session to its end.
    pub(crate) async fn run(mut self) {
        let end = loop {
            let lost = self.drive().await;
            if let Err(end) = self.come_back(lost).await {
                break end;
            }
        };
        self.finish(end).await;
    }

    /// Drives the connection to its end.
    async fn drive(&mut self) -> End {
        loop {
            let wake = self.wake().await;
            if let ControlFlow::Break(end) = self.on_wake(wake) {
                return end;
            }
        }
    }

    /// Cancel-safe, as every future in it is. A loss that somebody wants goes before all else:
    /// what that handle wants next is not for this connection.
    async fn wake(&mut self) -> Wake {
        let Self { line, routes, calls, closing, cut, leaving, beat, .. } = self;
        let Line { inbox, outbox, writer, .. } = line;
        let staying = leaving.is_none();
        let until = leaving.as_ref().map(|leaving| leaving.until);
        // Its pings are read otherwise, and answered.
        let beat = beat.filter(|_| routes.is_holding()).map(|(_, at)| at);
        // INVARIANT: nothing is read while an event is held back; `Routes` keeps no other bound.
        let on_line = async {
            tokio::select! {
            output = inbox.next(), if !routes.is_holding() => Wake::Output(output),
            call = calls.recv(), if staying && outbox.is_idle() => Wake::Call(call),
            reason = closing.recv(), if staying => Wake::Closing(reason),
            () = routes.deliver(), if routes.is_holding() => Wake::Moved,
            () = outbox.flush(), if !outbox.is_idle() => Wake::Moved,
            Some(written) = writer.stopped() => Wake::Writer(written),
            () = passed(until), if until.is_some() => Wake::Late,
            () = passed(beat), if beat.is_some() => Wake::Beat,
            }
        };
        tokio::select! {
            biased;
            Some(()) = cut.recv() => Wake::Cut,
            wake = on_line => wake,
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
            Wake::Cut => return self.over(End::lost("dropped on purpose")),
            Wake::Writer(written) => return self.on_writer_stopped(written),
            Wake::Late => return self.over(End::Closed),
            Wake::Beat => self.on_beat(),
            Wake::Moved => {}
        }
        ControlFlow::Continue(())
    }

    fn on_output(&mut self, output: Output) -> ControlFlow<End> {
        self.line.encoder.observe(&output);
        match output {
            Output::Event(delivery) => self.on_event(&delivery),
            Output::Observed(observed) => debug!(?observed.subscription, "nobody observes"),
            Output::Reply { reply: Reply::Closed, .. } => {
                // There is no session to go on with.
                self.comeback = None;
                return self.over(End::lost("the peer closed the session"));
            }
            Output::Reply { to, reply, .. } => self.on_reply(&to, reply),
            Output::Notice { notice, .. } => return self.on_notice(notice),
        }
        ControlFlow::Continue(())
    }

    fn on_notice(&mut self, notice: Notice) -> ControlFlow<End> {
        match notice {
            Notice::Nack(fault) | Notice::Premature(fault) => {
                warn!(%fault, "the peer refused a frame");
            }
            Notice::Delegated(child) => debug!(job = %child.job, "a job has delegated to another"),
            Notice::Refresh { deadline } => {
                info!(%deadline, "the session wants to be renewed, which this client does not do");
            }
            Notice::Heartbeat(heartbeat) => debug!(job = %heartbeat.head.job, "alive"),
            Notice::Backpressure => debug!("the peer's events come from its log: we read slowly"),
            Notice::Ping { nonce } => self.on_ping(nonce),
            Notice::Unsubscribed { subscription, fault } => warn!(%subscription, %fault, "ended"),
            Notice::Evicted(fault) => return self.over(End::evicted(&fault)),
        }
        ControlFlow::Continue(())
    }

    /// A handle is not read, so nothing else is: what the peer asks is not seen. It is told that we are
    /// there, whatever it asks; the answer is for nobody. While frames wait to be sent, they say so.
    fn on_beat(&mut self) {
        self.beat = self.beat.and_then(|(interval, _)| next_beat(interval));
        if !self.line.outbox.is_idle() {
            return;
        }
        let ping = Command::Ping { kind: PingKind::Session, nonce: Some("beat".to_owned()) };
        let ping = self.line.mint.issue(ping, None);
        if let Err(error) = self.send(&ping) {
            warn!(%error, "the peer may take us for gone");
        }
    }

    /// The peer asks whether we are there. While frames wait to be sent, they say that we are.
    fn on_ping(&mut self, nonce: String) {
        if !self.line.outbox.is_idle() {
            return;
        }
        let pong = self.line.mint.issue(Command::Pong { nonce: Some(nonce) }, None);
        if let Err(error) = self.send(&pong) {
            warn!(%error, "a ping was not answered");
        }
    }

    fn on_event(&mut self, delivery: &Delivery) {
        if !self.routes.route(delivery) {
            return;
        }
        for asked in self.pending.keep(delivery, self.routes.capacity()) {
            // There is a job, and no room for what it says before its acceptance is told again.
            tell(asked.answer, Err(ClientError::Unanswered));
        }
    }

    fn on_reply(&mut self, to: &MessageId, reply: Reply) {
        let Some(asked) = self.pending.take(to) else {
            debug!(%to, "an answer that nobody waits for");
            return;
        };
        match reply {
            Reply::JobAccepted(accepted) => {
                let job = accepted.job.clone();
                let answer = |events| Answer::Job(accepted, events);
                self.routes.open(job, asked.answer, asked.events, answer);
            }
            Reply::Watched(watched) => {
                let job = watched.summary.job.clone();
                let answer = |events| Answer::Watch(watched, events);
                self.routes.open(job, asked.answer, asked.events, answer);
            }
            reply => tell(asked.answer, Ok(Answer::Reply(reply))),
        }
    }

    fn on_call(&mut self, call: Call) {
        let Call { command, trace, answer } = call;
        if answer.as_ref().is_some_and(oneshot::Sender::is_closed) {
            return;
        }
        let issued = self.line.mint.issue(command, trace);
        match (answer, self.send(&issued)) {
            (Some(answer), Ok(())) => self.pending.insert(Asked::new(issued, answer)),
            (Some(answer), Err(error)) => tell(answer, Err(error)),
            (None, Ok(())) => {}
            (None, Err(error)) => warn!(%error, "a command was not sent"),
        }
    }

    fn send(&mut self, issued: &Issued) -> Result<(), ClientError> {
        let mut frames = Vec::new();
        self.line.encoder.encode(issued, &mut frames);
        let Some(bytes) = frames.iter().map(|frame| frame.bytes.len()).max() else {
            let message = "the dialect has no such command";
            return Err(ClientError::Refused(Fault::new(Code::Unimplemented, message)));
        };
        if bytes > self.frame_bytes {
            return Err(ClientError::TooLarge { bytes, limit: self.frame_bytes });
        }
        self.line.outbox.push(frames);
        Ok(())
    }
}

/// When the peer is told again that we are there; never where it named no time that will come.
fn next_beat(interval: Duration) -> Option<(Duration, Instant)> {
    let at = Instant::now().checked_add(interval)?;
    (!interval.is_zero()).then_some((interval, at))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_that_names_no_time_is_not_told_again() {
        assert_eq!(next_beat(Duration::ZERO), None);
        assert_eq!(next_beat(Duration::from_secs(u64::MAX)), None);
        assert!(next_beat(Duration::from_secs(30)).is_some());
    }
}
