//! What a user agent says of browser and system, as a name that a person recognizes in a list of sessions.

use crate::text::text_enum;

text_enum! {
    /// The system that a device runs.
    pub enum Platform {
        /// A browser.
        Web = "web",
        /// Apple mobile.
        Ios = "ios",
        /// Android.
        Android = "android",
        /// Apple desktop.
        Macos = "macos",
        /// Windows.
        Windows = "windows",
        /// Linux.
        Linux = "linux",
        /// Anything else.
        Other = "other",
    }
}

/// Browser or program, and system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Agent {
    browser: Option<&'static str>,
    system: Option<&'static str>,
    is_browser: bool,
    is_mobile: bool,
}

/// Tried in order: most browsers claim to be several others.
const BROWSERS: &[(&str, &str)] = &[
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Vivaldi/", "Vivaldi"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
];

const PROGRAMS: &[(&str, &str)] = &[
    ("curl/", "curl"),
    ("Go-http-client", "Go program"),
    ("python", "Python program"),
    ("node", "Node.js program"),
];

const SYSTEMS: &[(&str, &str, Platform)] = &[
    ("iPhone", "iPhone", Platform::Ios),
    ("iPad", "iPad", Platform::Ios),
    ("Android", "Android", Platform::Android),
    ("Windows", "Windows", Platform::Windows),
    ("Mac OS X", "macOS", Platform::Macos),
    ("CrOS", "ChromeOS", Platform::Other),
    ("Linux", "Linux", Platform::Linux),
];

impl Agent {
    /// Reads a `User-Agent` header (RFC 9110 §10.1.5).
    pub fn parse(user_agent: &str) -> Self {
        let find = |list: &[(&str, &'static str)]| {
            list.iter().find(|(mark, _)| user_agent.contains(mark)).map(|b| b.1)
        };
        let browser = find(BROWSERS);
        Self {
            browser: browser.or_else(|| find(PROGRAMS)),
            system: SYSTEMS.iter().find(|(mark, ..)| user_agent.contains(mark)).map(|s| s.1),
            is_browser: browser.is_some(),
            is_mobile: ["Mobile", "Android", "iPhone", "iPad"].iter().any(|mark| user_agent.contains(mark)),
        }
    }

    /// As in "Firefox on Linux".
    pub fn name(self) -> String {
        match (self.browser, self.system) {
            (Some(browser), Some(system)) => format!("{browser} on {system}"),
            (Some(only), None) | (None, Some(only)) => only.to_owned(),
            (None, None) => "Unknown device".to_owned(),
        }
    }

    /// Whether it is a phone or tablet.
    pub fn is_mobile(self) -> bool {
        self.is_mobile
    }

    /// `web` for browsers, otherwise the system.
    pub fn platform(self) -> Platform {
        if self.is_browser {
            return Platform::Web;
        }
        SYSTEMS.iter().find(|s| Some(s.1) == self.system).map_or(Platform::Other, |s| s.2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_that_claim_to_be_others_are_told_apart() {
        let cases = [
            ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0",
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile/15E148 Safari/604.1",
                "Safari on iPhone",
            ),
            (
                "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36",
                "Chrome on Android",
            ),
            ("curl/8.5.0", "curl"),
            ("", "Unknown device"),
        ];
        for (user_agent, name) in cases {
            assert_eq!(Agent::parse(user_agent).name(), name);
        }
        assert_eq!(Agent::parse("curl/8.5.0").platform(), Platform::Other);
        assert_eq!(Agent::parse(cases[0].0).platform(), Platform::Web);
    }
}
