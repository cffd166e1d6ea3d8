//! A model client: what it has sent, what it was told, and what it must never be told.

use std::collections::{BTreeMap, BTreeSet};

use arcp_core::{
    ArtifactId, Command, ConnectionId, Event, IdempotencyKey, JobAccepted, JobEvent, JobId,
    LeaseId, MessageId, Notice, Observed, Output, Reply, SessionId, SubscriptionId,
};
use arcp_runtime::record::Anchor;

/// What a client knows.
#[derive(Debug, Default)]
pub(crate) struct Client {
    pub(crate) name: String,
    pub(crate) connection: Option<ConnectionId>,
    pub(crate) session: Option<SessionId>,
    /// Commands that want an answer on this connection.
    pub(crate) waiting: BTreeSet<MessageId>,
    /// What jobs have asked for, by the messages that asked.
    pub(crate) requests: Vec<MessageId>,
    /// What jobs were granted.
    pub(crate) leases: Vec<LeaseId>,
    /// Artifacts that were kept for it.
    pub(crate) artifacts: Vec<ArtifactId>,
    /// Commands that were sent before the client knew of its acceptance: answered if the runtime
    /// had accepted by then, else dropped.
    pub(crate) early: BTreeSet<MessageId>,
    /// The last number seen of each session.
    pub(crate) seen: BTreeMap<SessionId, u64>,
    /// Jobs whose acceptance was seen.
    pub(crate) accepted: BTreeSet<JobId>,
    /// Of the jobs that the session watches, the index of the next event; `None` when any may come.
    pub(crate) expected: BTreeMap<JobId, Option<u64>>,
    /// By subscription and job, the index of the last event.
    pub(crate) observed: BTreeMap<SubscriptionId, BTreeMap<JobId, u64>>,
    /// Keys that an accepted job answers, with what was wanted.
    pub(crate) keyed: Vec<(IdempotencyKey, String, JobId)>,
    /// Commands that were sent and may be sent again by mistake.
    pub(crate) sent: Vec<arcp_core::Issued>,
}

impl Client {
    /// The connection is gone; what was on its way is lost.
    pub(crate) fn cut(&mut self) {
        self.connection = None;
        self.session = None;
        self.expected.clear();
        self.observed.clear();
        self.waiting.clear();
        self.early.clear();
        self.sent.clear();
    }

    /// Takes what the runtime says, and checks it against what was said before.
    pub(crate) fn take(&mut self, output: &Output) {
        match output {
            Output::Event(delivery) => {
                let session = self.session.clone().expect("an event before acceptance");
                let seen = self.seen.entry(session).or_default();
                assert_eq!(delivery.seq, *seen + 1, "{}: a gap or a double", self.name);
                *seen = delivery.seq;
                self.take_event(&delivery.event);
            }
            Output::Observed(observed) => self.take_observed(observed),
            Output::Reply { to, reply, .. } => {
                let wanted = self.waiting.remove(to) || self.early.remove(to);
                assert!(wanted, "{}: {reply:?} answers nothing", self.name);
                self.take_reply(to, reply);
            }
            Output::Notice { notice, .. } => {
                assert!(self.session.is_some(), "{}: a notice before acceptance", self.name);
                if let Notice::Evicted(_) = notice {
                    self.session = None;
                }
            }
        }
    }

    /// A job's events come in order, each once, from where the session was told that they begin.
    fn take_event(&mut self, event: &JobEvent) {
        let job = &event.head.job;
        let index = index(event);
        match &event.event {
            Event::PermissionRequest(_) => self.requests.push(event.id.clone()),
            Event::LeaseGranted(granted) => self.leases.push(granted.lease.clone()),
            _ => {}
        }
        let next = self.expected.get_mut(job);
        let next = next.unwrap_or_else(|| panic!("{}: {job} is not watched", self.name));
        assert!(next.is_none_or(|next| next == index), "{}: {job} {index}, {next:?}", self.name);
        *next = Some(index + 1);
    }

    fn take_observed(&mut self, observed: &Observed) {
        let seen = self.observed.get_mut(&observed.subscription);
        let seen = seen.unwrap_or_else(|| panic!("{}: it does not observe", self.name));
        let Some(event) = &observed.event else { return };
        let index = index(event);
        if let Some(last) = seen.insert(event.head.job.clone(), index) {
            assert_eq!(index, last + 1, "{}: an observer's gap or double", self.name);
        }
    }

    fn take_reply(&mut self, to: &MessageId, reply: &Reply) {
        match reply {
            Reply::Accepted(accepted) => {
                if self.session.as_ref() != Some(&accepted.session) {
                    self.expected.clear();
                    self.observed.clear();
                }
                self.session = Some(accepted.session.clone());
            }
            Reply::Rejected(_) => {}
            other => {
                assert!(self.session.is_some(), "{}: {other:?} before acceptance", self.name);
                match other {
                    Reply::JobAccepted(accepted) => self.take_job(to, accepted),
                    Reply::ArtifactKept(reference) => {
                        self.artifacts.push(reference.artifact.clone());
                    }
                    Reply::Watched(watched) => {
                        let job = watched.summary.job.clone();
                        self.expected.insert(job, Some(watched.after + 1));
                    }
                    Reply::Subscribed { subscription } => {
                        self.observed.insert(subscription.clone(), BTreeMap::new());
                    }
                    _ => {}
                }
                if let Reply::Closed = other {
                    self.session = None;
                }
            }
        }
    }

    fn take_job(&mut self, to: &MessageId, accepted: &JobAccepted) {
        let job = accepted.job.clone();
        let sent = self.sent.iter().find(|issued| issued.id == *to).expect("it was asked for");
        if let Command::Submit(submit) = &sent.command
            && let Some(key) = &submit.key
        {
            let intent = format!("{} {} {:?}", submit.agent, submit.input, submit.max_runtime);
            self.keyed.push((key.clone(), intent, job.clone()));
        }
        if accepted.repeated.is_some() {
            self.expected.insert(job.clone(), None);
            self.accepted.insert(job);
            return;
        }
        self.expected.insert(job.clone(), Some(1));
        let fresh = self.accepted.insert(job);
        assert!(fresh, "{}: {} was accepted twice", self.name, accepted.job);
    }
}

fn index(event: &JobEvent) -> u64 {
    let place = Anchor::parse(&event.id).expect("an event's message");
    place.index_in(&event.head.job).expect("an event of the job")
}
