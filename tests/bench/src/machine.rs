//! Where and of what the figures are.

use std::fs;
use std::process::Command;
use std::thread::available_parallelism;

/// Where and of what.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) commit: String,
    pub(crate) machine: String,
}

impl Place {
    pub(crate) fn here() -> Self {
        Self { commit: commit(), machine: line() }
    }
}

/// The day, as the system writes it.
pub(crate) fn date() -> String {
    said("date", &["-u", "+%Y-%m-%d"])
}

/// The checkout's commit, `-dirty` behind it when files differ from it.
fn commit() -> String {
    said("git", &["describe", "--always", "--dirty", "--exclude=*", "--abbrev=12"])
}

/// What a program says.
fn said(program: &str, args: &[&str]) -> String {
    let said = Command::new(program)
        .args(args)
        .output()
        .ok()
        .filter(|output| output.status.success())
        .and_then(|output| String::from_utf8(output.stdout).ok());
    said.map_or_else(unknown, |said| said.trim().to_owned())
}

/// The processor and how many of its cores are ours.
fn line() -> String {
    let model = fs::read_to_string("/proc/cpuinfo").ok().and_then(|info| model(&info));
    let cores = available_parallelism().map_or_else(|_| unknown(), |cores| cores.to_string());
    format!("{}, {cores} cores", model.unwrap_or_else(unknown))
}

fn model(info: &str) -> Option<String> {
    let line = info.lines().find(|line| line.starts_with("model name"))?;
    line.split_once(':').map(|(_, model)| model.trim().to_owned())
}

fn unknown() -> String {
    "unknown".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_is_what_stands_behind_its_colon() {
        let info = "processor\t: 0\nmodel\t\t: 85\nmodel name\t: A CPU @ 2: GHz\n";
        assert_eq!(model(info).as_deref(), Some("A CPU @ 2: GHz"));
        assert_eq!(model("processor\t: 0\n"), None);
    }
}
