//! Credentials of jobs.

use arcp_auth::{CredentialProvisioner, CredentialRequest, ProvisionError};
use arcp_conformance_agents::Fixture;
use arcp_core::{Credential, CredentialId};
use arcp_runtime::RuntimeBuilder;
use async_trait::async_trait;
use serde_json::{Value, json};

use super::{Mind, Mutant, caught, telling, without};

/// A provisioner with a fault, before the fixture's.
struct Faulty {
    inner: arcp_conformance_agents::Provisioner,
    fault: Fault,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// It revokes nothing.
    KeepsAll,
    /// It revokes what it has just issued.
    TakesAtOnce,
    /// It issues what it was to refuse.
    RefusesNothing,
    /// It gives everybody the same.
    GivesTheSame,
    /// It issues nothing.
    GivesNothing,
}

#[async_trait]
impl CredentialProvisioner for Faulty {
    async fn issue(&self, request: &CredentialRequest) -> Result<Vec<Credential>, ProvisionError> {
        let issued = self.inner.issue(request).await;
        match self.fault {
            Fault::KeepsAll => issued,
            Fault::TakesAtOnce => {
                self.inner.revoke(&request.id).await?;
                issued
            }
            Fault::RefusesNothing => {
                let mut request = request.clone();
                request.lease.other.clear();
                self.inner.issue(&request).await
            }
            Fault::GivesTheSame => issued.map(|mut all| {
                for one in &mut all {
                    one.value = arcp_core::Secret::new("secret-of-all".to_owned());
                }
                all
            }),
            Fault::GivesNothing => issued.map(|_| Vec::new()),
        }
    }

    async fn revoke(&self, id: &CredentialId) -> Result<(), ProvisionError> {
        match self.fault {
            Fault::KeepsAll => Ok(()),
            _ => self.inner.revoke(id).await,
        }
    }
}

fn faulty(runtime: RuntimeBuilder, fixture: &Fixture, fault: Fault) -> RuntimeBuilder {
    runtime.provisioner(Faulty { inner: fixture.provisioner(), fault })
}

/// Tells credentials in messages of a type that are not for them.
fn leaking(mind: &mut Mind, mut value: Value, kind: &str, pointer: &str) -> Vec<Value> {
    let mut secrets = mind.secrets.lock().unwrap();
    if value["type"] == "job.accepted" {
        secrets.push(value["payload"]["credentials"].clone());
    }
    if value["type"] == kind
        && let Some(place) = value.pointer_mut(pointer).and_then(Value::as_object_mut)
    {
        place.insert("credentials".to_owned(), json!(*secrets));
    }
    vec![value]
}

caught! {
    keeps_credentials_of_jobs_that_are_over "15-credentials/revoked-when-completed"
        Mutant::configure(|runtime, fixture| faulty(runtime, fixture, Fault::KeepsAll));
    takes_credentials_from_jobs_that_run "15-credentials/kept-when-dropped"
        Mutant::configure(|runtime, fixture| faulty(runtime, fixture, Fault::TakesAtOnce));
    issues_what_is_refused "15-credentials/refused" Mutant::configure(|runtime, fixture| faulty(runtime, fixture, Fault::RefusesNothing));
    gives_everybody_the_same "15-credentials/each-its-own" Mutant::configure(|runtime, fixture| faulty(runtime, fixture, Fault::GivesTheSame));
    accepts_without_credentials "15-credentials/models" Mutant::configure(|runtime, fixture| faulty(runtime, fixture, Fault::GivesNothing));
    shows_credentials_in_listings "15-credentials/not-listed" Mutant::frames(|mind, frame| {
        telling(mind, frame, |mind, value| leaking(mind, value, "session.jobs", "/payload/jobs/0"))
    });
    shows_credentials_to_watchers "15-credentials/not-watched" Mutant::frames(|mind, frame| {
        telling(mind, frame, |mind, value| leaking(mind, value, "job.subscribed", "/payload"))
    });
    shows_credentials_to_observers "15-credentials/not-observed" Mutant::frames(|mind, frame| {
        telling(mind, frame, |mind, value| {
            leaking(mind, value, "subscribe.event", "/payload/event/payload")
        })
    });
    forgets_what_it_owes "15-credentials/revoked-after-restart"
        Mutant::FORGETS;
    says_not_that_it_issues "15-credentials/capability" Mutant::frames(|mind, frame| {
        telling(mind, frame, |_, value| {
            vec![without(value, "/payload/capabilities", "provisioned_credentials")]
        })
    });
}
