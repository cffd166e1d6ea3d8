//! Jobs: submitting, cancelling, watching and listing them (§6.6, §7).

use std::time::Duration;

use arcp_core::{
    Cancel, CancelTarget, Command, Fault, Feature, IdempotencyKey, JobFilter, JobId, Json, Lease,
    ListJobs, Parent, Submit, WatchJob,
};

use super::super::{lease, state};
use super::{Commands, job_id};
use crate::json::{Object, excerpt, maybe_id};

impl Commands {
    pub(super) fn submit(&self, payload: &Object<'_>) -> Result<Command, Fault> {
        let agent = payload.need_text("agent")?.into_owned();
        if agent.contains('@') {
            self.check(Feature::AgentVersions)?;
        }
        let (lease, end) = lease::requested(payload, !self.line.is_strict())?;
        let unsaid = |lease: &Lease| self.line.profile().empty_lease_is_none && lease.is_empty();
        let lease = lease.filter(|lease| !unsaid(lease));
        if end.is_some() {
            self.check(Feature::LeaseExpiresAt)?;
        }
        if let Some(lease) = &lease {
            self.check_lease(lease)?;
        }
        let lease = lease.map(|lease| Lease { expires_at: end, ..lease });
        let max_runtime = payload.whole("max_runtime_sec")?;
        if max_runtime == Some(0) {
            return Err(payload.wrong("max_runtime_sec", "at least 1"));
        }
        Ok(Command::Submit(Box::new(Submit {
            agent,
            input: payload.raw("input").map_or_else(Json::null, Json::from),
            expires_at: end.filter(|_| lease.is_none()),
            lease,
            key: maybe_id(payload, "idempotency_key", IdempotencyKey::parse)?,
            max_runtime: max_runtime.map(Duration::from_secs),
            priority: arcp_core::Priority::default(),
            parent: parent(payload)?,
        })))
    }

    fn check_lease(&self, asked: &Lease) -> Result<(), Fault> {
        if !asked.budget.is_empty() {
            self.check(Feature::CostBudget)?;
        }
        if asked.grants.contains_key(lease::MODEL_USE) {
            self.check(Feature::ModelUse)?;
        }
        Ok(())
    }
}

fn parent(payload: &Object<'_>) -> Result<Option<Parent>, Fault> {
    let Some(job) = payload.text("parent_job_id")? else { return Ok(None) };
    Ok(Some(Parent { job: job_id(&job)?, delegation: payload.owned("delegate_id")? }))
}

/// The job that a cancel is about, which its envelope says.
fn cancelled(envelope: Option<&str>) -> Result<JobId, Fault> {
    let missing = || Fault::invalid("`job_id` is missing in the envelope");
    job_id(envelope.ok_or_else(missing)?)
}

/// The job that a message is about: its envelope says so, or its payload.
fn spelt<'a>(payload: &'a Object<'_>, envelope: Option<&'a str>) -> Result<String, Fault> {
    match (payload.owned("job_id")?, envelope) {
        (Some(one), Some(other)) if one != other => {
            Err(Fault::invalid("the `job_id` of the envelope is not that of the payload"))
        }
        (Some(job), _) => Ok(job),
        (None, Some(job)) => Ok(job.to_owned()),
        (None, None) => Err(payload.missing("job_id")),
    }
}

/// The same, as an id.
pub(super) fn named(payload: &Object<'_>, envelope: Option<&str>) -> Result<JobId, Fault> {
    job_id(&spelt(payload, envelope)?)
}

pub(super) fn cancel(payload: &Object<'_>, envelope: Option<&str>) -> Result<Command, Fault> {
    Ok(Command::Cancel(Box::new(Cancel {
        target: CancelTarget::Job,
        target_id: cancelled(envelope)?.to_string(),
        reason: payload.owned("reason")?,
        deadline: None,
    })))
}

pub(super) fn watch(payload: &Object<'_>, envelope: Option<&str>) -> Result<Command, Fault> {
    let job = named(payload, envelope)?;
    let from = payload.whole("from_event_seq")?;
    let history = payload.flag("history")?.unwrap_or(false);
    Ok(Command::Watch(WatchJob { job, after: history.then(|| from.unwrap_or(0)) }))
}

pub(super) fn list(payload: &Object<'_>) -> Result<Command, Fault> {
    let filter = payload.object("filter", "filter")?;
    let limit = payload.whole("limit")?;
    if limit == Some(0) {
        return Err(payload.wrong("limit", "at least 1"));
    }
    let cursor = payload.text("cursor")?;
    let after = cursor.map(|text| JobId::parse(&text)).transpose();
    Ok(Command::ListJobs(Box::new(ListJobs {
        filter: filter.as_ref().map_or(Ok(JobFilter::default()), job_filter)?,
        limit: limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX)),
        after: after.map_err(|_| payload.wrong("cursor", "what a page of jobs gave"))?,
    })))
}

fn job_filter(filter: &Object<'_>) -> Result<JobFilter, Fault> {
    let mut states: Option<Vec<_>> = None;
    for text in filter.texts("status")?.unwrap_or_default() {
        let named = state::named(&text);
        if named.is_empty() {
            let want = format!("states of jobs, and `{}` is none", excerpt(&text));
            return Err(filter.wrong("status", &want));
        }
        let states = states.get_or_insert_default();
        // Two states have one name, and it may be said twice.
        for state in named {
            if !states.contains(&state) {
                states.push(state);
            }
        }
    }
    Ok(JobFilter {
        states,
        agent: filter.owned("agent")?,
        created_after: filter.time("created_after")?,
        created_before: filter.time("created_before")?,
    })
}
