//! A small folder to survey, and what there is to find in it.

use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

/// Makes the folder.
pub(super) fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "a.txt", b"one two\nthree\n");
    write(folder.path(), "b.rs", b"fn main() {}\n");
    write(folder.path(), "x.bin", &[0, 1]);
    std::fs::create_dir(folder.path().join("sub")).unwrap();
    write(folder.path(), "sub/c.txt", b"x");
    folder
}

/// Its totals.
pub(super) fn totals() -> Value {
    json!({ "bytes": 30, "files": 4, "folders": 2, "lines": 4, "words": 7 })
}

fn write(folder: &Path, name: &str, bytes: &[u8]) {
    std::fs::write(folder.join(name), bytes).unwrap();
}
