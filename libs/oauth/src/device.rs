//! The device grant (RFC 8628): codes that people type, and how often a device may ask.

/// The letters of user codes: no vowels, so that no words come out, and none that look like another.
pub const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
/// How many letters a code has.
pub const LENGTH: usize = 8;
/// How long codes live, in seconds.
pub const LIFETIME: i64 = 900;
/// How long a device waits between two questions at first, in seconds.
pub const INTERVAL: i64 = 5;

/// A code that somebody types, as it is kept: capitals without the dash.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UserCode(String);

impl UserCode {
    /// The code that these bytes make, which nobody can guess. `None` when too many of them fell where letters would not be
    /// equally likely: draw others.
    pub fn draw(random: &[u8; 32]) -> Option<Self> {
        let letters = random.iter().filter(|byte| **byte < 240);
        let code: String = letters
            .filter_map(|byte| LETTERS.get(usize::from(byte % 20)))
            .take(LENGTH)
            .map(|byte| char::from(*byte))
            .collect();
        (code.len() == LENGTH).then_some(Self(code))
    }

    /// What somebody typed: case, dashes and spaces do not count.
    pub fn typed(text: &str) -> Option<Self> {
        if text.len() > 64 {
            return None;
        }
        let code: String = text
            .chars()
            .filter(|char| !matches!(char, '-' | ' '))
            .map(|char| char.to_ascii_uppercase())
            .collect();
        let is_good = code.len() == LENGTH && code.bytes().all(|byte| LETTERS.contains(&byte));
        is_good.then_some(Self(code))
    }

    /// As it is kept.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for UserCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (first, second) = self.0.split_at_checked(LENGTH / 2).unwrap_or((&self.0, ""));
        write!(f, "{first}-{second}")
    }
}

/// What became of a device's request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Nobody answered.
    Pending,
    /// The person said yes.
    Approved,
    /// The person said no.
    Denied,
    /// Its tokens were given.
    Used,
}

/// A device's request, as it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceRequest {
    /// How far it is.
    pub stage: Stage,
    /// When it ends, in seconds since 1970.
    pub expires_at: i64,
    /// How long the device waits between two questions, in seconds.
    pub interval: i64,
    /// When it asked last, in seconds since 1970.
    pub asked_at: Option<i64>,
}

/// What a device is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Poll {
    /// `authorization_pending`.
    Pending,
    /// `slow_down`: it waits so many seconds from now on (§3.5).
    SlowDown(i64),
    /// `access_denied`.
    Denied,
    /// `expired_token`.
    Expired,
    /// Its tokens: one guarded update to [`Stage::Used`].
    Tokens,
    /// `invalid_grant`: they were given already.
    Used,
}

/// What a device that asks now is answered. A code that was used or refused says so however late; asking too often never
/// keeps an answer from a device that has one.
pub fn poll(request: &DeviceRequest, now: i64) -> Poll {
    let is_late = now >= request.expires_at;
    match request.stage {
        Stage::Used => Poll::Used,
        Stage::Denied => Poll::Denied,
        _ if is_late => Poll::Expired,
        Stage::Approved => Poll::Tokens,
        Stage::Pending if request.asked_at.is_some_and(|at| now < at.saturating_add(request.interval)) => {
            Poll::SlowDown(request.interval.saturating_add(5))
        }
        Stage::Pending => Poll::Pending,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_typed_counts_without_case_dash_and_space() {
        for typed in ["WDJB-MJHT", "wdjbmjht", " wdjb mjht ", "W-D-J-B-M-J-H-T"] {
            assert_eq!(UserCode::typed(typed).unwrap().to_string(), "WDJB-MJHT", "{typed}");
        }
        for bad in ["", "WDJB-MJH", "WDJB-MJHTX", "WDJB-MJHA", "WDJB-MJH0", "WDJB–MJHT", &" ".repeat(65)] {
            assert_eq!(UserCode::typed(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_device_is_told_how_far_its_request_is() {
        let pending = DeviceRequest { stage: Stage::Pending, expires_at: 900, interval: 5, asked_at: None };
        assert_eq!(poll(&pending, 10), Poll::Pending);
        let asked = DeviceRequest { asked_at: Some(10), ..pending };
        assert_eq!((poll(&asked, 14), poll(&asked, 15)), (Poll::SlowDown(10), Poll::Pending));
        assert_eq!(poll(&pending, 900), Poll::Expired);
        for (stage, answer, late) in [
            (Stage::Approved, Poll::Tokens, Poll::Expired),
            (Stage::Denied, Poll::Denied, Poll::Denied),
            (Stage::Used, Poll::Used, Poll::Used),
        ] {
            let request = DeviceRequest { stage, ..asked };
            assert_eq!((poll(&request, 11), poll(&request, 901)), (answer, late));
        }
    }

    proptest! {
        #[test]
        fn any_code_that_is_drawn_can_be_typed(random: [u8; 32]) {
            if let Some(code) = UserCode::draw(&random) {
                prop_assert_eq!(UserCode::typed(&code.to_string()), Some(code));
            }
        }

        #[test]
        fn any_text_may_be_typed(text: String) {
            let _ = UserCode::typed(&text);
        }
    }
}
