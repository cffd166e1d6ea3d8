//! The line that is printed of a scenario's runs.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::dialect::Dialect;
use crate::failure::Result;
use crate::machine::Place;
use crate::scenario::{Load, Scenario, millis};

/// One run and what it cost.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) load: Load,
    pub(crate) client_cpu: Duration,
    /// None of a server that is not ours.
    pub(crate) server_cpu: Option<Duration>,
    pub(crate) server_rss_kib: Option<u64>,
    /// A bound that it did not keep, as a sentence.
    pub(crate) breach: Option<String>,
}

/// All runs of a scenario. What is not said to be otherwise is the median of its runs.
#[derive(Debug, Serialize)]
pub(crate) struct Report<'a> {
    name: &'static str,
    /// What was loaded.
    runtime: &'a str,
    dialect: &'static str,
    unit: &'static str,
    runs: usize,
    median: f64,
    min: f64,
    max: f64,
    /// The jobs of all runs, or what stands for them; from asking for each to its last event.
    jobs: usize,
    p50_ms: f64,
    p99_ms: f64,
    server_cpu_s: Option<f64>,
    client_cpu_s: f64,
    /// The highest of all runs.
    server_peak_rss_kib: Option<u64>,
    /// Without the headers of the transport.
    bytes_received: u64,
    bytes_sent: u64,
    /// What else the scenario tells.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    figures: BTreeMap<String, f64>,
    commit: &'a str,
    machine: &'a str,
}

impl<'a> Report<'a> {
    pub(crate) fn of(
        scenario: Scenario,
        runtime: &'a str,
        dialect: Dialect,
        runs: &[Run],
        place: &'a Place,
    ) -> Result<Self> {
        let measured = Sorted::of_floats(runs.iter().map(|run| run.load.figure))?;
        let latencies = runs.iter().flat_map(|run| &run.load.latencies);
        let latencies = Sorted::of(latencies.copied())?;
        let server_cpu = Sorted::of(runs.iter().map(|run| run.server_cpu))?.at(50);
        Ok(Self {
            name: scenario.name(),
            runtime,
            dialect: dialect.name(),
            unit: scenario.unit(),
            runs: runs.len(),
            median: rounded(measured.at(50)),
            min: rounded(measured.at(0)),
            max: rounded(measured.at(100)),
            jobs: latencies.len(),
            p50_ms: millis(latencies.at(50)),
            p99_ms: millis(latencies.at(99)),
            server_cpu_s: server_cpu.map(seconds),
            client_cpu_s: seconds(Sorted::of(runs.iter().map(|run| run.client_cpu))?.at(50)),
            server_peak_rss_kib: runs.iter().filter_map(|run| run.server_rss_kib).max(),
            bytes_received: Sorted::of(runs.iter().map(|run| run.load.bytes.received))?.at(50),
            bytes_sent: Sorted::of(runs.iter().map(|run| run.load.bytes.sent))?.at(50),
            figures: figures(runs)?,
            commit: &place.commit,
            machine: &place.machine,
        })
    }

    pub(crate) fn line(&self) -> Result<String> {
        Ok(serde_json::to_string(self)?)
    }
}

/// The median of each of the further figures.
fn figures(runs: &[Run]) -> Result<BTreeMap<String, f64>> {
    let mut all = BTreeMap::<_, Vec<f64>>::new();
    for (name, figure) in runs.iter().flat_map(|run| &run.load.figures) {
        all.entry(name.clone()).or_default().push(*figure);
    }
    let median = |figures: Vec<f64>| Sorted::of_floats(figures.into_iter()).map(|all| all.at(50));
    all.into_iter().map(|(name, figures)| Ok((name, rounded(median(figures)?)))).collect()
}

fn seconds(time: Duration) -> f64 {
    rounded(time.as_secs_f64())
}

/// To three places.
fn rounded(figure: f64) -> f64 {
    (figure * 1e3).round() / 1e3
}

/// Figures in order; there is always one.
#[derive(Debug)]
pub(crate) struct Sorted<T> {
    least: T,
    all: Vec<T>,
}

impl<T: Ord + Copy> Sorted<T> {
    pub(crate) fn of(figures: impl Iterator<Item = T>) -> Result<Self> {
        Self::by(figures, T::cmp)
    }
}

impl Sorted<f64> {
    pub(crate) fn of_floats(figures: impl Iterator<Item = f64>) -> Result<Self> {
        Self::by(figures, f64::total_cmp)
    }
}

impl<T: Copy> Sorted<T> {
    fn by(figures: impl Iterator<Item = T>, order: fn(&T, &T) -> Ordering) -> Result<Self> {
        let mut all: Vec<T> = figures.collect();
        all.sort_unstable_by(order);
        let least = *all.first().ok_or("nothing was measured")?;
        Ok(Self { least, all })
    }

    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    /// The least figure that so many of a hundred are not above.
    pub(crate) fn at(&self, percent: usize) -> T {
        let rank = self.all.len().saturating_mul(percent).div_ceil(100);
        self.all.get(rank.saturating_sub(1)).copied().unwrap_or(self.least)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::client::Bytes;

    #[test]
    fn figures_are_found_by_rank() {
        let sorted = Sorted::of([5, 1, 4, 2, 3].into_iter()).unwrap();
        assert_eq!([0, 20, 21, 50, 99, 100].map(|percent| sorted.at(percent)), [1, 1, 2, 3, 5, 5]);
        let hundred = Sorted::of(1..=100).unwrap();
        assert_eq!((hundred.at(50), hundred.at(99)), (50, 99));
        assert_eq!(Sorted::of([7].into_iter()).unwrap().at(50), 7);
        assert!(Sorted::of(std::iter::empty::<u8>()).is_err());
    }

    fn run(rate: u64, own: bool) -> Run {
        let bytes = Bytes { received: 10 * rate, sent: rate };
        let figure = f64::from(u32::try_from(rate).unwrap());
        let latencies = [rate, rate + 1].map(Duration::from_millis).to_vec();
        Run {
            load: Load {
                figure,
                latencies,
                bytes,
                figures: vec![("odd".to_owned(), figure + 0.5)],
            },
            client_cpu: Duration::from_millis(10),
            server_cpu: own.then_some(Duration::from_millis(20)),
            server_rss_kib: own.then_some(1_000 + rate),
            breach: None,
        }
    }

    fn reported(own: bool) -> Value {
        let runs = [3, 1, 2].map(|rate| run(rate, own));
        let place = Place { commit: "c0ffee".to_owned(), machine: "a machine".to_owned() };
        let report = Report::of(Scenario::Echo, "arcp", Dialect::Open, &runs, &place).unwrap();
        serde_json::from_str(&report.line().unwrap()).unwrap()
    }

    #[test]
    fn a_line_has_the_median_and_the_spread() {
        let want = json!({
            "name": "echo", "runtime": "arcp", "dialect": "open", "unit": "jobs/s", "runs": 3, "median": 2.0, "min": 1.0, "max": 3.0,
            "jobs": 6, "p50_ms": 2.0, "p99_ms": 4.0, "server_cpu_s": 0.02, "client_cpu_s": 0.01,
            "server_peak_rss_kib": 1_003, "bytes_received": 20, "bytes_sent": 2,
            "figures": {"odd": 2.5},
            "commit": "c0ffee", "machine": "a machine",
        });
        assert_eq!(reported(true), want);
    }

    #[test]
    fn a_server_that_is_not_ours_is_not_measured() {
        let line = reported(false);
        assert_eq!(
            (&line["server_cpu_s"], &line["server_peak_rss_kib"]),
            (&json!(null), &json!(null))
        );
    }
}
