//! What is synced is there after every cut; what is not may be.

use std::collections::{BTreeMap, BTreeSet};

use rand::SeedableRng;
use rand::rngs::StdRng;

use super::journal::Change::{self, Created, Cut, Renamed, SyncStarted, Synced, Unlinked};
use super::{Disk, rebuild};

fn written(text: &str) -> Change {
    Change::Written(0, text.as_bytes().to_vec())
}

/// All that the cuts of a hundred seeds leave of a folder with a file `/d/old` in it.
fn cuts(changes: &[(&str, Change)]) -> BTreeSet<String> {
    let mut disk = Disk::default();
    disk.add("/d/old".to_owned(), b"old".to_vec());
    let entries = changes.iter().map(|(path, change)| ((*path).to_owned(), change.clone()));
    disk.replay(entries.collect()).unwrap();
    let left = |seed| disk.cut(&mut StdRng::seed_from_u64(seed));
    (0..100).map(left).map(|files| shown(&files)).collect()
}

fn shown(files: &BTreeMap<String, Vec<u8>>) -> String {
    let each = files.iter().map(|(path, bytes)| {
        format!("{}={}", path.trim_start_matches("/d/"), String::from_utf8_lossy(bytes))
    });
    each.collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn check<const N: usize>(changes: &[(&str, Change)], wanted: [&str; N]) {
    assert_eq!(cuts(changes), wanted.map(str::to_owned).into());
}

#[test]
fn what_was_written_and_not_synced_may_be_there() {
    check(&[("/d/old", written("new"))], ["old=old", "old=new"]);
}

#[test]
fn what_was_synced_is_there() {
    let old = "/d/old";
    check(&[(old, written("new")), (old, SyncStarted(1)), (old, Synced(1))], ["old=new"]);
}

#[test]
fn a_sync_that_has_not_ended_promises_nothing() {
    let old = "/d/old";
    check(&[(old, written("new")), (old, SyncStarted(1))], ["old=old", "old=new"]);
}

#[test]
fn a_sync_is_for_what_came_before_its_start() {
    let old = "/d/old";
    let changes =
        [(old, written("one")), (old, SyncStarted(1)), (old, written("two")), (old, Synced(1))];
    check(&changes, ["old=one", "old=two"]);
}

#[test]
fn a_new_file_is_certain_once_it_or_its_folder_is_synced() {
    let new = "/d/z";
    let made = [(new, Created), (new, written("z"))];
    check(&made, ["old=old", "old=old z=", "old=old z=z"]);
    let file = [made.clone(), [(new, SyncStarted(1)), (new, Synced(1))]].concat();
    check(&file, ["old=old z=z"]);
    let folder = [made, [("/d", SyncStarted(1)), ("/d", Synced(1))]].concat();
    check(&folder, ["old=old z=", "old=old z=z"]);
}

#[test]
fn a_name_that_goes_is_certain_to_be_gone_once_its_folder_is_synced() {
    let folder = [("/d", SyncStarted(1)), ("/d", Synced(1))];
    check(&[("/d/old", Unlinked)], ["", "old=old"]);
    check(&[&[("/d/old", Unlinked)][..], &folder].concat(), [""]);
    let renamed = [("/d/old", Renamed("/d/new".to_owned()))];
    check(&[&renamed[..], &folder].concat(), ["new=old"]);
    check(&renamed, ["new=old", "old=old"]);
}

#[test]
fn cutting_off_is_done_or_not() {
    check(&[("/d/old", Cut(1))], ["old=o", "old=old"]);
}

#[test]
fn a_write_to_what_is_not_there_is_refused() {
    let mut disk = Disk::default();
    assert!(disk.replay(vec![("/d/x".to_owned(), written("x"))]).is_err());
}

#[test]
fn a_folder_is_read_and_rebuilt() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    for (name, text) in [("a.db", "a"), ("a.db-shm", "shared"), ("a.lock", "")] {
        std::fs::write(path(name), text).unwrap();
    }
    std::fs::create_dir(path("blobs")).unwrap();
    let mut disk = Disk::of(folder.path()).unwrap();
    let files = disk.cut(&mut StdRng::seed_from_u64(1));
    std::fs::write(path("a.db"), "changed").unwrap();
    rebuild(folder.path(), &files).unwrap();
    assert_eq!(std::fs::read_to_string(path("a.db")).unwrap(), "a");
    disk.compare(folder.path()).unwrap();
    disk.change(path("a.db").to_str().unwrap().to_owned(), written("z")).unwrap();
    assert!(disk.compare(folder.path()).unwrap_err().to_string().contains("a.db"));
    assert!(!path("a.db-shm").exists() && !path("a.lock").exists() && path("blobs").is_dir());
}
