//! The one task that owns the engine: takes inputs, commits what they change, then tells.
//!
//! While one batch is being committed the one before it is told and the next one is handled. Effects
//! are released in the order of their inputs, each batch after its commit.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use arcp_agent::port::{Report, ReportKind};
use arcp_auth::{Authenticator, CredentialProvisioner, CredentialRequest, Origin};
use arcp_core::{
    Answer, Commit, Completion, ConnectionId, CredentialId, Event, Fault, Issued, Limits,
    MessageId, Moment, Notice, Output, Question, SessionId, SubscriptionId,
};
use arcp_store::{Store, StoreError};
use arcp_transport::{CloseReason, Peer};
use futures_util::FutureExt;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::task::JoinSet;

use crate::clock::Clock;
use crate::connection::Permit;
use crate::dispatch::{
    issue, judge, revoke, rotate, stopping, store_fault, unless_it_panics, verify,
};
use crate::engine::{
    Effect, Effects, Engine, Input, Intent, Issue, JobReport, Observe, Provisioned, Task, Ticket,
};
use crate::error::RuntimeError;
use crate::host::Host;
use crate::keeper::Keeper;
use crate::list;
use crate::outlet::{Delivered, Outlet, Overflow, Wanted};
use crate::past;
use crate::sweep::sweep;

/// What the writer is told by connections and by the runtime's owner.
#[derive(Debug)]
pub(crate) enum Message {
    /// A peer has connected.
    Connected { connection: ConnectionId, peer: Peer, outlet: Outlet },
    /// A peer asks for something.
    Command {
        connection: ConnectionId,
        issued: Issued,
        /// What is wanted, where that was found out already.
        intent: Option<Intent>,
        permit: Permit,
        room: Option<Permit>,
    },
    /// A peer sent something that is no message.
    BadFrame { connection: ConnectionId, id: Option<MessageId>, fault: Fault, permit: Permit },
    /// A connection has read the store up to here.
    CaughtUp { connection: ConnectionId, begun: u64, seq: u64 },
    /// A connection has told an observer all that it was to read.
    Observed { connection: ConnectionId, subscription: SubscriptionId },
    /// A connection was to tell events that are no longer kept.
    Lost { connection: ConnectionId, session: SessionId, next: u64 },
    /// A connection is gone, or is to be ended like this.
    Disconnected { connection: ConnectionId, reason: CloseReason },
}

/// Everything the writer is made of.
pub(crate) struct Writer {
    pub(crate) engine: Engine,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) keeper: Keeper,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) limits: Arc<Limits>,
    pub(crate) authenticators: BTreeMap<String, Arc<dyn Authenticator>>,
    pub(crate) provisioner: Option<Arc<dyn CredentialProvisioner>>,
    /// One for each credential that is being revoked.
    pub(crate) revocations: Arc<Semaphore>,
    pub(crate) host: Host,
    pub(crate) inbox: mpsc::Receiver<Message>,
    pub(crate) gone: mpsc::Receiver<ConnectionId>,
    pub(crate) reports: mpsc::Receiver<Report>,
    /// Says to stop, giving running jobs this long. Heard also while nothing else is taken in.
    pub(crate) stops: watch::Receiver<Option<Duration>>,
    pub(crate) state: State,
}

/// What changes while the writer runs, besides the engine.
#[derive(Default)]
pub(crate) struct State {
    outlets: HashMap<ConnectionId, (Peer, Outlet)>,
    /// Authentications, listings and the like under way.
    tasks: JoinSet<Done>,
    /// Credentials that are being issued.
    issuing: JoinSet<Done>,
    /// Credentials that are being revoked.
    revoking: JoinSet<Done>,
    /// Whether those that are being issued are not wanted any more.
    called_off: watch::Sender<bool>,
    questions: HashMap<Ticket, oneshot::Sender<Result<Answer, Fault>>>,
    /// Where the ends of jobs go that agents have delegated to.
    ends: HashMap<Ticket, oneshot::Sender<Result<Completion, Fault>>>,
    next_ticket: u64,
    /// Handled, and waiting for the commit before it.
    pending: Batch,
    committing: Option<Committing>,
    /// Whether the store has taken longer for the commit that is on its way than it may.
    stuck: bool,
    stop_at: Option<Moment>,
    /// Since when all that is left is to keep and to tell what was said.
    halted_at: Option<Moment>,
}

