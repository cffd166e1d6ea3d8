//! The conformance suite against runtimes in this process: as they are, and with one rule broken.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by panicking"
)]

mod mutants;
mod target;
mod whole;
