//! A JWKS in a file, which somebody else changes.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::document::{DOCUMENT_BYTES, parse};
use super::error::BuildError;
use super::keys::KeySet;

/// Reads the file for every token: it is small, and its time stamp may hide a change.
#[derive(Debug)]
pub(super) struct KeyFile {
    path: PathBuf,
    held: Mutex<Held>,
}

#[derive(Debug)]
struct Held {
    /// What the file last gave, good or not.
    reading: Reading,
    /// The last good keys.
    keys: Arc<KeySet>,
}

type Reading = Result<Vec<u8>, String>;

impl KeyFile {
    pub(super) fn open(path: PathBuf) -> Result<Self, BuildError> {
        let reading = read(&path);
        match understand(&reading) {
            Ok(keys) => {
                let held = Mutex::new(Held { reading, keys: Arc::new(keys) });
                Ok(Self { path, held })
            }
            Err(why) => Err(BuildError::Jwks { at: path.display().to_string(), why }),
        }
    }

    /// The keys that hold now.
    pub(super) async fn keys(&self) -> Arc<KeySet> {
        let path = self.path.clone();
        let reading = tokio::task::spawn_blocking(move || read(&path)).await;
        let reading = reading.unwrap_or_else(|error| Err(error.to_string()));
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.reading != reading {
            held.take_in(reading, &self.path);
        }
        held.keys.clone()
    }
}

impl Held {
    fn take_in(&mut self, reading: Reading, path: &Path) {
        match understand(&reading) {
            Ok(keys) => self.keys = Arc::new(keys),
            Err(why) => tracing::warn!("the JWKS {}: {why}; its old keys stay", path.display()),
        }
        self.reading = reading;
    }
}

fn understand(reading: &Reading) -> Result<KeySet, String> {
    let document = reading.as_ref().map_err(String::clone)?;
    parse(document).map_err(|error| error.to_string())
}

fn read(path: &Path) -> Reading {
    let mut document = Vec::new();
    let limit = u64::try_from(DOCUMENT_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    let file = File::open(path).map_err(|error| error.to_string())?;
    file.take(limit).read_to_end(&mut document).map_err(|error| error.to_string())?;
    if document.len() > DOCUMENT_BYTES {
        return Err(format!("it is larger than {DOCUMENT_BYTES} bytes"));
    }
    Ok(document)
}
