//! The provisioner of the fixture: as quick, slow or unwilling as a lease says.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arcp_agent::{Fault, Json, Outcome, async_trait};
use arcp_auth::{CredentialProvisioner, CredentialRequest, ProvisionError};
use arcp_core::{Code, Credential, CredentialId, Lease, Secret};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::sync::watch;

use crate::gates::Gates;
use crate::input;

/// What is known of credentials, by the provisioner and the agent that tells of them.
#[derive(Debug, Clone)]
pub(crate) struct Vault {
    revoked: Arc<watch::Sender<Vec<CredentialId>>>,
    /// How often revoking them is still to fail.
    stiff: Arc<Mutex<BTreeMap<CredentialId, u32>>>,
    /// How many credentials have got another value.
    rotations: Arc<AtomicU64>,
}

impl Default for Vault {
    fn default() -> Self {
        Self {
            revoked: Arc::new(watch::Sender::new(Vec::new())),
            stiff: Arc::default(),
            rotations: Arc::default(),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Awaited {
    revoked: String,
}

impl Vault {
    fn stiff(&self) -> MutexGuard<'_, BTreeMap<CredentialId, u32>> {
        self.stiff.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Which credentials have been revoked, once the one that is waited for has been.
    pub(crate) async fn revoked(self, json: Json) -> Result<Outcome, Fault> {
        let mut all = self.revoked.subscribe();
        if let Some(Awaited { revoked }) = input(&json)? {
            let there = |all: &Vec<CredentialId>| all.iter().any(|id| id.as_str() == revoked);
            let gone = |_| Fault::new(Code::Aborted, "the provisioner is gone");
            all.wait_for(there).await.map_err(gone)?;
        }
        let ids: Vec<String> = all.borrow().iter().map(ToString::to_string).collect();
        Outcome::of(&ids)
    }
}

/// What the submitter wishes of the provisioner: by a key of the lease in one dialect, by a grant of a
/// vendor in another.
fn wished<T: DeserializeOwned>(lease: &Lease, what: &str) -> Option<T> {
    if let Some(wish) = lease.other.get(&format!("x-conf-{what}")) {
        return wish.read().ok();
    }
    let pattern = lease.grants.get(&format!("x-vendor.conf.{what}"))?.first()?.as_str();
    let number = serde_json::from_str(pattern).ok();
    number.or_else(|| serde_json::from_value(pattern.into()).ok())
}

/// Issues one credential for each job that may have any.
#[derive(Debug, Clone)]
pub struct Provisioner {
    pub(crate) vault: Vault,
    pub(crate) gates: Gates,
}

#[async_trait]
impl CredentialProvisioner for Provisioner {
    async fn issue(&self, request: &CredentialRequest) -> Result<Vec<Credential>, ProvisionError> {
        if let Some(times) = wished(&request.lease, "revoke") {
            self.vault.stiff().insert(request.id.clone(), times);
        }
        let wish: Option<String> = wished(&request.lease, "provision");
        match wish.as_deref() {
            Some("fail") => return Err(ProvisionError::Refused("as told".to_owned())),
            Some(wish) => {
                if let Some(gate) = wish.strip_prefix("gate:") {
                    self.gates.pass(gate).await.map_err(ProvisionError::failed)?;
                }
            }
            None => {}
        }
        Ok(vec![Credential {
            id: request.id.clone(),
            value: Secret::new(format!("secret-{}", request.id)),
            endpoint: "https://gateway.invalid/v1".to_owned(),
            profile: None,
            constraints: Some(Lease { other: BTreeMap::new(), ..request.lease.clone() }),
        }])
    }

    async fn revoke(&self, id: &CredentialId) -> Result<(), ProvisionError> {
        if let Some(left) = self.vault.stiff().get_mut(id).filter(|left| **left > 0) {
            *left -= 1;
            return Err(ProvisionError::failed("as told"));
        }
        self.vault.revoked.send_modify(|revoked| {
            if !revoked.contains(id) {
                revoked.push(id.clone());
            }
        });
        Ok(())
    }

    async fn rotate(
        &self,
        id: &CredentialId,
        _: &CredentialRequest,
    ) -> Result<Secret<String>, ProvisionError> {
        let count = self.vault.rotations.fetch_add(1, Ordering::Relaxed) + 1;
        Ok(Secret::new(format!("secret-{id}-{count}")))
    }
}
