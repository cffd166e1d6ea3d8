//! Opening a session.

use arcp_client::{ClientError, Credentials, Job, Options};
use arcp_core::{Capabilities, Code, Command, Fault, Feature, Reply, Secret};

use crate::peer::{connect, no, open, options, pair, submit};

#[tokio::test]
async fn a_bearer_token_is_offered_and_the_session_is_told() {
    let (transport, mut peer) = pair();
    let mut options = Options::new(Credentials::Bearer(Secret::new("s3cret".to_owned())));
    options.identity.kind = "tester".to_owned();
    options.capabilities = Capabilities::default().with(Feature::Artifacts, true);
    let (client, asked) = tokio::join!(open(transport, options), peer.accept_session(None));

    let Command::Open(asked) = asked.command else {
        panic!("{asked:?}");
    };
    assert_eq!(asked.offer.scheme, "bearer");
    assert!(asked.offer.token.unwrap().matches(b"s3cret"));
    assert_eq!(asked.client.kind, "tester");
    assert!(asked.capabilities.has(Feature::Artifacts));
    assert!(!asked.capabilities.has(Feature::Anonymous));

    let client = client.unwrap();
    assert_eq!(client.session().session.as_str(), "sess_1");
    assert_eq!(client.session().runtime.kind, "scripted");
}

#[tokio::test]
async fn an_anonymous_session_declares_it() {
    let (transport, mut peer) = pair();
    let (client, asked) = tokio::join!(open(transport, options()), peer.accept_session(None));
    client.unwrap();
    let Command::Open(asked) = asked.command else {
        panic!("{asked:?}");
    };
    assert_eq!(asked.offer.scheme, "none");
    assert!(asked.offer.token.is_none());
    assert!(asked.capabilities.has(Feature::Anonymous));
}

#[tokio::test]
async fn a_rejected_session_is_an_error_and_ends_the_connection() {
    let (transport, mut peer) = pair();
    let script = async {
        let asked = peer.command().await;
        let fault = Fault::new(Code::Unauthenticated, "unknown token");
        peer.reply(&asked, Reply::Rejected(fault)).await;
        peer.sees_the_end().await;
    };
    let (client, ()) = tokio::join!(open(transport, options()), script);
    let error = client.unwrap_err();
    assert!(
        matches!(&error, ClientError::Rejected(fault) if fault.code == Code::Unauthenticated),
        "{error:?}"
    );
    assert!(!error.is_retryable());
}

#[tokio::test(start_paused = true)]
async fn a_silent_peer_is_given_up() {
    let (transport, mut peer) = pair();
    let script = async {
        peer.command().await;
        peer.sees_the_end().await;
    };
    let (client, ()) = tokio::join!(open(transport, options()), script);
    assert!(matches!(client, Err(ClientError::TimedOut(_))), "{client:?}");
}

#[tokio::test]
async fn a_peer_that_closes_first_is_an_error() {
    let (transport, mut peer) = pair();
    let script = async {
        peer.command().await;
        peer.close().await;
    };
    let (client, ()) = tokio::join!(open(transport, options()), script);
    let error = client.unwrap_err();
    assert!(matches!(error, ClientError::Disconnected { .. }), "{error:?}");
    assert!(error.is_retryable());
}

#[tokio::test]
async fn what_comes_before_the_answer_is_passed_over() {
    let (transport, mut peer) = pair();
    let script = async {
        let asked = peer.command().await;
        peer.raw("{}").await;
        peer.raw("what?").await;
        let Command::Open(wanted) = &asked.command else {
            panic!("{asked:?}");
        };
        let session = crate::peer::session(wanted.capabilities.clone());
        peer.reply(&asked, Reply::Accepted(Box::new(session))).await;
    };
    let (client, ()) = tokio::join!(open(transport, options()), script);
    client.unwrap();
}

#[tokio::test]
async fn message_ids_are_ulids_and_differ() {
    let (client, mut peer) = connect(options()).await;
    let script = async {
        let mut ids = Vec::new();
        for _ in 0..2 {
            let asked = peer.command().await;
            peer.reply(&asked, Reply::Nack(no())).await;
            ids.push(asked.id);
        }
        ids
    };
    let (_, _, ids) = tokio::join!(client.ping(), client.ping(), script);
    assert_ne!(ids[0], ids[1]);
    assert!(ids.iter().all(|id| id.as_str().starts_with("msg_") && id.as_str().len() == 30));
}

#[tokio::test]
async fn every_call_can_be_made_from_a_task() {
    fn sends<T: Send>(_: &T) {}
    fn shares<T: Send + Sync + 'static>(_: &T) {}
    let (transport, _peer) = pair();
    sends(&open(transport, options()));

    let (client, mut peer) = connect(options()).await;
    let (mut handle, _) = submit(&client, &mut peer, "job_1").await;
    sends(&client.submit(Job::new("worker")));
    sends(&client.close("done"));
    sends(&handle.next());
    sends(&handle.finish());
    shares(&client);
}
