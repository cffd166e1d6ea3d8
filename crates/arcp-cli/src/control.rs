//! `arcp jobs`, `arcp cancel`, `arcp agents`.

use std::future::pending;
use std::time::Duration;

use arcp::client::Client;
use arcp::core::{JobFilter, JobId, JobState, JobSummary, TraceId};
use serde_json::json;

use crate::args::{Agents, Cancel, Jobs};
use crate::connect::{Session, Words};
use crate::exit::{self, Code, Error};
use crate::show::say;

pub(crate) async fn jobs(args: Jobs) -> Result<Code, Error> {
    let filter = JobFilter {
        states: parse_states(&args.states)?,
        agent: args.agent,
        ..JobFilter::default()
    };
    let session = Session::connect(&args.target, Words::Both).await?;
    let jobs = session.client.jobs_all(filter, args.limit).await?;
    for job in &jobs {
        if args.json {
            say(as_json(job))?;
        } else {
            let (state, created) = (state_name(job.state), job.created_at);
            say(format_args!("{}  {state:<9}  {created}  {}", job.job, job.agent))?;
        }
    }
    session.end().await?;
    Ok(exit::OK)
}

pub(crate) async fn cancel(args: Cancel) -> Result<Code, Error> {
    let job = JobId::parse(&args.job).map_err(Error::usage)?;
    let deadline = args.deadline_ms.map(Duration::from_millis);
    let words = if deadline.is_some() { Words::Open } else { Words::Both };
    let session = Session::connect(&args.target, words).await?;
    tokio::select! {
        biased;
        answer = session.client.cancel(&job, args.reason.as_deref(), deadline) => {
            answer?;
            say(format_args!("{job} is being cancelled"))?;
        }
        // Not every runtime answers: of one that does not, the end is answer enough.
        () = end(&session.client, &job) => say(format_args!("{job} has ended"))?,
    }
    session.end().await?;
    Ok(exit::OK)
}

/// Waits for the end of a job; for ever, if it can not be watched.
async fn end(client: &Client, job: &JobId) {
    if let Ok(mut watch) = client.watch(job, None).await {
        // None comes after the end, and at once where that is past.
        while let Ok(next) = watch.next().await {
            if next.is_none_or(|delivery| delivery.event.event.is_terminal()) {
                return;
            }
        }
    }
    pending::<()>().await;
}

pub(crate) async fn agents(args: Agents) -> Result<Code, Error> {
    let session = Session::connect(&args.target, Words::Both).await?;
    for agent in &session.client.session().capabilities.agents {
        if args.json {
            let (name, versions, default) = (&agent.name, &agent.versions, &agent.default);
            say(json!({ "name": name, "versions": versions, "default": default }))?;
        } else {
            say(format_args!("{}  {}", agent.name, agent.versions.join(" ")))?;
        }
    }
    session.end().await?;
    Ok(exit::OK)
}

fn parse_states(names: &[String]) -> Result<Option<Vec<JobState>>, Error> {
    // No dialect has a word for it.
    let states = || STATES.iter().filter(|(state, _)| *state != JobState::Aborted);
    let parse = |name: &String| {
        states().find(|(_, known)| known == name).map(|(state, _)| *state).ok_or_else(|| {
            let known: Vec<_> = states().map(|(_, name)| *name).collect();
            Error::Usage(format!("--status `{name}`: want one of {}", known.join(", ")))
        })
    };
    let states: Vec<_> = names.iter().map(parse).collect::<Result<_, _>>()?;
    Ok(if states.is_empty() { None } else { Some(states) })
}

pub(crate) fn state_name(state: JobState) -> &'static str {
    STATES.iter().find(|(known, _)| *known == state).map_or("unknown", |(_, name)| *name)
}

fn as_json(job: &JobSummary) -> serde_json::Value {
    json!({
        "job_id": job.job.as_str(),
        "agent": job.agent,
        "status": state_name(job.state),
        "created_at": job.created_at.to_string(),
        "trace_id": job.trace.as_ref().map(TraceId::as_str),
        "events": job.last_index,
    })
}

const STATES: [(JobState, &str); 9] = [
    (JobState::Accepted, "accepted"),
    (JobState::Queued, "queued"),
    (JobState::Running, "running"),
    (JobState::Blocked, "blocked"),
    (JobState::Completed, "completed"),
    (JobState::Failed, "failed"),
    (JobState::Cancelled, "cancelled"),
    (JobState::TimedOut, "timed_out"),
    (JobState::Aborted, "aborted"),
];
