//! Mails about second factors that somebody says they have lost.

use avnology_model::Timestamp;

use super::{Mail, letter::Letter};
use crate::{Context, flows::Origin, when};

/// The factors will be removed; sent at once and shortly before.
#[derive(Clone, Copy, Debug)]
pub struct FactorRecoveryStarted<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
    /// The person's name, when it is known.
    pub name: Option<&'a str>,
    /// Whether it is the second mail.
    pub is_reminder: bool,
    /// From when on they can be removed.
    pub effective_at: Timestamp,
    /// Keeps them.
    pub cancel_url: &'a str,
    /// Who asked; in the first mail.
    pub origin: Option<&'a Origin>,
}

impl FactorRecoveryStarted<'_> {
    /// The mail.
    pub fn render(&self) -> Mail {
        let heading = if self.is_reminder {
            "Your second factors can soon be removed"
        } else {
            "Have you lost your second factors?"
        };
        let asked = format!(
            "It was asked to remove the second factors of your account, such as an authenticator app, passkeys and backup \
             codes. They can be removed from {} on. Until then nothing changes.",
            when::exact(self.effective_at)
        );
        let letter = Letter::new(self.cx, heading, self.name).text(asked);
        let letter = if self.is_reminder { letter } else { letter.origin(self.origin) };
        letter
            .text("If it was you, wait: we mail you a link. If it was not you, stop it now, and change your password:")
            .button("Keep my second factors", self.cancel_url)
            .text("Signing in with one of them stops it, too.")
            .support("If you need help, write to")
            .finish()
    }
}

/// The waiting period is over.
#[derive(Clone, Copy, Debug)]
pub struct FactorRecoveryReady<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
    /// The person's name, when it is known.
    pub name: Option<&'a str>,
    /// Removes them.
    pub link: &'a str,
    /// Until when the link works.
    pub until: Timestamp,
    /// Keeps them.
    pub cancel_url: &'a str,
    /// Where to get another link.
    pub recovery_url: &'a str,
}

impl FactorRecoveryReady<'_> {
    /// The mail.
    pub fn render(&self) -> Mail {
        Letter::new(self.cx, "You can remove your second factors now", self.name)
            .text("You have waited long enough. Remove the second factors that you have lost, and get back into your account:")
            .button("Get back into my account", self.link)
            .text(format!(
                "The link works once, until {}. After that, ask for another one here, within a week:",
                when::exact(self.until)
            ))
            .text(self.recovery_url)
            .text("If it was not you who asked for this, stop it:")
            .text(self.cancel_url)
            .support("If you need help, write to")
            .finish()
    }
}

/// The factors stay.
#[derive(Clone, Copy, Debug)]
pub struct FactorRecoveryCancelled<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
    /// The person's name, when it is known.
    pub name: Option<&'a str>,
    /// Where the second factors are.
    pub security_url: &'a str,
}

impl FactorRecoveryCancelled<'_> {
    /// The mail.
    pub fn render(&self) -> Mail {
        Letter::new(self.cx, "Your second factors stay", self.name)
            .text(
                "They will not be removed. Whoever asked for it may know your mailbox: if it was not you, change its password, \
                 and that of your account.",
            )
            .button("Look at your security", self.security_url)
            .support("If you did not want this, write to")
            .finish()
    }
}
