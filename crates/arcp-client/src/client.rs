//! The handle to a session: what a program asks of a runtime.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use arcp_core::{
    Cancel, CancelTarget, Command, JobFilter, JobId, JobSummary, JobsPage, ListJobs, PingKind,
    RESUME_EXTENSION, Reply, SessionAccepted, TraceId, WatchJob,
};
use arcp_transport::Transport;
use arcp_wire::Dialect;
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use crate::driver::{Answer, Call, Comeback, Driver, Handles};
use crate::end::End;
use crate::handshake::Link;
use crate::{ClientError, Connector, Job, JobHandle, JobWatch, Options, StatusWatch};

/// A cheap handle to one session; clones share it.
///
/// It lives until [`close`](Self::close), until its connection is lost, or until the last clone
/// and the last [`JobHandle`] are dropped. Dropping them says nothing to the runtime: jobs go on
/// as after a lost connection.
///
/// One that was [connected](Self::connect) outlives its connection. Calls that wait for an answer
/// then are asked again and calls that come meanwhile wait. Asked again means that a cancellation
/// may be [refused](ClientError::Refused) because it, or the first asking, has ended the job, and
/// that a submit without a key is [not](ClientError::Unanswered).
///
/// Every call ends within [`Options::request_time`]. None is cancel-safe in the sense that a
/// dropped call may have been sent; it is safe in that it disturbs no other call.
///
/// ```
/// # use arcp_client::{Client, ClientError, Credentials, Ended, Job, Options};
/// # use arcp_transport::Transport;
/// # use arcp_wire::open::OpenDialect;
/// async fn survey(transport: Box<dyn Transport>) -> Result<Ended, ClientError> {
///     let options = Options::new(Credentials::Anonymous);
///     let client = Client::open(transport, &OpenDialect, options).await?;
///     let job = client.submit(Job::new("survey")).await?;
///     let finished = job.finish().await?;
///     client.close("done").await?;
///     Ok(finished.outcome)
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    session: SessionAccepted,
    handles: Handles,
    /// One for each call that may wait for its answer.
    turns: Semaphore,
    request_time: Duration,
    result_bytes: u64,
    /// Ends by itself once `handles` are gone; kept so that it is owned.
    driver: JoinSet<()>,
}

/// The driver sends what was asked already, for at most `close_time`, and ends by itself.
impl Drop for Shared {
    fn drop(&mut self) {
        self.driver.detach_all();
    }
}

impl Client {
    /// Opens a session over `transport` in `dialect` and starts the task that keeps it; call it
    /// on a tokio runtime with timers. Waits at most [`Options::handshake_time`]; the connection
    /// is ended when there is no session. Cancel-safe: a dropped call drops the connection.
    pub async fn open(
        transport: Box<dyn Transport>,
        dialect: &dyn Dialect,
        options: Options,
    ) -> Result<Self, ClientError> {
        let mut link = Link::new(transport, dialect)?;
        let session = link.open(&options).await?;
        Ok(Self::start(link, session, None, &options))
    }

    /// The same over a connection that `connector` makes, and over another one each time that it
    /// is lost, as [`Options::reconnect`] says: the session goes on, with the token that the
    /// runtime gave for that, after the last event that has come.
    ///
    /// Only one attempt is made to make the first connection; it and the opening of the session
    /// wait at most [`Options::handshake_time`] each. A runtime that does not keep sessions for
    /// their clients gives no token: [`SessionAccepted::resumption`] tells, and the client is then
    /// like one that was [opened](Self::open). The session is over for all handles with
    /// [`NotResumed`](ClientError::NotResumed) when the runtime does not let it go on, with
    /// [`Disconnected`](ClientError::Disconnected) when there was no connection for too long.
    /// Cancel-safe: a dropped call drops the connection.
    pub async fn connect(
        connector: impl Connector + 'static,
        dialect: &'static dyn Dialect,
        mut options: Options,
    ) -> Result<Self, ClientError> {
        options.capabilities.extensions.insert(RESUME_EXTENSION.to_owned());
        let mut connector: Box<dyn Connector> = Box::new(connector);
        let made = timeout(options.handshake_time, connector.connect()).await;
        let transport = made.map_err(|_| ClientError::TimedOut("connecting"))??;
        let mut link = Link::new(transport, dialect)?;
        let session = link.open(&options).await?;
        let comeback = Comeback::new(connector, dialect, &session, &options);
        Ok(Self::start(link, session, comeback, &options))
    }

    fn start(
        link: Link,
        session: SessionAccepted,
        comeback: Option<Comeback>,
        options: &Options,
    ) -> Self {
        let (driver, handles) = Driver::new(link, comeback, options);
        let mut task = JoinSet::new();
        task.spawn(driver.run());
        let shared = Shared {
            session,
            handles,
            turns: Semaphore::new(usize::from(options.commands_in_flight.get())),
            request_time: options.request_time,
            result_bytes: options.result_bytes,
            driver: task,
        };
        Self { shared: Arc::new(shared) }
    }

