//! The typed client of the Agent Runtime Control Protocol: open a session over any transport in
//! any dialect, run jobs, follow them, watch those of others, cancel and list them.
//!
//! A [`Client`] is a cheap handle to one session, whose connection one task, the driver, owns.
//! With a [`Connector`] the session survives its connections: it goes on over another one where it
//! was, and nothing is missed. What the client deliberately does not do: connect (transports and
//! connectors do), open another session for one that cannot go on, and notice a connection that is
//! dead without its transport saying so.

mod client;
mod connector;
mod driver;
mod end;
mod error;
mod events;
mod handle;
mod handshake;
mod inbox;
mod job;
mod mint;
mod options;
mod result;
mod status;
mod watching;

pub use client::Client;
pub use connector::Connector;
pub use error::ClientError;
pub use handle::JobHandle;
pub use job::Job;
pub use options::{Credentials, Options, Reconnect};
pub use result::{Ended, Finished, Value, decode_chunk};
pub use status::{Status, StatusWatch};
pub use watching::JobWatch;
