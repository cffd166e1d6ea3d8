//! Surveys of folders made for the purpose.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use arcp::agent::port::ReportKind;
use arcp::agent::{Code, Lease, LogLevel};
use arcp::core::lease::Pattern;
use arcp::core::{Event, Question};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::agents::testing::{Host, Run};

/// A folder, with its canonical path.
struct Tree {
    _dir: TempDir,
    root: PathBuf,
}

impl Tree {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap().join("tree");
        fs::create_dir(&root).unwrap();
        Self { _dir: dir, root }
    }

    fn with(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    fn with_link(self, path: &str, target: impl AsRef<Path>) -> Self {
        symlink(target, self.root.join(path)).unwrap();
        self
    }

    /// What covers the folder and all in it.
    fn lease(&self) -> Lease {
        let root = self.root.to_str().unwrap();
        lease(&[root, &format!("{root}/**")])
    }

    async fn survey(&self) -> Run {
        self.survey_by(Host::new(self.lease())).await
    }

    async fn survey_by(&self, host: Host) -> Run {
        let input = json!({ "path": self.root });
        host.run("survey", &input.to_string()).await
    }
}

fn lease(patterns: &[&str]) -> Lease {
    patterns.iter().fold(Lease::default(), |lease, pattern| {
        lease.grant("fs.read", Pattern::parse(pattern).unwrap())
    })
}

fn warnings(run: &Run) -> Vec<&str> {
    let warning = |event| match event {
        &Event::Log { level: LogLevel::Warn, ref message, .. } => Some(message.as_str()),
        _ => None,
    };
    run.events.iter().filter_map(warning).collect()
}

/// How far it had come, of how much, whenever it said so.
fn progress(run: &Run) -> Vec<(f64, f64)> {
    let progress = |event: &Event| match event {
        Event::Progress(p) => Some((p.current.to_f64(), p.total.unwrap().to_f64())),
        _ => None,
    };
    run.events.iter().filter_map(progress).collect()
}

fn a_bit_of_all() -> Tree {
    Tree::new()
        .with("a.rs", "fn main() {\n}\n")
        .with("b.RS", "// no end")
        .with("Makefile", "all:\r\n\techo ä\r\n")
        .with("empty.txt", "")
        .with(".hidden/x.tar.gz", b"\x1f\x8b\0")
        .with("latin.txt", b"caf\xe9")
        .with("sub/deep/c.txt", "one two\nthree")
        .with("sub/target/built.o", "x")
        .with(".git/config", "x")
}

#[tokio::test]
async fn everything_is_counted_by_type() {
    let tree = a_bit_of_all();
    let run = tree.survey().await;
    let mut survey = run.value();
    survey["hash"].take();
    let expected = json!({
        "root": tree.root,
        "skip": [".git", "target", "node_modules"],
        "hash": null,
        "totals": {"folders": 4, "files": 7, "bytes": 59, "lines": 7, "words": 13},
        "types": {
            "(none)": {"files": 1, "lines": 2, "words": 3, "bytes": 16},
            "rs": {"files": 2, "lines": 3, "words": 7, "bytes": 23},
            "txt": {"files": 2, "lines": 2, "words": 3, "bytes": 13},
        },
        "largest": [
            {"path": "Makefile", "bytes": 16},
            {"path": "a.rs", "bytes": 14},
            {"path": "sub/deep/c.txt", "bytes": 13},
            {"path": "b.RS", "bytes": 9},
            {"path": "latin.txt", "bytes": 4},
            {"path": ".hidden/x.tar.gz", "bytes": 3},
            {"path": "empty.txt", "bytes": 0},
        ],
        "binary": {"count": 2, "named": [".hidden/x.tar.gz", "latin.txt"], "bytes": 7},
        "oversized": {"files": 0, "bytes": 0},
        "unreadable": {"count": 0, "named": []},
        "links": 0,
        "links_leaving": {"count": 0, "named": []},
        "denied": 0,
        "skipped": 2,
        "special": 0,
    });
    assert_eq!(survey, expected);
    assert_eq!(warnings(&run), [""; 0]);
}

