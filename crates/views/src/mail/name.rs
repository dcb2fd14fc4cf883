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
