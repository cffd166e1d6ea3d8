//! The typed client of the Agent Runtime Control Protocol: open a session over any transport in
//! any dialect, run jobs, follow them, cancel and list them.
//!
//! A [`Client`] is a cheap handle to one connection, which one task, the driver, owns. What it
//! deliberately does not do: connect (transports do) and come back by itself after a lost
//! connection.

mod client;
mod driver;
mod end;
mod error;
mod handle;
mod handshake;
mod inbox;
mod job;
mod mint;
mod options;
mod result;

pub use client::Client;
pub use error::ClientError;
pub use handle::JobHandle;
pub use job::Job;
pub use options::{Credentials, Options};
pub use result::{Ended, Finished, Value, decode_chunk};
