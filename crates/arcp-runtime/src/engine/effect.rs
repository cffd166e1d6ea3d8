//! What the engine wants done, collected over one batch.

use std::collections::BTreeMap;
use std::sync::Arc;

use arcp_core::{
    Answer, Append, ArtifactId, ArtifactRef, Commit, Completion, ConnectionId, Credential,
    CredentialId, Delivery, Event, EventFilter, Fault, JobEvent, JobFilter, JobHead, JobId,
    JobSummary, Json, Key, MessageId, Offer, Output, Principal, Secret, SessionId, StreamId,
    SubscriptionId, Timestamp,
};
use arcp_transport::CloseReason;
use bytes::Bytes;

use super::{PastQuery, Recall, Search, Step, Ticket};
use crate::record::{AuditPage, Audited, JobPage, RecordError, Run, SessionPage, key};

/// What follows from a batch of inputs: one commit, and what to do once it is kept.
#[derive(Debug, Default)]
pub struct Effects {
    todo: Vec<Effect>,
    job_pages: BTreeMap<Key, JobPage>,
    /// Pages that are full.
    full: Vec<Append>,
    /// Bytes of events and facts so far.
    bytes: usize,
    session_pages: BTreeMap<Key, SessionPage>,
    audit_page: Option<AuditPage>,
    facts: BTreeMap<Key, Option<Bytes>>,
    hints: bool,
    broken: Option<RecordError>,
}

/// One thing to do, after the commit.
#[derive(Debug)]
pub enum Effect {
    /// Say this.
    Say {
        /// To whom.
        connection: ConnectionId,
        /// What.
        output: Output,
    },
    /// Say this if there is room for it: it is of use only now, and its loss does no harm.
    Hint {
        /// To whom.
        connection: ConnectionId,
        /// What.
        output: Output,
    },
    /// Give an artifact in answer to a message: its bytes are to be read when the connection comes to
    /// it.
    Fetch {
        /// To whom.
        connection: ConnectionId,
        /// The message's id.
        id: MessageId,
        /// When it was said.
        at: Timestamp,
        /// The command's message id.
        to: MessageId,
        /// Which.
        reference: ArtifactRef,
    },
    /// Deliver an event; it is in the log, so one that cannot be queued is not lost.
    Deliver {
        /// To whom.
        connection: ConnectionId,
        /// The event at its place.
        delivery: Delivery,
        /// Its size in the log, in bytes.
        weight: usize,
    },
    /// Events were added to the session's stream without being delivered: have the connection read
    /// them from the log.
    Feed {
        /// Which.
        connection: ConnectionId,
        /// The number of the last one.
        upto: u64,
    },
    /// The client has processed its events up to here, and may have as many more as the window
    /// says.
    Acked {
        /// Whose client.
        connection: ConnectionId,
        /// The number of the last one.
        seq: u64,
    },
    /// Something about an observer.
    Observe {
        /// Whose connection.
        connection: ConnectionId,
        /// Which subscription.
        subscription: SubscriptionId,
        /// What.
        observe: Observe,
    },
    /// End a connection once all that was said to it is sent.
    Close {
        /// Which.
        connection: ConnectionId,
        /// Why.
        reason: CloseReason,
    },
    /// Have something done outside.
    Task(Task),
}

/// Something about an observer.
#[derive(Debug)]
pub enum Observe {
    /// From now on it gets what passes.
    Begin {
        /// What passes.
        filter: Arc<EventFilter>,
        /// Whether the past is told first, and all else held back until then.
        past: bool,
    },
    /// An event that passes; it is in the log, so one that cannot be queued is not lost.
    Event {
        /// The event.
        event: Arc<JobEvent>,
        /// Its index in its job.
        index: u64,
        /// Its size in the log, in bytes.
        weight: usize,
    },
    /// The past, to be read from the log; then the mark of its end, then what was held back.
    Past {
        /// Where it is.
        runs: Vec<Run>,
        /// The message that marks its end.
        marker: MessageId,
        /// When that is said.
        at: Timestamp,
    },
    /// It gets nothing more.
    End,
}

