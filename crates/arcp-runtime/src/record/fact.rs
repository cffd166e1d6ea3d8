//! Facts: what is known of a session or a job besides its events.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use arcp_core::lease::{Budget, Pattern};
use arcp_core::{
    AgentRef, Feature, JobId, JobState, JobSummary, Lease, MessageId, Parent, Principal, Priority,
    SessionId, Timestamp, TraceId, Vocabulary, hex,
};
use bytes::Bytes;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::page::{priority, priority_text};
use super::{RecordError, VERSION, check_version};
use crate::engine::Intent;

/// What is known of a session that has not closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionFact {
    /// Whose it is.
    pub principal: Principal,
    /// The scheme by which the principal was proved.
    pub scheme: String,
    /// When it was accepted.
    pub opened_at: Timestamp,
    /// The SHA-256 of the token by which it goes on, if it can.
    pub resume: Option<[u8; 32]>,
    /// Those of tokens before it that are good while it is not in use, the oldest first.
    pub older: Vec<[u8; 32]>,
    /// When it ends if nobody renews it.
    pub expires_at: Option<Timestamp>,
    /// The extensions that its client has declared, of those that matter here.
    pub extensions: BTreeSet<String>,
    /// Whether its client wants heartbeats.
    pub heartbeats: bool,
    /// The features that its client has declared to be there or not.
    pub features: BTreeMap<Feature, bool>,
    /// The vocabulary that it is told in.
    pub vocabulary: Vocabulary,
}

/// What is known of a job besides its events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobFact {
    /// Whose it is.
    pub principal: Principal,
    /// The session that submitted it.
    pub session: SessionId,
    /// The message that submitted it.
    pub request: MessageId,
    /// Its trace.
    pub trace: Option<TraceId>,
    /// How pressing it is.
    pub priority: Priority,
    /// The agent, with its version.
    pub agent: AgentRef,
    /// Its effective lease.
    pub lease: Lease,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// How long it may run, to the millisecond.
    pub max_runtime: Option<Duration>,
    /// The job on whose behalf it runs.
    pub parent: Option<Parent>,
    /// What was wanted of it, if a later run of that job may want the same.
    pub wanted: Option<Intent>,
    /// How it ended; `None` while it has not.
    pub outcome: Option<Outcome>,
}

/// How a job ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The terminal state.
    pub state: JobState,
    /// When.
    pub ended_at: Timestamp,
    /// The index of its terminal event.
    pub last_index: u64,
    /// What was left of its budget.
    pub left: Budget,
}

impl SessionFact {
    /// The fact as it is stored.
    pub fn to_bytes(&self) -> Result<Bytes, RecordError> {
        write(
            "session",
            &StoredSession {
                v: VERSION,
                principal: StoredPrincipal::of(&self.principal),
                scheme: self.scheme.as_str().into(),
                opened: self.opened_at.as_micros(),
                resume: self.resume.map(|hash| hex(&hash)),
                older: self.older.iter().map(|hash| hex(hash)).collect(),
                expires: self.expires_at.map(Timestamp::as_micros),
                extensions: self.extensions.clone(),
                heartbeats: self.heartbeats,
                features: self.features.iter().map(|(f, there)| written(*f, *there)).collect(),
                vocabulary: Some(self.vocabulary.as_str().into()),
            },
        )
    }

    /// Reads a stored fact.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RecordError> {
        let stored: StoredSession<'_> = read("session", bytes)?;
        check_version("session", stored.v)?;
        let hash =
            |text: String| unhex(&text).ok_or_else(|| RecordError::new("session", "no hash"));
        Ok(Self {
            resume: stored.resume.map(hash).transpose()?,
            older: stored.older.into_iter().map(hash).collect::<Result<_, _>>()?,
            expires_at: stored.expires.map(Timestamp::from_micros),
            extensions: stored.extensions,
            heartbeats: stored.heartbeats,
            // One that is not known any more is not to be had either.
            features: stored.features.iter().filter_map(|name| feature(name)).collect(),
            vocabulary: Vocabulary::from_text(stored.vocabulary.as_deref().unwrap_or(FIRST)),
            principal: stored.principal.to_principal(),
            scheme: stored.scheme.into_owned(),
            opened_at: Timestamp::from_micros(stored.opened),
        })
    }
}

impl JobFact {
    /// The fact as it is stored.
    pub fn to_bytes(&self) -> Result<Bytes, RecordError> {
        write(
            "job",
            &StoredJob {
                v: VERSION,
                principal: StoredPrincipal::of(&self.principal),
                session: self.session.as_str().into(),
                request: self.request.as_str().into(),
                trace: self.trace.as_ref().map(|trace| trace.as_str().into()),
                priority: priority_text(self.priority),
                agent: self.agent.to_string().into(),
                lease: StoredLease::of(&self.lease),
                created: self.created_at.as_micros(),
                max_runtime: self.max_runtime.map(millis),
                parent: self.parent.as_ref().map(|parent| parent.job.as_str().into()),
                delegation: self
                    .parent
                    .as_ref()
                    .and_then(|parent| Some(parent.delegation.as_deref()?.into())),
                wanted: self.wanted.map(|Intent(digest)| hex(&digest)),
                outcome: self.outcome.as_ref().map(StoredOutcome::of),
            },
        )
    }

