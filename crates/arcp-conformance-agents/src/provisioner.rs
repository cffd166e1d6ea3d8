//! The provisioner of the fixture: as quick, slow or unwilling as a lease says.

use std::collections::BTreeMap;
use std::sync::Arc;

use arcp_agent::{Fault, Json, Outcome, async_trait};
use arcp_auth::{CredentialProvisioner, CredentialRequest, ProvisionError};
use arcp_core::{Code, Credential, CredentialId, Lease, Secret};
use serde::Deserialize;
use tokio::sync::watch;

use crate::gates::Gates;
use crate::input;

/// What is known of credentials, by the provisioner and the agent that tells of them.
#[derive(Debug, Clone)]
pub(crate) struct Vault(Arc<watch::Sender<Vec<CredentialId>>>);

impl Default for Vault {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(Vec::new())))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Awaited {
    revoked: String,
}

impl Vault {
    /// Which credentials have been revoked, once the one that is waited for has been.
    pub(crate) async fn revoked(self, json: Json) -> Result<Outcome, Fault> {
        let mut all = self.0.subscribe();
        if let Some(Awaited { revoked }) = input(&json)? {
            let there = |all: &Vec<CredentialId>| all.iter().any(|id| id.as_str() == revoked);
            let gone = |_| Fault::new(Code::Aborted, "the provisioner is gone");
            all.wait_for(there).await.map_err(gone)?;
        }
        let ids: Vec<String> = all.borrow().iter().map(ToString::to_string).collect();
        Outcome::of(&ids)
    }
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
        let wish = request.lease.other.get("x-conf-provision");
        let wish: Option<String> = wish.and_then(|wish: &Json| wish.read().ok());
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
        self.vault.0.send_modify(|revoked| {
            if !revoked.contains(id) {
                revoked.push(id.clone());
            }
        });
        Ok(())
    }
}
