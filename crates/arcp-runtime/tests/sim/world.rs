//! The world: one engine, its store, its clients and agents, and chance.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use arcp_core::lease::{Budget, Pattern};
use arcp_core::{
    Artifact, ArtifactId, ArtifactRetention, Cancel, CancelTarget, Capabilities, ClientIdentity,
    Command, Commit, ConnectionId, Credential, CredentialId, Delivery, EventFilter, Fault, Feature,
    IdempotencyKey, Issued, JobEvent, JobId, Json, Lease, Limits, ListJobs, MessageId, Moment, Now,
    Observed, Offer, OnClose, Open, Output, PermissionAnswer, PermissionVerdict, PingKind,
    Principal, PutArtifact, Reply, RuntimeIdentity, Secret, SessionId, Since, StreamId, Submit,
    Subscribe, SubscriptionId, Timestamp, TrustLevel, WatchJob,
};
use arcp_runtime::engine::{
    Catalog, Effect, Effects, Engine, Fact, Input, Issue, JobReport, Judgement, Observe,
    Provisioned, Reach, Retention, Settings, Task, Ticket, passes,
};
use arcp_runtime::record::{Anchor, ArtifactFact, JobFact, Run, key};
use arcp_runtime::sweep::sweep;
use arcp_store::{Bytes, MemoryStore, Store};
use futures_util::FutureExt;
use rand::rngs::StdRng;
use rand::seq::IteratorRandom;
use rand::{Rng, RngCore, SeedableRng};

use crate::agent::Agent;
use crate::check;
use crate::client::Client;

/// Everything there is.
pub(crate) struct World {
    seed: u64,
    random: StdRng,
    now: Now,
    engine: Engine,
    store: MemoryStore,
    blobs: BTreeMap<ArtifactId, Bytes>,
    /// The credentials that are good, with their jobs.
    gateway: BTreeMap<CredentialId, JobId>,
    clients: Vec<Client>,
    /// What is on its way to each connection.
    links: BTreeMap<ConnectionId, VecDeque<Output>>,
    agents: BTreeMap<JobId, Agent>,
    /// Handled, not yet being committed.
    pending: Effects,
    /// Being committed, with what follows.
    committing: Option<(Commit, Vec<Effect>)>,
    /// Which session each connection carries, and the last of its events that is on its way.
    told: BTreeMap<ConnectionId, (SessionId, u64)>,
    observers: BTreeMap<SubscriptionId, Observer>,
    /// Offers, listings and looks into the past that were begun and are not answered.
    tasks: Vec<Task>,
    next: u64,
    crashes: u64,
    /// What happened, in order.
    pub(crate) transcript: Vec<String>,
}

/// An observer whose past is being found.
struct Observer {
    past: bool,
    held: Vec<Arc<JobEvent>>,
}

