//! What the contract suite cannot see: the file, its versions, groups, and a full disk.

use std::fs;
use std::path::Path;
use std::time::Duration;

use arcp_store::{Append, Bytes, Commit, Key, Record, Store, StoreErrorKind};
use rusqlite::Connection;
use tempfile::tempdir;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::open::{DATABASE, LOCK, open};
use crate::schema::{APPLICATION_ID, MIGRATIONS, migrate};
use crate::writer::{Command, Writer};
use crate::{Answered, Durability, Options, SqliteStore};

fn key(text: &str) -> Key {
    Key::new(text.to_owned())
}

fn append(stream: &str, first: u64, body: impl Into<Bytes>) -> Commit {
    let record = Record { first, span: 1, body: body.into() };
    Commit { appends: vec![Append { stream: key(stream), record }], ..Commit::default() }
}

async fn open_default(folder: &Path) -> SqliteStore {
    SqliteStore::open(folder, Options::default()).await.unwrap()
}

/// Opening is refused as corrupt, with a text that has all these words.
fn refused(folder: &Path, words: &[&str]) {
    let error = open(folder, &Options::default()).unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Corrupt, "{error}");
    let text = error.to_string();
    for word in words.iter().chain(&[DATABASE]) {
        assert!(text.contains(word), "`{word}` is not in: {text}");
    }
}

fn version(conn: &Connection) -> u32 {
    conn.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
}

