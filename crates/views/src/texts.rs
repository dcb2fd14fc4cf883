//! Text messages. One with a code fits into 160 characters of GSM 03.38, whatever the tenant is called.

use avnology_model::{Timestamp, text::gsm};

use crate::when;

/// What fits into one text message.
const MOST: usize = 160;

/// A code.
#[derive(Clone, Copy, Debug)]
pub struct Code<'a> {
    /// Whose it is.
    pub brand: &'a str,
    /// What it is for, as in `sign-in`.
    pub what: &'a str,
    /// The code.
    pub code: &'a str,
    /// The host whose pages alone it is for: browsers and phones read the last line and offer the code there.
    pub bound_to: Option<&'a str>,
}

impl Code<'_> {
    /// The text.
    pub fn render(&self) -> String {
        let Self { code, what, .. } = self;
        let (first, last) = (format!("{code} is your "), format!("{what} code. Do not share it."));
        let bound = self.bound_to.map(|host| format!("\n\n@{host} #{code}"));
        // A host that leaves no room for words is left out whole.
        let fixed = first.len() + last.len();
        let bound = bound.filter(|line| fixed + line.len() <= MOST).unwrap_or_default();
        let room = MOST.saturating_sub(fixed + bound.len() + 1);
        let brand: String = gsm(self.brand).trim().chars().take(room).collect();
        let brand = brand.trim();
        if brand.is_empty() {
            format!("{first}{last}{bound}")
        } else {
            format!("{first}{brand} {last}{bound}")
        }
    }
}

/// Somebody asked for recovery of an account that cannot be recovered this way.
pub fn recovery_not_possible(brand: &str) -> String {
    format!("{}: your account cannot be recovered by text. Ask its administrator.", gsm(brand))
}

/// The second factors can be removed, from a time on or, without one, at once.
pub fn factors_at_stake(brand: &str, from: Option<Timestamp>, keep: &str) -> String {
    let brand = short(brand);
    let from = from.map_or_else(|| "now".to_owned(), |from| format!("from {}", when::exact(from)));
    format!(
        "{brand}: it was asked to remove the second factors of your account, which is possible {from}. Not you? Keep \
         them: {keep}"
    )
}

fn short(brand: &str) -> String {
    gsm(brand).chars().take(40).collect()
}

/// The number was replaced; goes to the old one.
pub fn phone_changed(brand: &str, undo: &str) -> String {
    let brand = short(brand);
    format!("{brand}: your account has another phone number now. Not you? Undo it within 72 hours: {undo}")
}
