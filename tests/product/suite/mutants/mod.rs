//! Runtimes that break one rule each. Each has to be caught by the scenario that is named beside it, and
//! leaves alone what has nothing to do with it.

mod agents;
mod artifacts;
mod credentials;
mod envelope;
mod extensions;
mod handshake;
mod hello;
mod jobs;
mod keys;
mod leases;
mod listing;
mod observers;
mod permissions;
mod recovery;
mod replay;
mod resume;
mod retention;
mod sessions;
mod silence;
mod slow;
mod streams;
mod transport;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arcp_conformance::{Plan, Selection, Status, Suite};
use arcp_conformance_agents::Fixture;
use arcp_core::Limits;
use arcp_runtime::RuntimeBuilder;
use serde_json::{Value, json};

use super::target::InProcess;
use crate::support::{Kept, On, Wire};

pub(super) use transport::Mutated;

/// A runtime that breaks a rule.
#[derive(Clone, Copy)]
pub(super) struct Mutant {
    /// Changes what it is bound by.
    pub(super) limits: fn(&mut Limits),
    /// Changes its settings.
    pub(super) configure: fn(RuntimeBuilder, &Fixture) -> RuntimeBuilder,
    /// Changes what it is told and what it says.
    pub(super) frames: Option<Change>,
    /// Whether it knows nothing after a restart.
    pub(super) forgets: bool,
}

impl Mutant {
    /// Breaks nothing.
    const NONE: Self =
        Self { limits: |_| {}, configure: |runtime, _| runtime, frames: None, forgets: false };

    /// Breaks nothing but that it knows nothing after a restart.
    const FORGETS: Self = Self { forgets: true, ..Self::NONE };

    const fn frames(change: Change) -> Self {
        Self { frames: Some(change), ..Self::NONE }
    }

    const fn configure(configure: fn(RuntimeBuilder, &Fixture) -> RuntimeBuilder) -> Self {
        Self { configure, ..Self::NONE }
    }

    const fn limits(limits: fn(&mut Limits)) -> Self {
        Self { limits, ..Self::NONE }
    }
}

/// Takes a frame on its way and gives those that go on instead.
pub(super) type Change = fn(&mut Mind, Frame) -> Vec<Frame>;

/// A frame on its way.
#[derive(Debug)]
pub(super) enum Frame {
    /// To the runtime.
    Said(Value),
    /// To the client.
    Told(Value),
}

/// What is remembered of a connection.
#[derive(Debug, Default)]
pub(super) struct Mind {
    /// Counts what a change likes.
    pub(super) count: u64,
    /// Keeps what a change likes.
    pub(super) kept: Vec<Value>,
    /// What all connections remember.
    pub(super) secrets: Secrets,
}

/// What all connections remember.
pub(super) type Secrets = Arc<Mutex<Vec<Value>>>;

/// Changes what the runtime says.
fn telling(
    mind: &mut Mind,
    frame: Frame,
    change: impl FnOnce(&mut Mind, Value) -> Vec<Value>,
) -> Vec<Frame> {
    match frame {
        Frame::Told(value) => change(mind, value).into_iter().map(Frame::Told).collect(),
        said @ Frame::Said(_) => vec![said],
    }
}

/// Changes what the runtime is told.
fn hearing(
    mind: &mut Mind,
    frame: Frame,
    change: impl FnOnce(&mut Mind, Value) -> Vec<Value>,
) -> Vec<Frame> {
    match frame {
        Frame::Said(value) => change(mind, value).into_iter().map(Frame::Said).collect(),
        told @ Frame::Told(_) => vec![told],
    }
}

/// Changes messages of a type that the runtime says.
fn telling_of(
    kind: &str,
    mind: &mut Mind,
    frame: Frame,
    change: impl FnOnce(&mut Mind, Value) -> Vec<Value>,
) -> Vec<Frame> {
    telling(
        mind,
        frame,
        |mind, value| {
            if value["type"] == kind { change(mind, value) } else { vec![value] }
        },
    )
}

