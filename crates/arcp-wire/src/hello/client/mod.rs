//! The client's two halves of a connection. What answers what is not always said, least of all by other
//! runtimes (HELLO §9.4): the two halves share what was asked.

mod asked;
mod commands;
mod events;
mod outputs;
mod payload;
mod replies;

pub(super) use asked::Asked;
pub(super) use commands::Commands;
pub(super) use outputs::Outputs;
