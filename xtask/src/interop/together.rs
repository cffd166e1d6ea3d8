//! Three clients of two dialects at one port of our program, all at the same job: our own that runs it,
//! and two by others that watch it.

use std::path::Path;

use super::client::Client;
use super::server::{Launch, Server, Started};
use super::terminal::{Running, Terminal, text};
use crate::failure::Failure;

/// Runs a job that waits until both of the others watch it.
pub(super) fn run(program: &Path, rust: &Client, python: &Client) -> Result<(), Failure> {
    let mut launch = Launch::ours(program, "standard", python);
    "together".clone_into(&mut launch.name);
    let Started::Serving(server) = Server::start(launch)? else {
        return Err(Failure::new("`arcp serve` does not take what it is told"));
    };
    let terminal = Terminal::new(program, server.url());
    let run = terminal.begin("run", &["run", "conf.gate", r#"{"gate":"together"}"#, "--json"])?;
    let job = run.first_job()?;
    let watching = |client: &Client| {
        let mut command = client.command();
        command.args([server.url(), "--watch", &job]);
        let watch = Running::begin(&format!("watch-{}", client.name), command)?;
        watch.prints("watching")?;
        Ok::<_, Failure>(watch)
    };
    let (in_rust, in_python) = (watching(rust)?, watching(python)?);
    terminal.says(&["run", "conf.open", r#"{"gate":"together"}"#])?.ended(0)?;
    let ran = run.end()?;
    let told: Vec<String> = ran.ended(0)?.lines().iter().map(|line| text(line, "event")).collect();
    ran.holds("it is told all", |_| told == ["started", "log", "completed"])?;
    for (watch, all) in
        [(in_rust, "job.started log job.completed"), (in_python, "status log success")]
    {
        let said = watch.end()?;
        said.ended(0)?.holds(&format!("it is told `{all}`"), |said| said.out.contains(all))?;
    }
    println!("ok one job, run by `arcp run` and watched by {} and {}", rust.title, python.title);
    Ok(())
}