impl State {
    /// The state of a writer that starts with these effects.
    pub(crate) fn starting_with(fx: Effects) -> Self {
        Self { pending: Batch { fx, inputs: 1, ..Batch::default() }, ..Self::default() }
    }
}

/// Inputs that were handled together.
#[derive(Default)]
pub(crate) struct Batch {
    fx: Effects,
    inputs: usize,
    /// By the place of an effect: what it gives back.
    holds: VecDeque<(usize, Hold)>,
}

/// What an effect gives back when it is done.
#[derive(Default)]
struct Hold {
    /// The permit of the command that it answers.
    permit: Option<Permit>,
    /// The room that what came with the input takes up still.
    room: Option<Permit>,
}

impl From<Permit> for Hold {
    fn from(permit: Permit) -> Self {
        Self { permit: Some(permit), room: None }
    }
}

/// What a task has found, if the engine wants to know, and the permit of the command that asked.
type Done = (Option<Input>, Option<Permit>);

/// What a commit comes to.
type Commitment = Pin<Box<dyn Future<Output = Result<(), StoreError>> + Send>>;

/// A commit on its way, and what follows it.
struct Committing {
    commit: Commitment,
    batch: Batch,
    /// From when on the store has taken too long.
    late_at: Moment,
}

/// What can wake the writer.
enum Woken {
    Committed(Result<(), StoreError>),
    Messages,
    Reports,
    Gone(ConnectionId),
    Task(Box<Done>),
    Timer,
    /// The store takes too long for a commit.
    Stuck,
    Abandoned,
    Stop(Duration),
    /// Credentials have had the time there was to be revoked.
    LastCall,
    /// The store did not take the last commit in time.
    GaveUp,
}

impl Writer {
    /// Runs until it is stopped and all is said, or the store fails for good.
    pub(crate) async fn run(mut self) -> Result<(), RuntimeError> {
        let mut messages = Vec::new();
        let mut reports = Vec::new();
        self.start_commit()?;
        loop {
            match self.next(&mut messages, &mut reports).await {
                Woken::Committed(result) => {
                    result?;
                    self.on_committed()?;
                }
                Woken::Messages => {
                    for message in messages.drain(..) {
                        self.take_message(message);
                    }
                }
                Woken::Reports => {
                    for report in reports.drain(..) {
                        self.take_report(report);
                    }
                }
                Woken::Task(done) => {
                    if let (Some(input), permit) = *done {
                        self.handle(input, Hold { permit, room: None });
                    }
                }
                Woken::Gone(connection) => self.on_gone(connection),
                Woken::Timer => self.on_timer(),
                Woken::Stuck => self.on_stuck(),
                Woken::LastCall => self.stop_revoking(),
                Woken::Abandoned => self.stop(Duration::ZERO),
                Woken::Stop(grace) => self.stop(grace),
                Woken::GaveUp => return Err(RuntimeError::Unkept),
            }
            self.halt_if_due();
            self.start_commit()?;
            if self.is_done() {
                if !self.engine.is_ending() {
                    return Ok(());
                }
                self.handle(Input::LastCall, Hold::default());
                self.start_commit()?;
            }
        }
    }

