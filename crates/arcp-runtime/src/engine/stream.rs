//! Streams of jobs: opened on demand, ended once, stopped and slowed by those who watch (R§11).

use std::collections::BTreeMap;

use arcp_core::{
    Answer, Code, Event, Fault, Feature, JobId, Now, Reply, StreamChange, StreamEvent, StreamId,
    StreamInfo, StreamKind,
};

use bytes::Bytes;

use super::job::Phase;
use super::report::over;
use super::{Effects, Engine, From, Task, exceeds};
use crate::record::key;

/// The streams of one job.
#[derive(Debug, Default)]
pub(super) struct Streams {
    /// Those that are open, each with the number of its next chunk.
    open: BTreeMap<StreamId, u64>,
    /// How many chunks a second the submitter wants of each; also of those to come.
    pace: Option<u32>,
}

impl Streams {
    /// Takes note of a change. `false` when it does not continue an open stream.
    fn note(&mut self, said: &StreamEvent) -> bool {
        let Some(next) = self.open.get_mut(&said.stream) else { return false };
        match &said.change {
            StreamChange::Opened(_) => return false,
            StreamChange::Chunk(chunk) if chunk.sequence != *next => return false,
            StreamChange::Chunk(_) => *next += 1,
            StreamChange::Closed { .. } | StreamChange::Failed(_) => {
                self.open.remove(&said.stream);
            }
        }
        true
    }
}

impl Engine {
    /// Opens a stream of a job.
    pub(super) fn open_stream(
        &mut self,
        now: Now,
        id: &JobId,
        info: StreamInfo,
        fx: &mut Effects,
    ) -> Result<Answer, Fault> {
        self.check_feature(Feature::Streaming)?;
        if info.kind == StreamKind::Binary {
            self.check_feature(Feature::BinaryStreams)?;
        }
        let limit = self.settings.limits.streams_per_job;
        let job = self.jobs.get_mut(id).ok_or_else(over)?;
        if job.streams.open.len() >= limit {
            return Err(exceeds("streams_per_job", limit));
        }
        let stream = self.ids.stream(now);
        job.streams.open.insert(stream.clone(), 0);
        fx.put(key::open_stream(id, &stream), Ok(Bytes::new()));
        let pace = job.streams.pace;
        self.streams.insert(stream.clone(), id.clone());
        let opened = StreamEvent { stream: stream.clone(), change: StreamChange::Opened(info) };
        self.emit(now, id, Event::Stream(opened), fx);
        fx.task(Task::OpenStream { job: id.clone(), stream: stream.clone(), rate: pace });
        Ok(Answer::Stream(stream))
    }

    /// Takes note of what a job says of a stream. `false` when it is not to be told: the stream is
    /// over, which its writer did not know yet.
    pub(super) fn note_stream(&mut self, id: &JobId, said: &StreamEvent, fx: &mut Effects) -> bool {
        let continues = self.jobs.get_mut(id).is_some_and(|job| job.streams.note(said));
        if continues && said.change.is_end() {
            self.streams.remove(&said.stream);
            fx.delete(key::open_stream(id, &said.stream));
        }
        continues
    }

    /// A stream that was open when the runtime died. One whose job is gone is forgotten.
    pub(super) fn recover_stream(&mut self, id: JobId, stream: StreamId, fx: &mut Effects) {
        match self.jobs.get_mut(&id) {
            Some(job) => {
                job.streams.open.insert(stream.clone(), 0);
                self.streams.insert(stream, id);
            }
            None => fx.delete(key::open_stream(&id, &stream)),
        }
    }

    /// Ends the streams that a job has left open: what is said of each follows from the number of its
    /// next chunk.
    pub(super) fn end_streams(
        &mut self,
        now: Now,
        id: &JobId,
        change: impl Fn(u64) -> StreamChange,
        fx: &mut Effects,
    ) {
        let Some(job) = self.jobs.get_mut(id) else { return };
        for (stream, next) in std::mem::take(&mut job.streams.open) {
            self.streams.remove(&stream);
            fx.delete(key::open_stream(id, &stream));
            let said = StreamEvent { stream, change: change(next) };
            self.emit(now, id, Event::Stream(said), fx);
        }
    }

    /// The job of an open stream that the session's principal may stop or slow.
    pub(super) fn find_stream(&self, from: &From, stream: &StreamId) -> Option<JobId> {
        let principal = &self.sessions.get(&from.session)?.principal;
        let id = self.streams.get(stream)?;
        self.jobs.get(id).filter(|job| job.principal == *principal).map(|_| id.clone())
    }

    /// Stops a stream, and tells its writer (R§10.4).
    pub(super) fn stop_stream(
        &mut self,
        now: Now,
        id: &JobId,
        stream: StreamId,
        reason: String,
        fx: &mut Effects,
    ) {
        let change = StreamChange::Failed(Fault::new(Code::Cancelled, reason));
        let said = StreamEvent { stream: stream.clone(), change };
        if self.note_stream(id, &said, fx) {
            self.emit(now, id, Event::Stream(said), fx);
            fx.task(Task::StopStream { job: id.clone(), stream });
        }
    }

    /// Slows a stream, or all that the session's own jobs have and will have (R§11.2).
    pub(super) fn handle_backpressure(
        &mut self,
        now: Now,
        from: &From,
        stream: Option<StreamId>,
        rate: Option<u32>,
        fx: &mut Effects,
    ) {
        let result = match stream {
            _ if rate == Some(0) => {
                let message =
                    "`desired_rate_per_second` must be at least 1; to end a stream, cancel it";
                Err(Fault::invalid(message))
            }
            Some(stream) => match self.find_stream(from, &stream) {
                Some(job) => {
                    fx.task(Task::Pace { job, stream, rate });
                    Ok(())
                }
                None => Err(no_such_stream()),
            },
            None => {
                self.pace_all(from, rate, fx);
                Ok(())
            }
        };
        self.reply(now, from, result.map_or_else(Reply::Nack, |()| Reply::Done), fx);
    }

    fn pace_all(&mut self, from: &From, rate: Option<u32>, fx: &mut Effects) {
        let Some(session) = self.sessions.get(&from.session) else { return };
        for id in &session.watching {
            let job = self.jobs.get_mut(id).filter(|job| job.session == from.session);
            let Some(job) = job.filter(|job| job.phase != Phase::Cancelling) else { continue };
            job.streams.pace = rate;
            for stream in job.streams.open.keys() {
                fx.task(Task::Pace { job: id.clone(), stream: stream.clone(), rate });
            }
        }
    }
}

pub(super) fn no_such_stream() -> Fault {
    Fault::new(Code::NotFound, "no such open stream")
}
