//! The rules for every frame.

use arcp_conformance::{Plan, RequirementState};
use expect_test::expect;

use crate::peer::PeerTarget;
use crate::{outcome, play};

#[tokio::test(start_paused = true)]
async fn numbers_have_no_gap() {
    let body = "A open\nA start $j = conf.echo 1\nA< job.completed\n\
                A> test.say {frames: [{type: log, job_id: $j, event_seq: 4}, {event_seq: 5}, {id: 3}]}\n\
                A< log\nA< pong seq=5\nA< pong";
    expect![["
        Failed
        M3-1 broken, 1 times: `log` has event_seq 4, and the next one was 3
        M3-2 broken, 1 times: `pong` is no event and has event_seq 5
        R6.1-1 broken, 1 times: `id` is missing or no text
    "]]
    .assert_eq(&outcome(body).await);
}

#[tokio::test(start_paused = true)]
async fn frames_that_are_skipped_are_held_to_them_too() {
    let body = "A open\nA skip pong\nA> test.say {frames: [{event_seq: 1}]}\nA> what\nA< nack";
    expect![["
        Failed
        M3-2 broken, 1 times: `pong` is no event and has event_seq 1
    "]]
    .assert_eq(&outcome(body).await);
}

#[tokio::test(start_paused = true)]
async fn secrets_are_for_whom_they_are_meant() {
    let start = "let $s = \"sesame-${unique}\"\nsecret $s\nA open\nA> ping {nonce: $s}\n";
    let told = outcome(&format!("{start}A< pong reveals $s {{nonce: $s}}")).await;
    assert_eq!(told, "Passed\n");
    let leaked =
        outcome(&format!("{start}A< pong\nA> ping {{nonce: \"a ${{s}}\"}}\nA<~ pong")).await;
    expect![["
        Failed
        M5.18-1 broken, 2 times: a frame holds the secret `$s`
    "]]
    .assert_eq(&leaked);
    let passed_by = outcome(&format!("{start}A> what\nA<~ nack")).await;
    expect![["
        Failed
        M5.18-1 broken, 1 times: a frame holds the secret `$s`
    "]]
    .assert_eq(&passed_by);
}

#[tokio::test(start_paused = true)]
async fn a_broken_rule_is_no_failure_of_what_the_steps_cover() {
    let script =
        "title: t\ncovers: R8.1-1\nA open\nA> test.say {frames: [{event_seq: 1}]}\nA< pong\n";
    let report = play(&PeerTarget::default(), &Plan::default(), &[("x", script)]).await;
    let state = |id: &str| report.requirements.iter().find(|one| one.id == id).unwrap().state;
    assert_eq!(state("R8.1-1"), RequirementState::Passed);
    assert_eq!(state("M3-2"), RequirementState::Failed);
    assert_eq!(state("M3-1"), RequirementState::Passed);
    assert_eq!(report.summary.failed, 1);
}
