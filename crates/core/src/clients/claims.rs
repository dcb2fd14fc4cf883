//! What ID tokens and userinfo say of a person (`contract/30` §5).

use avnology_model::{Result, Timestamp, identities::Identity};
use avnology_oauth::{Scopes, tokens::claims_for};
use avnology_store::{
    Mark,
    organizations::{group_members, own},
};
use serde_json::{Map, Value, json};

use super::{LiveClient, person::Place};
use crate::{Tenant, events::ORGANIZATIONS_CHANGE};

/// Most groups that are named.
const GROUPS: u32 = 200;
/// Most organizations that are named.
const ORGANIZATIONS: u32 = 100;
/// Claims of the scope `profile` that the tenant's own fields of these names bring.
const TRAITS: [&str; 6] = ["middle_name", "nickname", "profile", "website", "gender", "birthdate"];

/// What claims are made of.
pub(super) struct Told<'t> {
    pub(super) client: &'t LiveClient,
    pub(super) identity: &'t Identity,
    pub(super) place: Option<&'t Place>,
    pub(super) scopes: &'t Scopes,
    /// Claims asked for singly in this place.
    pub(super) singly: &'t [String],
    /// Whether it is userinfo, where all organizations are listed.
    pub(super) is_userinfo: bool,
    pub(super) now: Timestamp,
}

/// What claims are told of a person, and what they stand on besides the person, the client and the place.
pub(super) struct Claims {
    pub(super) members: Map<String, Value>,
    pub(super) basis: Basis,
}

/// What claims stand on besides the person, the client and the place.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Basis {
    /// All organizations of the person, and the end of the first membership that runs out.
    pub(super) organizations: Option<(Mark, Option<Timestamp>)>,
    /// Groups, of which nothing tells when they change.
    pub(super) groups: bool,
}

/// The claims of the scopes, and those asked for singly. One without a value is left out.
pub(super) async fn of_person(app: &Tenant, told: &Told<'_>) -> Result<Claims> {
    let (mut members, mut basis) = (Map::new(), Basis::default());
    for name in claims_for(told.scopes, &told.client.rules.scopes, told.singly) {
        let value = match name {
            "groups" => {
                basis.groups = true;
                groups(app, told).await?
            }
            "organizations" if told.is_userinfo => {
                let mark = app.store.identity().marks().of(ORGANIZATIONS_CHANGE);
                let (list, ends_at) = organizations(app, told).await?;
                basis.organizations = Some((mark, ends_at));
                list
            }
            _ => of_identity(told.identity, name).or_else(|| of_place(told.place, name)).unwrap_or_default(),
        };
        if !is_nothing(&value) {
            members.insert(name.to_owned(), value);
        }
    }
    Ok(Claims { members, basis })
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    }
}

fn of_identity(identity: &Identity, name: &str) -> Option<Value> {
    let text = |text: &Option<String>| text.clone().map(Value::from);
    match name {
        "sub" => Some(Value::from(identity.id.to_string())),
        "name" => Some(Value::from(identity.display_name())),
        "given_name" => text(&identity.first_name),
        "family_name" => text(&identity.last_name),
        "preferred_username" => text(&identity.username),
        "picture" => text(&identity.avatar_url),
        "locale" => text(&identity.locale),
        "zoneinfo" => text(&identity.timezone),
        "updated_at" => Some(Value::from(identity.update_time.seconds())),
        "email" => text(&identity.email),
        "email_verified" => identity.email.as_ref().map(|_| Value::Bool(identity.email_verified)),
        "phone_number" => text(&identity.phone),
        "phone_number_verified" => identity.phone.as_ref().map(|_| Value::Bool(identity.phone_verified)),
        "address" => identity.traits.get("address").filter(|value| value.is_object()).cloned(),
        name if TRAITS.contains(&name) => {
            identity.traits.get(name).filter(|value| value.is_string()).cloned()
        }
        _ => None,
    }
}

fn of_place(place: Option<&Place>, name: &str) -> Option<Value> {
    let place = place?;
    let organization = &place.organization.organization;
    match name {
        "org_id" => Some(Value::from(organization.id.to_string())),
        "org_name" => Some(Value::from(organization.name.clone())),
        "org_slug" => Some(Value::from(organization.slug.to_string())),
        "org_role" => Some(Value::from(place.member.membership.role.to_string())),
        "permissions" => Some(Value::from(place.member.permissions.clone())),
        _ => None,
    }
}

async fn groups(app: &Tenant, told: &Told<'_>) -> Result<Value> {
    let Some(place) = told.place else { return Ok(Value::Null) };
    let (organization, identity) = (place.organization.id(), told.identity.id);
    let names = app
        .store
        .identity()
        .read(move |tx| group_members::names_of_person(tx, organization, identity, GROUPS))
        .await?;
    Ok(Value::from(names))
}

/// The organizations that the person is a member of now, and when the first membership among them runs out.
async fn organizations(app: &Tenant, told: &Told<'_>) -> Result<(Value, Option<Timestamp>)> {
    let identity = told.identity.id;
    let rows = app.store.identity().read(move |tx| own::active_of(tx, identity, ORGANIZATIONS)).await?;
    let now = told.now;
    let rows: Vec<_> = rows.into_iter().filter(|row| row.membership.is_in_force(now)).collect();
    let shown = rows.iter().map(|row| {
        json!({ "id": row.organization, "name": row.name, "slug": row.slug.as_str(), "role": row.membership.role })
    });
    let ends_at = rows.iter().filter_map(|row| row.membership.expire_time).min();
    Ok((Value::Array(shown.collect()), ends_at))
}
