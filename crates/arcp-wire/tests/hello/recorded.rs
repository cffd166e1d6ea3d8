//! Recorded connections, many in a file. Each has a heading with its name; a frame of the client begins
//! with `> `, one of the runtime with `< `.

use std::path::{Path, PathBuf};

/// Who says a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    Client,
    Runtime,
}

/// One connection.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) name: String,
    /// What was said before: most connections are opened in the same words.
    pub(crate) opening: Vec<(By, String)>,
    pub(crate) frames: Vec<(By, String)>,
}

/// The files, each with what it records.
pub(crate) fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/hello");
    let entries = std::fs::read_dir(folder).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|kind| kind == "frames"));
    files.sort();
    assert!(!files.is_empty());
    files
}

/// The connections of one file.
pub(crate) fn connections(file: &Path) -> Vec<Connection> {
    let mut all: Vec<Connection> = Vec::new();
    for line in std::fs::read_to_string(file).unwrap().lines() {
        if let Some(heading) = line.strip_prefix("# ") {
            let plain = heading.strip_suffix(AFTER_OPENING);
            let opening = plain.map(|_| all[0].frames.clone()).unwrap_or_default();
            let name = plain.unwrap_or(heading).to_owned();
            all.push(Connection { name, opening, frames: Vec::new() });
        } else if !line.is_empty() {
            let (by, frame) = if let Some(frame) = line.strip_prefix("> ") {
                (By::Client, frame)
            } else {
                (By::Runtime, line.strip_prefix("< ").unwrap())
            };
            all.last_mut().unwrap().frames.push((by, frame.to_owned()));
        }
    }
    all
}

/// Marks the connections that begin with the frames of the first one of their file.
const AFTER_OPENING: &str = " (after opening)";
