//! One run of one scenario.

mod client;
mod end;
mod expect;
mod rules;
mod send;
mod transcript;

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::dialect::Dialect;
use crate::eval::Scope;
use crate::script::Scenario;
use crate::script::step::{Action, Step};
use crate::script::value::Expr;
use crate::subject::{Place, Target};
use client::Client;
use transcript::Transcript;

pub use end::{Broken, Failure, RunEnd};

/// Somebody who opens a session.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The token; none is nobody in particular.
    pub token: Option<String>,
}

/// Tokens by the names that scripts use.
pub type Tokens = BTreeMap<String, String>;

/// What is left to a runtime, and has to be known of it before one can wait for it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Habits {
    /// Whether it tells that a job has started.
    pub(crate) says_started: bool,
}

impl Default for Habits {
    fn default() -> Self {
        Self { says_started: true }
    }
}

/// A run that is going on.
#[derive(Debug)]
pub(crate) struct Run<'a> {
    scenario: &'a Scenario,
    dialect: &'static dyn Dialect,
    target: &'a dyn Target,
    place: Place,
    tokens: &'a Tokens,
    habits: Habits,
    scope: Scope,
    clients: BTreeMap<String, Client>,
    transcript: Transcript,
    /// Names and values that no frame may hold.
    secrets: Vec<(Vec<String>, String)>,
    broken: Vec<Broken>,
}

impl<'a> Run<'a> {
    pub(crate) fn new(
        scenario: &'a Scenario,
        dialect: &'static dyn Dialect,
        target: &'a dyn Target,
        place: Place,
        tokens: &'a Tokens,
    ) -> Self {
        Self {
            scenario,
            dialect,
            target,
            place,
            tokens,
            habits: Habits::default(),
            scope: Scope::new(tokens),
            clients: BTreeMap::new(),
            transcript: Transcript::new(tokens),
            secrets: Vec::new(),
            broken: Vec::new(),
        }
    }

    /// The same, on a target with these habits.
    pub(crate) fn with_habits(mut self, habits: Habits) -> Self {
        self.habits = habits;
        self
    }

    /// Runs the steps up to the first that fails, and leaves the target as it was.
    pub(crate) async fn play(mut self) -> RunEnd {
        let steps = &self.scenario.steps;
        let failure = self.steps(steps).await.err();
        self.leave().await;
        RunEnd { failure, broken: self.broken }
    }

    /// The agents that a session is told of; nothing if there is no session.
    pub(crate) async fn inventory(&mut self) -> Option<Vec<String>> {
        let played = self.steps(&self.scenario.steps).await;
        let opened = self.scope.get(&["A".to_owned(), "opened".to_owned()]);
        let agents = match (played, opened) {
            (Ok(()), Some(opened)) => Some(self.dialect.agents(opened)),
            _ => None,
        };
        self.leave().await;
        agents
    }

    async fn steps(&mut self, steps: &[Step]) -> Result<(), Failure> {
        for step in steps {
            // Blocks hold steps, and futures have to have a size.
            Box::pin(self.step(step)).await?;
        }
        Ok(())
    }

    async fn step(&mut self, step: &Step) -> Result<(), Failure> {
        if let Action::Repeat(count, steps) = &step.action {
            let count = self.count(count).map_err(|why| self.failed(step, &why))?;
            for n in 1..=count {
                self.set_round(n);
                self.steps(steps).await?;
            }
            return Ok(());
        }
        self.act(&step.action).await.map_err(|why| self.failed(step, &why))
    }

    /// How often to repeat.
    fn count(&self, count: &Expr) -> Result<u64, String> {
        Ok(self.scope.value(count)?.as_u64().unwrap_or(0))
    }

    /// `$n` of a repetition.
    fn set_round(&mut self, n: u64) {
        self.scope.set(&["n".to_owned()], n.into());
    }

