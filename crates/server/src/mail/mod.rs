//! Puts letters into words and carries them to the operator's mail server (SMTP, RFC 5321).
//!
//! Which letter is due, and to whom, is decided in `core`; what it says stands in `views`.

mod composer;
mod message;
mod transport;

pub use composer::LetterComposer;
pub use transport::SmtpTransport;
