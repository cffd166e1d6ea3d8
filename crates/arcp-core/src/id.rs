//! Identifiers: newtypes over shared text, one prefix each.
//!
//! Ids that this implementation mints carry a ULID; ids that a peer sends may carry any text
//! after the prefix and are compared as text.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use ulid::Ulid;

/// Why a text is not an id of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind} must be {want}, at most {max} bytes", max = MAX_ID_BYTES)]
pub struct ParseIdError {
    kind: &'static str,
    want: &'static str,
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $want:expr, $valid:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Takes the text as it stands when it has the form of this id.
            pub fn parse(text: &str) -> Result<Self, ParseIdError> {
                let valid: fn(&str) -> bool = $valid;
                if valid(text) && text.len() <= MAX_ID_BYTES {
                    Ok(Self(text.into()))
                } else {
                    Err(ParseIdError { kind: $kind, want: $want })
                }
            }

            /// The id as it stands on the wire.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                Self::parse(text)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

macro_rules! prefixed_id {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $prefix:literal) => {
        text_id!($(#[$doc])* $name, $kind, concat!("`", $prefix, "` and at least one more character"), |text| {
            text.strip_prefix($prefix).is_some_and(|rest| !rest.is_empty())
        });

        impl $name {
            /// The id that carries `ulid`.
            pub fn from_ulid(ulid: Ulid) -> Self {
                Self(with_ulid($prefix, ulid))
            }
        }
    };
}

prefixed_id!(
    /// A session: what a client opens, and what survives its connections.
    SessionId, "a session id", "sess_"
);
prefixed_id!(
    /// A job: one run of an agent. Ids minted by one runtime sort by creation.
    JobId, "a job id", "job_"
);
prefixed_id!(
    /// The id of a streamed result.
    ResultId, "a result id", "res_"
);

prefixed_id!(
    /// A stream of a job's (R§11).
    StreamId, "a stream id", "str_"
);
prefixed_id!(
    /// An observer's subscription (R§13).
    SubscriptionId, "a subscription id", "sub_"
);
prefixed_id!(
    /// An artifact (R§16).
    ArtifactId, "an artifact id", "art_"
);
prefixed_id!(
    /// A permission that was granted (R§15.5).
    LeaseId, "a lease id", "lease_"
);

text_id!(
    /// A credential; what a gateway calls it may have any form.
    CredentialId, "a credential id", "non-empty text", |text| !text.is_empty()
);
text_id!(
    /// A message: the transport idempotency key of a command (R§6.1.1). Its form is the dialect's.
    MessageId, "a message id", "non-empty text", |text| !text.is_empty()
);
text_id!(
    /// A logical idempotency key, chosen by the submitter (R§6.4).
    IdempotencyKey, "an idempotency key", "non-empty text", |text| !text.is_empty()
);
text_id!(
    /// A trace: one user-visible request or workflow (R§17.1).
    TraceId, "a trace id", "non-empty text", |text| !text.is_empty()
);

impl MessageId {
    /// The id `msg_` + `ulid`.
    pub fn from_ulid(ulid: Ulid) -> Self {
        Self(with_ulid("msg_", ulid))
    }
}

impl CredentialId {
    /// The id `cred_` + `ulid`.
    pub fn from_ulid(ulid: Ulid) -> Self {
        Self(with_ulid("cred_", ulid))
    }
}

fn with_ulid(prefix: &str, ulid: Ulid) -> Arc<str> {
    let mut text = String::with_capacity(prefix.len() + ulid::ULID_LEN);
    text.push_str(prefix);
    text.push_str(ulid.array_to_str(&mut [0; ulid::ULID_LEN]));
    text.into()
}

/// A connection of this process: one socket's life. Never on a wire, never stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

impl fmt::Display for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "conn_{}", self.0)
    }
}

/// The longest id that is taken from a peer.
const MAX_ID_BYTES: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixed_ids_want_their_prefix_and_something_after_it() {
        assert!(JobId::parse("job_1").is_ok());
        for bad in ["", "job_", "xyz", "sess_1", "JOB_1"] {
            assert!(JobId::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn oversized_ids_are_refused() {
        assert!(MessageId::parse(&"m".repeat(256)).is_ok());
        assert!(MessageId::parse(&"m".repeat(257)).is_err());
    }

    #[test]
    fn minted_ids_carry_the_ulid() {
        let id = JobId::from_ulid(Ulid::from_parts(1, 2));
        assert_eq!(id.as_str(), "job_00000000010000000000000002");
        assert_eq!(MessageId::from_ulid(Ulid::from_parts(0, 0)).as_str().len(), 30);
    }
}
