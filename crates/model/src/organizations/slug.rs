//! The name of an organization in URLs.

use std::fmt;

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Words that mean something else where a slug stands.
const RESERVED: &[&str] = &["personal", "new"];
const MAX: usize = 64;

/// A slug: 2–64 characters, `^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$`, not reserved.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Slug(String);

impl Slug {
    /// The slug with this text; none for a text that cannot be one.
    pub fn parse(text: &str) -> Option<Self> {
        let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        let bytes = text.as_bytes();
        let good = (2..=MAX).contains(&bytes.len())
            && bytes.iter().all(|b| is_plain(*b) || *b == b'-')
            && bytes.first().copied().is_some_and(is_plain)
            && bytes.last().copied().is_some_and(is_plain)
            && !RESERVED.contains(&text);
        good.then(|| Self(text.to_owned()))
    }

    /// A slug from a display name: Latin letters without their marks, everything else a dash.
    pub fn of_name(name: &str) -> Self {
        let mut text = String::new();
        for c in name.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase) {
            if c.is_ascii_lowercase() || c.is_ascii_digit() {
                text.push(c);
            } else if !text.is_empty() && !text.ends_with('-') && !matches!(c, '\'' | '’') {
                text.push('-');
            }
            if text.len() >= MAX - 8 {
                break;
            }
        }
        let text = text.trim_matches('-');
        Self::parse(text)
            .or_else(|| Self::parse(&format!("team-{text}")))
            .unwrap_or_else(|| Self("team".to_owned()))
    }

    /// The same with a number, for one that is taken: `acme-2`.
    #[must_use]
    pub fn numbered(&self, number: u32) -> Self {
        Self(format!("{}-{number}", self.0.chars().take(MAX - 8).collect::<String>()))
    }

    /// What looks the same to a hurried reader has the same key: `acrne-1nc` and `acme-inc`.
    pub fn likeness(&self) -> String {
        let plain = self.0.replace("--", "-").replace("rn", "m").replace("vv", "w");
        plain
            .chars()
            .map(|c| match c {
                '0' => 'o',
                '1' | 'i' => 'l',
                other => other,
            })
            .collect()
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Slug> for String {
    fn from(slug: Slug) -> Self {
        slug.0
    }
}

impl TryFrom<String> for Slug {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("not a slug")
    }
}

impl std::str::FromStr for Slug {
    type Err = crate::text::NoSuchValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text).ok_or(crate::text::NoSuchValue)
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_is_short_plain_and_not_reserved() {
        for good in ["acme", "a1", "a-b-c", "42"] {
            assert!(Slug::parse(good).is_some(), "{good}");
        }
        for bad in ["", "a", "-a", "a-", "Acme", "a_b", "ac me", "ácme", "new", "personal", &"a".repeat(65)]
        {
            assert!(Slug::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_name_makes_a_slug_whatever_it_is_written_in() {
        for (name, slug) in [
            ("Acme Corporation", "acme-corporation"),
            ("  Zürich & Söhne AG ", "zurich-sohne-ag"),
            ("O'Reilly", "oreilly"),
            ("New", "team-new"),
            ("X", "team-x"),
            ("株式会社", "team"),
            ("--", "team"),
        ] {
            assert_eq!(Slug::of_name(name).as_str(), slug, "{name}");
        }
        let long = Slug::of_name(&"long name ".repeat(30));
        assert!(Slug::parse(long.as_str()).is_some() && Slug::parse(long.numbered(9_999).as_str()).is_some());
    }

    #[test]
    fn slugs_that_look_alike_have_the_same_likeness() {
        let likeness = |text: &str| Slug::parse(text).expect("a slug").likeness();
        for (one, other) in
            [("acme-inc", "acrne-1nc"), ("google", "g00gle"), ("vvidget", "widget"), ("a-b", "a--b")]
        {
            assert_eq!(likeness(one), likeness(other), "{one} {other}");
        }
        assert_ne!(likeness("acme"), likeness("acme-2"));
    }
}
