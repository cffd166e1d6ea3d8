//! Payloads that a client writes.

use std::collections::BTreeSet;
use std::time::Duration;

use arcp_core::{
    ArtifactId, Cancel, CancelTarget, ClientIdentity, EventFilter, JobFilter, Json, LeaseId,
    ListJobs, Offer, Open, Priority, PutArtifact, Resume, Since, Submit, Subscribe, WatchJob,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use super::super::message::Stamp;
use super::super::payload::ArtifactBody;
use super::super::{capabilities, kinds, lease, state};

/// `session.open`.
#[derive(Serialize)]
pub(super) struct OpenBody<'a> {
    auth: Auth<'a>,
    client: Client<'a>,
    capabilities: capabilities::Written<'a>,
}

#[derive(Serialize)]
struct Auth<'a> {
    scheme: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<&'a str>,
}

#[derive(Serialize)]
struct Client<'a> {
    kind: &'a str,
    version: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    fingerprint: Option<&'a str>,
}

impl<'a> OpenBody<'a> {
    pub(super) fn of(open: &'a Open) -> Self {
        let ClientIdentity { kind, version, fingerprint } = &open.client;
        Self {
            auth: Auth::of(&open.offer),
            client: Client { kind, version, fingerprint: fingerprint.as_deref() },
            capabilities: capabilities::Written(&open.capabilities),
        }
    }
}

impl<'a> Auth<'a> {
    fn of(offer: &'a Offer) -> Self {
        let token = offer.token.as_ref().map(|token| token.expose().as_str());
        Self { scheme: &offer.scheme, token }
    }
}

/// `session.resume`.
#[derive(Serialize)]
pub(super) struct ResumeBody<'a> {
    resume_token: &'a str,
    last_event_seq: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth: Option<Auth<'a>>,
}

impl<'a> ResumeBody<'a> {
    pub(super) fn of(resume: &'a Resume) -> Self {
        let Resume { token, last_seq, offer, .. } = resume;
        let auth = offer.as_ref().map(Auth::of);
        Self { resume_token: token.expose(), last_event_seq: *last_seq, auth }
    }
}

/// `session.authenticate`.
#[derive(Serialize)]
pub(super) struct Authenticate<'a> {
    pub(super) response: &'a str,
}

/// `session.close`.
#[derive(Serialize)]
pub(super) struct Close<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<&'a str>,
}

/// `resume`.
#[derive(Serialize)]
pub(super) struct Replay<'a> {
    pub(super) after_message_id: &'a str,
}

/// `ping` and `pong`.
#[derive(Serialize)]
pub(super) struct Ping<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) nonce: Option<&'a str>,
}

/// `session.ping`.
#[derive(Serialize)]
pub(super) struct SessionPing<'a> {
    pub(super) nonce: &'a str,
    pub(super) sent_at: Stamp,
}

/// `session.ack`.
#[derive(Serialize)]
pub(super) struct Ack {
    pub(super) last_processed_seq: u64,
}

/// `session.list_jobs`.
#[derive(Serialize)]
pub(super) struct List<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    filter: Option<Filter<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<&'a str>,
}

#[derive(Serialize)]
struct Filter<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Vec<&'static str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    agent: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_after: Option<Stamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_before: Option<Stamp>,
}

impl<'a> List<'a> {
    pub(super) fn of(list: &'a ListJobs) -> Self {
        let any = list.filter != JobFilter::default();
        Self {
            filter: any.then(|| Filter::of(&list.filter)),
            limit: list.limit,
            cursor: list.after.as_ref().map(AsRef::as_ref),
        }
    }
}

impl<'a> Filter<'a> {
    fn of(filter: &'a JobFilter) -> Self {
        Self {
            status: filter.states.as_ref().map(|states| {
                let mut names: Vec<_> = states.iter().map(|one| state::name(*one)).collect();
                names.dedup();
                names
            }),
            agent: filter.agent.as_deref(),
            created_after: filter.created_after.map(Stamp),
            created_before: filter.created_before.map(Stamp),
        }
    }
}

/// `tool.invoke`.
#[derive(Serialize)]
pub(super) struct Invoke<'a> {
    tool: &'a str,
    arguments: &'a Json,
    #[serde(skip_serializing_if = "Option::is_none")]
    lease_request: Option<lease::Written<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_runtime_sec: Option<u64>,
}

impl<'a> Invoke<'a> {
    pub(super) fn of(submit: &'a Submit) -> Self {
        Self {
            tool: &submit.agent,
            arguments: &submit.input,
            lease_request: submit.lease.as_ref().map(lease::Written),
            // The wire counts whole seconds; a part of one is one.
            max_runtime_sec: submit
                .max_runtime
                .map(|span| span.as_secs().saturating_add(u64::from(span.subsec_nanos() > 0))),
        }
    }
}

/// `cancel`.
#[derive(Serialize)]
pub(super) struct CancelBody<'a> {
    target: &'static str,
    target_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deadline_ms: Option<u64>,
}

