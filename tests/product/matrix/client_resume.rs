//! The typed client goes on with its session over another connection.

use std::time::Duration;

use arcp_client::{Client, ClientError, Ended, Job, Status, Value};
use arcp_core::{Code, Delivery, Event, IdempotencyKey, JobFilter, Json};
use arcp_runtime::record::key;
use arcp_store::Store;
use serde_json::json;
use tokio::task::yield_now;

use crate::support::{HandClock, On, Setup};

matrix!(
    events_go_on_without_gap_or_double,
    a_streamed_result_is_whole,
    a_submit_whose_answer_may_be_lost_is_one_job,
    commands_in_flight_are_answered,
    a_job_that_ended_meanwhile_is_told_of,
    a_runtime_that_cannot_be_reached_for_a_while,
    a_session_that_somebody_else_closed,
    a_window_that_is_over,
);

fn job(agent: &str, input: &serde_json::Value) -> Job {
    Job::new(agent).input(Json::from(input))
}

/// Waits until the session has gone on so many times.
async fn resumed(client: &Client, times: u64) {
    let mut status = client.watch_status();
    while status.current() != (Status::Connected { resumed: times }) {
        status.next().await.expect("the session is not over");
    }
}

async fn events_go_on_without_gap_or_double(on: On) {
    let house = on.usual().await;
    let (client, _) = house.lasting_client("alice", 4).await;
    let mut handle = client.submit(job("emit", &json!({ "n": 500 }))).await.unwrap();
    let mut events: Vec<Delivery> = Vec::new();
    while let Some(delivery) = handle.next().await.unwrap() {
        events.push(delivery);
        if matches!(events.len(), 1 | 50 | 51 | 300 | 495) {
            client.drop_connection();
        }
    }
    assert!(events.iter().map(|event| event.seq).eq(1..=502));
    for (line, delivery) in events[1..501].iter().enumerate() {
        let Event::Log { message, .. } = &delivery.event.event else { panic!("{delivery:?}") };
        assert_eq!(message.trim_end(), line.to_string());
    }
    // Those that came one after the other may have been one.
    client.ping().await.unwrap();
    let status = client.watch_status().current();
    let Status::Connected { resumed } = status else { panic!("{status:?}") };
    assert!((4..=5).contains(&resumed), "{resumed}");
    assert_eq!(client.last_seq(), 502);
}

async fn a_streamed_result_is_whole(on: On) {
    let house = on.usual().await;
    let (client, _) = house.lasting_client("alice", 2).await;
    let pieces: Vec<_> = (0..200).map(|piece| format!("piece {piece}\n")).collect();
    let handle = client.submit(job("chunks", &json!({ "pieces": pieces }))).await.unwrap();
    let drops = async {
        for seq in [1, 20, 90, 150] {
            while client.last_seq() < seq {
                yield_now().await;
            }
            client.drop_connection();
        }
    };
    let (finished, ()) = tokio::join!(handle.finish(), drops);
    let Ended::Completed(Value::Streamed { bytes, .. }) = finished.unwrap().outcome else {
        panic!("it was streamed");
    };
    assert_eq!(bytes, pieces.concat());
}

async fn a_submit_whose_answer_may_be_lost_is_one_job(on: On) {
    let house = on.usual().await;
    let (client, _) = house.lasting_client("alice", 4).await;
    for turn in 0..30 {
        let wanted = job("echo", &json!(turn));
        let wanted = wanted.key(IdempotencyKey::parse(&format!("turn {turn}")).unwrap());
        let drop = async {
            // At one moment or another of the way of the command and of its answer.
            for _ in 0..turn {
                yield_now().await;
            }
            client.drop_connection();
        };
        let (handle, ()) = tokio::join!(client.submit(wanted), drop);
        let mut handle = handle.unwrap();
        let mut events = Vec::new();
        while let Some(delivery) = handle.next().await.unwrap() {
            events.push(delivery.event.event.clone());
        }
        assert!(matches!(&events[..], [Event::Started { .. }, Event::Completed(_)]), "{events:?}");
    }
    assert_eq!(house.stage.echoes(), 30);
    // The end of a job that is asked for again after it has ended is told again.
    assert!((60..=90).contains(&client.last_seq()), "{}", client.last_seq());
}

