//! Mails about the deletion of an account.

use avnology_model::Timestamp;

use super::{Mail, letter::Letter};
use crate::{Context, when};

/// The account will be deleted; sent at once and three days before.
#[derive(Clone, Copy, Debug)]
pub struct DeletionScheduled<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
    /// The person's name, when it is known.
    pub name: Option<&'a str>,
    /// When.
    pub scheduled_for: Timestamp,
    /// Cancels the deletion; none where an administrator has decided.
    pub keep_url: Option<&'a str>,
    /// Where the receipt will be once everything is gone.
    pub receipt_url: Option<&'a str>,
}

impl DeletionScheduled<'_> {
    /// The mail.
    pub fn render(&self) -> Mail {
        let letter = Letter::new(self.cx, "Your account will be deleted", self.name);
        let subject =
            format!("Your {} account will be deleted on {}", letter.brand(), when::day(self.scheduled_for));
        let letter = letter.subject(&subject).text(format!(
            "Your account and everything in it will be deleted on {}. After that it cannot be brought back.",
            when::exact(self.scheduled_for)
        ));
        let letter = match self.keep_url {
            Some(url) => {
                letter.text("If you want to keep it, say so before then:").button("Keep my account", url)
            }
            None => letter.support("If you want to keep it, write to"),
        };
        let letter = match self.receipt_url {
            Some(url) => letter
                .text("When everything is gone, a signed receipt is here. Nothing else leads to it then, so keep this link:")
                .text(url),
            None => letter,
        };
        letter.finish()
    }
}

/// An administrator has had all data of the account copied.
#[derive(Clone, Copy, Debug)]
pub struct DataExported<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
    /// The person's name, when it is known.
    pub name: Option<&'a str>,
    /// Where people see what happened to their account.
    pub activity_url: &'a str,
}

impl DataExported<'_> {
    /// The mail.
    pub fn render(&self) -> Mail {
        Letter::new(self.cx, "A copy of your data was made", self.name)
            .text("An administrator has asked for a copy of all data that we hold about you. It holds no passwords.")
            .button("See your activity", self.activity_url)
            .support("If you want to know why, write to")
            .finish()
    }
}

/// The account will not be deleted after all.
#[derive(Clone, Copy, Debug)]
pub struct DeletionCancelled<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
    /// The person's name, when it is known.
    pub name: Option<&'a str>,
    /// Where the account is.
    pub account_url: &'a str,
}

impl DeletionCancelled<'_> {
    /// The mail.
    pub fn render(&self) -> Mail {
        Letter::new(self.cx, "Your account stays", self.name)
            .text("The deletion of your account was cancelled. Nothing was removed.")
            .button("Open your account", self.account_url)
            .support("If you did not want this, write to")
            .finish()
    }
}