    /// Reads a stored fact.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RecordError> {
        let stored: StoredJob<'_> = read("job", bytes)?;
        check_version("job", stored.v)?;
        let bad = |error: &dyn std::fmt::Display| RecordError::new("job", error);
        Ok(Self {
            principal: stored.principal.to_principal(),
            session: SessionId::parse(&stored.session).map_err(|error| bad(&error))?,
            request: MessageId::parse(&stored.request).map_err(|error| bad(&error))?,
            trace: stored.trace.and_then(|trace| TraceId::parse(&trace).ok()),
            priority: priority(stored.priority.as_deref()),
            agent: AgentRef::parse(&stored.agent).map_err(|error| bad(&error))?,
            lease: stored.lease.into_lease()?,
            created_at: Timestamp::from_micros(stored.created),
            max_runtime: stored.max_runtime.map(Duration::from_millis),
            parent: stored
                .parent
                .map(|job| JobId::parse(&job).map_err(|error| bad(&error)))
                .transpose()?
                .map(|job| Parent { job, delegation: stored.delegation.map(Cow::into_owned) }),
            wanted: stored
                .wanted
                .map(|text| unhex(&text).map(Intent).ok_or_else(|| bad(&"no digest")))
                .transpose()?,
            outcome: stored.outcome.map(StoredOutcome::into_outcome).transpose()?,
        })
    }

    /// What a listing says of a job that has ended; `None` for one that has not.
    pub fn summary(self, job: JobId) -> Option<JobSummary> {
        let outcome = self.outcome?;
        Some(JobSummary {
            job,
            agent: self.agent.to_string(),
            state: outcome.state,
            created_at: self.created_at,
            trace: self.trace,
            parent: self.parent.map(|parent| parent.job),
            lease: self.lease,
            last_index: outcome.last_index,
        })
    }
}

#[derive(Serialize, Deserialize)]
struct StoredSession<'a> {
    v: u32,
    #[serde(borrow)]
    principal: StoredPrincipal<'a>,
    #[serde(borrow)]
    scheme: Cow<'a, str>,
    opened: i64,
    /// In hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    resume: Option<String>,
    /// Likewise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    older: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires: Option<i64>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    extensions: BTreeSet<String>,
    #[serde(default, skip_serializing_if = "is_false")]
    heartbeats: bool,
    #[serde(borrow, default, skip_serializing_if = "Vec::is_empty")]
    features: Vec<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    vocabulary: Option<Cow<'a, str>>,
}

/// A feature by name; one that is said not to be there has a sign before it.
fn written(feature: Feature, there: bool) -> Cow<'static, str> {
    let name = feature.as_str();
    if there { name.into() } else { format!("-{name}").into() }
}

fn feature(text: &str) -> Option<(Feature, bool)> {
    let (name, there) = text.strip_prefix('-').map_or((text, true), |name| (name, false));
    Some((Feature::parse(name)?, there))
}

/// The vocabulary of those that do not say it: there was but one.
const FIRST: &str = "open";

/// 32 bytes from their hexadecimal digits.
fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (byte, at) in bytes.iter_mut().zip((0..64).step_by(2)) {
        *byte = u8::from_str_radix(text.get(at..at + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

#[derive(Serialize, Deserialize)]
pub(super) struct StoredPrincipal<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    anonymous: bool,
}

#[derive(Serialize, Deserialize)]
struct StoredJob<'a> {
    v: u32,
    #[serde(borrow)]
    principal: StoredPrincipal<'a>,
    #[serde(borrow)]
    session: Cow<'a, str>,
    #[serde(borrow)]
    request: Cow<'a, str>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    trace: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    priority: Option<Cow<'a, str>>,
    #[serde(borrow)]
    agent: Cow<'a, str>,
    #[serde(borrow)]
    lease: StoredLease<'a>,
    created: i64,
    /// Milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max_runtime: Option<u64>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    parent: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    delegation: Option<Cow<'a, str>>,
    /// In hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    wanted: Option<String>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    outcome: Option<StoredOutcome<'a>>,
}

#[derive(Serialize, Deserialize)]
struct StoredOutcome<'a> {
    #[serde(borrow)]
    state: Cow<'a, str>,
    ended: i64,
    last_index: u64,
    /// Decimals by currency; they may be below zero.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    left: BTreeMap<String, String>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct StoredLease<'a> {
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    grants: BTreeMap<String, Vec<String>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    budget: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires: Option<i64>,
    #[serde(borrow, default, skip_serializing_if = "BTreeMap::is_empty")]
    other: BTreeMap<String, &'a RawValue>,
}