async fn commands_in_flight_are_answered(on: On) {
    let house = on.usual().await;
    let (client, _) = house.lasting_client("alice", 4).await;
    let handle = client.submit(job("gate", &json!(null))).await.unwrap();
    for turn in 0..20 {
        let drop = async {
            for _ in 0..turn {
                yield_now().await;
            }
            client.drop_connection();
        };
        let (took, jobs, ()) =
            tokio::join!(client.ping(), client.jobs_all(JobFilter::default(), 10), drop);
        took.unwrap();
        assert_eq!(jobs.unwrap().len(), 1);
    }
    let cancel = async {
        let cancelled = handle.cancel(Some("enough")).await;
        // Asked again, it may be one of a job that has ended.
        assert!(matches!(cancelled, Ok(()) | Err(ClientError::Refused(_))), "{cancelled:?}");
    };
    tokio::join!(cancel, async { client.drop_connection() });
    let finished = handle.finish().await.unwrap();
    assert!(matches!(finished.outcome, Ended::Cancelled(_)), "{finished:?}");
}

async fn a_job_that_ended_meanwhile_is_told_of(on: On) {
    let house = on.usual().await;
    let (client, road) = house.lasting_client("alice", 4).await;
    let handle = client.submit(job("gate", &json!("done"))).await.unwrap();
    house.stage.arrived(1).await;
    road.block();
    client.drop_connection();
    road.attempted(1).await;
    house.stage.open_gate();
    let mut observer = house.raw_as("alice").await;
    assert_eq!(observer.until_ended(handle.id().as_str()).await, "completed");
    road.clear();
    let finished = handle.finish().await.unwrap();
    assert_eq!(finished.outcome, Ended::Completed(Value::Inline(Json::text("done"))));
    assert_eq!(finished.seq, 2);
}

async fn a_runtime_that_cannot_be_reached_for_a_while(on: On) {
    let house = on.usual().await;
    let (client, road) = house.lasting_client("alice", 4).await;
    road.block();
    client.drop_connection();
    let blocked = async {
        road.attempted(5).await;
        road.clear();
    };
    let submit = client.submit(job("echo", &json!(1)));
    let (handle, ()) = tokio::join!(submit, blocked);
    handle.unwrap().finish().await.unwrap();
    resumed(&client, 1).await;
}

async fn a_session_that_somebody_else_closed(on: On) {
    let house = on.usual().await;
    let (client, road) = house.lasting_client("alice", 4).await;
    let handle = client.submit(job("gate", &json!(1))).await.unwrap();
    road.block();
    // It takes the session over, so that the client has lost its connection.
    let mut other = house.raw().await;
    let token = client.session().resumption.as_ref().unwrap().token.expose().clone();
    other.say("session.resume", json!({ "resume_token": token, "last_event_seq": 0 })).await;
    other.expect("session.resumed").await;
    road.attempted(1).await;
    other.say("session.close", json!({})).await;
    other.rest().await;
    road.clear();
    let error = handle.finish().await.unwrap_err();
    assert!(matches!(&error, ClientError::NotResumed(fault) if fault.code == Code::DataLoss));
    assert!(matches!(client.ping().await, Err(ClientError::NotResumed(_))));
}

async fn a_window_that_is_over(on: On) {
    let clock = HandClock::new();
    let house = on.start(Setup::new().clock(&clock)).await;
    let (client, road) = house.lasting_client("alice", 4).await;
    let handle = client.submit(job("gate", &json!(1))).await.unwrap();
    road.block();
    client.drop_connection();
    road.attempted(1).await;
    let session = key::session(&client.session().session);
    // The runtime may not have noticed the loss yet.
    while !house.store.scan(session.as_bytes(), None, 1).await.unwrap().is_empty() {
        clock.advance(Duration::from_mins(11));
        yield_now().await;
    }
    road.clear();
    let error = handle.finish().await.unwrap_err();
    assert!(matches!(&error, ClientError::NotResumed(fault) if fault.code == Code::DataLoss));
    let closed = client.close("late").await;
    assert!(matches!(closed, Err(ClientError::NotResumed(_))), "{closed:?}");
}
