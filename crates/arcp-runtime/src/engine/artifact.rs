//! Artifacts: kept for their principal, by clients and jobs, until they are released or their time is
//! over (R§16).
//!
//! Bytes go to the blobs first, then the store learns of them, then somebody is told: what is told of
//! is there. Bytes of which the store does not know are removed at the next start.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use arcp_core::{
    Answer, ArtifactId, ArtifactRef, Code, Fault, Feature, JobId, Now, Principal, PutArtifact,
    Reply, Timestamp,
};

use super::report::over;
use super::timers::next_step;
use super::{Effects, Engine, From, Task, Ticket, Timer, exceeds};
use crate::record::{ArtifactFact, key};

/// The artifacts of every principal that has any.
#[derive(Debug, Default)]
pub(super) struct Artifacts {
    shelves: BTreeMap<Principal, Shelf>,
    /// When each is over.
    due: BTreeSet<(Timestamp, ArtifactId)>,
    owners: BTreeMap<ArtifactId, Principal>,
    /// Those whose bytes are on their way to the blobs.
    coming: BTreeMap<ArtifactId, Coming>,
    /// How many there are, those that are coming included, and how many bytes they have.
    count: usize,
    bytes: u64,
}

/// The artifacts of one principal; those that are coming count.
#[derive(Debug, Default)]
struct Shelf {
    kept: BTreeMap<ArtifactId, ArtifactRef>,
    count: usize,
    bytes: u64,
}

#[derive(Debug)]
struct Coming {
    principal: Principal,
    media_type: String,
    size: u64,
    expires_at: Timestamp,
    asker: Asker,
}

/// Who put an artifact, and is told what came of it.
#[derive(Debug)]
pub(super) enum Asker {
    /// A client.
    Client(From),
    /// A job.
    Job(Ticket),
}

impl Artifacts {
    fn shelf(&mut self, principal: &Principal) -> &mut Shelf {
        self.shelves.entry(principal.clone()).or_default()
    }

    fn add(&mut self, principal: &Principal, reference: ArtifactRef, until: Timestamp) {
        let id = reference.artifact.clone();
        self.due.insert((until, id.clone()));
        self.owners.insert(id.clone(), principal.clone());
        self.shelf(principal).kept.insert(id, reference);
    }

    /// Takes room for one.
    fn take(&mut self, principal: &Principal, size: u64) {
        self.count += 1;
        self.bytes += size;
        let shelf = self.shelf(principal);
        shelf.count += 1;
        shelf.bytes += size;
    }

    /// Gives back the room of one that was coming or kept.
    fn free(&mut self, principal: &Principal, size: u64) {
        let Some(shelf) = self.shelves.get_mut(principal) else { return };
        self.count = self.count.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(size);
        shelf.count = shelf.count.saturating_sub(1);
        shelf.bytes = shelf.bytes.saturating_sub(size);
        if shelf.count == 0 {
            self.shelves.remove(principal);
        }
    }

    fn get(&self, principal: &Principal, id: &ArtifactId) -> Option<&ArtifactRef> {
        self.shelves.get(principal)?.kept.get(id)
    }

    fn remove(&mut self, id: &ArtifactId) -> Option<Principal> {
        let principal = self.owners.remove(id)?;
        let reference = self.shelves.get_mut(&principal)?.kept.remove(id)?;
        if let Some(end) = reference.expires_at {
            self.due.remove(&(end, id.clone()));
        }
        self.free(&principal, reference.size);
        Some(principal)
    }
}

impl Engine {
    pub(super) fn handle_put_artifact(
        &mut self,
        now: Now,
        from: &From,
        put: PutArtifact,
        fx: &mut Effects,
    ) {
        let Some(session) = self.sessions.get(&from.session) else { return };
        let principal = session.principal.clone();
        let asker = Asker::Client(from.clone());
        // What only just fits into a frame as it comes would not as it goes.
        let kept = self
            .check_feature(Feature::Artifacts)
            .and_then(|()| self.check_fits(put.data.len() as u64))
            .and_then(|()| self.put_artifact(now, &principal, put, asker, fx));
        if let Err(fault) = kept {
            self.reply(now, from, Reply::Nack(fault), fx);
        }
    }

    /// Whether so many bytes can be given to a client.
    fn check_fits(&self, size: u64) -> Result<(), Fault> {
        if base64_bytes(size) <= self.settings.limits.event_bytes() as u64 {
            return Ok(());
        }
        let limit = self.settings.limits.frame_bytes;
        let message = format!("the artifact does not fit into a frame: `frame_bytes` is {limit}");
        Err(Fault::new(Code::ResourceExhausted, message).with_retryable(false))
    }

