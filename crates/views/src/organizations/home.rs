//! An organization as headers and lists show it, and the switcher that leads from one to another.

use avnology_model::ids::OrganizationId;

use crate::layout::hue_of;

/// An organization by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    /// Id; the colour of its crest follows from it.
    pub id: OrganizationId,
    /// Display name.
    pub name: String,
    /// Name in URLs.
    pub slug: String,
}

impl Home {
    /// Where its pages are.
    pub fn href(&self) -> String {
        format!("/organizations/{}", self.slug)
    }

    /// Where people sign in to it.
    pub fn door(&self) -> String {
        format!("/org/{}", self.slug)
    }

    /// Its first letter on a colour of its own, as an element. Letters and digits need no escaping.
    pub(crate) fn crest(&self) -> String {
        let first = self.name.chars().find(|c| c.is_alphanumeric());
        let letter: String = first.map(|c| c.to_uppercase().collect()).unwrap_or_default();
        format!(r#"<span class="crest hue-{}" aria-hidden="true">{letter}</span>"#, hue_of(self.id.bytes()))
    }
}

/// One organization to choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SwitchChoice {
    /// The organization.
    pub home: Home,
    /// Whether the page is about it.
    pub is_current: bool,
}

/// What the header offers to somebody who belongs to organizations. Its buttons belong to a form at the end of the page, so
/// that the main form stays the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Switcher {
    /// The organizations that can be chosen.
    pub choices: Vec<SwitchChoice>,
    /// Organizations to which this browser is or was signed in with other accounts: there one signs in, and does not switch.
    pub elsewhere: Vec<Home>,
    /// Whether the person can act for none of them.
    pub has_personal: bool,
    /// Whether the person may make another one.
    pub may_create: bool,
    /// Form token.
    pub csrf_token: String,
}

impl Switcher {
    pub(crate) fn current(&self) -> Option<&Home> {
        self.choices.iter().find(|choice| choice.is_current).map(|choice| &choice.home)
    }

    pub(crate) fn is_personal(&self) -> bool {
        self.current().is_none()
    }
}
