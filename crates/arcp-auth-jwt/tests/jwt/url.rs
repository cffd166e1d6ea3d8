//! A JWKS at a URL: when it is asked for, and what holds while it cannot be had.

use std::sync::Arc;
use std::time::Duration;

use arcp_auth::{AuthError, Verdict};
use arcp_auth_jwt::{Algorithm, BuildError, JwksUrl, SignedJwt};
use tokio::runtime::Builder;
use tokio::task::JoinSet;

use crate::server::{Answer, Server};
use crate::support::{Signer, TestClock, accepted, builder, claims, jwks, pem, refused, verdict};

const MINUTE: Duration = Duration::from_mins(1);
/// The least that the clock can go on by.
const TICK: Duration = Duration::from_micros(1);
const PAUSE: Duration = Duration::from_secs(10);
const UNKNOWN: &str = "no key with this kid";

/// An issuer's server and a runtime's authenticator.
struct World {
    server: Server,
    clock: TestClock,
    jwt: SignedJwt,
}

impl World {
    async fn new(answer: Answer) -> Self {
        Self::with(answer, |url| url).await
    }

    async fn with(answer: Answer, set: impl FnOnce(JwksUrl) -> JwksUrl) -> Self {
        let server = Server::start(answer).await;
        let clock = TestClock::new();
        // However busy the machine is, an answer that comes is in time.
        let jwt = jwt(set(JwksUrl::new(&server.url()).timeout(MINUTE)), &clock);
        Self { server, clock, jwt }
    }

    /// What is said to a token that was signed with this key.
    async fn says(&self, signer: &Signer) -> Result<Verdict, AuthError> {
        verdict(&self.jwt, &signer.token(&claims())).await
    }

    #[track_caller]
    fn asked(&self, times: usize) {
        assert_eq!(self.server.requests(), times, "requests");
    }
}

fn jwt(url: JwksUrl, clock: &TestClock) -> SignedJwt {
    let builder = builder(&[Algorithm::RS256, Algorithm::ES256]).clock(clock.reader());
    builder.leeway(1000 * MINUTE).jwks_url(url).build().unwrap()
}

fn old() -> Signer {
    Signer::pem(Algorithm::RS256, pem!("rsa")).kid("old")
}

fn new() -> Signer {
    Signer::pem(Algorithm::ES256, pem!("p256")).kid("new")
}

fn keys(signers: &[Signer]) -> Answer {
    let keys: Vec<_> = signers.iter().map(Signer::jwk).collect();
    Answer::Body(jwks(&keys))
}

fn just_before(time: Duration) -> Duration {
    time.saturating_sub(TICK)
}

/// It could not be judged, for this reason.
#[track_caller]
fn failed(verdict: Result<Verdict, AuthError>, why: &str) {
    let error = verdict.unwrap_err();
    assert!(error.is_retryable());
    let text = error.to_string();
    assert!(text.starts_with("the authenticator failed: the JWKS http://127.0.0.1:"), "{text}");
    assert!(text.contains(why), "{text}");
    assert!(!text.contains("s3cret"), "{text}");
}

#[tokio::test]
async fn keys_are_asked_for_once_and_kept() {
    let world = World::new(keys(&[old()])).await;
    world.asked(0);
    for _ in 0..3 {
        accepted(world.says(&old()).await, "alice");
    }
    world.asked(1);
    world.clock.pass(just_before(5 * MINUTE));
    accepted(world.says(&old()).await, "alice");
    world.asked(1);
    world.clock.pass(TICK);
    accepted(world.says(&old()).await, "alice");
    world.asked(2);
}

#[tokio::test]
async fn a_token_that_cannot_be_good_asks_for_nothing() {
    let world = World::new(keys(&[old()])).await;
    refused(verdict(&world.jwt, "a.b.c").await, "malformed, or of an unknown algorithm");
    let nameless = Signer { kid: None, ..old() };
    refused(world.says(&nameless).await, "no kid");
    let forbidden = Signer { algorithm: Algorithm::PS256, ..old() };
    refused(world.says(&forbidden).await, "algorithm PS256 is not allowed");
    world.asked(0);
}

#[tokio::test]
async fn a_new_key_is_found_when_a_token_names_it() {
    let world = World::new(keys(&[old()])).await;
    accepted(world.says(&old()).await, "alice");
    world.server.answer(keys(&[old(), new()]));
    world.clock.pass(PAUSE);
    accepted(world.says(&new()).await, "alice");
    accepted(world.says(&old()).await, "alice");
    world.asked(2);
}

