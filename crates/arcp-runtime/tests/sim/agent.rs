//! A model agent: what it may still say, and whether it listens.

use std::collections::BTreeMap;
use std::time::Duration;

use arcp_core::lease::{Budget, Operation, Pattern};
use arcp_core::{
    Code, Completion, CredentialId, Delegation, Event, Fault, Json, Lease, LogLevel,
    PermissionRequest, Progress, Quantity, Question,
};
use arcp_core::{JobId, StreamChange, StreamChunk, StreamEvent, StreamId, StreamInfo, StreamKind};
use arcp_runtime::engine::{JobReport, Ticket};
use rand::Rng;
use rand::rngs::StdRng;

/// An agent at work on a job.
#[derive(Debug)]
pub(crate) struct Agent {
    /// How many events it still has to say.
    pub(crate) left: u32,
    /// Whether it ends when it is asked to.
    pub(crate) obedient: bool,
    /// Whether it was asked to end, and why.
    pub(crate) cancelled: Option<String>,
    /// How it ends when nobody stops it.
    pub(crate) panics: bool,
    /// The question whose answer it waits for.
    pub(crate) asking: Option<Ticket>,
    /// Its open streams, each with the number of its next chunk.
    pub(crate) streams: BTreeMap<StreamId, u64>,
    /// The jobs that it has delegated to and whose ends it has not heard of, by the questions that did it.
    pub(crate) children: BTreeMap<Ticket, JobId>,
    /// Whether it waits for one of those.
    pub(crate) waits: bool,
    /// What was issued for its job.
    pub(crate) credentials: Vec<CredentialId>,
}

impl Agent {
    pub(crate) fn new(random: &mut StdRng) -> Self {
        Self {
            left: random.random_range(0..14),
            obedient: random.random_bool(0.8),
            cancelled: None,
            panics: random.random_bool(0.1),
            asking: None,
            streams: BTreeMap::new(),
            children: BTreeMap::new(),
            waits: false,
            credentials: Vec::new(),
        }
    }

    /// Has another job do a part of it: mostly within its own authority.
    fn delegate(&mut self, random: &mut StdRng, ticket: Ticket) -> JobReport {
        self.asking = Some(ticket);
        let agent = ["work", "work", "again", "goes-on", "none", "secret"];
        let agent = agent[random.random_range(0..agent.len())];
        let tool = if random.random_bool(0.95) { "hammer" } else { "saw" };
        let lease = random.random_bool(0.8).then(|| {
            let lease = Lease::default()
                .grant("tool.call", Pattern::parse(tool).unwrap())
                .grant("agent.delegate", Pattern::parse("work").unwrap());
            let amount = format!("USD:{}", random.random_range(0..4));
            Lease { budget: Budget::parse([amount.as_str()]).unwrap(), ..lease }
        });
        let mut delegation = Delegation::new(agent, Json::of(&1).unwrap());
        delegation.lease = lease;
        delegation.name = random.random_bool(0.4).then(|| format!("part {}", self.left % 3));
        delegation.max_runtime = random.random_bool(0.1).then_some(Duration::from_millis(300));
        JobReport::Ask { question: Question::Delegate(Box::new(delegation)), ticket }
    }

    /// What it says of one of its streams.
    fn stream(&mut self, random: &mut StdRng) -> JobReport {
        let at = random.random_range(0..self.streams.len());
        let (stream, next) = self.streams.iter_mut().nth(at).unwrap();
        let (stream, sequence) = (stream.clone(), *next);
        let change = if random.random_bool(0.2) {
            self.streams.remove(&stream);
            StreamChange::Closed { last: sequence.checked_sub(1) }
        } else {
            *next += 1;
            StreamChange::Chunk(StreamChunk {
                sequence,
                data: Json::text("sim"),
                content_type: None,
                sha256: None,
                role: None,
                redacted: false,
            })
        };
        JobReport::Emit(Event::Stream(StreamEvent { stream, change }))
    }

    /// Whether it waits for an answer, and for nothing else.
    pub(crate) fn is_blocked(&self) -> bool {
        let waits = self.waits && !self.children.is_empty();
        (self.asking.is_some() || waits) && !(self.obedient && self.cancelled.is_some())
    }

    /// What it says next; an ended one says nothing more.
    pub(crate) fn next(&mut self, random: &mut StdRng, ticket: Ticket) -> JobReport {
        if let Some(reason) = self.cancelled.clone().filter(|_| self.obedient) {
            return JobReport::Ended(Err(Fault::new(Code::Cancelled, reason)));
        }
        if self.left == 0 {
            let fine = Ok(Completion::Inline(Json::parse("{\"ok\":true}").unwrap()));
            return JobReport::Ended(if self.panics { Err(Fault::internal("sim")) } else { fine });
        }
        self.left -= 1;
        self.waits = random.random_bool(0.1);
        match random.random_range(0..14) {
            5 if !self.credentials.is_empty() => {
                self.asking = Some(ticket);
                let at = random.random_range(0..self.credentials.len());
                let question = Question::Rotate(self.credentials[at].clone());
                JobReport::Ask { question, ticket }
            }
            10..14 => self.delegate(random, ticket),
            9 => {
                let state = Json::of(&random.random_range(0..1_000_u32)).unwrap();
                JobReport::Ask { question: Question::Checkpoint(state), ticket }
            }
            8 => {
                self.asking = Some(ticket);
                let request = PermissionRequest::new("tool.call", "hammer", "hit");
                let wait = Some(Duration::from_millis(random.random_range(0..3_000)));
                JobReport::Ask { question: Question::Permission { request, wait }, ticket }
            }
            5..7 if !self.streams.is_empty() => self.stream(random),
            7 => {
                let question = Question::OpenStream(StreamInfo::new(StreamKind::Text));
                JobReport::Ask { question, ticket }
            }
            0 => JobReport::Emit(Event::Log {
                level: LogLevel::Info,
                message: format!("{} left", self.left),
                attributes: None,
            }),
            1 => JobReport::Emit(Event::Progress(Progress {
                current: Quantity::from(self.left),
                total: None,
                units: None,
                message: None,
            })),
            2 => JobReport::Emit(Event::Metric {
                name: "cost.sim".to_owned(),
                value: Quantity::from(random.random_range(0..4_u32)),
                unit: Some("USD".to_owned()),
                dimensions: None,
            }),
            3 => JobReport::Ask {
                question: Question::Authorize(Operation::new("tool.call", "hammer").unwrap()),
                ticket,
            },
            _ => JobReport::Emit(Event::Custom {
                name: "tick".to_owned(),
                data: Json::parse("{\"a\": [1,  2]}").unwrap(),
            }),
        }
    }
}