/// Something to be done outside of the engine.
#[derive(Debug)]
pub enum Task {
    /// Judge an offer; answered by `Input::Judged`.
    Authenticate {
        /// Whose offer.
        connection: ConnectionId,
        /// Which attempt of that connection.
        attempt: u64,
        /// The offer.
        offer: Offer,
        /// A name that no other attempt has.
        unique: String,
    },
    /// Judge the answer to a challenge; answered by `Input::Judged`.
    Verify {
        /// Whose answer.
        connection: ConnectionId,
        /// Which attempt of that connection.
        attempt: u64,
        /// The scheme whose authenticator made the challenge.
        scheme: String,
        /// The challenge.
        challenge: String,
        /// The answer.
        response: Secret<String>,
    },
    /// Read ended jobs; answered by `Input::Listed`.
    List(Box<ListQuery>),
    /// Read a job that has ended; answered by `Input::Recalled`.
    Recall(Box<Recall>),
    /// Find the past that a new subscription wants; answered by `Input::Past`.
    Past(Box<PastQuery>),
    /// Find the number of an event; answered by `Input::Searched`.
    Search(Box<Search>),
    /// Forget what is old enough; answered by `Input::Swept`.
    Sweep(Box<Step>),
    /// Issue credentials for a job that is not accepted yet; answered by `Input::Provisioned`.
    Issue(Box<Issue>),
    /// Revoke what was issued; answered by `Input::Revoked`.
    Revoke {
        /// By what it goes.
        id: CredentialId,
    },
    /// Give a credential another value; answered by `Input::Rotated`. Nothing that goes by the same id is
    /// revoked meanwhile.
    Rotate {
        /// Which.
        credential: CredentialId,
        /// What it was issued for.
        request: Box<Issue>,
    },
    /// Tell a job's agent of the value that a credential has from now on; before the answer that says so.
    Renew {
        /// The job.
        job: JobId,
        /// Which.
        credential: CredentialId,
        /// The value.
        value: Secret<String>,
    },
    /// Put the bytes of an artifact among the blobs, if their SHA-256 is as it should be; answered by
    /// `Input::BlobKept`.
    KeepBlob {
        /// The artifact.
        artifact: ArtifactId,
        /// Its bytes.
        data: Bytes,
        /// What their digest should be.
        sha256: Option<String>,
    },
    /// Remove the bytes of an artifact; what fails is done at the next start.
    DropBlob {
        /// The artifact.
        artifact: ArtifactId,
    },
    /// Run a job's agent; answered by `Input::Report`s, the last one `Ended`.
    Start(Box<StartJob>),
    /// Tell a job's agent that it is asked to end.
    Signal {
        /// Which.
        job: JobId,
        /// Why.
        reason: String,
    },
    /// Drop a job's agent: the job is over, whatever it still says.
    Kill {
        /// Which.
        job: JobId,
    },
    /// Answer a question of a job's.
    Answer {
        /// Which.
        ticket: Ticket,
        /// The answer.
        result: Result<Answer, Fault>,
    },
    /// Tell an agent of the end of the job that it has delegated to: by the ticket of the question that did
    /// it, after the answer.
    TellEnd {
        /// Which.
        ticket: Ticket,
        /// What it gave, or why it has not.
        ended: Result<Completion, Fault>,
    },
    /// Let a job's agent write to a stream; before the answer that says so.
    OpenStream {
        /// The job.
        job: JobId,
        /// Which.
        stream: StreamId,
        /// Chunks a second; `None` for no bound.
        rate: Option<u32>,
    },
    /// Tell a job's agent that a stream of its is over.
    StopStream {
        /// The job.
        job: JobId,
        /// Which.
        stream: StreamId,
    },
    /// Tell a job's agent how fast a stream of its may be.
    Pace {
        /// The job.
        job: JobId,
        /// Which.
        stream: StreamId,
        /// Chunks a second; `None` for no bound.
        rate: Option<u32>,
    },
}

/// Credentials to be issued.
#[derive(Debug)]
pub struct Issue {
    /// What is issued goes by this.
    pub id: CredentialId,
    /// The job.
    pub job: JobId,
    /// Whose it is.
    pub principal: Principal,
    /// The agent, with its version.
    pub agent: arcp_core::AgentRef,
    /// Its effective lease.
    pub lease: arcp_core::Lease,
    /// What no job may go beyond.
    pub ceiling: Option<arcp_core::Lease>,
}