    async fn next(&mut self, messages: &mut Vec<Message>, reports: &mut Vec<Report>) -> Woken {
        let full = self.state.pending.fx.bytes() >= self.limits.batch_bytes;
        let left = self.limits.batch.saturating_sub(self.state.pending.inputs);
        let room = if full { 0 } else { left };
        let lives = self.state.halted_at.is_none();
        let open = room > 0 && lives;
        // While the store is stuck nothing is due: nobody could be told.
        let timed = open && !self.state.stuck;
        // Whoever asks for something new is told that it cannot be kept.
        let (heard, most) =
            if self.state.stuck { (lives, room.max(STUCK_MESSAGES)) } else { (open, room) };
        let late = self.state.committing.as_ref().map(|committing| committing.late_at);
        let late = late.filter(|_| !self.state.stuck);
        let wake = self.next_wake();
        let give_up = self.state.stop_at.map(|at| at.after(LAST_COMMIT));
        let last_call = self.state.halted_at.map(|at| at.after(LAST_CALLS));
        let clock = Arc::clone(&self.clock);
        let State { committing, tasks, issuing, revoking, .. } = &mut self.state;
        let calls = !revoking.is_empty();
        tokio::select! {
            result = wait_for_commit(committing), if committing.is_some() => Woken::Committed(result),
            Some(grace) = told_to_stop(&mut self.stops) => Woken::Stop(grace),
            count = self.inbox.recv_many(messages, most), if heard => match count {
                0 => Woken::Abandoned,
                _ => Woken::Messages,
            },
            Some(_) = recv_reports(&mut self.reports, reports, room), if open => Woken::Reports,
            Some(connection) = self.gone.recv(), if lives => Woken::Gone(connection),
            Some(done) = join(tasks), if open && !tasks.is_empty() => Woken::Task(Box::new(done)),
            Some(done) = join(issuing), if open && !issuing.is_empty() => Woken::Task(Box::new(done)),
            Some(done) = join(revoking), if room > 0 && calls => Woken::Task(Box::new(done)),
            () = clock.sleep_until(last_call.unwrap_or_default()), if calls && last_call.is_some() => {
                Woken::LastCall
            }
            () = clock.sleep_until(late.unwrap_or_default()), if late.is_some() => Woken::Stuck,
            () = clock.sleep_until(give_up.unwrap_or_default()), if give_up.is_some() => Woken::GaveUp,
            () = clock.sleep_until(wake.unwrap_or_default()), if timed && wake.is_some() => Woken::Timer,
        }
    }

    fn next_wake(&self) -> Option<Moment> {
        let stop = self.state.stop_at.filter(|_| !*self.state.called_off.borrow());
        self.engine.next_wake().into_iter().chain(stop).min()
    }

    fn take_message(&mut self, message: Message) {
        match message {
            Message::Connected { connection, peer, outlet } => {
                if outlet.is_gone() {
                    return;
                }
                if self.state.halted_at.is_some() {
                    outlet.close(CloseReason::GoingAway);
                    return;
                }
                self.state.outlets.insert(connection, (peer, outlet));
                self.handle(Input::Connected { connection }, Hold::default());
            }
            Message::Command { connection, issued, intent, permit, room } => {
                let Some((issued, permit)) = self.admit(connection, issued, permit) else { return };
                let hold = Hold { permit: Some(permit), room };
                self.handle(Input::Command { connection, issued, intent }, hold);
            }
            Message::BadFrame { connection, id, fault, permit } => {
                self.handle(Input::BadFrame { connection, id, fault }, permit.into());
            }
            Message::CaughtUp { connection, begun, seq } => {
                let outlet = self.state.outlets.get_mut(&connection);
                if outlet.is_some_and(|(_, outlet)| !outlet.caught_up(begun, seq)) {
                    self.drop_outlet(connection, CloseReason::Policy);
                }
            }
            Message::Observed { connection, subscription } => {
                let outlet = self.state.outlets.get_mut(&connection);
                if outlet.is_some_and(|(_, outlet)| !outlet.observed(&subscription)) {
                    self.drop_outlet(connection, CloseReason::Policy);
                }
            }
            Message::Lost { connection, session, next } => {
                self.handle(Input::Lost { connection, session, next }, Hold::default());
            }
            Message::Disconnected { connection, reason } => {
                self.handle(Input::Disconnected { connection }, Hold::default());
                self.state.pending.fx.close(connection, reason);
            }
        }
    }

