//! What the engine says to clients, told input by input: no store, no clock, no socket.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says what is wrong by panicking")]

mod audit;
mod bench;
mod ends;
mod on_behalf;
mod silence;
