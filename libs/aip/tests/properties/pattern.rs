use avnology_aip::{Pattern, pattern::equal_ignoring_case};
use proptest::prelude::*;

/// The definition, with all the backtracking that the real one avoids. ASCII only.
fn naive(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern, text) {
        ([], _) => text.is_empty(),
        ([b'*', rest @ ..], [_, tail @ ..]) => naive(rest, text) || naive(pattern, tail),
        ([b'*', rest @ ..], []) => naive(rest, text),
        ([b'?', rest @ ..], [_, tail @ ..]) => naive(rest, tail),
        ([c, rest @ ..], [t, tail @ ..]) => t.eq_ignore_ascii_case(c) && naive(rest, tail),
        (_, []) => false,
    }
}

/// SQL's `LIKE` with `ESCAPE '!'`, by its definition.
fn like(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern, text) {
        ([], _) => text.is_empty(),
        ([b'%', rest @ ..], [_, tail @ ..]) => like(rest, text) || like(pattern, tail),
        ([b'%', rest @ ..], []) => like(rest, text),
        ([b'_', rest @ ..], [_, tail @ ..]) => like(rest, tail),
        ([b'!', c, rest @ ..] | [c, rest @ ..], [t, tail @ ..]) => {
            t.eq_ignore_ascii_case(c) && like(rest, tail)
        }
        (_, []) => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn patterns_agree_with_their_definition(pattern in "[abAB*?]{0,8}", text in "[abAB]{0,10}") {
        let expected = naive(pattern.as_bytes(), text.as_bytes());
        prop_assert_eq!(Pattern::wildcard(&pattern).matches(&text), expected);
    }

    #[test]
    fn like_patterns_mean_the_same(pattern in "[aB%_!*?]{0,8}", text in "[Ab%_!*?]{0,8}") {
        let wildcard = Pattern::wildcard(&pattern);
        prop_assert_eq!(like(wildcard.to_like('!').as_bytes(), text.as_bytes()), wildcard.matches(&text));
        let prefix = Pattern::prefix_or_whole(&pattern);
        prop_assert_eq!(like(prefix.to_like('!').as_bytes(), text.as_bytes()), prefix.matches(&text));
    }

    #[test]
    fn a_prefix_is_what_starts_so(prefix in "[abA*?]{0,4}", text in "[abA*?]{0,6}") {
        let starts = text.to_ascii_lowercase().starts_with(&prefix.to_ascii_lowercase());
        prop_assert_eq!(Pattern::prefix_or_whole(&format!("{prefix}*")).matches(&text), starts);
    }

    #[test]
    fn a_pattern_without_wildcards_is_equality(left in "[^*?]{0,6}", other: String, shout: bool) {
        let pattern = Pattern::wildcard(&left);
        prop_assert!(pattern.matches(&left) && equal_ignoring_case(&left, &left));
        let right = if shout { left.to_uppercase() } else { other };
        prop_assert_eq!(pattern.matches(&right), equal_ignoring_case(&left, &right));
    }
}
