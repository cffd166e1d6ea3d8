//! The settings of a store, and their defaults.

use std::num::NonZeroUsize;
use std::time::Duration;

/// What an acknowledged commit survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// The death of the process and of the machine: every transaction waits for the disk.
    #[default]
    Full,
    /// The death of the process. A power cut may take the last transactions, whole and in order.
    Process,
}

/// How to open a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// What an acknowledged commit survives. Default: [`Durability::Full`].
    pub durability: Durability,
    /// How long to wait for another program that reads or copies the database before a call is
    /// `Unavailable`. Default: 5 seconds.
    pub busy_timeout: Duration,
    /// How many calls may wait for the writer, and as many for the readers; further ones wait to
    /// be taken. Default: 1024.
    pub queue: NonZeroUsize,
    /// How long the thread that writes looks for more before it sleeps, once it has kept only a few
    /// changes: waking it takes as long as a small commit. It gives way to whatever else wants its
    /// core meanwhile, but is time that the process is charged for. Default: 200 microseconds; zero
    /// sleeps at once.
    pub linger: Duration,
    /// The size beyond which the database file does not grow; a commit that would need more is
    /// `Full`. Rounded down to whole pages. Default: none but the disk.
    pub max_bytes: Option<u64>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            durability: Durability::default(),
            busy_timeout: Duration::from_secs(5),
            queue: NonZeroUsize::MIN.saturating_add(1023),
            linger: Duration::from_micros(200),
            max_bytes: None,
        }
    }
}
