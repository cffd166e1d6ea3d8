//! Jobs that are run again when their runtime has died, or was stopped.

use std::time::Duration;

use arcp_agent::{Code, Fault, JobContext, Json, Outcome, Restart, agent_fn, restartable};
use arcp_core::Timestamp;
use serde_json::{Value, json};

use crate::support::{HandClock, House, On, Raw, Setup, code, job_events, kind, open_fact};

matrix!(
    what_was_spent_stays_spent,
    a_job_that_was_stopped_in_good_order_goes_on_too,
    a_job_is_not_run_again_for_ever,
    a_stop_in_good_order_is_none_of_its_deaths,
    a_lease_that_has_ended_meanwhile_ends_the_job,
    a_lease_goes_on,
    a_job_whose_time_is_over_meanwhile_ends,
    the_time_that_a_job_may_take_goes_on,
    its_session_is_told_where_it_was,
    a_job_that_was_cancelled_is_not_run_again,
);

/// Ends if there is nothing left to spend. Else it spends 2 of its budget, keeps how often it did, and
/// waits.
async fn spender(job: JobContext, _: Json) -> Result<Outcome, Fault> {
    let times = job.restored().map_or(0, |state| state.read::<u64>().unwrap());
    if job.authorize("tool.call", "hammer").await.is_err() {
        return Outcome::of(&json!({"attempt": job.attempt(), "times": times}));
    }
    job.charge("work", 2.into(), "USD").await?;
    job.checkpoint(Json::from(&json!(times + 1))).await?;
    Err(Fault::new(Code::Cancelled, job.cancelled().await))
}

fn setup(clock: &HandClock) -> Setup {
    Setup::new().clock(clock).configure(|builder| {
        let spender = restartable(agent_fn(spender), Restart::FromCheckpoint);
        builder.agent("spender", "1", spender)
    })
}

/// Starts a job that spends 2 of 5 and waits; `more` is what is said when it is submitted.
async fn spend(house: &House, more: Value) -> (Raw, String, Value) {
    let mut raw = house.raw().await;
    let accepted = raw.open("tok-alice").await;
    let mut payload = json!({"tool": "spender", "arguments": {}, "lease_request": lease()});
    payload.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let job = raw.submit_as(payload).await;
    raw.until(|message| message["payload"]["name"] == "checkpoint").await;
    (raw, job, accepted["payload"]["resume_token"].clone())
}

/// What a job may do that can spend 5.
fn lease() -> Value {
    json!({"tool.call": ["*"], "cost.budget": ["USD:5"]})
}

/// The same until a time, as it is submitted.
fn lease_until(end: Timestamp) -> Value {
    let mut lease = lease();
    lease["expires_at"] = json!(end.to_string());
    json!({ "lease_request": lease })
}

/// The names of a job's events, as far as they matter here.
async fn story(house: &House, job: &str) -> Vec<String> {
    let events = job_events(&*house.store, job).await;
    let name = |event: &arcp_core::Event| match event {
        arcp_core::Event::Metric { name, value, .. } => format!("{name} {value}"),
        arcp_core::Event::Status { phase, .. } => phase.clone(),
        arcp_core::Event::Failed(fault) | arcp_core::Event::TimedOut(fault) => {
            format!("failed {}", fault.code)
        }
        other => format!("{:?}", other.kind()).to_lowercase(),
    };
    events.iter().map(|(_, event)| name(&event.event)).collect()
}

async fn what_was_spent_stays_spent(on: On) {
    let clock = HandClock::new();
    let house = on.start(setup(&clock)).await;
    let (raw, job, _) = spend(&house, json!({})).await;
    drop(raw);
    let house = house.crash().await.restart(setup(&clock)).await;
    let mut raw = house.raw_as("alice").await;
    raw.say("job.subscribe", json!({"job_id": job})).await;
    let watched = raw.expect("job.subscribed").await;
    assert_eq!(watched["payload"]["current_status"], "running");
    until(&house, &job, 8).await;
    let house = house.crash().await.restart(setup(&clock)).await;
    let spent = ["started", "cost.work 2", "cost.budget.remaining 3", "checkpoint"];
    let again = ["restarted", "cost.work 2", "cost.budget.remaining 1", "checkpoint"];
    let last = ["restarted", "cost.work 2", "cost.budget.remaining -1", "checkpoint"];
    // The second and the third run wait like the first one, having spent what is left.
    until(&house, &job, 12).await;
    assert_eq!(story(&house, &job).await, [spent, again, last].concat());
    let house = house.crash().await.restart(setup(&clock)).await;
    // In the fourth nothing is left to spend.
    let mut raw = house.raw_as("alice").await;
    raw.until_ended(&job).await;
    raw.say("job.subscribe", json!({"job_id": job, "history": true})).await;
    let told = raw.until(|message| kind(message) == "job.completed").await;
    let end = told.last().unwrap();
    assert_eq!(end["payload"]["value"], json!({"attempt": 4, "times": 3}));
}

/// Waits until a job has said so many things.
async fn until(house: &House, job: &str, count: usize) {
    while job_events(&*house.store, job).await.len() < count {
        tokio::task::yield_now().await;
    }
}

async fn a_job_that_was_stopped_in_good_order_goes_on_too(on: On) {
    let clock = HandClock::new();
    let house = on.start(setup(&clock)).await;
    let (mut raw, job, _) = spend(&house, json!({})).await;
    let remains = house.shutdown(Duration::ZERO).await;
    let told = raw.rest().await;
    assert_eq!(told.iter().map(kind).collect::<Vec<_>>(), ["session.evicted"]);
    assert_eq!(told[0]["payload"]["details"], json!({"resumable": true, "resume_window_sec": 600}));
    let house = remains.restart(setup(&clock)).await;
    until(&house, &job, 8).await;
    assert!(open_fact(&*house.store, &job).await.is_some());
    assert_eq!(story(&house, &job).await[4], "restarted");
}

