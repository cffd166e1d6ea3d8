//! A client: it does what comes to its mind, checks what it is told, and goes on after each death of
//! its server.

mod answer;
mod link;
mod session;
mod verb;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout_at};

use crate::PRINCIPALS;
use crate::frame::{Asked, Ids};
use crate::history::History;
use crate::kill::Kill;
use crate::violation::Violation;
use answer::Question;
pub(crate) use link::Link;
use session::Session;
use verb::Verb;

/// What all clients share: what was seen.
pub(crate) type Shared = Arc<Mutex<History>>;

/// The history, by one client at a time.
pub(crate) fn lock(shared: &Shared) -> MutexGuard<'_, History> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A client, which lives through all rounds.
#[derive(Debug)]
pub(crate) struct Client {
    number: usize,
    principal: &'static str,
    rng: StdRng,
    ids: Ids,
    session: Option<Session>,
    shared: Shared,
    /// What was asked on the connection and not answered yet.
    asked: BTreeMap<String, Question>,
    /// Whether it has asked for its session and not waited for the answer.
    blind: bool,
    /// A connection that it has not dropped yet, and does not read any more.
    left: Option<Link>,
    /// Keys that were sent, with the job that they are for.
    keys: Vec<(String, Value)>,
}

/// Why a connection is not there any more.
#[derive(Debug)]
enum End {
    /// The client wanted that.
    Left,
    /// The server is gone, or has closed it.
    Gone,
    Found(Violation),
}

impl From<Violation> for End {
    fn from(found: Violation) -> Self {
        Self::Found(found)
    }
}

impl Client {
    pub(crate) fn new(number: usize, seed: u64, shared: Shared) -> Self {
        let distance = u64::try_from(number + 1).unwrap_or(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        Self {
            number,
            principal: PRINCIPALS.get(number % PRINCIPALS.len()).copied().unwrap_or_default(),
            rng: StdRng::seed_from_u64(seed ^ distance),
            ids: Ids::of(number),
            session: None,
            shared,
            asked: BTreeMap::new(),
            blind: false,
            left: None,
            keys: Vec::new(),
        }
    }

    pub(crate) fn number(&self) -> usize {
        self.number
    }

    /// Does what it does until the server is dead.
    pub(crate) async fn live(&mut self, url: &str, kill: &Kill) -> Result<(), Violation> {
        while !kill.is_done() {
            match self.connection(url, kill).await {
                End::Left => {}
                // Its resume has come after the one that was to follow it.
                End::Gone if std::mem::take(&mut self.blind) => {}
                End::Gone if kill.is_why().await => return Ok(()),
                End::Gone => {
                    return Err(Violation::Unprovoked {
                        what: "a connection has ended".to_owned(),
                    });
                }
                End::Found(violation) => return Err(violation),
            }
        }
        Ok(())
    }

    /// One connection, from its start to its end.
    async fn connection(&mut self, url: &str, kill: &Kill) -> End {
        self.asked.clear();
        let left = self.left.take();
        let Ok(mut link) = Link::connect(url).await else { return End::Gone };
        if let Err(end) = self.begin(&mut link, kill).await {
            return end;
        }
        drop(left);
        loop {
            let verb = Verb::next(&mut self.rng);
            let outcome = match verb {
                Verb::Drop => return End::Left,
                Verb::TakeOver => {
                    self.left = Some(link);
                    return End::Left;
                }
                Verb::Close => self.close(&mut link, kill).await,
                _ => {
                    self.act(verb, &mut link, kill).await;
                    let span = Duration::from_micros(self.rng.random_range(0..9_000));
                    self.listen(&mut link, span, false).await
                }
            };
            if let Err(end) = outcome {
                return end;
            }
        }
    }

    /// Asks for something. What comes of it is seen later.
    async fn act(&mut self, verb: Verb, link: &mut Link, kill: &Kill) {
        match verb {
            Verb::Submit => {
                let job = verb::job(&mut self.rng);
                self.ask(link, kill, "tool.invoke", job, Question::Submit(None)).await;
            }
            Verb::SubmitKeyed => {
                let (key, job) = (self.ids.key(), verb::job(&mut self.rng));
                self.keys.push((key.clone(), job.clone()));
                self.ask(link, kill, "tool.invoke", job, Question::Submit(Some(key))).await;
            }
            Verb::Repeat => {
                if let Some((key, job)) = recent(&self.keys, &mut self.rng).cloned() {
                    self.ask(link, kill, "tool.invoke", job, Question::Submit(Some(key))).await;
                }
            }
            Verb::Ack => {
                let Some(session) = &mut self.session else { return };
                session.acked = lock(&self.shared).last(&session.id);
                lock(&self.shared).counts.acks += 1;
                let payload = json!({ "last_processed_seq": session.acked });
                self.ask(link, kill, "session.ack", payload, Question::Ack).await;
            }
            Verb::Cancel => {
                let Some(job) = self.some_job() else { return };
                lock(&self.shared).counts.cancels += 1;
                let payload = json!({ "target": "job", "target_id": job });
                self.ask(link, kill, "cancel", payload, Question::Cancel).await;
            }
            Verb::Watch => {
                let Some(job) = self.some_job() else { return };
                let history = self.rng.random_bool(0.5);
                let payload = json!({ "job_id": job, "history": history });
                let question = Question::Watch { job, history };
                self.ask(link, kill, "job.subscribe", payload, question).await;
            }
            Verb::Ping => {
                let payload = json!({ "nonce": "n", "sent_at": "2026-01-01T00:00:00Z" });
                self.ask(link, kill, "session.ping", payload, Question::Ping).await;
            }
            Verb::Drop | Verb::TakeOver | Verb::Close | Verb::Wait => {}
        }
    }

    async fn ask(
        &mut self,
        link: &mut Link,
        kill: &Kill,
        kind: &'static str,
        payload: Value,
        question: Question,
    ) {
        let id = self.ids.message();
        let session = self.session.as_ref().map(|session| session.id.clone());
        let session = session.filter(|_| !matches!(question, Question::Begin));
        let key = match &question {
            Question::Submit(key) => key.clone(),
            _ => None,
        };
        if question.is_answered() {
            self.asked.insert(id.clone(), question);
        }
        link.send(&Asked { id, kind, session, key, payload }).await;
        kill.sent(kind);
    }

    /// Reads for a while, or until nothing has come for so long.
    async fn listen(&mut self, link: &mut Link, span: Duration, again: bool) -> Result<(), End> {
        let mut end = Instant::now() + span;
        loop {
            match timeout_at(end, link.next()).await {
                Err(_) => return Ok(()),
                Ok(None) => return Err(End::Gone),
                Ok(Some(Err(error))) => return Err(refused("a frame", error.to_string()).into()),
                Ok(Some(Ok(frame))) => self.take(&frame)?,
            }
            if again {
                end = Instant::now() + span;
            }
        }
    }

    /// A job of the principal, most often a recent one.
    fn some_job(&mut self) -> Option<String> {
        let history = lock(&self.shared);
        recent(history.jobs.get(self.principal)?, &mut self.rng).cloned()
    }
}

fn refused(what: &str, answer: String) -> Violation {
    Violation::Refused { what: what.to_owned(), answer }
}

/// Most often one of the last.
fn recent<'a, T>(all: &'a [T], rng: &mut StdRng) -> Option<&'a T> {
    let back = if rng.random_bool(0.8) { all.len().min(8) } else { all.len() };
    all.get(all.len().checked_sub(rng.random_range(0..back.max(1)) + 1)?)
}

const PATIENCE: Duration = Duration::from_secs(20);

#[cfg(test)]
mod tests;
