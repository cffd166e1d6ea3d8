//! What the clients of a world do: what clients do, and what they should not.

use std::collections::VecDeque;
use std::time::Duration;

use arcp_core::lease::{Budget, Pattern};
use arcp_core::{
    Cancel, CancelTarget, Capabilities, ClientIdentity, Command, ConnectionId, EventFilter, Fault,
    Feature, IdempotencyKey, Issued, Json, Lease, ListJobs, MessageId, Offer, OnClose, Open,
    PermissionAnswer, PermissionVerdict, PingKind, PutArtifact, RESUME_EXTENSION, Replay, Resume,
    Secret, Since, Submit, Subscribe, Vocabulary, WatchJob,
};
use arcp_runtime::engine::{Effects, Input};
use arcp_store::Bytes;
use rand::Rng;
use rand::seq::IteratorRandom;

use crate::world::World;

impl World {
    pub(crate) fn client_acts(&mut self) {
        let who = self.random.random_range(0..self.clients.len());
        match (self.clients[who].connection, self.clients[who].session.is_some()) {
            (None, _) => self.connect(who),
            (Some(connection), false) => self.offer_or_misbehave(who, connection),
            (Some(connection), true) => self.command(who, connection),
        }
    }

    fn connect(&mut self, who: usize) {
        let connection = ConnectionId(self.number());
        self.clients[who].connection = Some(connection);
        self.links.insert(connection, VecDeque::new());
        self.input(Input::Connected { connection });
    }

    fn offer_or_misbehave(&mut self, who: usize, connection: ConnectionId) {
        match self.random.random_range(0..10) {
            0 => self.cut(who),
            1 => {
                // Dropped without an answer (R§8.1).
                let ping = Command::Ping { kind: PingKind::Connection, nonce: None };
                self.issue(who, connection, ping, false);
            }
            2 => self.bad_frame(connection),
            _ if !self.clients[who].waiting.is_empty() => {}
            3..10 if self.clients[who].resumable.is_some() => self.resume(who, connection),
            _ => {
                let scheme = if self.random.random_bool(0.9) { "bearer" } else { "mtls" };
                let mut anonymous = Capabilities::default().with(Feature::Anonymous, true);
                if self.random.random_bool(0.5) {
                    anonymous.extensions.insert(RESUME_EXTENSION.to_owned());
                }
                for feature in [Feature::Heartbeat, Feature::Ack] {
                    anonymous = anonymous.with(feature, self.random.random_bool(0.3));
                }
                let open = Open {
                    offer: Offer {
                        scheme: scheme.to_owned(),
                        token: Some(Secret::new("t".to_owned())),
                    },
                    client: ClientIdentity::default(),
                    capabilities: anonymous,
                    vocabulary: Vocabulary::default(),
                };
                self.issue(who, connection, Command::Open(Box::new(open)), true);
            }
        }
    }

    /// Goes on where the client was, or where it was some time ago; now and then twice at once, or by an
    /// older token than it has.
    fn resume(&mut self, who: usize, connection: ConnectionId) {
        let lost = self.random.random_bool(0.1);
        let client = &mut self.clients[who];
        let Some((session, tokens)) = &mut client.resumable else { return };
        if lost && !client.latest_used && tokens.len() > 1 {
            // As if the answer with the latest one had been lost; it is good for as long as that is not in
            // use.
            tokens.pop();
        }
        let Some(token) = tokens.last() else { return };
        let token = Secret::new(token.clone());
        let seen = client.seen.get(session).copied().unwrap_or_default();
        let last_seq =
            if self.random.random_bool(0.2) { self.random.random_range(0..=seen) } else { seen };
        let resume = Resume {
            token,
            session: None,
            last_seq,
            offer: None,
            client: None,
            capabilities: None,
            vocabulary: Vocabulary::default(),
        };
        if self.random.random_bool(0.1) {
            // A connection of which the client knows nothing, such as a proxy's second try.
            let ghost = ConnectionId(self.number());
            self.input(Input::Connected { connection: ghost });
            let id = MessageId::parse(&format!("msg_{}", self.number())).unwrap();
            let command = Command::Resume(Box::new(resume.clone()));
            let issued = Issued { id, at: self.now.wall, trace: None, command };
            self.input(Input::Command { connection: ghost, issued, intent: None });
            self.lose(ghost);
        }
        self.clients[who].latest_used = true;
        self.clients[who].resuming_from = last_seq;
        self.issue(who, connection, Command::Resume(Box::new(resume)), true);
    }

    /// Has what followed an event told once more.
    fn replay(&mut self, who: usize, connection: ConnectionId) {
        let client = &self.clients[who];
        let Some(session) = &client.session else { return };
        let of_session = client.log.range((session.clone(), 0)..=(session.clone(), u64::MAX));
        let Some((_, after)) = of_session.choose(&mut self.random) else { return };
        let replay = Replay { session: None, after: after.clone() };
        self.issue(who, connection, Command::Replay(replay), true);
    }

