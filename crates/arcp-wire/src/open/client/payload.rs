//! Payloads that a client writes.

use arcp_core::{Cancel, CancelTarget, ClientIdentity, JobFilter, Json, ListJobs, Open, Submit};
use serde::Serialize;

use super::super::message::Stamp;
use super::super::{capabilities, lease, state};

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
            auth: Auth {
                scheme: &open.offer.scheme,
                token: open.offer.token.as_ref().map(|token| token.expose().as_str()),
            },
            client: Client { kind, version, fingerprint: fingerprint.as_deref() },
            capabilities: capabilities::Written(&open.capabilities),
        }
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

/// `ping`.
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