#[tokio::test]
async fn a_key_that_was_taken_back_ends_with_the_refresh() {
    let world = World::new(keys(&[old(), new()])).await;
    accepted(world.says(&old()).await, "alice");
    world.server.answer(keys(&[new()]));
    world.clock.pass(5 * MINUTE);
    refused(world.says(&old()).await, UNKNOWN);
    accepted(world.says(&new()).await, "alice");
    world.asked(2);
}

#[tokio::test]
async fn unknown_names_do_not_make_us_ask_more_often() {
    let world = World::new(keys(&[old()])).await;
    for _ in 0..20 {
        refused(world.says(&new()).await, UNKNOWN);
    }
    world.asked(1);
    world.clock.pass(just_before(PAUSE));
    refused(world.says(&new()).await, UNKNOWN);
    world.asked(1);
    world.clock.pass(TICK);
    for _ in 0..20 {
        refused(world.says(&new()).await, UNKNOWN);
    }
    world.asked(2);
}

#[tokio::test]
async fn the_pause_can_be_set() {
    let world = World::with(keys(&[old()]), |url| url.pause(Duration::ZERO)).await;
    for times in 1..4 {
        // Once for each call, also for the first, which holds nothing yet.
        refused(world.says(&new()).await, UNKNOWN);
        world.asked(times);
    }
}

#[tokio::test]
async fn calls_at_the_same_time_share_a_fetch() {
    let world = World::new(Answer::Silence).await;
    let jwt = Arc::new(world.jwt);
    let mut calls = JoinSet::new();
    for _ in 0..20 {
        let (jwt, token) = (jwt.clone(), old().token(&claims()));
        calls.spawn(async move { verdict(&jwt, &token).await });
    }
    world.server.requested(1).await;
    world.server.answer(keys(&[old()]));
    for verdict in calls.join_all().await {
        accepted(verdict, "alice");
    }
    assert_eq!(world.server.requests(), 1);
}

#[tokio::test]
async fn a_fetch_outlives_the_call_that_began_it() {
    let world = World::new(Answer::Silence).await;
    let signer = old();
    tokio::select! {
        _ = world.says(&signer) => panic!("there is no answer yet"),
        () = world.server.requested(1) => {}
    }
    world.server.answer(keys(&[old()]));
    accepted(world.says(&old()).await, "alice");
    world.asked(1);
}

#[tokio::test]
async fn nobody_is_judged_while_there_are_no_keys() {
    let world = World::new(Answer::Status("503 Service Unavailable")).await;
    failed(world.says(&old()).await, "503 Service Unavailable");
    world.server.answer(keys(&[old()]));
    // Not at once: a server that is down is not helped by being asked.
    failed(world.says(&old()).await, "503 Service Unavailable");
    world.asked(1);
    world.clock.pass(PAUSE);
    accepted(world.says(&old()).await, "alice");
    world.asked(2);
}

#[tokio::test]
async fn nobody_listens_at_the_start() {
    let jwt = jwt(JwksUrl::new("http://127.0.0.1:1/keys?s3cret"), &TestClock::new());
    failed(verdict(&jwt, &old().token(&claims())).await, "/keys: ");
}

#[tokio::test]
async fn what_is_held_bridges_an_outage_until_it_is_too_old() {
    let world = World::new(keys(&[old()])).await;
    accepted(world.says(&old()).await, "alice");
    world.server.answer(Answer::Status("500 Internal Server Error"));
    world.clock.pass(5 * MINUTE);
    accepted(world.says(&old()).await, "alice");
    accepted(world.says(&old()).await, "alice");
    world.asked(2);
    // It may be a key that is new since.
    failed(world.says(&new()).await, "500 Internal Server Error");
    world.clock.pass(just_before(55 * MINUTE));
    accepted(world.says(&old()).await, "alice");
    world.asked(3);
    world.clock.pass(TICK);
    failed(world.says(&old()).await, "500 Internal Server Error");
    world.server.answer(keys(&[old()]));
    world.clock.pass(PAUSE);
    accepted(world.says(&old()).await, "alice");
    refused(world.says(&new()).await, UNKNOWN);
    world.asked(4);
}

#[tokio::test]
async fn an_answer_that_is_no_jwks_changes_nothing() {
    let world = World::new(keys(&[old()])).await;
    accepted(world.says(&old()).await, "alice");
    for (answer, why) in [
        (Answer::Body("<html>".to_owned()), "expected value"),
        (Answer::Body(String::new()), "EOF"),
        (Answer::Status("204 No Content"), "204 No Content"),
        (Answer::Status("302 Found\r\nlocation: /keys?secret=s3cret"), "302 Found"),
        (Answer::Status("nonsense"), "error sending request"),
    ] {
        world.server.answer(answer);
        world.clock.pass(5 * MINUTE);
        accepted(world.says(&old()).await, "alice");
        failed(world.says(&new()).await, why);
    }
    world.asked(6);
}

