//! Reading what is asked of accounts and keys.

use avnology_model::{
    FieldCode, FieldError, Timestamp,
    permissions::Scope,
    service_accounts::{IpNet, parse_network},
    text::{collect, line, lines},
};

use super::Keeper;

/// Most characters of a description.
const DESCRIPTION: usize = 500;
/// Most networks of a key.
const NETWORKS: usize = 50;

pub(super) fn push(errors: &mut Vec<FieldError>, field: &str, code: FieldCode, message: &str) {
    errors.push(FieldError { field: field.to_owned(), code, message: message.to_owned() });
}

/// The value of a member of a patch that cannot be cleared; none when it is absent.
pub(super) fn required<T>(errors: &mut Vec<FieldError>, field: &str, value: Option<Option<T>>) -> Option<T> {
    if matches!(value, Some(None)) {
        push(errors, field, FieldCode::Required, "This cannot be taken away.");
    }
    value.flatten()
}

/// A name of 1–`most` characters.
pub(super) fn name(errors: &mut Vec<FieldError>, text: &str, most: usize) -> String {
    let name = collect(errors, "name", line(text, most)).unwrap_or_default();
    if name.is_empty() && !errors.iter().any(|error| error.field == "name") {
        push(errors, "name", FieldCode::Required, "A name is needed.");
    }
    name
}

/// A description; an empty one is none.
pub(super) fn description(errors: &mut Vec<FieldError>, text: Option<&str>) -> Option<String> {
    let text = text.and_then(|text| collect(errors, "description", lines(text, DESCRIPTION)));
    text.filter(|text| !text.is_empty())
}

/// Scopes, former spellings included, in the order of the table and each once; those that `may` refuses are not allowed.
pub(super) fn scopes(
    errors: &mut Vec<FieldError>,
    texts: &[String],
    may: impl Fn(Scope) -> bool,
) -> Vec<Scope> {
    let mut scopes = Vec::new();
    for (n, text) in texts.iter().enumerate() {
        let found = Scope::parse_alias(text.trim());
        if found.is_empty() {
            push(errors, &format!("scopes[{n}]"), FieldCode::NotInEnum, "There is no such scope.");
        } else if !found.iter().all(|scope| may(*scope)) {
            push(errors, &format!("scopes[{n}]"), FieldCode::NotAllowed, "This scope cannot be given here.");
        }
        scopes.extend(found);
    }
    scopes.sort_unstable();
    scopes.dedup();
    scopes
}

/// The scopes of an account, at least one.
pub(super) fn account_scopes(errors: &mut Vec<FieldError>, texts: &[String], keeper: &Keeper) -> Vec<Scope> {
    if texts.is_empty() {
        push(errors, "scopes", FieldCode::Required, "An account without scopes can do nothing.");
    }
    scopes(errors, texts, |scope| keeper.may_be_given(scope))
}

/// Networks, each once; one address is a network of its own.
pub(super) fn networks(errors: &mut Vec<FieldError>, texts: &[String]) -> Vec<IpNet> {
    if texts.len() > NETWORKS {
        push(errors, "allowed_cidrs", FieldCode::TooLong, "At most 50.");
        return Vec::new();
    }
    let mut networks: Vec<IpNet> = Vec::new();
    for (n, text) in texts.iter().enumerate() {
        match parse_network(text) {
            Some(network) if networks.contains(&network) => {}
            Some(network) => networks.push(network),
            None => {
                let field = format!("allowed_cidrs[{n}]");
                push(
                    errors,
                    &field,
                    FieldCode::InvalidFormat,
                    "A network, as in 192.0.2.0/24, or an address.",
                );
            }
        }
    }
    networks
}

/// An end, which is in the future.
pub(super) fn end(errors: &mut Vec<FieldError>, end: Option<Timestamp>, now: Timestamp) {
    if end.is_some_and(|end| end <= now) {
        push(errors, "expire_time", FieldCode::TooSmall, "In the future.");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn former_spellings_are_read_and_every_scope_is_kept_once() {
        let mut errors = Vec::new();
        let asked = texts(&["members:write", "admin:orgs:read", "organizations:read", "ssf.manage"]);
        let read = scopes(&mut errors, &asked, |_| true);
        let read: Vec<&str> = read.iter().map(|scope| scope.as_str()).collect();
        assert_eq!(read, ["organizations:read", "members:read", "members:write", "ssf:read", "ssf:write"]);
        assert!(errors.is_empty());
    }

    #[test]
    fn each_scope_that_does_not_fit_is_named() {
        let mut errors = Vec::new();
        scopes(&mut errors, &texts(&["dance", "members:read", "keys:write"]), Scope::is_for_keys);
        let told: Vec<_> = errors.iter().map(|error| (error.field.as_str(), error.code)).collect();
        assert_eq!(told, [("scopes[0]", FieldCode::NotInEnum), ("scopes[2]", FieldCode::NotAllowed)]);
    }

    #[test]
    fn networks_are_few_and_well_formed() {
        let mut errors = Vec::new();
        let read = networks(&mut errors, &texts(&["192.0.2.1/24", "192.0.2.0/24", "x", "10.0.0.1"]));
        assert_eq!(read.iter().map(ToString::to_string).collect::<Vec<_>>(), ["192.0.2.0/24", "10.0.0.1/32"]);
        assert_eq!(errors.iter().map(|error| error.field.as_str()).collect::<Vec<_>>(), ["allowed_cidrs[2]"]);
        let many: Vec<String> = (0..51).map(|n| format!("10.0.0.{n}")).collect();
        networks(&mut errors, &many);
        assert_eq!(errors.last().map(|error| error.code), Some(FieldCode::TooLong));
    }
}
