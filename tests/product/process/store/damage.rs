//! What `arcp store check` finds: each kind of damage on a copy of one folder.

use std::fs;
use std::path::Path;

use arcp_core::{Append, Commit, Event, JobHead, JobId, MessageId, Priority, SessionId, Timestamp};
use arcp_runtime::record::{JobPage, SessionPage, key};
use arcp_store::{Key, Store};
use arcp_store_sqlite::{Options, SqliteStore};
use serde_json::json;
use tempfile::TempDir;

use super::{Ended, Left, store, within};

/// A folder, and its copies to which something is done.
struct Copies {
    left: Left,
    job: JobId,
    open: JobId,
    session: SessionId,
}

impl Copies {
    async fn new() -> Self {
        let left = Left::behind().await;
        // What is in the log moves into the file.
        left.sound().await;
        let job = JobId::parse(&left.emit).unwrap();
        let open = JobId::parse(&left.open).unwrap();
        let session = SessionId::parse(&left.session).unwrap();
        Self { left, job, open, session }
    }

    fn copy(&self) -> TempDir {
        let copy = tempfile::tempdir().unwrap();
        let from = self.left.data();
        fs::create_dir(copy.path().join("blobs")).unwrap();
        fs::copy(from.join("arcp.db"), copy.path().join("arcp.db")).unwrap();
        for blob in super::files(&from.join("blobs")) {
            let name = Path::new("blobs").join(blob);
            fs::copy(from.join(&name), copy.path().join(name)).unwrap();
        }
        copy
    }

    /// The damage is a commit: exactly these findings come of it.
    #[track_caller]
    fn finds(&self, commit: Commit, findings: &[&str]) -> impl Future<Output = ()> {
        let caller = std::panic::Location::caller();
        async move {
            let copy = self.copy();
            let open = SqliteStore::open(copy.path(), Options::default()).await.unwrap();
            open.commit(commit).await.unwrap();
            drop(open);
            let checked = store(copy.path(), &["check"]).await.with(1);
            said(&checked, findings, caller);
            let json = store(copy.path(), &["check", "--json"]).await.with(1).json_lines();
            assert_eq!(json.last().unwrap()["findings"], findings.len());
            assert_eq!(json.len() - 1, findings.len());
        }
    }
}

fn said(checked: &Ended, findings: &[&str], caller: &std::panic::Location<'_>) {
    let lines: Vec<_> = checked.out.lines().collect();
    assert_eq!(lines.len(), findings.len(), "{caller}: {lines:#?}");
    for (line, finding) in lines.iter().zip(findings) {
        assert!(line.contains(finding), "{caller}: `{finding}` is not in: {line}");
    }
}

fn put(key: Key, value: &str) -> Commit {
    Commit { puts: vec![(key, value.to_owned().into())], ..Commit::default() }
}

fn delete(key: Key) -> Commit {
    Commit { deletes: vec![key], ..Commit::default() }
}

/// One more event of a job.
fn event(job: &JobId, index: u64, event: &Event) -> Commit {
    let (request, priority) = (MessageId::parse("msg_1").unwrap(), Priority::Normal);
    let head = JobHead { job: job.clone(), request, session: None, trace: None, priority };
    let mut page = JobPage::new(&head, index).unwrap();
    page.push(Timestamp::from_micros(0), event).unwrap();
    let append = Append { stream: key::job_stream(job), record: page.into_record() };
    Commit { appends: vec![append], ..Commit::default() }
}

#[tokio::test]
async fn facts_that_do_not_fit_are_found() {
    within(async {
        let copies = Copies::new().await;
        let Copies { job, open, session, .. } = &copies;
        // All of it is right but the hash.
        let fact = json!({
            "v": 1, "principal": {"name": "me", "anonymous": false}, "scheme": "bearer", "opened": 0,
            "resume": "verysecret",
        });
        let fact = fact.to_string();
        copies.finds(put(key::session(session), &fact), &["what is stored of the session"]).await;
        copies.finds(put(key::session(session), "{}"), &["what is stored of the session"]).await;
        copies.finds(delete(key::session(session)), &["was told events, and no fact says"]).await;
        copies
            .finds(put(key::closed_session(session), "{}"), &["closed/", "open and closed"])
            .await;
        copies.finds(put(key::open_job(job), "{}"), &["it is open and has ended"]).await;
        copies.finds(put(key::open_job(open), "{}"), &["stored job cannot be read"]).await;
        copies.finds(delete(key::job_input(open)), &["its input is missing"]).await;
        copies.finds(put(key::job_input(open), "{"), &["it is no JSON"]).await;
        copies
            .finds(delete(key::open_job(open)), &["has an input or", "has events, and no fact"])
            .await;
        copies.finds(put(Key::new("strange"), ""), &["a fact of no known kind"]).await;
        copies.finds(put(Key::new("owed/cred_1"), "[]"), &["owed/cred_1: stored"]).await;
        copies.finds(put(Key::new("watch/x"), ""), &["its name ends with no ids"]).await;
    })
    .await;
}

