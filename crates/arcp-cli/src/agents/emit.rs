//! `emit {"n", "pad", "kind", "delay_us", "start_ms"}`: says many events, for loads and tests.
//!
//! A frame has some 300 bytes before its padding; event `i`, from 0, carries `i`.

use std::time::Duration;

use arcp::agent::{Fault, JobContext, Json, LogLevel, Outcome, Progress};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::{input, waiting};

/// Does one job; see the module.
pub(super) async fn run(job: JobContext, input: Json) -> Result<Outcome, Fault> {
    let input: Input = input::read(&input)?;
    input::at_most("n", input.n, MAX_EVENTS)?;
    input::at_most("pad", input.pad as u64, MAX_PAD as u64)?;
    if input.start_ms > 0 {
        waiting::pause(&job, Duration::from_millis(input.start_ms)).await?;
    }
    let pad = Pad::new(input.pad)?;
    let pace = Pace::new(input.delay_us);
    for i in 0..input.n {
        pace.wait(&job, i).await?;
        input.kind.say(&job, i, input.n, &pad).await?;
    }
    Outcome::of(&Emitted { emitted: input.n })
}

/// What may be asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Input {
    /// How many events.
    n: u64,
    /// Bytes of padding in each.
    pad: usize,
    kind: Kind,
    /// From one event to the next.
    delay_us: u64,
    /// Before the first one.
    start_ms: u64,
}

impl Default for Input {
    fn default() -> Self {
        Self { n: 10, pad: 0, kind: Kind::Metric, delay_us: 0, start_ms: 0 }
    }
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Metric,
    Log,
    Progress,
}

impl Kind {
    async fn say(self, job: &JobContext, i: u64, n: u64, pad: &Pad) -> Result<(), Fault> {
        match (self, &pad.attributes) {
            (Self::Metric, None) => job.metric(METRIC, i, UNIT).await,
            (Self::Metric, Some(pad)) => job.metric_with(METRIC, i, UNIT, pad.clone()).await,
            (Self::Log, None) => job.log(LogLevel::Info, i.to_string()).await,
            (Self::Log, Some(pad)) => {
                job.log_with(LogLevel::Info, i.to_string(), pad.clone()).await
            }
            (Self::Progress, _) => job.progress(pad.progress(i, n)).await,
        }
    }
}

/// The padding, in the forms that events take.
#[derive(Debug)]
struct Pad {
    text: Option<String>,
    attributes: Option<Json>,
}

impl Pad {
    fn new(bytes: usize) -> Result<Self, Fault> {
        if bytes == 0 {
            return Ok(Self { text: None, attributes: None });
        }
        let text = "x".repeat(bytes);
        let attributes = Json::of(&Attributes { pad: &text }).map_err(Fault::internal)?;
        Ok(Self { text: Some(text), attributes: Some(attributes) })
    }

    fn progress(&self, i: u64, n: u64) -> Progress {
        Progress {
            current: i.into(),
            total: Some(n.into()),
            units: Some(UNIT.to_owned()),
            message: self.text.clone(),
        }
    }
}

/// When each event is due. Timers tick in milliseconds: events that are due within one tick go
/// out together, so that the rate is right in the long run.
#[derive(Debug)]
struct Pace {
    start: Instant,
    delay_us: u64,
}

impl Pace {
    fn new(delay_us: u64) -> Self {
        Self { start: Instant::now(), delay_us }
    }

    /// Waits until event `i` is due, or the job is asked to end.
    async fn wait(&self, job: &JobContext, i: u64) -> Result<(), Fault> {
        if self.delay_us == 0 || i == 0 {
            return waiting::check(job);
        }
        let offset = Duration::from_micros(self.delay_us.saturating_mul(i));
        match self.start.checked_add(offset) {
            Some(due) => waiting::pause_until(job, due).await,
            None => waiting::pause(job, offset).await,
        }
    }
}

#[derive(Serialize)]
struct Attributes<'a> {
    pad: &'a str,
}

#[derive(Serialize)]
struct Emitted {
    emitted: u64,
}

const METRIC: &str = "emit.tick";
const UNIT: &str = "ticks";
const MAX_EVENTS: u64 = 10_000_000;
/// Leaves room for the rest of a frame of 1 MiB.
const MAX_PAD: usize = 900 << 10;

