//! Names of domains that an organization may claim (`contract/20` §8).

use std::{fmt, sync::LazyLock};

use psl::Psl as _;

use crate::{Code, Error, FieldCode};

/// Where the proof of a domain stands: a label before the domain itself.
pub const CHALLENGE_LABEL: &str = "_avnology-challenge";
/// So long that the name of its proof still is a name (RFC 1035 §2.3.4).
const MAX: usize = 253 - CHALLENGE_LABEL.len() - 1;
/// Longer texts are not looked at: a name of 253 ASCII characters takes less in any script.
const LONGEST_TEXT: usize = 1_024;
/// Top-level names that no organization can own: set aside by standards (RFC 6761, 6762, 7686, 9476, the root's `internal`),
/// or used by everybody in networks of their own. `example` and `test` are for whoever runs a name server of that kind.
const RESERVED: &[&str] = &[
    "alt",
    "arpa",
    "corp",
    "home",
    "internal",
    "intranet",
    "invalid",
    "lan",
    "local",
    "localdomain",
    "localhost",
    "onion",
    "private",
];
/// Domains under which anybody gets a mailbox, one a line, sorted.
const MAILBOX_PROVIDERS: &str = include_str!("mailbox_providers.txt");

/// A domain in ASCII (IDNA), lower case, that an organization may claim: no public suffix, no provider of mailboxes for
/// everybody, no reserved name, no address.
///
/// It is checked where it comes in. What is kept is plain text: lists grow, and a domain that was proven stays readable.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DomainName(String);

/// Why a text is no domain that an organization may claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DomainRefusal {
    /// No name of a domain.
    Malformed,
    /// A name without room for that of its proof.
    TooLong,
    /// A network address.
    Address,
    /// A name that stands for no one domain.
    Reserved,
    /// A name under which everybody registers.
    PublicSuffix,
    /// A name under which everybody gets a mailbox.
    MailboxProvider,
}

impl DomainRefusal {
    /// `_902` for what is no domain, `_316` for a domain that belongs to nobody in particular.
    pub fn error(self, field: &str) -> Error {
        let not_acceptable = |detail: &str| Error::new(Code::DomainNotAcceptable).with_detail(detail);
        match self {
            Self::Malformed => {
                Error::field(field, FieldCode::InvalidFormat, "Enter a domain, as in acme.com.")
            }
            Self::TooLong => Error::field(field, FieldCode::TooLong, format!("At most {MAX} characters.")),
            Self::Address => not_acceptable("This is a network address, not a domain."),
            Self::Reserved => not_acceptable("This name is reserved: it belongs to no organization."),
            Self::PublicSuffix => not_acceptable("Anybody can register names under this one."),
            Self::MailboxProvider => not_acceptable("Anybody can get a mailbox at this domain."),
        }
    }
}

