//! A runtime in this process as a target of the suite.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use arcp_conformance::{Connections, Offer, Place, Target, TargetError};
use arcp_conformance_agents::Fixture;
use arcp_conformance_server::Profile;
use arcp_core::Limits;
use arcp_transport::Transport;
use async_trait::async_trait;
use tokio::sync::Mutex;

use super::mutants::{Mutant, Mutated, Secrets};
use crate::support::{House, On, Setup, Wire};

/// The runtime of one place, if it has been started. Who starts or restarts it holds up nobody else's.
type Door = Arc<Mutex<Option<House>>>;

/// A runtime for each place.
pub(super) struct InProcess {
    on: On,
    mutant: Option<Mutant>,
    offer: Offer,
    houses: Mutex<BTreeMap<Place, Door>>,
    /// What the connections of a mutant tell each other.
    secrets: Secrets,
}

impl InProcess {
    /// Runtimes in a cell of the matrix; one rule is broken if there is a mutant.
    pub(super) fn new(on: On, mutant: Option<Mutant>) -> Self {
        let transport = match on.wire {
            Wire::Memory => "memory",
            Wire::Stdio => "stdio",
            Wire::Ws => "ws",
        };
        let offer = Offer {
            profiles: None,
            connections: Connections::Many,
            restart: true,
            alone: true,
            transport,
        };
        Self { on, mutant, offer, houses: Mutex::default(), secrets: Secrets::default() }
    }

    async fn door(&self, place: &Place) -> Door {
        Arc::clone(self.houses.lock().await.entry(place.clone()).or_default())
    }

    fn setup(&self, profile: &str) -> Setup {
        let profile = Profile::named(profile).unwrap();
        let mutant = self.mutant;
        let fixture = Arc::new(Fixture::default());
        let mut limits = profile.limits(Limits::default());
        if let Some(mutant) = mutant {
            (mutant.limits)(&mut limits);
        }
        let hosted = Arc::clone(&fixture);
        let mut setup = Setup::new().limits(|all| *all = limits);
        // Some scenarios say a lot before they listen.
        setup.capacity = 4_096;
        let setup = setup.host(move |server| profile.apply(server, &hosted).unwrap());
        setup.configure(move |runtime| match mutant {
            Some(mutant) => (mutant.configure)(runtime, &fixture),
            None => runtime,
        })
    }
}

#[async_trait]
impl Target for InProcess {
    fn name(&self) -> String {
        "a runtime in this process".to_owned()
    }

    fn offer(&self) -> &Offer {
        &self.offer
    }

    async fn connect(&self, place: &Place) -> Result<Box<dyn Transport>, TargetError> {
        let door = self.door(place).await;
        let mut house = door.lock().await;
        if house.is_none() {
            *house = Some(self.on.start(self.setup(&place.profile)).await);
        }
        let reached = match &*house {
            Some(house) => house.reach().await,
            None => None,
        };
        let reached = reached.ok_or(TargetError::Impossible("nobody is let in"))?;
        Ok(match self.mutant.and_then(|mutant| mutant.frames) {
            Some(change) => Box::new(Mutated::new(reached, change, self.secrets.clone())),
            None => reached,
        })
    }

    async fn restart(&self, place: &Place, down: Duration) -> Result<(), TargetError> {
        let door = self.door(place).await;
        let mut house = door.lock().await;
        let killed = house.take().ok_or(TargetError::Impossible("nobody is there"))?;
        let remains = killed.crash().await;
        tokio::time::sleep(down).await; // tidy: sleep because the scenario asks for it
        let setup = self.setup(&place.profile);
        *house = Some(match self.mutant {
            Some(mutant) if mutant.forgets => self.on.start(setup).await,
            _ => remains.restart(setup).await,
        });
        Ok(())
    }

    async fn leave(&self, place: &Place) {
        if place.alone.is_some() {
            self.houses.lock().await.remove(place);
        }
    }
}

impl std::fmt::Debug for InProcess {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InProcess").field("on", &self.on).finish_non_exhaustive()
    }
}
