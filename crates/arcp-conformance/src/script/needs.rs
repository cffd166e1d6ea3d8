//! What a script needs of a target, read off its steps.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Needs;
use super::pattern::Pattern;
use super::step::{Action, Body, Expectation, Message, Step};
use super::value::Expr;

/// Adds what the steps need.
pub(super) fn infer(steps: &[Step], needs: &mut Needs) {
    let mut life = Life::default();
    for step in steps {
        life.step(&step.action, needs);
    }
    // A killed server takes everybody's jobs with it.
    needs.alone |= needs.restart;
}

/// What happens in the life of one server.
#[derive(Debug, Default)]
struct Life<'a> {
    connections: usize,
    connected: BTreeSet<&'a str>,
}

impl<'a> Life<'a> {
    fn step(&mut self, action: &'a Action, needs: &mut Needs) {
        if let Action::Open(_, message) | Action::Send(_, message) = action
            && let Body::Opening(who) = &message.body
            && !EVERYWHERE.contains(&who.as_str())
        {
            needs.doors.insert(who.clone());
        }
        if let Action::Open(_, message) | Action::Send(_, message) = action {
            let fields = message.fields.iter().filter_map(|(_, value)| value.as_ref());
            let payload = match &message.body {
                Body::Typed(_, payload) => payload.as_ref(),
                _ => None,
            };
            fields.chain(payload).for_each(|value| schemes(value, &mut needs.doors));
        }
        match action {
            Action::Connect(client)
            | Action::Open(client, _)
            | Action::Send(client, Message { body: Body::Opening(_), .. }) => {
                // A second session may be opened on one connection.
                self.connections += usize::from(self.connected.insert(client));
                needs.connections |= self.connections > 1;
            }
            Action::Drop(client) | Action::Close(client) => {
                self.connected.remove(client.as_str());
            }
            Action::Restart { .. } => {
                *self = Self::default();
                needs.restart = true;
            }
            Action::Together(steps) => {
                for step in steps {
                    self.step(&step.action, needs);
                }
            }
            // Twice shows what more would.
            Action::Repeat(_, steps) => {
                steps.iter().chain(steps).for_each(|step| self.step(&step.action, needs));
            }
            _ => {}
        }
    }
}

/// Adds the schemes that a value names, of those by which some of the fixture's tokens are judged.
fn schemes(value: &Expr, found: &mut BTreeSet<String>) {
    let Expr::Object(fields) = value else { return };
    for (key, value) in fields {
        let scheme = value.as_literal_text().filter(|text| SCHEMES.contains(text));
        if let Some(scheme) = scheme.filter(|_| key.as_literal_text() == Some("scheme")) {
            found.insert(scheme.to_owned());
        }
        schemes(value, found);
    }
}

/// Schemes by which some of the fixture's tokens are judged.
const SCHEMES: [&str; 2] = ["signed_jwt", "oauth2"];

/// The agents of the fixture that the steps invoke, without versions. Those that say that they wait
/// can only do so where an agent can log.
pub(super) fn agents(steps: &[Step]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    collect(steps, &mut found);
    if WAITING.iter().any(|agent| found.contains(*agent)) && wait_for_log(steps) {
        found.insert(LOGGER.to_owned());
    }
    found
}

fn collect(steps: &[Step], found: &mut BTreeSet<String>) {
    for step in steps {
        match &step.action {
            Action::Send(_, message) | Action::Start { message, .. } => of_message(message, found),
            Action::Repeat(_, steps) | Action::Together(steps) => collect(steps, found),
            _ => {}
        }
    }
}

/// Whether a log line is waited for.
fn wait_for_log(steps: &[Step]) -> bool {
    let is_log = |expected: &Expectation| match &expected.kind {
        Pattern::Equal(kind) => kind.as_literal_text().is_some_and(|kind| LOGS.contains(&kind)),
        _ => false,
    };
    steps.iter().any(|step| match &step.action {
        Action::Expect(expected) => is_log(expected),
        Action::Unordered(all) => all.iter().any(is_log),
        Action::Repeat(_, steps) => wait_for_log(steps),
        _ => false,
    })
}

fn of_message(message: &Message, found: &mut BTreeSet<String>) {
    match &message.body {
        Body::Invoke(agent, _) => of_name(agent, found),
        Body::Typed(_, Some(Expr::Object(fields))) => {
            for (key, value) in fields {
                if matches!(key, Expr::Literal(Value::String(key)) if key == "tool" || key == "agent")
                {
                    of_name(value, found);
                }
            }
        }
        _ => {}
    }
}

fn of_name(agent: &Expr, found: &mut BTreeSet<String>) {
    let Some(text) = agent.as_literal_text().filter(|text| text.starts_with(FIXTURE)) else {
        return;
    };
    found.insert(text.split('@').next().unwrap_or(text).to_owned());
}

/// How the names of the fixture's agents start.
const FIXTURE: &str = "conf.";

/// The one whose token is always given, and the one who has none.
const EVERYWHERE: [&str; 2] = ["alice", "anonymous"];

/// The agents that log when they wait.
const WAITING: [&str; 5] =
    ["conf.charge", "conf.checkpoint", "conf.gate", "conf.rerun", "conf.stubborn"];

/// What dialects call a log line.
const LOGS: [&str; 2] = ["log", "event.log"];

/// Hosted wherever agents can log.
const LOGGER: &str = "conf.log";
