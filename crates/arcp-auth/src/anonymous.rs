//! Scheme `none`: nobody proves anything.

use arcp_core::{Offer, Principal};

use crate::{AuthError, Authenticator, Origin, Verdict, async_trait};

/// Accepts everyone, each as a principal of its own.
///
/// The runtime calls it only when both ends have declared the capability (R§8.2).
#[derive(Debug, Clone, Copy, Default)]
pub struct Anonymous;

#[async_trait]
impl Authenticator for Anonymous {
    fn scheme(&self) -> &'static str {
        "none"
    }

    async fn authenticate(&self, _: &Offer, origin: &Origin) -> Result<Verdict, AuthError> {
        Ok(Verdict::Accept(Principal::anonymous(&origin.unique)))
    }
}
