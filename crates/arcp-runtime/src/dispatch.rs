//! Doing what the engine said, after it is kept. The one place where failures of seams become
//! faults for a peer.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use arcp_auth::{Authenticator, Origin, Verdict};
use arcp_core::{Code, Fault, Offer};
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
    let work = async { authenticator.authenticate(&offer, &origin).await };
    let work = AssertUnwindSafe(work).catch_unwind();
    match tokio::time::timeout(time, work).await {
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
        Verdict::Challenge(_) => {
            let message = "the runtime does not carry out challenges yet";
            Judgement::Refuse(Fault::new(Code::Unimplemented, message))
        }
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
