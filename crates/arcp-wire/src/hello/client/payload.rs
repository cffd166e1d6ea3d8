//! Payloads of what a client asks.

use arcp_core::{
    Capabilities, ClientIdentity, Feature, JobFilter, ListJobs, Offer, Submit, WatchJob,
};
use serde::Serialize;

use super::super::{feature, lease, state};
use crate::json::Stamp;

#[derive(Serialize)]
pub(super) struct Hello<'a> {
    client: Client<'a>,
    auth: Auth<'a>,
    capabilities: Declared,
    #[serde(skip_serializing_if = "Option::is_none")]
    resume: Option<Resume<'a>>,
}

#[derive(Serialize)]
struct Client<'a> {
    name: &'a str,
    version: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    fingerprint: Option<&'a str>,
}

#[derive(Serialize)]
struct Auth<'a> {
    scheme: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<&'a str>,
}

#[derive(Serialize)]
struct Declared {
    encodings: [&'static str; 1],
    features: Vec<&'static str>,
}

#[derive(Serialize)]
pub(super) struct Resume<'a> {
    pub(super) session_id: &'a str,
    #[serde(rename = "resume_token")]
    pub(super) token: &'a str,
    pub(super) last_event_seq: u64,
}

impl<'a> Hello<'a> {
    pub(super) fn of(
        client: &'a ClientIdentity,
        offer: &'a Offer,
        capabilities: &Capabilities,
        resume: Option<Resume<'a>>,
    ) -> Self {
        // All that this client reads, but for what its user does not want.
        let unwanted = |feature: &Feature| capabilities.features.get(feature) == Some(&false);
        let read = Feature::ALL.iter().filter(|feature| !unwanted(feature));
        let declared = read.fold(Capabilities::default(), |all, feature| all.with(*feature, true));
        Self {
            client: Client {
                name: &client.kind,
                version: &client.version,
                fingerprint: client.fingerprint.as_deref(),
            },
            auth: Auth {
                scheme: &offer.scheme,
                token: offer.token.as_ref().map(|token| token.expose().as_str()),
            },
            capabilities: Declared { encodings: ["json"], features: feature::names(&declared) },
            resume,
        }
    }
}

#[derive(Serialize)]
pub(super) struct Reason<'a> {
    /// Some runtimes want one.
    pub(super) reason: &'a str,
}

#[derive(Serialize)]
pub(super) struct Ack {
    pub(super) last_processed_seq: u64,
}

#[derive(Serialize)]
pub(super) struct List<'a> {
    #[serde(skip_serializing_if = "Filter::is_empty")]
    filter: Filter<'a>,
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

impl Filter<'_> {
    fn is_empty(&self) -> bool {
        self.status.is_none()
            && self.agent.is_none()
            && self.created_after.is_none()
            && self.created_before.is_none()
    }
}

impl<'a> List<'a> {
    pub(super) fn of(list: &'a ListJobs) -> Self {
        let JobFilter { states, agent, created_after, created_before } = &list.filter;
        let names = states.as_ref().map(|states| {
            let mut names: Vec<_> = states.iter().map(|state| state::name(*state)).collect();
            names.dedup();
            names
        });
        let cursor = list.after.as_ref().map(|after| {
            let text = after.as_str();
            text.strip_prefix(FOREIGN_CURSOR).unwrap_or(text)
        });
        Self {
            filter: Filter {
                status: names,
                agent: agent.as_deref(),
                created_after: created_after.map(Stamp),
                created_before: created_before.map(Stamp),
            },
            limit: list.limit,
            cursor,
        }
    }
}

/// What stands before a cursor that is no job's id, as those of other runtimes are not.
pub(super) const FOREIGN_CURSOR: &str = "job_~";

#[derive(Serialize)]
pub(super) struct SubmitBody<'a> {
    agent: &'a str,
    input: &'a arcp_core::Json,
    #[serde(skip_serializing_if = "Option::is_none")]
    lease_request: Option<lease::Written<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lease_constraints: Option<lease::Limits>,
    #[serde(skip_serializing_if = "Option::is_none")]
    idempotency_key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_runtime_sec: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_job_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delegate_id: Option<&'a str>,
}

impl<'a> SubmitBody<'a> {
    pub(super) fn of(submit: &'a Submit) -> Self {
        let parent = submit.parent.as_ref();
        // A part of a second is one.
        let seconds = submit
            .max_runtime
            .map(|span| span.as_secs().saturating_add(u64::from(span.subsec_nanos() > 0)).max(1));
        Self {
            agent: &submit.agent,
            input: &submit.input,
            lease_request: submit.lease.as_ref().map(lease::Written),
            lease_constraints: submit.lease.as_ref().and_then(lease::Limits::of),
            idempotency_key: submit.key.as_ref().map(AsRef::as_ref),
            max_runtime_sec: seconds,
            parent_job_id: parent.map(|parent| parent.job.as_str()),
            delegate_id: parent.and_then(|parent| parent.delegation.as_deref()),
        }
    }
}

#[derive(Serialize)]
pub(super) struct Watch<'a> {
    job_id: &'a str,
    history: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    from_event_seq: Option<u64>,
}

impl<'a> Watch<'a> {
    pub(super) fn of(watch: &'a WatchJob) -> Self {
        Self {
            job_id: watch.job.as_str(),
            history: watch.after.is_some(),
            from_event_seq: watch.after,
        }
    }
}

#[derive(Serialize)]
pub(super) struct JobOnly<'a> {
    pub(super) job_id: &'a str,
}
