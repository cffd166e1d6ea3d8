//! How many connections there may be, in all and from one address.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arcp_core::Limits;
use dashmap::DashMap;

/// Counts connections.
#[derive(Debug, Default)]
pub(crate) struct Admission {
    all: AtomicUsize,
    by_address: DashMap<IpAddr, usize>,
}

/// The right to be connected; given back when dropped.
#[derive(Debug)]
pub(crate) struct Admitted {
    admission: Arc<Admission>,
    address: Option<IpAddr>,
}

impl Admission {
    /// Admits a connection from `address`, or names the limit that forbids it.
    pub(crate) fn admit(
        self: &Arc<Self>,
        address: Option<IpAddr>,
        limits: &Limits,
    ) -> Result<Admitted, &'static str> {
        if self.all.fetch_add(1, Ordering::AcqRel) >= limits.connections {
            self.all.fetch_sub(1, Ordering::AcqRel);
            return Err("connections");
        }
        // From here on the guard gives back what was counted.
        let mut admitted = Admitted { admission: Arc::clone(self), address: None };
        if let Some(address) = address {
            let mut count = self.by_address.entry(address).or_insert(0);
            if *count >= limits.connections_per_address {
                drop(count);
                return Err("connections_per_address");
            }
            *count += 1;
            admitted.address = Some(address);
        }
        Ok(admitted)
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.admission.all.fetch_sub(1, Ordering::AcqRel);
        let Some(address) = self.address else { return };
        self.admission.by_address.remove_if_mut(&address, |_, count| {
            *count = count.saturating_sub(1);
            *count == 0
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_limits_hold_and_places_come_back() {
        let mut limits = Limits::default();
        limits.connections = 3;
        limits.connections_per_address = 2;
        let admission = Arc::new(Admission::default());
        let here = Some(IpAddr::from([127, 0, 0, 1]));
        let there = Some(IpAddr::from([127, 0, 0, 2]));
        let first = admission.admit(here, &limits).unwrap();
        let _second = admission.admit(here, &limits).unwrap();
        assert_eq!(admission.admit(here, &limits).unwrap_err(), "connections_per_address");
        let _third = admission.admit(there, &limits).unwrap();
        assert_eq!(admission.admit(None, &limits).unwrap_err(), "connections");
        drop(first);
        assert!(admission.admit(here, &limits).is_ok());
    }
}