impl<'a> CancelBody<'a> {
    pub(super) fn of(cancel: &'a Cancel) -> Self {
        Self {
            target: match cancel.target {
                CancelTarget::Job => "job",
                CancelTarget::Stream => "stream",
                CancelTarget::Session => "session",
            },
            target_id: &cancel.target_id,
            reason: cancel.reason.as_deref(),
            deadline_ms: cancel
                .deadline
                .map(|span| u64::try_from(span.as_millis()).unwrap_or(u64::MAX)),
        }
    }
}

/// `job.subscribe`.
#[derive(Serialize)]
pub(super) struct Watch<'a> {
    job_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    from_event_seq: Option<u64>,
    history: bool,
}

impl<'a> Watch<'a> {
    pub(super) fn of(watch: &'a WatchJob) -> Self {
        Self {
            job_id: watch.job.as_str(),
            from_event_seq: watch.after,
            history: watch.after.is_some(),
        }
    }
}

/// `job.unsubscribe`.
#[derive(Serialize)]
pub(super) struct JobOnly<'a> {
    pub(super) job_id: &'a str,
}

/// `subscribe`.
#[derive(Serialize)]
pub(super) struct SubscribeBody<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    filter: Option<EventFilterBody<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<SinceBody<'a>>,
}

#[derive(Serialize)]
struct SinceBody<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    after_message_id: Option<&'a str>,
}

#[derive(Serialize)]
struct EventFilterBody<'a> {
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    session_id: BTreeSet<&'a str>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    trace_id: BTreeSet<&'a str>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    job_id: BTreeSet<&'a str>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    stream_id: BTreeSet<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    types: Option<BTreeSet<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    min_priority: Option<&'static str>,
}

impl<'a> SubscribeBody<'a> {
    pub(super) fn of(subscribe: &'a Subscribe) -> Self {
        let any = subscribe.filter != EventFilter::default();
        Self {
            filter: any.then(|| EventFilterBody::of(&subscribe.filter)),
            since: subscribe.since.as_ref().map(|since| SinceBody {
                after_message_id: match since {
                    Since::Start => None,
                    Since::After(id) => Some(id.as_str()),
                },
            }),
        }
    }
}

impl<'a> EventFilterBody<'a> {
    fn of(filter: &'a EventFilter) -> Self {
        fn texts<T: AsRef<str>>(ids: &BTreeSet<T>) -> BTreeSet<&str> {
            ids.iter().map(AsRef::as_ref).collect()
        }
        Self {
            session_id: texts(&filter.sessions),
            trace_id: texts(&filter.traces),
            job_id: texts(&filter.jobs),
            stream_id: texts(&filter.streams),
            types: filter.kinds.as_ref().map(|kinds| kinds::types_of(kinds, &filter.names)),
            min_priority: filter.min_priority.map(Priority::as_str),
        }
    }
}

/// `unsubscribe`.
#[derive(Serialize)]
pub(super) struct Unsubscribe<'a> {
    pub(super) subscription_id: &'a str,
}

/// `artifact.put`.
pub(super) fn put(put: &PutArtifact) -> ArtifactBody<'_> {
    ArtifactBody {
        media_type: &put.media_type,
        data: STANDARD.encode(&put.data),
        sha256: put.sha256.as_deref(),
        retain_seconds: put.retain.map(|retain| retain.as_secs()),
    }
}

/// `artifact.fetch` and `artifact.release`.
#[derive(Serialize)]
pub(super) struct ArtifactOnly<'a> {
    artifact_id: &'a str,
}

impl<'a> ArtifactOnly<'a> {
    pub(super) fn of(artifact: &'a ArtifactId) -> Self {
        Self { artifact_id: artifact.as_str() }
    }
}

/// `permission.grant`.
#[derive(Serialize)]
pub(super) struct Grant<'a> {
    pub(super) permission: &'a str,
    pub(super) resource: &'a str,
    pub(super) operation: &'a str,
    pub(super) lease_seconds: u64,
}

/// `permission.deny`.
#[derive(Serialize)]
pub(super) struct Deny<'a> {
    pub(super) permission: &'a str,
    pub(super) reason: &'a str,
}

/// `lease.refresh`.
#[derive(Serialize)]
pub(super) struct RefreshLease<'a> {
    lease_id: &'a str,
    additional_seconds: u64,
}

impl<'a> RefreshLease<'a> {
    pub(super) fn of(lease: &'a LeaseId, additional: Duration) -> Self {
        Self { lease_id: lease.as_str(), additional_seconds: additional.as_secs() }
    }
}

/// `lease.revoked`.
#[derive(Serialize)]
pub(super) struct RevokeLease<'a> {
    pub(super) lease_id: &'a str,
    pub(super) reason: &'a str,
}

/// `backpressure`.
#[derive(Serialize)]
pub(super) struct Backpressure {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) desired_rate_per_second: Option<u32>,
}
