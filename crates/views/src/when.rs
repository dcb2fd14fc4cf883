//! Times in words: exact in UTC, and relative to the request. The script shows them in the viewer's own zone.

use avnology_model::Timestamp;

/// A point in time beside the time of the request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct When {
    at: Timestamp,
    now: Timestamp,
}

impl When {
    pub(crate) fn new(at: Timestamp, now: Timestamp) -> Self {
        Self { at, now }
    }

    /// RFC 3339, for `datetime`.
    pub(crate) fn iso(self) -> String {
        self.at.to_string()
    }

    /// As in "22 November 2026, 09:05 UTC".
    pub(crate) fn exact(self) -> String {
        exact(self.at)
    }

    /// As in "5 minutes ago" or "in 3 days".
    pub(crate) fn relative(self) -> String {
        let seconds = self.now.seconds_since(self.at);
        let amount = match seconds.abs() {
            0..60 => return if seconds < 0 { "in a moment".to_owned() } else { "just now".to_owned() },
            s @ 60..3_600 => count(s / 60, "minute"),
            s @ 3_600..86_400 => count(s / 3_600, "hour"),
            s @ 86_400..2_592_000 => count(s / 86_400, "day"),
            s @ 2_592_000..31_536_000 => count(s / 2_592_000, "month"),
            s => count(s / 31_536_000, "year"),
        };
        if seconds < 0 { format!("in {amount}") } else { format!("{amount} ago") }
    }
}

/// As in "22 November 2026, 09:05 UTC".
pub(crate) fn exact(at: Timestamp) -> String {
    jiff::Timestamp::from_microsecond(at.micros())
        .map_or_else(|_| at.to_string(), |t| t.strftime("%-d %B %Y, %H:%M UTC").to_string())
}

/// As in "22 November 2026".
pub(crate) fn day(at: Timestamp) -> String {
    jiff::Timestamp::from_microsecond(at.micros())
        .map_or_else(|_| at.to_string(), |t| t.strftime("%-d %B %Y").to_string())
}

/// As in "1 minute", "2 minutes".
pub(crate) fn count(n: i64, unit: &str) -> String {
    if n == 1 { format!("1 {unit}") } else { format!("{n} {unit}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_in_words() {
        let now = Timestamp::parse("2026-11-22T09:05:00Z").expect("a timestamp");
        let cases = [
            (0, "just now"),
            (-20, "just now"),
            (20, "in a moment"),
            (-60, "1 minute ago"),
            (-7_300, "2 hours ago"),
            (259_200, "in 3 days"),
            (-86_400 * 45, "1 month ago"),
            (-86_400 * 800, "2 years ago"),
        ];
        for (seconds, words) in cases {
            assert_eq!(When::new(now.plus_seconds(seconds), now).relative(), words, "{seconds}");
        }
        assert_eq!(exact(now), "22 November 2026, 09:05 UTC");
        assert_eq!(day(now), "22 November 2026");
    }

    #[test]
    fn a_time_beyond_the_calendar_is_still_told() {
        assert!(!exact(Timestamp::from_micros(i64::MAX)).is_empty());
    }
}
