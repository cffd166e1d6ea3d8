//! The real program as a child process: driven by recorded frames, killed, restarted, and used as
//! its users use it.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by panicking"
)]

mod conformance;
mod control;
mod demo;
mod example;
mod files;
mod kill;
mod locked;
mod program;
mod raw;
mod reconnect;
mod relay;
mod run;
mod serve;
mod signals;
mod stdio;
mod store;
mod stored;
mod terminals;
mod transcripts;
