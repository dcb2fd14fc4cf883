//! What callers may write of a client, checked as a whole (`contract/30` §2.1).

use avnology_model::{
    Error, FieldCode, FieldError, Result,
    clients::{ClientSettings, ClientType, GrantType, RequiredRelation, TokenEndpointAuthMethod},
    identities::{Email, https_url},
    ids::OrganizationId,
    organizations::Slug,
    text::{collect, line},
};
use avnology_oauth::{AcrValue, RedirectUri, RedirectUriFault, Scopes};
use avnology_store::{
    IdentityTx, clients::resources, organizations::organizations, service_accounts::accounts,
};

use super::{exchange, scopes};

/// Most characters of a name.
const NAME: usize = 100;
/// Most redirect URIs of a kind.
const URIS: usize = 50;
/// Most scopes, resources and organizations.
const MANY: usize = 100;
/// Most addresses of makers.
const CONTACTS: usize = 10;
/// Most characters of a URL.
const URL: usize = 2_048;
/// Most bytes of metadata, as JSON.
const JSON_BYTES: usize = 16 * 1024;

pub(super) fn push(errors: &mut Vec<FieldError>, field: &str, code: FieldCode, message: &str) {
    errors.push(FieldError { field: field.to_owned(), code, message: message.to_owned() });
}

/// `_902` for what does not depend on anything that is kept.
pub(super) fn check(settings: &mut ClientSettings, is_test: bool) -> Result<()> {
    let mut errors = Vec::new();
    if let Some(name) = collect(&mut errors, "name", line(&settings.name, NAME)) {
        if name.is_empty() {
            push(&mut errors, "name", FieldCode::TooShort, "At least 1 character.");
        }
        settings.name = name;
    }
    check_uris(settings, is_test, &mut errors);
    check_grants(settings, &mut errors);
    check_authentication(settings, &mut errors);
    exchange::check_settings(settings, &mut errors);
    check_tokens(settings, &mut errors);
    check_about(settings, &mut errors);
    Error::from_fields(errors)
}

fn check_uris(settings: &ClientSettings, is_test: bool, errors: &mut Vec<FieldError>) {
    let kind = kind_of(settings.kind);
    for (field, uris) in [
        ("redirect_uris", &settings.redirect_uris),
        ("post_logout_redirect_uris", &settings.post_logout_redirect_uris),
    ] {
        if uris.len() > URIS {
            push(errors, field, FieldCode::TooLong, "At most 50.");
        }
        for (n, uri) in uris.iter().enumerate() {
            let field = format!("{field}[{n}]");
            if uris.iter().take(n).any(|other| other == uri) {
                push(errors, &field, FieldCode::Duplicate, "This stands here twice.");
            }
            if let Err(fault) = RedirectUri::register(uri, kind, is_test) {
                push(errors, &field, FieldCode::InvalidFormat, words_of(fault));
            }
        }
    }
    if settings.redirect_uris.is_empty() && settings.may(GrantType::AuthorizationCode) {
        push(errors, "redirect_uris", FieldCode::Required, "People must be sent back somewhere.");
    }
}

fn words_of(fault: RedirectUriFault) -> &'static str {
    match fault {
        RedirectUriFault::Fragment => "Without a fragment.",
        RedirectUriFault::UserInfo => "Without a user name.",
        RedirectUriFault::NotLoopback => {
            "https; http on this machine only, in the test environment and for native apps."
        }
        RedirectUriFault::Scheme => "https, or for native apps a scheme with a dot.",
        _ => "An absolute URI, as in https://app.example.com/callback.",
    }
}

