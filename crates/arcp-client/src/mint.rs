//! Gives commands their message ids and times.

use std::time::{SystemTime, UNIX_EPOCH};

use arcp_core::{Command, Issued, MessageId, Timestamp, TraceId};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use ulid::Ulid;

use crate::ClientError;

/// Makes `msg_` ids from the wall clock and a random number source of its own.
#[derive(Debug)]
pub(crate) struct Mint {
    random: StdRng,
}

impl Mint {
    pub(crate) fn new() -> Result<Self, ClientError> {
        StdRng::try_from_os_rng()
            .map(|random| Self { random })
            .map_err(|error| ClientError::Random(error.to_string()))
    }

    /// `command`, ready to be sent now.
    pub(crate) fn issue(&mut self, command: Command, trace: Option<TraceId>) -> Issued {
        let at = wall_clock();
        let ulid = Ulid::from_parts(at.as_millis(), self.random.random());
        Issued { id: MessageId::from_ulid(ulid), at, trace, command }
    }
}

/// A clock before 1970 counts as 1970.
fn wall_clock() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}
