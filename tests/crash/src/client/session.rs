//! A client's session: opened, gone on with, closed, and at the end read from its start.

use std::time::Duration;

use rand::Rng;
use serde_json::json;
use tokio::time::Instant;

use super::answer::Question;
use super::link::Link;
use super::verb::Verb;
use super::{Client, End, PATIENCE, lock, refused};
use crate::frame::open;
use crate::kill::{Aim, Kill};
use crate::server::token;
use crate::violation::Violation;

/// The session that a client goes on with.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) id: String,
    /// The last that its client was told.
    token: String,
    pub(super) acked: u64,
}

impl Session {
    pub(super) fn new(id: &str, token: &str) -> Self {
        Self { id: id.to_owned(), token: token.to_owned(), acked: 0 }
    }
}

impl Client {
    pub(super) async fn begin(&mut self, link: &mut Link, kill: &Kill) -> Result<(), End> {
        if self.session.is_some() {
            return self.resume(link, kill, None).await;
        }
        let payload = open(&token(self.principal));
        self.ask(link, kill, "session.open", payload, Question::Begin).await;
        let frame = self.first(link).await?;
        let (Some(id), "session.accepted") = (&frame.session_id, frame.kind.as_str()) else {
            return Err(refused("a session", frame.shown()).into());
        };
        self.session = Some(Session::new(id, frame.text("resume_token")));
        lock(&self.shared).opened(id);
        Ok(())
    }

    /// Goes on with the session, most often from the last event that it has, or from the one told.
    async fn resume(&mut self, link: &mut Link, kill: &Kill, told: Option<u64>) -> Result<(), End> {
        let Some(session) = &self.session else { return Err(End::Left) };
        let (id, token) = (session.id.clone(), session.token.clone());
        let last = lock(&self.shared).last(&id);
        let after = told.unwrap_or_else(|| {
            let oldest = session.acked.max(last.saturating_sub(200));
            if self.rng.random_bool(0.8) { last } else { self.rng.random_range(oldest..=last) }
        });
        let payload = json!({ "resume_token": token, "last_event_seq": after });
        self.ask(link, kill, "session.resume", payload, Question::Begin).await;
        if told.is_none() && self.rng.random_bool(BLIND) {
            self.blind = true;
            return Err(End::Left);
        }
        let frame = self.first(link).await?;
        let good = frame.kind == "session.resumed"
            && frame.session_id.as_ref() == Some(&id)
            && frame.payload.get("replayed_from") == Some(&after.into())
            && frame.text("resume_token") != token;
        if !good {
            return Err(refused(&format!("going on with {id} after {after}"), frame.shown()).into());
        }
        if let Some(session) = &mut self.session {
            frame.text("resume_token").clone_into(&mut session.token);
        }
        lock(&self.shared).resumed(&id, after);
        Ok(())
    }

    /// Closes the session and waits for the end of its jobs and of the connection.
    pub(super) async fn close(&mut self, link: &mut Link, kill: &Kill) -> Result<(), End> {
        if let Some(session) = &self.session {
            lock(&self.shared).leave(&session.id);
        }
        self.ask(link, kill, "session.close", json!({}), Question::Close).await;
        let outcome = self.listen(link, PATIENCE, false).await;
        self.session = None;
        match outcome {
            Ok(()) => {
                Err(Violation::Unprovoked { what: "a session does not close".to_owned() }.into())
            }
            // The end is what was asked for, whoever brought it.
            Err(End::Gone) => Err(End::Left),
            other => other,
        }
    }

    /// At rest: opens its session or goes on with it, has one more job done, sees the end of all that it
    /// watches, and then reads everything once more from the start.
    pub(crate) async fn read_all(&mut self, url: &str) -> Result<(), Violation> {
        let kill = Kill::new(Aim::Listening(Duration::ZERO));
        for again in [false, true] {
            let outcome = match Link::connect(url).await {
                Ok(mut link) => self.read(&mut link, &kill, again).await,
                Err(_) => Err(End::Gone),
            };
            match outcome {
                Ok(()) => {}
                Err(End::Found(violation)) => return Err(violation),
                Err(End::Left | End::Gone) => {
                    let what = "a connection has ended".to_owned();
                    return Err(Violation::Unprovoked { what });
                }
            }
        }
        Ok(())
    }

    async fn read(&mut self, link: &mut Link, kill: &Kill, again: bool) -> Result<(), End> {
        self.asked.clear();
        if again {
            self.resume(link, kill, Some(0)).await?;
        } else {
            // The answer is waited for this time.
            let last = self.session.as_ref().map(|session| lock(&self.shared).last(&session.id));
            match last {
                Some(last) => self.resume(link, kill, Some(last)).await?,
                None => self.begin(link, kill).await?,
            }
            self.act(Verb::Submit, link, kill).await;
        }
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            self.listen(link, QUIET, true).await?;
            let session = self.session.as_ref().map_or("", |session| session.id.as_str());
            if self.asked.is_empty() && !lock(&self.shared).waits(session) {
                return Ok(());
            }
        }
        Err(refused("at rest", format!("no answer, or no end: {:?}", self.asked)).into())
    }
}

/// How often an answer to a resume is not waited for: the token in it is then never known.
const BLIND: f64 = 0.05;
/// Nothing comes any more.
const QUIET: Duration = Duration::from_millis(300);
