//! The message types of the dialect, as a runtime meets them in what a client sends.

/// What a runtime does with a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `session.open`.
    Open,
    /// `session.resume`.
    Resume,
    /// `resume`.
    Replay,
    /// `session.authenticate`.
    Authenticate,
    /// `session.close`.
    Close,
    /// `ping`.
    Ping,
    /// `session.ping`.
    SessionPing,
    /// An answer to a ping.
    Pong,
    /// An answer that wants nothing.
    Note,
    /// `session.ack`.
    Ack,
    /// `session.list_jobs`.
    ListJobs,
    /// `tool.invoke`.
    Invoke,
    /// `cancel`.
    Cancel,
    /// `job.subscribe`.
    Watch,
    /// `job.unsubscribe`.
    Unwatch,
    /// `subscribe`.
    Subscribe,
    /// `unsubscribe`.
    Unsubscribe,
    /// `artifact.put`.
    PutArtifact,
    /// `artifact.fetch`.
    FetchArtifact,
    /// `artifact.release`.
    ReleaseArtifact,
    /// `permission.grant`.
    Grant,
    /// `permission.deny`.
    Deny,
    /// `lease.refresh`.
    RefreshLease,
    /// `lease.revoked`, by which whoever granted a permission takes it back.
    RevokeLease,
    /// `backpressure`.
    Backpressure,
    /// Of the protocol, not built yet.
    Unbuilt,
    /// Only a runtime sends it.
    RuntimeOnly,
    /// Of somebody's namespace.
    Foreign,
    /// Nobody's.
    Unknown,
}

impl Kind {
    /// What `text` is.
    pub(super) fn of(text: &str) -> Self {
        match TYPES.iter().find(|(known, _)| *known == text) {
            Some((_, kind)) => *kind,
            None if is_foreign(text) => Self::Foreign,
            None => Self::Unknown,
        }
    }
}

/// Whether a type exists in this dialect and in no other.
pub(crate) fn is_open_only(text: &str) -> bool {
    !SHARED.contains(&text) && TYPES.iter().any(|(known, _)| *known == text)
}

/// A namespace is whatever comes before a dot and is no word of the protocol (R§21.2).
pub(crate) fn is_foreign(text: &str) -> bool {
    match text.split_once('.') {
        Some((first, _)) => {
            !first.is_empty() && !TYPES.iter().any(|(known, _)| head(known) == first)
        }
        None => false,
    }
}

fn head(text: &str) -> &str {
    text.split_once('.').map_or(text, |(first, _)| first)
}

