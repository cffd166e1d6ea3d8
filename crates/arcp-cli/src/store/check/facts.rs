//! Whether every fact can be read and has the right name, and each artifact its bytes.

use arcp::core::{ArtifactRef, CredentialId, JobId, Json, SessionId, StreamId, hex};
use arcp::runtime::record::{
    ArtifactFact, JobFact, KeyFact, OwedFact, RunFact, SessionFact, closed_at, key,
};
use arcp::store::{Blobs, Bytes, Key, StoreError};
use sha2::{Digest, Sha256};

use super::{Check, State, shown};
use crate::exit::Error;
use crate::store::walk::{Facts, rest};

/// What is wrong with a fact.
type Verdict = Result<(), String>;

impl Check<'_> {
    pub(super) async fn facts(&mut self) -> Result<(), Error> {
        let mut facts = Facts::under(&self.place.store, b"");
        loop {
            match facts.next().await {
                Ok(Some((name, value))) => self.fact(&name, &value).await?,
                Ok(None) => break,
                Err(error) => return self.found.add("facts", error),
            }
        }
        self.known.whole = true;
        self.inputs()
    }

    async fn fact(&mut self, name: &Key, value: &Bytes) -> Result<(), Error> {
        self.found.facts += 1;
        let verdict = match self.fact_in_place(name, value) {
            Ok(Some(reference)) => self.bytes(&reference).await,
            Ok(None) => Ok(()),
            Err(what) => Err(what),
        };
        match verdict {
            Ok(()) => Ok(()),
            Err(what) => self.found.add(shown(name), what),
        }
    }

    /// Reads a fact by what its name begins with. Of an artifact the bytes are to be looked at.
    fn fact_in_place(&mut self, name: &Key, value: &[u8]) -> Result<Option<ArtifactRef>, String> {
        let is = |prefix: &[u8]| name.as_bytes().starts_with(prefix);
        if is(key::ARTIFACTS) {
            return artifact(name, value).map(Some);
        }
        let verdict = if is(key::DONE_JOBS) {
            self.done_job(name, value)
        } else if is(key::OPEN_JOBS) {
            self.open_job(name, value)
        } else if is(key::SESSIONS) {
            self.session(name, value)
        } else if is(key::CLOSED_SESSIONS) {
            self.closed_session(name, value)
        } else if is(key::KEYS) {
            idempotency_key(name, value)
        } else if is(key::OWED) {
            id_in(name, key::OWED, CredentialId::parse)?;
            OwedFact::from_bytes(value).map(drop).map_err(text)
        } else if is(key::RUNS) {
            id_in(name, key::RUNS, JobId::parse)?;
            RunFact::from_bytes(value).map(drop).map_err(text)
        } else if is(key::WATCHERS) {
            of_job(name, key::WATCHERS, SessionId::parse)
        } else if is(key::OPEN_STREAMS) {
            of_job(name, key::OPEN_STREAMS, StreamId::parse)
        } else {
            self.text_of_job(name, value)
        };
        verdict.map(|()| None)
    }

    fn done_job(&mut self, name: &Key, value: &[u8]) -> Verdict {
        let job = key::job_of(name).ok_or("its name ends with no job")?;
        let known = self.known.jobs.entry(job.clone()).or_default();
        let twice = known.state.is_some();
        let fact = JobFact::from_bytes(value).map_err(text);
        let outcome = fact.as_ref().ok().and_then(|fact| fact.outcome.as_ref());
        let last = outcome.map(|outcome| outcome.last_index);
        // Also when the fact is damaged: its name says that there is such a job, and that it has ended.
        if last.is_some() || !twice {
            known.state = Some(State::Ended(last));
        }
        let fact = fact?;
        if fact.outcome.is_none() {
            return Err("it has ended, and its fact does not say how".to_owned());
        }
        if key::done_job(&fact.principal, &job) != *name {
            return Err("its name has another principal than its fact".to_owned());
        }
        if twice { Err("it has ended more than once".to_owned()) } else { Ok(()) }
    }

    /// Those that have ended were read before.
    fn open_job(&mut self, name: &Key, value: &[u8]) -> Verdict {
        let job = id_in(name, key::OPEN_JOBS, JobId::parse)?;
        let known = self.known.jobs.entry(job).or_default();
        if known.state.is_some() {
            return Err("it is open and has ended".to_owned());
        }
        known.state = Some(State::Open);
        let fact = JobFact::from_bytes(value).map_err(text)?;
        match fact.outcome {
            Some(_) => Err("it is open, and its fact says how it ended".to_owned()),
            None => Ok(()),
        }
    }

    /// Nothing of what is stored is shown.
    fn session(&mut self, name: &Key, value: &[u8]) -> Verdict {
        let session = id_in(name, key::SESSIONS, SessionId::parse)?;
        let new = self.known.sessions.insert(session);
        let read = SessionFact::from_bytes(value).map(drop);
        read.map_err(|_| "what is stored of the session cannot be read".to_owned())?;
        if new { Ok(()) } else { Err("it is open and closed".to_owned()) }
    }

    fn closed_session(&mut self, name: &Key, value: &[u8]) -> Verdict {
        let session = id_in(name, key::CLOSED_SESSIONS, SessionId::parse)?;
        self.known.sessions.insert(session);
        closed_at(value).map(drop).map_err(text)
    }

    /// A job's input, or the last state that it has kept.
    fn text_of_job(&mut self, name: &Key, value: &[u8]) -> Verdict {
        let job = key::job_of(name).ok_or("a fact of no known kind")?;
        let (is_input, is_checkpoint) =
            (key::job_input(&job) == *name, key::checkpoint(&job) == *name);
        if !is_input && !is_checkpoint {
            return Err("a fact of no known kind".to_owned());
        }
        self.known.jobs.entry(job).or_default().has_input |= is_input;
        let json = std::str::from_utf8(value).map_err(text)?;
        Json::parse(json).map(drop).map_err(|_| "it is no JSON".to_owned())
    }

    /// Every job has an input, and every input a job.
    fn inputs(&mut self) -> Result<(), Error> {
        for (job, known) in &self.known.jobs {
            match (known.state, known.has_input) {
                (Some(_), true) => {}
                (Some(_), false) => self.found.add(job, "its input is missing")?,
                (None, _) => self
                    .found
                    .add(job, "it has an input or a state, and no fact says what it is")?,
            }
        }
        Ok(())
    }

    /// Whether an artifact has its bytes.
    async fn bytes(&self, reference: &ArtifactRef) -> Verdict {
        let found = match &self.place.blobs {
            Some(blobs) => blobs.get(&key::blob(&reference.artifact)).await,
            None => Ok(None),
        };
        let Some(bytes) = found.map_err(|error: StoreError| error.to_string())? else {
            return Err("its bytes are missing".to_owned());
        };
        if bytes.len() as u64 != reference.size {
            return Err(format!("it has {} bytes instead of {}", bytes.len(), reference.size));
        }
        let digest = reference.sha256.as_ref();
        if digest.is_some_and(|digest| *digest != hex(&Sha256::digest(&bytes))) {
            return Err("its bytes are not those that were kept".to_owned());
        }
        Ok(())
    }
}

