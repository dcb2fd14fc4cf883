//! The frame of the account pages: header with brand and person menu, side navigation, content.

use avnology_model::ids::IdentityId;

use crate::parts::Icon;

/// The person whose pages these are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Id; the colour of the avatar follows from it.
    pub id: IdentityId,
    /// Name to show; may be empty.
    pub name: String,
    /// E-mail, when there is one.
    pub email: Option<String>,
    /// Picture, when there is one.
    pub avatar_url: Option<String>,
}

/// How many avatar colours the style sheet has.
const HUES: u32 = 8;

/// Which of the colours an id has.
pub(crate) fn hue_of(id: impl AsRef<[u8]>) -> u32 {
    id.as_ref().iter().fold(0_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(*byte))) % HUES
}

impl Person {
    /// Up to two letters: of the first and last word of the name, else of the e-mail.
    pub(crate) fn initials(&self) -> String {
        let first_letter = |word: &str| word.chars().find(|c| c.is_alphanumeric());
        let mut letters = self.name.split_whitespace().filter_map(first_letter);
        let first = letters.next().or_else(|| self.email.as_deref().and_then(first_letter));
        first.into_iter().chain(letters.next_back()).flat_map(char::to_uppercase).collect()
    }

    /// Which of the avatar colours.
    pub(crate) fn hue(&self) -> u32 {
        hue_of(self.id.bytes())
    }

    /// Name, else e-mail.
    pub(crate) fn title(&self) -> &str {
        if self.name.trim().is_empty() { self.email.as_deref().unwrap_or("Your account") } else { &self.name }
    }

    /// E-mail, else name: what the person signs in as.
    pub(crate) fn known_as(&self) -> &str {
        self.email.as_deref().unwrap_or(&self.name)
    }
}

/// The pages of the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    Overview,
    Profile,
    Security,
    Sessions,
    Applications,
    Activity,
    Privacy,
    /// No entry of the navigation leads here: who has none never sees it.
    Organizations,
}

impl Section {
    pub(crate) const ALL: [Self; 7] = [
        Self::Overview,
        Self::Profile,
        Self::Security,
        Self::Sessions,
        Self::Applications,
        Self::Activity,
        Self::Privacy,
    ];

    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Profile => "Profile",
            Self::Security => "Security",
            Self::Sessions => "Sessions",
            Self::Applications => "Applications",
            Self::Activity => "Activity",
            Self::Privacy => "Privacy",
            Self::Organizations => "Organizations",
        }
    }

    pub(crate) fn href(self) -> &'static str {
        match self {
            Self::Overview => "/account",
            Self::Profile => "/account/profile",
            Self::Security => "/account/security",
            Self::Sessions => "/account/sessions",
            Self::Applications => "/account/applications",
            Self::Activity => "/account/activity",
            Self::Privacy => "/account/privacy",
            Self::Organizations => "/account/organizations",
        }
    }

    pub(crate) fn icon(self) -> Icon {
        match self {
            Self::Overview => Icon::Home,
            Self::Profile => Icon::Person,
            Self::Security => Icon::Shield,
            Self::Sessions => Icon::Devices,
            Self::Applications => Icon::Stack,
            Self::Activity => Icon::List,
            Self::Privacy => Icon::Lock,
            Self::Organizations => Icon::Building,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(name: &str, email: Option<&str>) -> Person {
        let id = IdentityId::from_bytes([7; 16]);
        Person { id, name: name.to_owned(), email: email.map(str::to_owned), avatar_url: None }
    }

    #[test]
    fn initials_are_taken_from_names_in_any_script() {
        for (name, initials) in [
            ("Jane Doe", "JD"),
            ("jane", "J"),
            ("Jane van der Doe", "JD"),
            ("李 小龙", "李小"),
            ("“Ö” …", "Ö"),
        ] {
            assert_eq!(person(name, None).initials(), initials, "{name}");
        }
        assert_eq!(person(" ", Some("jane@acme.example")).initials(), "J");
        assert_eq!(person("", None).initials(), "");
    }

    #[test]
    fn the_colour_stays_among_those_of_the_style_sheet() {
        for byte in 0..=255 {
            let person = Person { id: IdentityId::from_bytes([byte; 16]), ..person("Jane", None) };
            assert!(person.hue() < HUES);
        }
    }
}
