//! A JWKS at a URL: when it is fetched, and how long what came is good for.

mod fetcher;
mod settings;
mod state;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arcp_core::Moment;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::clock::Clock;
use super::error::BuildError;
use super::keys::KeySet;
use arcp_auth::AuthError;

pub use settings::JwksUrl;

use fetcher::Fetcher;
use state::State;

/// Fetches at most once at a time, for all that wait.
#[derive(Debug)]
pub(super) struct Remote {
    fetcher: Arc<Fetcher>,
    refresh: Duration,
    max_age: Duration,
    pause: Duration,
    clock: Clock,
    state: Arc<watch::Sender<State>>,
    /// One task at most: a fetch goes on when the call that began it is dropped, since others may
    /// wait for it. It ends with this.
    fetches: Mutex<JoinSet<()>>,
}

impl Remote {
    pub(super) fn new(settings: &JwksUrl, clock: Clock) -> Result<Self, BuildError> {
        Ok(Self {
            fetcher: Arc::new(Fetcher::new(settings)?),
            refresh: settings.refresh,
            max_age: settings.max_age,
            pause: settings.pause,
            clock,
            state: Arc::new(watch::Sender::new(State::default())),
            fetches: Mutex::new(JoinSet::new()),
        })
    }

    /// The keys among which the one with this name is, or is not.
    pub(super) async fn keys(&self, kid: &str) -> Result<Arc<KeySet>, AuthError> {
        let now = self.clock.now().moment;
        let fresh = self.state.borrow().fresh(kid, now, self.refresh);
        if let Some(keys) = fresh {
            return Ok(keys);
        }
        self.renew(now).await;
        self.state.borrow().best(kid, now, self.max_age)
    }

    /// Waits for the fetch that is under way, or for one that begins here if it may.
    async fn renew(&self, now: Moment) {
        let mut state = self.state.subscribe();
        if self.state.send_if_modified(|state| state.begin(now, self.pause)) {
            self.fetch(now);
        }
        // It fails only when the sender is gone, which is ours.
        drop(state.wait_for(|state| !state.is_fetching()).await);
    }

    fn fetch(&self, now: Moment) {
        let fetch = Fetch { state: self.state.clone(), asked: now, outcome: None };
        let fetcher = self.fetcher.clone();
        let mut fetches = self.fetches.lock().unwrap_or_else(PoisonError::into_inner);
        while fetches.try_join_next().is_some() {}
        fetches.spawn(async move { fetch.end(fetcher.fetch().await) });
    }
}

/// A fetch under way. However it ends, those who wait for it are told.
struct Fetch {
    state: Arc<watch::Sender<State>>,
    asked: Moment,
    outcome: Option<Result<KeySet, String>>,
}

impl Fetch {
    fn end(mut self, outcome: Result<KeySet, String>) {
        if let Err(why) = &outcome {
            tracing::warn!("{why}");
        }
        self.outcome = Some(outcome);
    }
}

impl Drop for Fetch {
    fn drop(&mut self) {
        let outcome = self.outcome.take();
        let outcome = outcome.unwrap_or_else(|| Err("a fetch of the JWKS was cut off".to_owned()));
        self.state.send_modify(|state| state.end(self.asked, outcome));
    }
}
