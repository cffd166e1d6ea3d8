//! Where this runtime answers otherwise than 2.0.0 did, and why. A difference that does not occur
//! in each of its flows fails the test.

use serde_json::{Value, json};

use super::compare::Divergence;

/// A difference that is meant.
#[derive(Debug)]
pub(super) struct Difference {
    /// The numbers of the flows in which it occurs.
    pub(super) flows: &'static [&'static str],
    pub(super) way: Way,
    pub(super) why: &'static str,
}

/// What is different.
#[derive(Debug)]
pub(super) enum Way {
    /// Frames of these types lack a recorded field.
    Lacks(&'static [&'static str], &'static str),
    /// A field of frames of these types has another value.
    Says(&'static [&'static str], &'static str),
    /// A recorded frame does not come.
    Absent(When),
    /// Other frames come, each a type and its code.
    Replaced(When, &'static [&'static str]),
    /// Where nothing came, these frames come; and then the connection ends, or goes on.
    Instead { of: Nothing, when: When, comes: &'static [&'static str], then_closed: bool },
}

/// Whether a difference holds at a place.
type When = fn(&Place<'_>) -> bool;

/// A place in a flow.
#[derive(Debug)]
pub(super) struct Place<'a> {
    /// The connection.
    pub(super) conn: &'a str,
    /// What the client sent last; null if it was no JSON.
    pub(super) command: &'a Value,
    /// What came.
    pub(super) recorded: &'a Value,
    /// What came right after that.
    pub(super) next: Option<&'a Value>,
}

/// The two ways of saying nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nothing {
    /// No frame for a while.
    Silence,
    /// The end of the connection.
    Closed,
}

impl Difference {
    pub(super) fn concerns(&self, flow: &str) -> bool {
        self.flows.iter().any(|number| flow.starts_with(number))
    }

    /// Whether it is what `divergence` shows in a frame of the type `kind`.
    pub(super) fn allows_field(&self, kind: &str, divergence: &Divergence) -> bool {
        match (&self.way, &divergence.ours) {
            (Way::Lacks(kinds, path), None) | (Way::Says(kinds, path), Some(_)) => {
                kinds.contains(&kind) && *path == divergence.path
            }
            _ => false,
        }
    }
}

impl Place<'_> {
    fn command_is(&self, kind: &str) -> bool {
        self.command["type"] == kind
    }

    fn recorded_is(&self, kind: &str) -> bool {
        self.recorded["type"] == kind
    }
}

/// A client's frame that has to be put otherwise, because the recorded server hosted other tools.
#[derive(Debug)]
pub(super) struct Substitute {
    flow: &'static str,
    /// The recorded tool.
    tool: &'static str,
    ours: &'static str,
    /// For `slow`: how long.
    ms: Option<u64>,
}

/// Gives a job that is cancelled the time that it takes on however slow a machine: it listens.
pub(super) fn be_patient(frame: &mut Value) {
    if let Some(deadline) = frame.pointer_mut("/payload/deadline_ms") {
        *deadline = json!(600_000);
    }
}

impl Substitute {
    /// Puts a frame otherwise, if it is one of these.
    pub(super) fn apply(&self, flow: &str, frame: &mut Value) {
        if !flow.starts_with(self.flow) || frame["payload"]["tool"] != self.tool {
            return;
        }
        frame["payload"]["tool"] = json!(self.ours);
        if let Some(ms) = self.ms {
            frame["payload"]["arguments"] = json!({ "ms": ms });
        }
    }
}

pub(super) const SUBSTITUTES: &[Substitute] = &[
    // Nobody waits for their end, and it must not come on a slow machine.
    Substitute { flow: "10", tool: "slow", ours: "slow", ms: Some(60_000) },
    Substitute { flow: "18", tool: "slow", ours: "slow", ms: Some(60_000) },
    Substitute { flow: "22", tool: "slow", ours: "slow", ms: Some(60_000) },
    Substitute { flow: "31", tool: "slow", ours: "slow", ms: Some(60_000) },
    Substitute { flow: "39", tool: "slow", ours: "slow", ms: Some(60_000) },
    // Every built-in agent has a version 1.0.0.
    Substitute { flow: "16", tool: "emit@1.0.0", ours: "emit@9.9.9", ms: None },
    Substitute { flow: "16", tool: "slow@1.0.0", ours: "slow@9.9.9", ms: None },
];

/// All flows in which a session is accepted.
const ACCEPTED: &[&str] = &[
    "01", "02", "03", "09", "10", "11", "12", "13", "14", "15", "16", "18", "19", "20", "22", "30",
    "31", "33", "34", "36", "37", "38", "39",
];

