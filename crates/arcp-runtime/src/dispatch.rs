//! Doing what the engine said, after it is kept. The one place where failures of seams become
//! faults for a peer.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use arcp_auth::{AuthError, Authenticator, Challenge, Origin, Verdict};
use arcp_core::{Code, Fault, Offer, Secret};
use arcp_store::{StoreError, StoreErrorKind};
use futures_util::FutureExt;

use crate::engine::Judgement;
use crate::host::panic_message;

/// Asks an authenticator, for at most `time`; one that fails, panics or is slow refuses.
pub(crate) async fn judge(
    authenticator: Option<Arc<dyn Authenticator>>,
    offer: Offer,
    origin: Origin,
    time: Duration,
) -> Judgement {
    let Some(authenticator) = authenticator else {
        let message = format!("auth scheme `{}` is not configured", offer.scheme);
        return Judgement::Refuse(Fault::new(Code::Unauthenticated, message));
    };
    // The call itself may panic, not only its future.
    judged(async { authenticator.authenticate(&offer, &origin).await }, time).await
}

/// Has an authenticator judge the answer to its challenge, likewise.
pub(crate) async fn verify(
    authenticator: Option<Arc<dyn Authenticator>>,
    challenge: String,
    response: Secret<String>,
    time: Duration,
) -> Judgement {
    let Some(authenticator) = authenticator else { return unavailable("it is gone") };
    let challenge = Challenge { text: challenge };
    judged(async { authenticator.answer(&challenge, &response).await }, time).await
}

async fn judged(
    work: impl Future<Output = Result<Verdict, AuthError>>,
    time: Duration,
) -> Judgement {
    match tokio::time::timeout(time, AssertUnwindSafe(work).catch_unwind()).await {
        Ok(Ok(Ok(verdict))) => judgement(verdict),
        Ok(Ok(Err(error))) => unavailable(&error.to_string()),
        Ok(Err(panic)) => unavailable(panic_message(panic.as_ref())),
        Err(_) => unavailable("it took too long"),
    }
}

fn judgement(verdict: Verdict) -> Judgement {
    match verdict {
        Verdict::Accept(principal) => Judgement::Accept(principal),
        Verdict::Refuse(reason) => Judgement::Refuse(Fault::new(Code::Unauthenticated, reason)),
        Verdict::Challenge(challenge) => Judgement::Challenge(challenge.text),
    }
}

/// The peer learns that it could not be judged; the log learns why.
fn unavailable(why: &str) -> Judgement {
    tracing::error!("an authenticator gave no verdict: {why}");
    Judgement::Refuse(Fault::new(Code::Unavailable, "cannot authenticate now, try again"))
}

/// What a peer is told of a failure of the store.
pub(crate) fn store_fault(error: &StoreError) -> Fault {
    tracing::error!("{error}");
    match error.kind() {
        StoreErrorKind::Full | StoreErrorKind::Unavailable | StoreErrorKind::Closed => {
            Fault::new(Code::Unavailable, "the store is not available, try again")
        }
        StoreErrorKind::Corrupt => Fault::new(Code::DataLoss, "the store cannot be read"),
        _ => Fault::new(Code::Internal, "the store failed"),
    }
}
