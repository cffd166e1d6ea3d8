//! The bytes of artifacts: put among the blobs, read back, and swept up when nobody knows them.

use std::sync::Arc;

use arcp_core::{Artifact, ArtifactId, ArtifactRef, Code, Fault, hex};
use arcp_store::{Blobs, Bytes, StoreError};
use sha2::{Digest, Sha256};

use crate::dispatch::store_fault;
use crate::record::key;

/// Where the bytes of artifacts are, if anywhere.
#[derive(Clone, Default)]
pub(crate) struct Keeper(Option<Arc<dyn Blobs>>);

impl Keeper {
    pub(crate) fn new(blobs: Option<Arc<dyn Blobs>>) -> Self {
        Self(blobs)
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
        let blobs = self.blobs()?;
        blobs.put(&key::blob(id), data).await.map_err(|error| store_fault(&error))?;
        Ok(digest)
    }

    /// Reads an artifact back. One that was released or has expired meanwhile is not there.
    pub(crate) async fn get(&self, reference: &ArtifactRef) -> Result<Artifact, Fault> {
        let id = &reference.artifact;
        let found = self.blobs()?.get(&key::blob(id)).await.map_err(|error| store_fault(&error))?;
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

    /// Removes the bytes of an artifact. What cannot be removed now is swept up at the next start.
    pub(crate) async fn remove(&self, id: &ArtifactId) {
        let Some(blobs) = &self.0 else { return };
        if let Err(error) = blobs.delete(&key::blob(id)).await {
            tracing::warn!(%id, "the bytes of an artifact stay for now: {error}");
        }
    }

    /// Removes all bytes that no artifact is known for.
    pub(crate) async fn sweep(
        &self,
        known: impl Fn(&ArtifactId) -> bool,
    ) -> Result<(), StoreError> {
        let Some(blobs) = &self.0 else { return Ok(()) };
        let mut after = None;
        loop {
            let names = blobs.list(after.as_ref(), NAMES).await?;
            let Some(last) = names.last() else { return Ok(()) };
            after = Some(last.clone());
            for name in names {
                let text = std::str::from_utf8(name.as_bytes()).ok();
                let id = text.and_then(|text| ArtifactId::parse(text).ok());
                if !id.is_some_and(|id| known(&id)) {
                    tracing::info!(?name, "removed the bytes of no artifact");
                    blobs.delete(&name).await?;
                }
            }
        }
    }

    fn blobs(&self) -> Result<&dyn Blobs, Fault> {
        let none = || Fault::new(Code::Unimplemented, "this runtime keeps no artifacts");
        self.0.as_deref().ok_or_else(none)
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
/// Names listed at a time.
const NAMES: usize = 1_000;