async fn a_job_is_not_run_again_for_ever(on: On) {
    let clock = HandClock::new();
    let setup = || setup(&clock).limits(|limits| limits.restarts_per_job = 1);
    let house = on.start(setup()).await;
    let (raw, job, _) = spend(&house, json!({})).await;
    drop(raw);
    let house = house.crash().await.restart(setup()).await;
    until(&house, &job, 8).await;
    let house = house.crash().await.restart(setup()).await;
    until(&house, &job, 9).await;
    assert_eq!(story(&house, &job).await[8], "failed UNAVAILABLE");
}

async fn a_stop_in_good_order_is_none_of_its_deaths(on: On) {
    let clock = HandClock::new();
    let setup = || setup(&clock).limits(|limits| limits.restarts_per_job = 1);
    let house = on.start(setup()).await;
    let (raw, job, _) = spend(&house, json!({})).await;
    drop(raw);
    let house = house.crash().await.restart(setup()).await;
    until(&house, &job, 8).await;
    let house = house.shutdown(Duration::ZERO).await.restart(setup()).await;
    until(&house, &job, 9).await;
    assert_eq!(story(&house, &job).await[8], "restarted");
    until(&house, &job, 12).await;
    let house = house.crash().await.restart(setup()).await;
    until(&house, &job, 13).await;
    assert_eq!(story(&house, &job).await[12], "failed UNAVAILABLE");
}

/// A job whose runtime dies at once and is away for a while, and two minutes after that: it has said so
/// many things then, and this is the last.
async fn ends(
    on: On,
    more: impl FnOnce(Timestamp) -> Value,
    away: Duration,
    events: usize,
    says: &str,
) {
    let clock = HandClock::new();
    let house = on.start(setup(&clock)).await;
    let (raw, job, _) = spend(&house, more(clock.wall())).await;
    drop(raw);
    let remains = house.crash().await;
    clock.advance(away);
    let house = remains.restart(setup(&clock)).await;
    until(&house, &job, events - 1).await;
    clock.advance(Duration::from_mins(2));
    until(&house, &job, events).await;
    assert_eq!(story(&house, &job).await[events - 1], says);
}

async fn a_lease_that_has_ended_meanwhile_ends_the_job(on: On) {
    let minute = |now: Timestamp| lease_until(now.after(Duration::from_mins(1)));
    ends(on, minute, Duration::from_mins(2), 5, "failed LEASE_EXPIRED").await;
}

async fn a_lease_goes_on(on: On) {
    let minutes = |now: Timestamp| lease_until(now.after(Duration::from_mins(3)));
    ends(on, minutes, Duration::from_mins(1), 9, "failed LEASE_EXPIRED").await;
}

async fn a_job_whose_time_is_over_meanwhile_ends(on: On) {
    let minute = |_| json!({"max_runtime_sec": 60});
    ends(on, minute, Duration::from_mins(2), 5, "failed TIMED_OUT").await;
}

async fn the_time_that_a_job_may_take_goes_on(on: On) {
    let minutes = |_| json!({"max_runtime_sec": 180});
    ends(on, minutes, Duration::from_mins(1), 9, "failed TIMED_OUT").await;
}

async fn its_session_is_told_where_it_was(on: On) {
    let clock = HandClock::new();
    let house = on.start(setup(&clock)).await;
    let (raw, job, token) = spend(&house, json!({})).await;
    drop(raw);
    let house = house.crash().await.restart(setup(&clock)).await;
    until(&house, &job, 8).await;
    let mut raw = house.raw().await;
    // Ids that the session has not had.
    for _ in 0..10 {
        raw.next_id();
    }
    raw.say("session.resume", json!({"resume_token": token, "last_event_seq": 4})).await;
    raw.expect("session.resumed").await;
    let told = raw.until(|message| message["event_seq"] == 8).await;
    let numbers: Vec<_> = told.iter().map(|message| message["event_seq"].clone()).collect();
    assert_eq!(numbers, [5, 6, 7, 8]);
    assert_eq!(told[0]["payload"]["data"]["phase"], "restarted");
    raw.say("cancel", json!({"target": "job", "target_id": job})).await;
    raw.expect("cancel.accepted").await;
    raw.expect("job.cancelled").await;
}

async fn a_job_that_was_cancelled_is_not_run_again(on: On) {
    let clock = HandClock::new();
    let stubborn = || {
        setup(&clock).configure(|builder| {
            let run = |job: JobContext, _| async move {
                job.checkpoint(Json::null()).await?;
                std::future::pending().await
            };
            builder.agent("deaf", "1", restartable(agent_fn(run), Restart::FromInput))
        })
    };
    let house = on.start(stubborn()).await;
    let mut raw = house.raw_as("alice").await;
    let job = raw.submit("deaf", json!(null)).await;
    raw.until(|message| message["payload"]["name"] == "checkpoint").await;
    raw.say("cancel", json!({"target": "job", "target_id": job, "reason": "enough"})).await;
    raw.expect("cancel.accepted").await;
    drop(raw);
    let house = house.crash().await.restart(stubborn()).await;
    let mut raw = house.raw_as("alice").await;
    raw.until_ended(&job).await;
    raw.say("job.subscribe", json!({"job_id": job, "history": true})).await;
    let told = raw.until(|message| kind(message) == "job.cancelled").await;
    assert_eq!(told.last().unwrap()["payload"]["reason"], "enough");
    assert_eq!(code(told.last().unwrap()), "");
}
