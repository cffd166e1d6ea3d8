//! A model client: what it has sent, what it was told, and what it must never be told.

use std::collections::{BTreeMap, BTreeSet};

use arcp_core::{
    ArtifactId, Code, Command, ConnectionId, Event, IdempotencyKey, JobAccepted, JobEvent, JobId,
    LeaseId, MessageId, Notice, Observed, Output, Reply, SessionId, SessionResumed, SubscriptionId,
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
    /// The session that can go on, and the tokens for it, the latest last.
    pub(crate) resumable: Option<(SessionId, Vec<String>)>,
    /// Whether the session has gone on, so that answers may be missing.
    pub(crate) has_resumed: bool,
    /// Whether an answer may be missing that let events of the past be told.
    pub(crate) has_missed: bool,
    /// The jobs of which events of the past were to be told after an answer, and may not all have been.
    pub(crate) rewound: BTreeSet<JobId>,
    /// Whether it has asked to go on by the latest token.
    pub(crate) latest_used: bool,
    /// After which event it was asked to go on.
    pub(crate) resuming_from: u64,
    /// Of every event that was seen, its message: the same whenever it is told.
    pub(crate) log: BTreeMap<(SessionId, u64), MessageId>,
    /// Commands that were sent and may be sent again by mistake.
    pub(crate) sent: Vec<arcp_core::Issued>,
}

impl Client {
    /// The connection is gone; what was on its way is lost.
    pub(crate) fn cut(&mut self) {
        self.connection = None;
        let asked = |issued: &&arcp_core::Issued| self.waiting.contains(&issued.id);
        self.has_missed |= !self.rewound.is_empty();
        self.has_missed |= self.sent.iter().filter(asked).any(|issued| match &issued.command {
            Command::Watch(_) => true,
            Command::Submit(submit) => submit.key.is_some(),
            _ => false,
        });
        self.session = None;
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
                let seen = self.seen.entry(session.clone()).or_default();
                assert_eq!(delivery.seq, *seen + 1, "{}: a gap or a double", self.name);
                *seen = delivery.seq;
                let id = &delivery.event.id;
                let place = (session, delivery.seq);
                // What was seen before comes without the answers that came before it.
                let again = self.log.contains_key(&place);
                let known = self.log.entry(place).or_insert_with(|| id.clone());
                assert_eq!(known, id, "{}: number {} is another event", self.name, delivery.seq);
                self.take_event(&delivery.event, again);
            }
            Output::Observed(observed) => self.take_observed(observed),
            // Some dialects say nothing of it.
            Output::Reply { to, reply: Reply::Premature(_), .. } => {
                self.waiting.remove(to);
                self.early.remove(to);
            }
            Output::Notice { notice: Notice::Premature(_), .. }
            | Output::Reply { reply: Reply::Repeated, .. } => {}
            Output::Reply { to, reply, .. } => {
                let wanted = self.waiting.remove(to) || self.early.remove(to);
                assert!(wanted, "{}: {reply:?} answers nothing", self.name);
                self.take_reply(to, reply);
            }
            Output::Notice { notice, .. } => {
                assert!(self.session.is_some(), "{}: a notice before acceptance", self.name);
                match notice {
                    Notice::Evicted(_) => self.session = None,
                    Notice::Delegated(child) => self.take_child(child),
                    _ => {}
                }
            }
        }
    }

    /// A job's events come in order, each once, from where the session was told that they begin.
    fn take_event(&mut self, event: &JobEvent, again: bool) {
        let job = &event.head.job;
        let index = index(event);
        match &event.event {
            Event::PermissionRequest(_) => self.requests.push(event.id.clone()),
            Event::LeaseGranted(granted) => self.leases.push(granted.lease.clone()),
            _ => {}
        }
        // What a session watches is known to those who have had all its answers.
        let next = self.expected.get_mut(job);
        let Some(next) = next else {
            assert!(self.has_resumed, "{}: {job} is not watched", self.name);
            self.expected.insert(job.clone(), Some(index + 1));
            return;
        };
        let fits = next.is_none_or(|next| next == index) || self.has_missed || again;
        assert!(fits, "{}: {job} {index}, {next:?}", self.name);
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
                    (self.has_resumed, self.has_missed) = (false, false);
                    self.rewound.clear();
                }
                self.session = Some(accepted.session.clone());
                if let Some(resumption) = &accepted.resumption {
                    let token = resumption.token.expose().clone();
                    self.resumable = Some((accepted.session.clone(), vec![token]));
                    self.latest_used = false;
                }
            }
            Reply::Resumed(resumed) => self.take_resumed(resumed),
            Reply::Rejected(fault) => {
                let resumed = self.sent.iter().find(|issued| issued.id == *to);
                let resumed = resumed.is_some_and(|i| matches!(i.command, Command::Resume(_)));
                if resumed && fault.code != Code::Unavailable {
                    self.resumable = None;
                }
            }
            other => {
                assert!(self.session.is_some(), "{}: {other:?} before acceptance", self.name);
                match other {
                    Reply::JobAccepted(accepted) => self.take_job(to, accepted),
                    Reply::Replaying { after } => self.go_back(*after),
                    Reply::ArtifactKept(reference) => {
                        self.artifacts.push(reference.artifact.clone());
                    }
                    Reply::Watched(watched) => {
                        let job = watched.summary.job.clone();
                        if watched.replayed {
                            self.rewound.insert(job.clone());
                        }
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

    fn take_resumed(&mut self, resumed: &SessionResumed) {
        let session = resumed.session.session.clone();
        let (known, tokens) = self.resumable.as_mut().expect("it was asked for");
        assert_eq!(*known, session, "{}: another session", self.name);
        if let Some(resumption) = &resumed.session.resumption {
            tokens.push(resumption.token.expose().clone());
            self.latest_used = false;
        }
        assert_eq!(resumed.after, self.resuming_from, "{}", self.name);
        self.session = Some(session);
        self.has_resumed = true;
        self.go_back(resumed.after);
    }

    /// Events come again from the one after this number on.
    fn go_back(&mut self, after: u64) {
        let session = self.session.clone().expect("a session");
        let seen = self.seen.entry(session).or_default();
        assert!(after <= *seen, "{}: {after} is ahead of {seen}", self.name);
        if after < *seen {
            self.expected.values_mut().for_each(|next| *next = None);
        }
        *seen = after;
    }

    /// A job of the session's has delegated to another, which is the session's too.
    fn take_child(&mut self, child: &JobAccepted) {
        assert!(child.parent.is_some() && child.credentials.is_empty(), "{}", self.name);
        self.expected.insert(child.job.clone(), Some(1));
        let fresh = self.accepted.insert(child.job.clone());
        assert!(fresh, "{}: {} was told twice", self.name, child.job);
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
