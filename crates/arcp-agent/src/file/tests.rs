//! Real folders and links, and a host that judges by a real lease.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::sync::Arc;

use arcp_core::lease::{Budget, Operation, Pattern};
use arcp_core::{AgentRef, Answer, JobId, Lease, Question, Timestamp};
use tempfile::TempDir;
use tokio::sync::{mpsc, watch};

use super::*;
use crate::JobContext;
use crate::port::{Brief, Port, Report, ReportKind, Room, Signals};

/// A folder with a part that the lease covers and a part that it does not.
struct House {
    _dir: TempDir,
    /// Its canonical path.
    root: PathBuf,
}

impl House {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        for folder in ["in/sub", "out/sub"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        for file in ["in/a", "in/sub/b", "out/secret"] {
            fs::write(root.join(file), file).unwrap();
        }
        Self { _dir: dir, root }
    }

    fn link(&self, at: &str, target: impl AsRef<Path>) {
        symlink(target, self.root.join(at)).unwrap();
    }

    /// Asks for a file by its path from the root, as it stands, under a lease for `in/**`.
    async fn ask(&self, path: &str) -> (Result<PathBuf, Fault>, Vec<Operation>) {
        self.ask_for(&PathBuf::from(format!("{}/{path}", self.root.display()))).await
    }

    async fn ask_for(&self, path: &Path) -> (Result<PathBuf, Fault>, Vec<Operation>) {
        let pattern = Pattern::parse(&format!("{}/in/**", self.root.display())).unwrap();
        let lease = Lease::default().grant("fs.read", pattern);
        let (reports, mut told) = mpsc::channel(8);
        let (_signals, signals) = watch::channel(Signals::default());
        let port = port(lease.clone(), reports, signals);
        let judge = async move {
            let mut asked = Vec::new();
            while let Some(Report { kind, .. }) = told.recv().await {
                let ReportKind::Ask { question: Question::Authorize(operation), answer } = kind
                else {
                    panic!("it asks whether it may")
                };
                let now = Timestamp::from_micros(0);
                let judged = lease.authorize(&operation, &Budget::default(), now);
                answer.send(judged.map(|()| Answer::Authorized)).unwrap();
                asked.push(operation);
            }
            asked
        };
        let job = JobContext::new(port);
        // The judge goes on until nobody can ask any more.
        tokio::join!(async move { job.authorize_file("fs.read", path).await }, judge)
    }

    async fn granted(&self, path: &str, wanted: &str) {
        let (answer, asked) = self.ask(path).await;
        let wanted = self.root.join(wanted);
        assert_eq!(answer, Ok(wanted.clone()), "{path}");
        assert_eq!(asked, [Operation::new("fs.read", wanted.to_str().unwrap()).unwrap()], "{path}");
    }

    async fn denied(&self, path: &str) {
        let fault = self.ask(path).await.0.unwrap_err();
        assert_eq!(fault.code, Code::PermissionDenied, "{path}");
        assert!(fault.message.starts_with("the lease does not cover"), "{path}: {fault}");
    }
}

fn port(lease: Lease, reports: mpsc::Sender<Report>, signals: watch::Receiver<Signals>) -> Port {
    let brief = Brief {
        job: JobId::parse("job_1").unwrap(),
        agent: AgentRef::parse("a@1").unwrap(),
        lease,
        trace: None,
        credentials: Vec::new(),
        attempt: 1,
        checkpoint: None,
        checkpoint_bytes: 1 << 10,
        event_bytes: 1 << 10,
        chunk_bytes: 8,
        result_bytes: 64,
    };
    let (room, artifact_room) = (Room::new(1 << 20), Room::new(1 << 20));
    Port { brief: Arc::new(brief), reports, room, artifact_room, signals }
}

