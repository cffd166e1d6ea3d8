//! What a message id says of where its event stands.

use arcp_core::{JobId, MessageId, Timestamp};
use ulid::Ulid;

use super::event::tag;

/// A place in the past that a peer has named by a message id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anchor(Ulid);

impl Anchor {
    /// Before everything.
    pub const START: Self = Self(Ulid(0));

    /// The place of a message of ours; `None` when the id is none of ours.
    pub fn parse(id: &MessageId) -> Option<Self> {
        Ulid::from_string(id.as_str().strip_prefix("msg_")?).ok().map(Self)
    }

    /// The index of the event in `job`, when it is one of that job's.
    pub fn index_in(self, job: &JobId) -> Option<u64> {
        let random = self.0.random();
        (random >> 40 == tag(job)).then(|| u64::try_from(random & 0xFF_FFFF_FFFF).unwrap_or(0))
    }

    /// Whether an event of that moment may be later than the place: to the millisecond, as ids are.
    pub fn is_before(self, at: Timestamp) -> bool {
        at.as_millis() >= self.0.timestamp_ms()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::event_id;

    #[test]
    fn an_event_is_found_by_its_message() {
        let job = JobId::parse("job_01M825XHE1Z8AC27G8MHZ6EPJT").unwrap();
        let other = JobId::parse("job_01M825XHE1Z8AC27G8MHZ6EPJV").unwrap();
        let at = Timestamp::from_micros(1_700_000_000_000_500);
        let anchor = Anchor::parse(&event_id(&job, 77, at)).unwrap();
        assert_eq!(anchor.index_in(&job), Some(77));
        assert_eq!(anchor.index_in(&other), None);
        assert!(anchor.is_before(at));
        assert!(!anchor.is_before(Timestamp::from_micros(1_699_999_999_999_999)));
    }

    #[test]
    fn what_is_no_message_of_ours_is_no_place() {
        for text in ["msg_1", "x", "msg_", "01M825XHE1Z8AC27G8MHZ6EPJT"] {
            assert_eq!(Anchor::parse(&MessageId::parse(text).unwrap()), None, "{text}");
        }
    }
}
