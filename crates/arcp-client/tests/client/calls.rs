//! Commands and their answers: late, missing, strange, too many, too large.

use std::num::NonZeroU16;
use std::time::Duration;

use arcp_client::{ClientError, Job};
use arcp_core::{
    Command, Issued, JobFilter, JobState, JobSummary, JobsPage, Json, Lease, PingKind, Reply,
};

use crate::peer::{NOW, Peer, completed, connect, id, options, submit};

fn pong(asked: &Issued) -> Reply {
    let Command::Ping { kind, nonce } = &asked.command else {
        panic!("{asked:?}");
    };
    Reply::Pong { kind: *kind, nonce: nonce.clone() }
}

async fn answer_ping(peer: &mut Peer) {
    let asked = peer.command().await;
    let reply = pong(&asked);
    peer.reply(&asked, reply).await;
}

#[tokio::test(start_paused = true)]
async fn a_ping_is_answered() {
    let (client, mut peer) = connect(options()).await;
    let (took, ()) = tokio::join!(client.ping(), answer_ping(&mut peer));
    assert_eq!(took.unwrap(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_late_answer_is_dropped() {
    let (client, mut peer) = connect(options()).await;
    let (late, asked) = tokio::join!(client.submit(Job::new("slow")), peer.command());
    assert!(matches!(late, Err(ClientError::TimedOut(_))), "{late:?}");

    // The job is accepted all the same; nobody holds it and nobody is disturbed by it.
    let head = peer.accept_submit(&asked, "job_1").await;
    peer.event(&head, completed("1")).await;
    let (took, ()) = tokio::join!(client.ping(), answer_ping(&mut peer));
    took.unwrap();
    let (handle, head) = submit(&client, &mut peer, "job_2").await;
    peer.event(&head, completed("2")).await;
    handle.finish().await.unwrap();
}

#[tokio::test]
async fn an_answer_to_nothing_is_passed_over() {
    let (client, mut peer) = connect(options()).await;
    let stranger = Issued {
        id: arcp_core::MessageId::parse("msg_unknown").unwrap(),
        at: NOW,
        trace: None,
        command: Command::Pong { nonce: None },
    };
    peer.reply(&stranger, Reply::Pong { kind: PingKind::Session, nonce: None }).await;
    peer.accept_submit(&stranger, "job_1").await;
    let (took, ()) = tokio::join!(client.ping(), answer_ping(&mut peer));
    took.unwrap();
}

#[tokio::test]
async fn an_answer_of_another_kind_breaks_the_protocol() {
    let (client, mut peer) = connect(options()).await;
    let script = async {
        let asked = peer.command().await;
        peer.reply(&asked, Reply::Jobs(JobsPage::default())).await;
    };
    let (took, ()) = tokio::join!(client.ping(), script);
    assert!(matches!(took, Err(ClientError::Protocol(_))), "{took:?}");
}

#[tokio::test]
async fn answers_may_come_in_any_order() {
    let (client, mut peer) = connect(options()).await;
    let script = async {
        let (ping, list) = (peer.command().await, peer.command().await);
        peer.reply(&list, Reply::Jobs(JobsPage::default())).await;
        let reply = pong(&ping);
        peer.reply(&ping, reply).await;
    };
    let all = client.jobs_all(JobFilter::default(), 10);
    let (took, jobs, ()) = tokio::join!(client.ping(), all, script);
    took.unwrap();
    assert!(jobs.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn only_so_many_commands_wait_at_a_time() {
    let mut options = options();
    options.commands_in_flight = NonZeroU16::MIN;
    let (client, mut peer) = connect(options).await;
    let script = async {
        let first = peer.command().await;
        assert!(!peer.hears_something().await, "a second command was sent");
        let reply = pong(&first);
        peer.reply(&first, reply).await;
        answer_ping(&mut peer).await;
    };
    let (one, two, ()) = tokio::join!(client.ping(), client.ping(), script);
    one.unwrap();
    two.unwrap();
}

#[tokio::test]
async fn a_command_too_large_is_not_sent_and_the_connection_lives() {
    let mut options = options();
    options.frame_bytes = 2_000;
    let (client, mut peer) = connect(options).await;
    let input = Json::of(&"x".repeat(2_000)).unwrap();
    let error = client.submit(Job::new("worker").input(input)).await.unwrap_err();
    assert!(matches!(error, ClientError::TooLarge { limit: 2_000, .. }), "{error:?}");
    let (took, ()) = tokio::join!(client.ping(), answer_ping(&mut peer));
    took.unwrap();
}

fn page(jobs: &[&str], next: Option<&str>) -> Reply {
    let jobs = jobs.iter().map(|job| JobSummary {
        job: id(job),
        agent: "worker".to_owned(),
        state: JobState::Running,
        created_at: NOW,
        trace: None,
        parent: None,
        lease: Lease::default(),
        last_index: 0,
    });
    Reply::Jobs(JobsPage { jobs: jobs.collect(), next: next.map(id) })
}

async fn pages(peer: &mut Peer, pages: Vec<Reply>) -> Vec<Option<String>> {
    let mut asked_after = Vec::new();
    for page in pages {
        let asked = peer.command().await;
        let Command::ListJobs(query) = &asked.command else {
            panic!("{asked:?}");
        };
        asked_after.push(query.after.as_ref().map(ToString::to_string));
        peer.reply(&asked, page).await;
    }
    asked_after
}

#[tokio::test]
async fn a_listing_is_followed_to_its_end() {
    let (client, mut peer) = connect(options()).await;
    let script =
        pages(&mut peer, vec![page(&["job_1", "job_2"], Some("job_2")), page(&["job_3"], None)]);
    let (jobs, asked) = tokio::join!(client.jobs_all(JobFilter::default(), 100), script);
    let jobs: Vec<_> = jobs.unwrap().into_iter().map(|job| job.job.to_string()).collect();
    assert_eq!(jobs, ["job_1", "job_2", "job_3"]);
    assert_eq!(asked, [None, Some("job_2".to_owned())]);
}

#[tokio::test]
async fn a_listing_stops_at_what_was_wanted_and_must_move_on() {
    let (client, mut peer) = connect(options()).await;
    let script = pages(&mut peer, vec![page(&["job_1", "job_2"], Some("job_2"))]);
    let (jobs, _) = tokio::join!(client.jobs_all(JobFilter::default(), 1), script);
    assert_eq!(jobs.unwrap().len(), 1);

    let again = || page(&["job_1"], Some("job_1"));
    let script = pages(&mut peer, vec![again(), again()]);
    let (jobs, _) = tokio::join!(client.jobs_all(JobFilter::default(), 100), script);
    assert!(matches!(jobs, Err(ClientError::Protocol(_))), "{jobs:?}");
}