/// What a world has seen.
pub(crate) struct Summary {
    pub(crate) jobs: u64,
    pub(crate) events: u64,
    pub(crate) crashes: u64,
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let engine = Engine::new(settings(), entropy(&mut random));
        let clients =
            (0..4).map(|n| Client { name: format!("client-{n}"), ..Client::default() }).collect();
        Self {
            seed,
            random,
            now: Now {
                wall: Timestamp::from_micros(1_700_000_000_000_000),
                moment: Moment::default(),
            },
            engine,
            store: MemoryStore::new(),
            blobs: BTreeMap::new(),
            gateway: BTreeMap::new(),
            clients,
            links: BTreeMap::new(),
            agents: BTreeMap::new(),
            pending: Effects::new(),
            committing: None,
            told: BTreeMap::new(),
            observers: BTreeMap::new(),
            tasks: Vec::new(),
            next: 1,
            crashes: 0,
            transcript: Vec::new(),
        }
    }

    /// One thing happens.
    pub(crate) fn step(&mut self) {
        match self.random.random_range(0..1_000) {
            0..300 => self.client_acts(),
            300..550 => self.agent_acts(),
            550..750 => self.commit_moves(),
            750..880 => self.link_moves(),
            880..940 => self.task_ends(),
            940..998 => self.time_passes(),
            _ => self.crash(),
        }
    }

    /// Lets everything come to rest, checks the store as a whole, and says what there was.
    pub(crate) fn finish(&mut self) -> Summary {
        if self.random.random_bool(0.5) {
            self.crash();
        }
        for _ in 0..10_000 {
            self.commit_moves();
            self.task_ends();
            self.agent_acts();
            self.link_moves();
            self.time_passes();
            let quiet = self.pending.is_empty()
                && self.committing.is_none()
                && self.engine.open_jobs() == 0
                && self.tasks.is_empty()
                && self.store.facts(key::OWED, None, usize::MAX).is_empty()
                && self.links.values().all(VecDeque::is_empty);
            if quiet {
                break;
            }
        }
        assert_eq!(self.engine.open_jobs(), 0, "seed {}: jobs that never end", self.seed);
        self.check_store()
    }

    fn check_store(&self) -> Summary {
        let open = self.store.facts(key::OPEN_JOBS, None, usize::MAX);
        assert!(open.is_empty(), "seed {}: open jobs are left", self.seed);
        let done = self.store.facts(b"done/", None, usize::MAX);
        let mut events = 0;
        let mut ended = BTreeMap::new();
        for (name, value) in &done {
            let text = name.as_bytes();
            let slash = text.iter().rposition(|byte| *byte == b'/').unwrap();
            let job = JobId::parse(std::str::from_utf8(&text[slash + 1..]).unwrap()).unwrap();
            let fact = JobFact::from_bytes(value).unwrap();
            check::job_is_whole(&self.store, &job, &fact);
            events += check::job_events(&self.store, &job).len() as u64;
            ended.insert(job, fact);
        }
        self.check_keys(&ended);
        assert!(
            self.gateway.is_empty(),
            "seed {}: {:?} outlive their jobs",
            self.seed,
            self.gateway
        );
        assert!(self.store.facts(key::OWED, None, usize::MAX).is_empty(), "seed {}", self.seed);
        for (_, value) in self.store.facts(key::ARTIFACTS, None, usize::MAX) {
            let artifact = ArtifactFact::from_bytes(&value).unwrap().reference.artifact;
            assert!(self.blobs.contains_key(&artifact), "seed {}: {artifact}", self.seed);
        }
        for client in &self.clients {
            for job in &client.accepted {
                assert!(ended.contains_key(job), "seed {}: {job} is unknown", self.seed);
            }
            for (session, seen) in &client.seen {
                let pointers = check::pointers(&self.store, session);
                assert!(pointers.len() as u64 >= *seen, "seed {}: {session}", self.seed);
            }
        }
        Summary { jobs: ended.len() as u64, events, crashes: self.crashes }
    }

    /// One key of one principal is one intent and one job.
    fn check_keys(&self, ended: &BTreeMap<JobId, JobFact>) {
        let mut keys = BTreeMap::new();
        for (key, intent, job) in self.clients.iter().flat_map(|client| &client.keyed) {
            let principal = ended[job].principal.clone();
            let known = keys.entry((principal, key)).or_insert((intent, job));
            assert_eq!(*known, (intent, job), "seed {}: {key}", self.seed);
        }
        for prefix in [key::WATCHERS, key::OPEN_STREAMS] {
            let left = self.store.facts(prefix, None, usize::MAX);
            assert!(left.is_empty(), "seed {}: {left:?} of jobs that have ended", self.seed);
        }
    }

    // What clients do.

    fn client_acts(&mut self) {
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
            _ if self.clients[who].waiting.is_empty() => {
                let scheme = if self.random.random_bool(0.9) { "bearer" } else { "mtls" };
                let anonymous = Capabilities::default().with(Feature::Anonymous, true);
                let open = Open {
                    offer: Offer {
                        scheme: scheme.to_owned(),
                        token: Some(Secret::new("t".to_owned())),
                    },
                    client: ClientIdentity::default(),
                    capabilities: anonymous,
                };
                self.issue(who, connection, Command::Open(Box::new(open)), true);
            }
            _ => {}
        }
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
            _ => self.submit(who, connection),
        }
    }

    fn close(&mut self, who: usize, connection: ConnectionId) {
        let jobs = if self.random.random_bool(0.5) { OnClose::Cancel } else { OnClose::Detach };
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
        let agent = ["work", "work@1", "work@9", "none", "Bad"];
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
        self.input(Input::Command { connection, issued, intent: None });
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

    fn cut(&mut self, who: usize) {
        if let Some(connection) = self.clients[who].connection {
            self.clients[who].cut();
            self.links.remove(&connection);
            self.input(Input::Disconnected { connection });
        }
    }

    // What agents do.

    fn agent_acts(&mut self) {
        let Some(job) = self.agents.keys().choose(&mut self.random).cloned() else { return };
        let ticket = Ticket(self.number());
        let Some(agent) = self.agents.get_mut(&job) else { return };
        if agent.is_blocked() {
            return;
        }
        let report = agent.next(&mut self.random, ticket);
        if matches!(report, JobReport::Ended(_)) {
            self.agents.remove(&job);
        }
        self.input(Input::Report { job, report });
    }

    // What happens between the engine and the world.

    fn input(&mut self, input: Input) {
        self.transcript.push(format!("{} {input:?}", self.now.wall));
        self.engine.handle(self.now, input, &mut self.pending);
    }

    fn commit_moves(&mut self) {
        if let Some((commit, effects)) = self.committing.take() {
            self.store.apply(&commit).unwrap();
            self.release(effects);
            return;
        }
        let commit = self.pending.take_commit().unwrap();
        let effects = self.pending.take_effects();
        if commit.is_empty() {
            self.release(effects);
        } else {
            self.committing = Some((commit, effects));
        }
    }

    fn release(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Say { connection, output } => self.tell(connection, output),
                Effect::Deliver { connection, delivery, .. } => {
                    if let Some((_, last)) = self.told.get_mut(&connection) {
                        assert_eq!(delivery.seq, *last + 1, "{connection}: left something out");
                        *last = delivery.seq;
                    }
                    self.tell(connection, Output::Event(delivery));
                }
                Effect::Feed { connection, upto } => self.feed(connection, upto),
                Effect::Observe { connection, subscription, observe } => {
                    self.observe_effect(connection, subscription, observe);
                }
                Effect::Fetch { connection, id, at, to, reference } => {
                    let data = self.blobs.get(&reference.artifact).cloned();
                    let missing = Fault::new(arcp_core::Code::NotFound, "sim");
                    let reply = data.map_or(Reply::Nack(missing), |data| {
                        Reply::Artifact(Box::new(Artifact { reference, data }))
                    });
                    self.tell(connection, Output::Reply { id, at, to, reply });
                }
                Effect::Task(Task::DropBlob { artifact }) => {
                    let there = self.blobs.remove(&artifact);
                    assert!(there.is_some(), "seed {}: {artifact} dropped twice", self.seed);
                }
                Effect::Close { connection, .. } => self.end(connection),
                Effect::Task(Task::Start(start)) => {
                    let agent = Agent::new(&mut self.random);
                    self.agents.insert(start.job, agent);
                    let running = self.agents.len();
                    assert!(running <= 2 * RUNNING, "seed {}: {running} jobs run", self.seed);
                }
                Effect::Task(Task::Signal { job, reason }) => {
                    if let Some(agent) = self.agents.get_mut(&job) {
                        agent.cancelled = Some(reason);
                    }
                }
                Effect::Task(Task::Kill { job }) => {
                    self.agents.remove(&job);
                }
                Effect::Acked { .. } | Effect::Hint { .. } | Effect::Task(Task::Pace { .. }) => {}
                Effect::Task(Task::Answer { ticket, .. }) => {
                    let asked = self.agents.values_mut().find(|a| a.asking == Some(ticket));
                    if let Some(agent) = asked {
                        agent.asking = None;
                    }
                }
                Effect::Task(Task::OpenStream { job, stream, .. }) => {
                    if let Some(agent) = self.agents.get_mut(&job) {
                        agent.streams.insert(stream, 0);
                    }
                }
                Effect::Task(Task::StopStream { job, stream }) => {
                    if let Some(agent) = self.agents.get_mut(&job) {
                        agent.streams.remove(&stream);
                    }
                }
                Effect::Task(task) => self.tasks.push(task),
            }
        }
    }

    /// Reads from the store what was not delivered.
    fn feed(&mut self, connection: ConnectionId, upto: u64) {
        let Some((session, last)) = self.told.get(&connection).cloned() else { return };
        let pointers = check::pointers(&self.store, &session);
        for seq in last + 1..=upto {
            let (job, index) = &pointers[&seq];
            let event = check::job_event(&self.store, job, *index);
            self.tell(connection, Output::Event(Delivery { seq, event: Arc::new(event) }));
        }
        self.told.insert(connection, (session, upto));
    }

    fn observe_effect(
        &mut self,
        connection: ConnectionId,
        subscription: SubscriptionId,
        observe: Observe,
    ) {
        match observe {
            Observe::Begin { filter: _, past } => {
                self.observers.insert(subscription, Observer { past, held: Vec::new() });
            }
            Observe::Event { event, .. } => match self.observers.get_mut(&subscription) {
                Some(observer) if observer.past => observer.held.push(event),
                _ => self.tell_observer(connection, &subscription, Some(event)),
            },
            Observe::Past { runs, .. } => {
                let held = self.observers.get(&subscription).map(|observer| &observer.held);
                let since = |job: &JobId| {
                    let first = held?.iter().find(|event| event.head.job == *job)?;
                    Anchor::parse(&first.id)?.index_in(job)
                };
                let cut = |run: Run| match since(&run.job) {
                    Some(first) => run.before(first),
                    None => run,
                };
                let runs: Vec<_> = runs.into_iter().map(cut).collect();
                for run in runs {
                    for index in run.index..run.index + u64::from(run.count) {
                        let event = check::job_event(&self.store, &run.job, index);
                        self.tell_observer(connection, &subscription, Some(Arc::new(event)));
                    }
                }
                self.tell_observer(connection, &subscription, None);
                let Some(observer) = self.observers.get_mut(&subscription) else { return };
                observer.past = false;
                for event in std::mem::take(&mut observer.held) {
                    self.tell_observer(connection, &subscription, Some(event));
                }
            }
            Observe::End => {
                self.observers.remove(&subscription);
            }
        }
    }

    fn tell_observer(
        &mut self,
        connection: ConnectionId,
        subscription: &SubscriptionId,
        event: Option<Arc<JobEvent>>,
    ) {
        let id = MessageId::parse("msg_observed").unwrap();
        let subscription = subscription.clone();
        let observed = Observed { id, at: self.now.wall, subscription, event };
        self.tell(connection, Output::Observed(observed));
    }

    fn tell(&mut self, connection: ConnectionId, output: Output) {
        if let Output::Reply { reply: Reply::Accepted(accepted), .. } = &output {
            let before = self.told.get(&connection).filter(|(id, _)| *id == accepted.session);
            let last = before.map_or(0, |(_, last)| *last);
            self.told.insert(connection, (accepted.session.clone(), last));
        }
        if let Some(link) = self.links.get_mut(&connection) {
            link.push_back(output);
        }
    }

    /// The runtime ends a connection once all that was said is through.
    fn end(&mut self, connection: ConnectionId) {
        while self.deliver(connection) {}
        self.links.remove(&connection);
        let client = self.clients.iter_mut().find(|c| c.connection == Some(connection));
        if let Some(client) = client {
            client.cut();
        }
        self.input(Input::Disconnected { connection });
    }

    fn link_moves(&mut self) {
        if let Some(connection) = self.links.keys().copied().choose(&mut self.random) {
            for _ in 0..self.random.random_range(1..6) {
                self.deliver(connection);
            }
        }
    }

    fn deliver(&mut self, connection: ConnectionId) -> bool {
        let Some(output) = self.links.get_mut(&connection).and_then(VecDeque::pop_front) else {
            return false;
        };
        self.transcript.push(format!("{connection} < {output:?}"));
        let client = self.clients.iter_mut().find(|c| c.connection == Some(connection));
        let client = client.expect("a link has a client");
        if let (Output::Event(delivery), Some(session)) = (&output, &client.session) {
            check::delivered_is_stored(&self.store, session, delivery);
        }
        client.take(&output);
        true
    }

    fn task_ends(&mut self) {
        if self.tasks.is_empty() {
            return;
        }
        let at = self.random.random_range(0..self.tasks.len());
        match self.tasks.swap_remove(at) {
            Task::Authenticate { connection, attempt, .. } => {
                let judgement = match self.random.random_range(0..10) {
                    0 => Judgement::Refuse(Fault::invalid("sim")),
                    n => Judgement::Accept(Principal::named(if n < 6 { "alice" } else { "bob" })),
                };
                self.input(Input::Judged { connection, attempt, judgement });
            }
            Task::List(query) => {
                let prefix = key::done_jobs(&query.principal);
                let done = self.store.facts(&prefix, None, usize::MAX).into_iter();
                let done = done.filter_map(|(name, value)| {
                    let id = std::str::from_utf8(&name.as_bytes()[prefix.len()..]).unwrap();
                    let id = JobId::parse(id).unwrap();
                    JobFact::from_bytes(&value).unwrap().summary(id)
                });
                let done =
                    done.filter(|job| passes(&query.filter, &job.agent, job.state, job.created_at));
                let done = done.collect();
                self.input(Input::Listed { query, done: Ok((done, None)) });
            }
            Task::Recall(recall) => {
                let name = key::done_job(&recall.principal, &recall.job);
                let facts = self.store.facts(name.as_bytes(), None, 1);
                let found = facts.first().filter(|(key, _)| *key == name);
                let kept_from = self.reach(&key::job_stream(&recall.job)).kept_from;
                let found =
                    Ok(found.map(|(_, value)| (JobFact::from_bytes(value).unwrap(), kept_from)));
                self.input(Input::Recalled { recall, found });
            }
            Task::Past(query) => {
                let mut jobs = query.open.clone();
                let prefix = key::done_jobs(&query.principal);
                for (name, value) in self.store.facts(&prefix, None, usize::MAX) {
                    let id = std::str::from_utf8(&name.as_bytes()[prefix.len()..]).unwrap();
                    let fact = JobFact::from_bytes(&value).unwrap();
                    let last = fact.outcome.unwrap().last_index;
                    jobs.entry(JobId::parse(id).unwrap()).or_insert(last);
                }
                let begun = jobs.into_iter().filter(|(_, last)| *last > 0);
                let runs = begun.map(|(job, last)| Run::between(job, 1, last));
                let (subscription, past) = (query.subscription.clone(), Ok(runs.collect()));
                self.input(Input::Past { subscription, past });
            }
            Task::Sweep(step) => {
                let swept = sweep(&self.store, &step).now_or_never().unwrap();
                let swept = Ok(swept.unwrap());
                self.input(Input::Swept { step, swept });
            }
            Task::Issue(issue) => {
                let provisioned = self.provision(&issue);
                self.input(Input::Provisioned { job: issue.job, provisioned });
            }
            Task::Revoke { id } => {
                let revoked = if self.random.random_bool(0.8) {
                    self.gateway.remove(&id);
                    Ok(())
                } else {
                    Err("sim".to_owned())
                };
                self.input(Input::Revoked { id, revoked });
            }
            Task::KeepBlob { artifact, data, .. } => {
                let kept = if self.random.random_bool(0.9) {
                    self.blobs.insert(artifact.clone(), data);
                    Ok("digest".to_owned())
                } else {
                    Err(Fault::invalid("sim"))
                };
                self.input(Input::BlobKept { artifact, kept });
            }
            other => panic!("{other:?} is no task that waits"),
        }
    }

    /// What a provisioner does that sometimes issues and does not say so.
    fn provision(&mut self, issue: &Issue) -> Provisioned {
        match self.random.random_range(0..10) {
            0 => Provisioned::Refused(Fault::invalid("sim")),
            1 => Provisioned::Credentials(Vec::new()),
            n => {
                self.gateway.insert(issue.id.clone(), issue.job.clone());
                if n < 4 {
                    return Provisioned::Failed(Fault::invalid("sim"));
                }
                Provisioned::Credentials(vec![Credential {
                    id: issue.id.clone(),
                    value: Secret::new("value".to_owned()),
                    endpoint: "sim".to_owned(),
                    profile: None,
                    constraints: None,
                }])
            }
        }
    }

    fn time_passes(&mut self) {
        let span = match self.random.random_range(0..10) {
            0 => Duration::from_secs(self.random.random_range(1..20)),
            _ => Duration::from_micros(self.random.random_range(1..50_000)),
        };
        let wall = self.now.wall.after(span);
        self.now = Now { wall, moment: self.now.moment.after(span) };
        if self.engine.next_wake().is_some_and(|wake| wake <= self.now.moment) {
            self.transcript.push(format!("{} wake", self.now.wall));
            self.engine.wake(self.now, &mut self.pending);
        }
    }

    /// The runtime dies. What was being committed is kept or not; what was told is kept.
    fn crash(&mut self) {
        self.crashes += 1;
        self.transcript.push("crash".to_owned());
        if let Some((commit, _)) = self.committing.take()
            && self.random.random_bool(0.5)
        {
            self.store.apply(&commit).unwrap();
        }
        self.pending = Effects::new();
        for task in std::mem::take(&mut self.tasks) {
            // What was asked for may have been done, and nobody knows.
            if let Task::Issue(issue) = task {
                self.provision(&issue);
            }
        }
        self.agents.clear();
        self.links.clear();
        self.told.clear();
        self.observers.clear();
        self.clients.iter_mut().for_each(Client::cut);
        self.engine = Engine::new(settings(), entropy(&mut self.random));
        let facts = self.facts();
        self.engine.recover(self.now, &mut facts.into_iter(), &mut self.pending).unwrap();
        self.blobs.retain(|artifact, _| self.engine.has_artifact(artifact));
    }

    fn facts(&self) -> Vec<Fact> {
        let name = |prefix: &[u8], key: &arcp_core::Key| {
            String::from_utf8(key.as_bytes()[prefix.len()..].to_vec()).unwrap()
        };
        let mut facts = Vec::new();
        for (at, value) in self.store.facts(key::SESSIONS, None, usize::MAX) {
            let id = SessionId::parse(&name(key::SESSIONS, &at)).unwrap();
            let stream = self.reach(&key::session_stream(&id));
            facts.push(Fact::Session { id, value, stream });
        }
        for (at, value) in self.store.facts(key::OPEN_JOBS, None, usize::MAX) {
            let id = JobId::parse(&name(key::OPEN_JOBS, &at)).unwrap();
            let stream = self.reach(&key::job_stream(&id));
            facts.push(Fact::Job { id, value, stream });
        }
        for (at, _) in self.store.facts(key::WATCHERS, None, usize::MAX) {
            let name = name(key::WATCHERS, &at);
            let (job, session) = name.split_once('\0').unwrap();
            let session = SessionId::parse(session).unwrap();
            facts.push(Fact::Watcher { job: JobId::parse(job).unwrap(), session });
        }
        for (at, _) in self.store.facts(key::OPEN_STREAMS, None, usize::MAX) {
            let name = name(key::OPEN_STREAMS, &at);
            let (job, stream) = name.split_once('\0').unwrap();
            let stream = StreamId::parse(stream).unwrap();
            facts.push(Fact::Stream { job: JobId::parse(job).unwrap(), stream });
        }
        for (at, value) in self.store.facts(key::OWED, None, usize::MAX) {
            let id = CredentialId::parse(&name(key::OWED, &at)).unwrap();
            facts.push(Fact::Owed { id, value });
        }
        for (_, value) in self.store.facts(key::ARTIFACTS, None, usize::MAX) {
            facts.push(Fact::Artifact { value });
        }
        for (_, value) in self.store.facts(key::KEYS, None, usize::MAX) {
            facts.push(Fact::Key { value });
        }
        facts
    }

    fn reach(&self, stream: &arcp_core::Key) -> Reach {
        let page = self.store.page(stream, u64::MAX, 0);
        Reach { kept_from: page.kept_from, last: page.last }
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }
}

