//! The load program: loads a runtime over its wire, each run on a fresh server process, and prints
//! one JSON line for each scenario. A bound that was not kept is told after that.
//!
//! It knows frames and nothing of the crates that it loads, so that it can load another runtime.

mod client;
mod dialect;
mod failure;
mod machine;
mod options;
mod process;
mod report;
mod scenario;
mod server;
mod stage;

use std::process::ExitCode;

use clap::Parser;

use failure::Result;
use options::Options;
use report::{Report, Run};
use stage::Stage;

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
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let commit = machine::commit();
    let machine = machine::line();
    let (mut lines, mut breaches) = (String::new(), Vec::new());
    for scenario in options.scenarios() {
        let mut stage = Stage::new(options);
        let runs = (0..options.runs.get()).map(|_| runtime.block_on(scenario.run(&mut stage)));
        let runs = runs.collect::<Result<Vec<Run>>>()?;
        let line = Report::of(scenario, &runs, &commit, &machine)?.line()?;
        println!("{line}");
        lines.push_str(&line);
        lines.push('\n');
        breaches.extend(runs.into_iter().filter_map(|run| run.breach));
    }
    if let Some(path) = &options.json {
        std::fs::write(path, lines)?;
    }
    if breaches.is_empty() { Ok(()) } else { Err(breaches.join("; ").into()) }
}
