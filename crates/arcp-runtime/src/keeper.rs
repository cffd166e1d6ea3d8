//! The bytes of artifacts: put among the blobs, read back, and swept up when nobody knows them.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arcp_agent::port::Room;
use arcp_core::{Artifact, ArtifactId, ArtifactRef, Code, Fault, Limits, hex};
use arcp_store::{Blobs, Bytes, Key, StoreError};
use sha2::{Digest, Sha256};
use tokio::sync::Notify;

use crate::dispatch::{store_fault, unless_it_panics};
use crate::record::key;
use crate::sweep::sweep_blobs;

/// Where the bytes of artifacts are, if anywhere.
#[derive(Clone)]
pub(crate) struct Keeper {
    blobs: Option<Arc<dyn Blobs>>,
    room: Room,
    time: Duration,
    held: Arc<Held>,
}

/// The artifacts that are on their way to clients; their bytes stay until they are given.
#[derive(Debug, Default)]
struct Held {
    counts: Mutex<BTreeMap<ArtifactId, usize>>,
    freed: Notify,
}

/// Keeps the bytes of an artifact from being removed.
#[derive(Debug)]
pub(crate) struct Hold {
    id: ArtifactId,
    held: Arc<Held>,
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut counts = self.held.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Entry::Occupied(mut count) = counts.entry(self.id.clone()) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
                self.held.freed.notify_waiters();
            }
        }
    }
}

impl Held {
    fn has(&self, id: &ArtifactId) -> bool {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).contains_key(id)
    }

    /// Waits until nobody holds it.
    async fn free(&self, id: &ArtifactId) {
        loop {
            let freed = self.freed.notified();
            tokio::pin!(freed);
            // One that is freed from here on is noticed.
            freed.as_mut().enable();
            if !self.has(id) {
                return;
            }
            freed.await;
        }
    }
}

impl Keeper {
    pub(crate) fn new(blobs: Option<Arc<dyn Blobs>>, limits: &Limits) -> Self {
        let (room, held) = (Room::new(limits.keeping_bytes), Arc::default());
        Self { blobs, room, time: limits.blob_time, held }
    }

    /// Keeps the bytes of an artifact from being removed for as long as the hold lives.
    pub(crate) fn hold(&self, id: &ArtifactId) -> Hold {
        let mut counts = self.held.counts.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry(id.clone()).or_default() += 1;
        Hold { id: id.clone(), held: Arc::clone(&self.held) }
    }

    /// The room for what is on its way here, of clients and of jobs. It is not that for other things:
    /// blobs that are slow hold up artifacts only.
    pub(crate) fn room(&self) -> &Room {
        &self.room
    }

    /// Puts the bytes of an artifact among the blobs and returns their SHA-256; `wanted` is what that
    /// has to be, if anybody said.
    pub(crate) async fn keep(
        &self,
        id: &ArtifactId,
        data: Bytes,
        wanted: Option<String>,
    ) -> Result<String, Fault> {
        let digest = digest(&data).await;
        if wanted.is_some_and(|wanted| wanted != digest) {
            return Err(Fault::invalid(format!("`sha256` is not that of the data, {digest}")));
        }
        let put = self.in_time(self.blobs()?.put(&key::blob(id), data)).await;
        if put.is_err() {
            // They may be there all the same.
            self.remove(id).await;
        }
        put.map(|()| digest)
    }