    /// The session as the runtime opened it. Its token is the first one, and of no use once the
    /// session has gone on.
    pub fn session(&self) -> &SessionAccepted {
        &self.shared.session
    }

    /// Submits a job and waits until it is accepted. From then on every event of it is in the
    /// handle's reach.
    ///
    /// After any error but [`Refused`](ClientError::Refused) and
    /// [`TooLarge`](ClientError::TooLarge), and after a dropped call, the job may run all the
    /// same; submit it again with the same key to learn of it. With a key that is done here when
    /// the connection is lost before the answer, and the handle has all events of the job.
    pub async fn submit(&self, job: Job) -> Result<JobHandle, ClientError> {
        let (submit, trace) = job.into_parts();
        let command = Command::Submit(Box::new(submit));
        match self.call(command, trace, "submitting a job").await? {
            Answer::Job(accepted, events) => Ok(JobHandle::new(self.clone(), accepted, events)),
            Answer::Reply(Reply::JobRefused { fault, .. }) => Err(ClientError::Refused(fault)),
            Answer::Reply(reply) => Err(unexpected(reply)),
            Answer::Watch(..) => Err(ClientError::protocol("a watched job for an answer")),
        }
    }

    /// Watches a job, whoever of the principal submitted it: what happens from now on, or, with
    /// `after`, first what has happened after that index of the job's own events (0 is from the
    /// start). A job that has ended can be watched for as long as the runtime keeps it.
    pub async fn watch(&self, job: &JobId, after: Option<u64>) -> Result<JobWatch, ClientError> {
        let command = Command::Watch(WatchJob { job: job.clone(), after });
        match self.call(command, None, "watching a job").await? {
            Answer::Watch(watched, events) => Ok(JobWatch::new(self.clone(), watched, events)),
            Answer::Reply(reply) => Err(unexpected(reply)),
            Answer::Job(..) => Err(ClientError::protocol("a job for an answer")),
        }
    }

    /// Has a job watched no more.
    pub(crate) async fn unwatch(&self, job: JobId) -> Result<(), ClientError> {
        let call = Call { command: Command::Unwatch { job }, trace: None, answer: None };
        let sent = timeout(self.shared.request_time, self.hand_over(call)).await;
        sent.unwrap_or(Err(ClientError::TimedOut("no longer watching a job")))
    }

    /// Asks for the end of a job, and returns when the runtime has agreed to it; the job's last
    /// event comes later. A job that does not end within `deadline` is ended by force.
    pub async fn cancel(
        &self,
        job: &JobId,
        reason: Option<&str>,
        deadline: Option<Duration>,
    ) -> Result<(), ClientError> {
        let command = Command::Cancel(Box::new(Cancel {
            target: CancelTarget::Job,
            target_id: job.to_string(),
            reason: reason.map(str::to_owned),
            deadline,
        }));
        match self.ask(command, "cancelling a job").await? {
            Reply::CancelAccepted { .. } => Ok(()),
            Reply::CancelRefused { fault, .. } => Err(ClientError::Refused(fault)),
            reply => Err(unexpected(reply)),
        }
    }

    /// One page of the principal's jobs, in the order of creation.
    pub async fn jobs(&self, query: ListJobs) -> Result<JobsPage, ClientError> {
        match self.ask(Command::ListJobs(Box::new(query)), "listing jobs").await? {
            Reply::Jobs(page) => Ok(page),
            reply => Err(unexpected(reply)),
        }
    }

    /// The first `at_most` jobs that `filter` lets through, page after page. The time allowed is
    /// that of one call for each page.
    pub async fn jobs_all(
        &self,
        filter: JobFilter,
        at_most: usize,
    ) -> Result<Vec<JobSummary>, ClientError> {
        let mut query = ListJobs { filter, limit: None, after: None };
        let mut jobs = Vec::new();
        for _ in 0..MAX_PAGES {
            let page = self.jobs(query.clone()).await?;
            jobs.extend(page.jobs);
            jobs.truncate(at_most);
            if jobs.len() == at_most || page.next.is_none() {
                return Ok(jobs);
            }
            if page.next == query.after {
                return Err(ClientError::protocol("a listing that does not move on"));
            }
            query.after = page.next;
        }
        Err(ClientError::protocol("a listing without end"))
    }

    /// The time from asking the runtime to its answer.
    pub async fn ping(&self) -> Result<Duration, ClientError> {
        let command =
            Command::Ping { kind: PingKind::Session, nonce: Some("arcp-client".to_owned()) };
        let start = Instant::now();
        match self.ask(command, "a ping").await? {
            Reply::Pong { .. } => Ok(start.elapsed()),
            reply => Err(unexpected(reply)),
        }
    }

