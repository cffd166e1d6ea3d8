//! What can be asked for.

use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::{Parser, ValueEnum};

use crate::dialect::Dialect;
use crate::failure::Result;
use crate::program::{Program, Whose};
use crate::scenario::Scenario;
use crate::stage::Target;

/// Loads a runtime over its wire and prints one JSON line for each scenario.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench", version)]
pub(crate) struct Options {
    /// What to do [default: all that can be done but `grow`, which takes minutes]
    #[arg(value_name = "SCENARIO")]
    scenarios: Vec<Scenario>,
    /// How often each, on a fresh server process each time; `grow` is done once
    #[arg(long, value_name = "N", default_value = "5")]
    runs: NonZeroU32,
    /// Load the runtimes that others have published beside ours, run by run, and print tables of them all
    #[arg(long, conflicts_with = "against")]
    pub(crate) compare: bool,
    /// Write those tables to docs/benchmarks.md; without a scenario, of all there are
    #[arg(long, requires = "compare")]
    pub(crate) report: bool,
    /// How many events `grow` lets the log grow to
    #[arg(long, value_name = "N", default_value = "10000000")]
    pub(crate) events: u64,
    /// Write the lines to this file too
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Load the runtime that is there, instead of processes of our own
    #[arg(long, value_name = "URL", alias = "url")]
    pub(crate) against: Option<String>,
    /// The token for it [default: none, an anonymous session]
    #[arg(long, requires = "against")]
    pub(crate) token: Option<String>,
    /// How to speak to it, or to processes of our own
    #[arg(long, value_enum, default_value_t = Dialect::Open)]
    pub(crate) dialect: Dialect,
    /// The `arcp` to start
    #[arg(long, env = "ARCP_BIN", value_name = "FILE")]
    arcp: Option<PathBuf>,
    /// The `peer-bench` to start beside it
    #[arg(long, env = "ARCP_BENCH_RUST", value_name = "FILE")]
    rust: Option<PathBuf>,
    /// The Python that has the SDK
    #[arg(long, env = "ARCP_BENCH_PYTHON", value_name = "FILE")]
    python: Option<PathBuf>,
}

impl Options {
    pub(crate) fn scenarios(&self) -> Vec<Scenario> {
        match self.scenarios.as_slice() {
            [] => Scenario::value_variants()
                .iter()
                .copied()
                .filter(|each| self.suits(*each))
                .collect(),
            some => some.to_vec(),
        }
    }

    fn suits(&self, scenario: Scenario) -> bool {
        (self.report || !scenario.is_long())
            && (self.against.is_none() || scenario.suits_any_server())
    }

    /// How often: what takes minutes is done once.
    pub(crate) fn runs_of(&self, scenario: Scenario) -> u32 {
        if scenario.is_long() { 1 } else { self.runs.get() }
    }

    /// What to load, where it is not all that there is.
    pub(crate) fn target(&self) -> Result<Target> {
        match &self.against {
            None => self.ours().map(Target::Own),
            Some(url) => {
                let (url, token) = (url.clone(), self.token.clone());
                Ok(Target::Elsewhere { url, token, dialect: self.dialect })
            }
        }
    }

    /// All that there is, ours first.
    pub(crate) fn programs(&self) -> Result<Vec<Program>> {
        let rust = made(self.rust.as_ref(), Whose::Rust, Dialect::Open)?;
        let python = made(self.python.as_ref(), Whose::Python, Dialect::Hello)?;
        Ok(vec![self.ours()?, rust, python])
    }

    fn ours(&self) -> Result<Program> {
        made(self.arcp.as_ref(), Whose::Ours, self.dialect)
    }
}

fn made(file: Option<&PathBuf>, whose: Whose, dialect: Dialect) -> Result<Program> {
    let file = file.ok_or_else(|| format!("say what to start for {}: see --help", whose.name()))?;
    Ok(Program { whose, file: file.clone(), dialect })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_scenarios_that_are_short_are_the_default() {
        let options = Options::try_parse_from(["bench"]).unwrap();
        let scenarios = options.scenarios();
        assert_eq!(scenarios.len() + 1, Scenario::value_variants().len());
        assert!(!scenarios.contains(&Scenario::Grow));
        let options = Options::try_parse_from(["bench", "emit", "--runs", "2"]).unwrap();
        assert_eq!((options.scenarios(), options.runs.get()), (vec![Scenario::Emit], 2));
    }

    #[test]
    fn a_runtime_that_is_there_is_not_restarted() {
        let options = Options::try_parse_from(["bench", "--against", "ws://x/arcp"]).unwrap();
        let scenarios = options.scenarios();
        assert!(scenarios.contains(&Scenario::Replay) && scenarios.contains(&Scenario::Pool));
        assert!(!scenarios.contains(&Scenario::Slow) && !scenarios.contains(&Scenario::Recover));
        let options = Options::try_parse_from(["bench", "--url", "ws://x", "--dialect", "hello"]);
        assert_eq!(options.unwrap().dialect, Dialect::Hello);
    }

    #[test]
    fn what_cannot_be_done_is_refused() {
        for bad in [
            &["bench", "ehco"][..],
            &["bench", "--runs", "0"],
            &["bench", "--token", "t"],
            &["bench", "--report"],
        ] {
            assert!(Options::try_parse_from(bad).is_err(), "{bad:?}");
        }
    }
}
