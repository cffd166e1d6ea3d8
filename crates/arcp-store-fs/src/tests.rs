//! What the contract suite cannot see: the files, what is left over, and what is damaged.

use std::fmt::Debug;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use arcp_store::{Blobs, Bytes, Key, StoreError, StoreErrorKind};
use tempfile::{TempDir, tempdir};
use tokio::time::timeout;

use crate::{Durability, FolderBlobs, Options, name};

const FAST: Options = Options { durability: Durability::Process };

async fn open(folder: &Path) -> FolderBlobs {
    FolderBlobs::open(folder, FAST).await.unwrap()
}

fn key(text: &str) -> Key {
    Key::new(text.to_owned())
}

fn file_of(folder: &TempDir, text: &str) -> PathBuf {
    folder.path().join(name::encode(&key(text)))
}

fn files(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// The kind of error that comes of it.
fn kind<T: Debug>(outcome: Result<T, StoreError>) -> StoreErrorKind {
    outcome.unwrap_err().kind()
}

mod folder {
    use super::*;

    #[tokio::test]
    async fn holds_one_file_a_blob_with_its_bytes() {
        for durability in [Durability::Full, Durability::Process] {
            let folder = tempdir().unwrap();
            let inner = folder.path().join("made/with/those above");
            let blobs = FolderBlobs::open(&inner, Options { durability }).await.unwrap();
            blobs.put(&key("a"), Bytes::from("first")).await.unwrap();
            blobs.put(&key("a"), Bytes::from("bytes of a")).await.unwrap();
            blobs.put(&key("b"), Bytes::from("bytes of b")).await.unwrap();
            blobs.delete(&key("b")).await.unwrap();
            assert_eq!(files(&inner), [name::encode(&key("a"))]);
            let bytes = fs::read(inner.join(name::encode(&key("a")))).unwrap();
            assert_eq!(bytes, b"bytes of a");
        }
    }

    #[tokio::test]
    async fn tells_sizes_without_reading() {
        let folder = tempdir().unwrap();
        let blobs = open(folder.path()).await;
        blobs.put(&key("a"), Bytes::from("abc")).await.unwrap();
        blobs.put(&key("none"), Bytes::new()).await.unwrap();
        assert_eq!(blobs.size(&key("a")).await.unwrap(), Some(3));
        assert_eq!(blobs.size(&key("none")).await.unwrap(), Some(0));
        assert_eq!(blobs.size(&key("b")).await.unwrap(), None);
        assert_eq!(blobs.size(&key(&"x".repeat(999))).await.unwrap(), None);
        fs::create_dir(file_of(&folder, "c")).unwrap();
        assert_eq!(kind(blobs.size(&key("c")).await), StoreErrorKind::Corrupt);
    }

    #[test]
    fn the_one_above_a_bare_name_is_where_we_are() {
        crate::open::sync(Path::new("blobs").parent().unwrap()).unwrap();
    }

    #[tokio::test]
    async fn one_that_cannot_be_made_is_unavailable_and_named() {
        let folder = tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        for path in [file.clone(), file.join("folder")] {
            let error = FolderBlobs::open(&path, FAST).await.unwrap_err();
            assert_eq!(error.kind(), StoreErrorKind::Unavailable);
            assert!(error.to_string().contains(&*path.to_string_lossy()), "{error}");
        }
    }

    #[tokio::test]
    async fn one_that_is_gone_is_not_one_without_blobs() {
        let folder = tempdir().unwrap();
        let path = folder.path().join("blobs");
        let blobs = open(&path).await;
        blobs.put(&key("a"), Bytes::from("a")).await.unwrap();
        let moved = folder.path().join("moved");
        fs::rename(&path, &moved).unwrap();
        assert_eq!(kind(blobs.get(&key("a")).await), StoreErrorKind::Unavailable);
        assert_eq!(kind(blobs.delete(&key("a")).await), StoreErrorKind::Unavailable);
        assert_eq!(kind(blobs.list(None, 9).await), StoreErrorKind::Unavailable);
        assert_eq!(kind(blobs.put(&key("b"), Bytes::new()).await), StoreErrorKind::Unavailable);
        fs::rename(&moved, &path).unwrap();
        assert_eq!(blobs.get(&key("a")).await.unwrap(), Some(Bytes::from("a")));
        assert_eq!(blobs.list(None, 9).await.unwrap(), [key("a")]);
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn folder_and_files_are_their_owners_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempdir().unwrap();
        let (above, path) = (folder.path().join("above"), folder.path().join("above/blobs"));
        let blobs = open(&path).await;
        blobs.put(&key("a"), Bytes::from("a")).await.unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&above), 0o700);
        assert_eq!(mode(&path), 0o700);
        assert_eq!(mode(&path.join(name::encode(&key("a")))), 0o600);
    }
}

mod leftovers {
    use super::*;