/// Changes messages of a type that the runtime is told.
fn hearing_of(
    kind: &str,
    mind: &mut Mind,
    frame: Frame,
    change: impl FnOnce(&mut Mind, Value) -> Vec<Value>,
) -> Vec<Frame> {
    hearing(
        mind,
        frame,
        |mind, value| {
            if value["type"] == kind { change(mind, value) } else { vec![value] }
        },
    )
}

/// Leaves events out and closes the gap in the numbers. `count` of what is remembered counts them.
fn losing(
    mind: &mut Mind,
    frame: Frame,
    lost: impl FnOnce(&mut Mind, &Value) -> bool,
) -> Vec<Frame> {
    telling(mind, frame, |mind, mut value| {
        if lost(mind, &value) {
            mind.count += 1;
            return vec![];
        }
        if let Some(seq) = value["event_seq"].as_u64() {
            value["event_seq"] = json!(seq - mind.count);
        }
        vec![value]
    })
}

/// Changes the first event that is told after a message that begins it. `count` of what is
/// remembered says how far that has come.
fn on_the_first_after(
    mind: &mut Mind,
    frame: Frame,
    begins: impl FnOnce(&Mind, &Value) -> bool,
    change: fn(&mut Vec<Frame>),
) -> Vec<Frame> {
    let mut told = telling(mind, frame, |mind, value| {
        if begins(mind, &value) {
            mind.count = 1;
        } else if mind.count == 1 && value.get("event_seq").is_some() {
            mind.count = 2;
        }
        vec![value]
    });
    if mind.count == 2 {
        mind.count = 3;
        change(&mut told);
    }
    told
}

/// Tells a frame twice.
fn twice(told: &mut Vec<Frame>) {
    if let [Frame::Told(value)] = &told[..] {
        told.push(Frame::Told(value.clone()));
    }
}

/// Has the runtime not hear such messages, and answers them instead.
fn answering(
    frame: Frame,
    such: impl FnOnce(&Value) -> bool,
    kind: &str,
    payload: impl FnOnce(&Value) -> Value,
) -> Vec<Frame> {
    match frame {
        Frame::Said(said) if such(&said) => vec![instead(&said, kind, &payload(&said))],
        other => vec![other],
    }
}

/// What the acceptance of a cancel says.
fn target(cancel: &Value) -> Value {
    json!({"target_id": cancel["payload"]["target_id"]})
}

/// Has the runtime not hear a message, and answers it instead.
fn instead(said: &Value, kind: &str, payload: &Value) -> Frame {
    Frame::Told(json!({
        "arcp": "1.1",
        "id": format!("msg_made_up_for_{}", said["id"].as_str().unwrap_or_default()),
        "timestamp": "2026-01-01T00:00:00Z",
        "type": kind,
        "correlation_id": said["id"],
        "session_id": said["session_id"],
        "payload": payload,
    }))
}

/// Takes a key out of an object.
fn without(mut value: Value, pointer: &str, key: &str) -> Value {
    if let Some(object) = value.pointer_mut(pointer).and_then(Value::as_object_mut) {
        object.remove(key);
    }
    value
}

/// The scenarios that catch mutants.
const CAUGHT_BY: [&[&str]; 26] = [
    agents::CAUGHT_BY,
    artifacts::CAUGHT_BY,
    credentials::CAUGHT_BY,
    envelope::CAUGHT_BY,
    extensions::CAUGHT_BY,
    handshake::CAUGHT_BY,
    hello::envelope::CAUGHT_BY,
    hello::events::CAUGHT_BY,
    hello::jobs::CAUGHT_BY,
    hello::leases::CAUGHT_BY,
    hello::sessions::CAUGHT_BY,
    hello::watching::CAUGHT_BY,
    jobs::CAUGHT_BY,
    keys::CAUGHT_BY,
    leases::CAUGHT_BY,
    listing::CAUGHT_BY,
    observers::CAUGHT_BY,
    permissions::CAUGHT_BY,
    recovery::CAUGHT_BY,
    replay::CAUGHT_BY,
    resume::CAUGHT_BY,
    retention::CAUGHT_BY,
    sessions::CAUGHT_BY,
    silence::CAUGHT_BY,
    slow::CAUGHT_BY,
    streams::CAUGHT_BY,
];

