//! What clients say about permissions and leases.

use std::time::Duration;

use arcp_core::{Command, Fault, LeaseId, PermissionAnswer, PermissionVerdict};

use super::super::envelope::Envelope;
use crate::json::{Object, id};

pub(super) fn grant(payload: &Object<'_>, envelope: &Envelope<'_>) -> Result<Command, Fault> {
    let verdict = PermissionVerdict::Grant {
        resource: payload.need_text("resource")?.into_owned(),
        operation: payload.need_text("operation")?.into_owned(),
        lease: Duration::from_secs(payload.need_whole("lease_seconds")?),
    };
    answer(payload, envelope, verdict)
}

pub(super) fn deny(payload: &Object<'_>, envelope: &Envelope<'_>) -> Result<Command, Fault> {
    let reason = payload.need_text("reason")?.into_owned();
    answer(payload, envelope, PermissionVerdict::Deny { reason })
}

fn answer(
    payload: &Object<'_>,
    envelope: &Envelope<'_>,
    verdict: PermissionVerdict,
) -> Result<Command, Fault> {
    Ok(Command::AnswerPermission(Box::new(PermissionAnswer {
        request: envelope.correlation.clone(),
        job: envelope.job.clone(),
        permission: payload.need_text("permission")?.into_owned(),
        verdict,
    })))
}

pub(super) fn refresh(payload: &Object<'_>) -> Result<Command, Fault> {
    Ok(Command::RefreshLease {
        lease: id(payload, "lease_id", LeaseId::parse)?,
        additional: Duration::from_secs(payload.need_whole("additional_seconds")?),
    })
}

pub(super) fn revoke(payload: &Object<'_>) -> Result<Command, Fault> {
    Ok(Command::RevokeLease {
        lease: id(payload, "lease_id", LeaseId::parse)?,
        reason: payload.need_text("reason")?.into_owned(),
    })
}

pub(super) fn backpressure(
    payload: &Object<'_>,
    envelope: &Envelope<'_>,
) -> Result<Command, Fault> {
    let rate = payload.whole("desired_rate_per_second")?;
    payload.whole("buffer_remaining_bytes")?;
    payload.text("reason")?;
    Ok(Command::Backpressure {
        stream: envelope.stream.clone(),
        rate: rate.map(|rate| u32::try_from(rate).unwrap_or(u32::MAX)),
    })
}
