//! Whose pages these are: name, logo and addresses of the tenant.

use avnology_model::Timestamp;

use crate::{identities::FactorRecoveryNotice, organizations::Switcher};

/// Name, logo and addresses that pages and mails show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Brand {
    /// The product's name, as in "Avnology ID".
    pub name: String,
    /// Logo shown instead of the name, at most 48 px high.
    pub logo_url: Option<String>,
    /// Where people ask for help.
    pub support_email: Option<String>,
    /// Terms of use.
    pub terms_url: Option<String>,
    /// Privacy notice.
    pub privacy_url: Option<String>,
}

impl Brand {
    /// A brand with a name and nothing else.
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// The letter on the mark that stands beside the name.
    pub(crate) fn initial(&self) -> String {
        let first = self.name.chars().find(|c| c.is_alphanumeric());
        first.map(|c| c.to_uppercase().collect()).unwrap_or_default()
    }
}

/// What every page and mail is told: the brand, the language and the time.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// Whose pages these are.
    pub brand: &'a Brand,
    /// Language tag of the words (BCP 47); today the words are English.
    pub lang: &'a str,
    /// The time of the request, for "5 minutes ago".
    pub now: Timestamp,
    /// What the header offers to people who belong to organizations; nothing to all others.
    pub switcher: Option<&'a Switcher>,
    /// What account pages warn of: the second factors are about to be removed.
    pub factor_recovery: Option<&'a FactorRecoveryNotice>,
}

/// Languages written from right to left, by their primary subtag.
const RIGHT_TO_LEFT: &[&str] = &["ar", "dv", "fa", "he", "ks", "ku", "ps", "sd", "ug", "ur", "yi"];

impl<'a> Context<'a> {
    /// English words.
    pub fn english(brand: &'a Brand, now: Timestamp) -> Self {
        Self { brand, lang: "en", now, switcher: None, factor_recovery: None }
    }

    /// The same for somebody who belongs to organizations.
    #[must_use]
    pub fn with_switcher(self, switcher: Option<&'a Switcher>) -> Self {
        Self { switcher, ..self }
    }

    /// The same for somebody whose second factors are about to be removed.
    #[must_use]
    pub fn with_factor_recovery(self, factor_recovery: Option<&'a FactorRecoveryNotice>) -> Self {
        Self { factor_recovery, ..self }
    }

    /// The direction of the script: `ltr` or `rtl`.
    pub fn dir(&self) -> &'static str {
        let primary = self.lang.split('-').next().unwrap_or_default();
        if RIGHT_TO_LEFT.contains(&primary) { "rtl" } else { "ltr" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_direction_follows_the_language() {
        let brand = Brand::named("Avnology ID");
        let cx = |lang| Context { lang, ..Context::english(&brand, Timestamp::default()) };
        assert_eq!(cx("en-GB").dir(), "ltr");
        assert_eq!(cx("ar").dir(), "rtl");
        assert_eq!(cx("he-IL").dir(), "rtl");
    }

    #[test]
    fn the_mark_shows_the_first_letter_of_the_name() {
        assert_eq!(Brand::named("“avnology” ID").initial(), "A");
        assert_eq!(Brand::named("—").initial(), "");
    }
}
