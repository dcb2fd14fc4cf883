//! What names and ids look like (`contract/50` §1.1).

/// Characters of a namespace's name, at most.
pub const MAX_NAMESPACE: usize = 64;
/// Characters of an object's id or of an opaque subject's, at most.
pub const MAX_OBJECT: usize = 255;
/// Characters of a relation's or a permit's name, at most.
pub const MAX_RELATION: usize = 128;

/// Whether this can be the name of a namespace: `^[a-z][a-z0-9_-]*$`, 1–64 characters.
pub fn is_namespace(text: &str) -> bool {
    text.len() <= MAX_NAMESPACE
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-'))
}

/// Whether this can be the name of a relation or a permit: `^[A-Za-z][A-Za-z0-9_.:*-]*$`, 1–128 characters.
pub fn is_relation(text: &str) -> bool {
    text.len() <= MAX_RELATION
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b':' | b'*' | b'-'))
}

/// Whether this can be the id of an object: 1–255 printable characters, no `#`, `@` or white space.
pub fn is_object(text: &str) -> bool {
    is_id(text, |c| matches!(c, '#' | '@'))
}

/// Whether this can be an opaque subject id: 1–255 printable characters, no `#` or white space.
pub fn is_opaque(text: &str) -> bool {
    is_id(text, |c| c == '#') && text != "*" && !(text.starts_with('(') && text.ends_with(')'))
}

fn is_id(text: &str, refused: impl Fn(char) -> bool) -> bool {
    // Nearly every id is plain ASCII, and this stands in the way of every tuple.
    if text.len() <= MAX_OBJECT && text.bytes().all(|b| b.is_ascii_graphic() && !refused(char::from(b))) {
        return !text.is_empty();
    }
    // A character has at most four bytes: the cheap look first.
    !text.is_empty()
        && text.len() <= 4 * MAX_OBJECT
        && (text.len() <= MAX_OBJECT || text.chars().count() <= MAX_OBJECT)
        && !text.chars().any(|c| c.is_control() || c.is_whitespace() || refused(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_their_alphabet_and_length() {
        assert!(is_namespace("projects") && is_namespace("a-b_9"));
        assert!(
            !is_namespace("") && !is_namespace("Projects") && !is_namespace("9a") && !is_namespace("a b")
        );
        assert!(is_namespace(&"a".repeat(64)) && !is_namespace(&"a".repeat(65)));
        assert!(is_relation("invoices:*") && is_relation("View.all-x"));
        assert!(!is_relation("") && !is_relation("*") && !is_relation("a#b") && !is_relation("a b"));
        assert!(is_relation(&"r".repeat(128)) && !is_relation(&"r".repeat(129)));
    }

    #[test]
    fn ids_are_printable_and_count_characters() {
        assert!(is_object("/photos/a:b.jpg") && is_object("é") && is_object(&"é".repeat(255)));
        assert!(
            !is_object("")
                && !is_object("a b")
                && !is_object("a\u{7}")
                && !is_object("a#b")
                && !is_object("a@b")
        );
        assert!(!is_object(&"é".repeat(256)) && !is_object("a\u{2003}b"));
        assert!(is_opaque("jane@example.com") && !is_opaque("*") && !is_opaque("(x)") && !is_opaque("a#b"));
    }
}