fn check_grants(settings: &ClientSettings, errors: &mut Vec<FieldError>) {
    let confidential = settings.kind.is_confidential();
    for (n, grant) in settings.grant_types.iter().enumerate() {
        let field = format!("grant_types[{n}]");
        if settings.grant_types.iter().take(n).any(|other| other == grant) {
            push(errors, &field, FieldCode::Duplicate, "This stands here twice.");
        }
        match grant {
            GrantType::ClientCredentials if !confidential => {
                push(errors, &field, FieldCode::NotAllowed, "For clients that can keep a secret.");
            }
            GrantType::AuthorizationCode | GrantType::DeviceCode if settings.kind == ClientType::Machine => {
                push(errors, &field, FieldCode::NotAllowed, "Machines sign nobody in.");
            }
            GrantType::AuthorizationCode if settings.kind == ClientType::Device => {
                push(errors, &field, FieldCode::NotAllowed, "Devices have no browser.");
            }
            GrantType::RefreshToken
                if !settings.may(GrantType::AuthorizationCode) && !settings.may(GrantType::DeviceCode) =>
            {
                push(errors, &field, FieldCode::NotAllowed, "Beside a grant of people only.");
            }
            _ => {}
        }
    }
}

fn check_authentication(settings: &ClientSettings, errors: &mut Vec<FieldError>) {
    let confidential = settings.kind.is_confidential();
    let method = settings.auth_method();
    let field = "token_endpoint_auth_method";
    if confidential && method == TokenEndpointAuthMethod::None {
        push(errors, field, FieldCode::NotAllowed, "A client that can keep a secret shows one.");
    }
    if !confidential && method != TokenEndpointAuthMethod::None {
        push(errors, field, FieldCode::NotAllowed, "A public client has no secret to show.");
    }
    if !settings.require_pkce && !confidential {
        push(errors, "require_pkce", FieldCode::NotAllowed, "Public clients must send a challenge.");
    }
    if !settings.refresh_token_rotation && !confidential && !settings.require_dpop {
        push(errors, "refresh_token_rotation", FieldCode::NotAllowed, "Public clients' tokens rotate.");
    }
}

fn check_tokens(settings: &ClientSettings, errors: &mut Vec<FieldError>) {
    let mut range = |field: &str, value: u32, low: u32, high: u32| {
        if value < low {
            push(errors, field, FieldCode::TooSmall, &format!("At least {low}."));
        } else if value > high {
            push(errors, field, FieldCode::TooLarge, &format!("At most {high}."));
        }
    };
    range("access_token_ttl_seconds", settings.access_token_ttl_seconds, 300, 3_600);
    range("id_token_ttl_seconds", settings.id_token_ttl_seconds, 300, 86_400);
    range("refresh_token_ttl_seconds", settings.refresh_token_ttl_seconds, 3_600, 31_536_000);
    range("refresh_token_idle_ttl_seconds", settings.refresh_token_idle_ttl_seconds, 3_600, 31_536_000);
    for (n, name) in settings.default_acr_values.iter().enumerate() {
        if AcrValue::from_name(name).is_none() {
            let field = format!("default_acr_values[{n}]");
            push(errors, &field, FieldCode::NotInEnum, "There is no such level.");
        }
    }
}

fn check_about(settings: &mut ClientSettings, errors: &mut Vec<FieldError>) {
    for (field, link) in [
        ("initiate_login_uri", &settings.initiate_login_uri),
        ("logo_uri", &settings.logo_uri),
        ("client_uri", &settings.client_uri),
        ("policy_uri", &settings.policy_uri),
        ("tos_uri", &settings.tos_uri),
    ] {
        if let Some(link) = link {
            collect(errors, field, https_url(link, URL));
        }
    }
    if settings.contacts.len() > CONTACTS {
        push(errors, "contacts", FieldCode::TooLong, "At most 10.");
    }
    for (n, contact) in settings.contacts.iter().enumerate() {
        collect(errors, &format!("contacts[{n}]"), Email::parse(contact));
    }
    if serde_json::to_vec(&settings.metadata).map_or(usize::MAX, |bytes| bytes.len()) > JSON_BYTES {
        push(errors, "metadata", FieldCode::TooLong, "At most 16 KiB.");
    }
}

