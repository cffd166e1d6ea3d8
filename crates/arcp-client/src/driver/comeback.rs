//! Coming back after a lost connection: the session goes on over another one, and what had no
//! answer is asked again.

use std::sync::Arc;
use std::time::Duration;

use arcp_core::{Open, Resume, Secret, SessionAccepted, SessionId, Vocabulary};
use arcp_wire::Dialect;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::time::{Instant, sleep, timeout};
use tracing::{debug, info};

use super::pending::Asked;
use super::{Driver, tell};
use crate::end::End;
use crate::handshake::Link;
use crate::{ClientError, Connector, Options, Reconnect, Status};

/// What it takes to go on with a session.
#[derive(Debug)]
pub(crate) struct Comeback {
    connector: Box<dyn Connector>,
    dialect: &'static dyn Dialect,
    session: SessionId,
    /// What the session was opened with.
    opening: Open,
    token: Secret<String>,
    window: Duration,
    policy: Reconnect,
    handshake_time: Duration,
    /// Before the next attempt.
    pause: Duration,
    /// Since when there is a connection.
    since: Instant,
}

impl Comeback {
    /// Of a session that its runtime keeps for its client; `None` when it does not.
    pub(crate) fn new(
        connector: Box<dyn Connector>,
        dialect: &'static dyn Dialect,
        session: &SessionAccepted,
        options: &Options,
    ) -> Option<Self> {
        let resumption = session.resumption.as_ref()?;
        Some(Self {
            connector,
            dialect,
            session: session.session.clone(),
            opening: options.open(),
            token: resumption.token.clone(),
            window: resumption.window,
            policy: options.reconnect.clone(),
            handshake_time: options.handshake_time,
            pause: Duration::ZERO,
            since: Instant::now(),
        })
    }

    /// A connection on which the session goes on after `last_seq`.
    async fn resume(&mut self, last_seq: u64) -> Result<Link, End> {
        // One that is lost as soon as it is there must not be made again without a pause.
        if self.since.elapsed() >= self.policy.longest_pause {
            self.pause = Duration::ZERO;
        }
        let limit = self.policy.give_up.unwrap_or(self.window);
        let mut failed = None;
        match timeout(limit, self.try_on(last_seq, &mut failed)).await {
            Ok(found) => found,
            Err(_) => Err(gave_up(limit, failed.as_ref())),
        }
    }

    /// Tries until an answer settles it; why it was not settled yet is in `failed`.
    async fn try_on(
        &mut self,
        last_seq: u64,
        failed: &mut Option<ClientError>,
    ) -> Result<Link, End> {
        loop {
            sleep(shortened(self.pause)).await;
            self.lengthen_pause();
            let attempt = timeout(self.handshake_time, self.attempt(last_seq)).await;
            match attempt.unwrap_or(Err(ClientError::TimedOut("going on with the session"))) {
                Ok(link) => return Ok(link),
                Err(error) if is_final(&error) => return Err(error.into()),
                Err(error) => {
                    debug!(%error, next_in = ?self.pause, "the session does not go on yet");
                    *failed = Some(error);
                }
            }
        }
    }

    async fn attempt(&mut self, last_seq: u64) -> Result<Link, ClientError> {
        let transport = self.connector.connect().await?;
        let mut link = Link::new(transport, self.dialect)?;
        let resume = self.asks(last_seq);
        let resumed = link.resume(resume).await?;
        if resumed.after != last_seq {
            let message = format!("events after {} instead of {last_seq}", resumed.after);
            return Err(ClientError::protocol(message));
        }
        if let Some(resumption) = resumed.session.resumption {
            self.token = resumption.token;
            self.window = resumption.window;
        }
        self.since = Instant::now();
        Ok(link)
    }

    /// What is asked for: the session, after this event.
    fn asks(&self, last_seq: u64) -> Resume {
        let greeting = self.dialect.greets_again().then(|| self.opening.clone());
        Resume {
            token: self.token.clone(),
            session: Some(self.session.clone()),
            last_seq,
            offer: greeting.as_ref().map(|open| open.offer.clone()),
            client: greeting.as_ref().map(|open| open.client.clone()),
            capabilities: greeting.map(|open| open.capabilities),
            vocabulary: Vocabulary::default(),
        }
    }

    fn lengthen_pause(&mut self) {
        let doubled = self.pause.saturating_mul(2);
        self.pause = doubled.max(self.policy.first_pause).min(self.policy.longest_pause);
    }
}

impl Driver {
    /// Goes on with the session over another connection; the end, when that cannot be.
    pub(super) async fn come_back(&mut self, lost: End) -> Result<(), End> {
        let End::Lost { reason, retryable: true } = &lost else { return Err(lost) };
        let Some(mut comeback) = self.comeback.take() else { return Err(lost) };
        info!(%reason, "the connection is lost, trying to go on over another one");
        let reason = Arc::clone(reason);
        let resumed = self.resumed;
        self.status.send_replace(Status::Reconnecting { reason, resumed });
        self.line.hang_up();
        let link = self.find_link(&mut comeback).await?;
        self.comeback = Some(comeback);
        self.line.move_to(link);
        self.resumed += 1;
        info!(resumed = self.resumed, "the session goes on");
        self.ask_again();
        self.status.send_replace(Status::Connected { resumed: self.resumed });
        Ok(())
    }

    /// Events find their way to slow handles meanwhile.
    async fn find_link(&mut self, comeback: &mut Comeback) -> Result<Link, End> {
        let Self { routes, closing, .. } = self;
        let resume = comeback.resume(routes.last_seq());
        tokio::pin!(resume);
        loop {
            tokio::select! {
                found = &mut resume => return found,
                () = routes.deliver(), if routes.is_holding() => {}
                reason = closing.recv() => return Err(match reason {
                    Some(_) => End::lost("closed while there was no connection: the runtime was not told"),
                    None => End::Closed,
                }),
            }
        }
    }

    /// What had no answer is asked again under another id, for the runtime passes over a message
    /// that it has had. A submit that may have been taken is repeated only if its key makes it
    /// the same job.
    fn ask_again(&mut self) {
        for asked in self.pending.take_all() {
            if asked.answer.is_closed() {
                continue;
            }
            match asked.again() {
                Ok(again) => self.repeat(again),
                Err(answer) => tell(answer, Err(ClientError::Unanswered)),
            }
        }
    }

    fn repeat(&mut self, mut asked: Asked) {
        let issued = self.line.mint.issue(asked.command.clone(), asked.trace.clone());
        match self.send(&issued) {
            Ok(()) => {
                asked.ids.push(issued.id);
                self.pending.insert(asked);
            }
            Err(error) => tell(asked.answer, Err(error)),
        }
    }
}

/// Whether trying again would come to the same. A connection that cannot be made today may be
/// made tomorrow, whatever its transport says.
fn is_final(error: &ClientError) -> bool {
    match error {
        ClientError::NotResumed(fault) => !fault.retryable,
        ClientError::Protocol(_) => true,
        _ => false,
    }
}

fn gave_up(limit: Duration, failed: Option<&ClientError>) -> End {
    let last = failed.map(|error| format!(", the last time: {error}")).unwrap_or_default();
    End::lost(format!("no connection for {limit:?}{last}"))
}

/// Between half of a pause and all of it: clients that lost the same runtime at the same time do
/// not come back at the same time.
fn shortened(pause: Duration) -> Duration {
    let share = StdRng::try_from_os_rng().map_or(1.0, |mut random| random.random_range(0.5..=1.0));
    pause.mul_f64(share)
}