/// A listing on its way.
#[derive(Debug)]
pub struct ListQuery {
    /// Who asked.
    pub connection: ConnectionId,
    /// In which session.
    pub session: SessionId,
    /// By which message.
    pub to: MessageId,
    /// Whose jobs.
    pub principal: Principal,
    /// Which of them.
    pub filter: JobFilter,
    /// After which.
    pub after: Option<JobId>,
    /// At most how many.
    pub limit: usize,
    /// Those that had not ended when it was asked and pass the filter, in order.
    pub open: Vec<JobSummary>,
}

/// A job to be run.
#[derive(Debug)]
pub struct StartJob {
    /// The job.
    pub job: JobId,
    /// The agent, with its version.
    pub agent: arcp_core::AgentRef,
    /// What it gets; to be read from the store when it is not here.
    pub input: Option<Json>,
    /// Its effective lease.
    pub lease: arcp_core::Lease,
    /// Its trace.
    pub trace: Option<arcp_core::TraceId>,
    /// What was issued for it.
    pub credentials: Vec<Credential>,
    /// Which run this is, from 1.
    pub attempt: u32,
    /// Whether it goes on from the last state that it has kept; to be read from the store.
    pub restored: bool,
}

impl Effects {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many effects there are so far.
    pub fn len(&self) -> usize {
        self.todo.len()
    }

    /// Whether there is neither something to keep nor something to do.
    pub fn is_empty(&self) -> bool {
        self.todo.is_empty() && !self.is_durable()
    }

    /// Bytes of events and facts to be kept so far.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether there is something to keep.
    pub fn is_durable(&self) -> bool {
        // A page that is full is followed by one that is not.
        !(self.job_pages.is_empty() && self.session_pages.is_empty() && self.facts.is_empty())
            || self.audit_page.is_some()
    }

    /// The effects from `start` on.
    pub fn since(&self, start: usize) -> &[Effect] {
        self.todo.get(start..).unwrap_or_default()
    }

    /// Takes what is to be kept. An error means a fault of ours: nothing of the batch may be told.
    pub fn take_commit(&mut self) -> Result<Commit, RecordError> {
        if let Some(error) = self.broken.take() {
            return Err(error);
        }
        let mut commit = Commit { appends: std::mem::take(&mut self.full), ..Commit::default() };
        self.bytes = 0;
        for (stream, page) in std::mem::take(&mut self.job_pages) {
            commit.appends.push(Append { stream, record: page.into_record() });
        }
        for (stream, page) in std::mem::take(&mut self.session_pages) {
            commit.appends.push(Append { stream, record: page.into_record()? });
        }
        if let Some(page) = self.audit_page.take() {
            commit.appends.push(Append { stream: key::audit(), record: page.into_record() });
        }
        for (key, fact) in std::mem::take(&mut self.facts) {
            match fact {
                Some(value) => commit.puts.push((key, value)),
                None => commit.deletes.push(key),
            }
        }
        Ok(commit)
    }

    /// Takes what is to be done, in order.
    pub fn take_effects(&mut self) -> Vec<Effect> {
        self.hints = false;
        std::mem::take(&mut self.todo)
    }

    pub(super) fn say(&mut self, connection: ConnectionId, output: Output) {
        self.todo.push(Effect::Say { connection, output });
    }

    pub(super) fn hint(&mut self, connection: ConnectionId, output: Output) {
        self.hints = true;
        self.todo.push(Effect::Hint { connection, output });
    }

    /// Whether there are hints so far.
    pub(super) fn has_hints(&self) -> bool {
        self.hints
    }

    pub(super) fn fetch(
        &mut self,
        connection: ConnectionId,
        id: MessageId,
        at: Timestamp,
        to: MessageId,
        reference: ArtifactRef,
    ) {
        self.todo.push(Effect::Fetch { connection, id, at, to, reference });
    }

