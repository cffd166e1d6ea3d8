//! Every bound of the runtime, by name.

use std::time::Duration;

/// Bounds on what is queued, kept, taken in and waited for. Exceeding one is answered with a
/// fault that names it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Largest frame taken in or sent, in bytes. Default 1 MiB.
    pub frame_bytes: usize,
    /// Largest chunk of a streamed result, decoded, in bytes. Default 512 KiB.
    pub chunk_bytes: usize,
    /// Largest streamed result, decoded, in bytes. Default 256 MiB.
    pub result_bytes: u64,
    /// Largest text of a client's that is told to others, such as a reason, in bytes. Default 4 KiB.
    pub text_bytes: usize,
    /// Bad frames in a row before the connection is closed. Default 16.
    pub bad_frames: u32,
    /// How long a connection may take to get a session accepted. Default 10 s.
    pub handshake_time: Duration,
    /// Offers refused since the last good one before the connection is closed. Default 5.
    pub handshake_attempts: u32,
    /// How long an authenticator may take. Default 5 s.
    pub authenticate_time: Duration,
    /// Connections at a time. Default 20,000.
    pub connections: usize,
    /// Connections at a time from one address. Default 20,000.
    pub connections_per_address: usize,
    /// Sessions in all, live or detached; the one that has waited longest for its client gives way to
    /// a new one. Default 100,000.
    pub sessions: usize,
    /// Sessions of one principal, live or detached; likewise. Default 1,000.
    pub sessions_per_principal: usize,
    /// Jobs that have not ended, in all. Default 20,000.
    pub jobs: usize,
    /// Jobs of one principal that have not ended. Default 10,000.
    pub jobs_per_principal: usize,
    /// Jobs of one principal that run at a time; more of them queue, but for those that a job has
    /// delegated to: these run beyond it. Default 1,000.
    pub running_per_principal: usize,
    /// Jobs that one job has delegated to and that have not ended. Default 100.
    pub children_per_job: usize,
    /// How far down delegations go: a job that was delegated to may delegate, up to so many times in a
    /// row. Default 8, at most 64.
    pub delegation_depth: usize,
    /// Jobs of one principal that wait for their credentials at a time. Default 128.
    pub provisioning_per_principal: usize,
    /// Repeats of a submit that wait for the credentials of its job at a time. Default 1,000.
    pub repeats_per_job: usize,
    /// How long a provisioner may take. Default 30 s.
    pub provision_time: Duration,
    /// Credentials that are being revoked at a time. Default 32.
    pub revocations: usize,
    /// Credentials that are being revoked or wait for that; beyond it no more are issued. Default
    /// 10,000.
    pub unrevoked: usize,
    /// How often one job is run again after its runtime has died. Default 3.
    pub restarts_per_job: u32,
    /// Largest state that a job keeps, as JSON, in bytes. Default 1 MiB.
    pub checkpoint_bytes: usize,
    /// Idempotency keys of one principal that are remembered. Default 100,000.
    pub keys_per_principal: usize,
    /// Idempotency keys in all. Default 2,000,000.
    pub keys_in_all: usize,
    /// Jobs that one session watches at a time, its own among them. Default 10,000.
    pub watched_per_session: usize,
    /// Subscriptions of one session at a time. Default 16.
    pub subscriptions_per_session: usize,
    /// Events that one subscription is told of the past. Default 100,000.
    pub backfill_events: usize,
    /// Jobs of which events wait to be told to one subscription; beyond it, it ends. Default 10,000.
    pub observed_jobs: usize,
    /// Streams of one job that are open at a time. Default 64.
    pub streams_per_job: usize,
    /// Permissions that one job waits for, and holds, at a time. Default 64.
    pub permissions_per_job: usize,
    /// Largest artifact, in bytes. Default 64 MiB; one put by a client has to fit into a frame.
    pub artifact_bytes: usize,
    /// All artifacts of one principal, in bytes. Default 1 GiB.
    pub artifact_bytes_per_principal: u64,
    /// Artifacts of one principal. Default 10,000.
    pub artifacts_per_principal: usize,
    /// All artifacts, in bytes. Default 64 GiB.
    pub artifact_bytes_in_all: u64,
    /// Artifacts in all. Default 1,000,000.
    pub artifacts_in_all: usize,
    /// Bytes of artifacts that wait to be kept. Default 64 MiB.
    pub keeping_bytes: usize,
    /// How long the blobs may take for one artifact. Default 30 s.
    pub blob_time: Duration,
    /// Commands of one connection that are being handled or whose answers are not yet sent; as many
    /// more may wait for the credentials of a job. Default 64.
    pub commands_in_flight: usize,
    /// Message ids a session remembers to drop duplicates. Default 1,024.
    pub remembered_messages: usize,
    /// Inputs that wait for the writer. Default 4,096.
    pub input_queue: usize,
    /// Bytes of commands that wait for the writer, and of events likewise. Default 16 MiB.
    pub input_bytes: usize,
    /// How long the store may take for one commit before new work is refused with UNAVAILABLE; what is
    /// being committed waits on. Default 10 s.
    pub commit_time: Duration,
    /// Inputs the writer takes into one commit. Default 512.
    pub batch: usize,
    /// Bytes of records after which the writer takes no further input into a commit. Default 4 MiB.
    pub batch_bytes: usize,
    /// Bytes of events queued for one connection before it takes of `burst_bytes`. Default 256 KiB.
    pub queued_bytes: usize,
    /// Bytes of events that the connections have queued beyond `queued_bytes`, all together, before they
    /// are fed from the store; 0 for none. Default 16 MiB.
    pub burst_bytes: usize,
    /// Events queued for one connection before it is fed from the store. Default 1,024.
    pub queued_events: usize,
    /// Jobs in one page of a listing, whatever was asked. Default 1,000.
    pub list_page: usize,
}

