//! The `arcp` program: host agents, run jobs, control them.

mod agents;
mod args;
mod config;
mod conformance;
mod connect;
mod control;
mod demo;
mod exit;
mod follow;
mod jwt;
mod lease;
mod run;
mod serve;
mod show;
mod store;
mod watch;

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::Parser;
use tracing_subscriber::EnvFilter;

use args::{Args, Command};

fn main() -> ExitCode {
    let args = Args::parse();
    let filter = EnvFilter::try_from_env("ARCP_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("arcp: cannot start: {error}");
            return exit::FAILED.into();
        }
    };
    let result = runtime.block_on(async {
        match args.command {
            Command::Demo(demo) => demo::run(demo).await,
            Command::Serve(serve) => Box::pin(serve::run(*serve)).await,
            Command::Run(run) => run::run(run).await,
            Command::Watch(watch) => watch::run(watch).await,
            Command::Jobs(jobs) => control::jobs(jobs).await,
            Command::Cancel(cancel) => control::cancel(cancel).await,
            Command::Agents(agents) => control::agents(agents).await,
            Command::Store(store) => store::run(store).await,
            Command::Conformance(conformance) => conformance::run(*conformance).await,
        }
    });
    // A read of standard input that nobody waits for any more must not hold up the end.
    runtime.shutdown_background();
    match result {
        Ok(code) => code.into(),
        Err(error) => {
            eprintln!("arcp: {error}");
            error.code().into()
        }
    }
}
