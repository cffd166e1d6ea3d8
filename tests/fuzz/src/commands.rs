//! Frames of a client: our runtime reads them; our client says what was read, and that is read again.

use arcp_core::{
    Command, Frame, Issued, JobAccepted, JobId, JobState, JobSummary, JobWatched, JobsPage, Lease,
    Offer, Reply, SessionAccepted, SessionResumed, Submit, Wanted,
};
use arcp_wire::{Decoded, Dialect};

use super::session::{NO_TIME, accepted, answer, is_sound, lines, look};

pub(super) fn check(dialect: &dyn Dialect, data: &[u8]) {
    let session = accepted(data);
    let (mut reader, mut writer) = dialect.runtime_codec();
    let mut hearer = dialect.client_codec().0;
    let mut live = false;
    for line in lines(data) {
        let frame = Frame::text(line.to_vec());
        look(&dialect.claims(&frame));
        let decoded = reader.decode(&frame);
        look(&decoded);
        let Decoded::Message(issued) = decoded else { continue };
        again(dialect, &issued, live.then_some(&session));
        let answer = answer(&issued.id, reply(&issued.command, &session));
        let mut frames = Vec::new();
        writer.encode(&answer, &mut frames);
        for frame in &frames {
            is_sound(frame);
            look(&hearer.decode(frame));
        }
        live |= matches!(issued.command, Command::Open(_) | Command::Resume(_));
    }
}

/// Says it, reads it, says that: nothing changes any more.
fn again(dialect: &dyn Dialect, first: &Issued, live: Option<&SessionAccepted>) {
    let Some(once) = said(dialect, first, live) else { return };
    let second = read(dialect, &once, live);
    assert_eq!((&first.id, &first.trace), (&second.id, &second.trace));
    assert!(is_same(&first.command, &second.command), "{first:?}\n{second:?}");
    let twice = said(dialect, &second, live);
    assert_eq!(Some(&once), twice.as_ref());
    let third = read(dialect, &once, live);
    assert_eq!(format!("{:?}", second.command), format!("{:?}", third.command));
}

fn said(dialect: &dyn Dialect, issued: &Issued, live: Option<&SessionAccepted>) -> Option<Frame> {
    let (_, mut asker) = dialect.client_codec();
    if let Some(session) = live {
        asker.observe(&answer(&issued.id, Reply::Accepted(Box::new(session.clone()))));
    }
    let mut issued = issued.clone();
    match &mut issued.command {
        Command::Open(open) => bear(&mut open.offer),
        Command::Resume(resume) => resume.offer.iter_mut().for_each(bear),
        _ => {}
    }
    let mut frames = Vec::new();
    asker.encode(&issued, &mut frames);
    assert!(frames.len() <= 1, "{frames:?}");
    frames.iter().for_each(is_sound);
    frames.pop()
}

/// A client that shows what anybody may have bears a token.
fn bear(offer: &mut Offer) {
    if offer.scheme == arcp_core::ANY_TOKEN {
        "bearer".clone_into(&mut offer.scheme);
    }
}

fn read(dialect: &dyn Dialect, frame: &Frame, live: Option<&SessionAccepted>) -> Issued {
    let (mut reader, mut writer) = dialect.runtime_codec();
    if let Some(session) = live {
        let id = arcp_core::MessageId::parse("msg_0").unwrap();
        let opened = answer(&id, Reply::Accepted(Box::new(session.clone())));
        writer.encode(&opened, &mut Vec::new());
    }
    match reader.decode(frame) {
        Decoded::Message(issued) => issued,
        other => panic!("{other:?} of {frame:?}"),
    }
}

/// Whether they ask for the same; where the first says nothing, the other may say the usual.
fn is_same(first: &Command, second: &Command) -> bool {
    match (first, second) {
        (Command::Submit(first), Command::Submit(second)) => is_same_submit(first, second),
        (Command::Open(first), Command::Open(second)) => first.client == second.client,
        (Command::Resume(first), Command::Resume(second)) => {
            (&first.session, first.last_seq, &first.client)
                == (&second.session, second.last_seq, &second.client)
        }
        // Which session is meant is said by the envelope.
        (Command::Replay(first), Command::Replay(second)) => first.after == second.after,
        (Command::Close { .. }, Command::Close { .. })
        | (Command::Pong { .. }, Command::Pong { .. }) => true,
        (Command::Cancel(first), Command::Cancel(second)) => {
            first.target_id == second.target_id
                && (first.reason.is_none() || first.reason == second.reason)
        }
        _ => format!("{first:?}") == format!("{second:?}"),
    }
}

fn is_same_submit(first: &Submit, second: &Submit) -> bool {
    (&first.agent, first.input.as_str(), &first.lease, &first.key)
        == (&second.agent, second.input.as_str(), &second.lease, &second.key)
        && (first.max_runtime, first.priority, &first.parent)
            == (second.max_runtime, second.priority, &second.parent)
}

/// What a runtime may say to that.
fn reply(command: &Command, session: &SessionAccepted) -> Reply {
    let opened = |declared: &arcp_core::Capabilities| SessionAccepted {
        capabilities: session.capabilities.negotiate(declared),
        declared: declared.clone(),
        ..session.clone()
    };
    match command {
        Command::Open(open) => Reply::Accepted(Box::new(opened(&open.capabilities))),
        Command::Resume(resume) => Reply::Resumed(Box::new(SessionResumed {
            session: opened(resume.capabilities.as_ref().unwrap_or(&session.capabilities)),
            after: resume.last_seq,
            replayed: false,
        })),
        Command::Refused { wanted, fault } => match wanted {
            Wanted::Session => Reply::Rejected(fault.clone()),
            Wanted::Authentication => Reply::Unauthenticated(fault.clone()),
            Wanted::Job => Reply::JobRefused { job: job(), fault: fault.clone(), key: None },
            Wanted::Unanswered => Reply::Unheeded(fault.clone()),
            Wanted::Other => Reply::Nack(fault.clone()),
        },
        Command::Submit(submit) => Reply::JobAccepted(Box::new(begun(submit))),
        Command::ListJobs(list) => {
            Reply::Jobs(JobsPage { jobs: vec![summary(&job())], next: list.after.clone() })
        }
        Command::Cancel(cancel) => {
            Reply::CancelAccepted { target_id: cancel.target_id.clone(), job: Some(job()) }
        }
        Command::Watch(watch) => Reply::Watched(Box::new(JobWatched {
            summary: summary(&watch.job),
            budget: None,
            after: watch.after.unwrap_or_default(),
            replayed: watch.after.is_some(),
        })),
        Command::Ping { kind, nonce } => Reply::Pong { kind: *kind, nonce: nonce.clone() },
        Command::Close { .. } => Reply::Closed,
        _ => Reply::Done,
    }
}

fn job() -> JobId {
    JobId::parse("job_1").unwrap()
}

fn begun(submit: &Submit) -> JobAccepted {
    let lease = submit.lease.clone().unwrap_or_default();
    JobAccepted {
        job: job(),
        agent: Some(submit.agent.clone()),
        budget: lease.budget.clone(),
        lease,
        accepted_at: NO_TIME,
        trace: None,
        credentials: Vec::new(),
        repeated: submit.key.clone(),
        parent: submit.parent.clone(),
    }
}

fn summary(job: &JobId) -> JobSummary {
    JobSummary {
        job: job.clone(),
        agent: "echo".to_owned(),
        state: JobState::Running,
        created_at: NO_TIME,
        trace: None,
        parent: None,
        lease: Lease::default(),
        last_index: 1,
    }
}
