//! Doing what the engine said, after it is kept. The one place where failures of seams become
//! faults for a peer.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use arcp_auth::{
    AuthError, Authenticator, Challenge, CredentialProvisioner, CredentialRequest, Origin,
    ProvisionError, Verdict,
};
use arcp_core::{Code, CredentialId, Fault, Offer, Secret};
use arcp_store::{StoreError, StoreErrorKind};
use futures_util::FutureExt;

use crate::engine::{Judgement, Provisioned};
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
    match answer(time, work).await {
        Ok(Ok(verdict)) => judgement(verdict),
        Ok(Err(error)) => unavailable(&error.to_string()),
        Err(why) => unavailable(&why),
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

/// Asks a provisioner for credentials, for at most `time`.
pub(crate) async fn issue(
    provisioner: Option<Arc<dyn CredentialProvisioner>>,
    request: CredentialRequest,
    time: Duration,
) -> Provisioned {
    let Some(provisioner) = provisioner else { return not_issued("there is no provisioner") };
    match answer(time, async { provisioner.issue(&request).await }).await {
        Ok(Ok(credentials)) => Provisioned::Credentials(credentials),
        Ok(Err(ProvisionError::Refused(why))) => {
            Provisioned::Refused(Fault::new(Code::PermissionDenied, why))
        }
        Ok(Err(error)) => not_issued(&error.to_string()),
        Err(why) => not_issued(&why),
    }
}

/// Has a provisioner give a credential another value, for at most `time`.
pub(crate) async fn rotate(
    provisioner: Option<Arc<dyn CredentialProvisioner>>,
    credential: &CredentialId,
    request: CredentialRequest,
    time: Duration,
) -> Result<Secret<String>, Fault> {
    let Some(provisioner) = provisioner else { return Err(not_rotated("there is no provisioner")) };
    match answer(time, async { provisioner.rotate(credential, &request).await }).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(ProvisionError::Refused(why))) => Err(Fault::new(Code::PermissionDenied, why)),
        Ok(Err(ProvisionError::Unsupported)) => {
            Err(Fault::new(Code::Unimplemented, "credentials keep their values here"))
        }
        Ok(Err(error)) => Err(not_rotated(&error.to_string())),
        Err(why) => Err(not_rotated(&why)),
    }
}

/// The agent learns that there is none; the log learns why.
fn not_rotated(why: &str) -> Fault {
    tracing::error!("a provisioner gave no other value: {why}");
    Fault::new(Code::Unavailable, "cannot get another value now, try again")
}

/// What comes of asking for credentials that nobody wants any more.
pub(crate) fn stopping() -> Fault {
    Fault::new(Code::Unavailable, "the runtime is shutting down")
}

/// The peer learns that there are none; the log learns why.
fn not_issued(why: &str) -> Provisioned {
    tracing::error!("a provisioner issued no credentials: {why}");
    Provisioned::Failed(Fault::new(Code::Unavailable, "cannot get credentials now, try again"))
}

/// Has a provisioner revoke, for at most `time`; why it has not, otherwise.
pub(crate) async fn revoke(
    provisioner: Option<Arc<dyn CredentialProvisioner>>,
    id: &CredentialId,
    time: Duration,
) -> Result<(), String> {
    let provisioner = provisioner.ok_or("there is no provisioner any more")?;
    answer(time, async { provisioner.revoke(id).await }).await?.map_err(|error| error.to_string())
}

/// What somebody who is asked says within `time`; why nothing, otherwise. The call itself may panic too, so
/// that it has to be made in `work`.
async fn answer<T>(time: Duration, work: impl Future<Output = T>) -> Result<T, String> {
    match tokio::time::timeout(time, AssertUnwindSafe(work).catch_unwind()).await {
        Ok(Ok(said)) => Ok(said),
        Ok(Err(panic)) => Err(panic_message(panic.as_ref()).to_owned()),
        Err(_) => Err("it took too long".to_owned()),
    }
}

/// What comes of work with a store or with blobs, whose panic is a fault of theirs.
pub(crate) async fn unless_it_panics<T>(
    work: impl Future<Output = Result<T, Fault>>,
) -> Result<T, Fault> {
    AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(|panic| {
        tracing::error!("a store or its blobs panicked: {}", panic_message(panic.as_ref()));
        Err(Fault::new(Code::Internal, "the store failed"))
    })
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