#[tokio::test]
async fn a_file_has_one_path_however_it_is_written() {
    let house = House::new();
    house.link("in/here", "sub");
    house.link("in/absolute", house.root.join("in/sub"));
    house.link("in/twice", "here/../here");
    house.link("out/back", "../in");
    for (path, wanted) in [
        ("in/a", "in/a"),
        ("in//sub/./b/", "in/sub/b"),
        ("out/../in/a", "in/a"),
        ("in/here/b", "in/sub/b"),
        ("in/absolute/b", "in/sub/b"),
        ("in/twice/../a", "in/a"),
        ("out/back/here/b", "in/sub/b"),
    ] {
        house.granted(path, wanted).await;
        assert_eq!(
            house.root.join(path.trim_end_matches('/')).canonicalize().unwrap(),
            house.root.join(wanted)
        );
    }
}

#[tokio::test]
async fn a_link_that_leads_out_is_judged_by_where_it_leads() {
    let house = House::new();
    house.link("in/secret", "../out/secret");
    house.link("in/absolute", house.root.join("out/secret"));
    house.link("in/folder", "../out");
    house.link("in/sub/chain", "../folder/sub");
    house.link("in/root", "/");
    for path in [
        "out/secret",
        "in/../out/secret",
        "in/secret",
        "in/absolute",
        "in/folder/secret",
        "in/folder/nothing",
        // As text these are in `in`; the system goes up from where the link leads.
        "in/folder/sub/../secret",
        "in/sub/chain/../secret",
        "in/root/etc/passwd",
    ] {
        house.denied(path).await;
    }
}

#[tokio::test]
async fn what_is_not_there_yet_is_judged_by_where_it_would_be() {
    let house = House::new();
    house.link("in/new-out", "../out/new");
    house.link("in/new-in", "sub/new");
    house.link("in/folder", "../out");
    house.link("in/here", "sub");
    house.granted("in/new", "in/new").await;
    house.granted("in/new/deep/x", "in/new/deep/x").await;
    house.granted("in/here/new", "in/sub/new").await;
    house.granted("in/new-in", "in/sub/new").await;
    house.granted("in/none/../here/new", "in/sub/new").await;
    for path in ["in/new-out", "in/folder/new", "in/none/../folder/new", "in/none/../../out/new"] {
        house.denied(path).await;
    }
}

#[tokio::test]
async fn a_way_that_cannot_be_gone_is_told_to_those_who_may_look() {
    let house = House::new();
    house.link("in/circle", "circle");
    house.link("out/circle", "circle");
    let (answer, _) = house.ask("in/circle/x").await;
    let fault = answer.unwrap_err();
    assert_eq!(fault.code, Code::InvalidArgument);
    assert!(fault.message.ends_with("too many links"), "{fault}");
    let (answer, _) = house.ask("in/a/below").await;
    let fault = answer.unwrap_err();
    assert_eq!(fault.code, Code::InvalidArgument);
    assert!(fault.message.ends_with("not a directory"), "{fault}");
    house.denied("out/circle").await;
    house.denied("out/secret/below").await;
}

#[tokio::test]
async fn what_has_no_path_to_judge_is_refused() {
    let house = House::new();
    let invalid = |(answer, asked): (Result<PathBuf, Fault>, Vec<Operation>)| {
        assert_eq!(answer.unwrap_err().code, Code::InvalidArgument);
        assert_eq!(asked, []);
    };
    invalid(house.ask_for(Path::new("in/a")).await);
    invalid(house.ask_for(Path::new("")).await);
    let bytes = [house.root.as_os_str().as_bytes(), b"/in/\xff"].concat();
    invalid(house.ask_for(Path::new(std::ffi::OsStr::from_bytes(&bytes))).await);
    invalid(house.ask("in/a\0b").await);
    let (reports, _) = mpsc::channel(1);
    let (_signals, signals) = watch::channel(Signals::default());
    let job = JobContext::new(port(Lease::default(), reports, signals));
    let fault = job.authorize_file("tool.call", Path::new("/a")).await.unwrap_err();
    assert_eq!(fault.code, Code::InvalidArgument);
}
