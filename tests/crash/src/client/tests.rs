//! A client finds what it must not be told.

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpListener;
use tokio_tungstenite::accept_async;
use tokio_tungstenite::tungstenite::Message;

use super::answer::Question;
use super::session::Session;
use super::{Client, Shared, lock};
use crate::frame::Frame;
use crate::kill::{Aim, Kill};
use crate::violation::Violation;

/// A client with the session `s`, of which it has seen nothing.
fn client() -> Client {
    let mut client = Client::new(0, 1, Shared::default());
    client.session = Some(Session::new("s", "token"));
    lock(&client.shared).opened("s");
    client
}

/// What a client makes of an answer to `question`.
fn told(client: &mut Client, question: Question, rest: &str) -> Result<(), Violation> {
    client.asked.insert("q".to_owned(), question);
    let text = format!(r#"{{"id":"m","session_id":"s","correlation_id":"q",{rest}}}"#);
    client.take(&Frame::read(&text).unwrap())
}

#[track_caller]
fn refuses(question: Question, rest: &str) {
    let found = told(&mut client(), question, rest);
    assert!(matches!(found, Err(Violation::Refused { .. })), "{found:?}");
}

#[test]
fn a_refusal_of_what_must_be_granted_is_found() {
    let lost = r#""type":"nack","payload":{"code":"NOT_FOUND","message":"no such job"}"#;
    refuses(Question::Watch { job: "j".to_owned(), history: true }, lost);
    refuses(Question::Submit(None), r#""type":"job.failed","payload":{"code":"INTERNAL"}"#);
    refuses(Question::Submit(Some("k".to_owned())), r#""type":"job.failed","payload":{}"#);
    refuses(Question::Ping, r#""type":"nack","payload":{}"#);
    refuses(Question::Cancel, r#""type":"pong","payload":{}"#);
}

#[test]
fn what_was_not_asked_and_what_is_anothers_is_found() {
    for text in [
        r#"{"id":"m","session_id":"s","type":"session.evicted","payload":{}}"#,
        r#"{"id":"m","session_id":"other","type":"log","event_seq":1,"payload":{}}"#,
        r#"{"id":"m","type":"log","event_seq":1,"payload":{}}"#,
    ] {
        let found = client().take(&Frame::read(text).unwrap());
        assert!(matches!(found, Err(Violation::Refused { .. })), "{text}: {found:?}");
    }
}

#[test]
fn what_is_told_is_noted() {
    let mut client = client();
    let key = Question::Submit(Some("k".to_owned()));
    told(&mut client, key, r#""type":"job.accepted","payload":{"job_id":"j"}"#).unwrap();
    let watch = |job: &str| Question::Watch { job: job.to_owned(), history: false };
    for (job, status) in [("running", "running"), ("ended", "completed")] {
        let rest = format!(r#""type":"job.subscribed","payload":{{"current_status":"{status}"}}"#);
        told(&mut client, watch(job), &rest).unwrap();
    }
    told(&mut client, Question::Close, r#""type":"session.closed","payload":{}"#).unwrap();
    let seen = lock(&client.shared);
    assert_eq!(seen.keys[&("alice", "k".to_owned())], "j");
    assert!(seen.sessions["s"].watched.iter().eq(["j", "running"]) && seen.sessions["s"].closed);
}

/// What a client finds whose server gives this answer to the first frame, and then is gone.
async fn answered(rest: &str) -> Violation {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/arcp", listener.local_addr().unwrap());
    let answer = format!(r#"{{"id":"m","session_id":"s",{rest}}}"#);
    let serve = async {
        let (stream, _) = listener.accept().await.unwrap();
        let mut socket = accept_async(stream).await.unwrap();
        socket.next().await.unwrap().unwrap();
        socket.send(Message::text(answer)).await.unwrap();
    };
    let kill = Kill::new(Aim::Listening(std::time::Duration::ZERO));
    let mut client = client();
    let (found, ()) = tokio::join!(client.live(&url, &kill), serve);
    found.unwrap_err()
}

#[tokio::test]
async fn a_resume_that_is_refused_or_goes_on_elsewhere_is_found() {
    for rest in [
        r#""type":"session.rejected","payload":{"code":"DATA_LOSS"}"#,
        r#""type":"session.resumed","payload":{"resume_token":"new","replayed_from":1}"#,
        r#""type":"session.resumed","payload":{"resume_token":"token","replayed_from":0}"#,
    ] {
        let found = answered(rest).await;
        assert!(matches!(found, Violation::Refused { .. }) && found.is_loss(), "{found:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_gone_and_was_not_killed_is_found() {
    let kill = Kill::new(Aim::Listening(std::time::Duration::ZERO));
    // Nobody listens there.
    let found = client().live("ws://127.0.0.1:1/arcp", &kill).await;
    assert!(matches!(found, Err(Violation::Unprovoked { .. })), "{found:?}");
    kill.done();
    assert_eq!(client().live("ws://127.0.0.1:1/arcp", &kill).await, Ok(()));
}
