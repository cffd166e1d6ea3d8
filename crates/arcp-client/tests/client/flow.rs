//! Events under pressure: slow readers, dropped handles, doubles, garbage.

use std::cell::Cell;
use std::num::NonZeroU16;
use std::pin::pin;
use std::time::Duration;

use arcp_client::{Client, ClientError, Options};
use arcp_core::{JobHead, Notice, Reply};
use tokio::time::timeout;

use crate::peer::{NOW, Peer, completed, connect, log, next_log, no, options, submit};

fn small() -> Options {
    let mut options = options();
    options.event_queue = NonZeroU16::new(8).unwrap();
    options
}

async fn flood(peer: &mut Peer, head: &JobHead, sent: &Cell<u32>) {
    for turn in 0..200 {
        peer.log(head, turn.to_string()).await;
        sent.set(sent.get() + 1);
    }
    peer.event(head, completed("0")).await;
}

/// The connection works: a ping is answered.
async fn ping(client: &Client, peer: &mut Peer) {
    let script = async {
        let asked = peer.command().await;
        let nonce = Some("arcp-client".to_owned());
        let kind = arcp_core::PingKind::Session;
        peer.reply(&asked, Reply::Pong { kind, nonce }).await;
    };
    let (took, ()) = tokio::join!(client.ping(), script);
    took.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_slow_handle_stops_the_peer_and_loses_nothing() {
    let (client, mut peer) = connect(small()).await;
    let (mut handle, head) = submit(&client, &mut peer, "job_1").await;
    let sent = Cell::new(0);
    let mut flood = pin!(flood(&mut peer, &head, &sent));
    assert!(timeout(Duration::from_secs(1), &mut flood).await.is_err());
    // The queue, the one that is held back, and what the transport itself holds.
    assert!(sent.get() <= 8 + 1 + 5, "{} were taken", sent.get());

    let read = async {
        for turn in 0..200 {
            assert_eq!(next_log(&mut handle).await, turn.to_string());
        }
        handle.finish().await.unwrap()
    };
    tokio::join!(read, flood);
}

#[tokio::test(start_paused = true)]
async fn two_full_handles_of_a_job_lose_nothing() {
    let (client, mut peer) = connect(small()).await;
    let (mut one, head) = submit(&client, &mut peer, "job_1").await;
    let (mut two, _) = submit(&client, &mut peer, "job_1").await;
    let sent = Cell::new(0);
    let mut flood = pin!(flood(&mut peer, &head, &sent));
    assert!(timeout(Duration::from_secs(1), &mut flood).await.is_err());
    let read = async {
        for turn in 0..200 {
            assert_eq!(next_log(&mut one).await, turn.to_string());
            assert_eq!(next_log(&mut two).await, turn.to_string());
        }
        tokio::join!(one.finish(), two.finish())
    };
    let ((one, two), ()) = tokio::join!(read, flood);
    assert_eq!(one.unwrap(), two.unwrap());
}

#[tokio::test]
async fn a_dropped_handle_stops_nobody() {
    let (client, mut peer) = connect(small()).await;
    let (dropped, head) = submit(&client, &mut peer, "job_1").await;
    let (kept, kept_head) = submit(&client, &mut peer, "job_2").await;
    drop(dropped);
    flood(&mut peer, &head, &Cell::new(0)).await;
    peer.event(&kept_head, completed("1")).await;
    kept.finish().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_full_handle_that_is_dropped_frees_the_way() {
    let (client, mut peer) = connect(small()).await;
    let (full, head) = submit(&client, &mut peer, "job_1").await;
    let sent = Cell::new(0);
    {
        let mut flood = pin!(flood(&mut peer, &head, &sent));
        assert!(timeout(Duration::from_secs(1), &mut flood).await.is_err());
        drop(full);
        flood.await;
    }
    ping(&client, &mut peer).await;
}

#[tokio::test]
async fn events_that_come_twice_are_dropped_and_gaps_are_not_fatal() {
    let (client, mut peer) = connect(options()).await;
    let (mut handle, head) = submit(&client, &mut peer, "job_1").await;
    for (seq, text) in [(1, "a"), (2, "b"), (2, "b again"), (1, "a again"), (7, "c"), (9, "d")] {
        peer.event_at(seq, &head, log(text)).await;
        if seq == 2 {
            ping(&client, &mut peer).await;
        }
    }
    for text in ["a", "b", "c", "d"] {
        assert_eq!(next_log(&mut handle).await, text);
    }
    assert_eq!(client.last_seq(), 9);
}

#[tokio::test]
async fn some_garbage_is_passed_over() {
    let (client, mut peer) = connect(options()).await;
    for _ in 0..4 {
        for _ in 0..15 {
            peer.raw("garbage").await;
        }
        ping(&client, &mut peer).await;
    }
}

#[tokio::test]
async fn too_much_garbage_ends_the_connection() {
    let (client, mut peer) = connect(options()).await;
    let (mut handle, _) = submit(&client, &mut peer, "job_1").await;
    for _ in 0..16 {
        peer.raw("garbage").await;
    }
    let error = handle.next().await.unwrap_err();
    assert!(matches!(error, ClientError::Protocol(_)), "{error:?}");
    assert!(matches!(client.ping().await, Err(ClientError::Protocol(_))));
    peer.sees_the_end().await;
}

#[tokio::test]
async fn notices_are_taken_note_of() {
    let (client, mut peer) = connect(options()).await;
    peer.notice(Notice::Nack(no())).await;
    peer.notice(Notice::Refresh { deadline: NOW }).await;
    ping(&client, &mut peer).await;
}
