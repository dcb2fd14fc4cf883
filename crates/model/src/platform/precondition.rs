//! What a change requires of the present state: `If-Match` (RFC 9110 §13.1.1, `contract/00` §8).

use crate::{Code, Error, Result};

/// Which version a change is meant for. Absent: the last write wins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Precondition {
    /// None.
    #[default]
    None,
    /// `*`: any version, as long as there is one.
    Exists,
    /// One of these entity tags, without quotes.
    OneOf(Vec<String>),
}

impl Precondition {
    /// Reads the value of an `If-Match` or `If-None-Match` header: `*` or a list of entity tags. A `W/` is
    /// ignored, and quotes may be missing, so that the `etag` of a body can be sent as it is. `None` when it is neither.
    pub fn parse(header: &str) -> Option<Self> {
        if header.trim() == "*" {
            return Some(Self::Exists);
        }
        let mut tags = Vec::new();
        let mut rest = header;
        loop {
            rest = rest.trim_start_matches([' ', '\t', ',']);
            if rest.is_empty() {
                break;
            }
            let (tag, after) = next_tag(rest)?;
            tags.push(tag.to_owned());
            rest = after.trim_start_matches([' ', '\t']);
            if !rest.is_empty() && !rest.starts_with(',') {
                return None;
            }
        }
        (!tags.is_empty()).then_some(Self::OneOf(tags))
    }

    /// Whether `current`, the tag of what is there, is one of those named.
    pub fn names(&self, current: &str) -> bool {
        match self {
            Self::None => false,
            Self::Exists => true,
            Self::OneOf(tags) => tags.iter().any(|tag| tag == current),
        }
    }

    /// `_905` unless a change of the version `current` (without quotes) is meant.
    pub fn check(&self, current: &str) -> Result<()> {
        if *self == Self::None || self.names(current) {
            return Ok(());
        }
        Err(Error::new(Code::EtagMismatch).with_member("etag", current))
    }
}

/// The first entity tag of `text`, and what follows it.
fn next_tag(text: &str) -> Option<(&str, &str)> {
    let text = text.strip_prefix("W/").unwrap_or(text);
    let (tag, after) = match text.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"')?,
        None => text.split_at(text.find([',', ' ', '\t']).unwrap_or(text.len())),
    };
    let fits = !tag.is_empty() && tag.bytes().all(|b| b != b'"' && (0x21..=0x7e).contains(&b));
    fits.then_some((tag, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(tags: &[&str]) -> Precondition {
        Precondition::OneOf(tags.iter().map(|t| (*t).to_owned()).collect())
    }

    #[test]
    fn a_star_a_list_weak_tags_and_bare_tags_are_read() {
        assert_eq!(Precondition::parse("*"), Some(Precondition::Exists));
        assert_eq!(Precondition::parse("\"1-a\""), Some(tags(&["1-a"])));
        assert_eq!(Precondition::parse("W/\"1-a\" , \"2,b\",3-c"), Some(tags(&["1-a", "2,b", "3-c"])));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", " ", ",", "\"", "\"a", "\"a\" \"b\"", "\"\"", "a\"b", "W/", "\"a b\""] {
            assert_eq!(Precondition::parse(text), None, "{text}");
        }
    }

    #[test]
    fn another_version_is_refused_and_the_present_one_told() {
        let meant = Precondition::OneOf(vec!["1".to_owned(), "2".to_owned()]);
        assert!(
            meant.check("2").is_ok()
                && Precondition::None.check("3").is_ok()
                && Precondition::Exists.check("3").is_ok()
        );
        let error = meant.check("3").expect_err("another version");
        assert_eq!((error.code(), error.members().get("etag")), (Code::EtagMismatch, Some(&"3".into())));
    }
}
