//! How long and how often another connection is tried, and when it is not.

use std::time::Duration;

use arcp_client::{Client, ClientError, Status};
use arcp_core::{Code, Fault};
use arcp_wire::open::OpenDialect;
use tokio::time::Instant;

use crate::lines::{Lines, WINDOW, connect, connect_with, pong, refuse, resume};
use crate::peer::{options, submit};

#[tokio::test(start_paused = true)]
async fn it_is_tried_again_until_it_works() {
    let (client, one, lines) = connect().await;
    lines.fail(3);
    let (mut busy, silent, mut good) = (lines.lay(), lines.lay(), lines.lay());
    let start = Instant::now();
    drop(one);
    let script = async {
        refuse(&mut busy, Fault::new(Code::Unavailable, "the runtime is shutting down")).await;
        resume(&mut good, "rt_1", 0, "rt_2").await;
        pong(&mut good).await;
    };
    let (took, ()) = tokio::join!(client.ping(), script);
    took.unwrap();
    assert_eq!(lines.attempts(), 7);
    // Five pauses, each shortened by a half at most, and one that did not answer.
    let pauses = Duration::from_millis(100 + 200 + 400 + 800 + 1_600);
    let waited = start.elapsed().checked_sub(Duration::from_secs(10)).unwrap();
    assert!(waited >= pauses / 2 && waited <= pauses + Duration::from_millis(50), "{waited:?}");
    drop(silent);
}

#[tokio::test(start_paused = true)]
async fn it_gives_up_after_the_window() {
    let (client, mut one, lines) = connect().await;
    let (handle, _) = submit(&client, &mut one, "job_1").await;
    let start = Instant::now();
    drop(one);
    let error = handle.finish().await.unwrap_err();
    assert!(matches!(error, ClientError::Disconnected { retryable: true, .. }), "{error:?}");
    assert_eq!(
        error.to_string(),
        "disconnected: no connection for 600s, the last time: cannot connect: the line is dead"
    );
    assert_eq!(start.elapsed().as_secs(), WINDOW.as_secs());
    // A pause of 5 s at most, and of 2.5 s at least.
    assert!((120..=250).contains(&lines.attempts()), "{}", lines.attempts());
}

#[tokio::test(start_paused = true)]
async fn how_long_it_tries_can_be_said() {
    let mut options = options();
    options.reconnect.give_up = Some(Duration::from_secs(3));
    let (client, one, _) = connect_with(options).await;
    let start = Instant::now();
    drop(one);
    let error = client.ping().await.unwrap_err();
    assert!(matches!(error, ClientError::Disconnected { .. }), "{error:?}");
    assert_eq!(start.elapsed().as_secs(), 3);
}

#[tokio::test(start_paused = true)]
async fn connections_that_do_not_last_are_not_made_without_a_pause() {
    let (client, one, lines) = connect().await;
    let start = Instant::now();
    let mut last = one;
    for turn in 1..=5 {
        let mut next = lines.lay();
        drop(last);
        resume(&mut next, &format!("rt_{turn}"), 0, &format!("rt_{}", turn + 1)).await;
        last = next;
    }
    assert!(start.elapsed() >= Duration::from_millis((100 + 200 + 400 + 800) / 2));
    drop(client);
}

#[tokio::test(start_paused = true)]
async fn who_wants_the_end_does_not_wait_for_a_connection() {
    let (client, one, _) = connect().await;
    drop(one);
    let mut status = client.watch_status();
    assert!(matches!(status.next().await, Some(Status::Reconnecting { .. })));
    let start = Instant::now();
    let error = client.close("done").await.unwrap_err();
    assert!(error.to_string().contains("the runtime was not told"), "{error}");
    assert!(start.elapsed() < Duration::from_secs(1));

    let (client, one, _) = connect().await;
    drop(one);
    let mut status = client.watch_status();
    assert!(matches!(status.next().await, Some(Status::Reconnecting { .. })));
    drop(client);
    assert_eq!(status.next().await, None);
    assert!(start.elapsed() < Duration::from_secs(1));
}

#[tokio::test]
async fn without_a_token_a_lost_connection_is_the_end() {
    let lines = Lines::default();
    let mut one = lines.lay();
    let connect = Client::connect(lines.clone(), &OpenDialect, options());
    let (client, _) = tokio::join!(connect, one.accept_session(None));
    let client = client.unwrap();
    drop(one);
    let error = client.ping().await.unwrap_err();
    assert!(matches!(error, ClientError::Disconnected { retryable: true, .. }), "{error:?}");
    assert_eq!(lines.attempts(), 1);
}

#[tokio::test]
async fn the_first_connection_is_tried_once() {
    let lines = Lines::default();
    let refused = Client::connect(lines.clone(), &OpenDialect, options()).await;
    assert!(matches!(refused, Err(ClientError::Transport(_))), "{refused:?}");
    assert_eq!(lines.attempts(), 1);
}
