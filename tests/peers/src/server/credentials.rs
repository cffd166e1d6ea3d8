//! The issuer of credentials that the profile `credentials` has.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use arcp::ARCPError;
use arcp::ids::MessageId;
use arcp::messages::{CredentialId, CredentialScheme, LeaseRequest, ProvisionedCredential};
use arcp::runtime::{CredentialJobContext, CredentialProvisioner};
use async_trait::async_trait;
use serde_json::Value;
use tokio::sync::watch;

use crate::gates::Gates;

/// Issues one credential a job, and remembers what it took back.
#[derive(Debug)]
pub(crate) struct Issuer {
    gates: Gates,
    revoked: watch::Sender<Vec<String>>,
    /// How often taking one back is still to fail.
    stiff: Mutex<HashMap<String, u64>>,
}

impl Issuer {
    pub(crate) fn new(gates: Gates) -> Self {
        Self { gates, revoked: watch::Sender::default(), stiff: Mutex::default() }
    }

    fn stiff(&self) -> MutexGuard<'_, HashMap<String, u64>> {
        self.stiff.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The ids of what was taken back so far, once the one that is waited for is among them.
    pub(crate) async fn revoked(&self, awaited: Option<String>) -> Result<Vec<String>, ARCPError> {
        let mut revoked = self.revoked.subscribe();
        let there = |revoked: &Vec<String>| awaited.as_ref().is_none_or(|id| revoked.contains(id));
        let all = revoked.wait_for(there).await;
        all.map(|all| all.clone()).map_err(|error| ARCPError::Aborted { detail: error.to_string() })
    }
}

#[async_trait]
impl CredentialProvisioner for Issuer {
    async fn issue(
        &self,
        lease: &LeaseRequest,
        _: &CredentialJobContext,
    ) -> Result<Vec<ProvisionedCredential>, ARCPError> {
        match lease.extra.get("x-conf-provision").and_then(Value::as_str) {
            Some("fail") => {
                return Err(ARCPError::Unavailable { detail: "asked to refuse".to_owned() });
            }
            Some(asked) => {
                if let Some(gate) = asked.strip_prefix("gate:") {
                    self.gates.pass(gate).await?;
                }
            }
            None => {}
        }
        if lease.cost_budget.is_none() && lease.model_use.is_none() {
            return Ok(Vec::new());
        }
        let unique = MessageId::new();
        if let Some(times) = lease.extra.get("x-conf-revoke").and_then(Value::as_u64) {
            self.stiff().insert(format!("cred_{unique}"), times);
        }
        Ok(vec![ProvisionedCredential {
            id: CredentialId(format!("cred_{unique}")),
            scheme: CredentialScheme::Bearer,
            value: format!("secret-{unique}"),
            endpoint: "https://gateway.invalid/v1".to_owned(),
            profile: None,
            constraints: None,
        }])
    }

    async fn revoke(&self, id: &CredentialId) -> Result<(), ARCPError> {
        if let Some(left) = self.stiff().get_mut(id.as_str()).filter(|left| **left > 0) {
            *left -= 1;
            return Err(ARCPError::Unavailable { detail: "asked to fail".to_owned() });
        }
        self.revoked.send_modify(|revoked| revoked.push(id.as_str().to_owned()));
        Ok(())
    }
}
