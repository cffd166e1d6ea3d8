//! The dialects: codecs between frames and domain values. No clock, no socket, no decision.
//!
//! Two wire vocabularies carry the name of the protocol. A [`Dialect`] knows one of them; a
//! connection gets its codec from the first frame and keeps it. Decoding is total: any bytes in,
//! a value out, no panic.

#![deny(clippy::wildcard_enum_match_arm)]

mod first;
pub mod hello;
mod json;
pub mod open;
mod prefix;

use std::fmt;
use std::time::Duration;

use arcp_core::{Fault, Frame, Issued, MessageId, Output};

/// One wire vocabulary.
pub trait Dialect: Send + Sync + fmt::Debug {
    /// What it is called in logs and on command lines.
    fn name(&self) -> &'static str;

    /// Whether a connection whose first frame is `first` speaks this dialect.
    fn claims(&self, first: &Frame) -> bool;

    /// Whether a client that comes back says again who and what it is.
    fn greets_again(&self) -> bool;

    /// The runtime's two halves of a connection.
    fn runtime_codec(&self) -> (Box<dyn CommandDecoder>, Box<dyn OutputEncoder>);

    /// The client's two halves of a connection.
    fn client_codec(&self) -> (Box<dyn OutputDecoder>, Box<dyn CommandEncoder>);
}

/// Whether clients that are known to read something else than the text says are told that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Compatibility {
    /// They are: each in the form that it can read (MAPPING §6).
    #[default]
    Auto,
    /// Everybody is told what the text says.
    Strict,
}

/// Every dialect, each as it speaks under `compatibility`.
pub fn dialects(compatibility: Compatibility) -> &'static [&'static dyn Dialect] {
    match compatibility {
        Compatibility::Auto => AUTO,
        Compatibility::Strict => STRICT,
    }
}

/// The dialect of that name.
pub fn by_name(name: &str) -> Option<&'static dyn Dialect> {
    AUTO.iter().find(|dialect| dialect.name() == name).copied()
}

/// Whether a name can be that of an extension, and so a type of its own: it is in a namespace, and
/// that is no word of the protocol's (R§21.2).
pub fn is_extension(name: &str) -> bool {
    open::is_foreign(name)
}

/// The dialect of the connection whose first frame is `first`; `None` when that is nobody's, and so
/// tells nothing of who is there.
pub fn detect(first: &Frame, compatibility: Compatibility) -> Option<&'static dyn Dialect> {
    dialects(compatibility).iter().find(|dialect| dialect.claims(first)).copied()
}

static AUTO: &[&dyn Dialect] =
    &[&open::OpenDialect, &hello::HelloDialect { compatibility: Compatibility::Auto }];
static STRICT: &[&dyn Dialect] =
    &[&open::OpenDialect, &hello::HelloDialect { compatibility: Compatibility::Strict }];

/// Reads what a client sends.
pub trait CommandDecoder: Send + fmt::Debug {
    /// What one frame says.
    fn decode(&mut self, frame: &Frame) -> Decoded<Issued>;
}

/// Writes what a runtime says. Learns what it needs to know of the session from what it writes.
pub trait OutputEncoder: Send + fmt::Debug {
    /// Adds the frames that say `output` to `frames`: none when the peer must not be told. Returns
    /// what becomes of the connection after them.
    fn encode(&mut self, output: &Output, frames: &mut Vec<Frame>) -> Then;
}

/// What becomes of a connection after something was said on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// It goes on.
    GoOn,
    /// It goes on once the peer has answered a ping that is among them, or after this time.
    Hold(Duration),
    /// It ends.
    Close,
}

/// Reads what a runtime says.
pub trait OutputDecoder: Send + fmt::Debug {
    /// What one frame says.
    fn decode(&mut self, frame: &Frame) -> Decoded<Output>;

    /// What else it says, to be asked until there is nothing more: most frames say one thing.
    fn more(&mut self) -> Option<Output> {
        None
    }

    /// Another connection carries the session from now on: what was asked before has no answer.
    fn moved(&mut self) {}
}

/// Writes what a client asks.
pub trait CommandEncoder: Send + fmt::Debug {
    /// Adds the frames that ask for `command` to `frames`.
    fn encode(&mut self, command: &Issued, frames: &mut Vec<Frame>);

    /// Tells the encoder what its runtime has said: later frames carry the session's id.
    fn observe(&mut self, output: &Output);
}

/// What a frame turned out to be.
#[derive(Debug)]
pub enum Decoded<T> {
    /// Something said.
    Message(T),
    /// Something that wants neither action nor answer.
    Ignored,
    /// No message of this dialect.
    Bad {
        /// The message's id, when that could be read.
        id: Option<MessageId>,
        /// What is wrong with it.
        fault: Fault,
    },
}