pub(super) const DIFFERENCES: &[Difference] = &[
    // What a runtime says of itself.
    Difference {
        flows: ACCEPTED,
        way: Way::Says(&["session.accepted"], "payload.runtime.kind"),
        why: "it is another program",
    },
    Difference {
        flows: ACCEPTED,
        way: Way::Says(&["session.accepted"], "payload.runtime.version"),
        why: "it is another program",
    },
    Difference {
        flows: ACCEPTED,
        way: Way::Says(&["session.accepted"], "payload.capabilities.agents"),
        why: "it hosts other agents",
    },
    // Numbers.
    Difference {
        flows: &["10", "11", "12", "13", "16", "18", "22", "30", "31", "38", "39"],
        way: Way::Lacks(&["job.accepted"], "event_seq"),
        why: "replies carry no number (MAPPING section 3)",
    },
    Difference {
        flows: &["14", "18"],
        way: Way::Lacks(&["cancel.accepted", "cancel.refused"], "event_seq"),
        why: "replies carry no number (MAPPING section 3)",
    },
    Difference {
        flows: &["14", "15", "16"],
        way: Way::Lacks(&["job.failed"], "event_seq"),
        why: "a refusal is a reply, and replies carry no number (MAPPING section 3)",
    },
    // Not built yet.
    Difference {
        flows: &["39"],
        way: Way::Replaced(
            |place| place.command_is("job.subscribe"),
            &["job.subscribed", "job.started"],
        ),
        why: "all sessions of a principal may watch its jobs, with their past (MAPPING 5.8)",
    },
    Difference {
        flows: &["39"],
        way: Way::Instead {
            of: Nothing::Silence,
            when: |place| place.command_is("resume"),
            comes: &["nack NOT_FOUND"],
            then_closed: false,
        },
        why: "`resume` is answered: the message that it names is of another session (R 19)",
    },
    Difference {
        flows: &["18"],
        way: Way::Instead {
            of: Nothing::Silence,
            when: |place| place.command["payload"]["target"] == "stream",
            comes: &["cancel.refused"],
            then_closed: false,
        },
        why: "streams can be cancelled, and there is none (R 10.4)",
    },
    Difference {
        flows: &["18"],
        way: Way::Instead {
            of: Nothing::Silence,
            when: |place| place.command["payload"]["target"] == "session",
            comes: &["cancel.accepted", "session.evicted CANCELLED"],
            then_closed: true,
        },
        why: "sessions can be cancelled (R 10.4)",
    },
    // Handshake.
    Difference {
        flows: &["08"],
        way: Way::Says(&["session.rejected"], "payload.message"),
        why: "the scheme is named as the client named it",
    },
    Difference {
        flows: &["08"],
        way: Way::Instead {
            of: Nothing::Closed,
            when: |place| place.command["payload"]["auth"]["scheme"] == "basic",
            comes: &["session.rejected UNAUTHENTICATED"],
            then_closed: true,
        },
        why: "an unknown scheme is refused like one that is not configured; it is the fifth \
              refusal, and a connection gets no more tries (limit `handshake_attempts`)",
    },
    Difference {
        flows: &["10"],
        way: Way::Absent(|place| place.recorded_is("job.completed")),
        why: "the first session waits for its client to resume, its events with it (MAPPING 5.2)",
    },
    Difference {
        flows: &["10"],
        way: Way::Instead {
            of: Nothing::Silence,
            when: |place| place.command_is("ping"),
            comes: &["pong"],
            then_closed: false,
        },
        why: "a refused `session.open` takes no session away",
    },
    // Agents.
    Difference {
        flows: &["10", "11", "12", "13", "18", "22", "30", "31", "38", "39"],
        way: Way::Says(&["job.started"], "payload.description"),
        why: "a bare name resolves to its default version (MAPPING 5.4)",
    },
    Difference {
        flows: &["12"],
        way: Way::Says(&["metric"], "payload.name"),
        why: "the built-in `emit` names its metric otherwise",
    },
    Difference {
        flows: &["30"],
        way: Way::Says(&["job.result_chunk"], "payload.data"),
        why: "the built-in `chunks` streams other bytes",
    },
    Difference {
        flows: &["30"],
        way: Way::Says(&["job.completed"], "payload.summary"),
        why: "the built-in `chunks` sums up otherwise",
    },
    Difference {
        flows: &["13", "22"],
        way: Way::Says(&["job.failed"], "payload.message"),
        why: "a message has no head that repeats its code",
    },
    Difference {
        flows: &["14", "15", "16"],
        way: Way::Says(&["job.failed"], "payload.message"),
        why: "other words",
    },
    Difference {
        flows: &["16"],
        way: Way::Says(&["job.failed"], "payload.code"),
        why: "an unknown agent is unknown in every version: NOT_FOUND (MAPPING section 4)",
    },
    // Nothing is accepted and then refused.
    Difference {
        flows: &["14", "16"],
        way: Way::Absent(|place| {
            place.recorded_is("job.accepted")
                && place.next.is_some_and(|next| next["type"] == "job.failed")
        }),
        why: "agent and version are checked before `job.accepted` (MAPPING 5.3)",
    },
    // Cancelling.
    Difference {
        flows: &["18", "31"],
        way: Way::Says(&["job.cancelled"], "payload.reason"),
        why: "the canceller's reason is told",
    },
    Difference {
        flows: &["18"],
        way: Way::Says(&["cancel.refused"], "payload.reason"),
        why: "unknown and forbidden look alike (MAPPING 5.7)",
    },
    Difference {
        flows: &["18"],
        way: Way::Replaced(
            |place| {
                place.conn == "A"
                    && place.recorded_is("cancel.accepted")
                    && place.next.is_none_or(|next| next["type"] != "job.cancelled")
            },
            &["cancel.refused"],
        ),
        why: "a job that has ended cannot be cancelled any more (R 10.4)",
    },
    Difference {
        flows: &["38"],
        way: Way::Replaced(|place| place.recorded_is("cancel.accepted"), &["cancel.refused"]),
        why: "the job has ended: a panic ends it",
    },
    Difference {
        flows: &["39"],
        way: Way::Replaced(
            |place| place.recorded_is("cancel.refused"),
            &["cancel.accepted", "job.cancelled"],
        ),
        why: "all sessions of a principal may cancel its jobs (MAPPING 5.6), and it watches",
    },
    // Panics.
    Difference {
        flows: &["38"],
        way: Way::Instead {
            of: Nothing::Silence,
            when: |place| place.command_is("tool.invoke"),
            comes: &["job.failed INTERNAL"],
            then_closed: false,
        },
        why: "a panic ends its job like any other failure",
    },
    Difference {
        flows: &["38"],
        way: Way::Says(&["session.jobs"], "payload.jobs[].status"),
        why: "a panic ends its job like any other failure",
    },
    // Listing.
    Difference {
        flows: &["10", "22", "39"],
        way: Way::Says(&["session.jobs"], "payload.jobs"),
        why: "a listing is the principal's, of all its sessions; and `echo` finds all its versions",
    },
    Difference {
        flows: &["22", "38"],
        way: Way::Says(&["session.jobs"], "payload.jobs[].agent"),
        why: "a bare name resolves to its default version (MAPPING 5.4)",
    },
    Difference {
        flows: &["22"],
        way: Way::Says(&["session.jobs"], "payload.jobs[].last_event_seq"),
        why: "it counts the job's own events, not a session's (MAPPING 5.8)",
    },
    Difference {
        flows: &["22"],
        way: Way::Replaced(
            |place| place.command["payload"]["cursor"] == "x",
            &["nack INVALID_ARGUMENT"],
        ),
        why: "limit and cursor are heeded, and `x` is no cursor",
    },
    // Ends.
    Difference {
        flows: &["31"],
        way: Way::Instead {
            of: Nothing::Closed,
            when: |place| place.command_is("session.close"),
            comes: &[],
            then_closed: true,
        },
        why: "a connection ends with a close frame",
    },
    Difference {
        flows: &["33"],
        way: Way::Instead {
            of: Nothing::Closed,
            when: |place| place.command_is("job.nonsense"),
            comes: &["nack UNIMPLEMENTED"],
            then_closed: false,
        },
        why: "an unknown type is told and ends nothing (R 21.3)",
    },
    Difference {
        flows: &["34"],
        way: Way::Instead {
            of: Nothing::Closed,
            when: |place| place.command_is("arcpx.example.v1"),
            comes: &[],
            then_closed: false,
        },
        why: "an optional extension is dropped and ends nothing (R 21.3)",
    },
    Difference {
        flows: &["36"],
        way: Way::Instead {
            of: Nothing::Closed,
            when: |_| true,
            comes: &["nack INVALID_ARGUMENT"],
            then_closed: false,
        },
        why: "a malformed frame is told, and the session goes on (MAPPING section 1)",
    },
];
