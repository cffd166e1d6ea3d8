//! The peer's client against our program: a server for each profile that its flows want.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use super::known::{self, LIST, Outcome};
use super::peers::Peers;
use super::server::{Server, Started};
use crate::failure::Failure;
use crate::process::{Owned, output_of, root};

/// Runs every flow and says how many came to what.
pub(super) fn run(program: &Path, peers: &Peers) -> Result<(), Failure> {
    let listed = output_of(Command::new(&peers.client).arg("--list"))?;
    let flows: Vec<(String, String)> = listed.lines().filter_map(name_and_profile).collect();
    let mut profiles: Vec<&str> = flows.iter().map(|(_, profile)| profile.as_str()).collect();
    profiles.dedup();
    let mut outcomes = Vec::new();
    for profile in profiles {
        outcomes.extend(match Server::start(program, profile)? {
            Started::Serving(mut server) => drive(peers, &mut server, profile)?,
            Started::Unknown => not_run(&flows, profile),
        });
    }
    let list = root().join(LIST);
    let not_built = std::fs::read_to_string(&list).map_err(Failure::at(LIST))?;
    let wanted: Vec<String> = flows.into_iter().map(|(name, _)| name).collect();
    verdict(&wanted, &outcomes, &known::findings(&wanted, &outcomes, &known::names(&not_built)))
}

/// A line of the client's list: name, profile, and what it is about, with tabs between.
fn name_and_profile(line: &str) -> Option<(String, String)> {
    let mut columns = line.split('\t');
    Some((columns.next()?.to_owned(), columns.next()?.to_owned()))
}

/// Runs the flows of a profile against a server, which is restarted for those that ask for it.
fn drive(
    peers: &Peers,
    server: &mut Server,
    profile: &str,
) -> Result<Vec<(String, Outcome)>, Failure> {
    let at = || Failure::at(peers.client.display());
    let mut command = Command::new(&peers.client);
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
        println!("{line}");
        outcomes.extend(known::outcome(&line).map(|(name, one)| (name.to_owned(), one)));
    }
    child.0.wait().map_err(at())?;
    Ok(outcomes)
}

/// The flows of a profile that our program has not.
fn not_run(flows: &[(String, String)], profile: &str) -> Vec<(String, Outcome)> {
    let why = format!("`arcp serve` has no profile {profile}");
    let names = flows.iter().filter(|(_, wanted)| wanted == profile).map(|(name, _)| name);
    let outcomes = names.map(|name| (name.clone(), Outcome::NotRun(why.clone())));
    outcomes.inspect(|(name, _)| println!("not run {name}: {why}")).collect()
}

fn verdict(
    wanted: &[String],
    outcomes: &[(String, Outcome)],
    findings: &[String],
) -> Result<(), Failure> {
    let passed = outcomes.iter().filter(|(_, one)| *one == Outcome::Passed).count();
    println!("{passed} of {} flows passed", wanted.len());
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
