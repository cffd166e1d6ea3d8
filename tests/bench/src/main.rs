//! The load program: loads a runtime over its wire, each run on a fresh server process, and prints
//! one JSON line for each scenario. A bound that was not kept is told after that.
//!
//! It knows frames and nothing of the crates that it loads, so that it can load another runtime.

mod aim;
mod client;
mod compare;
mod dialect;
mod document;
mod failure;
mod machine;
mod options;
mod process;
mod program;
mod report;
mod scenario;
mod server;
mod stage;
mod table;

use std::pin::pin;
use std::process::ExitCode;

use clap::Parser;
use futures_util::future::{Either, select};
use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};

use failure::Result;
use machine::Place;
use options::Options;
use report::{Report, Run};
use stage::{Stage, Target};

fn main() -> ExitCode {
    match bench(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("arcp-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn bench(options: &Options) -> Result<()> {
    process::raise_limit_of_files()?;
    // One thread: the server needs the others, and the client less than one.
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let place = Place::here();
    let done = runtime.block_on(until_told_to_stop(async {
        if options.compare {
            compare::run(options, &place).await
        } else {
            alone(options, &place).await
        }
    }))?;
    if let Some(path) = &options.json {
        std::fs::write(path, done.lines)?;
    }
    if done.breaches.is_empty() { Ok(()) } else { Err(done.breaches.join("; ").into()) }
}

/// Does it, unless the program is told to stop: then servers and their data go before it does.
async fn until_told_to_stop(work: impl Future<Output = Result<Done>>) -> Result<Done> {
    let (mut interrupt, mut terminate) =
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let (interrupted, terminated) = (pin!(interrupt.recv()), pin!(terminate.recv()));
    match select(pin!(work), select(interrupted, terminated)).await {
        Either::Left((done, _)) => done,
        Either::Right(_) => Err("told to stop".into()),
    }
}

/// What came of it.
#[derive(Debug, Default)]
struct Done {
    lines: String,
    /// Bounds that were not kept.
    breaches: Vec<String>,
}

impl Done {
    fn add(&mut self, report: &Report<'_>, runs: &[Run]) -> Result<()> {
        let line = report.line()?;
        println!("{line}");
        self.lines.push_str(&line);
        self.lines.push('\n');
        self.breaches.extend(runs.iter().filter_map(|run| run.breach.clone()));
        Ok(())
    }
}

/// Loads one runtime.
async fn alone(options: &Options, place: &Place) -> Result<Done> {
    let mut done = Done::default();
    let target = options.target()?;
    let name = match &target {
        Target::Elsewhere { url, .. } => url.clone(),
        Target::Own(program) => program.whose.name().to_owned(),
    };
    for scenario in options.scenarios() {
        let (mut stage, mut runs) = (Stage::new(target.clone(), options.events), Vec::new());
        for _ in 0..options.runs_of(scenario) {
            runs.push(scenario.run(&mut stage).await?);
        }
        done.add(&Report::of(scenario, &name, options.dialect, &runs, place)?, &runs)?;
    }
    Ok(done)
}
