//! Pages: the bodies of stream records, made of what one batch adds to one stream.

use std::borrow::Cow;
use std::sync::Arc;

use arcp_core::{
    Encoded, Event, JobEvent, JobHead, JobId, MessageId, Priority, Record, SessionId, Timestamp,
    TraceId,
};
use serde::{Deserialize, Serialize};

use super::event::Line;
use super::fact::read;
use super::lines::{Lines, lines};
use super::{RecordError, VERSION, check_version, event_id};

/// A page of a job's events, being written: a head line, then a line an event.
#[derive(Debug)]
pub struct JobPage(Lines);

impl JobPage {
    /// An empty page that starts at `index`.
    pub fn new(head: &JobHead, index: u64) -> Result<Self, RecordError> {
        let line = Head {
            v: VERSION,
            request: head.request.as_str().into(),
            session: head.session.as_ref().map(|session| session.as_str().into()),
            trace: head.trace.as_ref().map(|trace| trace.as_str().into()),
            priority: priority_text(head.priority),
        };
        Lines::new("job page", index, &line).map(Self)
    }

    /// Adds the next event and returns how many bytes it took.
    pub fn push(&mut self, at: Timestamp, event: &Event) -> Result<usize, RecordError> {
        self.0.push(&Line::of(at, event))
    }

    /// How many bytes it has.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it has no event.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The page as a record.
    pub fn into_record(self) -> Record {
        self.0.into_record()
    }
}

/// Reads the events of a job's page that come after `after`, each with its index.
pub fn read_job_page(
    job: &JobId,
    record: &Record,
    after: u64,
) -> Result<Vec<(u64, JobEvent)>, RecordError> {
    let mut lines = lines(record);
    let head: Head<'_> = read("job page", lines.next().unwrap_or_default())?;
    check_version("job page", head.v)?;
    let head = Arc::new(JobHead {
        job: job.clone(),
        request: MessageId::parse(&head.request)
            .map_err(|error| RecordError::new("job page", error))?,
        session: head.session.and_then(|session| SessionId::parse(&session).ok()),
        trace: head.trace.and_then(|trace| TraceId::parse(&trace).ok()),
        priority: priority(head.priority.as_deref()),
    });
    let end = record.first.saturating_add(u64::from(record.span));
    let wanted = end.saturating_sub(record.first.max(after.saturating_add(1)));
    // No more than the lines that the body can hold, however large a damaged span is.
    let room = usize::try_from(wanted).unwrap_or(usize::MAX).min(record.body.len() / LINE_BYTES);
    let mut events = Vec::with_capacity(room);
    let mut index = record.first;
    for line in lines {
        if index > after {
            let line: Line<'_> = read("event", line)?;
            let (at, event) = line.into_event()?;
            let id = event_id(job, index, at);
            let head = Arc::clone(&head);
            events.push((index, JobEvent { head, id, at, event, encoded: Encoded::default() }));
        }
        index += 1;
    }
    if index == record.first + u64::from(record.span) {
        Ok(events)
    } else {
        Err(RecordError::new("job page", "the number of lines is not the span"))
    }
}

/// When the last event of a job's page was said.
pub fn last_said(record: &Record) -> Result<Timestamp, RecordError> {
    let line: Line<'_> = read("event", lines(record).next_back().unwrap_or_default())?;
    Ok(line.at())
}

/// Consecutive numbers of a session that point at consecutive events of one job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The job.
    pub job: JobId,
    /// The index of the first event in the job.
    pub index: u64,
    /// How many.
    pub count: u32,
}

impl Run {
    /// The events of a job from `first` to `last`.
    pub fn between(job: JobId, first: u64, last: u64) -> Self {
        let count = u32::try_from((last + 1).saturating_sub(first)).unwrap_or(u32::MAX);
        Self { job, index: first, count }
    }

    /// The part that begins with the event at `index`.
    #[must_use]
    pub fn from(self, index: u64) -> Self {
        let gone = index.saturating_sub(self.index).min(u64::from(self.count));
        let count = self.count - u32::try_from(gone).unwrap_or(self.count);
        Self { index: self.index + gone, count, ..self }
    }

    /// The part that comes before the event at `index`.
    #[must_use]
    pub fn before(self, index: u64) -> Self {
        let room = u32::try_from(index.saturating_sub(self.index)).unwrap_or(u32::MAX);
        Self { count: self.count.min(room), ..self }
    }
}

/// A page of a session's pointers, being written.
#[derive(Debug)]
pub struct SessionPage {
    first: u64,
    span: u32,
    runs: Vec<Run>,
}

impl SessionPage {
    /// An empty page that starts at `seq`.
    pub fn new(seq: u64) -> Self {
        Self { first: seq, span: 0, runs: Vec::new() }
    }

    /// Adds the next pointer.
    pub fn push(&mut self, job: &JobId, index: u64) {
        self.push_run(job, index, 1);
    }

    /// Adds pointers to `count` events of a job, from `index` on; `false` when the page cannot take
    /// as many more.
    pub fn push_run(&mut self, job: &JobId, index: u64, count: u32) -> bool {
        let Some(span) = self.span.checked_add(count) else { return false };
        self.span = span;
        match self.runs.last_mut() {
            Some(run) if run.job == *job && run.index + u64::from(run.count) == index => {
                run.count += count;
            }
            _ => self.runs.push(Run { job: job.clone(), index, count }),
        }
        true
    }

    /// The page as a record.
    pub fn into_record(self) -> Result<Record, RecordError> {
        let runs = self.runs.iter().map(|r| (r.job.as_str().into(), r.index, r.count)).collect();
        let body = serde_json::to_vec(&StoredRuns { v: VERSION, runs })
            .map_err(|error| RecordError::new("session page", error))?;
        Ok(Record { first: self.first, span: self.span, body: body.into() })
    }
}

/// Reads the runs of a session's page, each with the number it starts at.
pub fn read_session_page(record: &Record) -> Result<Vec<(u64, Run)>, RecordError> {
    let stored: StoredRuns<'_> = read("session page", &record.body)?;
    check_version("session page", stored.v)?;
    let mut seq = record.first;
    let mut runs = Vec::with_capacity(stored.runs.len());
    for (job, index, count) in stored.runs {
        let job = JobId::parse(&job).map_err(|error| RecordError::new("session page", error))?;
        runs.push((seq, Run { job, index, count }));
        seq += u64::from(count);
    }
    if seq == record.first + u64::from(record.span) {
        Ok(runs)
    } else {
        Err(RecordError::new("session page", "the runs do not add up to the span"))
    }
}

#[derive(Serialize, Deserialize)]
struct Head<'a> {
    v: u32,
    #[serde(borrow)]
    request: Cow<'a, str>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    session: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    trace: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    priority: Option<Cow<'a, str>>,
}

/// A priority as it is stored: nothing when it is like most.
pub(super) fn priority_text(priority: Priority) -> Option<Cow<'static, str>> {
    (priority != Priority::default()).then(|| priority.as_str().into())
}

/// Reads a stored priority.
pub(super) fn priority(text: Option<&str>) -> Priority {
    text.and_then(Priority::parse).unwrap_or_default()
}

#[derive(Serialize, Deserialize)]
struct StoredRuns<'a> {
    v: u32,
    #[serde(borrow)]
    runs: Vec<(Cow<'a, str>, u64, u32)>,
}

/// What a line of an event takes at least.
const LINE_BYTES: usize = 16;
