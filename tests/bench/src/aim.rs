//! What is measured of a run, and what it is to come to.

use crate::failure::Result;
use crate::report::{Run, Sorted};
use crate::scenario::{Scenario, millis, percentile};

/// One number of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Measure {
    /// The one of the scenario, in its unit.
    Figure,
    /// Of its latencies.
    P50,
    P99,
}

/// What a measure is to be, by its median.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

/// A measure of a scenario, with what it is to be if that is said.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Aim {
    pub(crate) of: Measure,
    pub(crate) bound: Option<Bound>,
}

impl Measure {
    pub(crate) fn unit(self, scenario: Scenario) -> &'static str {
        match (self, scenario) {
            (Self::Figure, _) => scenario.unit(),
            (Self::P50, _) => "ms a job (p50)",
            (Self::P99, Scenario::Idle) => "ms a ping (p99)",
            (Self::P99, _) => "ms a job (p99)",
        }
    }

    fn of(self, run: &Run) -> Result<f64> {
        let latency = |percent| percentile(&run.load.latencies, percent).map(millis);
        match self {
            Self::Figure => Ok(run.load.figure),
            Self::P50 => latency(50),
            Self::P99 => latency(99),
        }
    }

    /// That of each run, in order.
    pub(crate) fn of_all(self, runs: &[Run]) -> Result<Sorted<f64>> {
        let figures = runs.iter().map(|run| self.of(run)).collect::<Result<Vec<_>>>()?;
        Sorted::of_floats(figures.into_iter())
    }
}

impl Bound {
    pub(crate) fn is_kept_by(self, figure: f64) -> bool {
        match self {
            Self::AtLeast(least) => figure >= least,
            Self::AtMost(most) => figure <= most,
        }
    }
}

/// The aims of a scenario, or what is shown of one without.
pub(crate) fn aims(scenario: Scenario) -> Vec<Aim> {
    let aim = |of, bound| Aim { of, bound: Some(bound) };
    match scenario {
        Scenario::Echo => vec![aim(Measure::P50, Bound::AtMost(0.75))],
        Scenario::EchoProcess => vec![aim(Measure::P50, Bound::AtMost(0.35))],
        Scenario::Pool => vec![aim(Measure::Figure, Bound::AtLeast(20e3))],
        Scenario::Emit | Scenario::EmitMany => {
            vec![aim(Measure::Figure, Bound::AtLeast(150e3))]
        }
        Scenario::Emit8 => vec![aim(Measure::Figure, Bound::AtLeast(200e3))],
        Scenario::Watch | Scenario::Replay => {
            vec![aim(Measure::Figure, Bound::AtLeast(300e3))]
        }
        Scenario::Chunks => vec![aim(Measure::Figure, Bound::AtLeast(500.0))],
        Scenario::Idle => {
            vec![aim(Measure::Figure, Bound::AtMost(16.0)), aim(Measure::P99, Bound::AtMost(5.0))]
        }
        Scenario::Grow => vec![aim(Measure::Figure, Bound::AtMost(120.0))],
        Scenario::ChunksBase64 | Scenario::Recover | Scenario::Slow => {
            vec![Aim { of: Measure::Figure, bound: None }]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_kept_up_to_themselves() {
        assert!(Bound::AtLeast(2.0).is_kept_by(2.0) && !Bound::AtLeast(2.0).is_kept_by(1.9));
        assert!(Bound::AtMost(2.0).is_kept_by(2.0) && !Bound::AtMost(2.0).is_kept_by(2.1));
    }
}
