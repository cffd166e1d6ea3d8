//! Where keys come from.

use std::sync::Arc;

use super::error::{Failure, Refusal};
use super::file::KeyFile;
use super::keys::KeySet;
#[cfg(feature = "url")]
use super::remote::Remote;

pub(super) enum Source {
    /// They were given once, and have no names.
    Fixed(Arc<KeySet>),
    /// They are in a file.
    File(KeyFile),
    /// They are at a URL.
    #[cfg(feature = "url")]
    Url(Remote),
}

impl Source {
    /// The keys among which that of a token is that names this one.
    pub(super) async fn keys(&self, kid: Option<&str>) -> Result<Arc<KeySet>, Failure> {
        match self {
            Self::Fixed(keys) => Ok(keys.clone()),
            Self::File(file) => {
                kid.ok_or(Refusal::NoKid)?;
                Ok(file.keys().await)
            }
            #[cfg(feature = "url")]
            Self::Url(remote) => Ok(remote.keys(kid.ok_or(Refusal::NoKid)?).await?),
        }
    }
}
