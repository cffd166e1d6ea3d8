//! The world: one engine, its store, its clients and agents, and chance.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use arcp_core::{
    AgentRef, Artifact, ArtifactId, ArtifactRetention, Capabilities, Command, Commit, ConnectionId,
    CredentialId, Delivery, Fault, Feature, Issued, JobEvent, JobId, Lease, Limits, MessageId,
    Moment, Notice, Now, Observed, Output, Reply, Restart, RuntimeIdentity, SessionId, StreamId,
    SubscriptionId, Timestamp, TrustLevel,
};
use arcp_runtime::engine::{
    Catalog, Effect, Effects, Engine, Fact, Input, JobReport, Observe, Reach, Retention, Settings,
    Task, Ticket,
};
use arcp_runtime::record::{Anchor, ArtifactFact, JobFact, Run, key};
use arcp_store::{Bytes, MemoryStore, Store};
use rand::rngs::StdRng;
use rand::seq::IteratorRandom;
use rand::{Rng, RngCore, SeedableRng};
use ulid::Ulid;

use crate::agent::Agent;
use crate::check;
use crate::client::Client;

/// Everything there is.
pub(crate) struct World {
    pub(crate) seed: u64,
    pub(crate) random: StdRng,
    pub(crate) now: Now,
    pub(crate) engine: Engine,
    pub(crate) store: MemoryStore,
    pub(crate) blobs: BTreeMap<ArtifactId, Bytes>,
    /// The credentials that are good, with their jobs.
    pub(crate) gateway: BTreeMap<CredentialId, JobId>,
    pub(crate) clients: Vec<Client>,
    /// What is on its way to each connection.
    pub(crate) links: BTreeMap<ConnectionId, VecDeque<Output>>,
    pub(crate) agents: BTreeMap<JobId, Agent>,
    /// Handled, not yet being committed.
    pending: Effects,
    /// Being committed, with what follows.
    committing: Option<(Commit, Vec<Effect>)>,
    /// Which session each connection carries, and the last of its events that is on its way.
    pub(crate) told: BTreeMap<ConnectionId, (SessionId, u64)>,
    observers: BTreeMap<SubscriptionId, Observer>,
    /// Offers, listings and looks into the past that were begun and are not answered.
    pub(crate) tasks: Vec<Task>,
    /// Connections that lack events which are no longer kept: they are told no others.
    lost: BTreeSet<ConnectionId>,
    /// Connections that are gone, which nobody has noticed.
    late: Vec<ConnectionId>,
    /// Whether the store has taken too long for what is being committed.
    pub(crate) stuck: bool,
    next: u64,
    crashes: u64,
    pub(crate) resumes: u64,
    restarts: u64,
    pub(crate) forgotten: u64,
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
    pub(crate) resumes: u64,
    pub(crate) restarts: u64,
    /// Numbers of streams that were forgotten.
    pub(crate) forgotten: u64,
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let engine = Engine::new(settings(seed), entropy(&mut random));
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
            lost: BTreeSet::new(),
            late: Vec::new(),
            stuck: false,
            next: 1,
            crashes: 0,
            resumes: 0,
            restarts: 0,
            forgotten: 0,
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
            940..960 => self.late_end(),
            960..998 => self.time_passes(),
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
            self.late_end();
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
            let kept_from = self.reach(&key::job_stream(&job)).kept_from;
            assert!(kept_from == 1 || forgets(self.seed), "seed {}: {job}", self.seed);
            events += check::job_events(&self.store, &job).len() as u64;
            ended.insert(job, fact);
        }
        if !forgets(self.seed) {
            self.check_keys(&ended);
        }
        self.check_facts();
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
                let known = ended.contains_key(job) || self.is_forgotten(job);
                assert!(known, "seed {}: {job} is unknown", self.seed);
            }
            for (session, seen) in &client.seen {
                // The stream of a session that has closed is forgotten some minutes later.
                let closed = key::session(session);
                if !self.store.facts(closed.as_bytes(), None, 1).is_empty() {
                    let last = self.reach(&key::session_stream(session)).last;
                    assert!(last >= *seen, "seed {}: {session}", self.seed);
                }
            }
        }
        Summary {
            jobs: ended.len() as u64,
            events,
            crashes: self.crashes,
            resumes: self.resumes,
            restarts: self.restarts,
            forgotten: self.forgotten,
        }
    }

    /// One key of one principal is one intent and one job.
    fn check_keys(&self, ended: &BTreeMap<JobId, JobFact>) {
        let mut keys = BTreeMap::new();
        for (key, intent, job) in self.clients.iter().flat_map(|client| &client.keyed) {
            let principal = ended[job].principal.clone();
            let known = keys.entry((principal, key)).or_insert((intent, job));
            assert_eq!(*known, (intent, job), "seed {}: {key}", self.seed);
        }
    }

    /// Nothing is left of what only open jobs have.
    fn check_facts(&self) {
        for prefix in [key::WATCHERS, key::OPEN_STREAMS, key::RUNS] {
            let left = self.store.facts(prefix, None, usize::MAX);
            assert!(left.is_empty(), "seed {}: {left:?} of jobs that have ended", self.seed);
        }
        let left = self.store.facts(b"checkpoint/", None, usize::MAX);
        assert!(left.is_empty(), "seed {}: {left:?} of jobs that have ended", self.seed);
    }

    /// Whether a job may have been forgotten: it was made so long ago that it may have ended long ago.
    fn is_forgotten(&self, job: &JobId) -> bool {
        let ulid = job.as_str().strip_prefix("job_").and_then(|id| Ulid::from_string(id).ok());
        let made = Duration::from_millis(ulid.map_or(0, |ulid| ulid.timestamp_ms()));
        let now = Duration::from_millis(self.now.wall.as_millis());
        forgets(self.seed) && made + KEPT * 2 <= now
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

    pub(crate) fn input(&mut self, input: Input) {
        self.transcript.push(format!("{} {input:?}", self.now.wall));
        self.engine.handle(self.now, input, &mut self.pending);
    }

    fn commit_moves(&mut self) {
        if let Some((commit, effects)) = self.committing.take() {
            if self.random.random_bool(0.1) {
                // It failed, nothing of it is kept, and it is tried again.
                self.stuck |= self.random.random_bool(0.3);
                self.committing = Some((commit, effects));
                return;
            }
            self.store.apply(&commit).unwrap();
            if std::mem::take(&mut self.stuck) {
                self.input(Input::Unstuck);
            }
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

    pub(crate) fn release(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Say { connection, output } => self.tell(connection, output),
                Effect::Deliver { connection, .. } if self.lost.contains(&connection) => {}
                Effect::Deliver { connection, delivery, .. } => {
                    if let Some((_, last)) = self.told.get_mut(&connection) {
                        assert_eq!(delivery.seq, *last + 1, "{connection}: left something out");
                        *last = delivery.seq;
                    }
                    self.tell(connection, Output::Event(delivery));
                    if self.random.random_bool(0.02) {
                        self.input(Input::Behind { connection });
                    }
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
                    self.restarts += u64::from(start.attempt > 1);
                    if start.restored {
                        check::restored_is_whole(&self.store, &start.job);
                    }
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
            let event = pointers.get(&seq);
            let event = event.and_then(|(job, at)| check::job_event(&self.store, job, *at));
            let Some(event) = event else {
                let is_kept = |seq: &u64| {
                    let event = pointers.get(seq);
                    event.is_some_and(|(job, at)| check::job_event(&self.store, job, *at).is_some())
                };
                let next = (seq..=upto).find(is_kept).unwrap_or(upto + 1);
                self.told.remove(&connection);
                self.lost.insert(connection);
                self.input(Input::Lost { connection, session, next });
                return;
            };
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
                        if let Some(event) = check::job_event(&self.store, &run.job, index) {
                            self.tell_observer(connection, &subscription, Some(Arc::new(event)));
                        }
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
        let mut again = None;
        if let Output::Reply { reply, .. } = &output {
            match reply {
                Reply::Accepted(accepted) => {
                    let before =
                        self.told.get(&connection).filter(|(id, _)| *id == accepted.session);
                    let last = before.map_or(0, |(_, last)| *last);
                    self.told.insert(connection, (accepted.session.clone(), last));
                }
                Reply::Resumed(resumed) => {
                    self.resumes += 1;
                    let session = resumed.session.session.clone();
                    self.told.insert(connection, (session, resumed.after));
                }
                Reply::Replaying { after } => {
                    let told = self.told.get_mut(&connection);
                    again = told.map(|(_, last)| std::mem::replace(last, *after));
                }
                _ => {}
            }
        }
        if let Some(link) = self.links.get_mut(&connection) {
            link.push_back(output);
        }
        if let Some(last) = again {
            self.feed(connection, last);
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

    /// A connection that is gone is noticed, perhaps long after its client has come back.
    fn late_end(&mut self) {
        if let Some(connection) = self.late.pop() {
            self.input(Input::Disconnected { connection });
        }
    }

    /// Nobody is at the other end of a connection any more.
    pub(crate) fn lose(&mut self, connection: ConnectionId) {
        self.links.remove(&connection);
        if self.random.random_bool(0.5) {
            self.late.push(connection);
        } else {
            self.input(Input::Disconnected { connection });
        }
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
        check::refusal_is_right(&self.store, client, &output);
        client.take(&output);
        let asks = matches!(output, Output::Notice { notice: Notice::Ping { .. }, .. });
        if asks && self.random.random_bool(0.8) {
            let id = MessageId::parse(&format!("msg_{}", self.number())).unwrap();
            let issued = Issued {
                id,
                at: self.now.wall,
                trace: None,
                command: Command::Pong { nonce: None },
            };
            self.input(Input::Command { connection, issued, intent: None });
        }
        true
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
        self.late.clear();
        self.stuck = false;
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
        self.engine = Engine::new(settings(self.seed), entropy(&mut self.random));
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
        for (at, value) in self.store.facts(key::RUNS, None, usize::MAX) {
            facts.push(Fact::Run { job: JobId::parse(&name(key::RUNS, &at)).unwrap(), value });
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

    pub(crate) fn reach(&self, stream: &arcp_core::Key) -> Reach {
        let page = self.store.page(stream, u64::MAX, 0);
        Reach { kept_from: page.kept_from, last: page.last }
    }

    pub(crate) fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }
}

/// Every other world forgets quickly.
fn forgets(seed: u64) -> bool {
    seed.is_multiple_of(2)
}

fn settings(seed: u64) -> Settings {
    let mut catalog = Catalog::default();
    catalog.add("work", Some("1"));
    for (name, restart) in [("again", Restart::FromInput), ("goes-on", Restart::FromCheckpoint)] {
        catalog.add(name, Some("1"));
        catalog.set_restart(AgentRef::new(name, Some("1")).unwrap(), restart);
    }
    let mut limits = Limits::default();
    limits.sessions_per_principal = 6;
    limits.jobs_per_principal = 20;
    limits.running_per_principal = RUNNING;
    limits.artifacts_per_principal = 5;
    limits.remembered_messages = 64;
    let mut capabilities = Capabilities::default()
        .with(Feature::DurableJobs, true)
        .with(Feature::Heartbeat, true)
        .with(Feature::Ack, true);
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
        idempotency_horizon: if forgets(seed) { KEPT / 2 } else { FOR_EVER },
        retention: if forgets(seed) {
            Retention { events: KEPT, jobs: KEPT * 2 }
        } else {
            Retention { events: FOR_EVER, jobs: FOR_EVER }
        },
        sweep_interval: Duration::from_secs(5),
        ping_interval: Some(Duration::from_secs(4)),
        on_close: None,
    }
}

fn entropy(random: &mut StdRng) -> [u8; 32] {
    let mut seed = [0; 32];
    random.fill_bytes(&mut seed);
    seed
}

/// How long a world that forgets keeps its events.
const KEPT: Duration = Duration::from_secs(30);
const FOR_EVER: Duration = Duration::from_hours(1_000);
/// Jobs of one principal that run at a time; there are two principals.
const RUNNING: usize = 6;

/// The store is a `Store` like any other; the world calls its synchronous side.
const _: fn() = || {
    fn is_store<S: Store>() {}
    is_store::<MemoryStore>();
};