#[tokio::test]
async fn streams_that_do_not_fit_are_found() {
    within(async {
        let copies = Copies::new().await;
        let Copies { job, open, session, .. } = &copies;
        let thought = Event::Thought { text: "and yet".to_owned() };
        let after = ["ended with event 302, and its last one is 303", "events follow event 302"];
        copies.finds(event(job, 303, &thought), &after).await;
        let end = Event::Cancelled { reason: "x".to_owned() };
        copies.finds(event(open, 2, &end), &["is open, and event 2 is its end"]).await;
        let other = JobId::parse("job_other").unwrap();
        copies.finds(event(&other, 1, &thought), &["job_other: it has events, and no fact"]).await;

        let mut page = SessionPage::new(304);
        page.push(open, 1);
        page.push(open, 2);
        // What is forgotten may be pointed at.
        page.push(&other, 9);
        let record = page.into_record().unwrap();
        let append = Append { stream: key::session_stream(session), record };
        let commit = Commit { appends: vec![append], ..Commit::default() };
        copies.finds(commit, &["number 304 leads to event 2 of"]).await;

        let body = "{\"v\":1}\n{\"a\":1}\n";
        let record = arcp_store::Record { first: 2, span: 1, body: body.into() };
        let append = Append { stream: key::audit(), record };
        let commit = Commit { appends: vec![append], ..Commit::default() };
        copies.finds(commit, &["audit: 2: stored audit page cannot be read"]).await;

        let strange = Append {
            stream: Key::new("x/1"),
            record: arcp_store::Record { first: 1, span: 1, body: "x".into() },
        };
        let commit = Commit { appends: vec![strange], ..Commit::default() };
        copies.finds(commit, &["x/1: a stream of no known kind"]).await;

        let copy = copies.copy();
        let opened = SqliteStore::open(copy.path(), Options::default()).await.unwrap();
        opened.forget(&key::job_stream(job)).await.unwrap();
        drop(opened);
        let checked = store(copy.path(), &["check"]).await.with(1);
        assert!(checked.out.contains("its events are gone"), "{checked:?}");
    })
    .await;
}

#[tokio::test]
async fn artifacts_without_their_bytes_are_found() {
    within(async {
        let copies = Copies::new().await;
        for (bytes, finding) in [
            (None, "its bytes are missing"),
            (Some("ab"), "it has 2 bytes instead of 3"),
            (Some("abd"), "its bytes are not those that were kept"),
        ] {
            let copy = copies.copy();
            let [blob] = <[_; 1]>::try_from(super::files(&copy.path().join("blobs"))).unwrap();
            let blob = copy.path().join("blobs").join(blob);
            match bytes {
                Some(bytes) => fs::write(blob, bytes).unwrap(),
                None => fs::remove_file(blob).unwrap(),
            }
            let checked = store(copy.path(), &["check"]).await.with(1);
            said(&checked, &[finding], std::panic::Location::caller());
        }
    })
    .await;
}

#[tokio::test]
async fn flipped_bytes_are_found() {
    within(async {
        let copies = Copies::new().await;
        let copy = copies.copy();
        let path = copy.path().join("arcp.db");
        let whole = fs::read(&path).unwrap();
        let write = |bytes: &[u8]| {
            // What could not be written to a damaged file may still be in a log beside it.
            for beside in ["arcp.db-wal", "arcp.db-shm"] {
                drop(fs::remove_file(copy.path().join(beside)));
            }
            fs::write(&path, bytes).unwrap();
        };
        for page in 0..whole.len() / 4096 {
            let mut bytes = whole.clone();
            bytes[page * 4096..][..64].iter_mut().for_each(|byte| *byte ^= 0xFF);
            for command in
                [&["check"] as &[&str], &["stats"], &["export", "--all"], &["sweep"], &["vacuum"]]
            {
                write(&bytes);
                let ended = store(copy.path(), command).await;
                let fails =
                    ended.code == Some(1) || (ended.code == Some(0) && command != ["check"]);
                assert!(fails && !ended.err.contains("panicked"), "page {page}: {ended:?}");
            }
        }

        // A byte of a text is nothing that SQLite could see. Some copies of it are not in use.
        let mut bytes = whole.clone();
        for at in 0..whole.len() - 9 {
            if whole[at..].starts_with(b"{\"started") {
                bytes[at + 2] ^= 1;
            }
        }
        write(&bytes);
        let checked = store(copy.path(), &["check"]).await.with(1);
        let line = checked.out.lines().next().unwrap();
        assert!(line.starts_with("j/job_") && line.contains(": 1: stored"), "{checked:?}");

        write(b"this is no database, whatever its name");
        for command in [&["check"] as &[&str], &["stats"], &["vacuum"], &["export", "--all"]] {
            let refused = store(copy.path(), command).await.with(1);
            assert!(refused.err.contains("arcp.db is damaged"), "{refused:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_job_that_is_forgotten_in_part_is_exported_from_there() {
    within(async {
        let copies = Copies::new().await;
        let copy = copies.copy();
        let opened = SqliteStore::open(copy.path(), Options::default()).await.unwrap();
        let stream = key::job_stream(&copies.job);
        opened.trim(&stream, 150).await.unwrap();
        let kept_from = opened.read(&stream, 0, 0).await.unwrap().kept_from;
        assert!((2..=151).contains(&kept_from), "{kept_from}");
        drop(opened);
        store(copy.path(), &["check"]).await.with(0);
        let said = format!("to {} are", kept_from - 1);
        let job = store(copy.path(), &["export", "--job", copies.job.as_str()]).await.with(0);
        assert!(job.err.contains(&said), "{}", job.err);
        let lines = job.json_lines();
        assert_eq!((&lines[0]["index"], lines.len() as u64), (&kept_from.into(), 303 - kept_from));
        let session = copies.session.as_str();
        let told = store(copy.path(), &["export", "--session", session]).await.with(0);
        assert!(told.err.contains(&said), "{}", told.err);
        let lines = told.json_lines();
        assert_eq!(
            (&lines[0]["event_seq"], lines.len() as u64),
            (&kept_from.into(), 304 - kept_from)
        );
    })
    .await;
}