    /// The end of a connection was told before, unless its task was dropped.
    fn on_gone(&mut self, connection: ConnectionId) {
        if self.state.outlets.contains_key(&connection) {
            self.handle(Input::Disconnected { connection }, Hold::default());
            self.state.pending.fx.close(connection, CloseReason::Done);
        }
    }

    fn take_report(&mut self, report: Report) {
        let Report { job, kind, room } = report;
        let report = match kind {
            ReportKind::Emit(event) => {
                if let Event::Stream(said) = &event {
                    self.host.note_stream(&job, said);
                }
                JobReport::Emit(event)
            }
            ReportKind::Ask { question, answer } => {
                JobReport::Ask { question, ticket: self.ticket(answer) }
            }
            ReportKind::Delegate { delegation, answer, end } => {
                let ticket = self.ticket(answer);
                self.state.ends.insert(ticket, end);
                JobReport::Ask { question: Question::Delegate(Box::new(delegation)), ticket }
            }
            ReportKind::Ended(result) => {
                self.host.forget(&job);
                JobReport::Ended(result.map(arcp_agent::Outcome::into_completion))
            }
        };
        self.handle(Input::Report { job, report }, Hold { permit: None, room });
    }

    fn ticket(&mut self, answer: oneshot::Sender<Result<Answer, Fault>>) -> Ticket {
        self.state.next_ticket += 1;
        let ticket = Ticket(self.state.next_ticket);
        self.state.questions.insert(ticket, answer);
        ticket
    }

    /// Has the engine handle an input. The permit goes to the effect that answers it. What came is in
    /// the batch now and its room is given back, but for what goes on to the blobs.
    fn handle(&mut self, input: Input, hold: Hold) {
        let batch = &mut self.state.pending;
        let start = batch.fx.len();
        self.engine.handle(self.clock.now(), input, &mut batch.fx);
        batch.inputs += 1;
        let mut effects = batch.fx.since(start).iter();
        let Some(place) = effects.position(is_answer) else { return };
        let keeps = |effect: &Effect| matches!(effect, Effect::Task(Task::KeepBlob { .. }));
        let room = hold.room.filter(|_| batch.fx.since(start + place).first().is_some_and(keeps));
        batch.holds.push_back((start + place, Hold { permit: hold.permit, room }));
    }

    /// A command to be handled: while the store is stuck most are answered aside, without it.
    fn admit(
        &mut self,
        connection: ConnectionId,
        issued: Issued,
        permit: Permit,
    ) -> Option<(Issued, Permit)> {
        if !self.state.stuck {
            return Some((issued, permit));
        }
        let room = self.state.pending.inputs < self.limits.batch
            && self.state.pending.fx.bytes() < self.limits.batch_bytes;
        let mut aside = Batch::default();
        let now = self.clock.now();
        let outlet = self.state.outlets.get(&connection);
        let told = outlet.and_then(|(_, outlet)| outlet.session());
        let left = self.engine.handle_stuck(now, connection, issued, told, room, &mut aside.fx);
        if let Some(issued) = left {
            return Some((issued, permit));
        }
        aside.holds.push_back((0, permit.into()));
        debug_assert!(!aside.fx.is_durable(), "nothing that is said aside is kept");
        self.release(aside);
        None
    }

    fn on_stuck(&mut self) {
        self.state.stuck = true;
        tracing::error!(
            "the store has not kept a commit for {:?}: new work is refused until it does",
            self.limits.commit_time
        );
    }

    /// What has come by now is heard first: it may be what was waited for.
    fn on_timer(&mut self) {
        for _ in 0..TIMELY_MESSAGES {
            let Ok(message) = self.inbox.try_recv() else { break };
            self.take_message(message);
        }
        let batch = &mut self.state.pending;
        self.engine.wake(self.clock.now(), &mut batch.fx);
        batch.inputs += 1;
    }