fn tables(conn: &Connection) -> Vec<String> {
    let mut names = conn.prepare("SELECT name FROM sqlite_schema ORDER BY name").unwrap();
    names.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

mod schema {
    use super::*;

    #[test]
    fn file_of_version_0_is_migrated() {
        let folder = tempdir().unwrap();
        // Empty, as a process leaves it that is killed while it opens for the first time.
        fs::write(folder.path().join(DATABASE), "").unwrap();
        let open = open(folder.path(), &Options::default()).unwrap();
        assert_eq!(version(&open.writer), u32::try_from(MIGRATIONS.len()).unwrap());
        assert_eq!(tables(&open.writer), ["facts", "records", "trimmed"]);
    }

    #[test]
    fn only_the_steps_that_lack_are_taken() {
        let mut conn = Connection::open_in_memory().unwrap();
        let steps = ["CREATE TABLE a (x)", "CREATE TABLE b (x)", "INSERT INTO a VALUES (1)"];
        migrate(&mut conn, &steps[..1]).unwrap();
        assert_eq!((version(&conn), tables(&conn)), (1, vec!["a".to_owned()]));
        migrate(&mut conn, &steps).unwrap();
        migrate(&mut conn, &steps).unwrap();
        assert_eq!((version(&conn), tables(&conn)), (3, vec!["a".to_owned(), "b".to_owned()]));
        let rows: u32 = conn.query_row("SELECT count(*) FROM a", [], |row| row.get(0)).unwrap();
        assert_eq!(rows, 1);
    }

    #[test]
    fn step_that_fails_leaves_nothing_of_itself() {
        let mut conn = Connection::open_in_memory().unwrap();
        let steps = ["CREATE TABLE a (x)", "CREATE TABLE b (x); CREATE TABLE a (x)"];
        migrate(&mut conn, &steps).unwrap_err();
        assert_eq!((version(&conn), tables(&conn)), (1, vec!["a".to_owned()]));
    }

    #[test]
    fn newer_file_is_refused() {
        let folder = tempdir().unwrap();
        let conn = open(folder.path(), &Options::default()).unwrap().writer;
        conn.pragma_update(None, "user_version", MIGRATIONS.len() + 1).unwrap();
        drop(conn);
        refused(folder.path(), &["version 2", "up to 1", "newer program"]);
    }
}

mod file {
    use super::*;

    #[test]
    fn database_of_another_program_is_refused_and_left_alone() {
        for mark in
            ["CREATE TABLE theirs (x)", "PRAGMA application_id = 7", "PRAGMA user_version = 1"]
        {
            let folder = tempdir().unwrap();
            let path = folder.path().join(DATABASE);
            Connection::open(&path).unwrap().execute_batch(mark).unwrap();
            let before = fs::read(&path).unwrap();
            refused(folder.path(), &["another program", "another folder"]);
            assert_eq!(fs::read(&path).unwrap(), before, "{mark}");
        }
    }

    #[test]
    fn not_a_database_is_refused_and_left_alone() {
        let folder = tempdir().unwrap();
        let path = folder.path().join(DATABASE);
        for text in ["x".repeat(10_000), "SQLite format 3\0".repeat(500), "short".to_owned()] {
            fs::write(&path, &text).unwrap();
            refused(folder.path(), &["not a database", "restore it"]);
            assert_eq!(fs::read(&path).unwrap(), text.as_bytes());
        }
    }

    #[tokio::test]
    async fn truncated_file_is_refused() {
        let folder = tempdir().unwrap();
        let store = open_default(folder.path()).await;
        store.commit(append("s", 1, vec![7; 100_000])).await.unwrap();
        drop(store);
        let path = folder.path().join(DATABASE);
        let whole = fs::read(&path).unwrap();
        for length in [whole.len() / 2, 4_096, 1_000, 50] {
            fs::write(&path, &whole[..length]).unwrap();
            refused(folder.path(), &["damaged", "restore it"]);
        }
        fs::write(&path, &whole).unwrap();
        assert_eq!(open_default(folder.path()).await.read(&key("s"), 0, 0).await.unwrap().last, 1);
    }

    #[test]
    fn tables_that_lack_are_corrupt_and_not_retried() {
        let folder = tempdir().unwrap();
        let conn = open(folder.path(), &Options::default()).unwrap().writer;
        conn.execute_batch("DROP TABLE trimmed").unwrap();
        let error = crate::schema::trimmed(&conn, &key("s")).unwrap_err();
        assert_eq!((error.kind(), error.is_retryable()), (StoreErrorKind::Corrupt, false));
    }

    #[tokio::test]
    async fn closing_leaves_only_the_database_and_the_lock() {
        let folder = tempdir().unwrap();
        let inner = folder.path().join("made/with/those above");
        let store = open_default(&inner).await;
        store.commit(append("s", 1, "a")).await.unwrap();
        let clone = store.clone();
        drop(store);
        assert_eq!(clone.read(&key("s"), 0, 0).await.unwrap().last, 1);
        drop(clone);
        let mut names: Vec<_> =
            fs::read_dir(&inner).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, [DATABASE, LOCK]);
    }

    #[tokio::test]
    async fn locked_names_the_folder_and_what_to_do() {
        let folder = tempdir().unwrap();
        let store = open_default(folder.path()).await;
        let error = SqliteStore::open(folder.path(), Options::default()).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Locked);
        let text = error.to_string();
        assert!(text.contains(&*folder.path().to_string_lossy()), "{text}");
        assert!(text.contains("end the program"), "{text}");
        drop(store);
        drop(open_default(folder.path()).await);
    }

    #[tokio::test]
    async fn folder_that_cannot_be_made_is_unavailable() {
        let folder = tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let error = SqliteStore::open(file.join("folder"), Options::default()).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Unavailable);
        assert!(error.to_string().contains("file"), "{error}");
    }

    #[test]
    fn settings_reach_the_connections() {
        let number = |conn: &Connection, pragma| {
            conn.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0)).unwrap()
        };
        for (durability, synchronous) in [(Durability::Full, 2), (Durability::Process, 1)] {
            let folder = tempdir().unwrap();
            let options = Options { durability, max_bytes: Some(1 << 20), ..Options::default() };
            let open = open(folder.path(), &options).unwrap();
            assert_eq!(number(&open.writer, "synchronous"), synchronous);
            assert_eq!(number(&open.writer, "max_page_count"), 256);
            assert_eq!(number(&open.writer, "busy_timeout"), 5_000);
            assert_eq!(number(&open.writer, "cache_size"), -8_192);
            assert_eq!(number(&open.writer, "application_id"), i64::from(APPLICATION_ID));
            assert_eq!(open.readers.len(), 2);
            for reader in &open.readers {
                assert_eq!(number(reader, "query_only"), 1);
                reader.execute_batch("DELETE FROM facts").unwrap_err();
            }
        }
    }
}

