//! Submitting, following, finishing and cancelling.

use std::sync::Arc;

use arcp_client::{ClientError, Ended, Job, JobHandle, Value};
use arcp_core::{
    ChunkEncoding, Code, Command, Completion, Event, Fault, IdempotencyKey, JobHead, Json, Reply,
    ResultChunk, ResultId, TraceId,
};

use crate::peer::{Peer, completed, connect, id, log, message, next_log, no, options, submit};

#[tokio::test]
async fn a_job_is_submitted_and_followed_to_its_end() {
    let (client, mut peer) = connect(options()).await;
    let input = Json::parse(r#"{"depth":2}"#).unwrap();
    let trace = TraceId::parse("0af7651916cd43dd8448eb211c80319c").unwrap();
    let job = Job::new("survey@1.0")
        .input(input.clone())
        .key(IdempotencyKey::parse("k1").unwrap())
        .trace(trace.clone());
    let script = async {
        let asked = peer.command().await;
        let head = peer.accept_submit(&asked, "job_1").await;
        peer.log(&head, "one").await;
        peer.event(&head, completed("42")).await;
        asked
    };
    let (handle, asked) = tokio::join!(client.submit(job), script);
    assert_eq!(asked.trace, Some(trace));
    let Command::Submit(asked) = asked.command else {
        panic!("{asked:?}");
    };
    assert_eq!((asked.agent.as_str(), &asked.input), ("survey@1.0", &input));
    assert_eq!(asked.key.unwrap().as_str(), "k1");

    let mut handle = handle.unwrap();
    assert_eq!(handle.id(), &id("job_1"));
    let first = handle.next().await.unwrap().unwrap();
    assert_eq!((first.seq, message(&first)), (1, "one"));
    let last = handle.next().await.unwrap().unwrap();
    assert_eq!(last.event.event, completed("42"));
    assert!(handle.next().await.unwrap().is_none());
    assert!(handle.next().await.unwrap().is_none());
    assert_eq!(client.last_seq(), 2);
}

#[tokio::test]
async fn a_refused_submit_carries_the_fault() {
    let (client, mut peer) = connect(options()).await;
    let script = async {
        let asked = peer.command().await;
        let fault = Fault::new(Code::AgentVersionNotAvailable, "no such version");
        let refused = Reply::JobRefused { job: id("job_x"), fault, key: None };
        peer.reply(&asked, refused).await;
        let asked = peer.command().await;
        peer.reply(&asked, Reply::Nack(no())).await;
    };
    let calls = async {
        let refused = client.submit(Job::new("worker@9")).await.unwrap_err();
        let nacked = client.submit(Job::new("worker")).await.unwrap_err();
        (refused, nacked)
    };
    let ((refused, nacked), ()) = tokio::join!(calls, script);
    assert!(
        matches!(&refused, ClientError::Refused(f) if f.code == Code::AgentVersionNotAvailable),
        "{refused:?}"
    );
    assert!(matches!(&nacked, ClientError::Refused(f) if f.code == Code::Unavailable));
    assert!(nacked.is_retryable() && !refused.is_retryable());
}

#[tokio::test]
async fn two_jobs_interleave_and_each_handle_sees_its_own() {
    let (client, mut peer) = connect(options()).await;
    let (mut one, head_one) = submit(&client, &mut peer, "job_1").await;
    let (mut two, head_two) = submit(&client, &mut peer, "job_2").await;
    let script = async {
        for turn in 0..3 {
            peer.log(&head_one, format!("one {turn}")).await;
            peer.log(&head_two, format!("two {turn}")).await;
        }
        peer.event(&head_two, completed("2")).await;
        peer.event(&head_one, completed("1")).await;
    };
    let read = async {
        for turn in 0..3 {
            assert_eq!(next_log(&mut two).await, format!("two {turn}"));
            assert_eq!(next_log(&mut one).await, format!("one {turn}"));
        }
        tokio::join!(one.finish(), two.finish())
    };
    let ((one, two), ()) = tokio::join!(read, script);
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!(one.outcome, Ended::Completed(Value::Inline(Json::parse("1").unwrap())));
    assert_eq!((two.seq, one.seq), (7, 8));
}

#[tokio::test]
async fn every_end_has_its_outcome() {
    for (event, outcome) in [
        (Event::Failed(no()), Ended::Failed(no())),
        (Event::Cancelled { reason: "enough".into() }, Ended::Cancelled("enough".into())),
        (completed("null"), Ended::Completed(Value::Inline(Json::null()))),
    ] {
        let (client, mut peer) = connect(options()).await;
        let (handle, head) = submit(&client, &mut peer, "job_1").await;
        peer.event(&head, event).await;
        assert_eq!(handle.finish().await.unwrap().outcome, outcome);
    }
}

fn chunk(chunk: u64, data: &str, encoding: ChunkEncoding, more: bool) -> Event {
    let (result, data) = (ResultId::parse("res_1").unwrap(), Arc::from(data));
    Event::ResultChunk(ResultChunk { result, chunk, data, encoding, more })
}

fn streamed(size: u64) -> Event {
    let result = ResultId::parse("res_1").unwrap();
    Event::Completed(Completion::Streamed { result, size, summary: Some("all".into()) })
}

async fn stream(peer: &mut Peer, head: &JobHead, events: Vec<Event>) {
    for event in events {
        peer.event(head, event).await;
    }
}

#[tokio::test]
async fn a_streamed_result_is_put_together() {
    let (client, mut peer) = connect(options()).await;
    let (handle, head) = submit(&client, &mut peer, "job_1").await;
    let events = vec![
        chunk(0, "AAEC", ChunkEncoding::Base64, true),
        log("between"),
        chunk(1, "/w==", ChunkEncoding::Base64, false),
        streamed(4),
    ];
    let (finished, ()) = tokio::join!(handle.finish(), stream(&mut peer, &head, events));
    let Ended::Completed(Value::Streamed { bytes, summary }) = finished.unwrap().outcome else {
        panic!("not streamed");
    };
    assert_eq!(&bytes[..], [0, 1, 2, 255]);
    assert_eq!(summary.as_deref(), Some("all"));
}

#[tokio::test]
async fn a_hole_and_too_much_are_errors() {
    let text = |seq, more| chunk(seq, "abcd", ChunkEncoding::Utf8, more);
    for events in [
        vec![text(0, true), text(2, false), streamed(8)],
        vec![text(0, true), text(1, true), text(2, false), streamed(12)],
    ] {
        let mut options = options();
        options.result_bytes = 8;
        let (client, mut peer) = connect(options).await;
        let (handle, head) = submit(&client, &mut peer, "job_1").await;
        let (finished, ()) = tokio::join!(handle.finish(), stream(&mut peer, &head, events));
        let error = finished.unwrap_err();
        assert!(matches!(error, ClientError::BrokenResult(_)), "{error:?}");
    }
}

#[tokio::test]
async fn a_cancel_is_accepted_or_refused() {
    let (client, mut peer) = connect(options()).await;
    let (handle, head) = submit(&client, &mut peer, "job_1").await;
    let script = async {
        let asked = peer.command().await;
        let Command::Cancel(cancel) = &asked.command else {
            panic!("{asked:?}");
        };
        assert_eq!(cancel.target_id, "job_1");
        assert_eq!(cancel.reason.as_deref(), Some("enough"));
        let target_id = cancel.target_id.clone();
        let agreed = Reply::CancelAccepted { target_id, job: Some(id("job_1")) };
        peer.reply(&asked, agreed).await;
        peer.event(&head, Event::Cancelled { reason: "enough".into() }).await;

        let asked = peer.command().await;
        let fault = Fault::new(Code::NotFound, "no such in-flight job");
        let refused = Reply::CancelRefused { target_id: "job_1".into(), fault };
        peer.reply(&asked, refused).await;
    };
    let calls = async {
        handle.cancel(Some("enough")).await.unwrap();
        assert_eq!(handle.finish().await.unwrap().outcome, Ended::Cancelled("enough".into()));
        client.cancel(&id("job_1"), None, None).await.unwrap_err()
    };
    let (refused, ()) = tokio::join!(calls, script);
    assert!(
        matches!(&refused, ClientError::Refused(f) if f.message.contains("no such in-flight job")),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_repeated_key_gives_a_second_handle_to_the_job() {
    let (client, mut peer) = connect(options()).await;
    let (first, head) = submit(&client, &mut peer, "job_1").await;
    let (second, _) = submit(&client, &mut peer, "job_1").await;
    peer.event(&head, completed("7")).await;
    let read = |handle: JobHandle| async { handle.finish().await.unwrap() };
    let (first, second) = tokio::join!(read(first), read(second));
    assert_eq!(first, second);
}

#[tokio::test]
async fn the_end_is_given_out_once() {
    let (client, mut peer) = connect(options()).await;
    let (mut handle, head) = submit(&client, &mut peer, "job_1").await;
    peer.event(&head, completed("7")).await;
    handle.next().await.unwrap().unwrap();
    assert!(matches!(handle.finish().await, Err(ClientError::BrokenResult(_))));
}
