//! A folder under its lock: what is found in it, and what a vacuum does.

use std::fs;
use std::path::Path;

use arcp_store::{Append, Bytes, Commit, Key, Record, Store, StoreErrorKind};
use rusqlite::Connection;
use tempfile::{TempDir, tempdir};

use super::{Folder, log_of};
use crate::open::{DATABASE, LOCK};
use crate::{Options, SqliteStore};

fn key(text: &str) -> Key {
    Key::new(text.to_owned())
}

fn append(stream: &str, first: u64, size: usize) -> Commit {
    let record = Record { first, span: 1, body: vec![b'x'; size].into() };
    Commit { appends: vec![Append { stream: key(stream), record }], ..Commit::default() }
}

fn opened(folder: &Path) -> Folder {
    Folder::open(folder).unwrap().unwrap()
}

/// A folder with a stream of so many large records, the first half of them trimmed.
async fn half_trimmed(records: u64) -> TempDir {
    let folder = tempdir().unwrap();
    let store = SqliteStore::open(folder.path(), Options::default()).await.unwrap();
    for first in 1..=records {
        store.commit(append("s", first, 20_000)).await.unwrap();
    }
    store.trim(&key("s"), records / 2).await.unwrap();
    folder
}

#[test]
fn a_folder_without_a_store_is_left_as_it_is() {
    let folder = tempdir().unwrap();
    assert!(Folder::open(folder.path().join("none")).unwrap().is_none());
    assert!(Folder::open(folder.path()).unwrap().is_none());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_folder_in_use_is_locked_until_all_have_closed_it() {
    let folder = tempdir().unwrap();
    let store = SqliteStore::open(folder.path(), Options::default()).await.unwrap();
    let locked = |error: arcp_store::StoreError| assert_eq!(error.kind(), StoreErrorKind::Locked);
    locked(Folder::open(folder.path()).unwrap_err());
    drop(store);
    let mine = opened(folder.path());
    locked(Folder::open(folder.path()).unwrap_err());
    let store = mine.store(Options::default()).await.unwrap();
    drop(mine);
    locked(Folder::open(folder.path()).unwrap_err());
    store.commit(append("s", 1, 1)).await.unwrap();
    drop(store);
    assert_eq!(opened(folder.path()).streams(None, 9).unwrap(), [key("s")]);
    let mut files: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    files.sort();
    assert_eq!(files, [DATABASE, LOCK]);
}

#[tokio::test]
async fn a_vacuum_gives_back_what_is_free_and_keeps_the_rest() {
    let folder = half_trimmed(40).await;
    let mine = opened(folder.path());
    let sizes = mine.sizes();
    assert!(sizes.free > 300_000, "{sizes:?}");
    assert_eq!(sizes.log, 0);
    let vacuumed = mine.vacuum().unwrap();
    assert_eq!(vacuumed.before, sizes.database);
    assert!(vacuumed.before - vacuumed.after >= sizes.free, "{vacuumed:?} {sizes:?}");
    drop(mine);
    let again = opened(folder.path());
    assert_eq!((again.sizes().free, again.sizes().database), (0, vacuumed.after));
    assert_eq!(again.check().unwrap(), [] as [&str; 0]);
    let store = again.store(Options::default()).await.unwrap();
    let page = store.read(&key("s"), 0, usize::MAX).await.unwrap();
    assert_eq!((page.kept_from, page.last, page.records.len()), (21, 40, 20));
}

/// The log is measured as a process leaves it that was killed.
#[tokio::test]
async fn a_log_that_was_left_counts_until_it_is_moved() {
    let (folder, copy) = (tempdir().unwrap(), tempdir().unwrap());
    let store = SqliteStore::open(folder.path(), Options::default()).await.unwrap();
    store.commit(append("s", 1, 100_000)).await.unwrap();
    let (from, to) = (folder.path().join(DATABASE), copy.path().join(DATABASE));
    fs::copy(log_of(&from), log_of(&to)).unwrap();
    fs::copy(from, to).unwrap();
    let mine = opened(copy.path());
    assert!(mine.sizes().log > 100_000, "{:?}", mine.sizes());
    assert_eq!(mine.streams(None, 9).unwrap(), [key("s")]);
    mine.vacuum().unwrap();
    drop(mine);
    assert_eq!(opened(copy.path()).sizes().log, 0);
}

#[tokio::test]
async fn streams_are_listed_in_order_with_those_that_are_trimmed() {
    let folder = tempdir().unwrap();
    let store = SqliteStore::open(folder.path(), Options::default()).await.unwrap();
    for name in ["", "b", "a/1", "a"] {
        store.commit(append(name, 1, 1)).await.unwrap();
        store.commit(append(name, 2, 1)).await.unwrap();
    }
    store.trim(&key("a/1"), 2).await.unwrap();
    store.commit(append("gone", 1, 1)).await.unwrap();
    store.forget(&key("gone")).await.unwrap();
    drop(store);
    let mine = opened(folder.path());
    assert_eq!(mine.streams(None, 9).unwrap(), [key(""), key("a"), key("a/1"), key("b")]);
    assert_eq!(mine.streams(None, 2).unwrap(), [key(""), key("a")]);
    assert_eq!(mine.streams(Some(&key("a")), 9).unwrap(), [key("a/1"), key("b")]);
    assert_eq!(mine.streams(Some(&key("b")), 9).unwrap(), []);
}

#[tokio::test]
async fn a_damaged_page_is_found() {
    let folder = half_trimmed(200).await;
    let path = folder.path().join(DATABASE);
    let roots: Vec<usize> = {
        let conn = Connection::open(&path).unwrap();
        let mut roots = conn.prepare("SELECT rootpage FROM sqlite_schema").unwrap();
        roots.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    };
    let whole = fs::read(&path).unwrap();
    for root in roots {
        let mut bytes = whole.clone();
        bytes[(root - 1) * 4096..][..64].fill(0xA5);
        fs::write(&path, &bytes).unwrap();
        match Folder::open(folder.path()) {
            Ok(mine) => {
                let found = mine.unwrap().check().unwrap();
                assert!(!found.is_empty(), "page {root}");
                assert!(found.iter().all(|line| !line.contains('\n')), "{found:?}");
            }
            Err(error) => assert_eq!(error.kind(), StoreErrorKind::Corrupt, "{error}"),
        }
    }
    fs::write(&path, Bytes::from("no database at all, but long enough to be one")).unwrap();
    assert_eq!(Folder::open(folder.path()).unwrap_err().kind(), StoreErrorKind::Corrupt);
}
