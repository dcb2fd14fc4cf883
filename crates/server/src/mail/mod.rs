//! Puts letters into words and carries them to the operator's mail server (SMTP, RFC 5321).
//!
//! Which letter is due, and to whom, is decided in `core`; what it says stands in `views`.

mod composer;
mod message;
mod transport;

pub use composer::LetterComposer;
pub use transport::SmtpTransport;

/// The PEM bundle of `extra_ca_file`, when there is one.
///
/// # Errors
/// When it cannot be read; the text names it.
pub fn extra_roots(config: &crate::config::Config) -> std::io::Result<Option<Vec<u8>>> {
    let Some(path) = &config.extra_ca_file else { return Ok(None) };
    let read = std::fs::read(path);
    read.map(Some)
        .map_err(|e| std::io::Error::new(e.kind(), format!("{} cannot be read: {e}", path.display())))
}
