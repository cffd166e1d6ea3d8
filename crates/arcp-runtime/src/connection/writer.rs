//! The writing half of a connection: says what it is told, and reads from the store what it was
//! not.

use std::sync::Arc;
use std::time::Duration;

use arcp_core::{Code, Delivery, Fault, Frame, Notice, Output, Reply, SessionId, SubscriptionId};
use arcp_transport::{CloseReason, FrameSink, TransportError};
use arcp_wire::{OutputEncoder, Then};
use tokio::sync::mpsc;

use super::observers::Observers;
use super::{Line, Permit};
use crate::outlet::{Gauge, ToObserver, Told, Wanted, again, begins};
use crate::replay;
use crate::writer::Message;

/// The writing half.
pub(crate) struct Writer {
    line: Line,
    sink: Box<dyn FrameSink>,
    told: mpsc::Receiver<Told>,
    gauge: Arc<Gauge>,
    encoder: Option<Box<dyn OutputEncoder>>,
    session: Option<SessionId>,
    /// How many sessions have begun, counted as at the other end.
    begun: u64,
    /// The last event sent. INVARIANT: events go out in order, each once unless the client wants them
    /// again, whatever their source, and none before what was said before it was released.
    cursor: u64,
    /// Events were left out: they come from the store.
    behind: bool,
    /// Some of them are no longer kept: none is told any more.
    lost: bool,
    /// Read while those before them were being sent. INVARIANT: one page at most.
    ahead: Option<Ahead>,
    observers: Observers,
    /// What ends the session; events that were left out go before it.
    last_words: Vec<(Box<Output>, Option<Permit>)>,
    /// How to end, once all is said.
    end: Option<CloseReason>,
    /// The dialect has ended it: nothing more is said.
    mute: bool,
}

/// The events that follow number `after`. None of them was unreleased when they were read, and what a
/// session has released stays so.
struct Ahead {
    after: u64,
    events: Vec<Delivery>,
}

/// What one turn has collected.
#[derive(Default)]
struct Turn {
    frames: Vec<Frame>,
    permits: Vec<Permit>,
    weight: usize,
    /// How long the peer is waited for after it, for the answer to a ping.
    hold: Option<Duration>,
}

impl Writer {
    pub(crate) fn new(
        line: Line,
        sink: Box<dyn FrameSink>,
        told: mpsc::Receiver<Told>,
        gauge: Arc<Gauge>,
    ) -> Self {
        Self {
            line,
            sink,
            told,
            gauge,
            encoder: None,
            session: None,
            begun: 0,
            cursor: 0,
            behind: false,
            lost: false,
            ahead: None,
            observers: Observers::default(),
            last_words: Vec::new(),
            end: None,
            mute: false,
        }
    }

    /// Writes until it is told to end, or cannot.
    pub(crate) async fn run(mut self) {
        let gauge = Arc::clone(&self.gauge);
        // A peer that does not read may hold any write, not only the last ones.
        let stuck = async move {
            gauge.over().await;
            tokio::time::sleep(LAST_WORDS).await;
        };
        let written = tokio::select! {
            written = self.write() => written,
            () = stuck => Err(WriteError::Stuck),
        };
        let reason = match written {
            Ok(reason) => reason,
            Err(WriteError::Replay(error)) => {
                tracing::error!(connection = %self.line.id, "cannot read events back: {error}");
                CloseReason::Internal
            }
            Err(error) => {
                tracing::debug!(connection = %self.line.id, "{error}");
                CloseReason::Internal
            }
        };
        self.sink.close(reason).await;
    }

    async fn write(&mut self) -> Result<CloseReason, WriteError> {
        let mut items = Vec::new();
        loop {
            let reads = self.behind || self.observers.are_behind();
            if self.told.is_empty() {
                // Who is idle keeps no room for many.
                items.shrink_to(IDLE_ITEMS);
            }
            if !reads && self.told.recv_many(&mut items, TURN).await == 0 {
                return Ok(CloseReason::Done);
            }
            self.round(&mut items).await?;
            if let Some(reason) = self.end {
                return self.finish(&mut items).await.map(|()| reason);
            }
        }
    }

    /// Says what is left, the events that were left out first.
    async fn finish(&mut self, items: &mut Vec<Told>) -> Result<(), WriteError> {
        self.behind = self.is_short();
        while self.behind {
            self.round(items).await?;
        }
        let mut turn = Turn::default();
        for (output, permit) in std::mem::take(&mut self.last_words) {
            self.encode(&output, &mut turn);
            turn.permits.extend(permit);
        }
        self.send(turn).await
    }

