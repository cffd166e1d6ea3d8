//! The provisioner of the fixture: as quick, slow or unwilling as a lease says.

use std::collections::BTreeMap;
use std::sync::Arc;

use arcp_agent::{Fault, Json, Outcome, async_trait};
use arcp_auth::{CredentialProvisioner, CredentialRequest, ProvisionError};
use arcp_core::{Credential, CredentialId, Lease, Secret};
use tokio::sync::watch;

use crate::gates::Gates;

/// What is known of credentials, by the provisioner and the agent that tells of them.
#[derive(Debug, Clone)]
pub(crate) struct Vault(Arc<watch::Sender<Vec<CredentialId>>>);

impl Default for Vault {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(Vec::new())))
    }
}

impl Vault {
    /// Which credentials have been revoked.
    pub(crate) fn revoked(&self) -> Result<Outcome, Fault> {
        let ids: Vec<String> = self.0.borrow().iter().map(ToString::to_string).collect();
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
