//! What a client does next: by chance, in proportions that keep jobs coming.

use rand::Rng;
use rand::rngs::StdRng;
use serde_json::{Value, json};

/// What a client does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Submit,
    /// With a key, which nobody has used.
    SubmitKeyed,
    /// With a key that was used, or may have been.
    Repeat,
    Ack,
    Cancel,
    Watch,
    Ping,
    /// Leaves the connection as if it were cut, to go on with another.
    Drop,
    /// Goes on with another connection while this one is still there.
    TakeOver,
    Close,
    /// Only reads.
    Wait,
}

impl Verb {
    pub(super) fn next(rng: &mut StdRng) -> Self {
        let mut left = rng.random_range(0..SHARES.iter().map(|(_, share)| share).sum());
        for (verb, share) in SHARES {
            if left < share {
                return verb;
            }
            left -= share;
        }
        Self::Wait
    }
}

const SHARES: [(Verb, u32); 11] = [
    (Verb::Submit, 20),
    (Verb::SubmitKeyed, 12),
    (Verb::Repeat, 8),
    (Verb::Ack, 15),
    (Verb::Cancel, 8),
    (Verb::Watch, 8),
    (Verb::Ping, 6),
    (Verb::Drop, 4),
    (Verb::TakeOver, 2),
    (Verb::Close, 2),
    (Verb::Wait, 15),
];

/// A tool, and what it is given.
pub(super) fn job(rng: &mut StdRng) -> Value {
    let kind = ["metric", "log", "progress"].get(rng.random_range(0..3)).copied();
    let (tool, arguments) = match rng.random_range(0..10) {
        0 => ("echo", json!({ "n": rng.random_range(0..100) })),
        1 => ("chunks", json!({ "n": rng.random_range(1..12), "size": 64 })),
        2 | 3 => ("slow", json!({ "ms": rng.random_range(1..900) })),
        _ => {
            let (n, delay) = (rng.random_range(1..50), rng.random_range(0..400));
            let pad = if rng.random_bool(0.1) { 3_000 } else { 0 };
            ("emit", json!({ "n": n, "delay_us": delay, "kind": kind, "pad": pad }))
        }
    };
    json!({ "tool": tool, "arguments": arguments })
}