    pub(super) fn deliver(
        &mut self,
        connection: ConnectionId,
        seq: u64,
        event: &Arc<JobEvent>,
        weight: usize,
    ) {
        let delivery = Delivery { seq, event: Arc::clone(event) };
        self.todo.push(Effect::Deliver { connection, delivery, weight });
    }

    pub(crate) fn close(&mut self, connection: ConnectionId, reason: CloseReason) {
        self.todo.push(Effect::Close { connection, reason });
    }

    pub(super) fn task(&mut self, task: Task) {
        self.todo.push(Effect::Task(task));
    }

    /// Adds the event at `index` to a job's stream and returns its size in bytes.
    pub(super) fn append_event(
        &mut self,
        stream: &Key,
        head: &JobHead,
        index: u64,
        at: Timestamp,
        event: &Event,
    ) -> usize {
        let size = self.push_event(stream, head, index, at, event).unwrap_or_else(|error| {
            self.broken = Some(error);
            0
        });
        self.bytes += size;
        size
    }

    fn push_event(
        &mut self,
        stream: &Key,
        head: &JobHead,
        index: u64,
        at: Timestamp,
        event: &Event,
    ) -> Result<usize, RecordError> {
        if let Some(page) = self.job_pages.get_mut(stream) {
            if page.len() < PAGE_BYTES {
                return page.push(at, event);
            }
            let full = std::mem::replace(page, JobPage::new(head, index)?);
            self.full.push(Append { stream: stream.clone(), record: full.into_record() });
            return page.push(at, event);
        }
        let mut page = JobPage::new(head, index)?;
        let size = page.push(at, event)?;
        self.job_pages.insert(stream.clone(), page);
        Ok(size)
    }

    /// Adds a pointer to a session's stream.
    pub(super) fn append_pointer(&mut self, stream: &Key, seq: u64, job: &JobId, index: u64) {
        self.append_run(stream, seq, job, index, 1);
    }

    /// Adds pointers to `count` events of a job to a session's stream.
    pub(super) fn append_run(
        &mut self,
        stream: &Key,
        seq: u64,
        job: &JobId,
        index: u64,
        count: u32,
    ) {
        let page = self.session_pages.get_mut(stream);
        if page.is_some_and(|page| page.push_run(job, index, count)) {
            return;
        }
        let mut page = SessionPage::new(seq);
        page.push_run(job, index, count);
        let Some(full) = self.session_pages.insert(stream.clone(), page) else { return };
        match full.into_record() {
            Ok(record) => self.full.push(Append { stream: stream.clone(), record }),
            Err(error) => self.broken = Some(error),
        }
    }

    /// Adds a wish to watch a job.
    pub(super) fn append_audited(&mut self, number: u64, audited: &Audited) {
        let pushed = match &mut self.audit_page {
            Some(page) => page.push(audited),
            None => {
                AuditPage::new(number).and_then(|page| self.audit_page.insert(page).push(audited))
            }
        };
        match pushed {
            Ok(size) => self.bytes += size,
            Err(error) => self.broken = Some(error),
        }
    }

    pub(super) fn feed(&mut self, connection: ConnectionId, upto: u64) {
        self.todo.push(Effect::Feed { connection, upto });
    }

    pub(super) fn acked(&mut self, connection: ConnectionId, seq: u64) {
        self.todo.push(Effect::Acked { connection, seq });
    }

    pub(super) fn observe(
        &mut self,
        connection: ConnectionId,
        subscription: &SubscriptionId,
        observe: Observe,
    ) {
        let subscription = subscription.clone();
        self.todo.push(Effect::Observe { connection, subscription, observe });
    }

    /// Sets a fact; the last word of a batch counts.
    pub(super) fn put(&mut self, key: Key, value: Result<Bytes, RecordError>) {
        match value {
            Ok(value) => {
                self.bytes += value.len();
                self.facts.insert(key, Some(value));
            }
            Err(error) => self.broken = Some(error),
        }
    }

    /// Removes a fact.
    pub(super) fn delete(&mut self, key: Key) {
        self.facts.insert(key, None);
    }
}

/// A page that has as much takes no further event, so that reading a few does not mean reading many.
const PAGE_BYTES: usize = 64 << 10;
