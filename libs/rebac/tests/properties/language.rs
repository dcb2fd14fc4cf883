//! The permission language and the text form of tuples, over random text.

use avnology_rebac::{Schema, Subject, Tuple};
use proptest::{collection::vec, prelude::*, sample::select};

use crate::world;

/// Text made of the language's own pieces reaches further into the parser than any text does.
fn nearly_a_schema() -> impl Strategy<Value = String> {
    let pieces = vec![
        "class ",
        "a ",
        "implements ",
        "Namespace ",
        "{",
        "}",
        "related",
        ":",
        "permits",
        "=",
        "=>",
        "(",
        ")",
        "ctx",
        "Context",
        "boolean",
        "this",
        ".",
        "related.",
        "permits.",
        "includes",
        "traverse",
        "equals",
        "(ctx.subject)",
        "(ctx)",
        "[]",
        "[",
        "]",
        "\"x\"",
        "\"",
        "'",
        "SubjectSet<",
        "Array<",
        ">",
        ",",
        ";",
        "|",
        "||",
        "&&",
        "!",
        "identities",
        "groups",
        "//",
        "/*",
        "*/",
        "\n",
        "import ",
        "é",
        "\u{0}",
        "&",
        "*",
        "related: { r: identities[] }",
        "permits = { p: (ctx) => this.related.r.includes(ctx.subject) }",
        "class b implements Namespace { related: { s: a[] } }",
    ];
    vec(select(pieces), 0..60).prop_map(|pieces| pieces.concat())
}

fn nearly_a_tuple() -> impl Strategy<Value = String> {
    let pieces =
        vec!["a", ":", "#", "@", "(", ")", "*", "org", "usr_1", "user:", "groups", "é", " ", "\u{7}", "x:y"];
    vec(select(pieces), 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn what_is_written_is_read_back_as_the_same_schema(schema in world::schema()) {
        let again = Schema::parse(&schema.to_string()).expect("its own text");
        prop_assert_eq!(again.namespaces(), schema.namespaces());
        prop_assert_eq!(again.to_string(), schema.to_string());
    }

    #[test]
    fn any_text_is_a_schema_or_refused_in_its_place(text in prop_oneof!["\\PC*", any::<String>(), nearly_a_schema()]) {
        match Schema::parse(&text) {
            Ok(schema) => prop_assert_eq!(Schema::parse(&schema.to_string()), Ok(schema)),
            Err(errors) => {
                prop_assert!(!errors.is_empty());
                let lines: Vec<usize> = text.split('\n').map(|line| line.chars().count()).collect();
                for error in errors {
                    prop_assert!(error.start <= error.end && !error.message.is_empty());
                    for place in [error.start, error.end] {
                        let line = lines.get(place.line - 1).copied();
                        prop_assert!(line.is_some_and(|length| place.column <= length + 1), "{} in {:?}", error, text);
                    }
                }
            }
        }
    }

    #[test]
    fn a_schema_with_a_piece_out_of_place_is_read_or_refused_in_its_place(
        schema in world::schema(),
        cuts in vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..3_u8), 1..4),
    ) {
        let mut letters: Vec<char> = schema.to_string().chars().collect();
        for (from, to, what) in cuts {
            if letters.is_empty() {
                break;
            }
            let (from, to) = (from.index(letters.len()), to.index(letters.len()));
            let (from, to) = (from.min(to), from.max(to).min(from.min(to) + 20));
            match what {
                0 => {
                    letters.drain(from..to);
                }
                1 => letters.splice(to..to, letters[from..to].to_vec()).for_each(drop),
                _ => letters.swap(from, to),
            }
        }
        let text: String = letters.into_iter().collect();
        match Schema::parse(&text) {
            Ok(schema) => prop_assert_eq!(Schema::parse(&schema.to_string()), Ok(schema)),
            Err(errors) => {
                let lines: Vec<usize> = text.split('\n').map(|line| line.chars().count()).collect();
                for error in errors {
                    let line = lines.get(error.start.line - 1).copied();
                    prop_assert!(line.is_some_and(|length| error.start.column <= length + 1), "{}", error);
                }
            }
        }
    }

    #[test]
    fn any_bytes_are_a_schema_or_refused(bytes in vec(any::<u8>(), 0..300)) {
        let _ = Schema::parse(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn any_text_is_a_tuple_that_is_read_back_or_refused(text in prop_oneof!["\\PC*", any::<String>(), nearly_a_tuple()]) {
        let schema = Schema::built_in();
        if let Ok(tuple) = Tuple::parse(&text, &schema) {
            prop_assert_eq!(Tuple::parse(&tuple.to_string(), &schema), Ok(tuple));
        }
        if let Ok(subject) = Subject::parse(&text, &schema) {
            prop_assert_eq!(Subject::parse(&subject.to_string(), &schema), Ok(subject));
        }
    }
}
