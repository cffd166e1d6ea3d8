//! The suite that all blobs pass: one function a clause of [`Blobs`], each on a folder of its own.
//!
//! ```no_run
//! use std::process::ExitCode;
//! use arcp_store::MemoryBlobs;
//! use arcp_store::contract::{Subject, blobs};
//!
//! fn main() -> ExitCode {
//!     blobs::main(Subject::volatile("memory", |_| async { Ok(MemoryBlobs::new()) }))
//! }
//! ```
//!
//! The test that calls it has `harness = false` in its `Cargo.toml`.

mod bytes;
mod crash;
mod dropped;
mod listing;
mod names;
mod overlap;
mod sample;

use std::process::ExitCode;
use std::sync::Arc;

use ::bytes::Bytes;
use libtest_mimic::Failed;

use super::batch::key;
use super::bench::same;
use super::child::{self, Role};
use super::subject::{Shared, Subject};
use super::{Clause, Outcome, ensure};
use crate::{Blobs, Key, StoreError};

type Bench = super::Bench<dyn Blobs>;

impl<T: Blobs> Shared<dyn Blobs> for T {
    fn share(self) -> Arc<dyn Blobs> {
        Arc::new(self)
    }
}

/// Runs the clauses on `subject`, each as a test of its own, as the arguments of the process say.
///
/// The crash clauses start this program again, with a variable in its environment that makes this
/// function put blobs until it is killed. So nothing of weight should happen before it.
pub fn main(subject: Subject<dyn Blobs>) -> ExitCode {
    if let Some(role) = Role::of_this_process() {
        return child::exit(crash::play(role, &subject));
    }
    let volatile =
        [bytes::CLAUSES, names::CLAUSES, listing::CLAUSES, overlap::CLAUSES, dropped::CLAUSES];
    super::run(subject, &volatile, &[crash::CLAUSES])
}

impl Bench {
    fn try_put(
        &self,
        name: impl AsRef<[u8]>,
        bytes: impl Into<Bytes>,
    ) -> Result<Result<(), StoreError>, Failed> {
        let (blobs, name) = (self.handle()?, key(name));
        self.block_on(async { blobs.put(&name, bytes.into()).await })
    }

    fn put(&self, name: impl AsRef<[u8]>, bytes: impl Into<Bytes>) -> Outcome {
        Ok(self.try_put(name, bytes)??)
    }

    fn get(&self, name: impl AsRef<[u8]>) -> Result<Option<Bytes>, Failed> {
        let (blobs, name) = (self.handle()?, key(name));
        Ok(self.block_on(async { blobs.get(&name).await })??)
    }

    fn delete(&self, name: impl AsRef<[u8]>) -> Outcome {
        let (blobs, name) = (self.handle()?, key(name));
        Ok(self.block_on(async { blobs.delete(&name).await })??)
    }

    fn list(&self, after: Option<&[u8]>, limit: usize) -> Result<Vec<Key>, Failed> {
        let (blobs, after) = (self.handle()?, after.map(key));
        Ok(self.block_on(async { blobs.list(after.as_ref(), limit).await })??)
    }

    /// There is a blob under `name`, and it is this one. Leaves out bytes that may be large.
    fn has(&self, name: impl AsRef<[u8]>, bytes: &[u8]) -> Outcome {
        let (found, name) = (self.get(&name)?, key(name));
        let found = found.ok_or_else(|| Failed::from(format!("{name:?} is not there")))?;
        same(&format!("bytes of {name:?}"), found.len(), bytes.len())?;
        ensure(found == bytes, || format!("the bytes of {name:?} have changed"))
    }

    fn has_not(&self, name: impl AsRef<[u8]>) -> Outcome {
        let (found, name) = (self.get(&name)?, key(name));
        ensure(found.is_none(), || format!("{name:?} is there"))
    }

    /// The names of all blobs are these, which are in order.
    fn names_are<N: AsRef<[u8]>>(&self, names: impl IntoIterator<Item = N>) -> Outcome {
        let want: Vec<Key> = names.into_iter().map(key).collect();
        same("names", self.list(None, usize::MAX)?, want)
    }
}
