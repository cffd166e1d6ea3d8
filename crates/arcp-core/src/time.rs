//! Instants as values: wall time to the microsecond, and a monotonic clock's reading.
//!
//! Nothing here reads a clock; the shell does, and passes [`Now`].

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};

/// A wall-clock instant in microseconds since the Unix epoch, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// Why a text is not an RFC 3339 timestamp.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an RFC 3339 timestamp")]
pub struct ParseTimestampError(String);

impl Timestamp {
    /// The instant `micros` after the Unix epoch.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since the Unix epoch.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Milliseconds since the Unix epoch, zero before it.
    pub fn as_millis(self) -> u64 {
        u64::try_from(self.0 / 1_000).unwrap_or(0)
    }

    /// Reads RFC 3339 with any offset; fractions beyond the microsecond are dropped.
    pub fn parse(text: &str) -> Result<Self, ParseTimestampError> {
        DateTime::parse_from_rfc3339(text)
            .map(|time| Self(time.timestamp_micros()))
            .map_err(|_| ParseTimestampError(text.chars().take(64).collect()))
    }

    /// The instant `span` later, at most [`MAX`](Self::MAX).
    #[must_use]
    pub fn after(self, span: Duration) -> Self {
        let micros = i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
        Self(self.0.saturating_add(micros)).min(Self::MAX)
    }

    /// The latest instant that can be written: the end of the year 9999.
    pub const MAX: Self = Self(253_402_300_799_999_999);

    /// How long after `earlier` this is; zero when it is not after.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

/// RFC 3339, UTC, six decimals and `Z`.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = DateTime::<Utc>::from_timestamp_micros(self.0).unwrap_or_default();
        f.write_str(&time.to_rfc3339_opts(SecondsFormat::Micros, true))
    }
}

/// A reading of a monotonic clock: the time since that clock's start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Moment(Duration);

impl Moment {
    /// The moment `since_start` after the clock's start.
    pub const fn new(since_start: Duration) -> Self {
        Self(since_start)
    }

    /// The time since the clock's start.
    pub const fn since_start(self) -> Duration {
        self.0
    }

    /// The moment `span` later.
    #[must_use]
    pub fn after(self, span: Duration) -> Self {
        Self(self.0.saturating_add(span))
    }

    /// How long after `earlier` this is; zero when it is not after.
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

/// One reading of both clocks, taken together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// What the wall clock says; it may jump.
    pub wall: Timestamp,
    /// What the monotonic clock says; deadlines are kept in it.
    pub moment: Moment,
}

impl Now {
    /// The moment at which the wall clock will say `at`, if it does not jump; now when it is past.
    pub fn moment_of(self, at: Timestamp) -> Moment {
        self.moment.after(at.since(self.wall))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_time_can_be_written() {
        let start = Timestamp::from_micros(1_700_000_000_000_000);
        for span in [Duration::from_hours(80_000_000), Duration::from_secs(u64::MAX)] {
            assert_eq!(start.after(span), Timestamp::MAX);
        }
        assert_eq!(Timestamp::MAX.to_string(), "9999-12-31T23:59:59.999999Z");
        assert_eq!(Timestamp::parse(&Timestamp::MAX.to_string()), Ok(Timestamp::MAX));
    }

    #[test]
    fn reads_any_offset_and_writes_utc() {
        let time = Timestamp::parse("2026-11-22T12:00:00.123456789+01:00").unwrap();
        assert_eq!(time.to_string(), "2026-11-22T11:00:00.123456Z");
        assert_eq!(Timestamp::parse(&time.to_string()).unwrap(), time);
    }

    #[test]
    fn refuses_what_is_no_timestamp() {
        for bad in ["", "yesterday", "2026-11-22", "2026-11-22T12:00:00", "2026-13-01T00:00:00Z"] {
            assert!(Timestamp::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_past_instant_is_due_now() {
        let now =
            Now { wall: Timestamp::from_micros(5), moment: Moment::new(Duration::from_secs(1)) };
        assert_eq!(now.moment_of(Timestamp::from_micros(1)), now.moment);
    }
}