    fn command(&mut self, who: usize, connection: ConnectionId) {
        match self.random.random_range(0..30) {
            0 => self.cut(who),
            1 => self.bad_frame(connection),
            2 => self.repeat(connection, who),
            3 => self.close(who, connection),
            4..6 => {
                let ping = Command::Ping { kind: PingKind::Session, nonce: Some("n".to_owned()) };
                self.issue(who, connection, ping, true);
            }
            6..8 => {
                self.issue(who, connection, Command::ListJobs(Box::<ListJobs>::default()), true);
            }
            8..10 => self.cancel(who, connection),
            12 => self.cancel_other(who, connection),
            14..16 => self.answer_permission(who, connection),
            16..18 => self.artifact(who, connection),
            13 => {
                let command = Command::Backpressure { stream: None, rate: Some(7) };
                self.issue(who, connection, command, true);
            }
            10 => self.watch(who, connection),
            11 => self.observe(who, connection),
            18 => self.replay(who, connection),
            _ => self.submit(who, connection),
        }
    }

    fn close(&mut self, who: usize, connection: ConnectionId) {
        let ends = [OnClose::Cancel, OnClose::Detach, OnClose::Wait];
        let jobs = ends[self.random.random_range(0..ends.len())];
        self.issue(who, connection, Command::Close { reason: None, jobs }, true);
    }

    fn cancel(&mut self, who: usize, connection: ConnectionId) {
        let known = self.clients[who].accepted.iter().choose(&mut self.random).cloned();
        let target_id = known.map_or_else(|| "job_none".to_owned(), |job| job.to_string());
        let deadline = self.random.random_bool(0.3).then_some(Duration::from_millis(20));
        let cancel = Cancel { target: CancelTarget::Job, target_id, reason: None, deadline };
        self.issue(who, connection, Command::Cancel(Box::new(cancel)), true);
    }

    /// A stream of anybody's, or a session.
    fn cancel_other(&mut self, who: usize, connection: ConnectionId) {
        let sessions = self.clients.iter().filter_map(|client| client.session.as_ref());
        let streams = self.agents.values().flat_map(|agent| agent.streams.keys());
        let streams = streams.map(|stream| (CancelTarget::Stream, stream.to_string()));
        let sessions = sessions.map(|session| (CancelTarget::Session, session.to_string()));
        let some = if self.random.random_bool(0.95) {
            streams.choose(&mut self.random)
        } else {
            sessions.choose(&mut self.random)
        };
        let Some((target, target_id)) = some else { return };
        let cancel = Cancel { target, target_id, reason: None, deadline: None };
        self.issue(who, connection, Command::Cancel(Box::new(cancel)), true);
    }

    /// Grants or denies something that was asked for, lets it last longer, or takes it back.
    fn answer_permission(&mut self, who: usize, connection: ConnectionId) {
        let client = &self.clients[who];
        let command = if self.random.random_bool(0.7) {
            let Some(request) = client.requests.iter().choose(&mut self.random) else { return };
            let (resource, operation) = ("hammer".to_owned(), "hit".to_owned());
            let verdict = if self.random.random_bool(0.7) {
                let lease = Duration::from_secs(self.random.random_range(0..3));
                PermissionVerdict::Grant { resource, operation, lease }
            } else {
                PermissionVerdict::Deny { reason: "sim".to_owned() }
            };
            let permission = "tool.call".to_owned();
            let request = Some(request.clone());
            Command::AnswerPermission(Box::new(PermissionAnswer {
                request,
                job: None,
                permission,
                verdict,
            }))
        } else {
            let Some(lease) = client.leases.iter().choose(&mut self.random) else { return };
            let lease = lease.clone();
            if self.random.random_bool(0.5) {
                Command::RefreshLease { lease, additional: Duration::from_secs(1) }
            } else {
                Command::RevokeLease { lease, reason: "sim".to_owned() }
            }
        };
        self.issue(who, connection, command, true);
    }

    fn artifact(&mut self, who: usize, connection: ConnectionId) {
        let everyone = self.clients.iter().flat_map(|client| &client.artifacts);
        let known = everyone.choose(&mut self.random).cloned();
        let command = match (known, self.random.random_range(0..4)) {
            (Some(artifact), 0) => Command::FetchArtifact { artifact },
            (Some(artifact), 1) => Command::ReleaseArtifact { artifact },
            _ => Command::PutArtifact(Box::new(PutArtifact {
                media_type: "a/b".to_owned(),
                data: Bytes::from_static(b"sim"),
                sha256: None,
                retain: self.random.random_bool(0.5).then_some(Duration::from_secs(2)),
            })),
        };
        self.issue(who, connection, command, true);
    }

