//! What a client's frames ask for.

mod artifact;
mod permission;
mod watch;

use std::borrow::Cow;
use std::time::Duration;

use arcp_core::{
    ANY_TOKEN, Cancel, CancelTarget, ClientIdentity, Code, Command, Fault, Frame, FrameKind,
    Issued, JobFilter, JobId, Json, ListJobs, MessageId, Offer, OnClose, Open, PingKind, Replay,
    Resume, Secret, Submit, Wanted,
};

use super::envelope::{Envelope, Unsound};
use super::types::Kind;
use super::{VOCABULARY, capabilities, lease, state};
use crate::json::{MAX_DEPTH, Object, excerpt, is_deeper_than};
use crate::{CommandDecoder, Decoded};

/// The runtime's reader. It needs to remember nothing.
#[derive(Debug)]
pub(super) struct Commands;

impl CommandDecoder for Commands {
    fn decode(&mut self, frame: &Frame) -> Decoded<Issued> {
        if frame.kind == FrameKind::Binary {
            return Decoded::Ignored;
        }
        let Ok(text) = std::str::from_utf8(&frame.bytes) else {
            return Unsound::bytes().into();
        };
        if is_deeper_than(text, MAX_DEPTH) {
            return Unsound::deep(MAX_DEPTH, text).into();
        }
        match Envelope::read(text) {
            Ok(envelope) => said(envelope),
            Err(unsound) => unsound.into(),
        }
    }
}

fn said(envelope: Envelope<'_>) -> Decoded<Issued> {
    let kind = Kind::of(&envelope.kind);
    if kind == Kind::Note || (kind == Kind::Foreign && envelope.optional) {
        return Decoded::Ignored;
    }
    let command = command(kind, &envelope)
        .unwrap_or_else(|fault| Command::Refused { wanted: wanted(kind), fault });
    Decoded::Message(Issued { id: envelope.id, at: envelope.at, trace: envelope.trace, command })
}

fn wanted(kind: Kind) -> Wanted {
    if matches!(kind, Kind::Open | Kind::Resume) {
        Wanted::Session
    } else if kind == Kind::Authenticate {
        Wanted::Authentication
    } else if kind == Kind::Invoke {
        Wanted::Job
    } else {
        Wanted::Other
    }
}

fn command(kind: Kind, envelope: &Envelope<'_>) -> Result<Command, Fault> {
    let payload = Object::read(envelope.payload, "")?;
    match kind {
        Kind::Open => open(&payload),
        Kind::Resume => resume(&payload),
        Kind::Replay => replay(&payload, envelope),
        Kind::Authenticate => Ok(Command::Authenticate {
            response: Secret::new(payload.need_text("response")?.into_owned()),
        }),
        Kind::Close => {
            Ok(Command::Close { reason: payload.owned("reason")?, jobs: OnClose::Cancel })
        }
        Kind::Ping => {
            Ok(Command::Ping { kind: PingKind::Connection, nonce: payload.owned("nonce")? })
        }
        Kind::SessionPing => session_ping(&payload),
        Kind::Pong => {
            let nonce = payload
                .owned("nonce")?
                .map_or_else(|| payload.owned("ping_nonce"), |n| Ok(Some(n)));
            Ok(Command::Pong { nonce: nonce? })
        }
        Kind::Ack => Ok(Command::Ack { seq: payload.need_whole("last_processed_seq")? }),
        Kind::ListJobs => list_jobs(&payload),
        Kind::Invoke => submit(&payload, envelope),
        Kind::Cancel => cancel(&payload),
        Kind::Watch => watch::watch(&payload),
        Kind::Unwatch => watch::unwatch(&payload),
        Kind::Subscribe => watch::subscribe(&payload),
        Kind::Unsubscribe => watch::unsubscribe(&payload),
        Kind::PutArtifact => artifact::put(&payload),
        Kind::FetchArtifact => artifact::fetch(&payload),
        Kind::ReleaseArtifact => artifact::release(&payload),
        Kind::Grant => permission::grant(&payload, envelope),
        Kind::Deny => permission::deny(&payload, envelope),
        Kind::RefreshLease => permission::refresh(&payload),
        Kind::RevokeLease => permission::revoke(&payload),
        Kind::Backpressure => permission::backpressure(&payload, envelope),
        Kind::Unbuilt | Kind::Foreign | Kind::Unknown | Kind::Note => Err(unimplemented(envelope)),
        Kind::RuntimeOnly => {
            Err(Fault::invalid(format!("only a runtime sends `{}`", envelope.kind)))
        }
    }
}

fn unimplemented(envelope: &Envelope<'_>) -> Fault {
    let kind = excerpt(&envelope.kind);
    Fault::new(Code::Unimplemented, format!("message type `{kind}` is not implemented"))
}

