//! `arcp store export`: events as lines of JSON, read a page at a time.

use std::collections::BTreeSet;
use std::io::{self, BufWriter, Stdout, Write};
use std::path::Path;

use arcp::core::{JobEvent, JobId, SessionId};
use arcp::runtime::record::{Run, key, read_job_page, read_session_page};
use arcp::store::{Bytes, Key, Store};
use serde_json::{Value, json};

use super::Place;
use super::walk::{CHUNK, Streams, behind, fact, reach, rest};
use crate::args::{Export, Exported};
use crate::exit::{self, Code, Error};
use crate::show::parts;

pub(super) async fn run(data: &Path, args: Export) -> Result<Code, Error> {
    let whose = Whose::of(args.of)?;
    let place = Place::open(data).await?;
    let out = BufWriter::new(io::stdout());
    let mut exporter = Exporter { store: &place.store, input: args.input, out };
    match whose {
        Whose::Job(job) => exporter.one(&job).await?,
        Whose::Session(session) => exporter.session(&session).await?,
        Whose::All => {
            let mut streams = Streams::of(&place.folder);
            while let Some(stream) = streams.next().map_err(Error::failed)? {
                if let Some(id) = rest(&stream, key::JOB_STREAMS) {
                    exporter.job(&JobId::parse(id).map_err(Error::failed)?).await?;
                }
            }
        }
    }
    exporter.out.flush().map_err(Error::failed)?;
    Ok(exit::OK)
}

/// Whose events are wanted.
enum Whose {
    Job(JobId),
    Session(SessionId),
    All,
}

impl Whose {
    fn of(args: Exported) -> Result<Self, Error> {
        let wrong =
            |what: &str, error: &dyn std::fmt::Display| Error::Usage(format!("--{what}: {error}"));
        match (args.job, args.session) {
            (Some(job), _) => {
                JobId::parse(&job).map(Self::Job).map_err(|error| wrong("job", &error))
            }
            (None, Some(session)) => SessionId::parse(&session)
                .map(Self::Session)
                .map_err(|error| wrong("session", &error)),
            (None, None) => Ok(Self::All),
        }
    }
}

struct Exporter<'a> {
    store: &'a dyn Store,
    /// Whether inputs are wanted.
    input: bool,
    out: BufWriter<Stdout>,
}

impl Exporter<'_> {
    async fn one(&mut self, job: &JobId) -> Result<(), Error> {
        let page = reach(self.store, &key::job_stream(job)).await.map_err(Error::failed)?;
        // A job has its input until it is forgotten, whether it has said anything or not.
        if page.last == 0 && self.fact(&key::job_input(job)).await?.is_none() {
            return Err(Error::Failed(format!("there is no job {job}")));
        }
        self.job(job).await
    }

    async fn job(&mut self, job: &JobId) -> Result<(), Error> {
        self.input_of(job).await?;
        let stream = key::job_stream(job);
        let mut after = 0;
        loop {
            let page = self.store.read(&stream, after, CHUNK).await.map_err(Error::failed)?;
            if after == 0 {
                note_gone(job, "events", page.kept_from);
            }
            let Some(last) = page.records.last() else { return Ok(()) };
            for record in &page.records {
                let events = read_job_page(job, record, after).map_err(Error::failed)?;
                for (index, event) in events {
                    self.event(None, index, &event)?;
                }
            }
            after = behind(last) - 1;
        }
    }

    async fn session(&mut self, session: &SessionId) -> Result<(), Error> {
        let stream = key::session_stream(session);
        let (mut after, mut seen) = (0, BTreeSet::new());
        loop {
            let page = self.store.read(&stream, after, POINTERS).await.map_err(Error::failed)?;
            if page.last == 0 {
                return self.quiet(session).await;
            }
            if after == 0 {
                note_gone(session, "numbers", page.kept_from);
            }
            let Some(last) = page.records.last() else { return Ok(()) };
            for record in &page.records {
                for (seq, run) in read_session_page(record).map_err(Error::failed)? {
                    if self.input && seen.insert(run.job.clone()) {
                        self.input_of(&run.job).await?;
                    }
                    self.run(seq, &run).await?;
                }
            }
            after = behind(last) - 1;
        }
    }

    /// A session that was told nothing has nothing to export, if it is one.
    async fn quiet(&self, session: &SessionId) -> Result<(), Error> {
        for key in [key::session(session), key::closed_session(session)] {
            if self.fact(&key).await?.is_some() {
                return Ok(());
            }
        }
        Err(Error::Failed(format!("there is no session {session}")))
    }

    /// The events that a session's numbers from `seq` on point at, as far as they are kept.
    async fn run(&mut self, seq: u64, run: &Run) -> Result<(), Error> {
        let stream = key::job_stream(&run.job);
        let end = run.index.saturating_add(run.count.into());
        let mut next = run.index;
        while next < end {
            // One record at a time: a run is about as long as one.
            let page = self.store.read(&stream, next.saturating_sub(1), 0).await;
            let page = page.map_err(Error::failed)?;
            let kept = page.records.first().map_or(end, |record| record.first.clamp(next, end));
            if kept > next {
                let (first, last) = (seq + (next - run.index), seq + (kept - 1 - run.index));
                eprintln!("arcp: {}: numbers {first} to {last} are of events forgotten", run.job);
            }
            let Some(record) = page.records.first().filter(|_| kept < end) else { return Ok(()) };
            let events = read_job_page(&run.job, record, kept - 1).map_err(Error::failed)?;
            for (index, event) in events.into_iter().take_while(|(index, _)| *index < end) {
                self.event(Some(seq + (index - run.index)), index, &event)?;
            }
            next = behind(record).max(next + 1);
        }
        Ok(())
    }

    fn event(&mut self, seq: Option<u64>, index: u64, event: &JobEvent) -> Result<(), Error> {
        let (kind, body) = parts(&event.event);
        let mut line = json!({
            "job_id": event.head.job.as_str(),
            "index": index,
            "message_id": event.id.as_str(),
            "timestamp": event.at.to_string(),
            "event": kind,
            "body": body,
        });
        if let (Some(seq), Some(line)) = (seq, line.as_object_mut()) {
            line.insert("event_seq".to_owned(), seq.into());
        }
        self.line(&line)
    }

    async fn input_of(&mut self, job: &JobId) -> Result<(), Error> {
        if !self.input {
            return Ok(());
        }
        let Some(input) = self.fact(&key::job_input(job)).await? else { return Ok(()) };
        let input: Value = serde_json::from_slice(&input).map_err(Error::failed)?;
        self.line(&json!({ "job_id": job.as_str(), "input": input }))
    }

    async fn fact(&self, key: &Key) -> Result<Option<Bytes>, Error> {
        fact(self.store, key).await.map_err(Error::failed)
    }

    fn line(&mut self, line: &Value) -> Result<(), Error> {
        writeln!(self.out, "{line}").map_err(Error::failed)
    }
}

/// Says that the first part is not there any more.
fn note_gone(what: impl std::fmt::Display, of: &str, kept_from: u64) {
    if kept_from > 1 {
        eprintln!("arcp: {what}: {of} 1 to {} are forgotten", kept_from - 1);
    }
}

/// What is read of a session's numbers at a time, in bytes.
const POINTERS: usize = 16 << 10;
