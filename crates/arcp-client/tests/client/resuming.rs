//! A session that outlives its connection.

use std::num::NonZeroU16;

use arcp_client::{ClientError, Status};
use arcp_core::{Capabilities, Code, Command, Fault, Notice, OnClose, Reply, SessionResumed};

use crate::lines::{asked_to_resume, connect, connect_with, pong, refuse, resume};
use crate::peer::{completed, log, next_log, options, session, submit};

#[tokio::test]
async fn events_go_on_where_they_were() {
    let (client, mut one, lines) = connect().await;
    let (mut handle, head) = submit(&client, &mut one, "job_1").await;
    for (seq, text) in [(1, "a"), (2, "b")] {
        one.event_at(seq, &head, log(text)).await;
    }
    let mut two = lines.lay();
    drop(one);
    resume(&mut two, "rt_1", 2, "rt_2").await;
    // What comes twice all the same is told once.
    for (seq, text) in [(2, "b"), (3, "c")] {
        two.event_at(seq, &head, log(text)).await;
    }
    for text in ["a", "b", "c"] {
        assert_eq!(next_log(&mut handle).await, text);
    }
    let mut three = lines.lay();
    two.close().await;
    drop(two);
    resume(&mut three, "rt_2", 3, "rt_3").await;
    three.event_at(4, &head, completed("1")).await;
    assert_eq!(handle.finish().await.unwrap().seq, 4);
    assert_eq!(client.last_seq(), 4);
    drop(client);
    three.sees_the_end().await;
}

#[tokio::test]
async fn a_connection_that_is_dropped_on_purpose_is_told_of() {
    let (client, mut one, lines) = connect().await;
    let mut status = client.watch_status();
    assert_eq!(status.current(), Status::Connected { resumed: 0 });
    client.drop_connection();
    let reason = "dropped on purpose".into();
    let lost = status.next().await;
    assert_eq!(lost, Some(Status::Reconnecting { reason, resumed: 0 }));
    assert_eq!(one.counts_the_rest().await, 0);

    let mut two = lines.lay();
    resume(&mut two, "rt_1", 0, "rt_2").await;
    assert_eq!(status.next().await, Some(Status::Connected { resumed: 1 }));
    let (took, _) = tokio::join!(client.ping(), pong(&mut two));
    took.unwrap();
    drop(client);
    assert_eq!(status.next().await, None);
}

#[tokio::test]
async fn a_session_that_cannot_go_on_is_over_for_all() {
    for code in [Code::DataLoss, Code::FailedPrecondition, Code::Unauthenticated] {
        let (client, mut one, lines) = connect().await;
        let (handle, _) = submit(&client, &mut one, "job_1").await;
        let mut two = lines.lay();
        let script = async {
            one.command().await;
            drop(one);
            refuse(&mut two, Fault::new(code, "nothing is kept of it")).await;
        };
        let (took, ()) = tokio::join!(client.ping(), script);
        for error in [took.unwrap_err(), handle.finish().await.unwrap_err()] {
            assert!(matches!(&error, ClientError::NotResumed(fault) if fault.code == code));
            assert!(!error.is_retryable());
            assert!(error.to_string().contains("nothing is kept of it"), "{error}");
        }
        assert!(matches!(client.close("late").await, Err(ClientError::NotResumed(_))));
    }
}

#[tokio::test]
async fn an_eviction_that_passes_is_survived() {
    let (client, mut one, lines) = connect().await;
    let (handle, head) = submit(&client, &mut one, "job_1").await;
    let mut two = lines.lay();
    one.notice(Notice::Evicted(Fault::new(Code::Unavailable, "going down"))).await;
    assert_eq!(one.counts_the_rest().await, 0);
    resume(&mut two, "rt_1", 0, "rt_2").await;
    two.event_at(1, &head, completed("1")).await;
    handle.finish().await.unwrap();
}

