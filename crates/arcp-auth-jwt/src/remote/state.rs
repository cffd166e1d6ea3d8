//! What is held of a JWKS that is elsewhere, and what became of asking for it.

use std::sync::Arc;
use std::time::Duration;

use arcp_core::Moment;

use crate::keys::KeySet;
use arcp_auth::AuthError;

#[derive(Debug, Default)]
pub(super) struct State {
    held: Option<Held>,
    /// When it was last asked for.
    asked: Option<Moment>,
    /// Whether an answer is awaited.
    fetching: bool,
    /// Why the last fetch brought nothing.
    failure: Option<String>,
}

#[derive(Debug)]
struct Held {
    keys: Arc<KeySet>,
    /// When they were asked for, so that they are not taken for younger than they are.
    asked: Moment,
}

impl State {
    /// The keys, if one has this name and they are younger than `age`.
    pub(super) fn fresh(&self, kid: &str, now: Moment, age: Duration) -> Option<Arc<KeySet>> {
        self.younger(now, age).filter(|keys| keys.has(kid)).cloned()
    }

    /// The keys among which the one with this name is, or is not. It cannot be told when there are
    /// none younger than `age`, nor when the name is unknown and the last fetch failed.
    pub(super) fn best(
        &self,
        kid: &str,
        now: Moment,
        age: Duration,
    ) -> Result<Arc<KeySet>, AuthError> {
        match (self.younger(now, age), &self.failure) {
            (Some(keys), None) => Ok(keys.clone()),
            (Some(keys), Some(_)) if keys.has(kid) => Ok(keys.clone()),
            (_, Some(failure)) => Err(AuthError::new(failure.clone())),
            (None, None) => Err(AuthError::new("the JWKS was not fetched")),
        }
    }

    /// Whether to fetch: nobody does, and the last time is a while ago. The caller then does.
    pub(super) fn begin(&mut self, now: Moment, pause: Duration) -> bool {
        let early = self.asked.is_some_and(|asked| now.since(asked) < pause);
        if self.fetching || early {
            return false;
        }
        self.fetching = true;
        self.asked = Some(now);
        true
    }

    /// A fetch has ended that began at `asked`.
    pub(super) fn end(&mut self, asked: Moment, outcome: Result<KeySet, String>) {
        self.fetching = false;
        match outcome {
            Ok(keys) => {
                self.held = Some(Held { keys: Arc::new(keys), asked });
                self.failure = None;
            }
            Err(why) => self.failure = Some(why),
        }
    }

    pub(super) fn is_fetching(&self) -> bool {
        self.fetching
    }

    fn younger(&self, now: Moment, age: Duration) -> Option<&Arc<KeySet>> {
        let held = self.held.as_ref().filter(|held| now.since(held.asked) < age);
        held.map(|held| &held.keys)
    }
}
