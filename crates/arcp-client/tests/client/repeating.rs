//! What becomes of commands whose answers were lost with a connection.

use std::num::NonZeroU16;

use arcp_client::{ClientError, Job, Status};
use arcp_core::{Code, Command, Event, Fault, IdempotencyKey};

use crate::lines::{connect, connect_with, loses_an_answer, pong, resume};
use crate::peer::{completed, head_of, log, next_log, options};

fn keyed() -> Job {
    Job::new("worker").key(IdempotencyKey::parse("k").unwrap())
}

#[tokio::test]
async fn what_had_no_answer_is_asked_again_under_another_id() {
    let (client, one, lines) = connect().await;
    let mut two = lines.lay();
    let script = async {
        let first = loses_an_answer(one, &mut two).await;
        let second = pong(&mut two).await;
        assert_ne!(first.id, second.id);
    };
    let (took, ()) = tokio::join!(client.ping(), script);
    took.unwrap();
}

#[tokio::test]
async fn a_submit_without_a_key_is_not_repeated() {
    let (client, one, lines) = connect().await;
    let mut two = lines.lay();
    let script = async {
        let first = loses_an_answer(one, &mut two).await;
        assert!(matches!(first.command, Command::Submit(_)), "{first:?}");
        first
    };
    let (submitted, first) = tokio::join!(client.submit(Job::new("worker")), script);
    let error = submitted.unwrap_err();
    assert!(matches!(error, ClientError::Unanswered), "{error:?}");
    // It may have been taken; nobody holds its events.
    two.event_at(1, &head_of(&first, "job_1"), log("lost")).await;
    let (took, _) = tokio::join!(client.ping(), pong(&mut two));
    took.unwrap();
    assert_eq!(client.last_seq(), 1);
}

/// The first connection takes the submit and answers nothing; on the second one `before` of the
/// job's events come before the acceptance.
async fn lost_acceptance(before: u64) -> (Result<u64, ClientError>, u64) {
    let mut options = options();
    options.event_queue = NonZeroU16::new(8).unwrap();
    let (client, one, lines) = connect_with(options).await;
    let mut two = lines.lay();
    let script = async {
        let first = loses_an_answer(one, &mut two).await;
        let again = two.command().await;
        assert_ne!(first.id, again.id);
        let Command::Submit(submit) = &again.command else { panic!("{again:?}") };
        assert_eq!(submit.key.as_ref().unwrap().as_str(), "k");
        for seq in 1..=before {
            two.event_at(seq, &head_of(&first, "job_1"), log(seq.to_string())).await;
        }
        two.accept_submit(&again, "job_1").await;
        two.event_at(before + 1, &head_of(&first, "job_1"), completed("1")).await;
    };
    let read = async {
        let mut handle = client.submit(keyed()).await?;
        for seq in 1..=before {
            assert_eq!(next_log(&mut handle).await, seq.to_string());
        }
        Ok(handle.finish().await?.seq)
    };
    let (read, ()) = tokio::join!(read, script);
    (read, client.last_seq())
}

#[tokio::test]
async fn a_submit_with_a_key_is_repeated_and_has_all_events() {
    for before in [0, 1, 8] {
        let (read, _) = lost_acceptance(before).await;
        assert_eq!(read.unwrap(), before + 1);
    }
}

#[tokio::test]
async fn more_events_than_there_is_room_for_before_the_acceptance() {
    let (read, _) = lost_acceptance(9).await;
    assert!(matches!(read, Err(ClientError::Unanswered)), "{read:?}");
}

#[tokio::test]
async fn a_job_that_failed_before_its_acceptance_was_told_is_refused() {
    let (client, one, lines) = connect().await;
    let mut two = lines.lay();
    let script = async {
        let first = loses_an_answer(one, &mut two).await;
        two.command().await;
        let fault = Fault::new(Code::LeaseExpired, "too late");
        two.event_at(1, &head_of(&first, "job_1"), Event::Failed(fault)).await;
    };
    let (submitted, ()) = tokio::join!(client.submit(keyed()), script);
    let error = submitted.unwrap_err();
    assert!(matches!(&error, ClientError::Refused(fault) if fault.code == Code::LeaseExpired));
}

#[tokio::test]
async fn calls_wait_for_the_connection() {
    let (client, one, lines) = connect().await;
    let mut status = client.watch_status();
    drop(one);
    assert!(matches!(status.next().await, Some(Status::Reconnecting { .. })));
    let mut two = lines.lay();
    let script = async {
        resume(&mut two, "rt_1", 0, "rt_2").await;
        two.accept_job("job_1").await
    };
    let (submitted, head) = tokio::join!(client.submit(Job::new("worker")), script);
    two.event_at(1, &head, completed("1")).await;
    submitted.unwrap().finish().await.unwrap();
}
