//! Kills the program under load, again and again, on one data folder, and compares what its clients saw
//! with what is stored.
//!
//! Clients speak frames and know nothing of the runtime. The checker knows the store, and opens a copy of
//! it while nothing runs. With `--power-cut` a kill takes along what was not synced: see `disk`.

mod check;
mod client;
mod disk;
mod failure;
mod frame;
mod full;
mod history;
mod kill;
mod options;
mod run;
mod server;
mod stored;
mod violation;

use std::process::ExitCode;

use clap::Parser;

use failure::Result;
use options::{Options, Plan};
use run::{Outcome, Run};

/// Whose sessions there are.
const PRINCIPALS: [&str; 2] = ["alice", "bob"];

fn main() -> ExitCode {
    match crash(&Options::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("arcp-crash: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether all runs came out as they should.
fn crash(options: &Options) -> Result<bool> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut good = true;
    if options.disk_full {
        let plans = options.plans()?;
        for plan in &plans {
            println!("{}", runtime.block_on(full::disk(plan))?);
        }
        return Ok(true);
    }
    for plan in options.plans()? {
        good &= runtime.block_on(one(&plan))?;
    }
    Ok(good)
}

async fn one(plan: &Plan) -> Result<bool> {
    let run = Run::new(plan)?;
    let Outcome { summary, found } = run.finish().await?;
    println!("{summary}");
    if plan.loses() {
        let verdict = match found.as_slice() {
            [] => "NOTHING was lost",
            _ if plan.expects(&found) => "something was lost, as it must",
            _ => "what was found must not be",
        };
        println!("crash: without syncs {verdict}");
    }
    Ok(plan.expects(&found))
}
