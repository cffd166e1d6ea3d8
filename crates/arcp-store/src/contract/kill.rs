//! Writers that are killed: in the middle of what they write, again and again.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use libtest_mimic::Failed;
use tokio::task::JoinSet;

use super::bench::{after, runtime, same};
use super::child::Role;
use super::{Bench, Outcome, Subject};

/// The writer is that many tasks, so that their commits overlap.
pub(super) const LANES: usize = 4;

/// What the writing process does: runs `write` for each lane, until it is killed.
pub(super) fn write_until_killed<S, F>(
    subject: &Subject<S>,
    folder: PathBuf,
    write: fn(Arc<S>, usize) -> F,
) -> Outcome
where
    S: ?Sized + 'static,
    F: Future<Output = Outcome> + Send + 'static,
{
    runtime()?.block_on(async {
        let subject = subject.open(folder).await?;
        let lanes = (0..LANES).map(|lane| write(Arc::clone(&subject), lane));
        let mut lanes: JoinSet<Outcome> = lanes.collect();
        while let Some(ended) = lanes.join_next().await {
            ended??;
        }
        Ok(())
    })
}

/// Says that batch `n` of a lane was acknowledged.
pub(super) fn say(lane: usize, n: u64) -> Outcome {
    // One write, so that a kill leaves a whole line or none.
    Ok(std::io::stdout().write_all(format!("{lane} {n}\n").as_bytes())?)
}

/// Again and again: lets a process write until it has said so many lines, kills it a little later,
/// and looks at what is there.
///
/// `check` looks at one lane; it is told the last batch that was acknowledged, and returns the
/// last one that is there.
pub(super) fn kills<S: ?Sized>(
    bench: &mut Bench<S>,
    rounds: usize,
    lines: fn(usize) -> usize,
    check: fn(&Bench<S>, usize, u64) -> Result<u64, Failed>,
) -> Outcome {
    let mut written = [0; LANES];
    for round in 0..rounds {
        bench.close();
        let later = Duration::from_micros(90) * u32::try_from(round)?;
        let acknowledged = write_and_kill(bench.folder(), lines(round), later, written)?;
        bench.open()?;
        for (lane, written) in written.iter_mut().enumerate() {
            let acknowledged = acknowledged.get(lane).copied().unwrap_or_default();
            *written = check(bench, lane, acknowledged)
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