    fn stop(&mut self, grace: Duration) {
        self.handle(Input::Drain, Hold::default());
        let at = self.clock.now().moment.after(grace);
        self.state.stop_at = Some(self.state.stop_at.map_or(at, |known| known.min(at)));
    }

    fn halt_if_due(&mut self) {
        let Some(at) = self.state.stop_at.filter(|_| self.state.halted_at.is_none()) else {
            return;
        };
        let now = self.clock.now();
        if self.engine.is_working() && now.moment < at {
            return;
        }
        // What is being issued is heard of before it is revoked.
        self.state.called_off.send_replace(true);
        if self.state.issuing.is_empty() {
            self.handle(Input::Halt, Hold::default());
            self.state.halted_at = Some(now.moment);
        }
    }

    fn is_done(&self) -> bool {
        let State { halted_at, revoking, committing, pending, .. } = &self.state;
        halted_at.is_some() && revoking.is_empty() && committing.is_none() && pending.fx.is_empty()
    }

    /// Leaves what is not revoked to the next start.
    fn stop_revoking(&mut self) {
        let count = self.state.revoking.len();
        tracing::error!(count, "credentials could not be revoked in time; the next start does it");
        self.state.revoking = JoinSet::new();
    }

    /// Commits what is pending, unless a commit is under way. What changes nothing is told at once.
    fn start_commit(&mut self) -> Result<(), RuntimeError> {
        // To tell it may give the engine more to handle.
        while self.state.committing.is_none()
            && let Some(batch) = self.begin_commit()?
        {
            self.release(batch);
        }
        Ok(())
    }

    /// Gives the store what is pending. When that changes nothing it comes back, to be told.
    fn begin_commit(&mut self) -> Result<Option<Batch>, RuntimeError> {
        if self.state.pending.inputs == 0 {
            return Ok(None);
        }
        let mut batch = std::mem::take(&mut self.state.pending);
        let commit = batch.fx.take_commit()?;
        if commit.is_empty() {
            return Ok(Some(batch));
        }
        let late_at = self.clock.now().moment.after(self.limits.commit_time);
        let mut commit: Commitment = Box::pin(commit_until_kept(Arc::clone(&self.store), commit));
        // The store has it from here on, and not when it is waited for.
        if let Some(kept) = commit.as_mut().now_or_never() {
            commit = Box::pin(std::future::ready(kept));
        }
        self.state.committing = Some(Committing { commit, batch, late_at });
        Ok(None)
    }

    /// Tells what is kept by now, while the store keeps what comes next.
    fn on_committed(&mut self) -> Result<(), RuntimeError> {
        if std::mem::take(&mut self.state.stuck) {
            tracing::info!("the store keeps what it is given again");
            self.handle(Input::Unstuck, Hold::default());
        }
        let Some(kept) = self.state.committing.take() else { return Ok(()) };
        let next = self.begin_commit();
        self.release(kept.batch);
        if let Some(next) = next? {
            self.release(next);
        }
        Ok(())
    }

    /// Does what a batch says, in order. INVARIANT: called only when its commit is kept, or when
    /// nothing of it has to be.
    fn release(&mut self, mut batch: Batch) {
        let effects = batch.fx.take_effects();
        let slow = self.slow_ones(&effects);
        for (place, effect) in effects.into_iter().enumerate() {
            let hold = match batch.holds.pop_front_if(|(at, _)| *at == place) {
                Some((_, hold)) => hold,
                None => Hold::default(),
            };
            match asked(&effect) {
                Some(connection) if slow.contains(&connection) => {
                    self.handle(Input::Busy { connection }, Hold::default());
                }
                _ => self.apply(effect, hold),
            }
        }
    }

    /// Those of the clients that are to be asked whether they are there which have not taken all that they
    /// were sent: whoever is slow to read can not answer either.
    fn slow_ones(&self, effects: &[Effect]) -> BTreeSet<ConnectionId> {
        effects.iter().filter_map(asked).filter(|connection| self.is_busy(*connection)).collect()
    }

