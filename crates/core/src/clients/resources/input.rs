//! What callers may write of a resource.

use avnology_model::{
    Error, FieldCode, Result,
    clients::ResourceSettings,
    text::{collect, line},
};
use avnology_oauth::{Scopes, resource};

use crate::clients::{
    input::push,
    scopes::{is_openid, system},
};

/// Most characters of a name.
const NAME: usize = 100;
/// Most characters of a description.
const DESCRIPTION: usize = 200;
/// Most scopes, and most clients.
const MANY: usize = 100;

/// `_902` for what cannot be a resource.
pub(super) fn check(settings: &mut ResourceSettings, issuer: &str) -> Result<()> {
    let mut errors = Vec::new();
    if !resource::is_identifier(&settings.identifier) {
        push(&mut errors, "identifier", FieldCode::InvalidFormat, "An absolute URI without a fragment.");
    } else if settings.identifier == issuer {
        push(&mut errors, "identifier", FieldCode::NotAllowed, "This is the server's own.");
    }
    if let Some(name) = collect(&mut errors, "name", line(&settings.name, NAME)) {
        if name.is_empty() {
            push(&mut errors, "name", FieldCode::TooShort, "At least 1 character.");
        }
        settings.name = name;
    }
    for (field, count) in
        [("scopes", settings.scopes.len()), ("introspection_clients", settings.introspection_clients.len())]
    {
        if count > MANY {
            push(&mut errors, field, FieldCode::TooLong, "At most 100.");
        }
    }
    for (n, scope) in settings.scopes.iter().enumerate() {
        let field = format!("scopes[{n}].name");
        let is_one = Scopes::parse(&scope.name).is_ok() && !scope.name.contains(' ');
        if !is_one {
            push(&mut errors, &field, FieldCode::InvalidFormat, "Printable ASCII without spaces and quotes.");
        } else if is_openid(&scope.name) || system(&scope.name).is_some() {
            push(&mut errors, &field, FieldCode::Conflict, "The server has a scope of this name.");
        } else if settings.scopes.iter().take(n).any(|other| other.name == scope.name) {
            push(&mut errors, &field, FieldCode::Duplicate, "This stands here twice.");
        }
        if let Some(description) = &scope.description {
            collect(&mut errors, &format!("scopes[{n}].description"), line(description, DESCRIPTION));
        }
    }
    match settings.access_token_ttl_seconds {
        Some(life) if life < 300 => {
            push(&mut errors, "access_token_ttl_seconds", FieldCode::TooSmall, "At least 300.");
        }
        Some(life) if life > 3_600 => {
            push(&mut errors, "access_token_ttl_seconds", FieldCode::TooLarge, "At most 3600.");
        }
        _ => {}
    }
    Error::from_fields(errors)
}