/// However long the writer looks out, it takes what comes, and closes when there is nobody left.
#[tokio::test]
async fn looking_out_keeps_nobody_waiting() {
    for linger in [Duration::ZERO, Duration::from_hours(1)] {
        let folder = tempdir().unwrap();
        let options = Options { linger, ..Options::default() };
        let store = SqliteStore::open(folder.path(), options).await.unwrap();
        for first in 1..=3 {
            store.commit(append("s", first, "body")).await.unwrap();
        }
        // More than a few changes, after which it sleeps at once.
        let appends = (1..=40).map(|s| append(&format!("s/{s}"), 1, "body").appends.remove(0));
        store.commit(Commit { appends: appends.collect(), ..Commit::default() }).await.unwrap();
        store.commit(append("s", 4, "body")).await.unwrap();
        drop(store);
        let store = open_default(folder.path()).await;
        assert_eq!(store.read(&key("s"), 0, 1 << 10).await.unwrap().records.len(), 4);
    }
}

mod group {
    use super::*;

    fn writer(folder: &Path) -> Writer {
        let open = open(folder, &Options::default()).unwrap();
        Writer::new(open.writer, open.lock)
    }

    /// Keeps the commits as one group.
    fn keep(writer: &mut Writer, commits: Vec<Commit>) -> Vec<Option<StoreErrorKind>> {
        let (group, answers): (Vec<_>, Vec<Answered<()>>) = commits
            .into_iter()
            .map(|commit| {
                let (answer, answered) = oneshot::channel();
                (Command::Commit { commit, answer }, answered)
            })
            .unzip();
        writer.keep(group);
        let kinds = answers.into_iter().map(|mut answered| answered.try_recv().unwrap());
        kinds.map(|kept| kept.err().map(|error| error.kind())).collect()
    }

    #[test]
    fn conflict_fails_its_own_commit_alone() {
        let folder = tempdir().unwrap();
        let mut writer = writer(folder.path());
        let mut half = append("b", 1, "whole until here");
        half.puts.push((key("fact"), Bytes::new()));
        half.appends.extend(append("a", 9, "gap").appends);
        let group = vec![append("a", 1, ""), half, append("a", 2, ""), append("b", 1, "")];
        assert_eq!(keep(&mut writer, group), [None, Some(StoreErrorKind::Conflict), None, None]);
        // The ends that it remembers are those of what was kept.
        let group = vec![append("a", 3, ""), append("b", 2, ""), append("b", 2, "")];
        assert_eq!(keep(&mut writer, group), [None, None, Some(StoreErrorKind::Conflict)]);
        assert_eq!(keep(&mut writer, vec![append("a", 5, "")]), [Some(StoreErrorKind::Conflict)]);
        assert_eq!(keep(&mut writer, vec![append("a", 4, "")]), [None]);
    }

    #[test]
    fn transaction_that_fails_fails_every_commit_in_it() {
        let folder = tempdir().unwrap();
        let conn = open(folder.path(), &Options::default()).unwrap().writer;
        // A body `late` breaks a constraint that is only looked at when the transaction commits.
        conn.execute_batch(
            "CREATE TABLE parent (id INTEGER PRIMARY KEY);
             CREATE TABLE child (id REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED);
             CREATE TRIGGER late AFTER INSERT ON records WHEN new.body = x'6c617465'
             BEGIN INSERT INTO child VALUES (1); END;",
        )
        .unwrap();
        drop(conn);
        let mut writer = writer(folder.path());
        assert_eq!(keep(&mut writer, vec![append("a", 1, "")]), [None]);
        let group = vec![append("a", 2, ""), append("b", 1, "late"), append("c", 1, "")];
        assert!(keep(&mut writer, group).iter().all(Option::is_some));
        assert!(keep(&mut writer, vec![append("a", 2, "late")]).iter().all(Option::is_some));
        // Nothing of it is kept, and the numbers are still free.
        let group = vec![append("a", 3, ""), append("a", 2, ""), append("b", 1, "")];
        assert_eq!(keep(&mut writer, group), [Some(StoreErrorKind::Conflict), None, None]);
        assert_eq!(keep(&mut writer, vec![append("c", 1, "")]), [None]);
    }

