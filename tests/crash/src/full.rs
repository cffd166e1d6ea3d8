//! A disk that is full: nothing is lost, new work is refused, and all goes on once there is room.
//!
//! The disk is a small file system in memory of our own, which wants the right to mount one.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;
use tokio::time::{Instant, timeout};

use crate::client::Link;
use crate::failure::Result;
use crate::frame::{Asked, Frame, Ids, open};
use crate::options::Plan;
use crate::server::{Place, Server, token};

/// A file system in memory, at a folder. It is gone when this is dropped.
struct Disk {
    folder: PathBuf,
}

impl Disk {
    async fn mount(folder: PathBuf, mebibytes: u32) -> Result<Self> {
        let size = format!("size={mebibytes}m");
        if !run("mount", &["-t", "tmpfs", "-o", &size, "arcp-full"], &folder).await? {
            return Err("cannot mount a file system in memory: be root, or run this under \
                        `unshare --user --map-root-user --mount`"
                .into());
        }
        Ok(Self { folder })
    }

    async fn grow(&self, mebibytes: u32) -> Result<()> {
        let size = format!("remount,size={mebibytes}m");
        if run("mount", &["-o", &size], &self.folder).await? {
            return Ok(());
        }
        Err("cannot make the disk larger".into())
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let unmounted =
            std::process::Command::new("umount").arg("--lazy").arg(&self.folder).status();
        if !unmounted.is_ok_and(|status| status.success()) {
            eprintln!("arcp-crash: {} stays mounted", self.folder.display());
        }
    }
}

async fn run(program: &str, arguments: &[&str], path: &Path) -> Result<bool> {
    Ok(Command::new(program).args(arguments).arg(path).status().await?.success())
}

/// One client and what it was told.
struct Talk {
    link: Link,
    ids: Ids,
    /// Its events, as they came.
    events: Vec<Frame>,
    resume_token: String,
}

impl Talk {
    async fn begin(url: &str, ids: Ids, kind: &'static str, payload: Value) -> Result<Self> {
        let (link, events) = (Link::connect(url).await?, Vec::new());
        let mut talk = Self { link, ids, events, resume_token: String::new() };
        talk.say(kind, payload).await;
        let answer = talk.next().await?;
        if !matches!(answer.kind.as_str(), "session.accepted" | "session.resumed") {
            return Err(format!("no session: {}", answer.shown()).into());
        }
        answer.text("resume_token").clone_into(&mut talk.resume_token);
        Ok(talk)
    }

    async fn say(&mut self, kind: &'static str, payload: Value) -> String {
        let id = self.ids.message();
        let asked = Asked { id: id.clone(), kind, session: None, key: None, payload };
        self.link.send(&asked).await;
        id
    }

    async fn next(&mut self) -> Result<Frame> {
        let frame = timeout(PATIENCE, self.link.next()).await.map_err(|_| "nothing comes")?;
        frame.ok_or("the connection has ended")?
    }

    /// Waits for the answer to a message; what comes before is noted.
    async fn answer(&mut self, to: &str) -> Result<Frame> {
        loop {
            let frame = self.next().await?;
            match frame.event_seq {
                Some(_) => self.note(frame)?,
                None if frame.correlation_id.as_deref() == Some(to) => return Ok(frame),
                None => {}
            }
        }
    }

    fn note(&mut self, frame: Frame) -> Result<()> {
        let due = self.events.last().and_then(|last| last.event_seq).unwrap_or_default() + 1;
        if frame.event_seq != Some(due) {
            return Err(format!("not number {due}: {:?}", frame.event_seq).into());
        }
        self.events.push(frame);
        Ok(())
    }

    async fn submit(&mut self) -> String {
        let arguments = json!({ "n": LINES, "pad": 2_000 });
        self.say("tool.invoke", json!({ "tool": "emit", "arguments": arguments })).await
    }

    /// Fills the disk: submits until something is refused, for there is no room. What was asked before that
    /// may wait for its answer.
    async fn fill(&mut self) -> Result<()> {
        let start = Instant::now();
        let mut asked = Vec::new();
        while start.elapsed() < PATIENCE {
            asked.push(self.submit().await);
            if self.hears_refusal(&asked).await? {
                return Ok(());
            }
        }
        Err("nothing is refused although the disk has to be full".into())
    }