/// Every type, the frequent ones first.
const TYPES: &[(&str, Kind)] = &[
    ("tool.invoke", Kind::Invoke),
    ("session.ack", Kind::Ack),
    ("cancel", Kind::Cancel),
    ("ping", Kind::Ping),
    ("session.ping", Kind::SessionPing),
    ("session.list_jobs", Kind::ListJobs),
    ("session.open", Kind::Open),
    ("session.authenticate", Kind::Authenticate),
    ("session.close", Kind::Close),
    ("pong", Kind::Pong),
    ("session.pong", Kind::Pong),
    ("ack", Kind::Note),
    ("nack", Kind::Note),
    ("session.resume", Kind::Resume),
    ("interrupt", Kind::Unbuilt),
    ("resume", Kind::Replay),
    ("backpressure", Kind::Backpressure),
    ("job.schedule", Kind::Unbuilt),
    ("job.subscribe", Kind::Watch),
    ("job.unsubscribe", Kind::Unwatch),
    ("subscribe", Kind::Subscribe),
    ("unsubscribe", Kind::Unsubscribe),
    ("artifact.put", Kind::PutArtifact),
    ("artifact.fetch", Kind::FetchArtifact),
    ("artifact.release", Kind::ReleaseArtifact),
    ("permission.grant", Kind::Grant),
    ("permission.deny", Kind::Deny),
    ("lease.refresh", Kind::RefreshLease),
    ("checkpoint.create", Kind::Unbuilt),
    ("checkpoint.restore", Kind::Unbuilt),
    ("workflow.start", Kind::Unbuilt),
    ("agent.delegate", Kind::Unbuilt),
    ("agent.handoff", Kind::Unbuilt),
    ("human.input.response", Kind::Unbuilt),
    ("human.choice.response", Kind::Unbuilt),
    ("stream.open", Kind::Unbuilt),
    ("stream.chunk", Kind::Unbuilt),
    ("stream.close", Kind::Unbuilt),
    ("stream.error", Kind::Unbuilt),
    ("session.challenge", Kind::RuntimeOnly),
    ("session.accepted", Kind::RuntimeOnly),
    ("session.unauthenticated", Kind::RuntimeOnly),
    ("session.rejected", Kind::RuntimeOnly),
    ("session.resumed", Kind::RuntimeOnly),
    ("session.refresh", Kind::RuntimeOnly),
    ("session.evicted", Kind::RuntimeOnly),
    ("session.closed", Kind::RuntimeOnly),
    ("session.jobs", Kind::RuntimeOnly),
    ("cancel.accepted", Kind::RuntimeOnly),
    ("cancel.refused", Kind::RuntimeOnly),
    ("job.accepted", Kind::RuntimeOnly),
    ("job.started", Kind::RuntimeOnly),
    ("job.progress", Kind::RuntimeOnly),
    ("job.heartbeat", Kind::RuntimeOnly),
    ("job.result_chunk", Kind::RuntimeOnly),
    ("job.checkpoint", Kind::RuntimeOnly),
    ("job.completed", Kind::RuntimeOnly),
    ("job.failed", Kind::RuntimeOnly),
    ("job.cancelled", Kind::RuntimeOnly),
    ("job.subscribed", Kind::RuntimeOnly),
    ("tool.result", Kind::RuntimeOnly),
    ("tool.error", Kind::RuntimeOnly),
    ("permission.request", Kind::RuntimeOnly),
    ("lease.granted", Kind::RuntimeOnly),
    ("lease.extended", Kind::RuntimeOnly),
    ("lease.revoked", Kind::RevokeLease),
    ("human.input.request", Kind::RuntimeOnly),
    ("human.input.cancelled", Kind::RuntimeOnly),
    ("human.choice.request", Kind::RuntimeOnly),
    ("subscribe.accepted", Kind::RuntimeOnly),
    ("subscribe.event", Kind::RuntimeOnly),
    ("subscribe.closed", Kind::RuntimeOnly),
    ("artifact.ref", Kind::RuntimeOnly),
    ("workflow.complete", Kind::RuntimeOnly),
    // What is published about a job comes from its runtime.
    ("event.emit", Kind::RuntimeOnly),
    ("log", Kind::RuntimeOnly),
    ("metric", Kind::RuntimeOnly),
    ("trace.span", Kind::RuntimeOnly),
];

/// Types that the other vocabulary has too.
const SHARED: &[&str] = &[
    "session.accepted",
    "session.ack",
    "session.close",
    "session.closed",
    "session.jobs",
    "session.list_jobs",
    "session.ping",
    "session.pong",
    "session.resume",
    "session.resumed",
    "job.accepted",
    "job.cancelled",
    "job.subscribe",
    "job.subscribed",
    "job.unsubscribe",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn namespaces_are_told_from_words_of_the_protocol() {
        assert_eq!(Kind::of("arcpx.example.v1"), Kind::Foreign);
        assert_eq!(Kind::of("com.example.thing"), Kind::Foreign);
        for core in ["job.nonsense", "session.hello", "nonsense", "", "human.x", ".x"] {
            assert_eq!(Kind::of(core), Kind::Unknown, "{core}");
        }
    }

    #[test]
    fn no_type_is_listed_twice() {
        for (index, (text, _)) in TYPES.iter().enumerate() {
            assert!(!TYPES[..index].iter().any(|(other, _)| other == text), "{text}");
        }
        for shared in SHARED {
            assert!(TYPES.iter().any(|(known, _)| known == shared), "{shared}");
        }
    }
}