fn open(payload: &Object<'_>) -> Result<Command, Fault> {
    let auth = payload.need_object("auth", "auth")?;
    let client = payload.need_object("client", "client")?;
    Ok(Command::Open(Box::new(Open {
        offer: offer(&auth)?,
        client: ClientIdentity {
            kind: client.need_text("kind")?.into_owned(),
            version: client.need_text("version")?.into_owned(),
            fingerprint: client.owned("fingerprint")?,
        },
        capabilities: capabilities::declared(payload)?,
        vocabulary: VOCABULARY,
    })))
}

fn offer(auth: &Object<'_>) -> Result<Offer, Fault> {
    let scheme = auth.need_text("scheme")?.into_owned();
    if scheme == ANY_TOKEN {
        // This dialect tells its schemes apart.
        let message = format!("auth scheme `{scheme}` is not configured");
        return Err(Fault::new(Code::Unauthenticated, message));
    }
    Ok(Offer { scheme, token: auth.owned("token")?.map(Secret::new) })
}

/// A checkpoint is named by the message of its event.
fn replay(payload: &Object<'_>, envelope: &Envelope<'_>) -> Result<Command, Fault> {
    let checkpoint = |text: &str| {
        let id = text.strip_prefix("chk_").map(|id| format!("msg_{id}"));
        id.and_then(|id| MessageId::parse(&id).ok())
            .ok_or_else(|| payload.wrong("checkpoint_id", "a checkpoint of this runtime"))
    };
    let after = match payload.text("after_message_id")? {
        Some(text) => MessageId::parse(&text)
            .map_err(|_| payload.wrong("after_message_id", "a message id"))?,
        None => match payload.text("checkpoint_id")? {
            Some(text) => checkpoint(&text)?,
            None => return Err(payload.missing("after_message_id")),
        },
    };
    Ok(Command::Replay(Replay { session: envelope.session.clone(), after }))
}

fn resume(payload: &Object<'_>) -> Result<Command, Fault> {
    let auth = payload.object("auth", "auth")?;
    Ok(Command::Resume(Box::new(Resume {
        token: Secret::new(payload.need_text("resume_token")?.into_owned()),
        last_seq: payload.need_whole("last_event_seq")?,
        offer: auth.as_ref().map(offer).transpose()?,
        session: None,
        client: None,
        capabilities: None,
        vocabulary: VOCABULARY,
    })))
}

fn session_ping(payload: &Object<'_>) -> Result<Command, Fault> {
    payload.need_time("sent_at")?;
    Ok(Command::Ping {
        kind: PingKind::Session,
        nonce: Some(payload.need_text("nonce")?.into_owned()),
    })
}

fn list_jobs(payload: &Object<'_>) -> Result<Command, Fault> {
    let filter = payload.object("filter", "filter")?;
    let limit = payload.whole("limit")?;
    let cursor = payload.text("cursor")?;
    let after = cursor.map(|text| JobId::parse(&text)).transpose();
    Ok(Command::ListJobs(Box::new(ListJobs {
        filter: filter.as_ref().map_or(Ok(JobFilter::default()), job_filter)?,
        limit: limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX)),
        after: after.map_err(|_| payload.wrong("cursor", "what a page of jobs gave"))?,
    })))
}

fn job_filter(filter: &Object<'_>) -> Result<JobFilter, Fault> {
    if filter.has("status") && filter.value("status").is_none() {
        return Err(filter.wrong("status", "a list of texts"));
    }
    let named = |texts: Vec<Cow<'_, str>>| {
        let mut states = Vec::new();
        for state in texts.iter().flat_map(|text| state::named(text)) {
            if !states.contains(&state) {
                states.push(state);
            }
        }
        states
    };
    Ok(JobFilter {
        states: filter.texts("status")?.map(named),
        agent: filter.owned("agent")?,
        created_after: filter.time("created_after")?,
        created_before: filter.time("created_before")?,
    })
}

fn submit(payload: &Object<'_>, envelope: &Envelope<'_>) -> Result<Command, Fault> {
    let input = payload.raw("arguments").map(Json::from);
    let max_runtime = payload.whole("max_runtime_sec")?;
    Ok(Command::Submit(Box::new(Submit {
        agent: payload.need_text("tool")?.into_owned(),
        input: input.ok_or_else(|| payload.missing("arguments"))?,
        lease: lease::requested(payload)?,
        key: envelope.key.clone(),
        max_runtime: max_runtime.map(Duration::from_secs),
        priority: envelope.priority,
        parent: None,
        expires_at: None,
    })))
}

fn cancel(payload: &Object<'_>) -> Result<Command, Fault> {
    let target = match payload.need_text("target")?.as_ref() {
        "job" => CancelTarget::Job,
        "stream" => CancelTarget::Stream,
        "session" => CancelTarget::Session,
        other => {
            let want = format!("job, stream or session, not `{}`", excerpt(other));
            return Err(payload.wrong("target", &want));
        }
    };
    Ok(Command::Cancel(Box::new(Cancel {
        target,
        target_id: payload.need_text("target_id")?.into_owned(),
        reason: payload.owned("reason")?,
        deadline: payload.whole("deadline_ms")?.map(Duration::from_millis),
    })))
}
