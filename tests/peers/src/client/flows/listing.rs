//! Listing jobs, with every filter, a limit and a cursor.

use arcp::messages::{
    JobListEntry, MessageType, SessionJobsPayload, SessionListJobsFilter, SessionListJobsPayload,
};
use arcp_peers::{ALICE_TOKEN, BOB_TOKEN};
use chrono::{DateTime, Utc};
use serde_json::json;

use crate::stage::{Stage, unique};
use crate::stop::{Result, failed, holds, same};
use crate::wire::{Wire, call, payload};

/// Three jobs that ended in three ways, and one that runs.
pub(super) async fn filters(stage: &Stage) -> Result {
    let mut wire = stage.wire(ALICE_TOKEN).await?;
    let before = newest(&mut wire).await?;
    let gate = unique("gate");
    wire.run(call("conf.version@1.0.0", json!(1))).await?;
    wire.run(call("conf.fail", json!({"code": "ABORTED", "message": "m"}))).await?;
    wire.run(call("conf.version", json!(1))).await?;
    let running = wire.start(call("conf.gate", json!({"gate": gate}))).await?;
    let since = |filter| SessionListJobsFilter { created_after: before, ..filter };

    let all = list(&mut wire, since(SessionListJobsFilter::default())).await?;
    let shown: Vec<_> = all.iter().map(|job| (job.agent.as_str(), job.status.as_str())).collect();
    let wanted = [
        ("conf.version@1.0.0", "completed"),
        ("conf.fail@1.0.0", "failed"),
        ("conf.version@2.0.0", "completed"),
        ("conf.gate@1.0.0", "running"),
    ];
    same("all of them", shown, wanted)?;
    holds("each says how far it has come", all.iter().all(|job| job.last_event_seq > 0))?;

    let with_status = |states: &[&str]| SessionListJobsFilter {
        status: states.iter().map(ToString::to_string).collect(),
        ..SessionListJobsFilter::default()
    };
    let unfinished = list(&mut wire, since(with_status(&["running", "queued"]))).await?;
    same("those that run", ids(&unfinished), [running.id.to_string()])?;
    let of_agent = |agent: &str| SessionListJobsFilter {
        agent: Some(agent.to_owned()),
        ..SessionListJobsFilter::default()
    };
    same("of an agent", list(&mut wire, since(of_agent("conf.version"))).await?.len(), 2)?;
    same("of a version", list(&mut wire, since(of_agent("conf.version@2.0.0"))).await?.len(), 1)?;
    let last = all.last().ok_or_else(|| failed("nothing is listed"))?.created_at;
    let earlier = SessionListJobsFilter {
        created_before: Some(last),
        ..since(SessionListJobsFilter::default())
    };
    same("those before the last", list(&mut wire, earlier).await?.len(), 3)?;
    wire.run(call("conf.open", json!({"gate": gate}))).await?;
    wire.end(&running.id).await.map(drop)
}

/// Page by page, each job once.
pub(super) async fn pages(stage: &Stage) -> Result {
    let mut wire = stage.wire(ALICE_TOKEN).await?;
    let mut wanted = Vec::new();
    let before = newest(&mut wire).await?;
    for number in 0..5 {
        let job = wire.start(call("conf.echo", json!(number))).await?;
        wire.end(&job.id).await?;
        wanted.push(job.id.to_string());
    }
    let (mut found, mut cursor) = (Vec::new(), None);
    loop {
        let filter =
            SessionListJobsFilter { created_after: before, ..SessionListJobsFilter::default() };
        let page = page(&mut wire, Some(filter), Some(2), cursor).await?;
        holds("a page is no larger than its limit", page.jobs.len() <= 2)?;
        found.extend(ids(&page.jobs));
        match page.next_cursor {
            Some(next) => cursor = Some(next),
            None => break,
        }
    }
    same("the jobs", found, wanted)
}

/// Pages lose no job and show none twice while jobs come and go, in this session and in others.
pub(super) async fn pages_meanwhile(stage: &Stage) -> Result {
    let (mut wire, mut other) = (stage.wire(ALICE_TOKEN).await?, stage.wire(ALICE_TOKEN).await?);
    let mut bob = stage.wire(BOB_TOKEN).await?;
    let before = newest(&mut wire).await?;
    let gate = unique("gate");
    let mut wanted = Vec::new();
    for _ in 0..6 {
        wanted.push(wire.start(call("conf.gate", json!({"gate": gate}))).await?.id.to_string());
    }
    let (mut found, mut cursor) = (Vec::new(), None);
    for number in 0..20 {
        let filter =
            SessionListJobsFilter { created_after: before, ..SessionListJobsFilter::default() };
        let page = page(&mut wire, Some(filter), Some(2), cursor).await?;
        found.extend(ids(&page.jobs));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
        if number == 0 {
            // Those that are listed, and those that are not yet, end.
            let opened = other.start(call("conf.open", json!({"gate": gate}))).await?;
            wanted.push(opened.id.to_string());
        }
        if number < 3 {
            wanted.push(other.start(call("conf.echo", json!(number))).await?.id.to_string());
            bob.run(call("conf.echo", json!("his"))).await?;
        }
    }
    holds("the pages end", cursor.is_none())?;
    same("the jobs", found, wanted)
}

/// The jobs of others are not listed; those of one's other sessions are.
pub(super) async fn whose(stage: &Stage) -> Result {
    let (mut alice, mut bob) = (stage.wire(ALICE_TOKEN).await?, stage.wire(BOB_TOKEN).await?);
    let job = alice.start(call("conf.echo", json!(1))).await?;
    alice.end(&job.id).await?;
    let of_echo = || SessionListJobsFilter {
        agent: Some("conf.echo".to_owned()),
        ..SessionListJobsFilter::default()
    };
    let his = list(&mut bob, of_echo()).await?;
    holds("bob does not see it", !ids(&his).contains(&job.id.to_string()))?;
    let mut other = stage.wire(ALICE_TOKEN).await?;
    let hers = list(&mut other, of_echo()).await?;
    holds("alice sees it", ids(&hers).contains(&job.id.to_string()))
}

/// All pages of a listing.
pub(super) async fn list(
    wire: &mut Wire,
    filter: SessionListJobsFilter,
) -> Result<Vec<JobListEntry>> {
    let (mut jobs, mut cursor) = (Vec::new(), None);
    loop {
        let page = page(wire, Some(filter.clone()), None, cursor).await?;
        jobs.extend(page.jobs);
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok(jobs);
        }
    }
}

async fn page(
    wire: &mut Wire,
    filter: Option<SessionListJobsFilter>,
    limit: Option<u32>,
    cursor: Option<String>,
) -> Result<SessionJobsPayload> {
    let asked = SessionListJobsPayload { filter, limit, cursor };
    let asked = wire.send(MessageType::SessionListJobs(asked)).await?;
    let page = payload!(wire.answer(&asked).await?, SessionJobs);
    same("the request", page.request_id.as_str(), asked.as_str())?;
    Ok(page)
}

/// When the newest job was created, after which those of this flow come.
async fn newest(wire: &mut Wire) -> Result<Option<DateTime<Utc>>> {
    let job = wire.start(call("conf.echo", json!("first"))).await?;
    wire.end(&job.id).await?;
    let all = list(wire, SessionListJobsFilter::default()).await?;
    let mine = all.iter().find(|entry| entry.job_id == job.id);
    Ok(Some(mine.ok_or_else(|| failed("the newest job is not listed"))?.created_at))
}

fn ids(jobs: &[JobListEntry]) -> Vec<String> {
    jobs.iter().map(|job| job.job_id.to_string()).collect()
}
