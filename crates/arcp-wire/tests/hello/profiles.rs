//! What known clients are told otherwise than the text says, and why: each switch has a frame that shows
//! what becomes of its client without it. `strict` turns them all off.

use arcp_core::{
    Code, Command, Completion, Event, Fault, Frame, Issued, JobState, JobWatched, Json, Notice,
    Output, PingKind, Reply,
};
use arcp_wire::hello::HelloDialect;
use arcp_wire::{Compatibility, Decoded, Dialect, Then};
use serde_json::Value;

use crate::recorded::{By, connections, files};
use crate::samples::{bare_summary, event, job, job_accepted, notice, reply, watched};
use crate::told::{GO, PYTHON, TYPESCRIPT, UNKNOWN, frames, session_of};
use crate::union::{self, Reader};

/// The frames of an output, told to this client.
fn told(hello: &str, output: &Output) -> Vec<Value> {
    said(hello, Compatibility::Auto, output)
}

fn said(hello: &str, compatibility: Compatibility, output: &Output) -> Vec<Value> {
    let frames = frames(&mut *session_of(hello, compatibility), output);
    frames.iter().map(|frame| serde_json::from_str(frame).unwrap()).collect()
}

/// What others are told, and everybody where the text is followed to the letter.
fn plain(output: &Output) -> Vec<Value> {
    let plain = told(UNKNOWN, output);
    for hello in [PYTHON, TYPESCRIPT, GO] {
        assert_eq!(said(hello, Compatibility::Strict, output), plain, "{hello}");
    }
    plain
}

fn accepted() -> Output {
    reply(Reply::JobAccepted(Box::new(job_accepted())))
}

/// `budget_as_text`: a number ends the session of a Python client (stub case `submit budget-num`), a
/// text hangs the others (`submit budget-str`).
#[test]
fn budgets_are_texts_for_python() {
    let number = &plain(&accepted())[0];
    assert_eq!(number["payload"]["budget"], serde_json::json!({"USD": 1.5, "credits": 3}));
    assert_ne!(union::faults(&number.to_string(), Reader::Python), [""; 0]);
    let text = &told(PYTHON, &accepted())[0];
    let texts = serde_json::json!({"USD": "USD:1.5", "credits": "credits:3"});
    assert_eq!(text["payload"]["budget"], texts);
    assert_ne!(union::faults(&text.to_string(), Reader::TypeScript), [""; 0]);
    for hello in [TYPESCRIPT, GO] {
        assert_eq!(told(hello, &accepted())[0]["payload"]["budget"], number["payload"]["budget"]);
    }
    // Its types take anything there.
    let watched = reply(Reply::Watched(Box::new(watched())));
    assert_eq!(told(PYTHON, &watched)[0]["payload"]["budget"]["USD"], -0.25);
}

/// `cancel_as_result`: a `job.error` of another status than `error` ends the session of a Python client
/// (stub cases `submit err-cancelled`, `submit err-timed-out`); a `job.result` of another one than
/// `success` hangs the others (`submit res-cancelled`).
#[test]
fn cancelled_jobs_have_results_for_python() {
    let ends = [
        (Event::Cancelled { reason: "enough".into() }, "cancelled"),
        (Event::TimedOut(Fault::new(Code::TimedOut, "enough")), "timed_out"),
    ];
    for (happened, status) in ends {
        let happened = event(1, happened);
        let error = &plain(&happened)[0];
        assert_eq!(
            (&error["type"], &error["payload"]["final_status"]),
            (&"job.error".into(), &status.into())
        );
        assert_ne!(union::faults(&error.to_string(), Reader::Python), [""; 0]);
        let result = &told(PYTHON, &happened)[0];
        assert_eq!(
            (&result["type"], &result["payload"]["final_status"]),
            (&"job.result".into(), &status.into())
        );
        assert_eq!(result["payload"]["summary"], "enough");
        assert_ne!(union::faults(&result.to_string(), Reader::TypeScript), [""; 0]);
        for hello in [TYPESCRIPT, GO] {
            assert_eq!(&told(hello, &happened)[0], error);
        }
    }
    // Its own runtime ends them so.
    let recorded = recorded_ends("python-flows");
    assert!(recorded.contains(&("job.result".into(), "cancelled".into())), "{recorded:?}");
    assert!(recorded.contains(&("job.result".into(), "timed_out".into())), "{recorded:?}");
    assert!(recorded_ends("typescript-flows").contains(&("job.error".into(), "cancelled".into())));
}

/// How jobs end in the flows of a file.
fn recorded_ends(name: &str) -> Vec<(String, String)> {
    let file = files().into_iter().find(|file| file.file_stem().unwrap() == name).unwrap();
    let frames = connections(&file).into_iter().flat_map(|connection| connection.frames);
    let frames = frames.filter(|(by, _)| *by == By::Runtime);
    let frames = frames.filter_map(|(_, frame)| serde_json::from_str::<Value>(&frame).ok());
    let end = |frame: Value| {
        let status = frame["payload"]["final_status"].as_str()?;
        Some((frame["type"].as_str()?.to_owned(), status.to_owned()))
    };
    frames.filter_map(end).collect()
}