    #[tokio::test]
    async fn conflict_among_many_commits_fails_alone() {
        let folder = tempdir().unwrap();
        let store = open_default(folder.path()).await;
        let mut tasks = JoinSet::new();
        for n in 0..500 {
            let store = store.clone();
            let first = if n == 250 { 2 } else { 1 };
            let commit = append(&format!("s{n}"), first, "");
            tasks.spawn(async move { (n, store.commit(commit).await) });
        }
        for (n, kept) in tasks.join_all().await {
            let want = (n == 250).then_some(StoreErrorKind::Conflict);
            assert_eq!(kept.err().map(|error| error.kind()), want, "{n}");
        }
    }
}

mod room {
    use super::*;

    const BODY: usize = 32 << 10;

    /// Fills the store to its limit; returns how many records went in.
    async fn fill(store: &SqliteStore) -> u64 {
        for first in 1.. {
            match store.commit(append("s", first, vec![7; BODY])).await {
                Ok(()) => {}
                Err(error) => {
                    assert_eq!(error.kind(), StoreErrorKind::Full, "{error}");
                    assert!(error.is_retryable());
                    return first - 1;
                }
            }
        }
        unreachable!("the store takes no end of records");
    }

    #[tokio::test]
    async fn full_store_refuses_and_works_again_when_there_is_room() {
        let folder = tempdir().unwrap();
        let options = Options { max_bytes: Some(1 << 20), ..Options::default() };
        let store = SqliteStore::open(folder.path(), options).await.unwrap();
        let kept = fill(&store).await;
        assert!((20..32).contains(&kept), "{kept}");
        // Many at once, of which none has room, and small ones between them.
        let mut tasks = JoinSet::new();
        for n in 0..20 {
            let (store, size) = (store.clone(), if n % 2 == 0 { 4 * BODY } else { 1 });
            let commit = append(&format!("t{n}"), 1, vec![7; size]);
            tasks.spawn(async move { (n, store.commit(commit).await) });
        }
        for (n, outcome) in tasks.join_all().await {
            let last = store.read(&key(&format!("t{n}")), 0, 0).await.unwrap().last;
            assert_eq!(last, u64::from(outcome.is_ok()), "{n}: {outcome:?}");
            if let Err(error) = outcome {
                assert_eq!(error.kind(), StoreErrorKind::Full, "{error}");
            }
        }
        assert_eq!(store.read(&key("s"), 0, 0).await.unwrap().last, kept);
        store.trim(&key("s"), kept / 2).await.unwrap();
        store.commit(append("s", kept + 1, vec![7; BODY])).await.unwrap();
        drop(store);
        let page = open_default(folder.path()).await.read(&key("s"), 0, 0).await.unwrap();
        assert_eq!((page.kept_from, page.last), (kept / 2 + 1, kept + 1));
    }
}

mod numbers {
    use super::*;

    #[tokio::test]
    async fn number_that_does_not_fit_is_refused() {
        let folder = tempdir().unwrap();
        let end = u64::try_from(i64::MAX).unwrap();
        let conn = open(folder.path(), &Options::default()).unwrap().writer;
        conn.execute("INSERT INTO trimmed (stream, last) VALUES (CAST('s' AS BLOB), ?)", [end - 1])
            .unwrap();
        drop(conn);
        let store = open_default(folder.path()).await;
        store.commit(append("s", end, "last")).await.unwrap();
        let error = store.commit(append("s", end + 1, "")).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Conflict);
        let page = store.read(&key("s"), end - 1, 9).await.unwrap();
        assert_eq!((page.records.len(), page.kept_from, page.last), (1, end, end));
        assert!(store.read(&key("s"), end, 9).await.unwrap().records.is_empty());
        store.trim(&key("s"), u64::MAX).await.unwrap();
        let page = store.read(&key("s"), 0, 9).await.unwrap();
        assert_eq!((page.records.len(), page.kept_from, page.last), (0, end + 1, end));
    }
}
