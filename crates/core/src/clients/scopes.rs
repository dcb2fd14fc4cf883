//! Which scopes there are: those of OpenID Connect, those of our own API, and those of resources.

use avnology_model::{clients::ApiResource, permissions::Scope};

/// Scopes that give claims, not rights (`contract/30` §5).
const OPENID: [&str; 9] = [
    "openid",
    "profile",
    "email",
    "address",
    "phone",
    "offline_access",
    "organizations",
    "permissions",
    "groups",
];

/// Whether it is one of OpenID Connect.
pub(super) fn is_openid(scope: &str) -> bool {
    OPENID.contains(&scope)
}

/// The scope of our own API with this name.
pub(super) fn system(scope: &str) -> Option<Scope> {
    Scope::parse(scope)
}

/// Whether there is such a scope.
pub(super) fn is_known(scope: &str, resources: &[ApiResource]) -> bool {
    is_openid(scope) || system(scope).is_some() || is_of_resource(scope, resources)
}

/// Whether one of these resources has it.
pub(super) fn is_of_resource(scope: &str, resources: &[ApiResource]) -> bool {
    resources.iter().any(|resource| resource.settings.scopes.iter().any(|own| own.name == scope))
}

/// The scopes with former spellings replaced, each once, in their order.
pub(super) fn canonical(scopes: &[String]) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let mut add = |scope: String| {
        if !all.contains(&scope) {
            all.push(scope);
        }
    };
    for scope in scopes {
        let found = if is_openid(scope) { Vec::new() } else { Scope::parse_alias(scope) };
        if found.is_empty() {
            add(scope.clone());
        }
        for scope in found {
            add(scope.as_str().to_owned());
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn former_spellings_become_the_present_ones_and_others_stay() {
        let asked = ["openid", "admin:users:read", "identities:read", "invoices:read"].map(str::to_owned);
        assert_eq!(canonical(&asked), ["openid", "identities:read", "invoices:read"]);
    }

    #[test]
    fn scopes_of_the_protocol_and_of_our_api_are_known() {
        assert!(is_known("groups", &[]) && is_known("members:read", &[]));
        assert!(!is_known("invoices:read", &[]));
    }
}
