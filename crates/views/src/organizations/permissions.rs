//! What scopes allow, in words, by area.

use avnology_model::permissions::Scope;

use super::fields::check;
use crate::parts::Fieldset;

/// Every scope that a role of an organization can hold, by area, in words.
pub(super) const AREAS: &[(&str, &[(Scope, &str)])] = &[
    (
        "Organization",
        &[
            (Scope::OrganizationsRead, "See the organization, its domains and seats"),
            (Scope::OrganizationsWrite, "Change settings and domains"),
            (Scope::OrganizationsDelete, "Delete it, keep it after all, hand it over"),
            (Scope::BrandingRead, "See how its pages look"),
            (Scope::BrandingWrite, "Change how its pages look"),
            (Scope::TemplatesRead, "See the words of its mails"),
            (Scope::TemplatesWrite, "Change the words of its mails"),
            (Scope::AnalyticsRead, "See figures of use"),
        ],
    ),
    (
        "People",
        &[
            (Scope::MembersRead, "See members and invitations"),
            (Scope::MembersWrite, "Invite, add, change and remove members"),
            (Scope::GroupsRead, "See groups"),
            (Scope::GroupsWrite, "Make, change and delete groups"),
            (Scope::RolesRead, "See roles"),
            (Scope::RolesWrite, "Make, change and delete roles"),
            (Scope::IdentitiesRead, "See accounts of members"),
            (Scope::IdentitiesWrite, "Make and change accounts that it manages"),
            (Scope::SessionsRead, "See where members are signed in"),
            (Scope::SessionsWrite, "Sign members out"),
        ],
    ),
    (
        "Sign-in",
        &[
            (Scope::SsoRead, "See single sign-on"),
            (Scope::SsoWrite, "Set up single sign-on"),
            (Scope::ScimRead, "See directories"),
            (Scope::ScimWrite, "Set up directories"),
        ],
    ),
    (
        "Security",
        &[
            (Scope::AuditRead, "Read the audit log"),
            (Scope::AuditExport, "Export the audit log"),
            (Scope::PolicyRead, "See policies"),
            (Scope::PolicyWrite, "Change policies"),
            (Scope::RiskRead, "See how risky sign-ins were"),
            (Scope::RiskWrite, "Change what counts as risk"),
            (Scope::PermissionsRead, "Ask who may do what in applications"),
            (Scope::PermissionsWrite, "Change who may do what in applications"),
        ],
    ),
    (
        "Programs",
        &[
            (Scope::KeysRead, "See API keys"),
            (Scope::KeysWrite, "Make, replace and end API keys"),
            (Scope::ServiceAccountsRead, "See service accounts"),
            (Scope::ServiceAccountsWrite, "Make and change service accounts"),
            (Scope::WebhooksRead, "See webhooks"),
            (Scope::WebhooksWrite, "Change webhooks"),
            (Scope::SsfRead, "See streams of security events"),
            (Scope::SsfWrite, "Change streams of security events"),
        ],
    ),
    (
        "Access",
        &[
            (Scope::GovernanceRequestsRead, "See the catalogue, requests and grants"),
            (Scope::GovernanceRequestsWrite, "Change the catalogue, requests and grants"),
            (Scope::GovernanceReviewsRead, "See reviews"),
            (Scope::GovernanceReviewsWrite, "Run reviews"),
            (Scope::GovernanceSodRead, "See which duties are kept apart"),
            (Scope::GovernanceSodWrite, "Change which duties are kept apart"),
        ],
    ),
    (
        "Oneself",
        &[
            (Scope::AccountSelf, "Look after the own account"),
            (Scope::PrivacySelf, "Export and delete the own data"),
            (Scope::AccessSelf, "Ask for access, and answer requests and reviews"),
        ],
    ),
];

/// An area, and what is allowed in it.
pub(super) struct Area {
    pub(super) name: &'static str,
    pub(super) words: Vec<&'static str>,
}

/// What a role allows, by area; areas without anything are left out.
pub(super) fn areas(scopes: &[Scope]) -> Vec<Area> {
    let area = |(name, all): &(&'static str, &[(Scope, &'static str)])| {
        let held = all.iter().filter(|(scope, _)| scopes.contains(scope));
        Area { name, words: held.map(|(_, words)| *words).collect() }
    };
    AREAS.iter().map(area).filter(|area| !area.words.is_empty()).collect()
}

/// A box for each scope that is to be shown, by area; it sends `true` under `scope:…`.
pub(super) fn boxes(shown: impl Fn(&Scope) -> bool, ticked: impl Fn(&Scope) -> bool) -> Vec<Fieldset> {
    let set = |(area, all): &(&str, &[(Scope, &str)])| Fieldset {
        legend: (*area).to_owned(),
        hint: String::new(),
        fields: all
            .iter()
            .filter(|(scope, _)| shown(scope))
            .map(|(scope, words)| check(&format!("scope:{scope}"), words, ticked(scope)))
            .collect(),
    };
    AREAS.iter().map(set).filter(|set| !set.fields.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scope_of_organizations_is_told_in_words_once() {
        let told: Vec<Scope> =
            AREAS.iter().flat_map(|(_, all)| all.iter().map(|(scope, _)| *scope)).collect();
        for scope in Scope::ALL.iter().filter(|scope| scope.is_of_organizations()) {
            assert_eq!(told.iter().filter(|one| *one == scope).count(), 1, "{scope}");
        }
        assert!(told.iter().all(|scope| scope.is_of_organizations()));
        let mut words: Vec<&str> =
            AREAS.iter().flat_map(|(_, all)| all.iter().map(|(_, words)| *words)).collect();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), told.len(), "each says something else");
    }
}
