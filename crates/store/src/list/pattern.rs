//! Patterns of `:` and `~` in the two ways that the engines know them.

use std::{collections::HashMap, sync::LazyLock};

use avnology_aip::{Op, Pattern};

use super::statement::Params;
use crate::{Engine, dialect};

/// `column` covered by the pattern that `text` is under `op`, whatever the case of its letters.
pub(super) fn matches(column: &str, op: Op, text: &str, params: &mut Params) -> String {
    let like = parse(op, text).to_like('\\');
    if like.is_ascii() {
        // LIKE knows the case of ASCII letters. The Kelvin sign is the one other letter that is equal to one of them,
        // and Unicode NFC, in which texts are kept, has made a K of it.
        let pattern = params.add(like);
        return format!("{{ci_like:{column}:{pattern}}}");
    }
    let pattern = params.add(with_classes(&like, params.engine));
    format!("{{matches:{column}:{pattern}}}")
}

/// The text that every value covered by the pattern begins with, when it is ASCII without a quote; in lower case and no
/// further than the first `@`.
pub(super) fn stem(op: Op, text: &str) -> Option<String> {
    let like = parse(op, text).to_like('\\');
    let mut stem = String::new();
    let mut characters = like.chars();
    while let Some(character) = characters.next() {
        let literal = match character {
            '%' | '_' => break,
            '\\' => characters.next()?,
            other => other,
        };
        if !literal.is_ascii() || literal == '"' {
            break;
        }
        stem.push(literal.to_ascii_lowercase());
        if literal == '@' {
            break;
        }
    }
    (!stem.is_empty()).then_some(stem)
}

fn parse(op: Op, text: &str) -> Pattern {
    if op == Op::Has { Pattern::prefix_or_whole(text) } else { Pattern::wildcard(text) }
}

/// From LIKE to GLOB or a regular expression, with a class for each letter that has a case.
fn with_classes(like: &str, engine: Engine) -> String {
    let mut pattern = dialect::MatchPattern::new(engine);
    let mut characters = like.chars();
    while let Some(character) = characters.next() {
        match character {
            '%' => pattern.run(),
            '_' => pattern.one(),
            '\\' => characters.next().into_iter().for_each(|literal| pattern.any_of(cases(&literal))),
            literal => pattern.any_of(cases(&literal)),
        }
    }
    pattern.finish()
}

/// The letters that are equal to this character but for their case, itself included.
fn cases(character: &char) -> &[char] {
    // The letters of each lower-case letter. All letters with a case are in the first two planes.
    static CASES: LazyLock<HashMap<char, Vec<char>>> = LazyLock::new(|| {
        let mut cases: HashMap<char, Vec<char>> = HashMap::new();
        for upper in '\0'..='\u{1ffff}' {
            let lower = single_lower_case(upper);
            if lower != upper {
                cases.entry(lower).or_insert_with(|| vec![lower]).push(upper);
            }
        }
        cases
    });
    CASES.get(&single_lower_case(*character)).map_or(std::slice::from_ref(character), Vec::as_slice)
}

/// The lower case, where it is one character; `İ` is the one letter that has two, and is equal to itself alone.
fn single_lower_case(character: char) -> char {
    let mut lower = character.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(lower), None) => lower,
        _ => character,
    }
}

#[cfg(test)]
mod tests {
    use avnology_aip::pattern::equal_ignoring_case;

    use super::*;

    #[test]
    fn letters_are_gathered_as_the_meaning_of_filters_has_them() {
        for letter in
            ['k', 'K', '\u{212a}', 'é', 'É', 'σ', 'Σ', 'ς', 'ß', 'ẞ', 'ǆ', 'ǅ', 'Ǆ', 'İ', 'i', '中', '*']
        {
            let expected: Vec<char> = ('\0'..='\u{1ffff}')
                .filter(|c| equal_ignoring_case(&c.to_string(), &letter.to_string()))
                .collect();
            let mut gathered = cases(&letter).to_vec();
            gathered.sort_unstable();
            assert_eq!(gathered, expected, "{letter}");
        }
    }

    #[test]
    fn no_letter_beyond_the_second_plane_has_a_case() {
        assert!(('\u{20000}'..=char::MAX).all(|c| single_lower_case(c) == c));
    }

    #[test]
    fn stems_are_what_every_match_begins_with() {
        let has = |text| stem(Op::Has, text);
        assert_eq!(has("Jane*").as_deref(), Some("jane"));
        assert_eq!(has("jane@acme*").as_deref(), Some("jane@"));
        assert_eq!(has("50%_x\\y*").as_deref(), Some("50%_x\\y"));
        assert_eq!(has("jé*").as_deref(), Some("j"));
        assert_eq!(has("*"), None);
        assert_eq!(has("\"a b\"@x*"), None);
        assert_eq!(stem(Op::Match, "ja?e*").as_deref(), Some("ja"));
        assert_eq!(stem(Op::Match, "*x"), None);
        assert_eq!(stem(Op::Match, ""), None);
    }

    #[test]
    fn patterns_are_written_for_each_engine() {
        let write = |engine| {
            let mut params = Params::new(engine, Vec::new());
            let sql = matches("c", Op::Match, "É*?[.^", &mut params);
            (sql, params.values)
        };
        let text = |text: &str| vec![crate::Value::from(text)];
        assert!(write(Engine::Sqlite) == ("{matches:c:$1}".to_owned(), text("[éÉ]*?[[].^")));
        assert!(write(Engine::Postgres) == ("{matches:c:$1}".to_owned(), text("^[éÉ].*.\\[\\.\\^$")));
    }
}
