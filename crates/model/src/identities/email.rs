//! E-mail addresses: kept as entered, compared by one key.

use std::fmt;

use crate::{FieldCode, text::Refusal};

/// An e-mail address (RFC 5321 §4.1.2, RFC 6531): a dot-atom or quoted local part and a DNS domain.
///
/// Two addresses are the same when their [`Email::key`] is: the local part in Unicode NFKC and lower case, the
/// domain by IDNA to-ASCII (UTS #46). The key is decided here, once; nothing else compares addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email {
    entered: String,
    key: String,
}

const MALFORMED: Refusal = (FieldCode::InvalidFormat, "Enter an e-mail address.");

impl Email {
    /// Reads an address as a person enters it.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        use unicode_normalization::UnicodeNormalization;
        let entered: String = text.trim().nfc().collect();
        if entered.len() > 254 {
            return Err((FieldCode::TooLong, "E-mail addresses have at most 254 characters."));
        }
        if entered.chars().any(|c| c.is_control() || is_invisible(c)) {
            return Err(MALFORMED);
        }
        let (local, domain) = entered.rsplit_once('@').ok_or(MALFORMED)?;
        let local_key = local_key(local).ok_or(MALFORMED)?;
        let domain_key = domain_key(domain).ok_or(MALFORMED)?;
        Ok(Self { key: format!("{local_key}@{domain_key}"), entered })
    }

    /// The address as entered, trimmed, in Unicode NFC.
    pub fn as_str(&self) -> &str {
        &self.entered
    }

    /// What decides whether two addresses are the same.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The domain in ASCII, lower case.
    pub fn domain(&self) -> &str {
        self.key.rsplit_once('@').map_or("", |(_, domain)| domain)
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.entered)
    }
}

/// Zero-width and direction marks: two addresses that differ in them only look the same to everyone.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

/// The comparable local part; `None` when it is none (RFC 5321 §4.1.2: `Dot-string` or `Quoted-string`, 64 octets).
fn local_key(local: &str) -> Option<String> {
    use unicode_normalization::UnicodeNormalization;
    if local.is_empty() || local.len() > 64 {
        return None;
    }
    let content = match local.strip_prefix('"') {
        Some(rest) => unquote(rest.strip_suffix('"')?)?,
        None => local.to_owned(),
    };
    let key: String = content.nfkc().flat_map(char::to_lowercase).nfc().collect();
    // A quoted local part that needs no quotes is the same mailbox as the plain one.
    if is_dot_string(&key) {
        return Some(key);
    }
    let quoted = local.starts_with('"') && !key.chars().any(char::is_control);
    quoted.then(|| format!("\"{}\"", key.replace('\\', "\\\\").replace('"', "\\\"")))
}

/// The text inside a quoted string, with `\"` and `\\` resolved.
fn unquote(text: &str) -> Option<String> {
    let mut content = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => content.push(chars.next()?),
            '"' => return None,
            other => content.push(other),
        }
    }
    (!content.is_empty()).then_some(content)
}

/// Atoms joined by single dots (RFC 5322 §3.2.3, with the non-ASCII characters of RFC 6532).
fn is_dot_string(text: &str) -> bool {
    let is_atom_char = |c: char| {
        c.is_ascii_alphanumeric()
            || "!#$%&'*+-/=?^_`{|}~".contains(c)
            || (!c.is_ascii() && !c.is_whitespace())
    };
    text.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atom_char))
}

/// The domain by IDNA to-ASCII; `None` unless it has two labels at least and its last one is no number.
fn domain_key(domain: &str) -> Option<String> {
    let ascii = idna::domain_to_ascii_strict(domain).ok()?;
    let labels: Vec<&str> = ascii.split('.').collect();
    let top_is_a_name =
        labels.last().is_some_and(|top| top.len() >= 2 && !top.bytes().all(|b| b.is_ascii_digit()));
    (labels.len() >= 2 && ascii.len() <= 253 && top_is_a_name).then_some(ascii)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(text: &str) -> Option<String> {
        Email::parse(text).ok().map(|e| e.key().to_owned())
    }

    #[test]
    fn odd_but_valid_addresses_are_accepted() {
        for address in [
            "jane@acme.example",
            "jane.doe+news@sub.acme.example",
            "o'brien!#$%&*/=?^_`{|}~-@acme.example",
            "\"jane doe\"@acme.example",
            "\"a@b\"@acme.example",
            "\"quo\\\"te\"@acme.example",
            "jörg@bücher.example",
            "用户@例子.广告",
            "x@xn--bcher-kva.example",
            " padded@acme.example ",
            "1234567890123456789012345678901234567890123456789012345678901234@acme.example",
        ] {
            assert!(Email::parse(address).is_ok(), "{address}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for address in [
            "",
            "@",
            "jane",
            "jane@",
            "@acme.example",
            "jane@acme",
            "jane..doe@acme.example",
            ".jane@acme.example",
            "jane.@acme.example",
            "jane doe@acme.example",
            "jane@acme..example",
            "jane@-acme.example",
            "jane@[127.0.0.1]",
            "jane@127.0.0.1",
            "jane@acme.example\r\nBcc: x@y.example",
            "ja\u{200b}ne@acme.example",
            "\"open@acme.example",
            "12345678901234567890123456789012345678901234567890123456789012345@acme.example",
            "a@b@acme.example",
            "\"\"@acme.example",
            "<jane@acme.example>",
            "jane@acme.example,x@y.example",
        ] {
            assert!(Email::parse(address).is_err(), "{address}");
        }
    }

    #[test]
    fn addresses_that_mean_the_same_mailbox_have_the_same_key() {
        assert_eq!(key("Jane@ACME.Example"), key("jane@acme.example"));
        assert_eq!(key("x@bücher.example"), key("x@xn--bcher-kva.example"));
        assert_eq!(key("x@BÜCHER.example"), key("x@xn--bcher-kva.example"));
        assert_eq!(key("\"jane\"@acme.example"), key("jane@acme.example"));
        assert_eq!(key("ｊane@acme.example"), key("jane@acme.example"), "full-width letters");
        assert_eq!(key("jose\u{301}@acme.example"), key("jos\u{e9}@acme.example"), "composed or not");
        assert_eq!(key("x@acme。example"), key("x@acme.example"), "ideographic full stop");
    }

    #[test]
    fn look_alikes_of_other_scripts_are_other_addresses() {
        assert_ne!(key("j\u{430}ne@acme.example"), key("jane@acme.example"), "cyrillic a");
        assert_ne!(key("x@\u{430}cme.example"), key("x@acme.example"), "cyrillic a in the domain");
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in ".{0,300}") {
            let _ = Email::parse(&text);
        }

        #[test]
        fn the_key_of_a_key_is_itself(local in "[a-zA-Z0-9._%+-]{1,20}", domain in "[a-z0-9]{1,10}\\.[a-z]{2,5}") {
            if let Ok(email) = Email::parse(&format!("{local}@{domain}")) {
                prop_assert_eq!(Email::parse(email.key()).map(|e| e.key().to_owned()), Ok(email.key().to_owned()));
            }
        }
    }
}
