//! A letter as an Internet message (RFC 5322) to one person.

use avnology_core::{Entropy, OsEntropy, ports::Letter};
use avnology_model::{Error, Result, identities::Email, text::hex};
use lettre::{
    Address, Message,
    message::{
        Mailbox, MultiPart,
        header::{Header, HeaderName, HeaderValue},
    },
};

/// The message for `to`, in plain text and HTML.
///
/// Headers cannot be injected: addresses are parsed, and the subject is brought to one line and encoded.
pub(super) fn build(from: &Mailbox, to: &str, letter: &Letter) -> Result<Message> {
    Message::builder()
        .message_id(Some(message_id(from.email.domain())))
        .from(from.clone())
        .to(Mailbox::new(None, address(to)?))
        .subject(one_line(&letter.subject))
        .header(AutoSubmitted)
        .multipart(MultiPart::alternative_plain_html(letter.text.clone(), letter.html.clone()))
        .map_err(Error::internal)
}

/// The recipient: the local part as entered, the domain in ASCII, so that only a local part beyond ASCII asks the
/// mail server for SMTPUTF8 (RFC 6531).
fn address(to: &str) -> Result<Address> {
    let email = Email::parse(to).map_err(|_| Error::internal("the recipient is no e-mail address"))?;
    let (local, _) = email.as_str().rsplit_once('@').unwrap_or((email.as_str(), ""));
    Address::new(local, email.domain()).map_err(Error::internal)
}

/// Unique for ever (RFC 5322 §3.6.4), in the sender's domain.
fn message_id(domain: &str) -> String {
    let mut random = [0_u8; 16];
    OsEntropy.fill(&mut random);
    format!("<{}@{domain}>", hex(&random))
}

/// Line ends and other control characters become spaces.
fn one_line(subject: &str) -> String {
    subject.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// `Auto-Submitted: auto-generated` (RFC 3834 §5): nobody's holiday notice shall answer us.
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}