    fn apply(&mut self, effect: Effect, hold: Hold) {
        let Hold { permit, room } = hold;
        match effect {
            Effect::Say { connection, output } => {
                let outlet = self.state.outlets.get_mut(&connection);
                if outlet.is_some_and(|(_, outlet)| !outlet.say(output, permit)) {
                    self.drop_outlet(connection, CloseReason::Policy);
                }
            }
            Effect::Hint { connection, output } => {
                if let Some((_, outlet)) = self.state.outlets.get(&connection) {
                    outlet.hint(output, &self.limits);
                }
            }
            Effect::Fetch { connection, id, at, to, reference } => {
                let hold = self.keeper.hold(&reference.artifact);
                let wanted = Wanted { id, at, to, reference, hold };
                let outlet = self.state.outlets.get_mut(&connection);
                if outlet.is_some_and(|(_, outlet)| !outlet.fetch(wanted, permit)) {
                    self.drop_outlet(connection, CloseReason::Policy);
                }
            }
            Effect::Deliver { connection, delivery, weight } => {
                let outlet = self.state.outlets.get_mut(&connection);
                let Some((_, outlet)) = outlet else { return };
                match outlet.deliver(delivery, weight, &self.limits) {
                    Delivered::Fine => {}
                    Delivered::Behind => self.handle(Input::Behind { connection }, Hold::default()),
                    Delivered::Full => self.drop_outlet(connection, CloseReason::Policy),
                }
            }
            Effect::Feed { connection, upto } => {
                let outlet = self.state.outlets.get_mut(&connection);
                if outlet.is_some_and(|(_, outlet)| !outlet.feed(upto)) {
                    self.drop_outlet(connection, CloseReason::Policy);
                }
            }
            Effect::Acked { connection, seq } => {
                let outlet = self.state.outlets.get_mut(&connection);
                if outlet.is_some_and(|(_, outlet)| !outlet.acked(seq)) {
                    self.drop_outlet(connection, CloseReason::Policy);
                }
            }
            Effect::Observe { connection, subscription, observe } => {
                self.observe(connection, subscription, observe);
            }
            Effect::Close { connection, reason } => self.drop_outlet(connection, reason),
            Effect::Task(task) => self.begin(task, Hold { permit, room }),
        }
    }

    /// Whether something is being sent to a connection.
    fn is_busy(&self, connection: ConnectionId) -> bool {
        self.state.outlets.get(&connection).is_some_and(|(_, outlet)| !outlet.is_idle())
    }

    fn observe(
        &mut self,
        connection: ConnectionId,
        subscription: SubscriptionId,
        observe: Observe,
    ) {
        let Some((_, outlet)) = self.state.outlets.get_mut(&connection) else { return };
        match outlet.observe(&subscription, observe, &self.limits) {
            Ok(true) => {}
            Ok(false) => self.drop_outlet(connection, CloseReason::Policy),
            Err(Overflow) => self.handle(Input::Overflow { subscription }, Hold::default()),
        }
    }

    fn drop_outlet(&mut self, connection: ConnectionId, reason: CloseReason) {
        if let Some((_, outlet)) = self.state.outlets.remove(&connection) {
            outlet.close(reason);
        }
    }

    fn issue(&mut self, task: Issue) {
        let (provisioner, time) = (self.provisioner.clone(), self.limits.provision_time);
        let mut called_off = self.state.called_off.subscribe();
        let job = task.job.clone();
        self.state.issuing.spawn(async move {
            let provisioned = tokio::select! {
                biased;
                _ = called_off.wait_for(|off| *off) => Provisioned::Failed(stopping()),
                provisioned = issue(provisioner, asked_for(task), time) => provisioned,
            };
            (Some(Input::Provisioned { job, provisioned }), None)
        });
    }