    /// Waits for the blobs as long as they may take.
    async fn in_time<T>(
        &self,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, Fault> {
        let work = unless_it_panics(async { work.await.map_err(|error| store_fault(&error)) });
        let Ok(done) = tokio::time::timeout(self.time, work).await else {
            tracing::error!("the blobs took longer than {:?}", self.time);
            return Err(Fault::new(
                Code::Unavailable,
                "the artifacts are not available, try again",
            ));
        };
        done
    }

    /// Reads an artifact back. One that was released or has expired meanwhile is not there.
    pub(crate) async fn get(&self, reference: &ArtifactRef) -> Result<Artifact, Fault> {
        let id = &reference.artifact;
        let found = self.in_time(self.blobs()?.get(&key::blob(id))).await?;
        let Some(data) = found else {
            tracing::warn!(%id, "an artifact was asked for that is gone");
            return Err(Fault::new(Code::NotFound, "no such artifact"));
        };
        if reference.sha256.as_ref() != Some(&digest(&data).await) {
            tracing::error!(%id, "the bytes of an artifact are not those that were kept");
            return Err(Fault::new(Code::DataLoss, "the artifact is damaged"));
        }
        Ok(Artifact { reference: reference.clone(), data })
    }

    /// Removes the bytes of an artifact, once they are given to all who have asked for them; those who
    /// do not read what comes before them are not waited for longer than blobs may take. What cannot be
    /// removed now is swept up at the next start.
    pub(crate) async fn remove(&self, id: &ArtifactId) {
        if tokio::time::timeout(self.time, self.held.free(id)).await.is_err() {
            tracing::debug!(%id, "removed the bytes of an artifact that somebody still waits for");
        }
        let Ok(blobs) = self.blobs() else { return };
        if let Err(fault) = self.in_time(blobs.delete(&key::blob(id))).await {
            tracing::warn!(%id, "the bytes of an artifact stay for now: {fault}");
        }
    }

    /// Removes all bytes that no artifact is known for.
    pub(crate) async fn sweep(
        &self,
        known: impl Fn(&ArtifactId) -> bool,
    ) -> Result<(), StoreError> {
        let Some(blobs) = &self.blobs else { return Ok(()) };
        let known = |name: &Key| {
            let text = std::str::from_utf8(name.as_bytes()).ok();
            let id = text.and_then(|text| ArtifactId::parse(text).ok());
            id.is_some_and(|id| known(&id))
        };
        sweep_blobs(blobs.as_ref(), known).await.map(drop)
    }

    fn blobs(&self) -> Result<&dyn Blobs, Fault> {
        let none = || Fault::new(Code::Unimplemented, "this runtime keeps no artifacts");
        self.blobs.as_deref().ok_or_else(none)
    }
}

/// Hashing much takes long, and is done where it holds nobody up.
async fn digest(data: &Bytes) -> String {
    if data.len() <= SMALL {
        return hex(&Sha256::digest(data));
    }
    let data = data.clone();
    let hashed = tokio::task::spawn_blocking(move || hex(&Sha256::digest(&data))).await;
    // A task that only hashes does not die; without a digest nothing is kept and nothing is given.
    hashed.unwrap_or_default()
}

/// What is hashed on the spot.
const SMALL: usize = 16 << 10;

#[cfg(test)]
mod tests {
    use arcp_store::MemoryBlobs;

    use super::*;

    /// Bytes that are released are gone in time, whoever has stopped reading before it was given them.
    #[tokio::test(start_paused = true)]
    async fn who_does_not_read_keeps_nothing_for_ever() {
        let blobs = MemoryBlobs::new();
        let limits = Limits::default();
        let keeper = Keeper::new(Some(Arc::new(blobs.clone())), &limits);
        let id = ArtifactId::parse("art_1").unwrap();
        keeper.keep(&id, Bytes::from_static(b"abc"), None).await.unwrap();
        let hold = keeper.hold(&id);
        let removing = tokio::spawn({
            let (keeper, id) = (keeper.clone(), id.clone());
            async move { keeper.remove(&id).await }
        });
        tokio::time::sleep(limits.blob_time / 2).await; // tidy: sleep because the clock is paused
        assert_eq!(blobs.list(None, 9).await.unwrap().len(), 1);
        removing.await.unwrap();
        assert_eq!(blobs.list(None, 9).await.unwrap(), []);
        drop(hold);
    }
}
