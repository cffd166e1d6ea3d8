//! What one end writes, the other reads.

use std::time::Duration;

use arcp_core::{
    Cancel, CancelTarget, Capabilities, ClientIdentity, Code, Command, Event, Fault, Feature,
    Frame, IdempotencyKey, Issued, JobFilter, JobId, JobState, JobWatched, JobsPage, Json, Lease,
    LeaseId, ListJobs, MessageId, Notice, Offer, OnClose, Open, Output, Parent, PermissionAnswer,
    PermissionVerdict, PingKind, Priority, PutArtifact, Reply, Resume, Secret, Submit, Subscribe,
    SubscriptionId, Vocabulary, Wanted, WatchJob,
};
use arcp_wire::hello::HelloDialect;
use arcp_wire::{CommandEncoder, Compatibility, Decoded, Dialect, OutputDecoder};
use proptest::prelude::*;

use crate::heard::heard;
use crate::question::question;
use crate::samples::{
    FEATURES, accepted, asking, at, bare_job, capabilities, event, event_of, events, faults,
    issued, job, job_accepted, lease, notice, notices, replies, reply, session, summary, trace,
    watched, wordless_notices, wordless_replies,
};
use crate::told::{GO, PYTHON, TYPESCRIPT, UNKNOWN, session_of};
use crate::values::{self, json};