    fn rotate(&mut self, credential: CredentialId, request: Issue) {
        let (provisioner, time) = (self.provisioner.clone(), self.limits.provision_time);
        let mut called_off = self.state.called_off.subscribe();
        let id = request.id.clone();
        self.state.issuing.spawn(async move {
            let rotated = tokio::select! {
                biased;
                _ = called_off.wait_for(|off| *off) => Err(stopping()),
                rotated = rotate(provisioner, &credential, asked_for(request), time) => rotated,
            };
            (Some(Input::Rotated { id, rotated }), None)
        });
    }

    fn begin(&mut self, task: Task, hold: Hold) {
        let Hold { permit, room } = hold;
        match task {
            Task::Authenticate { connection, attempt, offer, unique } => {
                let peer = self.state.outlets.get(&connection).map(|(peer, _)| peer);
                let origin = Origin { address: peer.and_then(|peer| peer.address), unique };
                let authenticator = self.authenticators.get(&offer.scheme).cloned();
                let time = self.limits.authenticate_time;
                self.state.tasks.spawn(async move {
                    let judgement = judge(authenticator, offer, origin, time).await;
                    (Some(Input::Judged { connection, attempt, judgement }), permit)
                });
            }
            Task::Verify { connection, attempt, scheme, challenge, response } => {
                let authenticator = self.authenticators.get(&scheme).cloned();
                let time = self.limits.authenticate_time;
                self.state.tasks.spawn(async move {
                    let judgement = verify(authenticator, challenge, response, time).await;
                    (Some(Input::Judged { connection, attempt, judgement }), permit)
                });
            }
            Task::List(query) => {
                let (store, room) = (Arc::clone(&self.store), self.limits.event_bytes());
                self.state.tasks.spawn(async move {
                    let done = unless_it_panics(list::ended(&*store, &query, room)).await;
                    (Some(Input::Listed { query, done }), permit)
                });
            }
            Task::Recall(recall) => {
                let store = Arc::clone(&self.store);
                self.state.tasks.spawn(async move {
                    let found = unless_it_panics(past::recall(&*store, &recall)).await;
                    (Some(Input::Recalled { recall, found }), permit)
                });
            }
            Task::Past(query) => {
                let (store, limits) = (Arc::clone(&self.store), Arc::clone(&self.limits));
                self.state.tasks.spawn(async move {
                    let past = unless_it_panics(past::find(&*store, &query, &limits)).await;
                    (Some(Input::Past { subscription: query.subscription, past }), permit)
                });
            }
            Task::Search(search) => {
                let store = Arc::clone(&self.store);
                self.state.tasks.spawn(async move {
                    let found = unless_it_panics(past::search(&*store, &search)).await;
                    (Some(Input::Searched { search, found }), permit)
                });
            }
            Task::Sweep(step) => {
                let store = Arc::clone(&self.store);
                self.state.tasks.spawn(async move {
                    let work = async { sweep(&*store, &step).await.map_err(|e| store_fault(&e)) };
                    let swept = unless_it_panics(work).await;
                    (Some(Input::Swept { step, swept }), None)
                });
            }
            Task::Issue(task) => self.issue(*task),
            Task::Rotate { credential, request } => self.rotate(credential, *request),
            Task::Revoke { id } => {
                let (provisioner, time) = (self.provisioner.clone(), self.limits.provision_time);
                let turns = Arc::clone(&self.revocations);
                self.state.revoking.spawn(async move {
                    let _turn = turns.acquire().await;
                    let revoked = revoke(provisioner, &id, time).await;
                    (Some(Input::Revoked { id, revoked }), None)
                });
            }
            Task::KeepBlob { artifact, data, sha256 } => {
                let keeper = self.keeper.clone();
                self.state.tasks.spawn(async move {
                    let kept = keeper.keep(&artifact, data, sha256).await;
                    drop(room);
                    (Some(Input::BlobKept { artifact, kept }), permit)
                });
            }
            Task::DropBlob { artifact } => {
                let keeper = self.keeper.clone();
                self.state.tasks.spawn(async move {
                    keeper.remove(&artifact).await;
                    (None, None)
                });
            }
            Task::Start(start) => self.host.start(*start),
            Task::Signal { job, reason } => self.host.signal(&job, reason),
            Task::Kill { job } => self.host.kill(&job),
            Task::OpenStream { job, stream, rate } => self.host.open_stream(&job, stream, rate),
            Task::StopStream { job, stream } => self.host.stop_stream(&job, &stream),
            Task::Pace { job, stream, rate } => self.host.pace(&job, &stream, rate),
            Task::Renew { job, credential, value } => self.host.renew(&job, credential, value),
            Task::Answer { ticket, result } => self.answer(ticket, result),
            Task::TellEnd { ticket, ended } => {
                if let Some(end) = self.state.ends.remove(&ticket) {
                    // An agent that has stopped waiting does not want to know.
                    drop(end.send(ended));
                }
            }
        }
    }