#[cfg(test)]
mod tests {
    use arcp::agent::port::ReportKind;
    use arcp::agent::{Code, LogLevel};
    use arcp::core::Event;
    use serde_json::json;
    use tokio::time::{Duration, Instant};

    use crate::agents::testing::Host;

    #[tokio::test]
    async fn metrics_carry_their_number_and_the_padding() {
        let run = Host::default().run("emit", r#"{"n":3,"pad":5}"#).await;
        assert_eq!(run.value(), json!({"emitted": 3}));
        for (event, i) in run.events.iter().zip(0_u64..) {
            let Event::Metric { name, value, unit, dimensions } = event else {
                panic!("{event:?}");
            };
            assert_eq!((name.as_str(), *value), ("emit.tick", i.into()));
            assert_eq!(unit.as_deref(), Some("ticks"));
            let dimensions = dimensions.as_ref().unwrap();
            assert_eq!(dimensions.as_str(), r#"{"pad":"xxxxx"}"#);
        }
        assert_eq!(run.events.len(), 3);
    }

    #[tokio::test]
    async fn ten_plain_metrics_are_the_default() {
        for input in ["null", "{}"] {
            let run = Host::default().run("emit", input).await;
            assert_eq!(run.value(), json!({"emitted": 10}));
            assert!(
                run.events
                    .iter()
                    .all(|event| matches!(event, Event::Metric { dimensions: None, .. }))
            );
        }
    }

    #[tokio::test]
    async fn logs_and_progress_carry_their_number() {
        let run = Host::default().run("emit", r#"{"n":2,"kind":"log","pad":1}"#).await;
        let Event::Log { level, message, attributes: Some(attributes) } = &run.events[1] else {
            panic!("{:?}", run.events);
        };
        assert_eq!((*level, message.as_str()), (LogLevel::Info, "1"));
        assert_eq!(attributes.as_str(), r#"{"pad":"x"}"#);

        let run = Host::default().run("emit", r#"{"n":2,"kind":"progress","pad":2}"#).await;
        let Event::Progress(progress) = &run.events[1] else {
            panic!("{:?}", run.events);
        };
        assert_eq!(progress.current, 1_u64.into());
        assert_eq!(progress.message.as_deref(), Some("xx"));
    }

    #[tokio::test(start_paused = true)]
    async fn events_keep_their_pace() {
        let start = Instant::now();
        let input = r#"{"n":11,"delay_us":2500,"start_ms":100}"#;
        let run = Host::default().run("emit", input).await;
        assert_eq!(run.events.len(), 11);
        assert_eq!(start.elapsed(), Duration::from_millis(125));
    }

    #[tokio::test]
    async fn a_cancellation_ends_it_between_events() {
        let mut seen = 0;
        let host = Host::default().cancel_when(move |report| {
            seen += u32::from(matches!(report, ReportKind::Emit(_)));
            (seen == 5).then(|| "enough".to_owned())
        });
        let run = host.run("emit", r#"{"n":1000000}"#).await;
        let fault = run.fault();
        assert_eq!((fault.code, fault.message.as_str()), (Code::Cancelled, "enough"));
        assert!(run.events.len() < 200, "{}", run.events.len());
    }

    #[tokio::test(start_paused = true)]
    async fn a_cancellation_ends_its_waits() {
        for input in [r#"{"start_ms":86400000}"#, r#"{"delay_us":86400000000}"#] {
            let start = Instant::now();
            let run = Host::default().cancel_after(10, "late").run("emit", input);
            let fault = run.await.fault();
            assert_eq!(fault.message, "late");
            assert!(start.elapsed() < Duration::from_secs(1));
        }
    }

    #[tokio::test]
    async fn bad_inputs_are_refused_by_field() {
        for (input, field) in [
            (r#"{"n":-1}"#, "`n`"),
            (r#"{"n":10000001}"#, "`n`"),
            (r#"{"pad":921601}"#, "`pad`"),
            (r#"{"kind":"cost"}"#, "`kind`"),
            (r#"{"delay_us":0.5}"#, "`delay_us`"),
            (r#"{"start_ms":"1"}"#, "`start_ms`"),
            (r#"{"count":1}"#, "`count`"),
        ] {
            let fault = Host::default().run("emit", input).await.fault();
            assert_eq!(fault.code, Code::InvalidArgument);
            assert!(fault.message.contains(field), "{}", fault.message);
        }
    }
}
