//! Blobs in memory: what their contract means, in its plainest form.
//!
//! They are kept no longer than their last handle.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use async_trait::async_trait;
use bytes::Bytes;

use crate::{Blobs, Key, StoreError, check_blob_name};

/// Blobs in memory. A clone has the same ones.
#[derive(Debug, Clone, Default)]
pub struct MemoryBlobs {
    kept: Arc<RwLock<BTreeMap<Key, Bytes>>>,
}

impl MemoryBlobs {
    /// No blobs.
    pub fn new() -> Self {
        Self::default()
    }

    // A change is one call of the map: what a poisoned lock guards is whole.
    fn look(&self) -> RwLockReadGuard<'_, BTreeMap<Key, Bytes>> {
        self.kept.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self) -> RwLockWriteGuard<'_, BTreeMap<Key, Bytes>> {
        self.kept.write().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Blobs for MemoryBlobs {
    async fn put(&self, name: &Key, bytes: Bytes) -> Result<(), StoreError> {
        check_blob_name(name)?;
        self.change().insert(name.clone(), bytes);
        Ok(())
    }

    async fn get(&self, name: &Key) -> Result<Option<Bytes>, StoreError> {
        Ok(self.look().get(name).cloned())
    }

    async fn delete(&self, name: &Key) -> Result<(), StoreError> {
        self.change().remove(name);
        Ok(())
    }

    async fn list(&self, after: Option<&Key>, limit: usize) -> Result<Vec<Key>, StoreError> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let kept = self.look();
        Ok(kept.range((from, Bound::Unbounded)).take(limit).map(|(name, _)| name.clone()).collect())
    }
}
