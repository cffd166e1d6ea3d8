//! An engine with nothing around it: what is to be kept is kept at once, and what is to be done is looked
//! at.

use std::time::Duration;

use arcp_core::{
    Capabilities, ClientIdentity, Command, Completion, ConnectionId, Credential, CredentialId,
    Event, Fault, Issued, JobAccepted, JobId, Json, Lease, Limits, MessageId, Moment, Notice, Now,
    Offer, Open, Output, Principal, Reply, RuntimeIdentity, Secret, Submit, Timestamp, TraceId,
    Vocabulary,
};
use arcp_runtime::engine::{
    Catalog, Effect, Effects, Engine, Input, JobReport, Judgement, Policy, Provisioned, Retention,
    Settings, Task,
};

/// The engine, and what it has said that nobody has looked at.
pub(crate) struct Bench {
    engine: Engine,
    now: Now,
    /// Numbers for messages and connections.
    next: u64,
    said: Vec<(ConnectionId, Output)>,
    pub(crate) tasks: Vec<Task>,
}

impl Bench {
    pub(crate) fn new(change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = settings();
        change(&mut settings);
        Self {
            engine: Engine::new(settings, [7; 32]),
            now: Now {
                wall: Timestamp::from_micros(1_700_000_000_000_000),
                moment: Moment::default(),
            },
            next: 0,
            said: Vec::new(),
            tasks: Vec::new(),
        }
    }

    /// Opens a session of a principal.
    pub(crate) fn open(&mut self, name: &str) -> ConnectionId {
        self.open_with(name, Capabilities::default())
    }

    /// Opens a session of a principal whose client declares this.
    pub(crate) fn open_with(&mut self, name: &str, capabilities: Capabilities) -> ConnectionId {
        self.next += 1;
        let connection = ConnectionId(self.next);
        self.input(Input::Connected { connection });
        let open = Open {
            offer: Offer { scheme: "bearer".to_owned(), token: Some(Secret::new("t".to_owned())) },
            client: ClientIdentity::default(),
            capabilities,
            vocabulary: Vocabulary::default(),
        };
        self.command(connection, Command::Open(Box::new(open)), None);
        let judgement = Judgement::Accept(Principal::named(name));
        self.input(Input::Judged { connection, attempt: 1, judgement });
        let accepted = self.reply(connection);
        assert!(matches!(accepted, Reply::Accepted(_)), "{accepted:?}");
        connection
    }

    pub(crate) fn command(
        &mut self,
        connection: ConnectionId,
        command: Command,
        trace: Option<TraceId>,
    ) {
        self.next += 1;
        let id = MessageId::parse(&format!("msg_{}", self.next)).unwrap();
        let issued = Issued { id, at: self.now.wall, trace, command };
        self.input(Input::Command { connection, issued, intent: None });
    }

    /// Submits a job, and returns what it is told.
    pub(crate) fn submit(
        &mut self,
        connection: ConnectionId,
        submit: Submit,
    ) -> Result<JobAccepted, Fault> {
        self.command(connection, Command::Submit(Box::new(submit)), None);
        match self.reply(connection) {
            Reply::JobAccepted(accepted) => Ok(*accepted),
            Reply::JobRefused { fault, .. } => Err(fault),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn report(&mut self, job: &JobId, report: JobReport) {
        self.input(Input::Report { job: job.clone(), report });
    }

    /// A job's agent is done.
    pub(crate) fn end(&mut self, job: &JobId) {
        let ended = Ok(Completion::Inline(Json::parse("1").unwrap()));
        self.report(job, JobReport::Ended(ended));
    }

    /// Has credentials come for a job that waits for them.
    pub(crate) fn provision(&mut self) -> CredentialId {
        let at = self.tasks.iter().position(|task| matches!(task, Task::Issue(_))).unwrap();
        let Task::Issue(issue) = self.tasks.remove(at) else { unreachable!() };
        let credential = Credential {
            id: issue.id.clone(),
            value: Secret::new("value".to_owned()),
            endpoint: "here".to_owned(),
            profile: None,
            constraints: None,
        };
        let provisioned = Provisioned::Credentials(vec![credential]);
        self.input(Input::Provisioned { job: issue.job, provisioned });
        issue.id
    }

    pub(crate) fn input(&mut self, input: Input) {
        let mut fx = Effects::new();
        self.engine.handle(self.now, input, &mut fx);
        self.take(fx);
    }

    pub(crate) fn pass(&mut self, span: Duration) {
        self.now = Now { wall: self.now.wall.after(span), moment: self.now.moment.after(span) };
        let mut fx = Effects::new();
        self.engine.wake(self.now, &mut fx);
        self.take(fx);
    }

    fn take(&mut self, mut fx: Effects) {
        fx.take_commit().unwrap();
        for effect in fx.take_effects() {
            match effect {
                Effect::Say { connection, output } => self.said.push((connection, output)),
                Effect::Deliver { connection, delivery, .. } => {
                    self.said.push((connection, Output::Event(delivery)));
                }
                Effect::Task(task) => self.tasks.push(task),
                _ => {}
            }
        }
    }

    /// The next answer that a connection was given; what else it was told before is passed over.
    pub(crate) fn reply(&mut self, connection: ConnectionId) -> Reply {
        let is_its = |(to, output): &(ConnectionId, Output)| {
            *to == connection && matches!(output, Output::Reply { .. })
        };
        let at = self.said.iter().position(is_its).unwrap();
        match self.said.remove(at).1 {
            Output::Reply { reply, .. } => reply,
            other => panic!("{other:?}"),
        }
    }

    /// The events that a connection was told, each with its job.
    pub(crate) fn events(&mut self, connection: ConnectionId) -> Vec<(JobId, Event)> {
        let said = std::mem::take(&mut self.said);
        let events = said.into_iter().filter_map(|(to, output)| match output {
            Output::Event(delivery) if to == connection => {
                Some((delivery.event.head.job.clone(), delivery.event.event.clone()))
            }
            _ => None,
        });
        events.collect()
    }

    /// The notices that a connection was given.
    pub(crate) fn notices(&self, connection: ConnectionId) -> Vec<&Notice> {
        let of = |(to, output): &'_ (ConnectionId, Output)| {
            *to == connection && { matches!(output, Output::Notice { .. }) }
        };
        let notices = self.said.iter().filter(|said| of(said));
        let notices = notices.filter_map(|(_, output)| match output {
            Output::Notice { notice, .. } => Some(notice),
            _ => None,
        });
        notices.collect()
    }

    pub(crate) fn tasks(&mut self) -> Vec<Task> {
        std::mem::take(&mut self.tasks)
    }
}

fn settings() -> Settings {
    let mut catalog = Catalog::default();
    for name in ["work", "other"] {
        catalog.add(name, Some("1"));
    }
    Settings {
        identity: RuntimeIdentity::default(),
        capabilities: Capabilities::default(),
        schemes: ["bearer".to_owned()].into(),
        catalog,
        limits: Limits::default(),
        resume_window: Duration::from_secs(10),
        session_lease: None,
        default_lease: Lease::default(),
        ceiling: None,
        cancel_grace: Duration::from_secs(1),
        ack_window: 0,
        provisions: false,
        idempotency_horizon: Duration::from_hours(1),
        retention: Retention::default(),
        sweep_interval: Duration::from_mins(1),
        ping_interval: None,
        on_close: None,
        watch_policy: Policy::default(),
    }
}