#[tokio::test]
async fn progress_starts_at_zero_and_ends_at_the_whole() {
    let run = a_bit_of_all().survey().await;
    let progress = progress(&run);
    assert_eq!(progress.first(), Some(&(0.0, 7.0)));
    assert_eq!(progress.last(), Some(&(7.0, 7.0)));
    assert!(progress.is_sorted());
    let Some(Event::Log { level, message, .. }) = run.events.last() else {
        panic!("{:?}", run.events);
    };
    assert_eq!(*level, LogLevel::Info);
    assert_eq!(message, "surveyed 7 files in 4 folders: 7 lines, 59 bytes");

    let run = Tree::new().survey().await;
    assert_eq!(run.value()["totals"]["folders"], 1);
    assert_eq!(self::progress(&run), [(0.0, 0.0)]);
}

#[tokio::test]
async fn what_to_skip_can_be_said() {
    let tree = a_bit_of_all();
    let input = json!({ "path": tree.root, "skip": ["sub"] }).to_string();
    let survey = Host::new(tree.lease()).run("survey", &input).await.value();
    assert_eq!(survey["skip"], json!(["sub"]));
    assert_eq!(survey["skipped"], 1);
    assert_eq!(survey["totals"]["files"], 7, "with .git/config");

    // The root has been asked for, whatever its name.
    let input = json!({ "path": tree.root, "skip": ["tree"] }).to_string();
    let survey = Host::new(tree.lease()).run("survey", &input).await.value();
    assert_eq!(survey["totals"]["files"], 9);
}

#[tokio::test]
async fn links_are_told_apart_and_never_followed() {
    let tree = Tree::new()
        .with("a.txt", "a")
        .with("sub/b.txt", "b")
        .with("../outside/secret.txt", "secret");
    let absolute = tree.root.join("a.txt");
    let tree = tree
        .with_link("sub/inside", "../a.txt")
        .with_link("sub/absolute", absolute)
        .with_link("sub/loop", "..")
        .with_link("itself", "itself")
        .with_link("nowhere", "sub/gone")
        .with_link("leaving", "../outside")
        .with_link("sub/etc", "/etc/passwd")
        .with_link("through", "leaving/secret.txt");
    let run = tree.survey().await;
    let survey = run.value();
    assert_eq!(survey["links"], 5);
    assert_eq!(
        survey["links_leaving"],
        json!({"count": 3, "named": [
            {"path": "leaving", "target": "../outside"},
            {"path": "sub/etc", "target": "/etc/passwd"},
            {"path": "through", "target": "leaving/secret.txt"},
        ]})
    );
    assert_eq!(survey["totals"]["files"], 2);
    assert_eq!(survey["totals"]["bytes"], 2);
    assert_eq!(warnings(&run).len(), 3);
    assert_eq!(warnings(&run)[0], "`leaving` links out of the folder, to `../outside`");
    assert!(run.asked.iter().all(|path| Path::new(path).starts_with(&tree.root)));
}

#[tokio::test]
async fn many_odd_things_are_counted_but_not_all_named() {
    let mut tree = Tree::new();
    for i in 0..25 {
        tree = tree.with_link(&format!("out{i:02}"), "/etc").with(&format!("bin{i:02}"), b"\0");
    }
    let run = tree.survey().await;
    let survey = run.value();
    for kind in ["links_leaving", "binary"] {
        assert_eq!(survey[kind]["count"], 25);
        assert_eq!(survey[kind]["named"].as_array().unwrap().len(), 20);
    }
    assert_eq!(survey["largest"].as_array().unwrap().len(), 10);
    assert_eq!(survey["largest"][0]["path"], "bin00");
    assert_eq!(warnings(&run).len(), 20);
}

