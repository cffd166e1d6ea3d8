//! The names of streams and facts.

use arcp_core::{
    ArtifactId, CredentialId, IdempotencyKey, JobId, Key, Principal, SessionId, StreamId,
};

/// What the streams of jobs' events begin with.
pub const JOB_STREAMS: &[u8] = b"j/";

/// The stream of a job's events.
pub fn job_stream(job: &JobId) -> Key {
    join(JOB_STREAMS, job.as_str().as_bytes())
}

/// What the streams of sessions' pointers begin with.
pub const SESSION_STREAMS: &[u8] = b"s/";

/// The stream of a session's pointers.
pub fn session_stream(session: &SessionId) -> Key {
    join(SESSION_STREAMS, session.as_str().as_bytes())
}

/// Where all sessions are that have not closed.
pub const SESSIONS: &[u8] = b"session/";

/// A session that has not closed.
pub fn session(session: &SessionId) -> Key {
    join(SESSIONS, session.as_str().as_bytes())
}

/// Where all sessions are that have closed and whose streams are not forgotten.
pub const CLOSED_SESSIONS: &[u8] = b"closed/";

/// A session that has closed and whose stream is not forgotten.
pub fn closed_session(session: &SessionId) -> Key {
    join(CLOSED_SESSIONS, session.as_str().as_bytes())
}

/// Where all jobs are that have not ended.
pub const OPEN_JOBS: &[u8] = b"open/";

/// A job that has not ended.
pub fn open_job(job: &JobId) -> Key {
    join(OPEN_JOBS, job.as_str().as_bytes())
}

/// What a job's agent gets, as JSON text.
pub fn job_input(job: &JobId) -> Key {
    join(b"input/", job.as_str().as_bytes())
}

/// Where all is that jobs that can be run again have used up.
pub const RUNS: &[u8] = b"run/";

/// What a job that can be run again has used up.
pub fn run(job: &JobId) -> Key {
    join(RUNS, job.as_str().as_bytes())
}

/// The last state that a job has kept, as JSON text.
pub fn checkpoint(job: &JobId) -> Key {
    join(b"checkpoint/", job.as_str().as_bytes())
}

/// Where all idempotency keys are.
pub const KEYS: &[u8] = b"key/";

/// An idempotency key of `principal`.
pub fn idempotency(principal: &Principal, key: &IdempotencyKey) -> Key {
    join(&of_principal(KEYS, principal), key.as_str().as_bytes())
}

/// Where all is that may have been issued and is not revoked.
pub const OWED: &[u8] = b"owed/";

/// Something that may have been issued and is not revoked.
pub fn owed(credential: &CredentialId) -> Key {
    join(OWED, credential.as_str().as_bytes())
}

/// Where all artifacts are.
pub const ARTIFACTS: &[u8] = b"artifact/";

/// An artifact of `principal`.
pub fn artifact(principal: &Principal, artifact: &ArtifactId) -> Key {
    join(&of_principal(ARTIFACTS, principal), artifact.as_str().as_bytes())
}

/// The bytes of an artifact, among the blobs.
pub fn blob(artifact: &ArtifactId) -> Key {
    join(b"", artifact.as_str().as_bytes())
}

/// Where all are that watch a job without having submitted it.
pub const WATCHERS: &[u8] = b"watch/";

/// That `session` watches `job`.
pub fn watcher(job: &JobId, session: &SessionId) -> Key {
    of_job(WATCHERS, job, session.as_str())
}

/// Where all streams of jobs are that are open.
pub const OPEN_STREAMS: &[u8] = b"stream/";

/// That `stream` of `job` is open.
pub fn open_stream(job: &JobId, stream: &StreamId) -> Key {
    of_job(OPEN_STREAMS, job, stream.as_str())
}

fn of_job(prefix: &[u8], job: &JobId, name: &str) -> Key {
    let mut key = prefix.to_vec();
    key.extend_from_slice(job.as_str().as_bytes());
    key.push(0);
    join(&key, name.as_bytes())
}

/// Where all ended jobs are.
pub const DONE_JOBS: &[u8] = b"done/";

/// Where the ended jobs of `principal` are, in the order of creation.
pub fn done_jobs(principal: &Principal) -> Vec<u8> {
    of_principal(DONE_JOBS, principal)
}

/// Behind all ended jobs of `principal`.
pub fn after_done_jobs(principal: &Principal) -> Key {
    // Ids are ASCII.
    join(&done_jobs(principal), &[u8::MAX])
}

/// The job that a key of an ended one names.
pub fn job_of(key: &Key) -> Option<JobId> {
    let name = key.as_bytes().rsplit(|byte| *byte == b'/').next()?;
    JobId::parse(std::str::from_utf8(name).ok()?).ok()
}

/// Where `principal` has its part of what is under `prefix`.
fn of_principal(prefix: &[u8], principal: &Principal) -> Vec<u8> {
    let name = principal.name().as_bytes();
    let kind = if principal.is_anonymous() { b'a' } else { b'n' };
    let mut key = prefix.to_vec();
    key.push(kind);
    // The length keeps one name from being the start of another's keys.
    key.extend_from_slice(&u32::try_from(name.len()).unwrap_or(u32::MAX).to_be_bytes());
    key.extend_from_slice(name);
    key.push(b'/');
    key
}

/// An ended job of `principal`.
pub fn done_job(principal: &Principal, job: &JobId) -> Key {
    join(&done_jobs(principal), job.as_str().as_bytes())
}

fn join(prefix: &[u8], rest: &[u8]) -> Key {
    let mut key = Vec::with_capacity(prefix.len() + rest.len());
    key.extend_from_slice(prefix);
    key.extend_from_slice(rest);
    Key::new(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_principal_can_reach_into_anothers_keys() {
        let job = JobId::parse("job_1").unwrap();
        let names = ["a", "a/", "a/job_1", "", "\0", "a\0"];
        for mine in names {
            let prefix = done_jobs(&Principal::named(mine));
            for other in names.iter().filter(|name| **name != mine) {
                let key = done_job(&Principal::named(other), &job);
                assert!(!key.as_bytes().starts_with(&prefix), "{mine:?} {other:?}");
            }
            let anonymous = done_job(&Principal::anonymous(mine), &job);
            assert!(!anonymous.as_bytes().starts_with(&prefix), "{mine:?}");
        }
    }
}