#[tokio::test]
async fn one_that_does_not_pass_and_a_closed_session_are_the_end() {
    for closed in [false, true] {
        let (client, mut one, lines) = connect().await;
        let script = async {
            let asked = one.command().await;
            if closed {
                one.reply(&asked, Reply::Closed).await;
            } else {
                one.notice(Notice::Evicted(Fault::new(Code::Cancelled, "enough"))).await;
            }
        };
        let (took, ()) = tokio::join!(client.ping(), script);
        let error = took.unwrap_err();
        assert!(matches!(error, ClientError::Disconnected { .. }), "{error:?}");
        assert_eq!(lines.attempts(), 1);
    }
}

#[tokio::test]
async fn a_close_is_no_loss() {
    let (client, mut one, lines) = connect().await;
    let script = async {
        let asked = one.command().await;
        assert!(matches!(asked.command, Command::Close { jobs: OnClose::Cancel, .. }));
        one.reply(&asked, Reply::Closed).await;
    };
    let (closed, ()) = tokio::join!(client.close("done"), script);
    closed.unwrap();
    assert_eq!(lines.attempts(), 1);
}

#[tokio::test]
async fn who_closes_does_not_come_back_to_a_runtime_that_goes() {
    let (client, mut one, lines) = connect().await;
    let script = async {
        let asked = one.command().await;
        assert!(matches!(asked.command, Command::Close { .. }));
        one.notice(Notice::Evicted(Fault::new(Code::Unavailable, "going"))).await;
    };
    let (closed, ()) = tokio::join!(client.close("done"), script);
    closed.unwrap();
    assert_eq!(lines.attempts(), 1);
}

#[tokio::test]
async fn who_looks_later_is_not_told_of_what_was() {
    let (client, one, lines) = connect().await;
    let mut first = client.watch_status();
    let mut two = lines.lay();
    drop(one);
    resume(&mut two, "rt_1", 0, "rt_2").await;
    let there = Status::Connected { resumed: 1 };
    while first.next().await != Some(there.clone()) {}
    let mut late = client.watch_status();
    assert_eq!(late.current(), there);
    let _three = lines.lay();
    client.drop_connection();
    let next = late.next().await;
    assert!(matches!(next, Some(Status::Reconnecting { resumed: 1, .. })), "{next:?}");
}

#[tokio::test]
async fn a_ping_is_answered_with_what_it_says() {
    let (_client, mut one, _) = connect().await;
    one.notice(Notice::Ping { nonce: "n-1".to_owned() }).await;
    let pong = one.command().await.command;
    assert!(matches!(&pong, Command::Pong { nonce: Some(nonce) } if nonce == "n-1"), "{pong:?}");
}

#[tokio::test]
async fn events_that_wait_for_a_slow_handle_outlive_the_connection() {
    let mut options = options();
    options.event_queue = NonZeroU16::MIN;
    let (client, mut one, lines) = connect_with(options).await;
    let (mut handle, head) = submit(&client, &mut one, "job_1").await;
    for seq in 1..=2 {
        one.event_at(seq, &head, log(seq.to_string())).await;
    }
    while client.last_seq() < 2 {
        tokio::task::yield_now().await;
    }
    let mut two = lines.lay();
    client.drop_connection();
    resume(&mut two, "rt_1", 2, "rt_2").await;
    let script = async {
        for seq in 3..=6 {
            two.event_at(seq, &head, log(seq.to_string())).await;
        }
        two.event_at(7, &head, completed("1")).await;
    };
    let read = async {
        for seq in 1..=6 {
            assert_eq!(next_log(&mut handle).await, seq.to_string());
        }
        handle.finish().await.unwrap()
    };
    let (finished, ()) = tokio::join!(read, script);
    assert_eq!(finished.seq, 7);
}

#[tokio::test]
async fn a_session_that_goes_on_elsewhere_is_a_broken_protocol() {
    let (client, one, lines) = connect().await;
    let mut two = lines.lay();
    drop(one);
    let script = async {
        let (asked, _) = asked_to_resume(&mut two).await;
        let session = session(Capabilities::default());
        let resumed = SessionResumed { session, after: 7, replayed: true };
        two.reply(&asked, Reply::Resumed(Box::new(resumed))).await;
    };
    let (took, ()) = tokio::join!(client.ping(), script);
    assert!(matches!(took, Err(ClientError::Protocol(_))), "{took:?}");
}