    /// Has a job's artifact kept; it is answered later, unless it is refused at once.
    pub(super) fn keep_artifact(
        &mut self,
        now: Now,
        id: &JobId,
        put: PutArtifact,
        ticket: Ticket,
        fx: &mut Effects,
    ) -> Result<(), Fault> {
        let principal = self.jobs.get(id).ok_or_else(over)?.principal.clone();
        self.put_artifact(now, &principal, put, Asker::Job(ticket), fx)
    }

    fn put_artifact(
        &mut self,
        now: Now,
        principal: &Principal,
        put: PutArtifact,
        asker: Asker,
        fx: &mut Effects,
    ) -> Result<(), Fault> {
        let retain = self.check_put(principal, &put)?;
        let id = self.ids.artifact(now);
        let PutArtifact { media_type, data, sha256, retain: _ } = put;
        let (size, expires_at) = (data.len() as u64, now.wall.after(retain));
        self.artifacts.take(principal, size);
        let principal = principal.clone();
        if let Asker::Client(from) = &asker {
            self.waits(&from.session);
        }
        let coming = Coming { principal, media_type, size, expires_at, asker };
        self.artifacts.coming.insert(id.clone(), coming);
        fx.task(Task::KeepBlob { artifact: id, data, sha256 });
        Ok(())
    }

    /// How long it is to be kept, or why it is not.
    fn check_put(&self, principal: &Principal, put: &PutArtifact) -> Result<Duration, Fault> {
        self.check_feature(Feature::Artifacts)?;
        self.check_can_come_back(principal)?;
        let retention = self.settings.capabilities.artifact_retention;
        let retention = retention.ok_or_else(|| Fault::internal("no retention"))?;
        if put.media_type.is_empty() || put.media_type.len() > MEDIA_TYPE_BYTES {
            let message =
                format!("a media type has at least one byte and at most {MEDIA_TYPE_BYTES}");
            return Err(Fault::invalid(message));
        }
        let limits = &self.settings.limits;
        let retain = put.retain.unwrap_or(retention.default);
        if retain > retention.max {
            let max = retention.max.as_secs();
            return Err(Fault::invalid(format!("`retain_seconds` is at most {max}")));
        }
        if put.data.len() > limits.artifact_bytes {
            return Err(exceeds("artifact_bytes", limits.artifact_bytes).with_retryable(false));
        }
        let none = Shelf::default();
        let all = &self.artifacts;
        let shelf = all.shelves.get(principal).unwrap_or(&none);
        let size = put.data.len() as u64;
        let bounds = [
            (
                "artifacts_per_principal",
                shelf.count as u64 + 1,
                limits.artifacts_per_principal as u64,
            ),
            (
                "artifact_bytes_per_principal",
                shelf.bytes + size,
                limits.artifact_bytes_per_principal,
            ),
            ("artifacts_in_all", all.count as u64 + 1, limits.artifacts_in_all as u64),
            ("artifact_bytes_in_all", all.bytes + size, limits.artifact_bytes_in_all),
        ];
        match bounds.into_iter().find(|(_, wanted, limit)| wanted > limit) {
            Some((what, _, limit)) => Err(exceeds(what, limit)),
            None => Ok(retain),
        }
    }

    /// An artifact's bytes are among the blobs, or why not.
    pub(super) fn on_blob_kept(
        &mut self,
        now: Now,
        id: ArtifactId,
        kept: Result<String, Fault>,
        fx: &mut Effects,
    ) {
        let Some(coming) = self.artifacts.coming.remove(&id) else { return };
        let Coming { principal, media_type, size, expires_at, asker } = coming;
        let kept = kept.and_then(|sha256| {
            let checked = self.check_can_come_back(&principal);
            if checked.is_err() {
                fx.task(Task::DropBlob { artifact: id.clone() });
            }
            checked.map(|()| sha256)
        });
        let sha256 = match kept {
            Ok(sha256) => sha256,
            Err(fault) => {
                self.artifacts.free(&principal, size);
                self.answer_put(now, asker, Err(fault), fx);
                return;
            }
        };
        let reference = ArtifactRef {
            artifact: id,
            media_type,
            size,
            sha256: Some(sha256),
            expires_at: Some(expires_at),
        };
        let fact = ArtifactFact { principal: principal.clone(), reference: reference.clone() };
        fx.put(key::artifact(&principal, &reference.artifact), fact.to_bytes());
        self.artifacts.add(&principal, reference.clone(), expires_at);
        self.timers.set_earlier(Timer::Artifacts, now.moment_of(expires_at));
        self.answer_put(now, asker, Ok(reference), fx);
    }

