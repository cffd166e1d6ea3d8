//! How often a survey says how far it has come.

use std::time::Duration;

use arcp::agent::{Fault, JobContext, Progress};
use tokio::time::Instant;

/// Says how many files are done: at the start, at most every 50 ms and every hundredth of the
/// whole, and at the end.
#[derive(Debug)]
pub(super) struct Reporter {
    job: JobContext,
    /// As counted before; more may turn up.
    total: u64,
    done: u64,
    said: u64,
    said_at: Instant,
}

impl Reporter {
    /// Starts at zero of `total`.
    pub(super) async fn start(job: &JobContext, total: u64) -> Result<Self, Fault> {
        let mut reporter =
            Self { job: job.clone(), total, done: 0, said: 0, said_at: Instant::now() };
        if total > 0 {
            reporter.say(None).await?;
        }
        Ok(reporter)
    }

    /// One more file is done, the one at `path`.
    pub(super) async fn file_done(&mut self, path: String) -> Result<(), Fault> {
        self.done += 1;
        self.total = self.total.max(self.done);
        let step = (self.total / 100).max(1);
        let is_due = self.said_at.elapsed() >= INTERVAL && self.done - self.said >= step;
        // The last one is left to `finish`.
        if is_due && self.done < self.total {
            self.say(Some(path)).await?;
        }
        Ok(())
    }

    /// All files are done.
    pub(super) async fn finish(mut self) -> Result<(), Fault> {
        self.total = self.done;
        self.say(None).await
    }

    async fn say(&mut self, message: Option<String>) -> Result<(), Fault> {
        self.said = self.done;
        self.said_at = Instant::now();
        let progress = Progress {
            current: self.done.into(),
            total: Some(self.total.into()),
            units: Some("files".to_owned()),
            message,
        };
        self.job.progress(progress).await
    }
}

const INTERVAL: Duration = Duration::from_millis(50);

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arcp::agent::port::{Brief, Port, Report, ReportKind, Room, Signals};
    use arcp::agent::{AgentRef, JobContext, JobId, Lease};
    use arcp::core::Event;
    use tokio::sync::{mpsc, watch};
    use tokio::time::{Duration, advance};

    use super::Reporter;

    /// A job's context, what it says, and the signal that is kept while the job lives.
    fn job() -> (JobContext, mpsc::Receiver<Report>, watch::Sender<Signals>) {
        let (reports, inbox) = mpsc::channel(1_000);
        let brief = Brief {
            event_bytes: 1 << 20,
            job: JobId::parse("job_1").unwrap(),
            agent: AgentRef::parse("survey").unwrap(),
            lease: Lease::default(),
            trace: None,
            credentials: Vec::new(),
            attempt: 1,
            checkpoint: None,
            checkpoint_bytes: 1 << 10,
            chunk_bytes: 0,
            result_bytes: 0,
        };
        let (tell, signals) = watch::channel(Signals::default());
        let (room, artifact_room) = (Room::new(1 << 20), Room::new(1 << 20));
        let port = Port { brief: Arc::new(brief), reports, room, artifact_room, signals };
        (JobContext::new(port), inbox, tell)
    }

    /// What is said when `files` take `pace` each, of `total` that were counted.
    async fn said(total: u64, files: u64, pace: Duration) -> Vec<String> {
        let (job, mut inbox, _cancel) = job();
        let mut reporter = Reporter::start(&job, total).await.unwrap();
        for _ in 0..files {
            advance(pace).await;
            reporter.file_done("x".to_owned()).await.unwrap();
        }
        reporter.finish().await.unwrap();
        drop(job);
        let mut said = Vec::new();
        while let Some(report) = inbox.recv().await {
            if let ReportKind::Emit(Event::Progress(p)) = report.kind {
                said.push(format!("{}/{}", p.current, p.total.unwrap()));
            }
        }
        said
    }

    #[tokio::test(start_paused = true)]
    async fn fast_files_are_said_every_50_ms() {
        let said = said(100, 100, Duration::from_millis(20)).await;
        assert_eq!(said[..3], ["0/100", "3/100", "6/100"]);
        assert_eq!(said.last().unwrap(), "100/100");
        assert_eq!(said.len(), 35);
    }

    #[tokio::test(start_paused = true)]
    async fn slow_files_are_said_every_hundredth() {
        let said = said(1_000, 1_000, Duration::from_secs(1)).await;
        assert_eq!(said[..3], ["0/1000", "10/1000", "20/1000"]);
        assert_eq!(said.len(), 101);
    }

    #[tokio::test(start_paused = true)]
    async fn a_count_that_was_wrong_is_put_right() {
        let more = said(2, 4, Duration::from_secs(1)).await;
        assert_eq!(more, ["0/2", "1/2", "4/4"]);
        let less = said(4, 2, Duration::from_secs(1)).await;
        assert_eq!(less, ["0/4", "1/4", "2/4", "2/2"]);
    }
}
