//! The load program: loads a runtime over its wire, each run on a fresh server process, and prints
//! one JSON line for each scenario.
//!
//! It knows frames and nothing of the crates that it loads, so that it can load another runtime.

mod client;
mod failure;
mod machine;
mod message;
mod options;
mod process;
mod report;
mod scenario;
mod server;

use std::process::ExitCode;

use clap::Parser;

use failure::Result;
use options::Options;
use process::Usage;
use report::{Report, Run};
use scenario::Scenario;
use server::Server;

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
    // One thread: the server needs the others, and the client less than one.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let commit = machine::commit();
    let machine = machine::line();
    let mut lines = String::new();
    for scenario in options.scenarios() {
        let runs = (0..options.runs.get()).map(|_| runtime.block_on(run(scenario, options)));
        let runs = runs.collect::<Result<Vec<Run>>>()?;
        let line = Report::of(scenario, &runs, &commit, &machine)?.line()?;
        println!("{line}");
        lines.push_str(&line);
        lines.push('\n');
    }
    match &options.json {
        Some(path) => Ok(std::fs::write(path, lines)?),
        None => Ok(()),
    }
}

/// One run of a scenario. A server of our own lives as long as that.
async fn run(scenario: Scenario, options: &Options) -> Result<Run> {
    let server = match &options.url {
        Some(url) => Server::elsewhere(url, options.token.as_deref()),
        None => Server::start(options.program()?).await?,
    };
    let before = server.usage()?;
    let own = Usage::of_this_process()?;
    let load = scenario.load(&server).await?;
    let client_cpu = Usage::of_this_process()?.cpu_since(own);
    let after = server.usage()?;
    Ok(Run {
        load,
        client_cpu,
        server_cpu: after.zip(before).map(|(after, before)| after.cpu_since(before)),
        server_rss_kib: after.map(|after| after.peak_rss_kib),
    })
}