#[tokio::test]
async fn special_files_are_counted_and_never_opened() {
    let tree = Tree::new().with("a", "a");
    let _socket = UnixListener::bind(tree.root.join("socket")).unwrap();
    let fifo = Command::new("mkfifo").arg(tree.root.join("fifo")).status();
    let special = 1 + u64::from(fifo.is_ok_and(|status| status.success()));
    // Opening the pipe would wait for ever.
    let survey = tree.survey().await.value();
    assert_eq!(survey["special"], special);
    assert_eq!(survey["totals"]["files"], 1);
}

#[tokio::test]
async fn odd_names_are_shown_as_far_as_they_go() {
    let tree = Tree::new().with("new\nline.txt", "a");
    let name = std::ffi::OsStr::from_bytes(b"bad\xff.T\xff");
    fs::write(tree.root.join(name), "b\0").unwrap();
    let survey = tree.survey().await.value();
    assert_eq!(survey["binary"]["named"][0], "bad\u{fffd}.T\u{fffd}");
    assert_eq!(survey["types"]["txt"]["files"], 1);
}

#[tokio::test]
async fn a_type_too_many_goes_with_the_others() {
    let mut tree = Tree::new();
    for i in 0..203 {
        tree = tree.with(&format!("{i:03}.t{i}"), "a");
    }
    let types = tree.survey().await.value()["types"].take();
    assert_eq!(types.as_object().unwrap().len(), 201);
    assert_eq!(types["(others)"]["files"], 3);
}

#[tokio::test]
async fn long_paths_are_shown_by_their_end() {
    let folder = "d".repeat(200);
    let path = format!("{folder}/{folder}/{folder}/x.bin");
    let survey = Tree::new().with(&path, "\0").survey().await.value();
    let shown = survey["binary"]["named"][0].as_str().unwrap();
    assert_eq!(shown.chars().count(), 501);
    assert!(shown.starts_with('…') && shown.ends_with("d/x.bin"));
}

#[tokio::test]
async fn characters_across_the_border_of_pieces_stay_whole() {
    for before in (64 << 10) - 4..=64 << 10 {
        let text = format!("{}🦀 b\n", "a".repeat(before));
        let survey = Tree::new().with("a.txt", &text).survey().await.value();
        let expected = json!({"files": 1, "lines": 1, "words": 2, "bytes": text.len()});
        assert_eq!(survey["types"]["txt"], expected, "{before}");
    }
    let cut = [vec![b'a'; (64 << 10) - 1], vec![0xf0]].concat();
    let survey = Tree::new().with("a.txt", cut).survey().await.value();
    assert_eq!(survey["binary"]["count"], 1);
}

#[tokio::test]
async fn a_file_that_is_too_large_is_not_read() {
    let tree = Tree::new().with("a", "a").with("large", "");
    let large = fs::File::options().write(true).open(tree.root.join("large"));
    large.unwrap().set_len((64 << 20) + 1).unwrap();
    let survey = tree.survey().await.value();
    let bytes = (64 << 20) + 1;
    assert_eq!(survey["oversized"], json!({"files": 1, "bytes": bytes}));
    assert_eq!(survey["largest"][0], json!({"path": "large", "bytes": bytes}));
    assert_eq!(survey["totals"]["files"], 1);
}

#[tokio::test]
async fn what_vanishes_meanwhile_is_unreadable() {
    let tree = Tree::new().with("a", "a").with("sub/b", "b");
    let (file, folder) = (tree.root.join("a"), tree.root.join("sub"));
    // By the time the lease is asked the file is listed, but not opened; the folder is known, but
    // not listed.
    let host = Host::new(tree.lease()).cancel_when(move |report| {
        if let ReportKind::Ask { question: Question::Authorize(operation), .. } = report
            && Path::new(operation.target()) == file
        {
            fs::remove_file(&file).unwrap();
            fs::remove_dir_all(&folder).unwrap();
        }
        None
    });
    let run = tree.survey_by(host).await;
    let survey = run.value();
    assert_eq!(
        survey["unreadable"],
        json!({"count": 2, "named": [
            {"path": "a", "error": "entity not found"},
            {"path": "sub", "error": "entity not found"},
        ]})
    );
    assert_eq!(warnings(&run)[0], "cannot read `a`: entity not found");
    let progress = progress(&run);
    assert_eq!((progress[0], progress.last()), ((0.0, 2.0), Some(&(1.0, 1.0))));
}

