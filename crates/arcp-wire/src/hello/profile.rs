//! What known clients need that the text does not say: each switch is what one of them cannot do
//! without, and off for clients that nobody knows.

use arcp_core::MessageId;
use ulid::Ulid;

use crate::json::{Object, scalar};

/// What one connection's client needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "they are independent of one another")]
pub(super) struct Profile {
    /// `job.accepted` says the budget as texts: its types have no numbers there, and one ends the
    /// session (stub case `submit budget-num`).
    pub(super) budget_as_text: bool,
    /// The end of a cancelled or timed-out job is a `job.result`: its types know a `job.error` with
    /// `final_status` `error` only (stub cases `terminal`).
    pub(super) cancel_as_result: bool,
    /// A refused submit is a `job.error` with an id of its own: on a `session.error` all jobs of the
    /// client fail (stub, `collateral.txt`).
    pub(super) refuse_by_job_error: bool,
    /// The inline result goes by `output`, where it is looked for.
    pub(super) result_as_output: bool,
    /// Commands that mostly have no answer have none when they do nothing either: on a `session.error`
    /// all jobs of the client fail.
    pub(super) silent: bool,
    /// The history of a job comes when a ping after `job.subscribed` was answered: what comes before its
    /// caller has seen that is lost (stub cases `subscribe`).
    pub(super) history_after_pong: bool,
    /// An empty `lease_request` is none: it is sent with each submit that says nothing of a lease, and
    /// would take away what the operator lets such jobs do.
    pub(super) empty_lease_is_none: bool,
    /// `session.ping` and `session.ack` are taken without the feature, as its own runtime does.
    pub(super) takes_unagreed: bool,
}

impl Profile {
    const PYTHON: Self = Self {
        budget_as_text: true,
        cancel_as_result: true,
        refuse_by_job_error: false,
        result_as_output: false,
        silent: true,
        history_after_pong: true,
        empty_lease_is_none: true,
        takes_unagreed: true,
    };
    const TYPESCRIPT: Self = Self {
        budget_as_text: false,
        cancel_as_result: false,
        refuse_by_job_error: true,
        result_as_output: false,
        silent: true,
        history_after_pong: false,
        empty_lease_is_none: false,
        takes_unagreed: true,
    };
    const GO: Self = Self {
        budget_as_text: false,
        cancel_as_result: false,
        refuse_by_job_error: false,
        result_as_output: true,
        silent: true,
        history_after_pong: false,
        empty_lease_is_none: false,
        takes_unagreed: true,
    };

    /// That of the client which introduces itself so. What tells them apart is incidental, and was the
    /// same in all that were seen.
    pub(super) fn of(id: &MessageId, hello: &Object<'_>) -> Self {
        let capabilities = hello.object("capabilities", "capabilities").ok().flatten();
        let id = id.as_str();
        if Ulid::from_string(id).is_ok()
            && capabilities.as_ref().is_some_and(|all| all.has("agents"))
        {
            return Self::PYTHON;
        }
        let name = hello.object("client", "client").ok().flatten();
        let name = name.and_then(|client| client.owned("name").ok().flatten());
        if name.as_deref() == Some("arcp-go-client") && is_uuid_7(id) {
            return Self::GO;
        }
        let text = hello.raw("capabilities").map_or("", |raw| raw.get());
        let place = |key: &str| text.find(key);
        let features_first = match (place("\"features\""), place("\"encodings\"")) {
            (Some(features), Some(encodings)) => features < encodings,
            _ => false,
        };
        let ulid = id.strip_prefix("msg_").is_some_and(|ulid| Ulid::from_string(ulid).is_ok());
        if ulid && features_first {
            return Self::TYPESCRIPT;
        }
        Self::default()
    }
}

fn is_uuid_7(text: &str) -> bool {
    let mut groups = text.split('-').map(str::len);
    let shape = [8, 4, 4, 4, 12].iter().all(|length| groups.next() == Some(*length));
    shape && groups.next().is_none() && text.as_bytes().get(14) == Some(&b'7')
}

/// Whether the envelope's extensions let a receiver drop what it does not know.
pub(super) fn is_optional(extensions: &Object<'_>) -> bool {
    extensions.value("optional").and_then(scalar).unwrap_or(false)
}
