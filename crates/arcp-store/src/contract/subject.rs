//! What the suite is told of a store: its name, how to open it, whether it is durable.

use std::fmt;
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use crate::{Store, StoreError};

type Opening = Pin<Box<dyn Future<Output = Result<Arc<dyn Store>, StoreError>> + Send>>;

/// A store to be tested.
pub struct Subject {
    name: String,
    durable: bool,
    open: Box<dyn Fn(PathBuf) -> Opening + Send + Sync>,
}

impl Subject {
    /// A store that keeps what it has in the folder that it is given.
    ///
    /// When the last handle is dropped it has to be closed, so that the folder can be opened
    /// again at once.
    pub fn durable<O, F, S>(name: &str, open: O) -> Self
    where
        O: Fn(PathBuf) -> F + Send + Sync + 'static,
        F: Future<Output = Result<S, StoreError>> + Send + 'static,
        S: Store,
    {
        Self::new(name, true, open)
    }

    /// A store that keeps nothing beyond its last handle. The folder is its own to use.
    pub fn volatile<O, F, S>(name: &str, open: O) -> Self
    where
        O: Fn(PathBuf) -> F + Send + Sync + 'static,
        F: Future<Output = Result<S, StoreError>> + Send + 'static,
        S: Store,
    {
        Self::new(name, false, open)
    }

    fn new<O, F, S>(name: &str, durable: bool, open: O) -> Self
    where
        O: Fn(PathBuf) -> F + Send + Sync + 'static,
        F: Future<Output = Result<S, StoreError>> + Send + 'static,
        S: Store,
    {
        let open = move |folder| -> Opening {
            let opening = open(folder);
            Box::pin(async move { opening.await.map(|store| Arc::new(store) as Arc<dyn Store>) })
        };
        Self { name: name.to_owned(), durable, open: Box::new(open) }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn is_durable(&self) -> bool {
        self.durable
    }

    pub(super) async fn open(&self, folder: PathBuf) -> Result<Arc<dyn Store>, StoreError> {
        (self.open)(folder).await
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subject")
            .field("name", &self.name)
            .field("durable", &self.durable)
            .finish_non_exhaustive()
    }
}
