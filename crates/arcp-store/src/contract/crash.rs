//! Clauses 1 and 2 under a kill: another process writes, is killed in the middle of it, and what
//! it leaves is looked at.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use libtest_mimic::Failed;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::batch::{Batch, key, record};
use super::bench::{after, runtime, same, same_records, starting};
use super::overlap::check_gap_free;
use super::{Bench, Clause, Outcome, Subject, ensure};
use crate::{Record, Store};

pub(super) const CLAUSES: &[Clause] = &[
    Clause::new("c01_kill_leaves_whole_commits", |bench| kills(bench, 32, |round| round * 7 % 11)),
    Clause::new("c02_acknowledged_commits_survive_a_kill", |bench| {
        kills(bench, 4, |round| 30 + 40 * (round % 3))
    }),
];

/// What a process started by the suite has to do, in the folder that it is told.
pub(super) enum Role {
    Write(PathBuf),
    Open(PathBuf),
}

const ROLE: &str = "ARCP_STORE_CONTRACT_ROLE";
const FOLDER: &str = "ARCP_STORE_CONTRACT_FOLDER";

impl Role {
    /// The role that this process was started for, if the suite started it.
    pub(super) fn of_this_process() -> Option<Self> {
        let folder = PathBuf::from(std::env::var_os(FOLDER)?);
        match std::env::var(ROLE).ok()?.as_str() {
            "write" => Some(Self::Write(folder)),
            "open" => Some(Self::Open(folder)),
            _ => None,
        }
    }

    pub(super) fn play(self, subject: &Subject) -> ExitCode {
        let played = match self {
            Self::Write(folder) => write_until_killed(subject, folder),
            Self::Open(folder) => say_how_it_opens(subject, folder),
        };
        match played {
            Ok(()) => ExitCode::SUCCESS,
            Err(failed) => {
                eprintln!("child: {}", failed.message().unwrap_or_default());
                ExitCode::FAILURE
            }
        }
    }

    /// Starts this program in this role. What it says is read from its standard output.
    pub(super) fn start(self) -> Result<Actor, Failed> {
        let (name, folder) = match &self {
            Self::Write(folder) => ("write", folder),
            Self::Open(folder) => ("open", folder),
        };
        let mut command = Command::new(std::env::current_exe()?);
        command.env(ROLE, name).env(FOLDER, OsString::from(folder));
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = starting(|| command.spawn())?;
        let said = child.stdout.take().ok_or("the child has no standard output")?;
        Ok(Actor { child, said: BufReader::new(said) })
    }
}

/// A process in a role. It does not outlive this.
pub(super) struct Actor {
    child: Child,
    said: BufReader<ChildStdout>,
}

impl Actor {
    /// The next whole line; none when the process has ended.
    pub(super) fn line(&mut self) -> Result<Option<String>, Failed> {
        let mut line = String::new();
        self.said.read_line(&mut line)?;
        Ok(line.strip_suffix('\n').map(str::to_owned))
    }