fn refused() -> Output {
    let fault = Fault::new(Code::AgentNotAvailable, "no such agent");
    reply(Reply::JobRefused { job: job(), fault, key: None })
}

/// `refuse_by_job_error`: a `session.error` ends all other jobs of a TypeScript client (stub,
/// `collateral.txt`); a `job.error` hangs a Python client (`submit rej-job`).
#[test]
fn refused_submits_are_failed_jobs_for_typescript() {
    let plain = &plain(&refused())[0];
    assert_eq!(plain["type"], "session.error");
    assert_eq!(plain["payload"]["request_id"], "msg_01ARZ3NDEKTSV4RRFFQ69G5ASK");
    for hello in [PYTHON, GO] {
        assert_eq!(&told(hello, &refused())[0], plain);
    }
    let failed = &told(TYPESCRIPT, &refused())[0];
    assert_eq!((&failed["type"], &failed["job_id"]), (&"job.error".into(), &"job_1".into()));
    assert_eq!(failed["payload"]["code"], "AGENT_NOT_AVAILABLE");
    // It is no event: its job never was.
    assert_eq!(failed["event_seq"], Value::Null);
    // What else is refused has no job.
    let other = reply(Reply::Nack(Fault::invalid("x")));
    assert_eq!(told(TYPESCRIPT, &other)[0]["type"], "session.error");
}

/// `result_as_output`: a Go client looks nowhere else (HELLO §5.4).
#[test]
fn results_have_a_second_name_for_go() {
    let completed = event(1, Event::Completed(Completion::Inline(Json::parse("[1]").unwrap())));
    let plain = &plain(&completed)[0];
    assert_eq!(plain["payload"]["result"], serde_json::json!([1]));
    assert_eq!(plain["payload"]["output"], Value::Null);
    for hello in [PYTHON, TYPESCRIPT] {
        assert_eq!(&told(hello, &completed)[0], plain);
    }
    let other = &told(GO, &completed)[0];
    assert_eq!(other["payload"]["output"], serde_json::json!([1]));
    // It is not said twice.
    assert_eq!(other["payload"]["result"], Value::Null);
}

/// `silent`: a `session.error` ends all jobs of the client (stub, `collateral.txt`), and its own runtime
/// says nothing either (probe `cancel-finished` of Python).
#[test]
fn known_clients_are_spared_refusals_of_what_has_no_answer() {
    let gone = || Fault::new(Code::JobNotFound, "no such job");
    let refusals = [
        reply(Reply::CancelRefused { target_id: "job_1".into(), fault: gone() }),
        reply(Reply::Unheeded(gone())),
    ];
    for refusal in refusals {
        assert_eq!(plain(&refusal)[0]["payload"]["code"], "JOB_NOT_FOUND");
        for hello in [PYTHON, TYPESCRIPT, GO] {
            assert!(told(hello, &refusal).is_empty(), "{hello}");
        }
    }
    // What waits for an answer has one.
    for hello in [PYTHON, TYPESCRIPT, GO] {
        assert_eq!(told(hello, &reply(Reply::Nack(gone()))).len(), 1);
    }
}

/// `events_after_pong`: a Python client does not see what comes before it has seen that it watches
/// (stub cases `subscribe A` to `C`: 0 of 5 events, then 5 of 5 after 50 ms). Its answer to a ping shows
/// that it has.
#[test]
fn python_is_told_more_once_it_has_seen_that_it_watches() {
    let said = |hello: &str, compatibility, replayed| {
        let summary = bare_summary(JobState::Running);
        let watched = JobWatched { summary, budget: None, after: 0, replayed };
        let mut frames = Vec::new();
        let output = reply(Reply::Watched(Box::new(watched)));
        let then = session_of(hello, compatibility).encode(&output, &mut frames);
        let kind = |frame: &Frame| {
            let frame: Value = serde_json::from_slice(&frame.bytes).unwrap();
            assert_eq!(union::faults(&frame.to_string(), Reader::Python), [""; 0]);
            frame["type"].as_str().unwrap().to_owned()
        };
        (frames.iter().map(kind).collect::<Vec<_>>(), then)
    };
    for replayed in [true, false] {
        let (frames, then) = said(PYTHON, Compatibility::Auto, replayed);
        assert_eq!(frames, ["job.subscribed", "session.ping"]);
        assert!(matches!(then, Then::Hold(_)), "{then:?}");
    }
    let plain = (vec!["job.subscribed".to_owned()], Then::GoOn);
    assert_eq!(said(PYTHON, Compatibility::Strict, true), plain);
    for hello in [TYPESCRIPT, GO, UNKNOWN] {
        assert_eq!(said(hello, Compatibility::Auto, true), plain);
    }
}