#[tokio::test]
async fn a_link_that_takes_a_files_place_is_not_followed() {
    let tree = Tree::new().with("a", "a").with("sub/b", "b");
    let (file, folder) = (tree.root.join("a"), tree.root.join("sub"));
    let host = Host::new(tree.lease()).cancel_when(move |report| {
        if let ReportKind::Ask { question: Question::Authorize(operation), .. } = report
            && Path::new(operation.target()) == file
        {
            fs::remove_file(&file).unwrap();
            symlink("/etc/passwd", &file).unwrap();
            fs::remove_dir_all(&folder).unwrap();
            symlink("/etc", &folder).unwrap();
        }
        None
    });
    let survey = tree.survey_by(host).await.value();
    assert_eq!(
        survey["unreadable"]["named"],
        json!([
            {"path": "a", "error": "no longer a file"},
            {"path": "sub", "error": "not a directory"},
        ])
    );
    assert_eq!(survey["totals"]["files"], 0);
}

#[tokio::test]
async fn what_the_lease_denies_is_counted() {
    let tree = Tree::new()
        .with("open/a.txt", "a")
        .with("shut/b.txt", "b")
        .with("c.txt", "c")
        .with_link("link", "/etc");
    let root = tree.root.to_str().unwrap();
    let open = [root, &format!("{root}/open"), &format!("{root}/open/*")];
    let run = tree.survey_by(Host::new(lease(&open))).await;
    let survey = run.value();
    assert_eq!(survey["denied"], 3);
    assert_eq!(survey["totals"]["files"], 1);
    assert_eq!(survey["links_leaving"]["count"], 0);
    assert!(!run.asked.iter().any(|path| path.ends_with("b.txt")));
    assert_eq!(progress(&run).last(), Some(&(2.0, 2.0)));
}

#[tokio::test]
async fn a_denied_root_ends_the_job() {
    let tree = Tree::new().with("a", "a");
    let inside = format!("{}/**", tree.root.display());
    for lease in [Lease::default(), lease(&[&inside])] {
        let fault = tree.survey_by(Host::new(lease)).await.fault();
        assert_eq!(fault.code, Code::PermissionDenied);
        assert!(fault.message.contains(tree.root.to_str().unwrap()));
    }
    // Who may not look does not learn what is not there.
    let input = json!({ "path": tree.root.join("gone") }).to_string();
    let fault = Host::default().run("survey", &input).await.fault();
    assert_eq!(fault.code, Code::PermissionDenied);
}

#[tokio::test]
async fn a_lease_that_is_spent_ends_the_job() {
    let tree = Tree::new().with("a", "a");
    let mut lease = tree.lease();
    lease.expires_at = Some(arcp::core::Timestamp::from_micros(-1));
    let fault = tree.survey_by(Host::new(lease)).await.fault();
    assert_eq!(fault.code, Code::LeaseExpired);
}

