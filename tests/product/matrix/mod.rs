//! Every scenario over every transport on every store, in the open dialect.
//!
//! A scenario is a function of the cell that it runs in; what it has to wait for has to happen, so
//! that it ends early or by its guard.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by panicking"
)]

/// Makes a module of each scenario, with a test for each cell: `matrix!(echo)` makes
/// `echo::memory_memory`, `echo::ws_sqlite` and so on, which call `echo(On { .. })`.
macro_rules! matrix {
    ($($scenario:ident),* $(,)?) => {$(
        mod $scenario {
            use crate::support::{Kept, On, Wire};

            crate::matrix::cells! {
                $scenario
                memory_memory: Memory, Memory;
                memory_sqlite: Memory, Sqlite;
                stdio_memory: Stdio, Memory;
                stdio_sqlite: Stdio, Sqlite;
                ws_memory: Ws, Memory;
                ws_sqlite: Ws, Sqlite;
            }
        }
    )*};
}

/// The tests of one scenario.
macro_rules! cells {
    ($scenario:ident $($cell:ident: $wire:ident, $kept:ident;)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $cell() {
            let on = On { wire: Wire::$wire, kept: Kept::$kept };
            crate::matrix::guard(super::$scenario(on)).await;
        }
    )*};
}

pub(crate) use cells;

mod ack_window;
mod artifacts;
mod authenticators;
mod cancel;
mod client_resume;
mod close_codes;
mod credentials;
mod delegation;
mod frames;
mod handshake;
mod heartbeats;
mod jobs;
mod keys;
mod lease;
mod limits;
mod list;
mod permissions;
mod queue;
mod restart;
mod retention;
mod rotation;
mod run_again;
mod session;
mod size;
mod slow_reader;
mod store_failures;
mod streams;
mod submit;
mod subscribe;
mod watch;
mod watch_policy;

use std::time::Duration;

/// Runs a scenario; one that hangs fails.
async fn guard(scenario: impl Future<Output = ()>) {
    tokio::time::timeout(GUARD, Box::pin(scenario)).await.expect("the scenario hangs");
}

const GUARD: Duration = Duration::from_mins(1);
