//! A gateway that issues and revokes credentials as a test wants it.

use std::sync::Arc;

use arcp_auth::{CredentialProvisioner, CredentialRequest, ProvisionError};
use arcp_core::{Credential, CredentialId, Lease, Secret};
use async_trait::async_trait;
use tokio::sync::watch;

/// A gateway; clones are the same one.
#[derive(Debug, Clone)]
pub(crate) struct Gateway(Arc<watch::Sender<Books>>);

/// What the gateway has done so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Books {
    /// Every call to issue.
    pub(crate) asked: Vec<CredentialId>,
    /// What it may not go beyond.
    pub(crate) ceilings: Vec<Option<Lease>>,
    /// What is good now.
    pub(crate) good: Vec<CredentialId>,
    /// Every call to revoke.
    pub(crate) revocations: Vec<CredentialId>,
    /// How many calls to rotate have begun.
    pub(crate) rotations: usize,
    /// Which are under way.
    rotating: Vec<CredentialId>,
    /// Whether those that wait may go on.
    open: bool,
    /// How many calls to revoke are still to fail.
    failing: usize,
    /// Whether calls to revoke wait.
    held: bool,
    /// Whether calls to issue wait, whatever the lease says.
    slow: bool,
}

impl Gateway {
    pub(crate) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(Books::default())))
    }

    /// Lets those that wait go on.
    pub(crate) fn open(&self) {
        self.0.send_modify(|books| books.open = true);
    }

    /// The next calls to revoke fail.
    pub(crate) fn fail_to_revoke(&self, count: usize) {
        self.0.send_modify(|books| books.failing = count);
    }

    /// Has calls to revoke wait from now on, or not any more.
    pub(crate) fn hold_revocations(&self, held: bool) {
        self.0.send_modify(|books| books.held = held);
    }

    /// Has calls to issue wait from now on, or not any more.
    pub(crate) fn hold_issues(&self, held: bool) {
        self.0.send_modify(|books| books.slow = held);
    }

    /// Waits until the books are so.
    pub(crate) async fn until(&self, so: impl FnMut(&Books) -> bool) -> Books {
        self.0.subscribe().wait_for(so).await.unwrap().clone()
    }

    pub(crate) fn books(&self) -> Books {
        self.0.borrow().clone()
    }
}

#[async_trait]
impl CredentialProvisioner for Gateway {
    /// What the lease says under `x-gateway`: `refuse`, `fail`, `panic`, `wait`, `lose` (which issues and
    /// then fails), `none`.
    async fn issue(&self, request: &CredentialRequest) -> Result<Vec<Credential>, ProvisionError> {
        self.0.send_modify(|books| {
            books.asked.push(request.id.clone());
            books.ceilings.push(request.ceiling.clone());
        });
        drop(self.until(|books| !books.slow).await);
        let wish = request.lease.other.get("x-gateway");
        let wish: String = wish.and_then(|wish| wish.read().ok()).unwrap_or_default();
        match wish.as_str() {
            "refuse" => return Err(ProvisionError::Refused("not for you".to_owned())),
            "fail" => return Err(ProvisionError::failed("the gateway s3cret is down")),
            "panic" => panic!("s3cret"),
            "none" => return Ok(Vec::new()),
            "wait" => {
                drop(self.until(|books| books.open).await);
            }
            _ => {}
        }
        self.0.send_modify(|books| books.good.push(request.id.clone()));
        if wish == "lose" {
            return Err(ProvisionError::failed("the answer is lost"));
        }
        Ok(vec![Credential {
            id: request.id.clone(),
            value: Secret::new(format!("value-{}", request.id)),
            endpoint: "https://gateway.example/v1".to_owned(),
            profile: Some("small".to_owned()),
            constraints: None,
        }])
    }

    /// What the lease says under `x-gateway`: `fixed`, `keep` (which refuses), `break`, `hang`, or how it is
    /// issued.
    async fn rotate(
        &self,
        id: &CredentialId,
        request: &CredentialRequest,
    ) -> Result<Secret<String>, ProvisionError> {
        let wish = request.lease.other.get("x-gateway");
        let wish: String = wish.and_then(|wish| wish.read().ok()).unwrap_or_default();
        let mut count = 0;
        self.0.send_modify(|books| {
            books.rotations += 1;
            count = books.rotations;
            assert!(books.good.contains(&request.id), "what is revoked gets another value");
        });
        match wish.as_str() {
            "fixed" => return Err(ProvisionError::Unsupported),
            "keep" => return Err(ProvisionError::Refused("not for you".to_owned())),
            "break" => return Err(ProvisionError::failed("the gateway s3cret is down")),
            "hang" => {
                let under_way = UnderWay::begin(self, request.id.clone());
                drop(self.until(|books| books.open).await);
                drop(under_way);
            }
            _ => {}
        }
        Ok(Secret::new(format!("value-{id}-{count}")))
    }

    async fn revoke(&self, id: &CredentialId) -> Result<(), ProvisionError> {
        let mut failed = false;
        assert!(!self.books().rotating.contains(id), "it is getting another value");
        let held = self.books().held;
        if held {
            self.0.send_modify(|books| books.revocations.push(id.clone()));
            drop(self.until(|books| !books.held).await);
        }
        self.0.send_modify(|books| {
            if !held {
                books.revocations.push(id.clone());
            }
            failed = books.failing > 0;
            if failed {
                books.failing -= 1;
            } else {
                books.good.retain(|good| good != id);
            }
        });
        if failed { Err(ProvisionError::failed("the gateway is down")) } else { Ok(()) }
    }
}

/// A rotation that is under way, until it is dropped.
struct UnderWay(Gateway, CredentialId);

impl UnderWay {
    fn begin(gateway: &Gateway, id: CredentialId) -> Self {
        gateway.0.send_modify(|books| books.rotating.push(id.clone()));
        Self(gateway.clone(), id)
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.0.send_modify(|books| books.rotating.retain(|id| *id != self.1));
    }
}
