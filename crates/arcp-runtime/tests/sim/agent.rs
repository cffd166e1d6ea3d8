//! A model agent: what it may still say, and whether it listens.

use arcp_core::lease::Operation;
use arcp_core::{Code, Completion, Event, Fault, Json, LogLevel, Progress, Quantity};
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
}

impl Agent {
    pub(crate) fn new(random: &mut StdRng) -> Self {
        Self {
            left: random.random_range(0..12),
            obedient: random.random_bool(0.8),
            cancelled: None,
            panics: random.random_bool(0.1),
        }
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
        match random.random_range(0..5) {
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
            3 => JobReport::Authorize {
                operation: Operation::new("tool.call", "hammer").unwrap(),
                ticket,
            },
            _ => JobReport::Emit(Event::Custom {
                name: "tick".to_owned(),
                data: Json::parse("{\"a\": [1,  2]}").unwrap(),
            }),
        }
    }
}
