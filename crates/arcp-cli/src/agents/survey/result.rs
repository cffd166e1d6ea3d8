//! What a survey comes to: the job's result.

use std::collections::BTreeMap;
use std::path::Path;

use arcp::core::hex;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::read::{Content, Text};
use super::shown;

/// The result of a survey.
#[derive(Debug, Serialize)]
pub(super) struct Survey {
    /// The folder's canonical path.
    pub(super) root: String,
    /// Names of folders that were not entered.
    pub(super) skip: Vec<String>,
    /// SHA-256 in hex over all files that were read, in the order of the walk: for each the length
    /// of its relative path (8 bytes, little-endian), the path, and the SHA-256 of its content.
    pub(super) hash: String,
    /// All files that were read.
    pub(super) totals: Totals,
    /// Text files by extension, in lower case; `(none)` have none. Beyond 200 extensions the
    /// others go together as `(others)`.
    pub(super) types: BTreeMap<String, Counts>,
    /// The ten largest files, read or oversized.
    pub(super) largest: Vec<LargeFile>,
    /// Files that are not text: a NUL among the first 8 KiB, or not UTF-8.
    pub(super) binary: Binary,
    /// Files with more than 64 MiB, which were not read.
    pub(super) oversized: Oversized,
    /// Files, folders and links that could not be read.
    pub(super) unreadable: Named<Unreadable>,
    /// Symbolic links to places in the folder.
    pub(super) links: u64,
    /// Symbolic links out of the folder.
    pub(super) links_leaving: Named<Leaving>,
    /// Files, folders and links that the lease does not cover.
    pub(super) denied: u64,
    /// Folders that were not entered because of their name.
    pub(super) skipped: u64,
    /// Pipes, sockets and devices.
    pub(super) special: u64,
    #[serde(skip)]
    hasher: Sha256,
}

/// Sums over all files that were read, and the folders they lie in.
#[derive(Debug, Default, Serialize)]
pub(super) struct Totals {
    /// Folders, with the root.
    pub(super) folders: u64,
    /// Files, text and binary.
    files: u64,
    /// Their bytes.
    bytes: u64,
    /// Lines of the text files.
    lines: u64,
    /// Words of the text files.
    words: u64,
}

/// Sums over the text files of one type.
#[derive(Debug, Default, Serialize)]
pub(super) struct Counts {
    files: u64,
    lines: u64,
    words: u64,
    bytes: u64,
}

/// A file and its size.
#[derive(Debug, Serialize)]
pub(super) struct LargeFile {
    path: String,
    bytes: u64,
}

/// Binary files.
#[derive(Debug, Default, Serialize)]
pub(super) struct Binary {
    bytes: u64,
    #[serde(flatten)]
    files: Named<String>,
}

/// Files that were not read because of their size.
#[derive(Debug, Default, Serialize)]
pub(super) struct Oversized {
    files: u64,
    bytes: u64,
}

/// Something that could not be read.
#[derive(Debug, Serialize)]
pub(super) struct Unreadable {
    /// Its relative path.
    pub(super) path: String,
    /// Why not.
    pub(super) error: String,
}

/// A link out of the folder.
#[derive(Debug, Serialize)]
pub(super) struct Leaving {
    /// Its relative path.
    pub(super) path: String,
    /// What it says.
    pub(super) target: String,
}

/// A count, and the first 20 of what was counted.
#[derive(Debug, Serialize)]
pub(super) struct Named<T> {
    count: u64,
    named: Vec<T>,
}

impl<T> Default for Named<T> {
    fn default() -> Self {
        Self { count: 0, named: Vec::new() }
    }
}

impl<T> Named<T> {
    /// Counts `one`; says whether it is named as well.
    pub(super) fn add(&mut self, one: T) -> bool {
        self.count += 1;
        let is_named = self.named.len() < MAX_NAMED;
        if is_named {
            self.named.push(one);
        }
        is_named
    }
}

impl Survey {
    /// Nothing surveyed yet.
    pub(super) fn new(root: String, skip: Vec<String>) -> Self {
        Self {
            root,
            skip,
            hash: String::new(),
            totals: Totals::default(),
            types: BTreeMap::new(),
            largest: Vec::new(),
            binary: Binary::default(),
            oversized: Oversized::default(),
            unreadable: Named::default(),
            links: 0,
            links_leaving: Named::default(),
            denied: 0,
            skipped: 0,
            special: 0,
            hasher: Sha256::new(),
        }
    }

    /// Takes in the file at `path`, relative to the root.
    pub(super) fn add_file(&mut self, path: &Path, content: &Content) {
        let name = path.as_os_str().as_encoded_bytes();
        self.hasher.update((name.len() as u64).to_le_bytes());
        self.hasher.update(name);
        self.hasher.update(content.digest);
        self.totals.files += 1;
        self.totals.bytes += content.bytes;
        self.rank(shown(path), content.bytes);
        if let Some(text) = content.text {
            self.add_text(path, text, content.bytes);
        } else {
            self.binary.bytes += content.bytes;
            self.binary.files.add(shown(path));
        }
    }

    /// Takes in a file that was not read because of its size.
    pub(super) fn add_oversized(&mut self, path: String, bytes: u64) {
        self.oversized.files += 1;
        self.oversized.bytes += bytes;
        self.rank(path, bytes);
    }

    /// The same with its hash, now that all files are in.
    pub(super) fn seal(mut self) -> Self {
        let digest = std::mem::take(&mut self.hasher).finalize();
        self.hash = hex(&digest);
        self
    }

    /// One line for people.
    pub(super) fn summary(&self) -> String {
        let Totals { folders, files, bytes, lines, .. } = self.totals;
        format!("surveyed {files} files in {folders} folders: {lines} lines, {bytes} bytes")
    }

    fn add_text(&mut self, path: &Path, text: Text, bytes: u64) {
        self.totals.lines += text.lines;
        self.totals.words += text.words;
        let mut extension = extension(path);
        if self.types.len() >= MAX_TYPES && !self.types.contains_key(&extension) {
            "(others)".clone_into(&mut extension);
        }
        let counts = self.types.entry(extension).or_default();
        counts.files += 1;
        counts.lines += text.lines;
        counts.words += text.words;
        counts.bytes += bytes;
    }

    /// Keeps the file when it is among the largest; of equals the first.
    fn rank(&mut self, path: String, bytes: u64) {
        let place = self.largest.partition_point(|other| other.bytes >= bytes);
        if place < MAX_LARGEST {
            self.largest.insert(place, LargeFile { path, bytes });
            self.largest.truncate(MAX_LARGEST);
        }
    }
}

fn extension(path: &Path) -> String {
    match path.extension() {
        Some(extension) => extension.to_string_lossy().to_lowercase(),
        None => "(none)".to_owned(),
    }
}

const MAX_NAMED: usize = 20;
const MAX_LARGEST: usize = 10;
const MAX_TYPES: usize = 200;
