//! Usernames, names, phone numbers, languages, zones and links as people enter them.

use crate::{
    FieldCode,
    text::{Refusal, line},
};

/// A username: 3–64 of letters, digits, `_` and `-`, beginning with a letter or digit, not a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Username(String);

impl Username {
    /// Reads a username.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let text = text.trim();
        if text.len() < 3 {
            return Err((FieldCode::TooShort, "At least 3 characters."));
        }
        if text.len() > 64 {
            return Err((FieldCode::TooLong, "At most 64 characters."));
        }
        let fits = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
            && text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric());
        if !fits {
            return Err((
                FieldCode::InvalidFormat,
                "Use letters, digits, - and _; begin with a letter or digit.",
            ));
        }
        if text.bytes().all(|b| b.is_ascii_digit()) {
            return Err((FieldCode::InvalidFormat, "Use at least one letter."));
        }
        Ok(Self(text.to_owned()))
    }

    /// The username as entered.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What decides whether two usernames are the same.
    pub fn key(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

/// A first, last or display name of at most `max` characters.
pub fn person_name(text: &str, max: usize) -> Result<String, Refusal> {
    line(text, max)
}

/// A phone number in E.164: `+` and 7 to 15 digits, the first no zero. Spaces, dashes, dots and brackets are dropped.
pub fn phone(text: &str) -> Result<String, Refusal> {
    let compact: String =
        text.chars().filter(|c| !matches!(c, ' ' | '-' | '.' | '(' | ')' | '\u{a0}')).collect();
    let fits = compact.strip_prefix('+').is_some_and(|digits| {
        (7..=15).contains(&digits.len())
            && digits.bytes().all(|b| b.is_ascii_digit())
            && !digits.starts_with('0')
    });
    if fits {
        Ok(compact)
    } else {
        Err((FieldCode::InvalidFormat, "Enter the number with its country code, as in +44 20 7946 0000."))
    }
}

/// What is shown of a phone number to whoever may not be its owner: the last two digits.
pub fn masked_phone(phone: &str) -> String {
    let digits: Vec<char> = phone.chars().filter(char::is_ascii_digit).collect();
    format!("••• {}", digits.iter().skip(digits.len().saturating_sub(2)).collect::<String>())
}

/// A BCP 47 language tag, well-formed by RFC 5646 §2.1 (subtags of 1–8 letters and digits, the first 2–8 letters).
pub fn locale(text: &str) -> Result<String, Refusal> {
    let text = text.trim();
    let mut subtags = text.split('-');
    let language_fits = subtags
        .next()
        .is_some_and(|l| (2..=8).contains(&l.len()) && l.bytes().all(|b| b.is_ascii_alphabetic()));
    let rest_fits =
        subtags.all(|s| (1..=8).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_alphanumeric()));
    if language_fits && rest_fits && text.len() <= 35 {
        Ok(text.to_owned())
    } else {
        Err((FieldCode::InvalidFormat, "Enter a language tag, as in en-GB."))
    }
}

/// An IANA time zone name, as in `Europe/London`.
pub fn timezone(text: &str) -> Result<String, Refusal> {
    let text = text.trim();
    let segment_fits = |s: &str| {
        !s.is_empty()
            && s.len() <= 30
            && s.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'+'))
    };
    let segments = text.split('/').count();
    if (1..=3).contains(&segments)
        && text.split('/').all(segment_fits)
        && text.bytes().next().is_some_and(|b| b.is_ascii_uppercase())
    {
        Ok(text.to_owned())
    } else {
        Err((FieldCode::InvalidFormat, "Enter a time zone, as in Europe/London."))
    }
}

/// An absolute `https` URL of at most `max` characters.
pub fn https_url(text: &str, max: usize) -> Result<String, Refusal> {
    let text = line(text, max)?;
    match url::Url::parse(&text) {
        Ok(url)
            if url.scheme() == "https"
                && url.has_host()
                && url.username().is_empty()
                && url.password().is_none() =>
        {
            Ok(text)
        }
        _ => Err((FieldCode::InvalidFormat, "Enter an https:// address.")),
    }
}

/// What somebody is called: the name that was set, else first and last name, else the part of the e-mail before `@`, else the
/// user name.
pub fn shown_name(
    set: Option<&str>,
    names: [Option<&str>; 2],
    email: Option<&str>,
    username: Option<&str>,
) -> String {
    if let Some(name) = set {
        return name.to_owned();
    }
    let names: Vec<&str> = names.into_iter().flatten().collect();
    if !names.is_empty() {
        return names.join(" ");
    }
    let local = email.and_then(|email| email.rsplit_once('@')).map(|(local, _)| local);
    local.or(username).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usernames_keep_their_spelling_and_compare_without_case() {
        let name = Username::parse(" Jane-Doe_1 ").unwrap();
        assert_eq!((name.as_str(), name.key().as_str()), ("Jane-Doe_1", "jane-doe_1"));
        for bad in ["ja", "-jane", "jane doe", "12345", "jäne", &"x".repeat(65)] {
            assert!(Username::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn phone_numbers_are_kept_in_e164() {
        assert_eq!(phone("+44 (20) 7946-0000").as_deref(), Ok("+442079460000"));
        for bad in ["02079460000", "+0123456789", "+12345", "+1234567890123456", "+44x"] {
            assert!(phone(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn of_a_phone_number_two_digits_are_shown() {
        assert_eq!(masked_phone("+442079460042"), "••• 42");
    }

    #[test]
    fn tags_zones_and_links_are_checked() {
        assert!(
            locale("en-GB").is_ok()
                && locale("zh-Hant-TW").is_ok()
                && locale("e").is_err()
                && locale("en_GB").is_err()
        );
        assert!(
            timezone("Europe/London").is_ok()
                && timezone("America/Argentina/Ushuaia").is_ok()
                && timezone("../etc").is_err()
        );
        assert!(https_url("https://a.example/x.png", 2048).is_ok());
        for bad in
            ["http://a.example", "https://u:p@a.example", "javascript:alert(1)", "//a.example", "https://"]
        {
            assert!(https_url(bad, 2048).is_err(), "{bad}");
        }
    }
}
