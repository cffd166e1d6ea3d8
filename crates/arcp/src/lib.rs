//! The Agent Runtime Control Protocol: one door to the workspace's crates.
//!
//! [`Server`] hosts agents with sensible parts wired together: the SQLite store, a WebSocket
//! listener. [`client`] speaks to a runtime. Whoever wants other parts takes the crates behind the
//! re-exports and puts them together.

#[cfg(feature = "client")]
mod connector;
#[cfg(feature = "server")]
mod server;

#[cfg(feature = "server")]
pub use arcp_agent as agent;
#[cfg(feature = "server")]
pub use arcp_auth as auth;
#[cfg(feature = "jwt")]
pub use arcp_auth_jwt as auth_jwt;
#[cfg(feature = "client")]
pub use arcp_client as client;
pub use arcp_core as core;
#[cfg(feature = "server")]
pub use arcp_runtime as runtime;
#[cfg(feature = "server")]
pub use arcp_store as store;
#[cfg(feature = "server")]
pub use arcp_store_fs as store_fs;
#[cfg(feature = "server")]
pub use arcp_store_sqlite as store_sqlite;
pub use arcp_transport as transport;
#[cfg(any(feature = "server", feature = "client"))]
pub use arcp_transport_stdio as transport_stdio;
#[cfg(any(feature = "server", feature = "client"))]
pub use arcp_transport_ws as transport_ws;
pub use arcp_wire as wire;

#[cfg(feature = "client")]
pub use connector::WsConnector;
#[cfg(feature = "server")]
pub use server::{Server, ServerBuilder, ServerError};