#[tokio::test]
async fn one_tree_has_one_hash() {
    let hash = async |tree: Tree| tree.survey().await.value()["hash"].take();
    let tree = || Tree::new().with("a", "1").with("b/c", "2");
    let first = hash(tree()).await;
    assert_eq!(first, hash(Tree::new().with("b/c", "2").with("a", "1")).await);
    for other in [
        tree().with("a", "2"),
        tree().with("d", ""),
        Tree::new().with("a", "1").with("b/d", "2"),
        Tree::new().with("a", "").with("b/c", "12"),
    ] {
        assert_ne!(first, hash(other).await);
    }
    let mut digest = Sha256::new();
    for (path, content) in [("a", "1"), ("b/c", "2")] {
        digest.update((path.len() as u64).to_le_bytes());
        digest.update(path);
        digest.update(Sha256::digest(content));
    }
    let expected: Vec<u8> = digest.finalize().to_vec();
    let bytes = first.as_str().unwrap().as_bytes().chunks(2);
    let pairs = bytes.map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap());
    assert_eq!(pairs.collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn a_cancellation_ends_it_between_files() {
    let mut tree = Tree::new();
    for i in 0..50 {
        tree = tree.with(&format!("{i:02}"), "a");
    }
    let host = Host::new(tree.lease()).cancel_when(|report| match report {
        ReportKind::Ask { question: Question::Authorize(operation), .. }
            if operation.target().ends_with("/20") =>
        {
            Some("enough".to_owned())
        }
        _ => None,
    });
    let run = tree.survey_by(host).await;
    assert!(run.asked.last().unwrap().ends_with("/20"));
    let fault = run.fault();
    assert_eq!((fault.code, fault.message.as_str()), (Code::Cancelled, "enough"));
}

#[tokio::test]
async fn bad_inputs_are_refused() {
    let tree = Tree::new().with("a", "a");
    let file = tree.root.join("a");
    let gone = tree.root.join("gone");
    let (below, slash) = (file.join("b"), format!("{}/", file.display()));
    for (input, code, part) in [
        (json!({}), Code::InvalidArgument, "`path`"),
        (Value::Null, Code::InvalidArgument, "`path`"),
        (json!({"path": 7}), Code::InvalidArgument, "`path`"),
        (json!({"path": ""}), Code::InvalidArgument, "`path`"),
        (json!({"path": "/", "depth": 1}), Code::InvalidArgument, "`depth`"),
        (json!({"path": "/", "skip": ".git"}), Code::InvalidArgument, "`skip`"),
        (json!({"path": "/", "skip": [7]}), Code::InvalidArgument, "`skip[0]`"),
        (json!({"path": "/", "skip": ["a/b"]}), Code::InvalidArgument, "`a/b`"),
        (json!({"path": gone}), Code::NotFound, "gone"),
        (json!({"path": file}), Code::InvalidArgument, "not a folder"),
        (json!({"path": below}), Code::InvalidArgument, "not a directory"),
        (json!({"path": slash}), Code::InvalidArgument, "not a folder"),
        (json!({"path": format!("{}\0", gone.display())}), Code::InvalidArgument, "gone"),
    ] {
        let host = Host::new(tree.lease());
        let fault = host.run("survey", &input.to_string()).await.fault();
        assert_eq!(fault.code, code, "{input}: {fault}");
        assert!(fault.message.contains(part), "{input}: {fault}");
    }
}

#[tokio::test]
async fn dots_and_links_lead_to_the_one_canonical_path() {
    let tree = Tree::new().with("sub/a", "a").with_link("sub/up", "..");
    for path in ["sub/..", "./sub/../", "sub/up", "sub/up/."] {
        let input = json!({ "path": format!("{}/{path}", tree.root.display()) }).to_string();
        let run = Host::new(tree.lease()).run("survey", &input).await;
        assert_eq!(run.value()["root"], json!(tree.root), "{path}");
        assert_eq!(run.value()["links"], 1);
    }
    let up = json!({ "path": tree.root.join("..") }).to_string();
    let fault = Host::new(tree.lease()).run("survey", &up).await.fault();
    assert_eq!(fault.code, Code::PermissionDenied);
}

#[tokio::test]
async fn a_relative_path_starts_at_the_current_directory() {
    let here = std::env::current_dir().unwrap().canonicalize().unwrap();
    let run = Host::new(Lease::default()).run("survey", r#"{"path":".."}"#).await;
    assert_eq!(run.fault().code, Code::PermissionDenied);
    assert_eq!(run.asked, [here.parent().unwrap().to_str().unwrap()]);
}
