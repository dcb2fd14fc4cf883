//! Mails that tell about a change or invite to the next step.

use avnology_model::{Timestamp, credentials::Factor};

use super::{Mail, letter::Letter, name};
use crate::{Context, flows::Origin, when};

/// Someone tried to register an address that has an account, where registration does not say so itself.
#[derive(Clone, Copy, Debug)]
pub struct RegistrationAttempted<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
    /// The person's name, when it is known.
    pub name: Option<&'a str>,
    /// Where to sign in.
    pub sign_in_url: &'a str,
    /// Where to get back in.
    pub recovery_url: &'a str,
    /// Who tried.
    pub origin: Option<&'a Origin>,
}

impl RegistrationAttempted<'_> {
    /// The mail.
    pub fn render(&self) -> Mail {
        Letter::new(self.cx, "You already have an account", self.name)
            .text("Someone, perhaps you, tried to create an account with this address. It has one already, so you can sign in:")
            .button("Sign in", self.sign_in_url)
            .text("If you cannot get in any more, recover your account here:")
            .text(self.recovery_url)
            .origin(self.origin)
            .text("If it was not you, there is nothing to do. Nobody got into your account.")
            .finish()
    }
}

/// An account was made for someone, who now sets a password.
#[derive(Clone, Copy, Debug)]
pub struct Welcome<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
    /// The person's name, when it is known.
    pub name: Option<&'a str>,
    /// The address of the account.
    pub email: &'a str,
    /// Where the password is set.
    pub link: &'a str,
    /// When the link ends.
    pub expires_at: Timestamp,
}

impl Welcome<'_> {
    /// The mail.
    pub fn render(&self) -> Mail {
        let letter = Letter::new(self.cx, "Welcome", self.name);
        let subject = format!("Welcome to {}", letter.brand());
        let first = format!(
            "An account was made for you. You sign in with {}. First, set a password:",
            name::one_line(self.email)
        );
        let until = format!(
            "The link works until {}. After that, recover your account on the sign-in page.",
            when::exact(self.expires_at)
        );
        letter.subject(&subject).text(first).button("Set a password", self.link).text(until).finish()
    }
}

/// The password was changed.
#[derive(Clone, Copy, Debug)]
pub struct PasswordChanged<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
    /// The person's name, when it is known.
    pub name: Option<&'a str>,
    /// Who changed it, and when.
    pub origin: &'a Origin,
    /// Where to get back in.
    pub recovery_url: &'a str,
}

impl PasswordChanged<'_> {
    /// The mail.
    pub fn render(&self) -> Mail {
        Letter::new(self.cx, "Your password was changed", self.name)
            .text("The password of your account was changed. If it was you, there is nothing to do.")
            .origin(Some(self.origin))
            .text("If it was not you, recover your account now. That ends every session and lets you choose a new password:")
            .button("Recover your account", self.recovery_url)
            .support("If you need help, write to")
            .finish()
    }
}

/// Somebody signed in on a device that was not known.
#[derive(Clone, Copy, Debug)]
pub struct NewDevice<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
    /// The person's name, when it is known.
    pub name: Option<&'a str>,
    /// Who signed in, and when.
    pub origin: &'a Origin,
    /// Where sessions are ended.
    pub sessions_url: &'a str,
    /// Where to get back in.
    pub recovery_url: &'a str,
}

impl NewDevice<'_> {
    /// The mail.
    pub fn render(&self) -> Mail {
        Letter::new(self.cx, "You signed in on a new device", self.name)
            .text("Your account was signed in to on a device that it was not used on before. If it was you, there is nothing to do.")
            .origin(Some(self.origin))
            .text("If it was not you, recover your account now. That ends every session and lets you choose a new password:")
            .button("Recover your account", self.recovery_url)
            .text("You see your sessions and devices, and end them one by one, here:")
            .text(self.sessions_url)
            .support("If you need help, write to")
            .finish()
    }
}

/// A second factor was enrolled or removed.
#[derive(Clone, Copy, Debug)]
pub struct FactorChanged<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
    /// The person's name, when it is known.
    pub name: Option<&'a str>,
    /// Which.
    pub factor: Factor,
    /// Whether it was enrolled; else it was removed.
    pub enrolled: bool,
    /// Who changed it, and when.
    pub origin: &'a Origin,
    /// Where to get back in.
    pub recovery_url: &'a str,
}