impl<'a> StoredPrincipal<'a> {
    pub(super) fn of(principal: &'a Principal) -> Self {
        Self { name: principal.name().into(), anonymous: principal.is_anonymous() }
    }

    pub(super) fn to_principal(&self) -> Principal {
        if self.anonymous { Principal::anonymous(&self.name) } else { Principal::named(&self.name) }
    }
}

impl StoredOutcome<'_> {
    fn of(outcome: &Outcome) -> Self {
        let state = STATES.iter().find(|(state, _)| *state == outcome.state);
        Self {
            state: state.map_or("failed", |(_, text)| text).into(),
            ended: outcome.ended_at.as_micros(),
            last_index: outcome.last_index,
            left: counters_text(&outcome.left),
        }
    }

    fn into_outcome(self) -> Result<Outcome, RecordError> {
        let state = STATES.iter().find(|(_, text)| *text == self.state);
        let (state, _) = state
            .ok_or_else(|| RecordError::new("job", format!("unknown state `{}`", self.state)))?;
        Ok(Outcome {
            state: *state,
            ended_at: Timestamp::from_micros(self.ended),
            last_index: self.last_index,
            left: counters("job", self.left)?,
        })
    }
}

impl<'a> StoredLease<'a> {
    pub(super) fn of(lease: &'a Lease) -> Self {
        let texts = |patterns: &Vec<Pattern>| patterns.iter().map(ToString::to_string).collect();
        Self {
            grants: lease.grants.iter().map(|(name, all)| (name.clone(), texts(all))).collect(),
            budget: lease.budget.to_amounts(),
            expires: lease.expires_at.map(Timestamp::as_micros),
            other: lease.other.iter().map(|(key, json)| (key.clone(), json.as_raw())).collect(),
        }
    }

    pub(super) fn into_lease(self) -> Result<Lease, RecordError> {
        let mut lease = Lease {
            budget: Budget::parse(self.budget.iter().map(String::as_str))
                .map_err(|error| RecordError::new("lease", error))?,
            expires_at: self.expires.map(Timestamp::from_micros),
            other: self.other.into_iter().map(|(key, raw)| (key, raw.into())).collect(),
            ..Lease::default()
        };
        for (namespace, patterns) in self.grants {
            let parsed: Result<Vec<_>, _> = patterns.iter().map(|p| Pattern::parse(p)).collect();
            let parsed = parsed.map_err(|error| RecordError::new("lease", error))?;
            lease.grants.insert(namespace, parsed);
        }
        Ok(lease)
    }
}

/// What is kept of a session that has closed, until its stream is forgotten: when that was.
pub fn closed_session(at: Timestamp) -> Result<Bytes, RecordError> {
    write("closed session", &StoredClosed { v: VERSION, at: at.as_micros() })
}

/// Reads when a session has closed.
pub fn closed_at(bytes: &[u8]) -> Result<Timestamp, RecordError> {
    let stored: StoredClosed = read("closed session", bytes)?;
    check_version("closed session", stored.v)?;
    Ok(Timestamp::from_micros(stored.at))
}

#[derive(Serialize, Deserialize)]
struct StoredClosed {
    v: u32,
    at: i64,
}

/// A budget's counters as they are stored.
pub(super) fn counters_text(left: &Budget) -> BTreeMap<String, String> {
    left.counters().map(|(currency, left)| (currency.to_owned(), left.to_string())).collect()
}

/// Reads stored counters.
pub(super) fn counters(
    what: &'static str,
    stored: BTreeMap<String, String>,
) -> Result<Budget, RecordError> {
    let counter = |(currency, left): (String, String)| match Decimal::from_str_exact(&left) {
        Ok(left) => Ok((currency, left)),
        Err(error) => Err(RecordError::new(what, error)),
    };
    let left: Result<Vec<_>, _> = stored.into_iter().map(counter).collect();
    Ok(Budget::of_counters(left?))
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

pub(super) fn write<T: Serialize>(what: &'static str, stored: &T) -> Result<Bytes, RecordError> {
    let bytes = serde_json::to_vec(stored).map_err(|error| RecordError::new(what, error))?;
    Ok(bytes.into())
}

pub(super) fn read<'a, T: Deserialize<'a>>(
    what: &'static str,
    bytes: &'a [u8],
) -> Result<T, RecordError> {
    serde_json::from_slice(bytes).map_err(|error| RecordError::new(what, error))
}

const STATES: [(JobState, &str); 5] = [
    (JobState::Completed, "completed"),
    (JobState::Failed, "failed"),
    (JobState::Cancelled, "cancelled"),
    (JobState::TimedOut, "timed_out"),
    (JobState::Aborted, "aborted"),
];