    /// Tells the runtime that all events up to `seq` have been processed. Nothing is answered;
    /// `Ok` means that it will be sent if the connection holds. A session that goes on over another
    /// connection tells the runtime that it has all events that had come, read or not.
    pub async fn ack(&self, seq: u64) -> Result<(), ClientError> {
        let call = Call { command: Command::Ack { seq }, trace: None, answer: None };
        let sent = timeout(self.shared.request_time, self.hand_over(call)).await;
        sent.unwrap_or(Err(ClientError::TimedOut("acknowledging")))
    }

    /// The highest `event_seq` that has come, whether or not its event has been read from its
    /// handle; 0 before the first.
    pub fn last_seq(&self) -> u64 {
        self.shared.handles.last_seq.load(Ordering::Relaxed)
    }

    /// Drops the connection as a failure of the network would: nothing is said, and what is unsent
    /// stays so. For tests and demonstrations. Returns at once; a connection that is just being
    /// made is dropped when it is there.
    pub fn drop_connection(&self) {
        // One that is full has what is wanted in it already; one that is closed has no connection.
        let _asked = self.shared.handles.cut.try_send(());
    }

    /// Tells when the connection is lost, and when the session has gone on over another one.
    pub fn watch_status(&self) -> StatusWatch {
        StatusWatch::new(self.shared.handles.status.clone())
    }

    /// Closes the session for all clones and waits until the connection is over: until the peer
    /// has ended it, at most [`Options::close_time`], and at most that long again for what is
    /// unsent. Events are delivered meanwhile. What becomes of running jobs is the runtime's
    /// affair.
    ///
    /// Calls that wait and handles that have read what came fail with
    /// [`Disconnected`](ClientError::Disconnected). An error means that the connection was lost
    /// before, also when another one was being made: the runtime then does not know of the close,
    /// and waits for this client as long as it keeps the session. A dropped call closes all the
    /// same.
    pub async fn close(&self, reason: &str) -> Result<(), ClientError> {
        // Full or without a receiver: somebody has asked before, or it is over.
        drop(self.shared.handles.closing.try_send(reason.to_owned()));
        let mut end = self.shared.handles.end.clone();
        while end.changed().await.is_ok() {}
        match &*end.borrow() {
            Some(End::Closed) => Ok(()),
            Some(end) => Err(end.error()),
            None => Err(driver_gone()),
        }
    }

    /// Why nothing works any more. Waits until the driver has said so, which it has or is about
    /// to when one of its channels is closed.
    pub(crate) async fn lost(&self) -> ClientError {
        let mut end = self.shared.handles.end.clone();
        let said = end.wait_for(Option::is_some).await;
        said.ok().and_then(|end| end.as_ref().map(End::error)).unwrap_or_else(driver_gone)
    }

    pub(crate) fn result_bytes(&self) -> u64 {
        self.shared.result_bytes
    }

    /// A command whose answer is a reply.
    async fn ask(&self, command: Command, what: &'static str) -> Result<Reply, ClientError> {
        match self.call(command, None, what).await? {
            Answer::Reply(reply) => Ok(reply),
            Answer::Job(..) | Answer::Watch(..) => {
                Err(ClientError::protocol("a job for an answer"))
            }
        }
    }

    async fn call(
        &self,
        command: Command,
        trace: Option<TraceId>,
        what: &'static str,
    ) -> Result<Answer, ClientError> {
        let answered = timeout(self.shared.request_time, self.exchange(command, trace)).await;
        answered.unwrap_or(Err(ClientError::TimedOut(what)))
    }

    async fn exchange(
        &self,
        command: Command,
        trace: Option<TraceId>,
    ) -> Result<Answer, ClientError> {
        let Ok(_turn) = self.shared.turns.acquire().await else {
            return Err(driver_gone());
        };
        let (answer, answered) = oneshot::channel();
        self.hand_over(Call { command, trace, answer: Some(answer) }).await?;
        match answered.await {
            Ok(answer) => answer,
            Err(_) => Err(self.lost().await),
        }
    }

    async fn hand_over(&self, call: Call) -> Result<(), ClientError> {
        match self.shared.handles.calls.send(call).await {
            Ok(()) => Ok(()),
            Err(_) => Err(self.lost().await),
        }
    }
}

/// What an answer means that the command does not have.
fn unexpected(reply: Reply) -> ClientError {
    match reply {
        Reply::Nack(fault) => ClientError::Refused(fault),
        _ => ClientError::protocol("an answer to another kind of command"),
    }
}

fn driver_gone() -> ClientError {
    ClientError::Disconnected { reason: "the client's task is gone".into(), retryable: true }
}

/// Pages of a listing that are followed; a runtime's page is a thousand jobs or so.
const MAX_PAGES: usize = 10_000;
