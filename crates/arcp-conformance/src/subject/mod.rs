//! Who is tested, and how it is reached.

mod serve;
mod stdio;
mod url;

use std::fmt;
use std::time::Duration;

use arcp_transport::{Transport, TransportError};
use async_trait::async_trait;

pub use serve::ServeTarget;
pub use stdio::StdioTarget;
pub use url::UrlTarget;

/// An implementation to be tested.
#[async_trait]
pub trait Target: fmt::Debug + Send + Sync {
    /// Its name, for reports.
    fn name(&self) -> String;

    /// What scenarios can ask of it.
    fn offer(&self) -> &Offer;

    /// One more connection to the server of `place`, which is started if it has to be.
    async fn connect(&self, place: &Place) -> Result<Box<dyn Transport>, TargetError>;

    /// Kills the server of `place` and starts it again over the same data, after it was down for at
    /// least so long.
    async fn restart(&self, place: &Place, down: Duration) -> Result<(), TargetError>;

    /// The scenario at `place` is over. If it was alone there and is played again, it asks for the place
    /// again, and for a new server with it.
    async fn leave(&self, place: &Place);
}

/// What scenarios can ask of a target.
#[derive(Debug, Clone)]
pub struct Offer {
    /// The profiles it has; nothing for all of them.
    pub profiles: Option<Vec<String>>,
    /// How many connections one server takes.
    pub connections: Connections,
    /// Whether it can be killed and started again.
    pub restart: bool,
    /// Whether a scenario can have a server for itself.
    pub alone: bool,
    /// How it is reached: `ws`, `stdio`, `memory`.
    pub transport: &'static str,
}

/// How many connections one server takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connections {
    /// One, and when that ends so does the server.
    One,
    /// As many as one likes.
    Many,
}

/// Where a scenario runs: the servers of two different places are different ones.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The settings of the server.
    pub profile: String,
    /// Tells apart the scenarios that have a server for themselves.
    pub alone: Option<usize>,
}

/// Why a target can not be had.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// The connection could not be made.
    #[error("{0}")]
    Transport(#[from] TransportError),
    /// The server could not be started.
    #[error("cannot start `{program}`: {source}")]
    Start {
        /// What was to be started.
        program: String,
        /// Why it was not.
        source: std::io::Error,
    },
    /// The server did not say where it listens.
    #[error("{0}")]
    Silent(String),
    /// It can not do that.
    #[error("{0}")]
    Impossible(&'static str),
}

/// A command with `{profile}` and `{data}` in it replaced.
fn fill(command: &[String], profile: &str, data: &str) -> Vec<String> {
    let replace = |word: &String| word.replace("{profile}", profile).replace("{data}", data);
    command.iter().map(replace).collect()
}

/// The largest frame that a test sends or takes.
const MAX_FRAME_BYTES: usize = 64 << 20;
