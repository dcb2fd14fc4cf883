//! Names in mails. A name is whatever someone typed, perhaps someone who registered another person's address.

/// Longest name that is repeated, in characters.
const LONGEST: usize = 60;

/// "Hello Jane," — or "Hello," when there is no name, or one that mail programs would turn into a link.
pub(crate) fn greeting(name: Option<&str>) -> String {
    name.and_then(presentable).map_or_else(|| "Hello,".to_owned(), |name| format!("Hello {name},"))
}

/// One line without control or direction marks, at most 60 characters; none when empty or looking like an address.
fn presentable(name: &str) -> Option<String> {
    let name = one_line(name);
    let looks_like_address = name.contains(['/', '@', ':', '\\'])
        || name.to_lowercase().contains("www.")
        || name.split_whitespace().any(is_host_name);
    if name.is_empty() || looks_like_address {
        return None;
    }
    if name.chars().count() <= LONGEST {
        return Some(name);
    }
    let short: String = name.chars().take(LONGEST).collect();
    Some(format!("{}…", short.trim_end()))
}

/// What someone called a thing, to be named in a sentence: one line, not too long, and never a link.
pub(crate) fn shown(name: &str) -> String {
    let line = one_line(name);
    let short: String = line.chars().take(LONGEST).collect();
    without_links(&if short.len() < line.len() { format!("{}…", short.trim_end()) } else { short })
}

/// The text with an invisible joiner wherever mail programs would see an address and make it a link.
pub(crate) fn without_links(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        out.push(c);
        let goes_on = chars.peek().is_some_and(|next| !next.is_whitespace());
        if goes_on && matches!(c, '.' | ':' | '@' | '。' | '．') {
            out.push('\u{2060}');
        }
    }
    out
}

/// Letters, a dot, and at least two letters: "example.com", but not "J. Doe" or "Jr.".
fn is_host_name(word: &str) -> bool {
    word.rsplit_once('.').is_some_and(|(host, last)| {
        !host.is_empty() && last.chars().count() >= 2 && last.chars().all(char::is_alphanumeric)
    })
}

/// The text on one line: white space collapsed, without control characters and marks that change the direction.
pub(crate) fn one_line(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
    let visible: String =
        text.chars().filter(|c| !turns(*c)).map(|c| if c.is_control() { ' ' } else { c }).collect();
    visible.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_names_are_greeted() {
        for name in ["Jane", "Jane Q. Doe", "O’Neil-Smith", "李小龙", "Sammy Davis Jr.", "J. R. R. Tolkien"]
        {
            assert_eq!(greeting(Some(name)), format!("Hello {name},"));
        }
        assert_eq!(greeting(None), "Hello,");
    }

    #[test]
    fn names_of_things_stay_readable_and_become_no_links() {
        assert_eq!(shown("Acme Corporation"), "Acme Corporation");
        assert_eq!(shown("Ask J. Doe."), "Ask J. Doe.");
        assert_eq!(shown("evil.example"), "evil.\u{2060}example");
        assert_eq!(shown("http://x"), "http:\u{2060}//x");
        assert_eq!(shown("a@b.example"), "a@\u{2060}b.\u{2060}example");
        assert_eq!(shown(&"x".repeat(200)).chars().count(), LONGEST + 1);
    }

    #[test]
    fn a_name_cannot_carry_an_address_a_line_or_a_change_of_direction() {
        for name in
            ["Visit evil.example", "https://evil.example/x", "www.evil", "a@b.example", "evil.com", ""]
        {
            assert_eq!(greeting(Some(name)), "Hello,", "{name}");
        }
        assert_eq!(greeting(Some("Jane\r\nBcc: everyone")), "Hello,");
        assert_eq!(greeting(Some("Jane\r\n\u{202e}Doe")), "Hello Jane Doe,");
        assert_eq!(greeting(Some(&"x".repeat(200))).chars().count(), "Hello ,".len() + LONGEST + 1);
    }
}