fn settings() -> Settings {
    let mut catalog = Catalog::default();
    catalog.add("work", Some("1"));
    let mut limits = Limits::default();
    limits.sessions_per_principal = 6;
    limits.jobs_per_principal = 20;
    limits.running_per_principal = RUNNING;
    limits.artifacts_per_principal = 5;
    limits.remembered_messages = 64;
    let mut capabilities = Capabilities::default().with(Feature::DurableJobs, true);
    let (default, max) = (Duration::from_secs(5), Duration::from_mins(1));
    capabilities.artifact_retention = Some(ArtifactRetention { default, max });
    Settings {
        identity: RuntimeIdentity {
            kind: "sim".to_owned(),
            version: "0".to_owned(),
            fingerprint: None,
            trust_level: TrustLevel::Trusted,
        },
        capabilities,
        schemes: ["bearer".to_owned()].into(),
        catalog,
        limits,
        resume_window: Duration::from_secs(10),
        session_lease: Some(Duration::from_secs(30)),
        default_lease: Lease::default(),
        ceiling: None,
        cancel_grace: Duration::from_millis(200),
        ack_window: 0,
        provisions: true,
        idempotency_horizon: Duration::from_hours(1_000),
        retention: Retention {
            events: Duration::from_hours(1_000),
            jobs: Duration::from_hours(1_000),
        },
        sweep_interval: Duration::from_secs(5),
        on_close: None,
    }
}

fn entropy(random: &mut StdRng) -> [u8; 32] {
    let mut seed = [0; 32];
    random.fill_bytes(&mut seed);
    seed
}

/// Jobs of one principal that run at a time; there are two principals.
const RUNNING: usize = 6;

/// The store is a `Store` like any other; the world calls its synchronous side.
const _: fn() = || {
    fn is_store<S: Store>() {}
    is_store::<MemoryStore>();
};
