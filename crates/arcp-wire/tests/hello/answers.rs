//! Answers of other runtimes, which say otherwise than the text (HELLO §9.4).

use arcp_core::{Command, Frame, ListJobs, Output, Reply};
use arcp_wire::Decoded;
use expect_test::expect;

use crate::other::{
    Client, about_job, cancel, check, check_each, frame, list, of_job, open, ping, submit, watch,
};

#[test]
fn acceptances() {
    let accepted = |payload: &str| about_job("job.accepted", payload);
    check_each(
        ("s1", submit),
        &[
            accepted("{}"),
            accepted(
                r#"{"job_id":"job_1","agent":null,"lease":null,"lease_constraints":null,"budget":null,"credentials":null,"trace_id":null,"parent_job_id":null,"request_id":null}"#,
            ),
            // Money as numbers, amounts and decimals in texts.
            accepted(r#"{"budget":{"USD":-0.20000000000000007,"EUR":5}}"#),
            accepted(r#"{"budget":{"USD":"USD:5.00"}}"#),
            accepted(r#"{"budget":{"USD":"5.00"}}"#),
            accepted(r#"{"budget":{"USD":"much"}}"#),
            // What nobody knows here grants nothing.
            accepted(
                r#"{"lease":{"x-other.ns":["*"],"fs.read":["/a","","/b"],"cost.budget":["USD:1","USD:1e3",":"]}}"#,
            ),
            accepted(r#"{"lease":{"fs.read":"/a"}}"#),
            // Constraints of a credential in another runtime's words.
            accepted(
                r#"{"credentials":[{"id":"c","scheme":"bearer","value":"v","constraints":{"allowed_models":["m"],"max_spend":{"currency":"USD","amount":1},"expires_at":"2026-11-22T11:00:00Z"}}]}"#,
            ),
            accepted(
                r#"{"credentials":[{"id":"c","scheme":"bearer","value":"v","endpoint":"https://a.example","constraints":{"model.use":["m"],"cost.budget":["USD:1"]}}]}"#,
            ),
            accepted(r#"{"credentials":[{"id":"c","value":{"s3cret":1}}]}"#),
            // One that answers another message answers the oldest submit.
            accepted(r#"{"request_id":"elsewhere"}"#),
            // All zeros, which is no trace.
            frame(
                "job.accepted",
                r#","job_id":"job_1","trace_id":"00000000000000000000000000000000""#,
                "{}",
            ),
            accepted(r#"{"job_id":"1"}"#),
        ],
        &expect![[r#"
            to s1: JobAccepted(JobAccepted { job: job_1, agent: None, lease: Lease { grants: {}, budget: Budget({}), expires_at: None, other: {} }, budget: Budget({}), accepted_at: Timestamp(0), trace: None, credentials: [], repeated: None, parent: None })
            to s1: JobAccepted(JobAccepted { job: job_1, agent: None, lease: Lease { grants: {}, budget: Budget({}), expires_at: None, other: {} }, budget: Budget({}), accepted_at: Timestamp(0), trace: None, credentials: [], repeated: None, parent: None })
            to s1: JobAccepted(JobAccepted { job: job_1, agent: None, lease: Lease { grants: {}, budget: Budget({}), expires_at: None, other: {} }, budget: Budget({"EUR": 5, "USD": -0.20000000000000007}), accepted_at: Timestamp(0), trace: None, credentials: [], repeated: None, parent: None })
            to s1: JobAccepted(JobAccepted { job: job_1, agent: None, lease: Lease { grants: {}, budget: Budget({}), expires_at: None, other: {} }, budget: Budget({"USD": 5.00}), accepted_at: Timestamp(0), trace: None, credentials: [], repeated: None, parent: None })
            to s1: JobAccepted(JobAccepted { job: job_1, agent: None, lease: Lease { grants: {}, budget: Budget({}), expires_at: None, other: {} }, budget: Budget({"USD": 5.00}), accepted_at: Timestamp(0), trace: None, credentials: [], repeated: None, parent: None })
            to s1: JobAccepted(JobAccepted { job: job_1, agent: None, lease: Lease { grants: {}, budget: Budget({}), expires_at: None, other: {} }, budget: Budget({}), accepted_at: Timestamp(0), trace: None, credentials: [], repeated: None, parent: None })
            to s1: JobAccepted(JobAccepted { job: job_1, agent: None, lease: Lease { grants: {"fs.read": [`/a`, `/b`]}, budget: Budget({"USD": 1}), expires_at: None, other: {} }, budget: Budget({"USD": 1}), accepted_at: Timestamp(0), trace: None, credentials: [], repeated: None, parent: None })
            to s1: JobAccepted(JobAccepted { job: job_1, agent: None, lease: Lease { grants: {}, budget: Budget({}), expires_at: None, other: {} }, budget: Budget({}), accepted_at: Timestamp(0), trace: None, credentials: [], repeated: None, parent: None })
            to s1: JobAccepted(JobAccepted { job: job_1, agent: None, lease: Lease { grants: {}, budget: Budget({}), expires_at: None, other: {} }, budget: Budget({}), accepted_at: Timestamp(0), trace: None, credentials: [credential c], repeated: None, parent: None })
            to s1: JobAccepted(JobAccepted { job: job_1, agent: None, lease: Lease { grants: {}, budget: Budget({}), expires_at: None, other: {} }, budget: Budget({}), accepted_at: Timestamp(0), trace: None, credentials: [credential c], repeated: None, parent: None })
            bad Some(r1): INVALID_ARGUMENT: `credentials.value` must be text
            ignored
            to s1: JobAccepted(JobAccepted { job: job_1, agent: None, lease: Lease { grants: {}, budget: Budget({}), expires_at: None, other: {} }, budget: Budget({}), accepted_at: Timestamp(0), trace: None, credentials: [], repeated: None, parent: None })
            bad Some(r1): INVALID_ARGUMENT: `job_id`: a job id must be `job_` and at least one more character, at most 256 bytes"#]],
    );
}

/// Answers that name no question answer the oldest one that they fit; those that do, theirs.
#[test]
fn submits_are_answered_in_turn() {
    let accepted =
        |job: &str, payload: &str| frame("job.accepted", &format!(r#","job_id":"{job}""#), payload);
    let refused = r#"{"code":"AGENT_NOT_AVAILABLE","message":"m","retryable":false}"#;
    check(
        &[("s1", submit), ("s2", submit), ("s3", submit), ("s4", submit), ("l1", list)],
        &[
            accepted("job_3", r#"{"request_id":"s3"}"#),
            accepted("job_1", "{}"),
            // Of a child, which nobody here has asked for.
            accepted("job_9", r#"{"parent_job_id":"job_1","delegate_id":"d"}"#),
            frame("session.error", "", refused),
            frame("job.error", r#","job_id":"job_x""#, refused),
            accepted("job_5", "{}"),
        ],
        &expect![[r#"
            to s3: JobAccepted(JobAccepted { job: job_3, agent: None, lease: Lease { grants: {}, budget: Budget({}), expires_at: None, other: {} }, budget: Budget({}), accepted_at: Timestamp(0), trace: None, credentials: [], repeated: None, parent: None })
            to s1: JobAccepted(JobAccepted { job: job_1, agent: None, lease: Lease { grants: {}, budget: Budget({}), expires_at: None, other: {} }, budget: Budget({}), accepted_at: Timestamp(0), trace: None, credentials: [], repeated: None, parent: None })
            Delegated(JobAccepted { job: job_9, agent: None, lease: Lease { grants: {}, budget: Budget({}), expires_at: None, other: {} }, budget: Budget({}), accepted_at: Timestamp(0), trace: None, credentials: [], repeated: None, parent: Some(Parent { job: job_1, delegation: Some("d") }) })
            to s2: JobRefused { job: job_s2, fault: Fault { code: AgentNotAvailable, message: "m", retryable: false, detail: None }, key: None }
            to s4: JobRefused { job: job_s4, fault: Fault { code: AgentNotAvailable, message: "m", retryable: false, detail: None }, key: None }
            ignored"#]],
    );
}

#[test]
fn refusals_that_do_not_say_of_what() {
    let refused = |code: &str| {
        let payload =
            format!(r#"{{"code":"{code}","message":"m","retryable":true,"details":null}}"#);
        frame("session.error", "", &payload)
    };
    // Each is about what it is most likely about.
    check(
        &[
            ("l1", list),
            ("w1", watch),
            ("c1", cancel),
            ("s1", submit),
            ("s2", submit),
            ("p1", ping),
        ],
        &[
            refused("HEARTBEAT_LOST"),
            refused("DUPLICATE_KEY"),
            refused("JOB_NOT_FOUND"),
            refused("PERMISSION_DENIED"),
            refused("INVALID_REQUEST"),
            refused("LEASE_SUBSET_VIOLATION"),
            refused("JOB_NOT_FOUND"),
            refused("SOMETHING_NEW"),
        ],
        &expect![[r#"
            Nack(Fault { code: HeartbeatLost, message: "m", retryable: true, detail: None })
            to s1: JobRefused { job: job_s1, fault: Fault { code: DuplicateKey, message: "m", retryable: true, detail: None }, key: None }
            to w1: Nack(Fault { code: JobNotFound, message: "m", retryable: true, detail: None })
            to c1: CancelRefused { target_id: "job_1", fault: Fault { code: PermissionDenied, message: "m", retryable: true, detail: None } }
            to l1: Nack(Fault { code: InvalidArgument, message: "m", retryable: true, detail: None })
            to s2: JobRefused { job: job_s2, fault: Fault { code: LeaseSubsetViolation, message: "m", retryable: true, detail: None }, key: None }
            to p1: Nack(Fault { code: JobNotFound, message: "m", retryable: true, detail: None })
            Nack(Fault { code: Unknown, message: "m", retryable: true, detail: None })"#]],
    );
    check_each(
        ("l1", list),
        &[
            frame("session.error", "", "{}"),
            frame("session.error", "", r#"{"code":"INTERNAL_ERROR"}"#),
            frame(
                "session.error",
                "",
                r#"{"code":"INTERNAL_ERROR","message":null,"retryable":null}"#,
            ),
            frame("session.error", "", r#"{"code":"INVALID_REQUEST","request_id":"elsewhere"}"#),
            frame("session.error", "", r#"{"code":"HEARTBEAT_LOST","request_id":"l1"}"#),
            frame("session.error", "", r#"{"code":5}"#),
        ],
        &expect![[r#"
            bad Some(r1): INVALID_ARGUMENT: `code` is missing
            to l1: Nack(Fault { code: Internal, message: "", retryable: true, detail: None })
            to l1: Nack(Fault { code: Internal, message: "", retryable: true, detail: None })
            Nack(Fault { code: InvalidArgument, message: "", retryable: false, detail: None })
            to l1: Nack(Fault { code: HeartbeatLost, message: "", retryable: false, detail: None })
            bad Some(r1): INVALID_ARGUMENT: `code` must be text"#]],
    );
}

/// A runtime that refuses a key by the job that has it does not mean that job.
#[test]
fn failures_of_jobs_and_refusals_of_them() {
    let payload =
        r#"{"final_status":"error","code":"DUPLICATE_KEY","message":"m","retryable":false}"#;
    let accepted = about_job("job.accepted", "{}");
    check(
        &[("s1", submit), ("s2", submit)],
        &[
            accepted.clone(),
            frame("job.error", r#","job_id":"job_new""#, payload),
            of_job("job.error", 1, payload),
            // Its job has ended, and nobody waits.
            about_job("job.error", payload),
        ],
        &expect![[r#"
            to s1: JobAccepted(JobAccepted { job: job_1, agent: None, lease: Lease { grants: {}, budget: Budget({}), expires_at: None, other: {} }, budget: Budget({}), accepted_at: Timestamp(0), trace: None, credentials: [], repeated: None, parent: None })
            to s2: JobRefused { job: job_s2, fault: Fault { code: DuplicateKey, message: "m", retryable: false, detail: None }, key: None }
            1 of job_1: Failed(Fault { code: DuplicateKey, message: "m", retryable: false, detail: None })
            ignored"#]],
    );
    // Without a number, of a job that runs.
    check(
        &[("s1", submit), ("s2", submit)],
        &[accepted, about_job("job.error", payload)],
        &expect![[r#"
            to s1: JobAccepted(JobAccepted { job: job_1, agent: None, lease: Lease { grants: {}, budget: Budget({}), expires_at: None, other: {} }, budget: Budget({}), accepted_at: Timestamp(0), trace: None, credentials: [], repeated: None, parent: None })
            to s2: JobRefused { job: job_s2, fault: Fault { code: DuplicateKey, message: "m", retryable: false, detail: None }, key: None }"#]],
    );
}

/// A welcome without a session in its payload is of a runtime whose refusals are numbered failures of jobs
/// that nobody has heard of (flows `unknown-agent`, `cancel-unknown`, `subscribe-unknown-job` of TypeScript).
#[test]
fn numbered_refusals() {
    let failed = |code: &str| {
        let payload = format!(
            r#"{{"final_status":"error","code":"{code}","message":"m","retryable":false}}"#
        );
        of_job("job.error", 1, &payload)
    };
    let hear = |welcome: &str, asked: Command, told: String| {
        let mut client = Client::new();
        client.ask("h1", open());
        client.hear(&frame("session.welcome", "", welcome));
        client.ask("a1", asked);
        client.hear(&told)
    };
    let (theirs, ours) = ("{}", r#"{"session_id":"sess_1"}"#);
    let lines = [
        hear(theirs, submit(), failed("AGENT_NOT_AVAILABLE")),
        hear(theirs, cancel(), failed("JOB_NOT_FOUND")),
        hear(theirs, watch(), failed("JOB_NOT_FOUND")),
        // The past of a job may be its end, and come before it is said to be watched.
        hear(theirs, watch(), failed("TIMEOUT")),
        hear(theirs, list(), failed("TIMEOUT")),
        // Ours says of every refusal what it refuses: this one is a child's, which nobody knows of yet.
        hear(ours, submit(), failed("AGENT_NOT_AVAILABLE")),
    ];
    expect![[r#"
        to a1: JobRefused { job: job_a1, fault: Fault { code: AgentNotAvailable, message: "m", retryable: false, detail: None }, key: None }
        to a1: CancelRefused { target_id: "job_1", fault: Fault { code: JobNotFound, message: "m", retryable: false, detail: None } }
        to a1: Nack(Fault { code: JobNotFound, message: "m", retryable: false, detail: None })
        1 of job_1: Failed(Fault { code: TimedOut, message: "m", retryable: false, detail: None })
        1 of job_1: Failed(Fault { code: TimedOut, message: "m", retryable: false, detail: None })
        1 of job_1: Failed(Fault { code: AgentNotAvailable, message: "m", retryable: false, detail: None })"#]].assert_eq(&lines.join("\n"));
}

/// Some runtimes say nothing of a cancel but that the job has ended.
#[test]
fn the_end_of_a_job_answers_its_cancel() {
    let ended = of_job("job.result", 2, r#"{"final_status":"cancelled"}"#);
    check(
        &[("c1", cancel)],
        std::slice::from_ref(&ended),
        &expect![[r#"
        to c1: CancelAccepted { target_id: "job_1", job: Some(job_1) }
        2 of job_1: Cancelled { reason: "" }"#]],
    );
    let acknowledged = about_job("job.cancelled", r#"{"reason":"x"}"#);
    check(
        &[("c1", cancel)],
        &[acknowledged.clone(), ended.clone()],
        &expect![[r#"
        to c1: CancelAccepted { target_id: "job_1", job: Some(job_1) }
        2 of job_1: Cancelled { reason: "" }"#]],
    );
    // A number on it, and none who asked.
    check(
        &[],
        &[of_job("job.cancelled", 2, "{}"), ended],
        &expect![[r#"
        ignored
        2 of job_1: Cancelled { reason: "" }"#]],
    );
    let gone = r#"{"code":"JOB_NOT_FOUND","message":"m","retryable":false,"request_id":"c1"}"#;
    check(
        &[("c1", cancel)],
        &[frame("session.error", "", gone)],
        &expect![[
            r#"to c1: CancelRefused { target_id: "job_1", fault: Fault { code: JobNotFound, message: "m", retryable: false, detail: None } }"#
        ]],
    );
    let other = r#"{"code":"INVALID_REQUEST","message":"m","retryable":false,"request_id":"c1"}"#;
    check(
        &[("c1", cancel)],
        &[frame("session.error", "", other)],
        &expect![[
            r#"to c1: Nack(Fault { code: InvalidArgument, message: "m", retryable: false, detail: None })"#
        ]],
    );
}

#[test]
fn listings() {
    let jobs = |payload: &str| frame("session.jobs", "", payload);
    check_each(
        ("l1", list),
        &[
            jobs(r#"{"request_id":"l1","jobs":[]}"#),
            jobs(r#"{"jobs":[],"next_cursor":null}"#),
            // As little as there is to a job.
            jobs(
                r#"{"jobs":[{"job_id":"job_1","agent":"echo","status":"running","submitted_at":"2026-11-22T11:00:00.5Z"}],"next_cursor":""}"#,
            ),
            jobs(
                r#"{"jobs":[{"job_id":"job_1","agent":"echo","status":"timed_out","parent_job_id":null,"trace_id":null,"lease":{"odd":["*"]}}]}"#,
            ),
            // Cursors of others.
            jobs(r#"{"jobs":[],"next_cursor":"2"}"#),
            jobs(r#"{"jobs":[],"next_cursor":"1795345703645235|job_1"}"#),
            jobs(r#"{"jobs":[],"next_cursor":"job_7"}"#),
            jobs(r#"{"jobs":[],"next_cursor":"job_~7"}"#),
            jobs(r#"{"jobs":[{"job_id":"job_1","agent":"echo","status":"moon"}]}"#),
            jobs(r#"{"jobs":[{"job_id":"1","agent":"echo","status":"running"}]}"#),
            jobs(r#"{"jobs":[{}]}"#),
            jobs(r#"{"jobs":{}}"#),
            jobs("{}"),
        ],
        &expect![[r#"
            to l1: Jobs(JobsPage { jobs: [], next: None })
            to l1: Jobs(JobsPage { jobs: [], next: None })
            to l1: Jobs(JobsPage { jobs: [JobSummary { job: job_1, agent: "echo", state: Running, created_at: Timestamp(1795345200500000), trace: None, parent: None, lease: Lease { grants: {}, budget: Budget({}), expires_at: None, other: {} }, last_index: 0 }], next: None })
            to l1: Jobs(JobsPage { jobs: [JobSummary { job: job_1, agent: "echo", state: TimedOut, created_at: Timestamp(0), trace: None, parent: None, lease: Lease { grants: {}, budget: Budget({}), expires_at: None, other: {} }, last_index: 0 }], next: None })
            to l1: Jobs(JobsPage { jobs: [], next: Some(job_~2) })
            to l1: Jobs(JobsPage { jobs: [], next: Some(job_~1795345703645235|job_1) })
            to l1: Jobs(JobsPage { jobs: [], next: Some(job_7) })
            to l1: Jobs(JobsPage { jobs: [], next: Some(job_~job_~7) })
            bad Some(r1): INVALID_ARGUMENT: `jobs.status` must be a job state
            bad Some(r1): INVALID_ARGUMENT: `jobs.job_id`: a job id must be `job_` and at least one more character, at most 256 bytes
            bad Some(r1): INVALID_ARGUMENT: `jobs.job_id` is missing
            bad Some(r1): INVALID_ARGUMENT: `jobs` must be a list
            bad Some(r1): INVALID_ARGUMENT: `jobs` is missing"#]],
    );
}

/// A cursor goes back as it came, whatever it looks like.
#[test]
fn cursors_of_others_go_back_as_they_came() {
    for cursor in ["2", "1795345703645235|job_1", "job_7", "job_~7", "job_~job_~", "eyJhIjoxfQ=="] {
        let mut client = Client::new();
        client.ask("l1", list());
        let page = format!(r#"{{"jobs":[],"next_cursor":"{cursor}"}}"#);
        let decoded = client.reader.decode(&Frame::text(frame("session.jobs", "", &page)));
        let Decoded::Message(Output::Reply { reply: Reply::Jobs(page), .. }) = decoded else {
            panic!("{decoded:?}");
        };
        let next = ListJobs { after: page.next, ..ListJobs::default() };
        let asked = client.ask("l2", Command::ListJobs(Box::new(next)));
        assert!(asked.ends_with(&format!(r#""payload":{{"cursor":"{cursor}"}}}}"#)), "{asked}");
    }
}

#[test]
fn subscriptions() {
    let watched = |payload: &str| about_job("job.subscribed", payload);
    check_each(
        ("w1", watch),
        &[
            watched(r#"{"current_status":"running"}"#),
            watched(
                r#"{"job_id":"job_1","request_id":"w1","current_status":"success","agent":"echo","subscribed_from":3,"replayed":true,"lease":{},"budget":{"USD":1},"parent_job_id":null}"#,
            ),
            watched(r#"{"current_status":"running","replayed":0,"budget":{"USD":"USD:1"}}"#),
            watched(r#"{"current_status":"running","replayed":2}"#),
            watched(r#"{"current_status":"running","replayed":false}"#),
            watched(r#"{"current_status":"running","replayed":null}"#),
            watched(r#"{"current_status":"moon"}"#),
            watched("{}"),
            frame("job.subscribed", r#","job_id":"job_2""#, r#"{"current_status":"running"}"#),
        ],
        &expect![[r#"
            to w1: Watched(JobWatched { summary: JobSummary { job: job_1, agent: "", state: Running, created_at: Timestamp(0), trace: None, parent: None, lease: Lease { grants: {}, budget: Budget({}), expires_at: None, other: {} }, last_index: 0 }, budget: None, after: 0, replayed: false })
            to w1: Watched(JobWatched { summary: JobSummary { job: job_1, agent: "echo", state: Completed, created_at: Timestamp(0), trace: None, parent: None, lease: Lease { grants: {}, budget: Budget({}), expires_at: None, other: {} }, last_index: 3 }, budget: Some(Budget({"USD": 1})), after: 0, replayed: true })
            to w1: Watched(JobWatched { summary: JobSummary { job: job_1, agent: "", state: Running, created_at: Timestamp(0), trace: None, parent: None, lease: Lease { grants: {}, budget: Budget({}), expires_at: None, other: {} }, last_index: 0 }, budget: Some(Budget({"USD": 1})), after: 0, replayed: false })
            to w1: Watched(JobWatched { summary: JobSummary { job: job_1, agent: "", state: Running, created_at: Timestamp(0), trace: None, parent: None, lease: Lease { grants: {}, budget: Budget({}), expires_at: None, other: {} }, last_index: 0 }, budget: None, after: 0, replayed: true })
            to w1: Watched(JobWatched { summary: JobSummary { job: job_1, agent: "", state: Running, created_at: Timestamp(0), trace: None, parent: None, lease: Lease { grants: {}, budget: Budget({}), expires_at: None, other: {} }, last_index: 0 }, budget: None, after: 0, replayed: false })
            to w1: Watched(JobWatched { summary: JobSummary { job: job_1, agent: "", state: Running, created_at: Timestamp(0), trace: None, parent: None, lease: Lease { grants: {}, budget: Budget({}), expires_at: None, other: {} }, last_index: 0 }, budget: None, after: 0, replayed: false })
            bad Some(r1): INVALID_ARGUMENT: `current_status` must be a job state
            bad Some(r1): INVALID_ARGUMENT: `current_status` is missing
            ignored"#]],
    );
}
