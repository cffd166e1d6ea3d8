//! Idempotency keys, which the published client can not give.

use std::collections::BTreeSet;

use arcp::ErrorCode;
use arcp::messages::{SessionListJobsFilter, SubscriptionFilter};
use arcp_peers::{ALICE_TOKEN, BOB_TOKEN};
use futures::future::try_join_all;
use serde_json::json;

use super::listing::list;
use super::observe::{observed, subscribe};
use crate::stage::{Stage, unique};
use crate::stop::{Result, failed, holds, same};
use crate::wire::{call, payload};

/// The same again, while the job runs: the same job.
pub(super) async fn while_it_runs(stage: &Stage) -> Result {
    let mut wire = stage.wire(ALICE_TOKEN).await?;
    let (key, gate) = (unique("key"), unique("gate"));
    let wanted = call("conf.gate", json!({"gate": gate})).key(&key);
    let first = wire.start(wanted.clone()).await?;
    let second = wire.start(wanted).await?;
    same("the job", &second.id, &first.id)?;
    wire.run(call("conf.open", json!({"gate": gate}))).await?;
    let end = payload!(wire.end(&first.id).await?, JobCompleted);
    same("the result", end.value, Some(json!("released")))
}

/// The same again, after the end and in another session: the same job, and its end once more.
pub(super) async fn after_the_end(stage: &Stage) -> Result {
    let wanted = call("conf.echo", json!({"n": 1})).key(&unique("key"));
    let mut first = stage.wire(ALICE_TOKEN).await?;
    let job = first.start(wanted.clone()).await?;
    first.end(&job.id).await?;
    let mut second = stage.wire(ALICE_TOKEN).await?;
    let again = second.invoke(wanted).await?;
    let accepted = second.answer(&again).await?;
    holds("the answer names the key", accepted.idempotency_key.is_some())?;
    same("the job", payload!(accepted, JobAccepted).job_id, job.id.clone())?;
    let end = payload!(second.end(&job.id).await?, JobCompleted);
    same("the result", end.value, Some(json!({"n": 1})))
}

/// Fifty times the same at once, by five clients: one job, which runs once and which all are told of.
pub(super) async fn at_once(stage: &Stage) -> Result {
    let (trace, gate) = (unique("trace"), unique("gate"));
    let mut observer = stage.wire(ALICE_TOKEN).await?;
    let of_trace = SubscriptionFilter {
        trace_id: vec![trace.parse().map_err(failed)?],
        ..SubscriptionFilter::default()
    };
    subscribe(&mut observer, of_trace, None).await?;
    let wanted = call("conf.gate", json!({"gate": gate})).key(&unique("key")).trace(&trace);
    let mut wires = Vec::new();
    for _ in 0..5 {
        wires.push(stage.wire(ALICE_TOKEN).await?);
    }
    let invoking = wires.iter().map(|wire| {
        let ten = vec![wanted.clone(); 10].into_iter();
        try_join_all(ten.map(|wanted| wire.invoke(wanted)))
    });
    let asked = try_join_all(invoking).await?;

    let (mut jobs, mut without_key) = (BTreeSet::new(), 0);
    for (wire, asked) in wires.iter_mut().zip(&asked) {
        for question in asked {
            let answer = wire.answer(question).await?;
            without_key += usize::from(answer.idempotency_key.is_none());
            jobs.insert(payload!(answer, JobAccepted).job_id);
        }
    }
    same("how many answers are no repetition", without_key, 1)?;
    let job = jobs.pop_first().ok_or_else(|| failed("no job was accepted"))?;
    same("further jobs", jobs, BTreeSet::new())?;
    let mut listed = list(&mut observer, SessionListJobsFilter::default()).await?;
    listed.retain(|entry| entry.trace_id.as_ref() == Some(&trace));
    same("how many are listed", listed.len(), 1)?;

    observer.run(call("conf.open", json!({"gate": gate}))).await?;
    for wire in &mut wires {
        let end = payload!(wire.end(&job).await?, JobCompleted);
        same("the result", end.value, Some(json!("released")))?;
        wire.is_silent().await?;
    }
    for wanted in ["job.started", "log", "job.completed"] {
        same("what the job does", observed(&mut observer).await?.payload.type_name(), wanted)?;
    }
    observer.is_silent().await
}

/// Another intent under the key is refused.
pub(super) async fn conflict(stage: &Stage) -> Result {
    let mut wire = stage.wire(ALICE_TOKEN).await?;
    let key = unique("key");
    wire.run(call("conf.echo", json!(1)).key(&key)).await?;
    for other in [call("conf.echo", json!(2)), call("conf.version", json!(1))] {
        let asked = wire.invoke(other.key(&key)).await?;
        let refusal = payload!(wire.answer(&asked).await?, JobFailed);
        same("the code", refusal.code, ErrorCode::FailedPrecondition)?;
        same("retryable", refusal.retryable, Some(false))?;
    }
    Ok(())
}

/// A key is its principal's own.
pub(super) async fn of_somebody_else(stage: &Stage) -> Result {
    let wanted = call("conf.echo", json!(1)).key(&unique("key"));
    let mut alice = stage.wire(ALICE_TOKEN).await?;
    let mut bob = stage.wire(BOB_TOKEN).await?;
    let hers = alice.start(wanted.clone()).await?;
    let his = bob.start(wanted).await?;
    holds("they are two jobs", hers.id != his.id)
}