    async fn act(&mut self, action: &Action) -> Result<(), String> {
        match action {
            Action::Connect(client) => self.connect(client).await,
            Action::Open(client, message) => self.open(client, message).await,
            Action::Send(client, message) => self.send(client, message).await,
            Action::Start { client, job, message } => self.start(client, job, message).await,
            Action::Started(wanted) => self.started(wanted.clone()).await,
            Action::Expect(wanted) => self.expect(wanted).await,
            Action::Nothing { client, during: None } => self.nothing_so_far(client).await,
            Action::Nothing { client, during: Some(time) } => self.nothing_for(client, *time).await,
            Action::Closed(wanted) => self.closed(wanted).await,
            Action::Drop(client) => {
                self.note(client, "dropped");
                self.clients.remove(client).map(drop).ok_or_else(|| not_connected(client))
            }
            Action::Close(client) => self.close(client).await,
            Action::Skip(client, types) => {
                self.client(client)?.skip.extend(types.iter().cloned());
                Ok(())
            }
            Action::Unordered(wanted) => self.unordered(wanted).await,
            Action::Together(steps) => self.together(steps).await,
            // Handled by `step`, which has its steps report for themselves.
            Action::Repeat(..) => Ok(()),
            Action::Restart { down } => self.restart(*down).await,
            Action::Let(name, expr) => {
                let value = self.scope.value(expr)?;
                self.scope.set(name, value);
                Ok(())
            }
            Action::Forget(names) => {
                for name in names {
                    self.scope.unset(name);
                }
                Ok(())
            }
            Action::Secret(names) => names.iter().try_for_each(|name| self.hide(name)),
            Action::Check(expr, pattern) => {
                let value = self.scope.value(expr)?;
                self.scope.matches("value", &value, pattern).map_err(|wrong| wrong.to_string())
            }
            Action::Wait(time) => {
                tokio::time::sleep(*time).await;
                Ok(())
            }
        }
    }

    async fn connect(&mut self, name: &str) -> Result<(), String> {
        let opened = tokio::time::timeout(CONNECT_LIMIT, self.target.connect(&self.place)).await;
        let transport = match opened {
            Ok(Ok(transport)) => transport,
            Ok(Err(error)) => return Err(format!("cannot connect: {error}")),
            Err(_) => return Err("cannot connect: it takes too long".to_owned()),
        };
        let skip = self.scenario.skip.clone();
        self.clients.insert(name.to_owned(), Client::new(transport, self.dialect.watch(), skip));
        self.note(name, "connected");
        Ok(())
    }

    async fn close(&mut self, name: &str) -> Result<(), String> {
        self.note(name, "closed by us");
        let mut client = self.clients.remove(name).ok_or_else(|| not_connected(name))?;
        client.close().await;
        Ok(())
    }

    async fn restart(&mut self, down: Duration) -> Result<(), String> {
        self.clients.clear();
        self.note("server", "killed and started again");
        let restarted = self.target.restart(&self.place, down).await;
        restarted.map_err(|error| format!("cannot restart: {error}"))
    }

    fn hide(&mut self, name: &[String]) -> Result<(), String> {
        match self.scope.get(name).and_then(|value| value.as_str()) {
            Some(secret) if !secret.is_empty() => {
                self.secrets.push((name.to_vec(), secret.to_owned()));
                Ok(())
            }
            _ => Err(format!("`${}` has no text to be secret", name.join("."))),
        }
    }

    /// Ends sessions that are still open, with their jobs, and connections.
    async fn leave(&mut self) {
        let (kind, payload) = self.dialect.leave();
        let leaving = std::mem::take(&mut self.clients).into_values().map(|mut client| {
            let session = client.session.as_deref();
            let goodbye = self.dialect.frame(kind, payload.clone(), session);
            async move { client.leave(&goodbye).await }
        });
        futures_util::future::join_all(leaving).await;
    }

    fn client(&mut self, name: &str) -> Result<&mut Client, String> {
        self.clients.get_mut(name).ok_or_else(|| not_connected(name))
    }

    fn note(&mut self, client: &str, what: &str) {
        self.transcript.note(client, what);
    }

    fn failed(&self, step: &Step, message: &str) -> Failure {
        Failure {
            file: self.scenario.file(),
            line: step.line,
            step: shorten(&step.text, STEP_SHOWN),
            message: self.transcript.without_tokens(message),
            transcript: self.transcript.tail(),
        }
    }

    fn deadline(&self, within: Option<Duration>) -> Instant {
        Instant::now() + within.unwrap_or(self.scenario.deadline)
    }
}

fn not_connected(client: &str) -> String {
    format!("client {client} is not connected")
}

/// The start of a long text, and how long it is.
pub(crate) fn shorten(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let cut = (0..=most).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    format!("{}... ({} bytes)", text.get(..cut).unwrap_or_default(), text.len())
}

/// How long a connection may take to be made.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// How much of a step a report shows.
const STEP_SHOWN: usize = 300;
