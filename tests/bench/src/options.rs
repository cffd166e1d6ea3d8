//! What can be asked for.

use std::ffi::OsString;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use clap::{Parser, ValueEnum};

use crate::dialect::Dialect;
use crate::failure::Result;
use crate::scenario::Scenario;

/// Loads a runtime over its wire and prints one JSON line for each scenario.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench", version)]
pub(crate) struct Options {
    /// What to do [default: all that can be done but `grow`, which takes minutes]
    #[arg(value_name = "SCENARIO")]
    scenarios: Vec<Scenario>,
    /// How often each, on a fresh server process each time
    #[arg(long, value_name = "N", default_value = "5")]
    pub(crate) runs: NonZeroU32,
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
    arcp: Option<OsString>,
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
        !scenario.is_long() && (self.against.is_none() || scenario.suits_any_server())
    }

    /// The program to start.
    pub(crate) fn program(&self) -> Result<&Path> {
        let program = self.arcp.as_deref().map(Path::new);
        Ok(program.ok_or("say which `arcp` to start: `--arcp FILE`, or ARCP_BIN")?)
    }
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
        for bad in [&["bench", "ehco"][..], &["bench", "--runs", "0"], &["bench", "--token", "t"]] {
            assert!(Options::try_parse_from(bad).is_err(), "{bad:?}");
        }
    }
}