/// `_902` for scopes, resources, organizations and a service account that are not there. Former spellings of scopes become
/// the present ones.
pub(super) fn check_kept(tx: &mut IdentityTx<'_>, settings: &mut ClientSettings) -> Result<()> {
    let mut errors = Vec::new();
    for (field, count) in [
        ("scopes", settings.scopes.len()),
        ("resources", settings.resources.len()),
        ("allowed_organizations", settings.allowed_organizations.len()),
    ] {
        if count > MANY {
            push(&mut errors, field, FieldCode::TooLong, "At most 100.");
        }
    }
    Error::from_fields(std::mem::take(&mut errors))?;
    let known = resources::list(tx)?;
    for (n, identifier) in settings.resources.iter().enumerate() {
        if !known.iter().any(|resource| resource.settings.identifier == *identifier) {
            push(&mut errors, &format!("resources[{n}]"), FieldCode::NotFound, "There is no such resource.");
        }
    }
    settings.scopes = scopes::canonical(&settings.scopes);
    for (n, scope) in settings.scopes.iter().enumerate() {
        if Scopes::parse(scope).is_err() || !scopes::is_known(scope, &known) {
            push(&mut errors, &format!("scopes[{n}]"), FieldCode::NotInEnum, "There is no such scope.");
        }
    }
    check_relation(tx, settings, &mut errors)?;
    for (n, id) in settings.allowed_organizations.iter().enumerate() {
        if organizations::find(tx, *id)?.is_none() {
            push(
                &mut errors,
                &format!("allowed_organizations[{n}]"),
                FieldCode::NotFound,
                "There is no such organization.",
            );
        }
    }
    if let Some(account) = settings.service_account_id {
        check_account(tx, account, settings, &mut errors)?;
    }
    Error::from_fields(errors)
}

/// The relation must be one, and an organization that it names be there; whether it is in the schema is decided at use.
fn check_relation(
    tx: &mut IdentityTx<'_>,
    settings: &ClientSettings,
    errors: &mut Vec<FieldError>,
) -> Result<()> {
    let field = "required_relation";
    let Some(text) = &settings.required_relation else { return Ok(()) };
    let Some(wanted) = RequiredRelation::parse(text) else {
        push(errors, field, FieldCode::InvalidFormat, "As in organizations:acme#employee.");
        return Ok(());
    };
    if wanted.namespace != "organizations" {
        return Ok(());
    }
    let found = match wanted.object.parse::<OrganizationId>() {
        Ok(id) => organizations::find(tx, id)?,
        Err(_) => match Slug::parse(&wanted.object) {
            Some(slug) => organizations::by_slug(tx, &slug)?,
            None => None,
        },
    };
    if found.is_none() {
        push(errors, field, FieldCode::NotFound, "There is no such organization.");
    }
    Ok(())
}

fn check_account(
    tx: &mut IdentityTx<'_>,
    account: avnology_model::ids::ServiceAccountId,
    settings: &ClientSettings,
    errors: &mut Vec<FieldError>,
) -> Result<()> {
    let field = "service_account_id";
    let Some(found) = accounts::find(tx, account)? else {
        push(errors, field, FieldCode::NotFound, "There is no such service account.");
        return Ok(());
    };
    let is_elsewhere = |own: OrganizationId| {
        !settings.allowed_organizations.is_empty() && !settings.allowed_organizations.contains(&own)
    };
    if found.organization_id.is_some_and(is_elsewhere) {
        push(
            errors,
            field,
            FieldCode::Conflict,
            "It belongs to an organization that may not use the client.",
        );
    }
    Ok(())
}

/// The type as the rules of the protocol name it.
pub(super) fn kind_of(kind: ClientType) -> avnology_oauth::ClientType {
    match kind {
        ClientType::Web => avnology_oauth::ClientType::Web,
        ClientType::Spa => avnology_oauth::ClientType::Spa,
        ClientType::Native => avnology_oauth::ClientType::Native,
        ClientType::Device => avnology_oauth::ClientType::Device,
        ClientType::Machine => avnology_oauth::ClientType::Machine,
    }
}
