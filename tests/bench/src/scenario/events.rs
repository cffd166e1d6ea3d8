//! The events of a job of the agent `emit`, each of them checked.

use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::rate;
use crate::client::Client;
use crate::failure::Result;
use crate::message::{Answer, JobHas};

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
    first_and_last: Option<(Instant, Instant)>,
}

impl Events {
    /// So many are to come.
    pub(super) fn new(want: u64) -> Self {
        Self { want, count: 0, last_seq: None, first_and_last: None }
    }

    /// Reads them to the end of the job that was asked for so.
    pub(super) async fn read(&mut self, client: &mut Client, id: &str) -> Result<()> {
        while !self.take(&client.next().await?, id)? {}
        self.are_all()
    }

    /// Takes a frame; `true` when it ends the job that was asked for so.
    pub(super) fn take(&mut self, text: &str, id: &str) -> Result<bool> {
        let answer = Answer::read(text)?;
        if !answer.answers(id) {
            return Ok(false);
        }
        if answer.kind != "metric" {
            return Ok(answer.job_has()? == JobHas::Ended);
        }
        self.add(&answer)?;
        Ok(false)
    }

    /// From the first to the last.
    pub(super) fn rate(&self) -> Result<u64> {
        self.are_all()?;
        let (first, last) = self.first_and_last.ok_or("no event came")?;
        rate(usize::try_from(self.count.saturating_sub(1))?, last - first)
    }

    pub(super) fn are_all(&self) -> Result<()> {
        if self.count == self.want {
            return Ok(());
        }
        Err(format!("{} events of {} came", self.count, self.want).into())
    }

    fn add(&mut self, answer: &Answer<'_>) -> Result<()> {
        let Metric { value } = answer.payload()?;
        let want = u32::try_from(self.count)?;
        if (value - f64::from(want)).abs() > f64::EPSILON {
            return Err(format!("event {value} came where {want} is due").into());
        }
        let seq = answer.event_seq.ok_or("an event without a number")?;
        if self.last_seq.is_some_and(|last| last + 1 != seq) {
            return Err(format!("number {seq} came behind {:?}", self.last_seq).into());
        }
        let now = Instant::now();
        let (first, _) = self.first_and_last.unwrap_or((now, now));
        self.first_and_last = Some((first, now));
        self.last_seq = Some(seq);
        self.count += 1;
        Ok(())
    }
}

#[derive(Deserialize)]
struct Metric {
    value: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(events: &mut Events, seq: u64, value: &str) -> Result<bool> {
        let text = format!(
            r#"{{"type":"metric","correlation_id":"m","event_seq":{seq},"payload":{{"value":{value}}}}}"#
        );
        events.take(&text, "m")
    }

    #[test]
    fn each_event_comes_once_and_in_order() {
        let mut events = Events::new(4);
        for (seq, value) in [(3, "0"), (4, "1.0"), (5, "2")] {
            assert!(!take(&mut events, seq, value).unwrap());
        }
        for (seq, value) in [(5, "2"), (6, "4"), (7, "3"), (6, "2")] {
            assert!(take(&mut events, seq, value).is_err(), "{seq}: {value}");
        }
        assert!(events.rate().is_err(), "one is missing");
        take(&mut events, 6, "3").unwrap();
        events.are_all().unwrap();
    }

    #[test]
    fn others_do_not_count() {
        let mut events = Events::new(0);
        let other = r#"{"type":"metric","correlation_id":"o","payload":{"value":7}}"#;
        assert!(!events.take(other, "m").unwrap());
        let end = r#"{"type":"job.completed","correlation_id":"m","payload":{}}"#;
        assert!(events.take(end, "m").unwrap());
        assert!(events.take(&end.replace("completed", "failed"), "m").is_err());
    }
}