#[tokio::test]
async fn an_answer_may_be_only_so_large() {
    let Answer::Body(document) = keys(&[old()]) else { unreachable!() };
    let most = document.len();
    for answer in [Answer::Body, Answer::Endless] {
        let world = World::with(answer(document.clone()), |url| url.body_bytes(most)).await;
        accepted(world.says(&old()).await, "alice");
        world.server.answer(answer(format!("{document} ")));
        world.clock.pass(60 * MINUTE);
        failed(world.says(&old()).await, "the answer is larger than");
    }
    let flood = Answer::Endless(" ".repeat((1 << 20) + 1));
    failed(World::new(flood).await.says(&old()).await, "the answer is larger than 1048576 bytes");
}

#[tokio::test]
async fn a_server_may_take_only_so_long() {
    for slow in [Answer::Silence, Answer::Stuck] {
        let short = |url: JwksUrl| url.timeout(Duration::from_millis(50));
        let world = World::with(slow, short).await;
        failed(world.says(&old()).await, "timed out");
        world.server.answer(keys(&[old()]));
        let jwt = jwt(JwksUrl::new(&world.server.url()).timeout(MINUTE), &world.clock);
        accepted(verdict(&jwt, &old().token(&claims())).await, "alice");
    }
}

#[test]
fn a_runtime_that_ends_while_it_asks_leaves_nobody_waiting() {
    let runtime = || Builder::new_current_thread().enable_all().build().unwrap();
    let (clock, home, first) = (TestClock::new(), runtime(), runtime());
    let server = home.block_on(Server::start(Answer::Silence));
    let jwt = jwt(JwksUrl::new(&server.url()), &clock);
    let token = old().token(&claims());
    first.block_on(async {
        tokio::select! {
            biased;
            _ = verdict(&jwt, &token) => panic!("there is no answer yet"),
            () = std::future::ready(()) => {}
        }
    });
    drop(first);
    let error = home.block_on(verdict(&jwt, &token)).unwrap_err().to_string();
    assert_eq!(error, "the authenticator failed: a fetch of the JWKS was cut off");
    server.answer(keys(&[old()]));
    clock.pass(PAUSE);
    accepted(home.block_on(verdict(&jwt, &token)), "alice");
}

#[test]
fn only_safe_urls_are_asked() {
    let build = |url: &str| {
        let built = builder(&[Algorithm::RS256]).jwks_url(JwksUrl::new(url)).build();
        built.map(drop)
    };
    for good in [
        "https://idp.example/keys",
        "http://localhost:8080/keys",
        "http://127.0.0.1/keys",
        "http://127.1.2.3/keys",
        "http://[::1]:80/keys",
    ] {
        assert_eq!(build(good), Ok(()), "{good}");
    }
    for bad in [
        "",
        "/keys",
        "idp.example/keys",
        "http://idp.example/keys",
        "http://localhost.example/keys",
        "http://10.0.0.1/keys",
        "ftp://127.0.0.1/keys",
        "file:///keys",
        "https://user:s3cret@idp.example/keys",
        "http://localhost@idp.example/keys",
    ] {
        let error = build(bad).unwrap_err();
        assert!(matches!(error, BuildError::Jwks { .. }), "{bad}");
        assert!(!error.to_string().contains("s3cret"), "{bad}");
    }
}

#[test]
fn times_and_bounds_go_together() {
    let fails = |set: fn(JwksUrl) -> JwksUrl, why: &str| {
        let url = set(JwksUrl::new("https://idp.example/keys"));
        let built = builder(&[Algorithm::RS256]).jwks_url(url).build();
        assert_eq!(built.unwrap_err().to_string(), why);
    };
    fails(|url| url.refresh(PAUSE / 2), "`refresh` must not be below `pause`");
    fails(|url| url.max_age(MINUTE), "`max_age` must not be below `refresh`");
    fails(|url| url.timeout(Duration::ZERO), "`timeout` must not be zero");
    fails(|url| url.body_bytes(0), "`body_bytes` must not be zero");
    let mixed = builder(&[Algorithm::RS256])
        .jwks_url(JwksUrl::new("https://idp.example/keys"))
        .jwks_file("keys.json");
    assert_eq!(mixed.build().unwrap_err(), BuildError::MixedKeys);
    let shared = builder(&[Algorithm::HS512]).jwks_url(JwksUrl::new("https://idp.example/keys"));
    assert_eq!(shared.build().unwrap_err(), BuildError::SecretInJwks(Algorithm::HS512));
}
