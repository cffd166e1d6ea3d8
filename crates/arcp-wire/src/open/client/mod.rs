//! The client's two halves of a connection.

mod commands;
mod events;
mod outputs;
mod payload;
mod replies;

pub(super) use commands::Commands;
pub(super) use outputs::Outputs;
