//! Gates: by which one job waits until another one lets it go on.

use std::collections::BTreeSet;
use std::sync::Arc;

use arcp::ARCPError;
use tokio::sync::watch;

/// The gates of a runtime, by name. One that was opened stays open.
#[derive(Debug, Clone)]
pub(crate) struct Gates(Arc<watch::Sender<BTreeSet<String>>>);

impl Default for Gates {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(BTreeSet::new())))
    }
}

impl Gates {
    /// Waits until the gate is open.
    pub(crate) async fn pass(&self, gate: &str) -> Result<(), ARCPError> {
        let mut open = self.0.subscribe();
        let passed = open.wait_for(|open| open.contains(gate)).await;
        passed.map(drop).map_err(|error| ARCPError::Aborted { detail: error.to_string() })
    }

    /// Opens the gate.
    pub(crate) fn open(&self, gate: String) {
        self.0.send_modify(|open| {
            open.insert(gate);
        });
    }
}