/// `empty_lease_is_none`: a Python client sends an empty `lease_request` where its user says nothing of
/// a lease (flow `submit-echo`), and that would grant nothing.
#[test]
fn an_empty_lease_is_none_for_python() {
    let lease = |hello: &str, compatibility, request: &str| {
        let (mut reader, _) = HelloDialect { compatibility }.runtime_codec();
        reader.decode(&Frame::text(hello.to_owned()));
        let submit = format!(
            r#"{{"arcp":"1.1","id":"s1","type":"job.submit","payload":{{"agent":"echo","lease_request":{request}}}}}"#
        );
        let decoded = reader.decode(&Frame::text(submit));
        let Decoded::Message(Issued { command: Command::Submit(submit), .. }) = decoded else {
            panic!("{decoded:?}");
        };
        submit.lease
    };
    assert_eq!(lease(PYTHON, Compatibility::Auto, "{}"), None);
    assert!(lease(PYTHON, Compatibility::Auto, r#"{"tool.call":["*"]}"#).is_some());
    assert!(lease(PYTHON, Compatibility::Strict, "{}").is_some());
    for hello in [TYPESCRIPT, GO, UNKNOWN] {
        assert!(lease(hello, Compatibility::Auto, "{}").is_some());
    }
}

/// Nothing else is said otherwise to anybody.
#[test]
fn everything_else_is_the_same_for_all() {
    let same = [
        notice(Notice::Ping { nonce: "n".into() }),
        notice(Notice::Evicted(Fault::new(Code::HeartbeatLost, "late"))),
        reply(Reply::Pong { kind: PingKind::Session, nonce: Some("n".into()) }),
        reply(Reply::CancelAccepted { target_id: "job_1".into(), job: Some(job()) }),
        event(1, Event::Failed(Fault::new(Code::BudgetExhausted, "spent"))),
        event(1, Event::Thought { text: "hm".into() }),
        reply(Reply::Jobs(arcp_core::JobsPage::default())),
    ];
    for output in same {
        let plain = plain(&output);
        for hello in [PYTHON, TYPESCRIPT, GO] {
            assert_eq!(told(hello, &output), plain, "{hello}");
        }
    }
}

/// One event, written for one kind of client, is not what another one is told.
#[test]
fn an_event_is_written_for_each_kind_of_client() {
    let cancelled = event(1, Event::Cancelled { reason: "enough".into() });
    for _ in 0..2 {
        for (hello, kind) in
            [(PYTHON, "job.result"), (TYPESCRIPT, "job.error"), (UNKNOWN, "job.error")]
        {
            assert_eq!(told(hello, &cancelled)[0]["type"], kind);
        }
    }
}

/// The hello of every recorded flow gives away whose it is; hand-made ones and those of others do not.
#[test]
fn clients_are_known_by_their_hello() {
    let python = |hello: &str| told(hello, &accepted())[0]["payload"]["budget"]["USD"].is_string();
    let typescript = |hello: &str| told(hello, &refused())[0]["type"] == "job.error";
    for file in files() {
        let name = file.file_stem().unwrap().to_str().unwrap();
        let mut hellos = 0;
        for connection in connections(&file) {
            for (by, frame) in connection.frames {
                if by == By::Client && is_good_hello(&frame) {
                    let of_python = name == "python-flows" || name == "python-to-typescript-flows";
                    let of_typescript = name.starts_with("typescript") && name.ends_with("flows");
                    assert_eq!(python(&frame), of_python, "{name}: {frame}");
                    assert_eq!(typescript(&frame), of_typescript, "{name}: {frame}");
                    hellos += 1;
                }
            }
        }
        assert!(hellos > 0, "{name}");
    }
}

fn is_good_hello(frame: &str) -> bool {
    let dialect = HelloDialect::default();
    let read = dialect.runtime_codec().0.decode(&Frame::text(frame.to_owned()));
    matches!(
        read,
        Decoded::Message(issued)
            if matches!(issued.command, Command::Open(_) | Command::Resume(_))
    )
}

/// What gives a client away, and what is too little.
#[test]
fn a_little_less_gives_nobody_away() {
    let unknown = |hello: &str| {
        let same = |output: &Output| told(hello, output) == told(UNKNOWN, output);
        let completed = event(1, Event::Completed(Completion::Inline(Json::null())));
        same(&accepted()) && same(&refused()) && same(&completed)
    };
    for hello in [PYTHON, TYPESCRIPT, GO] {
        assert!(!unknown(hello), "{hello}");
    }
    for (hello, part, other) in [
        (PYTHON, "01M81F38HD5Z87SYAYT8N0Z75C", "msg_01M81F38HD5Z87SYAYT8N0Z75C"),
        (PYTHON, r#","agents":[]"#, ""),
        (TYPESCRIPT, "msg_01M81F5ZQWQ0NMEZ5MPWYRM3GV", "01M81F5ZQWQ0NMEZ5MPWYRM3GV"),
        (TYPESCRIPT, "msg_01M81F5ZQWQ0NMEZ5MPWYRM3GV", "msg_1"),
        (
            TYPESCRIPT,
            r#""features":[],"encodings":["json"]"#,
            r#""encodings":["json"],"features":[]"#,
        ),
        (GO, "-7eed-", "-4eed-"),
        (GO, "arcp-go-client", "other"),
    ] {
        assert!(hello.contains(part), "{part}");
        assert!(unknown(&hello.replace(part, other)), "{part}");
    }
}
