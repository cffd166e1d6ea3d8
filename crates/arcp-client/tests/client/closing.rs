//! Ends: wanted and not.

use std::time::Duration;

use arcp_client::{ClientError, Job};
use arcp_core::{Code, Command, Event, Fault, Notice};
use tokio::time::{Instant, timeout};

use crate::peer::{completed, connect, next_log, options, submit};

#[tokio::test]
async fn a_lost_connection_fails_all_who_wait_after_what_had_come() {
    let (client, mut peer) = connect(options()).await;
    let (mut handle, head) = submit(&client, &mut peer, "job_1").await;
    let script = async {
        peer.log(&head, "one").await;
        peer.log(&head, "two").await;
        peer.command().await;
        drop(peer);
    };
    let (took, ()) = tokio::join!(client.ping(), script);
    let error = took.unwrap_err();
    assert!(matches!(error, ClientError::Disconnected { .. }), "{error:?}");
    assert!(error.is_retryable());

    assert_eq!(next_log(&mut handle).await, "one");
    assert_eq!(next_log(&mut handle).await, "two");
    for _ in 0..2 {
        let error = handle.next().await.unwrap_err();
        assert!(matches!(error, ClientError::Disconnected { .. }), "{error:?}");
    }
    assert!(client.submit(Job::new("worker")).await.is_err());
    assert!(client.ack(1).await.is_err());
    assert!(client.close("late").await.is_err());
}

#[tokio::test]
async fn an_eviction_is_told_to_all() {
    let (client, mut peer) = connect(options()).await;
    let (handle, _) = submit(&client, &mut peer, "job_1").await;
    let fault = Fault::new(Code::Unauthenticated, "the lease of the session has lapsed");
    peer.notice(Notice::Evicted(fault)).await;
    let error = handle.finish().await.unwrap_err();
    assert!(error.to_string().contains("has lapsed"), "{error}");
    assert!(!error.is_retryable());
    let error = client.ping().await.unwrap_err();
    assert!(error.to_string().contains("has lapsed"), "{error}");
    peer.sees_the_end().await;
}

#[tokio::test]
async fn a_close_says_why_and_takes_in_what_still_comes() {
    let (client, mut peer) = connect(options()).await;
    let (handle, head) = submit(&client, &mut peer, "job_1").await;
    let script = async {
        peer.gets_acks(8).await;
        let asked = peer.command().await;
        let Command::Close { reason, .. } = &asked.command else {
            panic!("{asked:?}");
        };
        assert_eq!(reason.as_deref(), Some("done"));
        peer.event(&head, Event::Cancelled { reason: "closed".into() }).await;
        peer.close().await;
        peer.sees_the_end().await;
    };
    let calls = async {
        for seq in 0..8 {
            client.ack(seq).await.unwrap();
        }
        client.close("done").await.unwrap();
        handle.finish().await.unwrap();
        client.close("again").await.unwrap();
        client.ping().await.unwrap_err()
    };
    let (error, ()) = tokio::join!(calls, script);
    assert!(matches!(error, ClientError::Disconnected { retryable: false, .. }), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn a_close_that_is_not_heeded_ends_in_time() {
    let (client, mut peer) = connect(options()).await;
    let (mut handle, _) = submit(&client, &mut peer, "job_1").await;
    let start = Instant::now();
    let (closed, waiting) = tokio::join!(client.close("done"), handle.next());
    closed.unwrap();
    assert!(matches!(waiting, Err(ClientError::Disconnected { .. })), "{waiting:?}");
    assert_eq!(start.elapsed(), Duration::from_secs(5));
    peer.command().await;
    peer.sees_the_end().await;
}

#[tokio::test]
async fn a_job_handle_keeps_the_connection() {
    let (client, mut peer) = connect(options()).await;
    let (handle, head) = submit(&client, &mut peer, "job_1").await;
    drop(client);
    peer.event(&head, completed("1")).await;
    handle.finish().await.unwrap();
    peer.sees_the_end().await;
}

#[tokio::test]
async fn the_connection_ends_with_its_last_handle_after_what_was_asked() {
    let (client, mut peer) = connect(options()).await;
    for seq in 0..8 {
        client.ack(seq).await.unwrap();
    }
    drop(client);
    peer.gets_acks(8).await;
    peer.sees_the_end().await;
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_read_stops_neither_events_nor_the_end() {
    let (client, mut peer) = connect(options()).await;
    let (mut handle, head) = submit(&client, &mut peer, "job_1").await;
    let acks = async {
        for seq in 0..1_000 {
            client.ack(seq).await?;
        }
        Ok(())
    };
    let stuck: Result<(), ClientError> = acks.await;
    assert!(matches!(stuck, Err(ClientError::TimedOut(_))), "{stuck:?}");

    peer.log(&head, "still here").await;
    assert_eq!(next_log(&mut handle).await, "still here");
    let closed = timeout(Duration::from_secs(11), client.close("done")).await;
    closed.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn dropping_all_ends_a_connection_that_is_stuck() {
    let (client, mut peer) = connect(options()).await;
    let mut sent = 0;
    while client.ack(sent).await.is_ok() {
        sent += 1;
    }
    drop(client);
    // Nothing is read before the driver has given up; then comes what the transport holds.
    let driver_gives_up = timeout(Duration::from_secs(6), std::future::pending::<()>());
    assert!(driver_gives_up.await.is_err());
    let came = peer.counts_the_rest().await;
    assert!(came < sent, "{came} of {sent}");
}

#[tokio::test]
async fn what_a_peer_says_after_it_stopped_reading_is_taken_in() {
    let (client, mut peer) = connect(options()).await;
    let (handle, head) = submit(&client, &mut peer, "job_1").await;
    peer.stop_reading();
    let calls = async { tokio::join!(client.ping(), handle.finish()) };
    let script = async {
        peer.log(&head, "still here").await;
        peer.event(&head, completed("1")).await;
        peer.close().await;
    };
    let ((took, finished), ()) = tokio::join!(calls, script);
    finished.unwrap();
    assert!(matches!(took, Err(ClientError::Disconnected { .. })), "{took:?}");
}
