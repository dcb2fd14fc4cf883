//! Mails with a code or a link that lets someone in, or proves an address.

use super::{Mail, letter::Letter};
use crate::{Context, flows::Origin, when::count};

/// Said below every code.
const KEEP_SECRET: &str = "Nobody from our side will ever ask you for this code.";

/// Said where the reader may not have asked for the mail.
const IGNORE: &str =
    "If you did not ask for this, you can ignore this mail. Nobody gets into your account without it.";

/// A code to sign in.
#[derive(Clone, Copy, Debug)]
pub struct SignInCode<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
    /// The person's name, when it is known.
    pub name: Option<&'a str>,
    /// The code.
    pub code: &'a str,
    /// How long it works.
    pub minutes: u32,
    /// Who asked for it.
    pub origin: Option<&'a Origin>,
}

impl SignInCode<'_> {
    /// The mail.
    pub fn render(&self) -> Mail {
        let letter = Letter::new(self.cx, "Your sign-in code", self.name);
        let subject = format!("{} is your {} code", self.code, letter.brand());
        letter
            .subject(&subject)
            .text(format!(
                "Enter this code where you are signing in. It works for {}.",
                minutes(self.minutes)
            ))
            .code(self.code)
            .text(KEEP_SECRET)
            .origin(self.origin)
            .text(IGNORE)
            .finish()
    }
}

/// A link to sign in, with a code beside it for flows of programs.
#[derive(Clone, Copy, Debug)]
pub struct SignInLink<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
    /// The person's name, when it is known.
    pub name: Option<&'a str>,
    /// The link.
    pub link: &'a str,
    /// A code that does the same.
    pub code: Option<&'a str>,
    /// How long both work.
    pub minutes: u32,
    /// Who asked for it.
    pub origin: Option<&'a Origin>,
}

impl SignInLink<'_> {
    /// The mail.
    pub fn render(&self) -> Mail {
        let letter = Letter::new(self.cx, "Your sign-in link", self.name);
        let subject = format!("Sign in to {}", letter.brand());
        let mut letter = letter
            .subject(&subject)
            .text(format!("Open this link to sign in. It works once, for {}.", minutes(self.minutes)))
            .button("Sign in", self.link);
        if let Some(code) = self.code {
            letter = letter.text("Or enter this code where you are signing in:").code(code).text(KEEP_SECRET);
        }
        letter.origin(self.origin).text(IGNORE).finish()
    }
}

/// A code to prove an address.
#[derive(Clone, Copy, Debug)]
pub struct VerificationCode<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
    /// The person's name, when it is known.
    pub name: Option<&'a str>,
    /// The code.
    pub code: &'a str,
    /// A link that does the same.
    pub link: Option<&'a str>,
    /// How long both work.
    pub minutes: u32,
}

impl VerificationCode<'_> {
    /// The mail.
    pub fn render(&self) -> Mail {
        let letter = Letter::new(self.cx, "Verify your e-mail", self.name);
        let subject = format!("{} is your {} code", self.code, letter.brand());
        let mut letter = letter
            .subject(&subject)
            .text(format!(
                "Enter this code to prove that this address is yours. It works for {}.",
                minutes(self.minutes)
            ))
            .code(self.code)
            .text(KEEP_SECRET);
        if let Some(link) = self.link {
            letter = letter.text("Or open this link:").button("Verify address", link);
        }
        letter
            .text("If you did not ask for this, you can ignore this mail. Somebody may have mistyped their address.")
            .finish()
    }
}

/// A code to get back into an account.
#[derive(Clone, Copy, Debug)]
pub struct RecoveryCode<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
    /// The person's name, when it is known.
    pub name: Option<&'a str>,
    /// The code.
    pub code: &'a str,
    /// A link that does the same.
    pub link: Option<&'a str>,
    /// How long both work.
    pub minutes: u32,
    /// Who asked for it.
    pub origin: Option<&'a Origin>,
}

impl RecoveryCode<'_> {
    /// The mail.
    pub fn render(&self) -> Mail {
        let mut letter = Letter::new(self.cx, "Recover your account", self.name)
            .text(format!(
                "Enter this code to choose a new password. It works for {}.",
                minutes(self.minutes)
            ))
            .code(self.code)
            .text(KEEP_SECRET);
        if let Some(link) = self.link {
            letter = letter.text("Or open this link:").button("Choose a new password", link);
        }
        letter
            .origin(self.origin)
            .text("If you did not ask for this, you can ignore this mail. Your password stays as it is.")
            .finish()
    }
}

/// Someone asked for recovery of an account that cannot be recovered this way.
#[derive(Clone, Copy, Debug)]
pub struct RecoveryNotPossible<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
    /// The person's name, when it is known.
    pub name: Option<&'a str>,
    /// Who asked for it.
    pub origin: Option<&'a Origin>,
}

impl RecoveryNotPossible<'_> {
    /// The mail.
    pub fn render(&self) -> Mail {
        Letter::new(self.cx, "Your account cannot be recovered by mail", self.name)
            .text(
                "Someone, perhaps you, asked to recover the account with this address. It is switched off or signs in \
                 another way, so we cannot send a code. Nothing was changed.",
            )
            .origin(self.origin)
            .support("If you need to get in, write to")
            .text("If you did not ask for this, you can ignore this mail.")
            .finish()
    }
}

fn minutes(n: u32) -> String {
    count(i64::from(n), "minute")
}
