//! Drives flows of the open dialect against a runtime, with the published client 2.0.0 and its
//! envelopes. Each frame that the runtime sends has to decode in the published types.

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use tokio::time::timeout;

mod flows;
mod observer;
mod stage;
mod stop;
mod tape;
mod wire;

use flows::{FLOWS, Flow};
use stage::Stage;
use stop::{Result, Stop, failed, holds};

/// Drives flows against a runtime that hosts the fixture of the conformance suite.
///
/// A flow may print `restart`: then the runtime has to be killed and started again over the same data,
/// and its new address to be given as a line.
#[derive(Debug, Parser)]
struct Args {
    /// The runtime's address, ws://HOST:PORT/PATH
    #[arg(required_unless_present = "list")]
    url: Option<String>,
    /// Only these flows [default: all of the profile]
    flows: Vec<String>,
    /// The profile that the runtime has
    #[arg(long, default_value = "standard")]
    profile: String,
    /// Run no flow, but watch this job to its end
    #[arg(long, value_name = "JOB", conflicts_with = "flows")]
    watch: Option<String>,
    /// Only list the flows: name, profile, what it shows
    #[arg(long)]
    list: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    if args.list {
        list();
        return ExitCode::SUCCESS;
    }
    let unknown = args.flows.iter().find(|name| !FLOWS.iter().any(|flow| flow.name == *name));
    if let Some(unknown) = unknown {
        eprintln!("error: no flow `{unknown}`; --list lists them all");
        return ExitCode::from(WRONG_USAGE);
    }
    let mut url = args.url.clone().unwrap_or_default();
    if let Some(job) = &args.watch {
        return match observer::observe(&url, job).await {
            Ok(()) => ExitCode::SUCCESS,
            Err(stop) => {
                eprintln!("error: {stop:?}");
                ExitCode::FAILURE
            }
        };
    }
    let mut all_good = true;
    for flow in FLOWS.iter().filter(|flow| flow.is_selected(&args)) {
        all_good &= report(flow, drive(flow, &mut url).await);
    }
    if all_good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn list() {
    for Flow { name, profile, about, run: _ } in FLOWS {
        println!("{name}\t{profile}\t{about}");
    }
}

impl Flow {
    fn is_selected(&self, args: &Args) -> bool {
        let named = args.flows.iter().any(|name| name == self.name);
        if args.flows.is_empty() { self.profile == args.profile } else { named }
    }
}

/// Runs one flow. A frame that does not decode fails it, whatever else came of it. Changes the address
/// when the runtime moves.
async fn drive(flow: &Flow, url: &mut String) -> Result {
    let stage = Stage::new(url);
    let ended = timeout(FLOW_LIMIT, (flow.run)(&stage)).await;
    *url = stage.url();
    if let Some(frame) = stage.undecodable() {
        return Err(Stop::Failed(frame));
    }
    ended.unwrap_or_else(|_| Err(failed("it takes too long")))?;
    holds("every connection was taped", stage.is_taped())
}

/// Says how a flow ended; `false` if it failed.
fn report(flow: &Flow, ended: Result) -> bool {
    match ended {
        Ok(()) => println!("ok {}", flow.name),
        Err(Stop::NotRun(why)) => println!("not run {}: {why}", flow.name),
        Err(Stop::Failed(why)) => {
            println!("FAILED {}: {why}", flow.name);
            return false;
        }
    }
    true
}

/// How long a flow may take.
const FLOW_LIMIT: Duration = Duration::from_mins(1);

const WRONG_USAGE: u8 = 2;
