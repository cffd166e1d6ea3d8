//! What differs between the dialects: how a session is opened, what a command looks like, and
//! which rules every frame keeps.

mod hello;
mod open;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;

use serde_json::{Map, Value};

use crate::run::Identity;

/// A dialect, as a client sees it.
pub trait Dialect: fmt::Debug + Send + Sync {
    /// Its name, which is also the folder of its scenarios.
    fn name(&self) -> &'static str;

    /// The list of its requirements.
    fn requirements(&self) -> &'static str;

    /// The id of a new message.
    fn message_id(&self) -> String;

    /// A frame as scripts speak of it.
    fn seen<'a>(&self, frame: &'a Value) -> Cow<'a, Value> {
        Cow::Borrowed(frame)
    }

    /// Whether a frame of that type, which answers another one, names it as `re`.
    fn names_what_it_answers(&self, kind: &str) -> bool;

    /// The requirement that is broken by a frame of that type that does not name what it answers, if it
    /// is an answer all the same.
    fn unnamed(&self, kind: &str) -> Option<&'static str>;

    /// The envelope of a frame that a client sends, without its payload.
    fn envelope(&self, kind: &str, session: Option<&str>) -> Map<String, Value>;

    /// A whole frame.
    fn frame(&self, kind: &str, payload: Value, session: Option<&str>) -> Value {
        let mut frame = self.envelope(kind, session);
        frame.insert("payload".to_owned(), payload);
        Value::Object(frame)
    }

    /// The type and payload that ask for a session.
    fn opening(&self, who: &Identity) -> (&'static str, Value);

    /// The type by which a session is given.
    fn opened(&self) -> &'static str;

    /// The type by which a session is given back after its connection ended.
    fn resumed(&self) -> &'static str;

    /// The type and payload that ask for a job.
    fn invoke(&self, agent: Value, input: Value) -> (&'static str, Value);

    /// The type that says that a job is accepted.
    fn accepted(&self) -> &'static str;

    /// The type that says that a job has started, and what its payload has for that.
    fn started(&self) -> (&'static str, Option<(&'static str, &'static str)>);

    /// Whether a runtime may keep to itself that a job has started.
    fn start_is_optional(&self) -> bool;

    /// The type and payload of a ping.
    fn ping(&self) -> (&'static str, Value);

    /// Whether `frame` answers `ping`, as it has to in whatever state the session is.
    fn is_pong(&self, ping: &Value, frame: &Value) -> bool;

    /// The type and payload by which a client leaves.
    fn leave(&self) -> (&'static str, Value);

    /// The names of the agents that the payload of an opened session lists.
    fn agents(&self, opened: &Value) -> Vec<String>;

    /// The key of an envelope or a payload for which scripts have a short name.
    fn field<'a>(&self, short: &'a str) -> &'a str;

    /// The fields that a script writes beside a message but that belong into its payload.
    fn is_payload_field(&self, kind: &str, name: &str) -> bool;

    /// The rules that hold on a new connection.
    fn watch(&self) -> Box<dyn Watch>;

    /// The requirements that every frame of every scenario is held to.
    fn rules(&self) -> &'static [&'static str];

    /// The requirement by which a secret is shown to nobody.
    fn secrecy(&self) -> &'static str;
}

/// Follows one connection and sees that every frame keeps the rules.
pub trait Watch: fmt::Debug + Send {
    /// The client has sent this.
    fn sent(&mut self, frame: &Map<String, Value>);

    /// This has come. What it breaks: the id of a requirement, and how.
    fn received(&mut self, frame: &Value) -> Vec<(&'static str, String)>;
}

/// The dialect of that name.
pub fn by_name(name: &str) -> Option<&'static dyn Dialect> {
    ALL.iter().copied().find(|dialect| dialect.name() == name)
}

/// The names of agents, which are listed as names or as objects with one.
fn listed_agents(opened: &Value) -> Vec<String> {
    let listed = opened.pointer("/capabilities/agents").and_then(Value::as_array);
    let name = |agent: &Value| match agent {
        Value::String(name) => Some(name.clone()),
        agent => agent.get("name").and_then(Value::as_str).map(str::to_owned),
    };
    listed.into_iter().flatten().filter_map(name).collect()
}

/// What there is, for people.
pub(crate) fn names() -> String {
    let names: Vec<String> = ALL.iter().map(|dialect| format!("`{}`", dialect.name())).collect();
    names.join(", ")
}

/// All of them.
pub const ALL: &[&dyn Dialect] = &[&open::Open, &hello::Hello];
