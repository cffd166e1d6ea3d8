//! Our program's commands against a runtime of the hello dialect by others: what somebody at a terminal
//! gets of them.

use std::path::Path;

use serde_json::json;

use super::server::{Launch, Server, Started};
use super::terminal::{Said, Terminal, text};
use crate::failure::Failure;

/// Plays every turn against a runtime.
pub(super) fn run(program: &Path, runtime: Launch) -> Result<(), Failure> {
    let Started::Serving(server) = Server::start(runtime)? else {
        return Err(Failure::new("the runtime does not take its profile"));
    };
    let terminal = Terminal::new(program, server.url());
    for (name, turn) in TURNS {
        turn(&terminal).map_err(Failure::at(format!("our commands: {name}")))?;
        println!("ok {name}");
    }
    Ok(())
}

type Turn = fn(&Terminal<'_>) -> Result<(), Failure>;

const TURNS: [(&str, Turn); 7] = [
    ("run says what the job has come to", results),
    ("run says why there is no result", failures),
    ("run prints every event", events),
    ("run gives a job its lease", leases),
    ("agents lists what there is", agents),
    ("jobs, watch and cancel: a job that runs", running),
    ("watch tells the past of a job that has ended", past),
];

fn results(terminal: &Terminal<'_>) -> Result<(), Failure> {
    let said = terminal.says(&["run", "conf.echo", r#"{"a":[1,"w\u00f6rld"]}"#])?;
    said.ended(0)?.wrote(&json!({"a": [1, "w\u{f6}rld"]}))?;
    let said = terminal.says(&["run", "conf.version@1.0.0"])?;
    said.ended(0)?.wrote(&json!({"version": "1.0.0"}))?;
    let input = r#"{"chunks":["hello ","there"],"encoding":"utf8"}"#;
    let said = terminal.says(&["run", "conf.chunks", input])?;
    said.ended(0)?.holds("the pieces are put together", |said| said.out.contains("hello there"))
}

fn failures(terminal: &Terminal<'_>) -> Result<(), Failure> {
    let input = r#"{"code":"PERMISSION_DENIED","message":"not for you"}"#;
    let said = terminal.says(&["run", "conf.fail", input])?;
    said.ended(1)?.told("PERMISSION_DENIED")?.told("not for you")?;
    terminal.says(&["run", "conf.nobody"])?.ended(1)?.told("conf.nobody")?;
    terminal.says(&["run", "conf.version@3.0.0"])?.ended(1)?.told("conf.version@3.0.0")?;
    Ok(())
}

fn events(terminal: &Terminal<'_>) -> Result<(), Failure> {
    let said = terminal.says(&["run", "conf.events", "--json"])?;
    let kinds: Vec<String> =
        said.ended(0)?.lines().iter().map(|line| text(line, "event")).collect();
    let wanted = [
        "log",
        "metric",
        "progress",
        "thought",
        "tool_call",
        "tool_result",
        "status",
        "conf.custom",
        "completed",
    ];
    said.holds("every event is there, in its order", |_| {
        // Not every runtime says that a job has started.
        kinds.iter().filter(|kind| *kind != "started").eq(wanted.iter())
    })
}

fn leases(terminal: &Terminal<'_>) -> Result<(), Failure> {
    let input = r#"{"operations":[["tool.call","search.web"],["tool.call","delete"]]}"#;
    let said = terminal.says(&["run", "conf.authorize", input, "--lease", "tool.call=search.*"])?;
    said.ended(0)?.wrote(&json!(["ok", "PERMISSION_DENIED"]))
}

fn agents(terminal: &Terminal<'_>) -> Result<(), Failure> {
    let said = terminal.says(&["agents"])?;
    let listed = |said: &Said| {
        let line = said.out.lines().find(|line| line.starts_with("conf.version "));
        line.is_some_and(|line| line.contains("1.0.0") && line.contains("2.0.0"))
    };
    said.ended(0)?.holds("both versions are listed", listed)
}

fn running(terminal: &Terminal<'_>) -> Result<(), Failure> {
    let run = terminal.begin("run", &["run", "conf.gate", r#"{"gate":"never"}"#, "--json"])?;
    let job = run.first_job()?;
    let said = terminal.says(&["jobs", "--status", "running", "--json"])?;
    let shown = |said: &Said| said.lines().iter().any(|line| text(line, "job_id") == job);
    said.ended(0)?.holds("the job is listed", shown)?;
    let watch = terminal.begin("watch", &["watch", &job, "--history", "--json"])?;
    watch.first_job()?;
    terminal.says(&["cancel", &job, "--reason", "enough"])?.ended(0)?;
    for waiting in [run, watch] {
        waiting.end()?.ended(1)?.holds("it says that the job was cancelled", |said| {
            said.lines().last().is_some_and(|line| text(line, "event") == "cancelled")
        })?;
    }
    Ok(())
}

fn past(terminal: &Terminal<'_>) -> Result<(), Failure> {
    let ran = terminal.says(&["run", "conf.log", r#"{"count":5}"#, "--json"])?;
    let job = ran.ended(0)?.lines().first().map(|line| text(line, "job_id")).unwrap_or_default();
    let watched = terminal.says(&["watch", &job, "--history", "--json"])?;
    let told =
        |said: &Said| said.lines().iter().map(|line| text(line, "event")).collect::<Vec<_>>();
    watched.ended(0)?.holds("it tells what was told before", |said| told(said) == told(&ran))
}
