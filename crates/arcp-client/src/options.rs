//! What can be set of a client, and what it is when nobody sets it.

use std::num::NonZeroU16;
use std::time::Duration;

use arcp_core::{Capabilities, ClientIdentity, Feature, Limits, Offer, Open, Secret, Vocabulary};

/// How a client proves who it is.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// By a token.
    Bearer(Secret<String>),
    /// Not at all. The session declares [`Feature::Anonymous`]; the runtime must have it too.
    Anonymous,
}

/// The settings of one client.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Options {
    /// Who the client says it is, with its proof.
    pub credentials: Credentials,
    /// What the client says it is. Default: this crate and its version.
    pub identity: ClientIdentity,
    /// What the client says it can do. Default: nothing.
    pub capabilities: Capabilities,
    /// How long opening the session may take. Default 10 s.
    pub handshake_time: Duration,
    /// How long a command may wait to be sent and answered, together. Default 30 s.
    pub request_time: Duration,
    /// How long the peer has to end the connection after a close, and how long what is still
    /// unsent may take to go. Default 5 s.
    pub close_time: Duration,
    /// Events that wait for one [`JobHandle`](crate::JobHandle) to be read. While as many wait,
    /// nothing is read from the connection. Default 1,024.
    pub event_queue: NonZeroU16,
    /// Commands that wait for an answer at a time; further callers wait. Default 64.
    pub commands_in_flight: NonZeroU16,
    /// Largest frame sent, in bytes: a larger command fails and the connection lives. Default
    /// 1 MiB.
    pub frame_bytes: usize,
    /// Largest streamed result taken in, decoded, in bytes. Default 256 MiB.
    pub result_bytes: u64,
    /// How a client with a [`Connector`](crate::Connector) goes about a lost connection.
    pub reconnect: Reconnect,
}

/// How a lost connection is made again. The first attempt is made at once, unless the connection
/// before it was a short one too; each of the pauses between the next ones is twice as long as the
/// one before, and up to a half of it is left out at random.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reconnect {
    /// The pause after the first attempt. Default 100 ms.
    pub first_pause: Duration,
    /// The longest pause. Default 5 s.
    pub longest_pause: Duration,
    /// How long is tried; zero is not at all. Default `None`: as long as the runtime says that it
    /// keeps the session.
    pub give_up: Option<Duration>,
}

impl Default for Reconnect {
    fn default() -> Self {
        Self {
            first_pause: Duration::from_millis(100),
            longest_pause: Duration::from_secs(5),
            give_up: None,
        }
    }
}

impl Options {
    /// The defaults, with these credentials.
    pub fn new(credentials: Credentials) -> Self {
        let limits = Limits::default();
        Self {
            credentials,
            identity: ClientIdentity {
                kind: env!("CARGO_PKG_NAME").to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
                fingerprint: None,
            },
            capabilities: Capabilities::default(),
            handshake_time: limits.handshake_time,
            request_time: Duration::from_secs(30),
            close_time: Duration::from_secs(5),
            event_queue: EVENT_QUEUE,
            commands_in_flight: COMMANDS_IN_FLIGHT,
            frame_bytes: limits.frame_bytes,
            result_bytes: limits.result_bytes,
            reconnect: Reconnect::default(),
        }
    }

    /// What the session is opened with.
    pub(crate) fn open(&self) -> Open {
        let (offer, capabilities) = match &self.credentials {
            Credentials::Bearer(token) => (
                Offer { scheme: "bearer".to_owned(), token: Some(token.clone()) },
                self.capabilities.clone(),
            ),
            Credentials::Anonymous => (
                Offer { scheme: "none".to_owned(), token: None },
                self.capabilities.clone().with(Feature::Anonymous, true),
            ),
        };
        let (client, vocabulary) = (self.identity.clone(), Vocabulary::default());
        Open { offer, client, capabilities, vocabulary }
    }
}

const EVENT_QUEUE: NonZeroU16 = NonZeroU16::MIN.saturating_add(1_023);
const COMMANDS_IN_FLIGHT: NonZeroU16 = NonZeroU16::MIN.saturating_add(63);
