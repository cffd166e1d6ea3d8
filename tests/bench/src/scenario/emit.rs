//! `emit`: one job with many events, to one client that checks each of them.

use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::{Load, rate};
use crate::client::Client;
use crate::failure::Result;
use crate::message::{Answer, JobHas};
use crate::server::Server;

pub(super) async fn load(server: &Server) -> Result<Load> {
    let mut client = Client::open(server).await?;
    let asked = Instant::now();
    let id = client.invoke("emit", Input { n: EVENTS }).await?;
    let mut events = Events::default();
    loop {
        let text = client.next().await?;
        let answer = Answer::read(&text)?;
        if !answer.answers(&id) {
            continue;
        }
        if answer.kind == "metric" {
            events.take(&answer)?;
        } else if answer.job_has()? == JobHas::Ended {
            break;
        }
    }
    let latencies = vec![asked.elapsed()];
    let bytes = client.bytes;
    client.close().await?;
    Ok(Load { rate: events.rate()?, latencies, bytes })
}

/// The events so far: all of them once and in order, or the run has failed.
#[derive(Debug, Default)]
struct Events {
    count: usize,
    last_seq: Option<u64>,
    first_and_last: Option<(Instant, Instant)>,
}

impl Events {
    fn take(&mut self, answer: &Answer<'_>) -> Result<()> {
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

    /// From the first to the last.
    fn rate(&self) -> Result<u64> {
        if u64::try_from(self.count)? != EVENTS {
            return Err(format!("{} events of {EVENTS} came", self.count).into());
        }
        let (first, last) = self.first_and_last.ok_or("no event came")?;
        rate(self.count.saturating_sub(1), last - first)
    }
}

#[derive(Serialize)]
struct Input {
    n: u64,
}

#[derive(Deserialize)]
struct Metric {
    value: f64,
}

const EVENTS: u64 = 20_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn take(events: &mut Events, seq: u64, value: &str) -> Result<()> {
        let text = format!(
            r#"{{"type":"metric","event_seq":{seq},"payload":{{"name":"m","value":{value}}}}}"#
        );
        events.take(&Answer::read(&text)?)
    }

    #[test]
    fn each_event_comes_once_and_in_order() {
        let mut events = Events::default();
        for (seq, value) in [(3, "0"), (4, "1.0"), (5, "2")] {
            take(&mut events, seq, value).unwrap();
        }
        for (seq, value) in [(5, "2"), (6, "4"), (7, "3"), (6, "2")] {
            assert!(take(&mut events, seq, value).is_err(), "{seq}: {value}");
        }
        assert!(events.rate().is_err(), "some are missing");
        take(&mut events, 6, "3").unwrap();
    }
}