impl FactorChanged<'_> {
    /// The mail.
    pub fn render(&self) -> Mail {
        let (heading, first) = match (self.factor, self.enrolled) {
            (Factor::Totp, true) => (
                "An authenticator app was added",
                "An authenticator app was added to your account. From now on, signing in asks for its code.",
            ),
            (Factor::Totp, false) => (
                "Your authenticator app was removed",
                "The authenticator app was removed from your account. Signing in no longer asks for its code.",
            ),
            (Factor::Passkey, true) => (
                "A passkey was added",
                "A passkey was added to your account. It signs you in with your fingerprint, face or PIN.",
            ),
            (Factor::Passkey, false) => (
                "A passkey was removed",
                "A passkey was removed from your account. It no longer signs you in.",
            ),
            (Factor::Sms, true) => (
                "Your phone became a second step",
                "A phone was added to your account. From now on, signing in can ask for a code that is texted to it.",
            ),
            (Factor::Sms, false) => (
                "Your phone is no second step any more",
                "The phone was removed from your second steps. Signing in no longer asks for a code that is texted to it.",
            ),
            (Factor::RecoveryCode, true) => (
                "You have new backup codes",
                "New backup codes were made for your account. Codes that you had before no longer work.",
            ),
            (Factor::RecoveryCode, false) => {
                ("Your backup codes were removed", "The backup codes of your account no longer work.")
            }
        };
        Letter::new(self.cx, heading, self.name)
            .text(format!("{first} If it was you, there is nothing to do."))
            .origin(Some(self.origin))
            .text("If it was not you, recover your account now. That ends every session and lets you choose a new password:")
            .button("Recover your account", self.recovery_url)
            .support("If you need help, write to")
            .finish()
    }
}

/// The e-mail was changed; goes to the old address.
#[derive(Clone, Copy, Debug)]
pub struct EmailChanged<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
    /// The person's name, when it is known.
    pub name: Option<&'a str>,
    /// The new address; shown in part.
    pub new_email: &'a str,
    /// Who changed it, and when.
    pub origin: &'a Origin,
    /// Undoes the change; none after a change by an administrator.
    pub undo: Option<UndoLink<'a>>,
}

/// The link that takes a change of address back.
#[derive(Clone, Copy, Debug)]
pub struct UndoLink<'a> {
    /// The link.
    pub url: &'a str,
    /// How long it works, in hours.
    pub hours: u32,
}

impl EmailChanged<'_> {
    /// The mail.
    pub fn render(&self) -> Mail {
        let letter = Letter::new(self.cx, "Your e-mail was changed", self.name)
            .text(format!(
                "Your account now has the address {}, and this one is no longer used. If it was you, there is nothing to do.",
                masked(self.new_email)
            ))
            .origin(Some(self.origin));
        let letter = match self.undo {
            Some(undo) => letter
                .text(format!(
                    "If it was not you, undo the change. You can do so for {}:",
                    when::count(i64::from(undo.hours), "hour")
                ))
                .button("Undo the change", undo.url),
            None => letter,
        };
        letter.support("If you need help, write to").finish()
    }
}

/// The phone was replaced or removed.
#[derive(Clone, Copy, Debug)]
pub struct PhoneChanged<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
    /// The person's name, when it is known.
    pub name: Option<&'a str>,
    /// The last digits of the new number; none when there is none.
    pub new_phone: Option<&'a str>,
    /// Who changed it, and when.
    pub origin: &'a Origin,
    /// Where to get back in.
    pub recovery_url: &'a str,
}

impl PhoneChanged<'_> {
    /// The mail.
    pub fn render(&self) -> Mail {
        let first = match self.new_phone {
            Some(phone) => format!("Your account now has the phone number {phone}."),
            None => "Your account has no phone number any more.".to_owned(),
        };
        Letter::new(self.cx, "Your phone number was changed", self.name)
            .text(format!("{first} If it was you, there is nothing to do."))
            .origin(Some(self.origin))
            .text("If it was not you, recover your account now. That ends every session and lets you choose a new password:")
            .button("Recover your account", self.recovery_url)
            .support("If you need help, write to")
            .finish()
    }
}

/// The account was locked after failed attempts.
#[derive(Clone, Copy, Debug)]
pub struct AccountLocked<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
    /// The person's name, when it is known.
    pub name: Option<&'a str>,
    /// When the lock ends.
    pub until: Timestamp,
    /// Where to get back in at once.
    pub recovery_url: &'a str,
    /// Who made the last attempt.
    pub origin: Option<&'a Origin>,
}

impl AccountLocked<'_> {
    /// The mail.
    pub fn render(&self) -> Mail {
        Letter::new(self.cx, "Your account is locked for a while", self.name)
            .text(format!(
                "Someone, perhaps you, tried to sign in too often with a wrong password or code. To keep your account \
                 safe, passwords and codes are refused until {}. Where you are signed in, you stay signed in.",
                when::exact(self.until)
            ))
            .origin(self.origin)
            .text("If it was you, wait, or recover your account to get in at once:")
            .button("Recover your account", self.recovery_url)
            .text("If it was not you, nobody got in. A longer password makes guessing harder.")
            .finish()
    }
}

/// The address with all but its first letter and its domain hidden.
fn masked(email: &str) -> String {
    let email = name::one_line(email);
    match email.rsplit_once('@') {
        Some((local, domain)) => format!("{}•••@{domain}", local.chars().take(1).collect::<String>()),
        None => "•••".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_in_part() {
        assert_eq!(masked("jane@acme.example"), "j•••@acme.example");
        assert_eq!(masked("nobody"), "•••");
    }
}
