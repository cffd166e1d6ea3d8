//! The ARCP runtime: sessions and jobs.
//!
//! [`engine`] holds the rules and does nothing; the rest is the shell around it: one task, the
//! writer, owns the engine, commits what it says and only then tells anybody. A connection owns
//! nothing that lasts.

mod admission;
mod any_token;
mod builder;
mod clock;
mod connection;
mod dispatch;
pub mod engine;
mod error;
mod host;
mod keeper;
mod list;
mod outlet;
mod past;
pub mod record;
mod recovery;
mod replay;
mod runtime;
pub mod sweep;
mod writer;

pub use arcp_wire::Compatibility;
pub use builder::RuntimeBuilder;
pub use clock::{Clock, SystemClock};
pub use error::{BuildError, RuntimeError};
pub use runtime::{Handle, Runtime};
