//! Text as people enter it: trimming, Unicode normal form, control characters, and enums that have a text.

use unicode_normalization::UnicodeNormalization;

use crate::{FieldCode, FieldError};

/// A text that is none of an enum's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoSuchValue;

/// Why a text was refused.
pub type Refusal = (FieldCode, &'static str);

/// One line of text as it is stored: trimmed, in Unicode NFC, without control characters, at most `max` characters.
pub fn line(text: &str, max: usize) -> Result<String, Refusal> {
    let normal: String = text.trim().nfc().collect();
    if normal.chars().any(char::is_control) {
        return Err((FieldCode::InvalidFormat, "Control characters are not allowed."));
    }
    if normal.chars().count() > max {
        return Err((FieldCode::TooLong, "This is too long."));
    }
    Ok(normal)
}

/// Several lines of text as they are stored: as [`line`], with line feeds.
pub fn lines(text: &str, max: usize) -> Result<String, Refusal> {
    let normal: String = text.replace("\r\n", "\n").trim().nfc().collect();
    if normal.chars().any(|c| c.is_control() && c != '\n') {
        return Err((FieldCode::InvalidFormat, "Control characters are not allowed."));
    }
    if normal.chars().count() > max {
        return Err((FieldCode::TooLong, "This is too long."));
    }
    Ok(normal)
}

/// The characters of GSM 03.38 that take one place each in a text message.
const GSM: &str = "@£$¥èéùìòÇ\nØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿\
                   abcdefghijklmnopqrstuvwxyzäöñüà";

/// The text in the characters of GSM 03.38: others by the letters they are made of, or not at all.
pub fn gsm(text: &str) -> String {
    let in_gsm = |c: char| GSM.contains(c);
    let mut written = String::with_capacity(text.len());
    for c in text.nfc() {
        match c {
            c if in_gsm(c) => written.push(c),
            '\u{2018}' | '\u{2019}' => written.push('\''),
            '\u{2013}' | '\u{2014}' => written.push('-'),
            c => written.extend(std::iter::once(c).nfkd().filter(|c| in_gsm(*c))),
        }
    }
    written
}

/// The same for an optional line: an empty one is none.
pub fn optional_line(text: Option<&str>, max: usize) -> Result<Option<String>, Refusal> {
    Ok(text.map(|t| line(t, max)).transpose()?.filter(|t| !t.is_empty()))
}

/// Bytes in lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a text cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Bytes from hexadecimal; none for what is none.
pub fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> =
        text.chars().map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok())).collect::<Option<_>>()?;
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    digits.chunks(2).map(|pair| pair.iter().copied().reduce(|high, low| high << 4 | low)).collect()
}

/// Adds a refusal of `field` to `errors`, or answers the value.
pub fn collect<T>(errors: &mut Vec<FieldError>, field: &str, result: Result<T, Refusal>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err((code, message)) => {
            errors.push(FieldError { field: field.to_owned(), code, message: message.to_owned() });
            None
        }
    }
}

/// An enum whose values have one text each, for JSON, the databases and people.
macro_rules! text_enum {
    // `tt` and not `literal`: ToSchema reads the plain token only, and would name the values by their variants.
    ($(#[$doc:meta])* pub enum $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:tt,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $text)] $variant,)* }

        impl $name {
            /// Every value.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The text.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }

            /// The value with this text.
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)* _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = crate::text::NoSuchValue;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::parse(text).ok_or(crate::text::NoSuchValue)
            }
        }
    };
}
pub(crate) use text_enum;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sessions::Aal;

    #[test]
    fn texts_are_brought_into_the_alphabet_of_text_messages() {
        assert_eq!(gsm("Zoë’s Café – Łódź"), "Zoe's Café - odz");
        assert_eq!(gsm("東京 {ID}"), " ID");
    }

    #[test]
    fn the_document_names_values_as_they_are_sent() {
        let schema = serde_json::to_value(<Aal as utoipa::PartialSchema>::schema()).unwrap();
        assert_eq!(schema["enum"], serde_json::json!(["aal1", "aal2", "aal3"]));
        assert_eq!(serde_json::to_value(Aal::Aal2).unwrap(), Aal::ALL[1].as_str());
    }

    #[test]
    fn text_is_trimmed_and_composed() {
        assert_eq!(line("  Jose\u{301} ", 10).as_deref(), Ok("José"));
        assert_eq!(optional_line(Some("   "), 10), Ok(None));
    }

    #[test]
    fn control_characters_and_long_texts_are_refused() {
        assert_eq!(line("a\u{7}b", 10).map_err(|e| e.0), Err(FieldCode::InvalidFormat));
        assert_eq!(line("abc", 2).map_err(|e| e.0), Err(FieldCode::TooLong));
    }
}
