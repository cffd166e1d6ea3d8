//! Ids, from a seed: unguessable, and rising within one engine.

use arcp_core::{
    ArtifactId, CredentialId, JobId, LeaseId, MessageId, Now, SessionId, StreamId, SubscriptionId,
    TraceId,
};
use rand::rngs::StdRng;
use rand::{RngCore, SeedableRng};
use ulid::Ulid;

/// Mints ids. Two with the same seed and the same calls mint the same.
pub(super) struct Ids {
    random: StdRng,
    last: Ulid,
}

impl Ids {
    pub(super) fn new(seed: [u8; 32]) -> Self {
        Self { random: StdRng::from_seed(seed), last: Ulid::from_parts(0, 0) }
    }

    pub(super) fn session(&mut self, now: Now) -> SessionId {
        SessionId::from_ulid(self.ulid(now))
    }

    /// Rises with each call, also when the clock stands still or goes back.
    pub(super) fn job(&mut self, now: Now) -> JobId {
        JobId::from_ulid(self.rising(now))
    }

    pub(super) fn message(&mut self, now: Now) -> MessageId {
        MessageId::from_ulid(self.ulid(now))
    }

    pub(super) fn subscription(&mut self, now: Now) -> SubscriptionId {
        SubscriptionId::from_ulid(self.ulid(now))
    }

    pub(super) fn stream(&mut self, now: Now) -> StreamId {
        StreamId::from_ulid(self.ulid(now))
    }

    pub(super) fn lease(&mut self, now: Now) -> LeaseId {
        LeaseId::from_ulid(self.ulid(now))
    }

    pub(super) fn artifact(&mut self, now: Now) -> ArtifactId {
        ArtifactId::from_ulid(self.ulid(now))
    }

    pub(super) fn credential(&mut self, now: Now) -> CredentialId {
        CredentialId::from_ulid(self.ulid(now))
    }

    /// The name of a delegation.
    pub(super) fn delegation(&mut self, now: Now) -> String {
        format!("del_{}", self.ulid(now))
    }

    /// A trace id in W3C form, 32 hexadecimal digits.
    pub(super) fn trace(&mut self) -> Option<TraceId> {
        let number = self.number() | 1;
        TraceId::parse(&format!("{number:032x}")).ok()
    }

    /// A name that nobody can guess.
    pub(super) fn unique(&mut self, now: Now) -> String {
        format!("anon_{}", self.ulid(now))
    }

    /// 256 bits that nobody can guess.
    pub(super) fn secret(&mut self) -> [u8; 32] {
        let mut secret = [0; 32];
        self.random.fill_bytes(&mut secret);
        secret
    }

    fn ulid(&mut self, now: Now) -> Ulid {
        Ulid::from_parts(now.wall.as_millis(), self.number())
    }

    fn rising(&mut self, now: Now) -> Ulid {
        let fresh = self.ulid(now);
        self.last = if fresh > self.last {
            fresh
        } else {
            // A random step keeps the next id unguessable; the sum cannot reach the end of time.
            Ulid(self.last.0.saturating_add(u128::from(self.random.next_u64()) + 1))
        };
        self.last
    }

    fn number(&mut self) -> u128 {
        u128::from(self.random.next_u64()) << 64 | u128::from(self.random.next_u64())
    }
}

impl std::fmt::Debug for Ids {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ids").field("last", &self.last).finish_non_exhaustive()
    }
}
