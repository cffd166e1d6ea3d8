//! An engine with nothing around it: what is to be kept and what is to be done is given to the caller.

use std::time::Duration;

use arcp_core::{
    ANY_TOKEN, Capabilities, Commit, ConnectionId, Feature, Frame, Issued, JobId, Lease, Limits,
    Moment, Now, Output, Principal, Reply, RuntimeIdentity, Timestamp,
};
use arcp_runtime::engine::{
    Catalog, Effect, Effects, Engine, Input, Judgement, Policy, Retention, Settings,
};
use arcp_wire::{CommandDecoder, Decoded, OutputEncoder, by_name};

use crate::client::Client;

/// An engine, and the time there.
#[derive(Debug)]
pub struct House {
    engine: Engine,
    now: Now,
    connections: u64,
}

/// What came of a batch.
#[derive(Debug)]
pub struct Done {
    /// What is to be kept.
    pub commit: Commit,
    /// What is to be done then.
    pub effects: Vec<Effect>,
}

/// A client with its connection, in a session.
#[derive(Debug)]
pub struct Line {
    /// The connection.
    pub id: ConnectionId,
    /// The client.
    pub client: Client,
    /// Reads what it sends.
    pub decoder: Box<dyn CommandDecoder>,
    /// Writes what it is told.
    pub encoder: Box<dyn OutputEncoder>,
}

impl Default for House {
    fn default() -> Self {
        let now =
            Now { wall: Timestamp::from_micros(1_700_000_000_000_000), moment: Moment::default() };
        Self { engine: Engine::new(settings(), [7; 32]), now, connections: 0 }
    }
}

impl House {
    /// Handles these together, as the runtime does with what waits for a commit.
    pub fn handle(&mut self, batch: impl IntoIterator<Item = Input>) -> Done {
        // Never as long as it takes for something to be due.
        let span = Duration::from_micros(10);
        self.now = Now { wall: self.now.wall.after(span), moment: self.now.moment.after(span) };
        let mut fx = Effects::new();
        for input in batch {
            self.engine.handle(self.now, input, &mut fx);
        }
        Done { commit: fx.take_commit().unwrap(), effects: fx.take_effects() }
    }

    /// Opens a session, from a client's first frame to the answer.
    pub fn open(&mut self, dialect: &'static str, principal: &str) -> Line {
        self.connections += 1;
        let id = ConnectionId(self.connections);
        let (decoder, encoder) = by_name(dialect).unwrap().runtime_codec();
        let mut line = Line { id, client: Client::new(dialect), decoder, encoder };
        self.handle([Input::Connected { connection: id }]);
        let first = line.client.open();
        let open = line.command(&first);
        self.handle([open]);
        let judgement = Judgement::Accept(Principal::named(principal));
        let done = self.handle([Input::Judged { connection: id, attempt: 1, judgement }]);
        let mut told = done.effects.into_iter().filter_map(output);
        match told.next() {
            Some((_, welcome @ Output::Reply { reply: Reply::Accepted(_), .. })) => {
                line.enter(&welcome);
            }
            other => panic!("no session: {other:?}"),
        }
        line
    }

    /// Submits a job, and returns what it goes by.
    pub fn submit(&mut self, line: &mut Line) -> JobId {
        let frame = line.client.submit();
        let done = self.handle([line.command(&frame)]);
        accepted(&done.effects).next().expect("a job that is accepted").clone()
    }
}

impl Line {
    /// What a frame of the client's asks for.
    pub fn decode(&mut self, frame: &Frame) -> Issued {
        match self.decoder.decode(frame) {
            Decoded::Message(issued) => issued,
            other => panic!("{other:?}"),
        }
    }

    /// The same, for the engine.
    pub fn command(&mut self, frame: &Frame) -> Input {
        Input::Command { connection: self.id, issued: self.decode(frame), intent: None }
    }

    /// The client is told that its session is open.
    fn enter(&mut self, welcome: &Output) {
        if let Output::Reply { reply: Reply::Accepted(accepted), .. } = welcome {
            self.client.enter(accepted.session.as_str());
        }
        self.encode(welcome, &mut Vec::new());
    }

    /// Adds the frames that say `output`.
    pub fn encode(&mut self, output: &Output, frames: &mut Vec<Frame>) {
        self.encoder.encode(output, frames);
    }
}

impl Done {
    /// The jobs that were accepted.
    pub fn accepted(&self) -> impl Iterator<Item = &JobId> {
        accepted(&self.effects)
    }
}

fn accepted(effects: &[Effect]) -> impl Iterator<Item = &JobId> {
    effects.iter().filter_map(|effect| match effect {
        Effect::Say { output: Output::Reply { reply: Reply::JobAccepted(job), .. }, .. } => {
            Some(&job.job)
        }
        _ => None,
    })
}

/// What an effect tells to whom, if it does.
pub fn output(effect: Effect) -> Option<(ConnectionId, Output)> {
    match effect {
        Effect::Say { connection, output } => Some((connection, output)),
        Effect::Deliver { connection, delivery, .. } => Some((connection, Output::Event(delivery))),
        _ => None,
    }
}

fn settings() -> Settings {
    let mut catalog = Catalog::default();
    for name in ["work", "other", "echo", "slow"] {
        catalog.add(name, Some("1.0.0"));
    }
    Settings {
        identity: RuntimeIdentity {
            kind: "micro".to_owned(),
            version: "1".to_owned(),
            ..Default::default()
        },
        capabilities: Feature::ALL
            .iter()
            .fold(Capabilities::default(), |all, one| all.with(*one, true)),
        schemes: ["bearer".to_owned(), ANY_TOKEN.to_owned()].into(),
        catalog,
        limits: Limits::default(),
        resume_window: Duration::from_mins(10),
        session_lease: None,
        default_lease: Lease::default(),
        ceiling: None,
        cancel_grace: Duration::from_secs(1),
        ack_window: 0,
        provisions: false,
        idempotency_horizon: Duration::from_hours(1),
        retention: Retention::default(),
        sweep_interval: Duration::from_hours(1),
        ping_interval: Some(Duration::from_hours(1)),
        on_close: None,
        watch_policy: Policy::default(),
    }
}
