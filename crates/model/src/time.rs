//! Points in time: microseconds since the Unix epoch, in UTC.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A point in time, kept as microseconds since 1970-01-01T00:00:00Z (`BIGINT` in both databases).
///
/// Shown as RFC 3339 in UTC with `Z` and millisecond precision (`contract/00` §3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// Microseconds in a second.
const SECOND: i64 = 1_000_000;

impl Timestamp {
    /// From microseconds since the epoch.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since the epoch.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(SECOND)
    }

    /// Whole milliseconds since the epoch, rounded down.
    pub const fn millis(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// This point moved by `seconds`, which may be negative; saturates at the ends of time.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(SECOND)))
    }

    /// Whole seconds from `earlier` to this point, rounded up; negative when `earlier` is later.
    pub const fn seconds_since(self, earlier: Self) -> i64 {
        let micros = self.0.saturating_sub(earlier.0);
        -((-micros).div_euclid(SECOND))
    }

    /// The start of the minute that holds this point: times of use are kept to the minute (`contract/00` §8).
    #[must_use]
    pub const fn to_the_minute(self) -> Self {
        Self(self.0 - self.0.rem_euclid(60 * SECOND))
    }

    /// Reads an RFC 3339 timestamp with any offset; `None` when it is none.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse::<jiff::Timestamp>().ok().map(|t| Self(t.as_microsecond()))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let clamped = self.millis().clamp(-62_135_596_800_000, 253_402_207_200_000 - 1);
        match jiff::Timestamp::from_millisecond(clamped) {
            Ok(t) => write!(f, "{t:.3}"),
            Err(_) => f.write_str("1970-01-01T00:00:00.000Z"),
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| de::Error::custom("not an RFC 3339 timestamp"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_shows_milliseconds_and_reads_back() {
        let t = Timestamp::from_micros(1_772_442_000_123_456);
        assert_eq!(t.to_string(), "2026-03-02T09:00:00.123Z");
        assert_eq!(Timestamp::parse("2026-03-02T10:00:00.123456+01:00"), Some(t));
        assert_eq!(Timestamp::parse("yesterday"), None);
    }

    #[test]
    fn seconds_since_rounds_up_so_that_a_wait_is_never_too_short() {
        let start = Timestamp::from_micros(0);
        assert_eq!(Timestamp::from_micros(1).seconds_since(start), 1);
        assert_eq!(Timestamp::from_micros(2_000_000).seconds_since(start), 2);
        assert_eq!(start.seconds_since(Timestamp::from_micros(2_000_000)), -2);
    }

    #[test]
    fn the_ends_of_time_do_not_panic() {
        for micros in [i64::MIN, i64::MAX] {
            assert!(!Timestamp::from_micros(micros).plus_seconds(i64::MAX).to_string().is_empty());
        }
    }
}