impl Limits {
    /// Largest event, as JSON, in bytes: a frame less room for its envelope.
    pub fn event_bytes(&self) -> usize {
        self.frame_bytes.saturating_sub(ENVELOPE_BYTES)
    }
}

/// What an envelope takes at most, ids and trace included.
const ENVELOPE_BYTES: usize = 4 << 10;

impl Default for Limits {
    fn default() -> Self {
        Self {
            frame_bytes: 1 << 20,
            chunk_bytes: 512 << 10,
            result_bytes: 256 << 20,
            text_bytes: 4 << 10,
            bad_frames: 16,
            handshake_time: Duration::from_secs(10),
            handshake_attempts: 5,
            authenticate_time: Duration::from_secs(5),
            connections: 20_000,
            connections_per_address: 20_000,
            sessions: 100_000,
            sessions_per_principal: 1_000,
            jobs: 20_000,
            jobs_per_principal: 10_000,
            running_per_principal: 1_000,
            children_per_job: 100,
            delegation_depth: 8,
            provisioning_per_principal: 128,
            repeats_per_job: 1_000,
            provision_time: Duration::from_secs(30),
            revocations: 32,
            unrevoked: 10_000,
            restarts_per_job: 3,
            checkpoint_bytes: 1 << 20,
            keys_per_principal: 100_000,
            keys_in_all: 2_000_000,
            watched_per_session: 10_000,
            subscriptions_per_session: 16,
            backfill_events: 100_000,
            observed_jobs: 10_000,
            streams_per_job: 64,
            permissions_per_job: 64,
            artifact_bytes: 64 << 20,
            artifact_bytes_per_principal: 1 << 30,
            artifacts_per_principal: 10_000,
            artifact_bytes_in_all: 64 << 30,
            artifacts_in_all: 1_000_000,
            keeping_bytes: 64 << 20,
            blob_time: Duration::from_secs(30),
            commands_in_flight: 64,
            remembered_messages: 1_024,
            input_queue: 4_096,
            input_bytes: 16 << 20,
            commit_time: Duration::from_secs(10),
            batch: 512,
            batch_bytes: 4 << 20,
            queued_bytes: 256 << 10,
            burst_bytes: 16 << 20,
            queued_events: 1_024,
            list_page: 1_000,
        }
    }
}