    /// Sends what is queued; then, when behind, the next events from the store.
    async fn round(&mut self, items: &mut Vec<Told>) -> Result<(), WriteError> {
        // What was said before these events were released is in the queue by now, and goes first.
        let released = self.gauge.released();
        let begun = self.begun;
        let drained = self.behind || self.observers.are_behind();
        if drained {
            while let Ok(item) = self.told.try_recv() {
                items.push(item);
            }
        }
        let mut turn = Turn::default();
        for item in items.drain(..) {
            match item {
                Told::Artifact(wanted, permit) => {
                    // One at a time is in memory, whatever was asked for.
                    self.send(std::mem::take(&mut turn)).await?;
                    Box::pin(self.give(*wanted, permit)).await?;
                }
                item => {
                    self.take(item, &mut turn);
                    if turn.hold.is_some() {
                        self.send(std::mem::take(&mut turn)).await?;
                    }
                }
            }
        }
        self.send(turn).await?;
        // Whoever has just fallen behind, or begun a session, drains the queue first.
        if drained && self.behind && self.begun == begun {
            Box::pin(self.catch_up(released)).await?;
        }
        if drained && self.end.is_none() {
            Box::pin(self.tell_observers()).await?;
        }
        Ok(())
    }

    fn take(&mut self, item: Told, turn: &mut Turn) {
        match item {
            Told::Speak(encoder) => self.encoder = Some(encoder),
            Told::Say(output, permit) if is_farewell(&output) && self.is_short() => {
                self.last_words.push((output, permit));
            }
            Told::Say(output, permit) => {
                self.observe(&output);
                self.encode(&output, turn);
                turn.permits.extend(permit);
            }
            // `round` takes these.
            Told::Artifact(..) => {}
            Told::Event { delivery, weight } => {
                turn.weight += weight;
                self.take_event(delivery, turn);
            }
            Told::Observer(subscription, to) => {
                if let ToObserver::Event { weight, .. } = &to {
                    turn.weight += weight;
                }
                if let Some(output) = self.observers.take(subscription, to) {
                    self.encode(&output, turn);
                }
            }
            Told::Behind => self.behind = !self.lost,
            Told::Close(reason) => self.end = self.end.or(Some(reason)),
        }
    }

    /// Gives an artifact.
    async fn give(&mut self, wanted: Wanted, permit: Option<Permit>) -> Result<(), WriteError> {
        let Wanted { id, at, to, reference, hold } = wanted;
        let given = self.line.keeper.get(&reference).await;
        drop(hold);
        let reply = given.map_or_else(Reply::Nack, |artifact| Reply::Artifact(Box::new(artifact)));
        let mut turn = Turn::default();
        self.encode(&Output::Reply { id, at, to, reply }, &mut turn);
        turn.permits.extend(permit);
        self.send(turn).await
    }

    /// Whether events were left out, all that is queued having been taken. Whoever ends a connection
    /// that has just caught up does not say any more that it is behind again.
    fn is_short(&self) -> bool {
        !self.lost && (self.behind || self.cursor < self.gauge.released())
    }

    fn take_event(&mut self, delivery: Delivery, turn: &mut Turn) {
        if self.lost {
            return;
        }
        if self.behind || delivery.seq > self.cursor + 1 {
            // It will come again from the store, in its place.
            self.behind = true;
        } else if delivery.seq == self.cursor + 1 {
            self.cursor = delivery.seq;
            self.encode(&Output::Event(delivery), turn);
        }
    }

    /// A session that is accepted on this connection starts its numbers; one that is told once more goes
    /// back.
    fn observe(&mut self, output: &Output) {
        if let Some(after) = again(output) {
            self.begun += 1;
            self.ahead = None;
            (self.cursor, self.behind) = (after, false);
        }
        if let Some((session, after)) = begins(output)
            && self.session.as_ref() != Some(session)
        {
            self.session = Some(session.clone());
            self.begun += 1;
            self.ahead = None;
            (self.cursor, self.behind, self.lost) = (after, false, false);
            self.observers.clear();
        }
    }

    fn encode(&mut self, output: &Output, turn: &mut Turn) {
        if self.mute {
            return;
        }
        let Some(encoder) = &mut self.encoder else {
            tracing::error!(connection = %self.line.id, "said before the first frame");
            return;
        };
        let before = turn.frames.len();
        match encoder.encode(output, &mut turn.frames) {
            Then::GoOn => {}
            Then::Hold(span) => turn.hold = Some(span),
            Then::Close => {
                (self.end, self.mute) = (self.end.or(Some(CloseReason::Policy)), true);
            }
        }
        let limit = self.line.limits.frame_bytes;
        let fits = |frame: &Frame| frame.bytes.len() <= limit;
        if turn.frames.iter().skip(before).all(fits) {
            return;
        }
        // An event is measured when it is said, so this is an answer that echoes too much.
        turn.frames.truncate(before);
        tracing::warn!(connection = %self.line.id, "an answer exceeds `frame_bytes`");
        if let Output::Reply { id, at, to, .. } = output {
            let message = "the answer exceeds `frame_bytes`";
            let reply = Reply::Nack(Fault::new(Code::ResourceExhausted, message));
            let nack = Output::Reply { id: id.clone(), at: *at, to: to.clone(), reply };
            encoder.encode(&nack, &mut turn.frames);
        }
    }

    async fn send(&mut self, mut turn: Turn) -> Result<(), WriteError> {
        let mut pongs = turn.hold.map(|span| (span, self.line.pongs.subscribe()));
        if !turn.frames.is_empty() {
            self.sink.send(&mut turn.frames).await?;
        }
        if let Some((span, pongs)) = &mut pongs {
            // Whether it has answered or not, it goes on.
            drop(tokio::time::timeout(*span, pongs.changed()).await);
        }
        // The permits go back here, when all is sent.
        self.gauge.sent(turn.weight);
        Ok(())
    }