    fn kill(&mut self) -> Outcome {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Actor {
    fn drop(&mut self) {
        if let Err(error) = self.child.kill().and_then(|()| self.child.wait()) {
            eprintln!("cannot end a child: {error}");
        }
    }
}

fn say_how_it_opens(subject: &Subject, folder: PathBuf) -> Outcome {
    let line = match runtime()?.block_on(subject.open(folder)) {
        Ok(_) => "open\n".to_owned(),
        Err(error) => format!("{:?}\n", error.kind()),
    };
    Ok(std::io::stdout().write_all(line.as_bytes())?)
}

/// The writer is that many tasks, so that their commits overlap.
const LANES: usize = 4;
/// Where a writer that nobody kills stops.
const LAST_BATCH: u64 = 20_000;
/// How long a writer waits for its store before it gives up.
const PATIENCE: Duration = Duration::from_mins(1);

fn write_until_killed(subject: &Subject, folder: PathBuf) -> Outcome {
    runtime()?.block_on(async {
        let store = subject.open(folder).await?;
        let lanes = (0..LANES).map(|lane| write_lane(Arc::clone(&store), lane));
        let mut lanes: JoinSet<Outcome> = lanes.collect();
        while let Some(ended) = lanes.join_next().await {
            ended??;
        }
        Ok(())
    })
}

async fn write_lane(store: Arc<dyn Store>, lane: usize) -> Outcome {
    let written = store.read(&key(format!("b{lane}")), u64::MAX, 0).await?.last / 2;
    for n in written + 1..=LAST_BATCH {
        timeout(PATIENCE, store.commit(batch(lane, n).into())).await??;
        // One write, so that a kill leaves a whole line or none.
        std::io::stdout().write_all(format!("{lane} {n}\n").as_bytes())?;
        if n.is_multiple_of(8) {
            timeout(PATIENCE, store.trim(&key(format!("a{lane}")), trimmed(n))).await??;
        }
    }
    Ok(())
}

/// Batch `n` of a lane: 3 numbers of its stream a, 2 records of its stream b, and facts of which
/// those of the last two batches are there.
fn batch(lane: usize, n: u64) -> Batch {
    let [a, b, c] = records(lane, n);
    let batch = Batch::new()
        .append(format!("a{lane}"), a.first, a.span, a.body)
        .append(format!("b{lane}"), b.first, b.span, b.body)
        .append(format!("b{lane}"), c.first, c.span, c.body)
        .put(format!("last{lane}"), n.to_string())
        .put(fact(lane, n), text(lane, n));
    if n > 2 { batch.delete(fact(lane, n - 2)) } else { batch }
}

/// One record of stream a, two of stream b. Some fill many pages of a file.
fn records(lane: usize, n: u64) -> [Record; 3] {
    let times = if n.is_multiple_of(5) { 4_000 } else { (n % 17) as usize };
    let body = text(lane, n).repeat(times);
    [record(3 * n - 2, 3, body), record(2 * n - 1, 1, text(lane, n)), record(2 * n, 1, "")]
}

fn text(lane: usize, n: u64) -> String {
    format!("batch {n} of {lane};")
}

fn fact(lane: usize, n: u64) -> String {
    format!("fact{lane}.{n:08}")
}

/// Where a lane has its stream a trimmed after batch `n`: in the middle of a record.
fn trimmed(n: u64) -> u64 {
    (3 * n).saturating_sub(20)
}

/// Again and again: lets a process write until it has said so many lines, kills it a little later,
/// and looks at what is there.
fn kills(bench: &mut Bench, rounds: usize, lines: fn(usize) -> usize) -> Outcome {
    let mut written = [0; LANES];
    for round in 0..rounds {
        bench.close();
        let later = Duration::from_micros(90) * u32::try_from(round)?;
        let acknowledged = write_and_kill(bench.folder(), lines(round), later, written)?;
        bench.open()?;
        for (lane, written) in written.iter_mut().enumerate() {
            let acknowledged = acknowledged.get(lane).copied().unwrap_or_default();
            *written = check_lane(bench, lane, acknowledged)
                .map_err(|failed| after(&format!("round {round}, lane {lane}"), &failed))?;
        }
    }
    Ok(())
}

/// The last batch of each lane that the killed process has acknowledged.
fn write_and_kill(
    folder: &Path,
    lines: usize,
    later: Duration,
    written: [u64; LANES],
) -> Result<[u64; LANES], Failed> {
    let mut acknowledged = written;
    let mut writer = Role::Write(folder.to_owned()).start()?;
    for _ in 0..lines {
        let line = writer.line()?.ok_or("the writer has stopped by itself")?;
        acknowledge(&mut acknowledged, &line)?;
    }
    // Right after a line the writer is at the beginning of its next commit. The kill has to fall
    // elsewhere too, so it comes a little later each time.
    let said = Instant::now();
    while said.elapsed() < later {
        std::hint::spin_loop();
    }
    writer.kill()?;
    // What it said before it died counts too.
    while let Some(line) = writer.line()? {
        acknowledge(&mut acknowledged, &line)?;
    }
    Ok(acknowledged)
}

fn acknowledge(acknowledged: &mut [u64; LANES], line: &str) -> Outcome {
    let (lane, n) = line.split_once(' ').ok_or("not a line of a writer")?;
    let last = acknowledged.get_mut(lane.parse::<usize>()?).ok_or("no such lane")?;
    let n = n.parse()?;
    same("the number acknowledged next", n, *last + 1)?;
    *last = n;
    Ok(())
}

/// Checks what a lane left, and returns how many batches of it are there.
fn check_lane(bench: &Bench, lane: usize, acknowledged: u64) -> Result<u64, Failed> {
    let found = match bench.fact(format!("last{lane}"))? {
        Some(text) => std::str::from_utf8(&text)?.parse()?,
        None => 0_u64,
    };
    let one_in_flight = acknowledged..=acknowledged + 1;
    ensure(one_in_flight.contains(&found), || {
        format!("{acknowledged} batches were acknowledged, {found} are there")
    })?;
    check_streams(bench, lane, found)?;
    check_facts(bench, lane, found)?;
    let (a, b) = (format!("a{lane}"), format!("b{lane}"));
    bench.conflicts("gap", Batch::new().append(&a, 3 * found + 2, 1, ""))?;
    bench.conflicts("behind a", Batch::new().append(&a, (3 * found).max(2), 1, ""))?;
    bench.conflicts(
        "behind b",
        Batch::new().append(&b, 2 * found + 1, 1, "").append(&a, 1, 0, ""),
    )?;
    Ok(found)
}

fn check_streams(bench: &Bench, lane: usize, found: u64) -> Outcome {
    let wanted: Vec<[Record; 3]> = (1..=found).map(|n| records(lane, n)).collect();
    let b: Vec<Record> = wanted.iter().flat_map(|[_, b, c]| [b, c]).cloned().collect();
    bench.stream_is(format!("b{lane}"), &b)?;
    let page = bench.read(format!("a{lane}"), 0, usize::MAX)?;
    same("last of a", page.last, 3 * found)?;
    check_gap_free(&page.records, page.kept_from, page.last)?;
    let most = trimmed(found) + 1;
    ensure(page.kept_from <= most, || format!("kept from {}, not {most}", page.kept_from))?;
    let a: Vec<Record> = wanted.into_iter().map(|[a, ..]| a).collect();
    same_records("a", &page.records, a.split_at(a.len() - page.records.len()).1)
}

fn check_facts(bench: &Bench, lane: usize, found: u64) -> Outcome {
    let facts = bench.scan(format!("fact{lane}."), None, usize::MAX)?;
    let names = (found.saturating_sub(1)..=found).filter(|n| *n > 0);
    let want: Vec<_> = names.map(|n| (key(fact(lane, n)), text(lane, n).into())).collect();
    same("facts", facts, want)
}
