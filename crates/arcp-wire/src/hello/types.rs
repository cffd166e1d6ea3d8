//! The message types of the dialect, as a runtime meets them in what a client sends.

/// What a runtime does with a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `session.hello`.
    Hello,
    /// `session.resume`.
    Resume,
    /// `session.ping`.
    Ping,
    /// `session.pong`.
    Pong,
    /// `session.ack`.
    Ack,
    /// `session.list_jobs`.
    ListJobs,
    /// `session.close`.
    Close,
    /// `session.bye`.
    Bye,
    /// `job.submit`.
    Submit,
    /// `job.cancel`.
    Cancel,
    /// `job.subscribe`.
    Subscribe,
    /// `job.unsubscribe`.
    Unsubscribe,
    /// Only a runtime sends it.
    RuntimeOnly,
    /// A vendor's.
    Vendor,
    /// Nobody's.
    Unknown,
}

impl Kind {
    /// What `text` is.
    pub(super) fn of(text: &str) -> Self {
        match TYPES.iter().find(|(known, _)| *known == text) {
            Some((_, kind)) => *kind,
            None if text.starts_with(VENDOR) => Self::Vendor,
            None => Self::Unknown,
        }
    }
}

/// Whether a type exists in this dialect and in no other.
pub(crate) fn is_hello_only(text: &str) -> bool {
    HELLO_ONLY.contains(&text)
}

/// What the names of vendors begin with, of types, kinds and namespaces.
pub(super) const VENDOR: &str = "x-vendor.";

const TYPES: &[(&str, Kind)] = &[
    ("job.submit", Kind::Submit),
    ("session.ack", Kind::Ack),
    ("session.pong", Kind::Pong),
    ("session.ping", Kind::Ping),
    ("session.list_jobs", Kind::ListJobs),
    ("job.cancel", Kind::Cancel),
    ("job.subscribe", Kind::Subscribe),
    ("job.unsubscribe", Kind::Unsubscribe),
    ("session.hello", Kind::Hello),
    ("session.resume", Kind::Resume),
    ("session.close", Kind::Close),
    ("session.bye", Kind::Bye),
    ("session.welcome", Kind::RuntimeOnly),
    ("session.jobs", Kind::RuntimeOnly),
    ("session.closed", Kind::RuntimeOnly),
    ("session.error", Kind::RuntimeOnly),
    ("job.accepted", Kind::RuntimeOnly),
    ("job.subscribed", Kind::RuntimeOnly),
    ("job.cancelled", Kind::RuntimeOnly),
    ("job.event", Kind::RuntimeOnly),
    ("job.result", Kind::RuntimeOnly),
    ("job.error", Kind::RuntimeOnly),
];

const HELLO_ONLY: &[&str] = &[
    "session.hello",
    "session.welcome",
    "session.error",
    "session.bye",
    "job.submit",
    "job.cancel",
    "job.event",
    "job.result",
    "job.error",
];