    /// Tells each observer that is behind a page of what it is to be told from the store.
    async fn tell_observers(&mut self) -> Result<(), WriteError> {
        let mut next = self.observers.next_behind(None);
        while let Some(subscription) = next {
            self.tell_observer(&subscription).await?;
            next = self.observers.next_behind(Some(&subscription));
        }
        Ok(())
    }

    async fn tell_observer(&mut self, subscription: &SubscriptionId) -> Result<(), WriteError> {
        let limit = self.line.limits.queued_bytes;
        let read = self.observers.read(subscription, &*self.line.store, limit).await;
        let page = match read {
            Err(replay::ReplayError::Store(error)) if error.is_retryable() => {
                tracing::warn!(connection = %self.line.id, "cannot read for an observer: {error}");
                tokio::time::sleep(RETRY).await;
                return Ok(());
            }
            other => other?,
        };
        let mut turn = Turn::default();
        for output in &page.outputs {
            self.encode(output, &mut turn);
        }
        self.send(turn).await?;
        if page.done {
            let (connection, subscription) = (self.line.id, subscription.clone());
            // Without a writer the runtime is gone, and the queue ends next.
            drop(self.line.inbox.send(Message::Observed { connection, subscription }).await);
        }
        Ok(())
    }

    /// The events that come next, if they were not read already.
    async fn next_page(
        &mut self,
        session: &SessionId,
        released: u64,
    ) -> Result<Vec<Delivery>, replay::ReplayError> {
        match self.ahead.take() {
            Some(ahead) if ahead.after == self.cursor => Ok(ahead.events),
            _ => {
                let (store, limit) = (&*self.line.store, self.line.limits.queued_bytes);
                replay::read(store, session, self.cursor, released, limit).await
            }
        }
    }

    /// Sends events from the store.
    async fn deliver(&mut self, page: Vec<Delivery>) -> Result<(), WriteError> {
        let mut turn = Turn::default();
        for delivery in page {
            self.cursor = delivery.seq;
            self.encode(&Output::Event(delivery), &mut turn);
        }
        self.send(turn).await
    }

    /// Sends a page of events from the store, none after `released`; where that is the end, asks to
    /// go live.
    async fn catch_up(&mut self, released: u64) -> Result<(), WriteError> {
        let Some(session) = self.session.clone() else {
            self.behind = false;
            return Ok(());
        };
        let page = match self.next_page(&session, released).await {
            Err(replay::ReplayError::Store(error)) if error.is_retryable() => {
                tracing::warn!(connection = %self.line.id, "cannot catch up yet: {error}");
                tokio::time::sleep(RETRY).await;
                return Ok(());
            }
            Err(replay::ReplayError::Missing { next }) => {
                (self.behind, self.lost) = (false, true);
                let lost = Message::Lost { connection: self.line.id, session, next };
                // Without a writer the runtime is gone, and the queue ends next.
                drop(self.line.inbox.send(lost).await);
                return Ok(());
            }
            other => other?,
        };
        let last = page.last().map_or(self.cursor, |delivery| delivery.seq);
        let (store, limit) = (Arc::clone(&self.line.store), self.line.limits.queued_bytes);
        let read_ahead = async {
            if last >= released {
                return None;
            }
            // After an error the next turn reads the same page, and meets it again.
            let events = replay::read(&*store, &session, last, released, limit).await.ok()?;
            Some(Ahead { after: last, events })
        };
        // The store reads on its own thread, so it is asked first.
        let (ahead, sent) = tokio::join!(read_ahead, self.deliver(page));
        sent?;
        self.ahead = ahead;
        if self.cursor >= released {
            self.behind = false;
            let (connection, begun, seq) = (self.line.id, self.begun, self.cursor);
            let caught_up = Message::CaughtUp { connection, begun, seq };
            // Without a writer the runtime is gone, and the queue ends next.
            drop(self.line.inbox.send(caught_up).await);
        }
        Ok(())
    }
}

/// Whether nothing of the session comes after it.
fn is_farewell(output: &Output) -> bool {
    matches!(
        output,
        Output::Reply { reply: Reply::Closed, .. }
            | Output::Notice { notice: Notice::Evicted(_), .. }
    )
}

/// Why nothing more can be written.
#[derive(Debug, thiserror::Error)]
enum WriteError {
    #[error(transparent)]
    Transport(#[from] TransportError),
    #[error(transparent)]
    Replay(#[from] replay::ReplayError),
    #[error("the peer did not take its last events in time")]
    Stuck,
}

/// Items taken in one turn, and so at most sent with one flush.
const TURN: usize = 256;
/// For how many items there is room while there are none.
const IDLE_ITEMS: usize = 4;
const RETRY: Duration = Duration::from_millis(200);
/// How long a peer may take for what is left when its connection ends.
const LAST_WORDS: Duration = Duration::from_secs(30);
