//! What organizations say of clients for their members (`contract/30` §10.1).

use avnology_model::{
    Code, Error, FieldCode, Result, Timestamp,
    clients::{Client, ClientRule, Ruling},
    events::EventType,
    ids::{ClientId, OrganizationId},
};
use avnology_oauth::Scopes;
use avnology_store::{
    IdentityTx,
    clients::{clients, grants, rules as rows},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::scopes;
use crate::{Cx, Tenant, events::emit, organizations::Acting};

/// Most rules of an organization.
const MOST: u32 = 500;

/// The client of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RuledClient {
    /// Id.
    #[schema(value_type = String)]
    pub id: ClientId,
    /// Name.
    pub name: String,
    /// Its picture.
    pub logo_uri: Option<String>,
}

/// A rule, as the organization sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ClientRule)]
pub struct ClientRuleView {
    /// Which client.
    pub client: RuledClient,
    /// What it says.
    pub rule: Ruling,
    /// Preapproved: for which scopes; empty for all that the client may ask for.
    pub scopes: Vec<String>,
    /// When it was first made.
    #[schema(value_type = String, format = DateTime)]
    pub create_time: Timestamp,
    /// When it was changed last.
    #[schema(value_type = String, format = DateTime)]
    pub update_time: Timestamp,
}

/// A rule to be.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewClientRule {
    /// What it says.
    pub rule: Ruling,
    /// Preapproved: for which scopes; empty for all that the client may ask for.
    #[serde(default)]
    pub scopes: Vec<String>,
}

fn view(rule: ClientRule, client: &Client) -> ClientRuleView {
    let settings = &client.settings;
    ClientRuleView {
        client: RuledClient {
            id: client.id,
            name: settings.name.clone(),
            logo_uri: settings.logo_uri.clone(),
        },
        rule: rule.rule,
        scopes: rule.scopes,
        create_time: rule.create_time,
        update_time: rule.update_time,
    }
}

/// The rules of an organization, the newest first.
pub async fn list_rules(app: &Tenant, acting: &Acting) -> Result<Vec<ClientRuleView>> {
    let organization = acting.id();
    app.store
        .identity()
        .read(move |tx| {
            let mut shown = Vec::new();
            for rule in rows::of_organization(tx, organization)? {
                if let Some(client) = clients::find(tx, rule.client_id)? {
                    shown.push(view(rule, &client));
                }
            }
            Ok(shown)
        })
        .await
}

/// Decides on a client for the members of an organization. What they granted to one that is blocked ends. `_901` for a client
/// that is not there, `_902` for scopes that it may not ask for, `_914` beyond 500 rules.
pub async fn put_rule(
    app: &Tenant,
    cx: &Cx,
    acting: &Acting,
    client: ClientId,
    new: NewClientRule,
) -> Result<ClientRuleView> {
    let (cx, organization) = (cx.clone(), acting.id());
    app.store
        .identity()
        .write(move |tx| {
            let client = clients::get(tx, client)?;
            let allowed = &client.settings.allowed_organizations;
            if !allowed.is_empty() && !allowed.contains(&organization) {
                // The client is for others.
                return Err(Error::not_found());
            }
            check(&new, &client)?;
            let before = rows::of(tx, organization, client.id)?;
            let used = rows::count(tx, organization)?;
            if before.is_none() && used >= MOST {
                return Err(Error::new(Code::LimitReached)
                    .with_member("limit", MOST)
                    .with_member("used", used));
            }
            let rule = ClientRule {
                organization_id: organization,
                client_id: client.id,
                rule: new.rule,
                scopes: scopes::canonical(&new.scopes),
                create_time: before.map_or(cx.now, |before| before.create_time),
                update_time: cx.now,
            };
            rows::put(tx, &rule)?;
            if rule.rule == Ruling::Blocked {
                grants::revoke_of_client_in(tx, client.id, organization, cx.now)?;
            }
            tell(tx, &cx, organization, client.id, Some(rule.rule))?;
            Ok(view(rule, &client))
        })
        .await
}

fn check(new: &NewClientRule, client: &Client) -> Result<()> {
    if new.rule != Ruling::Preapproved && !new.scopes.is_empty() {
        return Err(Error::field("scopes", FieldCode::NotAllowed, "Only what is preapproved names scopes."));
    }
    let mut errors = Vec::new();
    for (n, scope) in scopes::canonical(&new.scopes).iter().enumerate() {
        if !client.settings.scopes.contains(scope) {
            let field = format!("scopes[{n}]");
            super::input::push(&mut errors, &field, FieldCode::NotInEnum, "The client may not ask for this.");
        }
    }
    Error::from_fields(errors)
}

/// Takes a rule back: members are asked themselves again. `_901`.
pub async fn delete_rule(app: &Tenant, cx: &Cx, acting: &Acting, client: ClientId) -> Result<()> {
    let (cx, organization) = (cx.clone(), acting.id());
    app.store
        .identity()
        .write(move |tx| {
            if !rows::delete(tx, organization, client)? {
                return Err(Error::not_found());
            }
            tell(tx, &cx, organization, client, None)
        })
        .await
}

fn tell(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    organization: OrganizationId,
    client: ClientId,
    rule: Option<Ruling>,
) -> Result<()> {
    let payload = json!({ "client_id": client, "rule": rule });
    let event = cx.event(EventType::OauthClientRuleUpdated, payload).on("client", &client);
    emit(tx, &event.in_organization(organization))
}

/// What an organization says of a client, as the rules of the protocol take it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Decided {
    /// Nothing, or that members are asked.
    Ask,
    /// Agreed to for all members, for these scopes.
    Preapproved(Scopes),
    /// Never.
    Blocked,
}

/// What the organization that was chosen says of a client.
pub(super) fn decided(
    tx: &mut IdentityTx<'_>,
    client: ClientId,
    organization: Option<OrganizationId>,
    may_ask_for: &Scopes,
) -> Result<Decided> {
    let Some(organization) = organization else { return Ok(Decided::Ask) };
    let Some(rule) = rows::of(tx, organization, client)? else { return Ok(Decided::Ask) };
    Ok(match rule.rule {
        Ruling::Ask => Decided::Ask,
        Ruling::Blocked => Decided::Blocked,
        Ruling::Preapproved if rule.scopes.is_empty() => Decided::Preapproved(may_ask_for.clone()),
        Ruling::Preapproved => Decided::Preapproved(Scopes::of(rule.scopes.iter().map(String::as_str))),
    })
}
