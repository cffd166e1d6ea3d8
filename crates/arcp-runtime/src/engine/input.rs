//! What the engine can be told. Closed on purpose.

use arcp_core::{
    ArtifactId, Completion, ConnectionId, CredentialId, Event, Fault, Issued, JobId, JobSummary,
    MessageId, Principal, Question, SessionId, SubscriptionId,
};

use super::{Intent, ListQuery, Provisioned, Recall, Search, Step, Swept};
use crate::record::{JobFact, Run};

/// Something that happened.
#[derive(Debug)]
pub enum Input {
    /// A peer has connected.
    Connected {
        /// Its connection, never used before.
        connection: ConnectionId,
    },
    /// A peer asks for something.
    Command {
        /// Where from.
        connection: ConnectionId,
        /// What.
        issued: Issued,
        /// What it wants, if it submits a job under a key. Found out before, for that may take long.
        intent: Option<Intent>,
    },
    /// A peer sent something that is no message of its dialect.
    BadFrame {
        /// Where from.
        connection: ConnectionId,
        /// The message's id, when that could be read.
        id: Option<MessageId>,
        /// What is wrong with it.
        fault: Fault,
    },
    /// A connection is gone.
    Disconnected {
        /// Which.
        connection: ConnectionId,
    },
    /// An authenticator has judged.
    Judged {
        /// Whose offer it was.
        connection: ConnectionId,
        /// Which attempt of that connection, as the task said.
        attempt: u64,
        /// What it said.
        judgement: Judgement,
    },
    /// A job says something.
    Report {
        /// Which.
        job: JobId,
        /// What.
        report: JobReport,
    },
    /// The store was asked for ended jobs.
    Listed {
        /// What was asked.
        query: Box<ListQuery>,
        /// The jobs, in order, and the last one looked at when there may be more.
        done: Result<(Vec<JobSummary>, Option<JobId>), Fault>,
    },
    /// The store was asked for a job that has ended.
    Recalled {
        /// What was asked.
        recall: Box<Recall>,
        /// The job, if the principal has it, and the index of its first event still kept.
        found: Result<Option<(JobFact, u64)>, Fault>,
    },
    /// The past that a subscription wanted is found.
    Past {
        /// Which.
        subscription: SubscriptionId,
        /// Where it is, in order.
        past: Result<Vec<Run>, Fault>,
    },
    /// An observer could not be told for too long.
    Overflow {
        /// Its subscription.
        subscription: SubscriptionId,
    },
    /// A provisioner was asked for credentials.
    Provisioned {
        /// The job that they are for.
        job: JobId,
        /// What came of it.
        provisioned: Provisioned,
    },
    /// A provisioner was asked to revoke.
    Revoked {
        /// What.
        id: CredentialId,
        /// Whether it has, or why not.
        revoked: Result<(), String>,
    },
    /// The bytes of an artifact are among the blobs.
    BlobKept {
        /// The artifact.
        artifact: ArtifactId,
        /// Their SHA-256, or why they are not.
        kept: Result<String, Fault>,
    },
    /// The number of an event was looked for.
    Searched {
        /// What was asked.
        search: Box<Search>,
        /// The number, if the session has the event.
        found: Result<Option<u64>, Fault>,
    },
    /// A connection has no room for its events, which from now on come from the log.
    Behind {
        /// Which.
        connection: ConnectionId,
    },
    /// A step of forgetting what is old came to its end.
    Swept {
        /// The step.
        step: Box<Step>,
        /// What it came to, or why it failed.
        swept: Result<Swept, Fault>,
    },
    /// A connection was to tell events that are no longer kept.
    Lost {
        /// Which.
        connection: ConnectionId,
        /// Of which session.
        session: SessionId,
        /// The number after those that are gone.
        next: u64,
    },
    /// A client was to be asked whether it is there, and has not taken all that it was sent.
    Busy {
        /// On which connection.
        connection: ConnectionId,
    },
    /// The store keeps again what it is given, after it had taken too long.
    Unstuck,
    /// From now on nothing new is begun.
    Drain,
    /// The runtime stops: what has not ended is ended, or left to the next start.
    Halt,
}

/// What an authenticator said.
#[derive(Debug)]
pub enum Judgement {
    /// It is this principal.
    Accept(Principal),
    /// It has to answer this first.
    Challenge(String),
    /// No, or it could not be judged.
    Refuse(Fault),
}

/// What a job says.
#[derive(Debug)]
pub enum JobReport {
    /// An event happened; never a terminal one.
    Emit(Event),
    /// It asks something.
    Ask {
        /// What.
        question: Question,
        /// Where the answer goes.
        ticket: Ticket,
    },
    /// Its agent is done.
    Ended(Result<Completion, Fault>),
}

/// Names a question of a job's to whoever waits for the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);