/// Sends a command in a session in which everything is agreed on, and returns how the runtime reads it.
fn asked(command: Command) -> Command {
    let dialect = HelloDialect::default();
    let (mut reader, mut runtime) = dialect.runtime_codec();
    let (_, mut writer) = dialect.client_codec();
    let opens = matches!(command, Command::Open(_) | Command::Resume(_));
    // Who opens a session has none.
    if !opens {
        runtime.encode(&reply(Reply::Accepted(Box::new(accepted()))), &mut Vec::new());
        writer.observe(&reply(Reply::Accepted(Box::new(accepted()))));
    }
    let asking = issued(command);
    let mut frames = Vec::new();
    writer.encode(&asking, &mut frames);
    assert_eq!(frames.len(), 1, "{asking:?}");
    let (envelope, _) = text(&frames[0]).split_once(r#","payload":"#).unwrap();
    assert_eq!(envelope.contains(r#""session_id":"sess_\"1\"""#), !opens, "{envelope}");
    match reader.decode(&frames[0]) {
        Decoded::Message(read) => {
            assert_eq!((read.id, read.trace), (asking.id, asking.trace));
            // It is not said.
            assert_eq!(read.at.as_micros(), 0);
            read.command
        }
        other => panic!("{other:?} of {}", text(&frames[0])),
    }
}

fn text(frame: &Frame) -> &str {
    std::str::from_utf8(&frame.bytes).unwrap()
}

fn same(command: Command) {
    let wanted = format!("{command:?}");
    assert_eq!(format!("{:?}", asked(command)), wanted);
}

fn identity() -> ClientIdentity {
    ClientIdentity { kind: "cli".into(), version: "1".into(), fingerprint: Some("f".into()) }
}

fn offer() -> Offer {
    Offer { scheme: "bearer".into(), token: Some(Secret::new("s3cret".into())) }
}

#[test]
fn an_open_keeps_its_token() {
    let unwanted = Capabilities::default().with(Feature::Ack, false);
    let open = Open {
        offer: offer(),
        client: identity(),
        capabilities: unwanted,
        vocabulary: Vocabulary::named("hello"),
    };
    let Command::Open(read) = asked(Command::Open(Box::new(open.clone()))) else {
        panic!("no open");
    };
    assert!(read.offer.token.clone().unwrap().matches(b"s3cret"));
    assert_eq!((read.client, read.vocabulary), (open.client, open.vocabulary));
    // A client of ours reads everything, and says so; but for what its user does not want.
    assert_eq!(read.capabilities, capabilities(&FEATURES).with(Feature::Ack, false));
}

#[test]
fn a_resume_is_a_hello_with_a_token() {
    let resume = Resume {
        token: Secret::new("r3sume".into()),
        session: Some(session()),
        last_seq: u64::MAX,
        offer: Some(offer()),
        client: Some(identity()),
        capabilities: Some(Capabilities::default()),
        vocabulary: Vocabulary::named("hello"),
    };
    let Command::Resume(read) = asked(Command::Resume(Box::new(resume.clone()))) else {
        panic!("no resume");
    };
    assert!(read.token.matches(b"r3sume"));
    assert!(read.offer.unwrap().token.unwrap().matches(b"s3cret"));
    assert_eq!((read.session, read.last_seq), (resume.session, resume.last_seq));
    assert_eq!(read.client, resume.client);
    assert_eq!(read.capabilities, Some(capabilities(&FEATURES)));
}

#[test]
fn commands_come_back() {
    same(Command::Close { reason: Some("enough".into()), jobs: OnClose::Wait });
    same(Command::Ping { kind: PingKind::Session, nonce: Some("n \"1\"".into()) });
    same(Command::Pong { nonce: Some("n".into()) });
    for seq in [0, u64::MAX] {
        same(Command::Ack { seq });
    }
    for after in [None, Some(0), Some(u64::MAX)] {
        same(Command::Watch(WatchJob { job: job(), after }));
    }
    same(Command::Unwatch { job: job() });
    same(Command::Cancel(Box::new(cancel(CancelTarget::Job, None))));
}

fn cancel(target: CancelTarget, deadline: Option<Duration>) -> Cancel {
    Cancel { target, target_id: "job_1".into(), reason: Some("enough".into()), deadline }
}

#[test]
fn what_has_no_word_is_left_out_or_stands_for_itself() {
    let read = |command| format!("{:?}", asked(command));
    assert!(read(Command::Close { reason: None, jobs: OnClose::Cancel }).contains("Wait"));
    assert!(read(Command::Ping { kind: PingKind::Session, nonce: None }).contains(r#"Some("")"#));
    assert!(read(Command::Pong { nonce: None }).contains(r#"Some("")"#));
    let submit = |submit: Submit| {
        let Command::Submit(read) = asked(Command::Submit(Box::new(submit))) else {
            panic!("no submit");
        };
        read
    };
    let urgent = Submit { priority: Priority::High, ..simple(Json::null()) };
    assert_eq!(submit(urgent).priority, Priority::Normal);
    for (asked, read) in [(0, 1), (1, 1), (1_000, 1), (1_001, 2)] {
        let asked = Duration::from_millis(asked);
        let limited = Submit { max_runtime: Some(asked), ..simple(Json::null()) };
        assert_eq!(submit(limited).max_runtime, Some(Duration::from_secs(read)));
    }
}

#[test]
fn listings_come_back() {
    same(Command::ListJobs(Box::default()));
    let filter = JobFilter {
        states: Some(vec![
            JobState::Queued,
            JobState::Accepted,
            JobState::Running,
            JobState::Blocked,
            JobState::Completed,
            JobState::Failed,
            JobState::Cancelled,
            JobState::Aborted,
            JobState::TimedOut,
        ]),
        agent: Some("echo@1".into()),
        created_after: Some(at()),
        created_before: Some(at()),
    };
    same(Command::ListJobs(Box::new(ListJobs { filter, limit: Some(5), after: Some(job()) })));
    // Two states have one name: who asks for one of them asks for both.
    let running = JobFilter { states: Some(vec![JobState::Blocked]), ..JobFilter::default() };
    let list = ListJobs { filter: running, limit: None, after: None };
    let Command::ListJobs(read) = asked(Command::ListJobs(Box::new(list))) else {
        panic!("no listing");
    };
    assert_eq!(read.filter.states, Some(vec![JobState::Running, JobState::Blocked]));
}

fn simple(input: Json) -> Submit {
    Submit {
        agent: "echo".into(),
        input,
        lease: None,
        key: None,
        max_runtime: None,
        priority: Priority::default(),
        parent: None,
        expires_at: None,
    }
}

#[test]
fn submits_come_back() {
    let end_only = Lease { expires_at: Some(at()), ..Lease::default() };
    for asked in [None, Some(Lease::default()), Some(end_only), Some(lease())] {
        for delegation in [None, Some("d1".to_owned())] {
            same(Command::Submit(Box::new(Submit {
                agent: "echo@1".into(),
                input: Json::parse(r#"{"a": [1, 2.50]}"#).unwrap(),
                lease: asked.clone(),
                key: Some(IdempotencyKey::parse("k \"1\"").unwrap()),
                max_runtime: Some(Duration::from_secs(9)),
                priority: Priority::default(),
                parent: Some(Parent { job: job(), delegation }),
                expires_at: None,
            })));
        }
    }
}

#[test]
fn what_the_dialect_has_no_words_for_is_not_asked() {
    let artifact = || crate::samples::artifact().artifact;
    let lease = || LeaseId::parse("lease_1").unwrap();
    let verdict = PermissionVerdict::Deny { reason: "no".into() };
    let half = Resume {
        token: Secret::new("r".into()),
        session: Some(session()),
        last_seq: 0,
        offer: None,
        client: None,
        capabilities: None,
        vocabulary: Vocabulary::named("hello"),
    };
    let wordless = [
        Command::Authenticate { response: Secret::new("a".into()) },
        Command::Replay(arcp_core::Replay { session: None, after: asking() }),
        Command::Subscribe(Box::<Subscribe>::default()),
        Command::Unsubscribe { subscription: SubscriptionId::parse("sub_1").unwrap() },
        Command::PutArtifact(Box::new(PutArtifact {
            media_type: "text/plain".into(),
            data: b"abc"[..].into(),
            sha256: None,
            retain: None,
        })),
        Command::FetchArtifact { artifact: artifact() },
        Command::ReleaseArtifact { artifact: artifact() },
        Command::AnswerPermission(Box::new(PermissionAnswer {
            request: None,
            job: Some(job()),
            permission: "fs.read".into(),
            verdict,
        })),
        Command::RefreshLease { lease: lease(), additional: Duration::from_secs(1) },
        Command::RevokeLease { lease: lease(), reason: "enough".into() },
        Command::Backpressure { stream: None, rate: None },
        Command::Refused { wanted: Wanted::Job, fault: Fault::invalid("x") },
        Command::Cancel(Box::new(cancel(CancelTarget::Job, Some(Duration::from_secs(1))))),
        Command::Cancel(Box::new(cancel(CancelTarget::Stream, None))),
        Command::Cancel(Box::new(cancel(CancelTarget::Session, None))),
        Command::Cancel(Box::new(Cancel {
            target_id: "xyz".into(),
            ..cancel(CancelTarget::Job, None)
        })),
        Command::Resume(Box::new(half)),
    ];
    for command in wordless {
        let (_, mut writer) = HelloDialect::default().client_codec();
        let mut frames = Vec::new();
        writer.encode(&issued(command.clone()), &mut frames);
        assert!(frames.is_empty(), "{command:?}: {frames:?}");
    }
}

/// Says an output in the session that this hello opened, and returns what our client hears, which has
/// asked what it answers.
pub(crate) fn told(hello: &str, output: &Output) -> Vec<Output> {
    let mut writer = session_of(hello, Compatibility::Auto);
    let (mut reader, mut asker) = HelloDialect::default().client_codec();
    if let Output::Reply { to, reply, .. } = output {
        ask(&mut *asker, to, reply);
    }
    let mut frames = Vec::new();
    writer.encode(output, &mut frames);
    frames.iter().flat_map(|frame| hear(&mut *reader, frame)).collect()
}

fn hear(reader: &mut dyn OutputDecoder, frame: &Frame) -> Vec<Output> {
    let mut heard = match reader.decode(frame) {
        Decoded::Message(output) => vec![output],
        other => panic!("{other:?} of {}", text(frame)),
    };
    while let Some(more) = reader.more() {
        heard.push(more);
    }
    heard
}

/// Asks what the reply answers.
fn ask(asker: &mut dyn CommandEncoder, id: &MessageId, reply: &Reply) {
    let Some(command) = question(reply) else { return };
    let asked = Issued { id: id.clone(), at: at(), trace: None, command };
    asker.encode(&asked, &mut Vec::new());
}

fn comes_back(output: &Output) {
    assert_eq!(told(UNKNOWN, output), heard(output).into_iter().collect::<Vec<_>>());
}

#[test]
fn replies_and_notices_come_back() {
    let gone = Fault::new(Code::JobNotFound, "no such job");
    for said in replies() {
        let said = match said {
            // Only these are about the job.
            Reply::CancelRefused { target_id, fault: _ } => {
                Reply::CancelRefused { target_id, fault: gone.clone() }
            }
            other => other,
        };
        comes_back(&reply(said));
    }
    for fault in faults() {
        comes_back(&reply(Reply::JobRefused { job: job(), fault: fault.clone(), key: None }));
        comes_back(&reply(Reply::Nack(fault.clone())));
        comes_back(&reply(Reply::Rejected(fault)));
    }
    for said in notices() {
        // A child's acceptance is one of its parent's session.
        let said = match said {
            Notice::Delegated(_) => Notice::Delegated(Box::new(job_accepted())),
            other => other,
        };
        comes_back(&notice(said));
    }
}

#[test]
fn what_the_dialect_has_no_words_for_is_not_said() {
    let wordless = wordless_replies().into_iter().map(reply);
    for output in wordless.chain(wordless_notices().into_iter().map(notice)) {
        assert_eq!(told(UNKNOWN, &output), [], "{output:?}");
    }
    let observed = Output::Observed(arcp_core::Observed {
        id: asking(),
        at: at(),
        subscription: SubscriptionId::parse("sub_1").unwrap(),
        event: None,
    });
    assert_eq!(told(UNKNOWN, &observed), []);
}

#[test]
fn events_of_every_kind_come_back() {
    for happened in events() {
        comes_back(&event(7, happened));
    }
}

/// Whoever it is made for, it says the same.
#[test]
fn our_client_reads_what_others_are_told() {
    for hello in [PYTHON, TYPESCRIPT, GO] {
        for happened in events() {
            let wanted = told(UNKNOWN, &event(7, happened.clone()));
            let mut found = told(hello, &event(7, happened.clone()));
            // A result has no code and no details; in place of an empty reason nothing stands.
            if hello == PYTHON && matches!(happened, Event::Cancelled { .. } | Event::TimedOut(_)) {
                found.clone_from(&wanted);
            }
            assert_eq!(found, wanted, "{hello}");
        }
        for said in [
            Reply::JobAccepted(Box::new(job_accepted())),
            Reply::JobAccepted(Box::new(bare_job())),
            // The past of a job may come with a ping before it.
            Reply::Watched(Box::new(JobWatched { replayed: false, ..watched() })),
        ] {
            // Who writes its answer only after the past has a ping to wait for.
            let mut found = told(hello, &reply(said.clone()));
            found.retain(|output| {
                !matches!(output, Output::Notice { notice: Notice::Ping { .. }, .. })
            });
            assert_eq!(found, told(UNKNOWN, &reply(said)), "{hello}");
        }
    }
}

#[test]
fn a_rotated_credential_is_told_to_its_session_only() {
    let rotated = || Event::CredentialRotated {
        id: crate::samples::credential().id,
        value: Some(Secret::new("n3w".into())),
    };
    let value = |output: &Output| {
        let [Output::Event(delivery)] = &told(UNKNOWN, output)[..] else { panic!("no event") };
        let Event::CredentialRotated { value, .. } = &delivery.event.event else {
            panic!("{delivery:?}");
        };
        value.as_ref().map(|value| value.expose().clone())
    };
    let other = arcp_core::SessionId::parse("sess_other").unwrap();
    assert_eq!(value(&event_of(1, Some(session()), rotated())).as_deref(), Some("n3w"));
    assert_eq!(value(&event_of(1, Some(other), rotated())), None);
    assert_eq!(value(&event_of(1, None, rotated())), None);
}

/// The first word of a job is that it has started; later ones of that kind are its agent's.
#[test]
fn a_start_comes_back_where_it_is_the_first() {
    let mut writer = session_of(UNKNOWN, Compatibility::Auto);
    let (mut reader, mut asker) = HelloDialect::default().client_codec();
    let accepted = reply(Reply::JobAccepted(Box::new(bare_job())));
    ask(&mut *asker, &asking(), &Reply::JobAccepted(Box::new(bare_job())));
    let started = || Event::Started { description: "x".into() };
    let mut frames = Vec::new();
    for output in [accepted, event(1, started()), event(2, started())] {
        writer.encode(&output, &mut frames);
    }
    let heard: Vec<_> = frames.iter().flat_map(|frame| hear(&mut *reader, frame)).collect();
    let events = heard.iter().filter_map(|output| match output {
        Output::Event(delivery) => Some(&delivery.event.event),
        _ => None,
    });
    let status = Event::Status { phase: "running".into(), message: Some("x".into()) };
    assert_eq!(events.collect::<Vec<_>>(), [&started(), &status]);
}

fn fault() -> BoxedStrategy<Fault> {
    let codes = prop::sample::select(Code::ALL.to_vec());
    let details = prop::option::of(json());
    let parts = (codes, any::<String>(), any::<bool>(), details);
    let made = parts.prop_map(|(code, message, retryable, detail)| Fault {
        code,
        message,
        retryable,
        detail,
    });
    made.boxed()
}

proptest! {
    #[test]
    fn events_come_back(happened in values::events(&fault()), seq in 1..u64::MAX) {
        let output = event(seq, happened);
        prop_assert_eq!(told(UNKNOWN, &output), [heard(&output).unwrap()]);
    }

    #[test]
    fn faults_come_back(fault in fault()) {
        let refused = reply(Reply::JobRefused { job: job(), fault, key: None });
        prop_assert_eq!(told(UNKNOWN, &refused), [heard(&refused).unwrap()]);
    }

    #[test]
    fn inputs_come_back(input in json(), agent in any::<String>()) {
        same(Command::Submit(Box::new(Submit { agent, ..simple(input) })));
    }

    #[test]
    fn texts_come_back(one in any::<String>(), nonce in any::<String>(), id in "[0-9A-Z]\\PC{0,40}") {
        same(Command::Ping { kind: PingKind::Session, nonce: Some(nonce) });
        same(Command::Close { reason: Some(one.clone()), jobs: OnClose::Wait });
        let job = JobId::parse(&format!("job_{id}")).unwrap();
        same(Command::Watch(WatchJob { job: job.clone(), after: None }));
        let agent = Some(one.clone());
        let filter = JobFilter { agent, ..JobFilter::default() };
        same(Command::ListJobs(Box::new(ListJobs { filter, limit: None, after: Some(job) })));
        let line = arcp_core::JobSummary { agent: one, ..summary(JobState::Running) };
        let page = reply(Reply::Jobs(JobsPage { jobs: vec![line], next: None }));
        prop_assert_eq!(told(UNKNOWN, &page), [heard(&page).unwrap()]);
    }
}

#[test]
fn a_trace_of_another_form_is_not_told() {
    let mut writer = session_of(UNKNOWN, Compatibility::Auto);
    let mut frames = Vec::new();
    for trace in [trace(), arcp_core::TraceId::parse("req-7").unwrap()] {
        let mut accepted = bare_job();
        accepted.trace = Some(trace);
        writer.encode(&reply(Reply::JobAccepted(Box::new(accepted))), &mut frames);
    }
    assert_eq!(text(&frames[0]).matches("4bf92f3577b34da6a3ce929d0e0e4736").count(), 2);
    assert!(!text(&frames[1]).contains("req-7"));
}