    fn watch(&mut self, who: usize, connection: ConnectionId) {
        let everyone = self.clients.iter().flat_map(|client| &client.accepted);
        let Some(job) = everyone.choose(&mut self.random).cloned() else { return };
        let command = if self.random.random_bool(0.2) {
            Command::Unwatch { job }
        } else {
            let after = self.random.random_bool(0.7).then(|| self.random.random_range(0..4));
            Command::Watch(WatchJob { job, after })
        };
        self.issue(who, connection, command, true);
    }

    fn observe(&mut self, who: usize, connection: ConnectionId) {
        let since = self.random.random_bool(0.5).then_some(Since::Start);
        let subscribe = Subscribe { filter: EventFilter::default(), since };
        let known = self.clients[who].observed.keys().choose(&mut self.random).cloned();
        let command = match known {
            Some(subscription) if self.random.random_bool(0.5) => {
                Command::Unsubscribe { subscription }
            }
            _ => Command::Subscribe(Box::new(subscribe)),
        };
        self.issue(who, connection, command, true);
    }

    fn submit(&mut self, who: usize, connection: ConnectionId) {
        let agent = ["work", "work@1", "again", "goes-on", "work@9", "none", "Bad"];
        let agent = agent.into_iter().choose(&mut self.random).unwrap_or("work");
        let lease = self.random.random_bool(0.5).then(|| {
            let mut lease = Lease::default().grant("tool.call", Pattern::parse("*").unwrap());
            lease.budget = Budget::parse(["USD:5"]).unwrap();
            if self.random.random_bool(0.3) {
                lease.expires_at = Some(self.now.wall.after(Duration::from_secs(3)));
            }
            lease
        });
        let key = self.random.random_bool(0.3).then(|| {
            let number = self.random.random_range(0..6);
            IdempotencyKey::parse(&format!("key-{number}")).unwrap()
        });
        // A key has one intent: some of them go with credentials.
        let of_key = key.as_ref().filter(|key| key.as_str() > "key-2").map(|_| {
            let budget = Budget::parse(["USD:9"]).unwrap();
            Lease { budget, ..Lease::default() }
        });
        let submit = Submit {
            agent: agent.to_owned(),
            input: Json::of(&self.random.random_range(0..2)).unwrap(),
            lease: if key.is_none() { lease } else { of_key },
            key,
            max_runtime: self.random.random_bool(0.1).then_some(Duration::from_secs(2)),
            priority: arcp_core::Priority::default(),
            parent: None,
        };
        self.issue(who, connection, Command::Submit(Box::new(submit)), true);
    }

    fn issue(&mut self, who: usize, connection: ConnectionId, command: Command, answered: bool) {
        let number = self.number();
        let id = MessageId::parse(&format!("msg_{number}")).unwrap();
        let client = &mut self.clients[who];
        let expected = if answered { &mut client.waiting } else { &mut client.early };
        expected.insert(id.clone());
        let issued = Issued { id, at: self.now.wall, trace: None, command };
        self.clients[who].sent.push(issued.clone());
        let Some(issued) = self.admit(who, connection, issued) else { return };
        self.input(Input::Command { connection, issued, intent: None });
    }

    /// While the store is stuck most is answered aside, and has not been done.
    fn admit(&mut self, who: usize, connection: ConnectionId, issued: Issued) -> Option<Issued> {
        if !self.stuck {
            return Some(issued);
        }
        let (id, room) = (issued.id.clone(), self.random.random_bool(0.5));
        self.transcript.push(format!("{} stuck {issued:?}", self.now.wall));
        let mut aside = Effects::new();
        let told = self.told.get(&connection).map(|(session, _)| session);
        let left = self.engine.handle_stuck(self.now, connection, issued, told, room, &mut aside);
        assert!(aside.take_commit().unwrap().is_empty(), "seed {}: kept aside", self.seed);
        let aside = aside.take_effects();
        if left.is_none() && aside.is_empty() {
            self.clients[who].waiting.remove(&id);
        }
        if left.is_none() {
            self.clients[who].sent.retain(|sent| sent.id != id || is_resume(&sent.command));
        }
        self.release(aside);
        left
    }

    /// The same message once more: it must not be done twice, nor answered.
    fn repeat(&mut self, connection: ConnectionId, who: usize) {
        let sent = &self.clients[who].sent;
        let repeatable = sent.iter().filter(|issued| matches!(issued.command, Command::Submit(_)));
        if let Some(issued) = repeatable.choose(&mut self.random).cloned() {
            self.input(Input::Command { connection, issued, intent: None });
        }
    }

    fn bad_frame(&mut self, connection: ConnectionId) {
        let fault = Fault::invalid("sim");
        self.input(Input::BadFrame { connection, id: None, fault });
    }

    pub(crate) fn cut(&mut self, who: usize) {
        if let Some(connection) = self.clients[who].connection {
            self.clients[who].cut();
            self.lose(connection);
        }
    }
}

fn is_resume(command: &Command) -> bool {
    matches!(command, Command::Resume(_))
}
