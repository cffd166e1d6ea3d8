//! What the whole-product tests stand on: a runtime on any store behind any transport, clients
//! that speak in raw frames, agents that a test directs, a clock that a test moves.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by panicking"
)]

mod agents;
mod clock;
mod gateway;
mod house;
mod kept;
mod probe;
mod raw;
mod road;

pub(crate) use agents::Stage;
pub(crate) use clock::HandClock;
pub(crate) use gateway::{Books, Gateway};
pub(crate) use house::{House, Kept, On, Setup, Wire};
pub(crate) use kept::{ended_fact, is_stored, job_events, numbers, open_fact};
pub(crate) use probe::Probe;
pub(crate) use raw::{Raw, bearer, code, envelope, is_terminal, job_of, kind, seq};
