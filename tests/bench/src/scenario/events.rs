//! The events of a job of the agent `emit`, each of them checked.

use std::time::Instant;

use serde::Serialize;

use super::rate;
use crate::client::Client;
use crate::dialect::{Heard, Job, What};
use crate::failure::Result;

/// What `emit` is asked for.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(super) struct Input {
    pub(super) n: u64,
    pub(super) delay_us: u64,
    pub(super) start_ms: u64,
}

/// The events so far: all of them once and in order, or the run has failed.
#[derive(Debug)]
pub(super) struct Events {
    want: u64,
    count: u64,
    last_seq: Option<u64>,
    first: Option<Instant>,
    last: Option<Instant>,
}

/// From the first event to the last.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub(super) first: Instant,
    pub(super) last: Instant,
}

impl Events {
    /// So many are to come.
    pub(super) fn new(want: u64) -> Self {
        Self { want, count: 0, last_seq: None, first: None, last: None }
    }

    /// Reads them to the end of the job.
    pub(super) async fn read(&mut self, client: &mut Client, job: &mut Job) -> Result<()> {
        while !client.hear(|heard| self.take(heard, job)).await? {}
        self.are_all()
    }

    /// Takes a frame; `true` when it ends the job.
    pub(super) fn take(&mut self, heard: &Heard<'_>, job: &mut Job) -> Result<bool> {
        if !job.is_of(heard) {
            return Ok(false);
        }
        if let What::Metric(value) = heard.what {
            self.add(value, heard.seq)?;
        }
        Ok(heard.what == What::Ended)
    }

    /// How many a second.
    pub(super) fn rate(&self) -> Result<f64> {
        let Span { first, last } = self.span()?;
        rate(self.count.saturating_sub(1), last - first)
    }

    pub(super) fn span(&self) -> Result<Span> {
        self.are_all()?;
        let (first, last) = self.first.zip(self.last).ok_or("no event came")?;
        Ok(Span { first, last })
    }

    fn are_all(&self) -> Result<()> {
        if self.count == self.want {
            return Ok(());
        }
        Err(format!("{} events of {} came", self.count, self.want).into())
    }

    fn add(&mut self, value: f64, seq: Option<u64>) -> Result<()> {
        let want = u32::try_from(self.count)?;
        if (value - f64::from(want)).abs() > f64::EPSILON {
            return Err(format!("event {value} came where {want} is due").into());
        }
        let seq = seq.ok_or("an event without a number")?;
        if self.last_seq.is_some_and(|last| last + 1 != seq) {
            return Err(format!("number {seq} came behind {:?}", self.last_seq).into());
        }
        self.last_seq = Some(seq);
        self.count += 1;
        if self.count == 1 {
            self.first = Some(Instant::now());
        }
        if self.count == self.want {
            self.last = Some(Instant::now());
        }
        Ok(())
    }
}

impl Span {
    /// From the first event of all to the last of all.
    pub(super) fn of_all(spans: impl IntoIterator<Item = Self>) -> Result<Self> {
        let joined = spans.into_iter().reduce(|one, other| Self {
            first: one.first.min(other.first),
            last: one.last.max(other.last),
        });
        Ok(joined.ok_or("no event came")?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::Dialect;

    fn take(events: &mut Events, text: &str) -> Result<bool> {
        events.take(&Dialect::Open.read(text)?, &mut Job::asked("m".to_owned()))
    }

    fn take_event(events: &mut Events, seq: u64, value: &str) -> Result<bool> {
        let text = format!(
            r#"{{"type":"metric","correlation_id":"m","event_seq":{seq},"payload":{{"value":{value}}}}}"#
        );
        take(events, &text)
    }

    #[test]
    fn each_event_comes_once_and_in_order() {
        let mut events = Events::new(4);
        for (seq, value) in [(3, "0"), (4, "1.0"), (5, "2")] {
            assert!(!take_event(&mut events, seq, value).unwrap());
        }
        for (seq, value) in [(5, "2"), (6, "4"), (7, "3"), (6, "2")] {
            assert!(take_event(&mut events, seq, value).is_err(), "{seq}: {value}");
        }
        assert!(events.rate().is_err(), "one is missing");
        take_event(&mut events, 6, "3").unwrap();
        events.are_all().unwrap();
    }

    #[test]
    fn others_do_not_count() {
        let mut events = Events::new(0);
        let other = r#"{"type":"metric","correlation_id":"o","payload":{"value":7}}"#;
        assert!(!take(&mut events, other).unwrap());
        let end = r#"{"type":"job.completed","correlation_id":"m","payload":{}}"#;
        assert!(take(&mut events, end).unwrap());
        assert!(take(&mut events, &end.replace("completed", "failed")).is_err());
    }

    #[test]
    fn spans_are_joined_at_their_ends() {
        let now = Instant::now();
        let at = |millis| now + std::time::Duration::from_millis(millis);
        let span = |first, last| Span { first: at(first), last: at(last) };
        let all = Span::of_all([span(2, 5), span(1, 4), span(3, 9)]).unwrap();
        assert_eq!((all.first, all.last), (at(1), at(9)));
        assert!(Span::of_all([]).is_err());
    }
}