impl DomainName {
    /// Reads a domain as a person enters it.
    pub fn parse(text: &str) -> Result<Self, DomainRefusal> {
        let text = text.trim();
        let text = text.strip_suffix('.').unwrap_or(text);
        if text.len() > LONGEST_TEXT {
            return Err(DomainRefusal::TooLong);
        }
        if is_address(text) {
            return Err(DomainRefusal::Address);
        }
        let ascii = idna::domain_to_ascii_strict(text).map_err(|_| DomainRefusal::Malformed)?;
        if ascii.is_empty() || ascii.split('.').any(str::is_empty) {
            return Err(DomainRefusal::Malformed);
        }
        // Digits of other scripts become plain ones on the way.
        if is_address(&ascii) {
            return Err(DomainRefusal::Address);
        }
        if ascii.len() > MAX {
            return Err(DomainRefusal::TooLong);
        }
        let top = ascii.rsplit('.').next().unwrap_or_default();
        if RESERVED.binary_search(&top).is_ok() {
            return Err(DomainRefusal::Reserved);
        }
        if is_public_suffix(&ascii) {
            return Err(DomainRefusal::PublicSuffix);
        }
        if is_mailbox_provider(&ascii) {
            return Err(DomainRefusal::MailboxProvider);
        }
        Ok(Self(ascii))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DomainName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for DomainName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Whether anybody gets a mailbox at this domain, written as [`crate::identities::Email::domain`] writes it.
pub fn is_mailbox_provider(domain: &str) -> bool {
    static SORTED: LazyLock<Vec<&str>> = LazyLock::new(|| MAILBOX_PROVIDERS.lines().collect());
    SORTED.binary_search(&domain).is_ok()
}

/// Whether the list of public suffixes has this name, or it has one label only.
fn is_public_suffix(ascii: &str) -> bool {
    psl::List.suffix(ascii.as_bytes()).is_none_or(|suffix| suffix.as_bytes().len() >= ascii.len())
}

/// An address of either kind, in brackets or not; also the odd ones that URLs allow, as in `127.1` or `0x7f.1`.
fn is_address(text: &str) -> bool {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    if bare.parse::<std::net::IpAddr>().is_ok() {
        return true;
    }
    let top = text.rsplit('.').next().unwrap_or_default();
    let is_hexadecimal = |digits: &str| digits.bytes().all(|b| b.is_ascii_hexdigit());
    let is_decimal = !top.is_empty() && top.bytes().all(|b| b.is_ascii_digit());
    is_decimal || top.strip_prefix("0x").or_else(|| top.strip_prefix("0X")).is_some_and(is_hexadecimal)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::identities::Email;

    fn refusal(text: &str) -> Option<DomainRefusal> {
        DomainName::parse(text).err()
    }

    #[test]
    fn a_domain_is_kept_in_ascii_and_lower_case() {
        for (text, kept) in [
            ("acme.com", "acme.com"),
            (" ACME.Com. ", "acme.com"),
            ("bücher.example", "xn--bcher-kva.example"),
            ("xn--bcher-kva.example", "xn--bcher-kva.example"),
            ("acme。example", "acme.example"),
            ("mail.acme.co.uk", "mail.acme.co.uk"),
            ("acme.github.io", "acme.github.io"),
            ("intranet.acme.com", "intranet.acme.com"),
            ("acme.test", "acme.test"),
        ] {
            assert_eq!(DomainName::parse(text).map(|d| d.to_string()), Ok(kept.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_no_domain_is_malformed() {
        for text in [
            "",
            ".",
            "..",
            "acme..com",
            "-acme.com",
            "acme_inc.com",
            "jane@acme.com",
            "https://acme.com",
            "acme.com/x",
            "a b.com",
        ] {
            assert_eq!(refusal(text), Some(DomainRefusal::Malformed), "{text}");
        }
    }

    #[test]
    fn names_under_which_everybody_registers_belong_to_nobody() {
        for text in [
            "com",
            "example",
            "co.uk",
            "CO.UK.",
            "github.io",
            "anything.ck",
            "рф",
            "xn--p1ai",
            "公司.cn",
            "xn--55qx5d.cn",
            "blogspot.com",
            "nosuchtopleveldomain",
        ] {
            assert_eq!(refusal(text), Some(DomainRefusal::PublicSuffix), "{text}");
        }
        assert!(DomainName::parse("www.ck").is_ok(), "an exception of the list");
    }

    #[test]
    fn providers_of_mailboxes_belong_to_nobody() {
        for text in [
            "gmail.com",
            "GMail.com",
            "outlook.com",
            "yahoo.co.jp",
            "qq.com",
            "web.de",
            "proton.me",
            "icloud.com",
        ] {
            assert_eq!(refusal(text), Some(DomainRefusal::MailboxProvider), "{text}");
        }
        assert!(DomainName::parse("corp.gmail.com").is_ok(), "a domain stands for itself only");
    }

    #[test]
    fn reserved_names_and_addresses_belong_to_nobody() {
        for text in [
            "localhost",
            "a.localhost",
            "printer.local",
            "db.internal",
            "x.invalid",
            "1.168.192.in-addr.arpa",
            "abc.onion",
        ] {
            assert_eq!(refusal(text), Some(DomainRefusal::Reserved), "{text}");
        }
        for text in
            ["127.0.0.1", "[::1]", "::1", "2001:db8::1", "127.1", "acme.42", "0x7f.0x1", "１２７.0.0.1"]
        {
            assert_eq!(refusal(text), Some(DomainRefusal::Address), "{text}");
        }
    }

    #[test]
    fn a_domain_leaves_room_for_the_name_of_its_proof() {
        let label = "a".repeat(57);
        let long = format!("{label}.{label}.{label}.{}.com", "b".repeat(55));
        assert_eq!(long.len(), MAX);
        let proof = format!("{CHALLENGE_LABEL}.{}", DomainName::parse(&long).expect("fits"));
        assert_eq!(proof.len(), 253);
        assert_eq!(refusal(&format!("c{}", &long)), Some(DomainRefusal::TooLong));
        assert_eq!(
            refusal(&format!("{}.com", "a".repeat(64))),
            Some(DomainRefusal::Malformed),
            "a label of 64"
        );
    }

    #[test]
    fn a_refusal_says_whether_it_is_no_domain_or_nobodys() {
        for (text, code) in [
            ("a b.com", Code::ValidationFailed),
            ("co.uk", Code::DomainNotAcceptable),
            ("gmail.com", Code::DomainNotAcceptable),
            ("127.0.0.1", Code::DomainNotAcceptable),
            ("a.local", Code::DomainNotAcceptable),
        ] {
            assert_eq!(DomainName::parse(text).map_err(|e| e.error("domain").code()), Err(code), "{text}");
        }
    }

    #[test]
    fn the_lists_are_sorted_and_hold_names_that_would_else_pass() {
        assert!(RESERVED.is_sorted());
        let providers: Vec<&str> = MAILBOX_PROVIDERS.lines().collect();
        assert!(providers.windows(2).all(|pair| pair[0] < pair[1]), "sorted, each once");
        assert!(providers.len() > 300, "{}", providers.len());
        for provider in providers {
            assert_eq!(refusal(provider), Some(DomainRefusal::MailboxProvider), "{provider}");
            let email = Email::parse(&format!("jane@{provider}")).expect("an address");
            assert!(is_mailbox_provider(email.domain()), "{provider}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in ".{0,300}") {
            let _ = DomainName::parse(&text);
        }

        #[test]
        fn a_domain_reads_back_as_itself(text in "[a-zA-Z0-9ßäж例.。-]{1,40}(\\.(com|example|co\\.uk|рф|de))?\\.?") {
            if let Ok(domain) = DomainName::parse(&text) {
                prop_assert_eq!(DomainName::parse(domain.as_str()), Ok(domain.clone()));
                prop_assert_eq!(DomainName::parse(&format!(" {}. ", domain.as_str().to_uppercase())), Ok(domain));
            }
        }

        #[test]
        fn the_domain_of_an_address_is_written_alike(label in "[a-zA-Z0-9äж例]{1,20}", top in "(com|example|de)") {
            let entered = format!("{label}.{top}");
            if let (Ok(domain), Ok(email)) = (DomainName::parse(&entered), Email::parse(&format!("jane@{entered}"))) {
                prop_assert_eq!(domain.as_str(), email.domain());
            }
        }
    }
}
