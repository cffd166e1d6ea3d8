//! What the suite is told of a store: its name, how to open it, whether it is durable.

use std::fmt;
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use crate::{Store, StoreError};

type Opening<S> = Pin<Box<dyn Future<Output = Result<Arc<S>, StoreError>> + Send>>;

/// What is to be tested: something that opens as an `S`.
pub struct Subject<S: ?Sized = dyn Store> {
    name: String,
    durable: bool,
    open: Box<dyn Fn(PathBuf) -> Opening<S> + Send + Sync>,
}

/// What implements the trait that a suite tests, `S` being its trait object.
pub trait Shared<S: ?Sized> {
    /// A first handle, to be shared by tasks.
    fn share(self) -> Arc<S>;
}

impl<T: Store> Shared<dyn Store> for T {
    fn share(self) -> Arc<dyn Store> {
        Arc::new(self)
    }
}

impl<S: ?Sized + 'static> Subject<S> {
    /// One that keeps what it has in the folder that it is given.
    ///
    /// When the last handle is dropped it has to be closed, so that the folder can be opened
    /// again at once.
    pub fn durable<O, F, T>(name: &str, open: O) -> Self
    where
        O: Fn(PathBuf) -> F + Send + Sync + 'static,
        F: Future<Output = Result<T, StoreError>> + Send + 'static,
        T: Shared<S>,
    {
        Self::new(name, true, open)
    }

    /// One that keeps nothing beyond its last handle. The folder is its own to use.
    pub fn volatile<O, F, T>(name: &str, open: O) -> Self
    where
        O: Fn(PathBuf) -> F + Send + Sync + 'static,
        F: Future<Output = Result<T, StoreError>> + Send + 'static,
        T: Shared<S>,
    {
        Self::new(name, false, open)
    }

    fn new<O, F, T>(name: &str, durable: bool, open: O) -> Self
    where
        O: Fn(PathBuf) -> F + Send + Sync + 'static,
        F: Future<Output = Result<T, StoreError>> + Send + 'static,
        T: Shared<S>,
    {
        let open = move |folder| -> Opening<S> {
            let opening = open(folder);
            Box::pin(async move { opening.await.map(Shared::share) })
        };
        Self { name: name.to_owned(), durable, open: Box::new(open) }
    }
}

impl<S: ?Sized> Subject<S> {
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn is_durable(&self) -> bool {
        self.durable
    }

    pub(super) async fn open(&self, folder: PathBuf) -> Result<Arc<S>, StoreError> {
        (self.open)(folder).await
    }
}

impl<S: ?Sized> fmt::Debug for Subject<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subject")
            .field("name", &self.name)
            .field("durable", &self.durable)
            .finish_non_exhaustive()
    }
}
