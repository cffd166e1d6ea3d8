//! What can be asked for.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::{Parser, ValueEnum};

use crate::failure::Result;
use crate::violation::Violation;

/// Kills the program under load, again and again, and compares what clients saw with what is stored.
///
/// With `--power-cut` each kill takes along what was not synced. A store of durability `process` must then
/// have lost something, or the run fails. Without `--durability` both are tried, one after the other.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask crash", version)]
pub(crate) struct Options {
    /// How often to kill it
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rounds: u32,
    /// What decides who does what when, as far as the machine plays along
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Cut the power too: what was not synced may be gone
    #[arg(long)]
    pub(crate) power_cut: bool,
    /// Fill a small disk instead, which wants the right to mount one
    #[arg(long, conflicts_with = "power_cut")]
    pub(crate) disk_full: bool,
    /// What the store promises [default: full; both with --power-cut]
    #[arg(long)]
    pub(crate) durability: Option<Durability>,
    /// The `arcp` to start
    #[arg(long, env = "ARCP_BIN", value_name = "FILE")]
    arcp: Option<OsString>,
    /// The library that notes what is written
    #[arg(long, env = "ARCP_POWER_CUT", value_name = "FILE")]
    library: Option<OsString>,
}

/// What the store promises: a setting of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Durability {
    /// What was acknowledged survives the machine.
    Full,
    /// What was acknowledged survives the process.
    Process,
}

impl Durability {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Process => "process",
        }
    }
}

/// One run.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) rounds: u32,
    pub(crate) seed: u64,
    pub(crate) durability: Durability,
    pub(crate) program: PathBuf,
    /// The library to preload, where the power is cut.
    pub(crate) library: Option<PathBuf>,
}

impl Plan {
    /// Whether something must get lost.
    pub(crate) fn loses(&self) -> bool {
        self.library.is_some() && self.durability == Durability::Process
    }

    /// Whether this is what may be found: nothing, or that something got lost and nothing is damaged.
    pub(crate) fn expects(&self, found: &[Violation]) -> bool {
        if self.loses() {
            found.iter().any(Violation::is_loss) && !found.iter().any(Violation::is_damage)
        } else {
            found.is_empty()
        }
    }

    /// How it is called again.
    pub(crate) fn call(&self) -> String {
        let cut = if self.library.is_some() { " --power-cut" } else { "" };
        let (rounds, seed, durability) = (self.rounds, self.seed, self.durability.name());
        format!("cargo xtask crash --rounds {rounds} --seed {seed} --durability {durability}{cut}")
    }
}

impl Options {
    /// The runs that are asked for.
    pub(crate) fn plans(&self) -> Result<Vec<Plan>> {
        let program = self.arcp.as_deref().map(Path::new);
        let program = program.ok_or("say which `arcp` to start: `--arcp FILE`, or ARCP_BIN")?;
        let library = self.library.as_deref().map(Path::new);
        let library = match (self.power_cut, library) {
            (false, _) => None,
            (true, Some(library)) => Some(library.to_owned()),
            (true, None) => {
                return Err("name the library: `--library FILE`, or ARCP_POWER_CUT".into());
            }
        };
        let all = match (self.durability, self.power_cut) {
            (Some(one), _) => vec![one],
            (None, true) => vec![Durability::Full, Durability::Process],
            (None, false) => vec![Durability::Full],
        };
        let plan = |durability| Plan {
            rounds: self.rounds,
            seed: self.seed,
            durability,
            program: program.to_owned(),
            library: library.clone(),
        };
        Ok(all.into_iter().map(plan).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plans(line: &str) -> Vec<(Durability, bool)> {
        let words = format!("crash --arcp arcp --library lib {line}");
        let options = Options::try_parse_from(words.split_whitespace()).unwrap();
        options.plans().unwrap().iter().map(|plan| (plan.durability, plan.loses())).collect()
    }

    #[test]
    fn a_power_cut_is_tried_with_both_and_must_bite_one() {
        let (full, process) = (Durability::Full, Durability::Process);
        assert_eq!(plans(""), [(full, false)]);
        assert_eq!(plans("--durability process"), [(process, false)]);
        assert_eq!(plans("--power-cut"), [(full, false), (process, true)]);
        assert_eq!(plans("--power-cut --durability full"), [(full, false)]);
    }

    #[test]
    fn losing_is_expected_of_who_does_not_sync_and_damage_of_nobody() {
        let words = ["crash", "--arcp", "a", "--library", "l", "--power-cut"];
        let plans = Options::try_parse_from(words).unwrap().plans().unwrap();
        let lost = Violation::JobLost { job: "j".to_owned() };
        let damaged = Violation::JobGap { job: "j".to_owned(), index: 1 };
        let both = [lost, damaged];
        let expects = |plan: &Plan| [&[][..], &both[..1], &both].map(|all| plan.expects(all));
        assert_eq!(expects(&plans[0]), [true, false, false]);
        assert_eq!(expects(&plans[1]), [false, true, false]);
    }

    #[test]
    fn no_rounds_are_refused() {
        assert!(Options::try_parse_from(["crash", "--rounds", "0"]).is_err());
    }
}
