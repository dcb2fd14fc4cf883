//! Tokens of clients for themselves (RFC 6749 §4.4, `contract/30` §4.4).

use std::sync::Arc;

use avnology_model::{
    Result,
    clients::GrantType,
    ids::OrganizationId,
    permissions::{Scope, ScopeSet},
};
use avnology_oauth::{ErrorCode, Scopes, dpop::Proof, resource, tokens};
use avnology_store::service_accounts::accounts;

use super::{
    LiveClient, Refusal, TokenResponse, cache,
    issue::{self, has_system_scope, life_of_access_token},
    oauth_error::refuse,
    scopes,
};
use crate::{
    Cx, Tenant,
    events::emit,
    organizations::{self, LiveOrganization, check_state},
};

/// What a client asks for.
pub(super) struct Asked {
    pub(super) scope: Option<Scopes>,
    pub(super) resources: Vec<String>,
    pub(super) organization: Option<String>,
    pub(super) proof: Option<Proof>,
}

/// The service account that a client's own tokens speak for.
struct Speaker {
    id: String,
    organization: Option<OrganizationId>,
    /// None: a client of the tenant that speaks for itself.
    holds: Option<ScopeSet>,
}

/// Gives a client a token of its own.
pub(super) async fn grant(
    app: &Arc<Tenant>,
    cx: &Cx,
    live: &LiveClient,
    asked: Asked,
) -> Result<TokenResponse, Refusal> {
    resource::check(&asked.resources, &live.rules.resources)?;
    let known = cache::all_resources(app, cx).await?;
    let speaker = speaker(app, live).await?;
    let organization = organization(app, cx, live, &speaker, asked.organization.as_deref()).await?;
    let granted = match &asked.scope {
        None => live.rules.scopes.filtered(|scope| !is_of_people(scope)),
        Some(asked) => {
            let granted = asked.granted(&live.rules.scopes, |scope| scopes::is_known(scope, &known))?;
            if granted.iter().any(is_of_people) {
                return Err(refuse(ErrorCode::InvalidScope, "one of these scopes is about a person"));
            }
            granted
        }
    };
    let granted = granted.filtered(|name| match (scopes::system(name), &speaker.holds) {
        (Some(scope), Some(holds)) => holds.contains(scope),
        _ => true,
    });
    let begin = live.issues_at(cx.now).seconds();
    let end = begin + life_of_access_token(live, &asked.resources, &known);
    let jti = crate::hex(&cx.random::<16>());
    let chosen = organization.as_ref().map(|organization| claims_of(organization));
    let token = tokens::AccessToken {
        issuer: &app.config.origin(),
        subject: &speaker.id,
        client_id: &live.rules.id,
        resources: &asked.resources,
        scopes: &granted,
        has_system_scope: has_system_scope(&granted),
        jti: &jti,
        times: (begin, end),
        signed_in: None,
        organization: chosen.as_ref(),
        permissions: None,
        jkt: asked.proof.as_ref().map(|proof| proof.jkt.as_str()),
        actor: None,
    };
    let issued = issue::access_token(app, cx, live, &token).await?;
    let by = GrantType::ClientCredentials;
    let told = issue::told(cx, (live.id(), None), by, (&granted.to_string(), &jti));
    app.store.identity().write(move |tx| emit(tx, &told)).await?;
    Ok(TokenResponse {
        access_token: issued.token,
        token_type: issue::token_type(asked.proof.as_ref()),
        expires_in: issued.expires_in,
        scope: granted.to_string(),
        refresh_token: None,
        id_token: None,
        issued_token_type: None,
    })
}

/// Whether a scope says something of a person, which a client is not.
fn is_of_people(scope: &str) -> bool {
    scopes::is_openid(scope) || scopes::system(scope).is_some_and(Scope::is_self)
}

async fn speaker(app: &Tenant, live: &LiveClient) -> Result<Speaker, Refusal> {
    let Some(id) = live.client.settings.service_account_id else {
        return Ok(Speaker { id: live.rules.id.clone(), organization: None, holds: None });
    };
    let account = app.store.identity().read(move |tx| accounts::find(tx, id)).await?;
    let account = account.filter(|account| account.active);
    let account = account
        .ok_or_else(|| refuse(ErrorCode::UnauthorizedClient, "the service account of the client is gone"))?;
    Ok(Speaker {
        id: account.id.to_string(),
        organization: account.organization_id,
        holds: Some(account.scopes.iter().copied().collect()),
    })
}

/// The organization that is asked for: one that the client may use, or the service account's own, which is also the one that
/// is meant when none is named.
async fn organization(
    app: &Arc<Tenant>,
    cx: &Cx,
    live: &LiveClient,
    speaker: &Speaker,
    asked: Option<&str>,
) -> Result<Option<Arc<LiveOrganization>>, Refusal> {
    let own = speaker.organization;
    let named = match (asked, own) {
        (None, None) => return Ok(None),
        (None, Some(own)) => own.to_string(),
        (Some(asked), _) => asked.to_owned(),
    };
    let denied = || refuse(ErrorCode::AccessDenied, "the organization is not available");
    let found = organizations::find_named(app, cx, &named).await?.ok_or_else(denied)?;
    let allowed = &live.client.settings.allowed_organizations;
    let may = match own {
        Some(own) => own == found.id(),
        None => allowed.contains(&found.id()),
    };
    if may && check_state(found.organization.state).is_ok() { Ok(Some(found)) } else { Err(denied()) }
}

/// An organization as tokens name it, to somebody who has no role there.
pub(super) fn claims_of(organization: &LiveOrganization) -> tokens::Organization {
    let organization = &organization.organization;
    tokens::Organization {
        id: organization.id.to_string(),
        name: organization.name.clone(),
        slug: organization.slug.to_string(),
        role: None,
    }
}
