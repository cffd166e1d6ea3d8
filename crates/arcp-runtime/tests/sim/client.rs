//! A model client: what it has sent, what it was told, and what it must never be told.

use std::collections::{BTreeMap, BTreeSet};

use arcp_core::{ConnectionId, JobId, MessageId, Notice, Output, Reply, SessionId};

/// What a client knows.
#[derive(Debug, Default)]
pub(crate) struct Client {
    pub(crate) name: String,
    pub(crate) connection: Option<ConnectionId>,
    pub(crate) session: Option<SessionId>,
    /// Commands that want an answer on this connection.
    pub(crate) waiting: BTreeSet<MessageId>,
    /// Commands that were sent before the client knew of its acceptance: answered if the runtime
    /// had accepted by then, else dropped.
    pub(crate) early: BTreeSet<MessageId>,
    /// The last number seen of each session.
    pub(crate) seen: BTreeMap<SessionId, u64>,
    /// Jobs whose acceptance was seen.
    pub(crate) accepted: BTreeSet<JobId>,
    /// Jobs whose end was seen.
    pub(crate) ended: BTreeSet<JobId>,
    /// Commands that were sent and may be sent again by mistake.
    pub(crate) sent: Vec<arcp_core::Issued>,
}

impl Client {
    /// The connection is gone; what was on its way is lost.
    pub(crate) fn cut(&mut self) {
        self.connection = None;
        self.session = None;
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
                let job = &delivery.event.head.job;
                assert!(self.accepted.contains(job), "{}: {job} was not accepted", self.name);
                assert!(!self.ended.contains(job), "{}: {job} goes on after its end", self.name);
                if delivery.event.event.is_terminal() {
                    self.ended.insert(job.clone());
                }
            }
            Output::Observed(_) => panic!("{}: it observes nothing", self.name),
            Output::Reply { to, reply, .. } => {
                let wanted = self.waiting.remove(to) || self.early.remove(to);
                assert!(wanted, "{}: {reply:?} answers nothing", self.name);
                self.take_reply(reply);
            }
            Output::Notice { notice, .. } => {
                assert!(self.session.is_some(), "{}: a notice before acceptance", self.name);
                if let Notice::Evicted(_) = notice {
                    self.session = None;
                }
            }
        }
    }

    fn take_reply(&mut self, reply: &Reply) {
        match reply {
            Reply::Accepted(accepted) => {
                self.session = Some(accepted.session.clone());
            }
            Reply::Rejected(_) => {}
            other => {
                assert!(self.session.is_some(), "{}: {other:?} before acceptance", self.name);
                if let Reply::JobAccepted(accepted) = other {
                    let fresh = self.accepted.insert(accepted.job.clone());
                    assert!(fresh, "{}: {} was accepted twice", self.name, accepted.job);
                }
                if let Reply::Closed = other {
                    self.session = None;
                }
            }
        }
    }
}