    #[tokio::test]
    async fn parts_go_and_all_else_stays() {
        let folder = tempdir().unwrap();
        let blobs = open(folder.path()).await;
        blobs.put(&key("a"), Bytes::from("a")).await.unwrap();
        drop(blobs);
        for file in ["part-", "part-x1Y2z3", "notes.txt", "blob-co", "blob-", "blob-C"] {
            fs::write(folder.path().join(file), "not whole").unwrap();
        }
        // One that cannot be removed is no reason not to open.
        fs::create_dir(folder.path().join("part-folder")).unwrap();
        let blobs = open(folder.path()).await;
        let left =
            ["blob-", "blob-C", &name::encode(&key("a")), "blob-co", "notes.txt", "part-folder"];
        assert_eq!(files(folder.path()), left);
        // `blob-` is the one without a name.
        assert_eq!(blobs.list(None, 9).await.unwrap(), [key(""), key("a")]);
    }

    #[tokio::test]
    async fn put_that_fails_leaves_nothing() {
        let folder = tempdir().unwrap();
        let blobs = open(folder.path()).await;
        fs::create_dir(file_of(&folder, "a")).unwrap();
        blobs.put(&key("a"), Bytes::from("a")).await.unwrap_err();
        assert_eq!(files(folder.path()), [name::encode(&key("a"))]);
    }

    #[tokio::test]
    async fn closing_waits_for_what_is_under_way() {
        let folder = tempdir().unwrap();
        for n in 0..20 {
            let blobs = open(folder.path()).await;
            let name = key(&n.to_string());
            let put = blobs.put(&name, Bytes::from(vec![n; 1 << 20]));
            let asked = timeout(Duration::ZERO, put).await;
            drop(blobs);
            // Done or not, but no longer being done.
            let files = files(folder.path());
            assert!(files.iter().all(|file| !file.starts_with(name::PART)), "{files:?}, {asked:?}");
        }
    }
}

mod damage {
    use super::*;

    #[tokio::test]
    async fn folder_in_the_place_of_a_file_is_corrupt() {
        let folder = tempdir().unwrap();
        let blobs = open(folder.path()).await;
        blobs.put(&key("b"), Bytes::from("b")).await.unwrap();
        fs::create_dir(file_of(&folder, "a")).unwrap();
        assert_eq!(kind(blobs.get(&key("a")).await), StoreErrorKind::Corrupt);
        assert_eq!(kind(blobs.put(&key("a"), Bytes::from("a")).await), StoreErrorKind::Corrupt);
        assert_eq!(blobs.list(None, 9).await.unwrap(), [key("b")]);
        assert_eq!(open(folder.path()).await.list(None, 9).await.unwrap(), [key("b")]);
        #[cfg(target_os = "linux")]
        assert_eq!(kind(blobs.delete(&key("a")).await), StoreErrorKind::Corrupt);
        fs::remove_dir(file_of(&folder, "a")).unwrap();
        blobs.put(&key("a"), Bytes::from("a")).await.unwrap();
        assert_eq!(blobs.get(&key("a")).await.unwrap(), Some(Bytes::from("a")));
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn link_out_of_the_folder_is_not_followed() {
        let (folder, outside) = (tempdir().unwrap(), tempdir().unwrap());
        let kept = outside.path().join("kept");
        fs::write(&kept, "outside").unwrap();
        let blobs = open(folder.path()).await;
        let link = |text| std::os::unix::fs::symlink(&kept, file_of(&folder, text)).unwrap();
        link("read");
        assert_eq!(kind(blobs.get(&key("read")).await), StoreErrorKind::Corrupt);
        assert!(blobs.list(None, 9).await.unwrap().is_empty());
        link("deleted");
        blobs.delete(&key("deleted")).await.unwrap();
        link("replaced");
        blobs.put(&key("replaced"), Bytes::from("inside")).await.unwrap();
        assert_eq!(blobs.get(&key("replaced")).await.unwrap(), Some(Bytes::from("inside")));
        assert_eq!(fs::read(&kept).unwrap(), b"outside");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn file_that_may_not_be_read_is_unavailable() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempdir().unwrap();
        let blobs = open(folder.path()).await;
        blobs.put(&key("a"), Bytes::from("a")).await.unwrap();
        let file = file_of(&folder, "a");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o000)).unwrap();
        let got = blobs.get(&key("a")).await.map_err(|error| error.kind());
        // Some users may read all files.
        let want = match fs::read(&file) {
            Ok(_) => Ok(Some(Bytes::from("a"))),
            Err(_) => Err(StoreErrorKind::Unavailable),
        };
        assert_eq!(got, want);
        blobs.put(&key("a"), Bytes::from("again")).await.unwrap();
        assert_eq!(blobs.get(&key("a")).await.unwrap(), Some(Bytes::from("again")));
    }
}
