//! A peer's client against our program: a server for each profile that its flows want, all at once.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::Stdio;
use std::thread;

use super::client::Client;
use super::known::{self, Outcome};
use super::server::{Launch, Server, Started};
use crate::failure::Failure;
use crate::process::{Owned, output_of, root};

/// What came of each flow, by name.
pub(super) type Outcomes = Vec<(String, Outcome)>;

/// Runs every flow and says how many came to what.
pub(super) fn run(program: &Path, client: &Client) -> Result<Outcomes, Failure> {
    let listed = output_of(client.command().arg("--list"))?;
    let listed: Vec<(String, String)> = listed.lines().filter_map(name_and_profile).collect();
    let listed = listed.as_slice();
    let mut profiles: Vec<&str> = listed.iter().map(|(_, profile)| profile.as_str()).collect();
    profiles.sort_unstable();
    profiles.dedup();
    let outcomes = thread::scope(|scope| {
        let begin = |profile| scope.spawn(move || of_profile(program, client, listed, profile));
        let running: Vec<_> = profiles.into_iter().map(begin).collect();
        let ended = running.into_iter().map(|one| one.join().unwrap_or_else(|_| Err(crashed())));
        ended.collect::<Result<Vec<_>, _>>()
    })?;
    let outcomes = outcomes.concat();
    let not_built = std::fs::read_to_string(root().join(client.not_built));
    let not_built = not_built.map_err(Failure::at(client.not_built))?;
    let wanted: Vec<String> = listed.iter().map(|(name, _)| name.clone()).collect();
    let waiting = known::names(&not_built);
    verdict(&outcomes, &known::findings(&wanted, &outcomes, &waiting, client.not_built))?;
    Ok(outcomes)
}

fn crashed() -> Failure {
    Failure::new("running the flows of a profile has crashed")
}

/// A line of a client's list: name, profile, and what it is about, with tabs between.
fn name_and_profile(line: &str) -> Option<(String, String)> {
    let mut columns = line.split('\t');
    Some((columns.next()?.to_owned(), columns.next()?.to_owned()))
}

/// Runs the flows of one profile.
fn of_profile(
    program: &Path,
    client: &Client,
    flows: &[(String, String)],
    profile: &str,
) -> Result<Outcomes, Failure> {
    match Server::start(Launch::ours(program, profile, client))? {
        Started::Serving(mut server) => drive(client, &mut server, profile),
        Started::Unknown => Ok(not_run(flows, profile)),
    }
}

/// Runs the flows of a profile against a server, which is restarted for those that ask for it.
fn drive(client: &Client, server: &mut Server, profile: &str) -> Result<Outcomes, Failure> {
    let at = || Failure::at(client.program.display());
    let mut command = client.command();
    command.args([server.url(), "--profile", profile]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = Owned(command.spawn().map_err(at())?);
    let mut outcomes = Vec::new();
    // What it prints ends with it, and it ends by itself: each of its flows has a limit.
    for line in child.0.stdout.take().into_iter().flat_map(|out| BufReader::new(out).lines()) {
        let line = line.map_err(at())?;
        if line == RESTART {
            server.restart()?;
            let answers = child.0.stdin.as_mut();
            answers.map_or(Ok(()), |input| writeln!(input, "{}", server.url())).map_err(at())?;
            continue;
        }
        match (client.outcome)(&line) {
            Some((name, outcome)) => {
                println!("{}", outcome.line(&name));
                outcomes.push((name, outcome));
            }
            None => println!("{line}"),
        }
    }
    child.0.wait().map_err(at())?;
    Ok(outcomes)
}

/// The flows of a profile that our program has not.
fn not_run(flows: &[(String, String)], profile: &str) -> Outcomes {
    let why = format!("`arcp serve` has no profile {profile}");
    let names = flows.iter().filter(|(_, wanted)| wanted == profile).map(|(name, _)| name);
    let outcomes = names.map(|name| (name.clone(), Outcome::NotRun(why.clone())));
    outcomes.inspect(|(name, outcome)| println!("{}", outcome.line(name))).collect()
}

fn verdict(outcomes: &Outcomes, findings: &[String]) -> Result<(), Failure> {
    let passed = outcomes.iter().filter(|(_, one)| *one == Outcome::Passed).count();
    println!("{passed} of {} flows passed", outcomes.len());
    for finding in findings {
        println!("{finding}");
    }
    if findings.is_empty() {
        Ok(())
    } else {
        Err(Failure::new(format!("{} flows are not as they should be", findings.len())))
    }
}

/// The line by which the client asks for a restart. It reads the new address then.
const RESTART: &str = "restart";