    /// Reads until nothing comes for a while, or one of these is refused. Where the last is not even accepted,
    /// it waits for longer: all that is asked for of a full disk is done once there is room, and has to fit.
    async fn hears_refusal(&mut self, asked: &[String]) -> Result<bool> {
        let mut pause = UNANSWERED;
        while let Ok(frame) = timeout(pause, self.link.next()).await {
            let frame = frame.ok_or("the connection has ended")??;
            if frame.event_seq.is_some() {
                self.note(frame)?;
            } else if frame.kind == "job.accepted" && frame.correlation_id.as_ref() == asked.last()
            {
                pause = QUIET;
            } else if frame.kind == "job.failed" {
                let to = frame.correlation_id.clone().unwrap_or_default();
                let right = asked.contains(&to) && frame.text("code") == "UNAVAILABLE";
                return if right { Ok(true) } else { Err(frame.shown().into()) };
            }
        }
        Ok(false)
    }

    /// Reads until every job that was accepted has ended.
    async fn settle(&mut self) -> Result<usize> {
        let ends = |talk: &Self| talk.events.iter().filter(|e| e.seen().is_terminal()).count();
        let listed = self.say("session.list_jobs", json!({})).await;
        let listed = self.answer(&listed).await?;
        let jobs = listed.payload.get("jobs").and_then(Value::as_array).map_or(0, Vec::len);
        while ends(self) < jobs {
            let frame = self.next().await?;
            if frame.event_seq.is_some() {
                self.note(frame)?;
            }
        }
        Ok(jobs)
    }

    async fn is_answered(&mut self) -> Result<()> {
        let ping = self.say("ping", json!({})).await;
        match self.answer(&ping).await?.kind.as_str() {
            "pong" => Ok(()),
            other => Err(format!("a ping is answered by {other}").into()),
        }
    }
}

/// Fills a disk under a server twice: once there is room again without a restart, once it is killed.
pub(crate) async fn disk(plan: &Plan) -> Result<String> {
    let folder = TempDir::with_prefix("arcp-full-")?;
    let place = Place::make(folder.path(), plan)?;
    let disk = Disk::mount(place.data(), SMALL).await?;
    let ballast = ballast(&disk.folder)?;
    let mut server = Server::start(&place, plan)?;
    let url = server.listening().await?;
    let mut talk = Talk::begin(&url, Ids::of(1), "session.open", open(&token("alice"))).await?;
    talk.fill().await?;
    talk.is_answered().await?;
    refused(&url).await?;
    let told = talk.events.len();
    std::fs::remove_file(ballast)?;
    let jobs = talk.settle().await?;
    let id = talk.submit().await;
    if talk.answer(&id).await?.kind != "job.accepted" {
        return Err("nothing new is taken although there is room".into());
    }
    // Full again, and this time it dies of it.
    talk.fill().await?;
    let (resume_token, last) = (talk.resume_token.clone(), talk.events.len());
    server.kill().await?;
    disk.grow(SMALL * 4).await?;
    let mut server = Server::start(&place, plan)?;
    let url = server.listening().await?;
    let resume = json!({ "resume_token": resume_token, "last_event_seq": 0 });
    let mut again = Talk::begin(&url, Ids::of(2), "session.resume", resume).await?;
    again.settle().await?;
    for (was, is) in talk.events.iter().zip(&again.events) {
        if was.seen() != is.seen() {
            return Err(format!("{} was {}", is.seen().shown(), was.seen().shown()).into());
        }
    }
    if again.events.len() < last {
        return Err("what was told is not told again".into());
    }
    server.stop().await?;
    Ok(format!(
        "crash: a full disk refused new work after {told} events, and {jobs} jobs ended once there was \
         room; killed when it was full again, all {last} events that were told came back"
    ))
}

/// Another client is told that it cannot begin now.
async fn refused(url: &str) -> Result<()> {
    match Talk::begin(url, Ids::of(3), "session.open", open(&token("bob"))).await {
        Err(error) if error.to_string().contains("UNAVAILABLE") => Ok(()),
        Err(error) => Err(error),
        Ok(_) => Err("a session is accepted that cannot be kept".into()),
    }
}

/// A file that takes room until it is removed.
fn ballast(folder: &Path) -> Result<PathBuf> {
    let path = folder.join("ballast");
    std::fs::write(&path, vec![1; 8 << 20])?;
    Ok(path)
}

/// The size of the disk, in MiB.
const SMALL: u32 = 24;
/// Events of one job: so few that those under way fit into the room that is made.
const LINES: u32 = 200;
/// Nothing comes for now.
const QUIET: Duration = Duration::from_millis(200);
/// Nothing comes of what was asked for last.
const UNANSWERED: Duration = Duration::from_secs(2);
const PATIENCE: Duration = Duration::from_mins(1);
