//! A host for one job: keeps what the agent says and answers what it asks by its lease.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use arcp::agent::port::{Brief, Port, Report, ReportKind, Room, Signals};
use arcp::agent::{Fault, JobContext, JobId, Json, Lease, Outcome};
use arcp::core::{AgentRef, Answer, Completion, Event, Question, Timestamp};
use tokio::sync::{mpsc, watch};

use super::builtin;

/// What the job may do, and when it is asked to end.
pub(super) struct Host {
    lease: Lease,
    cancel_after: Option<(Duration, String)>,
    cancel_when: Trigger,
}

type Trigger = Box<dyn FnMut(&ReportKind) -> Option<String> + Send>;

/// What came of a job.
#[derive(Debug)]
pub(super) struct Run {
    /// What the agent said.
    pub(super) events: Vec<Event>,
    /// What it asked leave for.
    pub(super) asked: Vec<String>,
    /// How it ended.
    pub(super) end: Result<Outcome, Fault>,
}

impl Default for Host {
    fn default() -> Self {
        Self::new(Lease::default())
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host").field("lease", &self.lease).finish_non_exhaustive()
    }
}

impl Host {
    /// A host of a job with `lease`.
    pub(super) fn new(lease: Lease) -> Self {
        Self { lease, cancel_after: None, cancel_when: Box::new(|_| None) }
    }

    /// Asks the job to end `ms` after its start; for tests that pause the clock.
    pub(super) fn cancel_after(mut self, ms: u64, reason: &str) -> Self {
        self.cancel_after = Some((Duration::from_millis(ms), reason.to_owned()));
        self
    }

    /// Asks the job to end when `when` gives a reason.
    pub(super) fn cancel_when(
        mut self,
        when: impl FnMut(&ReportKind) -> Option<String> + Send + 'static,
    ) -> Self {
        self.cancel_when = Box::new(when);
        self
    }

    /// Runs the built-in agent `name` on `input` to its end.
    pub(super) async fn run(self, name: &str, input: &str) -> Run {
        let (_, _, agent) = builtin().into_iter().find(|(n, _, _)| *n == name).unwrap();
        let (tell, signals) = watch::channel(Signals::default());
        let (reports, inbox) = mpsc::channel(16);
        let job = JobContext::new(Port {
            brief: Arc::new(brief(name, &self.lease)),
            reports,
            room: Room::new(1 << 20),
            artifact_room: Room::new(1 << 20),
            signals,
        });
        let work = agent.run(job, Json::parse(input).unwrap());
        let later = cancel_later(self.cancel_after.clone(), tell.clone());
        let (end, (events, asked), ()) = tokio::join!(work, self.collect(inbox, tell), later);
        Run { events, asked, end }
    }

    async fn collect(
        mut self,
        mut inbox: mpsc::Receiver<Report>,
        tell: watch::Sender<Signals>,
    ) -> (Vec<Event>, Vec<String>) {
        let (mut events, mut asked) = (Vec::new(), Vec::new());
        while let Some(report) = inbox.recv().await {
            if let Some(reason) = (self.cancel_when)(&report.kind) {
                tell.send_modify(|signals| signals.cancel(reason));
            }
            match report.kind {
                ReportKind::Emit(event) => events.push(event),
                ReportKind::Ask { question: Question::Authorize(operation), answer } => {
                    asked.push(operation.target().to_owned());
                    let now = Timestamp::from_micros(0);
                    let verdict = self.lease.authorize(&operation, &self.lease.budget, now);
                    answer.send(verdict.map(|()| Answer::Authorized)).unwrap();
                }
                ReportKind::Ask { question, .. } => panic!("nobody answers {question:?}"),
                ReportKind::Delegate { delegation, .. } => panic!("nobody does {delegation:?}"),
                ReportKind::Ended(end) => panic!("only the host says {end:?}"),
            }
        }
        (events, asked)
    }
}

impl Run {
    /// The result's text.
    pub(super) fn value_text(&self) -> String {
        match self.end.clone().unwrap().into_completion() {
            Completion::Inline(json) => json.to_string(),
            other @ Completion::Streamed { .. } => panic!("{other:?}"),
        }
    }

    /// The result.
    pub(super) fn value(&self) -> serde_json::Value {
        serde_json::from_str(&self.value_text()).unwrap()
    }

    /// The fault that it ended with.
    pub(super) fn fault(&self) -> Fault {
        self.end.clone().unwrap_err()
    }
}

async fn cancel_later(when: Option<(Duration, String)>, tell: watch::Sender<Signals>) {
    if let Some((span, reason)) = when {
        tokio::time::sleep(span).await; // tidy: sleep because who uses it has paused the clock
        tell.send_modify(|signals| signals.cancel(reason));
    }
}

fn brief(agent: &str, lease: &Lease) -> Brief {
    Brief {
        job: JobId::parse("job_1").unwrap(),
        agent: AgentRef::parse(agent).unwrap(),
        lease: lease.clone(),
        trace: None,
        credentials: Vec::new(),
        attempt: 1,
        checkpoint: None,
        checkpoint_bytes: 1 << 10,
        event_bytes: (1 << 20) - 4_096,
        chunk_bytes: 512 << 10,
        result_bytes: 256 << 20,
    }
}