    fn answer(&mut self, ticket: Ticket, result: Result<Answer, Fault>) {
        if result.is_err() {
            self.state.ends.remove(&ticket);
        }
        if let Some(answer) = self.state.questions.remove(&ticket) {
            // An agent that has stopped waiting wants no answer.
            drop(answer.send(result));
        }
    }
}

fn asked_for(task: Issue) -> CredentialRequest {
    let Issue { id, job, principal, agent, lease, ceiling } = task;
    CredentialRequest { id, job, principal, agent, lease, ceiling }
}

/// The client that is to be asked whether it is there.
fn asked(effect: &Effect) -> Option<ConnectionId> {
    match effect {
        Effect::Say { connection, output: Output::Notice { notice: Notice::Ping { .. }, .. } } => {
            Some(*connection)
        }
        _ => None,
    }
}

/// Whether an effect answers the command that it follows from, now or when its task is done.
fn is_answer(effect: &Effect) -> bool {
    matches!(
        effect,
        Effect::Say { .. }
            | Effect::Fetch { .. }
            | Effect::Task(
                Task::Authenticate { .. }
                    | Task::Verify { .. }
                    | Task::List(_)
                    | Task::Recall(_)
                    | Task::Search(_)
                    | Task::KeepBlob { .. }
            )
    )
}

async fn told_to_stop(stops: &mut watch::Receiver<Option<Duration>>) -> Option<Duration> {
    stops.changed().await.ok()?;
    *stops.borrow_and_update()
}

async fn wait_for_commit(committing: &mut Option<Committing>) -> Result<(), StoreError> {
    match committing {
        Some(committing) => committing.commit.as_mut().await,
        None => Ok(()),
    }
}

async fn recv_reports(
    reports: &mut mpsc::Receiver<Report>,
    into: &mut Vec<Report>,
    room: usize,
) -> Option<usize> {
    Some(reports.recv_many(into, room).await).filter(|count| *count > 0)
}

async fn join(tasks: &mut JoinSet<Done>) -> Option<Done> {
    loop {
        match tasks.join_next().await? {
            Ok(done) => return Some(done),
            Err(error) => tracing::error!("a task of the writer's died: {error}"),
        }
    }
}

/// Commits, again and again while the store says that it may pass. A commit is never given up.
async fn commit_until_kept(store: Arc<dyn Store>, commit: Commit) -> Result<(), StoreError> {
    let mut pause = FIRST_PAUSE;
    loop {
        match store.commit(commit.clone()).await {
            Err(error) if error.is_retryable() => {
                tracing::error!("cannot commit, trying again: {error}");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            other => return other,
        }
    }
}

/// Messages taken before what is due is done.
const TIMELY_MESSAGES: usize = 64;
/// Messages taken at a time while the store is stuck.
const STUCK_MESSAGES: usize = 64;
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// How long after a halt credentials are still being revoked.
const LAST_CALLS: Duration = Duration::from_secs(5);
/// How long after a stop's grace the store may take to keep what is left.
const LAST_COMMIT: Duration = Duration::from_secs(10);