fn artifact(name: &Key, value: &[u8]) -> Result<ArtifactRef, String> {
    let fact = ArtifactFact::from_bytes(value).map_err(text)?;
    if key::artifact(&fact.principal, &fact.reference.artifact) == *name {
        Ok(fact.reference)
    } else {
        Err("its name is not that of its fact".to_owned())
    }
}

fn idempotency_key(name: &Key, value: &[u8]) -> Verdict {
    let (principal, key, _) = KeyFact::from_bytes(value).map_err(text)?;
    if key::idempotency(&principal, &key) == *name {
        Ok(())
    } else {
        Err("its name is not that of its fact".to_owned())
    }
}

/// The id that a fact is named after.
fn id_in<T, E>(name: &Key, prefix: &[u8], parse: fn(&str) -> Result<T, E>) -> Result<T, String> {
    let id = rest(name, prefix).unwrap_or_default();
    parse(id).map_err(|_| "its name ends with no id".to_owned())
}

/// The name has a job and something of it.
fn of_job<T, E>(name: &Key, prefix: &[u8], parse: fn(&str) -> Result<T, E>) -> Verdict {
    let (job, of) = rest(name, prefix).and_then(|rest| rest.split_once('\0')).unwrap_or_default();
    match (JobId::parse(job), parse(of)) {
        (Ok(_), Ok(_)) => Ok(()),
        _ => Err("its name ends with no ids".to_owned()),
    }
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