/// How long to wait for what a mutant does not say. Enough for runtimes that break nothing: see
/// `nobody_is_caught_who_breaks_nothing`.
fn patience(by: &str) -> Duration {
    let slow = SLOW.iter().any(|name| by.starts_with(name));
    Duration::from_secs(if slow { 8 } else { 2 })
}

/// Scenarios in which even a good runtime takes its time.
const SLOW: [&str; 3] = ["08-session-lease/", BUSY, "11-streams/backpressure"];

/// Scenarios that say a lot.
const BUSY: &str = "11-slow-readers/";

/// The dialect of a scenario that is named beside a mutant, and the scenario's whole name.
fn named(by: &str) -> (&'static str, String) {
    match by.split_once('/') {
        Some(("hello", _)) => ("hello", by.to_owned()),
        _ => ("open", format!("open/{by}")),
    }
}

/// The scenarios named beside mutants pass on a runtime that breaks nothing, as patiently.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_caught_who_breaks_nothing() {
    let all: BTreeSet<&str> = CAUGHT_BY.iter().flat_map(|names| names.iter().copied()).collect();
    let (slow, quick): (Vec<&str>, Vec<&str>) =
        all.into_iter().partition(|by| patience(by) > patience(""));
    // Those that keep the machine busy would make those late that go by the clock.
    let (busy, timed) = slow.into_iter().partition(|by| by.starts_with(BUSY));
    let (hello, open) = quick.into_iter().partition(|by| named(by).0 == "hello");
    let groups: [Vec<&str>; 4] = [busy, timed, open, hello];
    for names in groups {
        let (dialect, _) = named(names[0]);
        let suite = Suite::built_in(dialect).unwrap().with_patience(patience(names[0]));
        let target = InProcess::new(On { wire: Wire::Memory, kept: Kept::Memory }, None);
        let include: Vec<_> = names.iter().map(|by| named(by).1).collect();
        let selection = Selection { include: include.clone(), ..Selection::default() };
        let plan = Plan { selection, jobs: 8, ..Plan::default() };
        let report = suite.play(&target, &plan, |_| {}).await.unwrap();
        for name in include {
            let outcome = report.scenarios.iter().find(|outcome| outcome.name == name);
            let status = outcome.map(|outcome| outcome.status);
            assert_eq!(status, Some(Status::Passed), "{name}\n{}", report.to_text());
        }
    }
}

/// Plays the scenario that has to catch a mutant, and one that has not.
async fn is_caught(mutant: Mutant, by: &str) {
    let (dialect, scenario) = named(by);
    let suite = Suite::built_in(dialect).unwrap().with_patience(patience(by));
    let on = On { wire: Wire::Memory, kept: Kept::Memory };
    let target = InProcess::new(on, Some(mutant));
    let bystander = match dialect {
        "hello" => "hello/06-hello/all-features".to_owned(),
        _ => "open/08-control/ping".to_owned(),
    };
    let played = async |suite: &Suite, name: &str, plays| {
        let selection = Selection { include: vec![name.to_owned()], ..Selection::default() };
        let plan = Plan { selection, plays, ..Plan::default() };
        let mut report = suite.play(&target, &plan, |_| {}).await.unwrap();
        // Names that begin so are played too.
        report.scenarios.retain(|outcome| outcome.name == name);
        assert_eq!(report.scenarios.len(), 1, "there is no scenario {name}");
        report
    };
    let caught = &played(&suite, &scenario, 1).await.scenarios[0];
    let reason = &caught.reason;
    assert_eq!(caught.status, Status::Failed, "{scenario} lets it through: {reason:?}");
    // As patiently as it is meant to be played.
    let report = played(&Suite::built_in(dialect).unwrap(), &bystander, 3).await;
    assert_eq!(report.scenarios[0].status, Status::Passed, "{}", report.to_text());
}

/// Tests by their names: `name "scenario" mutant;`
macro_rules! caught {
    ($($name:ident $by:literal $mutant:expr;)*) => {
        /// The scenarios that catch these.
        pub(in crate::suite::mutants) const CAUGHT_BY: &[&str] = &[$($by),*];
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                crate::suite::mutants::is_caught($mutant, $by).await;
            }
        )*
    };
}
use caught;
