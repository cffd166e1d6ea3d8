//! The steps of a script.

use std::time::Duration;

use super::pattern::Pattern;
use super::value::Expr;

/// One step, and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    /// The line, from 1.
    pub(crate) line: usize,
    /// As written, for reports.
    pub(crate) text: String,
    /// What to do.
    pub(crate) action: Action,
}

/// What a step does. A client is named by the script, `A`.
#[derive(Debug, Clone)]
pub(crate) enum Action {
    /// `A connect`.
    Connect(String),
    /// `A open ...`: connect, ask for a session and get it.
    Open(String, Message),
    /// `A> ...`.
    Send(String, Message),
    /// `A start $job = AGENT INPUT`: invoke, and see it accepted and started.
    Start { client: String, job: Vec<String>, message: Message },
    /// `A started $job`: see it started, where the target says so.
    Started(Expectation),
    /// `A< ...`.
    Expect(Expectation),
    /// `A< nothing`, by a ping, or `A< nothing for 300ms`.
    Nothing { client: String, during: Option<Duration> },
    /// `A< closed`.
    Closed(Closing),
    /// `A drop`: without a goodbye.
    Drop(String),
    /// `A close`: with one.
    Close(String),
    /// `A skip TYPE...`.
    Skip(String, Vec<String>),
    /// `unordered { ... }`.
    Unordered(Vec<Expectation>),
    /// `together { ... }`: sends of several clients at once; steps that send, and repetitions of such.
    Together(Vec<Step>),
    /// `repeat N { ... }`.
    Repeat(Expr, Vec<Step>),
    /// `restart`: kill the server and start it again, `after 2s` at the soonest.
    Restart { down: Duration },
    /// `let $x = VALUE`.
    Let(Vec<String>, Expr),
    /// `forget $x ...`: a name is free for another value.
    Forget(Vec<Vec<String>>),
    /// `secret $x ...`.
    Secret(Vec<Vec<String>>),
    /// `check VALUE is PATTERN`.
    Check(Expr, Pattern),
    /// `wait 300ms`.
    Wait(Duration),
}

/// What to send.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    /// What it is made of.
    pub(crate) body: Body,
    /// `name=value`, and `!name` (nothing) for what is left out.
    pub(crate) fields: Vec<(String, Option<Expr>)>,
}

/// What a message is made of.
#[derive(Debug, Clone)]
pub(crate) enum Body {
    /// `TYPE PAYLOAD`.
    Typed(Expr, Option<Expr>),
    /// `open as NAME`: the dialect's opening.
    Opening(String),
    /// `invoke AGENT INPUT`: the dialect's command.
    Invoke(Expr, Option<Expr>),
    /// `raw VALUE`: this text and no other.
    Raw(Expr),
    /// `binary VALUE`: this text as a binary frame.
    Binary(Expr),
    /// `bytes HEX`: these bytes as a binary frame.
    Bytes(Vec<u8>),
}

/// The end of a connection that is to come.
#[derive(Debug, Clone)]
pub(crate) struct Closing {
    pub(crate) client: String,
    /// Whether frames may come before it: `A<~`.
    pub(crate) eventually: bool,
    pub(crate) code: Option<Pattern>,
    /// How long it may take.
    pub(crate) within: Option<Duration>,
}

/// A frame that is to come.
#[derive(Debug, Clone)]
pub(crate) struct Expectation {
    pub(crate) line: usize,
    /// As written, for reports.
    pub(crate) text: String,
    pub(crate) client: String,
    /// Whether other frames may come before it: `A<~`.
    pub(crate) eventually: bool,
    pub(crate) kind: Pattern,
    pub(crate) payload: Option<Pattern>,
    /// `name=pattern`, and `!name` (nothing) for what must be absent.
    pub(crate) fields: Vec<(String, Option<Pattern>)>,
    /// How long it may take.
    pub(crate) within: Option<Duration>,
    /// Secrets that it may hold.
    pub(crate) reveals: Vec<Vec<String>>,
}

impl Expectation {
    /// The next frame of a client, of such a type.
    pub(crate) fn of(client: String, kind: Pattern) -> Self {
        Self {
            line: 0,
            text: String::new(),
            client,
            eventually: false,
            kind,
            payload: None,
            fields: Vec::new(),
            within: None,
            reveals: Vec::new(),
        }
    }
}
