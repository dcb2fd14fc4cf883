//! Categories of what is held about a person (`contract/10` §9.1).

use crate::text::text_enum;

text_enum! {
    /// A kind of data that is held about a person, and the name of its file in an export.
    pub enum Category {
        /// Names, addresses, traits, picture.
        Profile = "profile",
        /// What they prove themselves with; never secrets.
        Credentials = "credentials",
        /// Where they are signed in.
        Sessions = "sessions",
        /// Where they have signed in before.
        Devices = "devices",
        /// Memberships and groups.
        Organizations = "organizations",
        /// Boxes ticked.
        Consents = "consents",
        /// Roles and relations.
        Permissions = "permissions",
        /// What happened to the account in the last 90 days.
        Activity = "activity",
        /// What the audit logs tell about them.
        Audit = "audit",
        /// Deletions asked for, exports made, choices.
        Privacy = "privacy",
    }
}

impl Category {
    /// Name for people.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Profile => "Profile",
            Self::Credentials => "Sign-in methods",
            Self::Sessions => "Sessions",
            Self::Devices => "Devices",
            Self::Organizations => "Organizations",
            Self::Consents => "Consents",
            Self::Permissions => "Permissions",
            Self::Activity => "Activity",
            Self::Audit => "Audit records",
            Self::Privacy => "Privacy requests",
        }
    }

    /// What it is.
    pub const fn description(self) -> &'static str {
        match self {
            Self::Profile => {
                "Name, e-mail, phone, username, picture, language, and the fields that applications keep with you."
            }
            Self::Credentials => {
                "Which passwords and other methods you have, and when they were made and used. Never the secrets."
            }
            Self::Sessions => "Where you are signed in: browser, network address, times.",
            Self::Devices => {
                "The browsers and applications that you have signed in with, and where you skip the second factor."
            }
            Self::Organizations => "Your memberships, with roles and times.",
            Self::Consents => "Which terms you accepted, what you allowed applications to do, and when.",
            Self::Permissions => "Roles and relations that are granted to you.",
            Self::Activity => "Sign-ins, changes and other events of your account.",
            Self::Audit => "What the audit logs tell about you.",
            Self::Privacy => {
                "Deletions you asked for, copies that were made, and your choice about the sale of data."
            }
        }
    }

    /// What it is for.
    pub const fn purpose(self) -> &'static str {
        match self {
            Self::Profile => "To know you again and to tell applications who you are",
            Self::Credentials | Self::Sessions | Self::Devices => "To let you in, and nobody else",
            Self::Organizations | Self::Permissions => "To decide what you may do",
            Self::Consents => "To prove what was agreed",
            Self::Activity => "To let you see what happened to your account",
            Self::Audit => "To find out what happened when something goes wrong",
            Self::Privacy => "To do what you asked for",
        }
    }

    /// Why that is lawful (GDPR, Article 6(1)).
    pub const fn legal_basis(self) -> &'static str {
        match self {
            Self::Profile
            | Self::Credentials
            | Self::Sessions
            | Self::Devices
            | Self::Organizations
            | Self::Permissions => "contract",
            Self::Consents | Self::Privacy => "legal_obligation",
            Self::Activity | Self::Audit => "legitimate_interests",
        }
    }

    /// Whether a deletion removes it; of the audit logs the person's parts.
    pub const fn is_erased(self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_category_is_explained_and_has_a_file_of_its_own() {
        for category in Category::ALL {
            for text in [category.title(), category.description(), category.purpose(), category.legal_basis()]
            {
                assert!(!text.is_empty(), "{category}");
            }
            assert!(category.as_str().chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{category}");
        }
    }
}
