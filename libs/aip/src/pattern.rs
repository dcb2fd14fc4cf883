//! Patterns of the `~` and `:` operators over strings: `*` is any run of characters, `?` is one character,
//! letters match in either case, and the pattern covers the whole value.

use std::iter::{once, repeat_n};

/// A parsed pattern.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pattern {
    parts: Vec<Part>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Part {
    Literal(char),
    One,
    Run,
}

impl Part {
    fn accepts(self, character: char) -> bool {
        match self {
            Self::Literal(wanted) => same_letter(wanted, character),
            Self::One => true,
            Self::Run => false,
        }
    }
}

impl Pattern {
    /// The pattern of `~`: every `*` and `?` in `text` is a wildcard. There is no escape.
    pub fn wildcard(text: &str) -> Self {
        let mut parts = Vec::new();
        for character in text.chars() {
            match character {
                '*' if parts.last() == Some(&Part::Run) => {}
                '*' => parts.push(Part::Run),
                '?' => parts.push(Part::One),
                literal => parts.push(Part::Literal(literal)),
            }
        }
        Self { parts }
    }

    /// The pattern of `:` on a string: a prefix when `text` ends in `*`, else the whole value. Any other `*`
    /// and every `?` stand for themselves.
    pub fn prefix_or_whole(text: &str) -> Self {
        let (literal, runs) = text.strip_suffix('*').map_or((text, 0), |prefix| (prefix, 1));
        Self { parts: literal.chars().map(Part::Literal).chain(repeat_n(Part::Run, runs)).collect() }
    }

    /// Whether the pattern covers the whole of `text`. Takes at most pattern × text steps.
    pub fn matches(&self, text: &str) -> bool {
        let text: Vec<char> = text.chars().collect();
        let (mut part, mut place) = (0, 0);
        // Only the last run ever needs to grow: an earlier one that took more would leave less for the rest.
        let mut last_run = None;
        while let Some(&character) = text.get(place) {
            match self.parts.get(part) {
                Some(Part::Run) => {
                    part += 1;
                    last_run = Some((part, place));
                }
                Some(wanted) if wanted.accepts(character) => {
                    part += 1;
                    place += 1;
                }
                _ => {
                    let Some((after, from)) = last_run else { return false };
                    (part, place) = (after, from + 1);
                    last_run = Some((part, place));
                }
            }
        }
        self.parts.iter().skip(part).all(|rest| *rest == Part::Run)
    }

    /// The pattern for SQL `LIKE … ESCAPE 'escape'`, with `%`, `_` and `escape` itself escaped. `escape` is any
    /// character but `%` and `_`. `LIKE` brings the engine's own idea of letter case.
    pub fn to_like(&self, escape: char) -> String {
        let mut like = String::with_capacity(self.parts.len());
        for part in &self.parts {
            match *part {
                Part::Run => like.push('%'),
                Part::One => like.push('_'),
                Part::Literal(c) if c == '%' || c == '_' || c == escape => like.extend([escape, c]),
                Part::Literal(c) => like.push(c),
            }
        }
        like
    }
}

/// Whether two texts are the same but for the case of their letters.
pub fn equal_ignoring_case(left: &str, right: &str) -> bool {
    let end = || once(None);
    let mut pairs = left.chars().map(Some).chain(end()).zip(right.chars().map(Some).chain(end()));
    pairs.all(|pair| match pair {
        (Some(l), Some(r)) => same_letter(l, r),
        (None, None) => true,
        _ => false,
    })
}

/// Letter for letter, so that `?` is one character on both sides; `ß` is not `ss`.
fn same_letter(left: char, right: char) -> bool {
    left == right || left.to_lowercase().eq(right.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_cover_the_whole_value_in_either_case() {
        for (pattern, text, expected) in [
            ("session.*", "session.created", true),
            ("session.*", "SESSION.", true),
            ("session.*", "my.session.created", false),
            ("*created", "session.created", true),
            ("*.created", "session.created.late", false),
            ("a?c", "aBC", true),
            ("a?c", "ac", false),
            ("a?c", "aéc", true),
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("?", "", false),
            ("**?**", "x", true),
            ("*ab*ab*", "abxab", true),
            ("*ab*ab*", "abxa", false),
            ("ÉCOLE", "école", true),
            ("ß", "ss", false),
        ] {
            assert_eq!(Pattern::wildcard(pattern).matches(text), expected, "{pattern} on {text}");
        }
    }

    #[test]
    fn only_a_final_star_of_has_is_a_wildcard() {
        assert!(Pattern::prefix_or_whole("jane*").matches("JANE@example.com"));
        assert!(Pattern::prefix_or_whole("jane").matches("Jane"));
        assert!(!Pattern::prefix_or_whole("jane").matches("jane@example.com"));
        assert!(Pattern::prefix_or_whole("a*b*").matches("A*bc"));
        assert!(!Pattern::prefix_or_whole("a*b*").matches("axbc"));
        assert!(!Pattern::prefix_or_whole("a?").matches("ab"));
        assert!(Pattern::prefix_or_whole("*").matches(""));
    }

    #[test]
    fn like_patterns_escape_what_sql_would_read() {
        assert_eq!(Pattern::wildcard(r"50%_\*?").to_like('\\'), r"50\%\_\\%_");
        assert_eq!(Pattern::wildcard("a!b**").to_like('!'), "a!!b%");
        assert_eq!(Pattern::prefix_or_whole("?a*b*").to_like('!'), "?a*b%");
    }

    #[test]
    fn a_hostile_pattern_is_decided_in_a_moment() {
        let pattern = Pattern::wildcard(&"*a".repeat(1000));
        assert!(!pattern.matches(&("a".repeat(999) + &"b".repeat(9000))));
    }

    #[test]
    fn texts_of_different_length_are_not_equal() {
        assert!(equal_ignoring_case("Jane@Example.com", "jane@example.COM"));
        assert!(!equal_ignoring_case("jane", "janes"));
        assert!(!equal_ignoring_case("janes", "jane"));
        assert!(equal_ignoring_case("", ""));
    }
}
