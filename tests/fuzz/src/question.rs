//! What a reply is the answer to: some dialects read it only where that was asked.

use std::time::Duration;

use arcp_core::{
    Cancel, CancelTarget, Capabilities, ClientIdentity, Command, JobId, Json, Offer, OnClose, Open,
    PingKind, Priority, Reply, Resume, Secret, SessionId, Submit, Vocabulary, WatchJob,
};

/// A command that has such a reply.
pub(crate) fn question(reply: &Reply) -> Option<Command> {
    Some(match reply {
        Reply::Resumed(resumed) => resume(&resumed.session.session, resumed.after),
        Reply::Accepted(_)
        | Reply::Challenged { .. }
        | Reply::Unauthenticated(_)
        | Reply::Rejected(_)
        | Reply::Premature(_) => open(),
        Reply::Closed => Command::Close { reason: None, jobs: OnClose::Wait },
        Reply::Pong { nonce, .. } => ping(nonce.as_deref().unwrap_or_default()),
        Reply::JobAccepted(_) | Reply::JobRefused { .. } => submit(),
        Reply::Jobs(_) | Reply::Nack(_) | Reply::Unheeded(_) => Command::ListJobs(Box::default()),
        Reply::CancelAccepted { target_id, .. } | Reply::CancelRefused { target_id, .. } => {
            cancel(target_id)
        }
        Reply::Watched(watched) => watch(&watched.summary.job),
        Reply::Subscribed { .. }
        | Reply::ArtifactKept(_)
        | Reply::Artifact(_)
        | Reply::Replaying { .. }
        | Reply::Repeated
        | Reply::Done => return None,
    })
}

fn offer() -> Offer {
    Offer { scheme: "bearer".to_owned(), token: Some(Secret::new("t".to_owned())) }
}

pub(crate) fn open() -> Command {
    Command::Open(Box::new(Open {
        offer: offer(),
        client: ClientIdentity::default(),
        capabilities: Capabilities::default(),
        vocabulary: Vocabulary::default(),
    }))
}

pub(crate) fn resume(session: &SessionId, last_seq: u64) -> Command {
    Command::Resume(Box::new(Resume {
        token: Secret::new("r".to_owned()),
        session: Some(session.clone()),
        last_seq,
        offer: Some(offer()),
        client: Some(ClientIdentity::default()),
        capabilities: Some(Capabilities::default()),
        vocabulary: Vocabulary::default(),
    }))
}

pub(crate) fn submit() -> Command {
    Command::Submit(Box::new(Submit {
        agent: "echo".to_owned(),
        input: Json::null(),
        lease: None,
        key: None,
        max_runtime: None::<Duration>,
        priority: Priority::default(),
        parent: None,
        expires_at: None,
    }))
}

pub(crate) fn ping(nonce: &str) -> Command {
    Command::Ping { kind: PingKind::Session, nonce: Some(nonce.to_owned()) }
}

pub(crate) fn watch(job: &JobId) -> Command {
    Command::Watch(WatchJob { job: job.clone(), after: None })
}

pub(crate) fn cancel(job: &str) -> Command {
    Command::Cancel(Box::new(Cancel {
        target: CancelTarget::Job,
        target_id: job.to_owned(),
        reason: None,
        deadline: None,
    }))
}