    /// Whether anybody could ever ask for what is this principal's: an anonymous one is gone with its
    /// session.
    fn check_can_come_back(&self, principal: &Principal) -> Result<(), Fault> {
        if !principal.is_anonymous() || self.tallies.session_count(principal) > 0 {
            return Ok(());
        }
        Err(Fault::new(Code::FailedPrecondition, "the session that it is for is over"))
    }

    fn answer_put(
        &mut self,
        now: Now,
        asker: Asker,
        result: Result<ArtifactRef, Fault>,
        fx: &mut Effects,
    ) {
        match asker {
            Asker::Job(ticket) => {
                fx.task(Task::Answer { ticket, result: result.map(Answer::Artifact) });
            }
            Asker::Client(from) => {
                if self.is_there(&from) {
                    let kept = |reference| Reply::ArtifactKept(Box::new(reference));
                    self.reply(now, &from, result.map_or_else(Reply::Nack, kept), fx);
                }
                self.waited(now, &from.session, fx);
            }
        }
    }

    /// Gives an artifact: its bytes are read when the connection comes to it.
    pub(super) fn handle_fetch_artifact(
        &mut self,
        now: Now,
        from: &From,
        id: &ArtifactId,
        fx: &mut Effects,
    ) {
        let found = self
            .find_artifact(now, from, id)
            .and_then(|reference| self.check_fits(reference.size).map(|()| reference.clone()));
        match found {
            Ok(reference) => {
                let id = self.ids.message(now);
                fx.fetch(from.connection, id, now.wall, from.id.clone(), reference);
            }
            Err(fault) => self.reply(now, from, Reply::Nack(fault), fx),
        }
    }

    /// An artifact of the session's principal that is not over. What is somebody else's looks like
    /// what is not there.
    fn find_artifact(&self, now: Now, from: &From, id: &ArtifactId) -> Result<&ArtifactRef, Fault> {
        self.check_feature(Feature::Artifacts)?;
        let session = self.sessions.get(&from.session);
        let found = session.and_then(|session| self.artifacts.get(&session.principal, id));
        let alive =
            |reference: &&ArtifactRef| reference.expires_at.is_none_or(|end| now.wall < end);
        found.filter(alive).ok_or_else(|| Fault::new(Code::NotFound, "no such artifact"))
    }

    pub(super) fn handle_release_artifact(
        &mut self,
        now: Now,
        from: &From,
        id: &ArtifactId,
        fx: &mut Effects,
    ) {
        match self.find_artifact(now, from, id).map(drop) {
            Ok(()) => {
                self.forget_artifact(id, fx);
                self.reply(now, from, Reply::Done, fx);
            }
            Err(fault) => self.reply(now, from, Reply::Nack(fault), fx),
        }
    }

    fn forget_artifact(&mut self, id: &ArtifactId, fx: &mut Effects) {
        if let Some(principal) = self.artifacts.remove(id) {
            fx.delete(key::artifact(&principal, id));
            fx.task(Task::DropBlob { artifact: id.clone() });
        }
    }

    /// Forgets the artifacts whose time is over.
    pub(super) fn on_artifacts_due(&mut self, now: Now, fx: &mut Effects) {
        for _ in 0..STEP {
            let due = self.artifacts.due.first().filter(|(end, _)| *end <= now.wall);
            let Some((_, id)) = due.cloned() else { break };
            self.forget_artifact(&id, fx);
        }
        if let Some((next, _)) = self.artifacts.due.first() {
            self.timers.set(Timer::Artifacts, next_step(now, *next));
        }
    }

    /// Forgets all artifacts of somebody who can never come back.
    pub(super) fn forget_artifacts(&mut self, principal: &Principal, fx: &mut Effects) {
        let shelf = self.artifacts.shelves.get(principal);
        let ids: Vec<_> = shelf.into_iter().flat_map(|shelf| shelf.kept.keys().cloned()).collect();
        for id in ids {
            self.forget_artifact(&id, fx);
        }
    }

    /// An artifact that the store knows of.
    pub(super) fn recover_artifact(&mut self, now: Now, fact: ArtifactFact) {
        let ArtifactFact { principal, reference } = fact;
        let until = reference.expires_at.unwrap_or(now.wall);
        self.artifacts.take(&principal, reference.size);
        self.artifacts.add(&principal, reference, until);
        self.timers.set_earlier(Timer::Artifacts, now.moment_of(until));
    }

    /// Whether there is such an artifact, also one that is over and not yet forgotten.
    pub fn has_artifact(&self, id: &ArtifactId) -> bool {
        self.artifacts.owners.contains_key(id)
    }
}

/// How many characters so many bytes take as base64.
const fn base64_bytes(bytes: u64) -> u64 {
    bytes.div_ceil(3) * 4
}

/// The longest media type of an artifact.
const MEDIA_TYPE_BYTES: usize = 256;
/// Artifacts forgotten at a time.
const STEP: usize = 256;
