//! The person says yes or no to a device.

use std::sync::Arc;

use avnology_model::{
    Code, Error, Result,
    clients::{Consent, DeviceApproval, DeviceCode, GrantedRights},
    ids::{ConsentId, GrantId, OrganizationId},
};
use avnology_store::clients::device_codes;
use url::form_urlencoded;

use super::{
    super::{
        LiveClient,
        authorize::{facts_of, remember},
        cache, gates,
    },
    Typed,
    look_up::{Place, place},
    typed,
};
use crate::{
    Cx, Tenant,
    organizations::{self, check_rules, find_named},
    sessions::LiveSession,
};

/// What somebody says to a device.
#[derive(Clone, Copy, Debug)]
pub struct Decision<'d> {
    /// The code that it shows.
    pub user_code: &'d str,
    /// Yes or no.
    pub allows: bool,
    /// The scopes that were ticked.
    pub scopes: &'d [String],
    /// The organization that was chosen; empty for none.
    pub organization: &'d str,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decided {
    /// The device gets its tokens.
    Allowed,
    /// It gets none.
    Denied,
    /// It waits no more.
    Over,
    /// There is no such code.
    Wrong,
    /// Too many wrong ones; seconds to wait.
    TooMany(u32),
    /// The person signs in better first, at this path, which leads back.
    SignIn(String),
    /// The organization does not let them.
    Refused(Code),
}

/// Takes a yes or a no. Of two who answer at once one is heard.
pub async fn decide(
    app: &Arc<Tenant>,
    cx: &Cx,
    live: &Arc<LiveSession>,
    decision: Decision<'_>,
) -> Result<Decided> {
    let code = match typed(app, cx, live, decision.user_code).await? {
        Typed::Waiting(code) => code,
        Typed::Over => return Ok(Decided::Over),
        Typed::Wrong => return Ok(Decided::Wrong),
        Typed::TooMany(seconds) => return Ok(Decided::TooMany(seconds)),
    };
    if !decision.allows {
        let (hash, now) = (code.hash, cx.now);
        let was_first = app.store.identity().write(move |tx| device_codes::deny(tx, &hash, now)).await?;
        return Ok(if was_first { Decided::Denied } else { Decided::Over });
    }
    let Some(client) = cache::find(app, cx, code.client_id).await?.filter(|client| client.is_active()) else {
        return Ok(Decided::Over);
    };
    let (person, methods) = (live.identity.id, &live.session.methods);
    if gates::check(app, cx, &client, person, methods).await?.is_err() {
        return Ok(Decided::Refused(Code::PermissionDenied));
    }
    let organization = match chosen(app, cx, &client, live, (&code, decision.organization)).await? {
        Ok(organization) => organization,
        Err(stop) => return Ok(stop),
    };
    if gates::is_blocked(app, &client, organization).await? {
        return Ok(Decided::Refused(Code::PermissionDenied));
    }
    approve(app, cx, &client, live, (*code, organization), decision.scopes).await
}

/// The organization that the tokens are for, joined if it is to be joined, whose rules the sign-in meets.
async fn chosen(
    app: &Arc<Tenant>,
    cx: &Cx,
    client: &LiveClient,
    live: &Arc<LiveSession>,
    (code, choice): (&DeviceCode, &str),
) -> Result<Result<Option<OrganizationId>, Decided>> {
    let id = match place(app, cx, client, live, code).await? {
        Place::Personal => return Ok(Ok(None)),
        Place::Missing => return Ok(Err(Decided::Refused(Code::NotAMember))),
        Place::Fixed(offer) => offer.id,
        Place::Join { slug, .. } => {
            match organizations::join_organization(app, cx, live, &slug).await {
                Err(error) if error.is_failure() => return Err(error),
                Err(error) => return Ok(Err(Decided::Refused(error.code()))),
                Ok(_) => {}
            }
            find_named(app, cx, &slug).await?.ok_or_else(Error::not_found)?.id()
        }
        Place::Choice { has_personal: true, .. } if choice.is_empty() => return Ok(Ok(None)),
        Place::Choice { offers, .. } => match offers.iter().find(|offer| offer.id.to_string() == choice) {
            Some(offer) => offer.id,
            None => return Ok(Err(Decided::Refused(Code::NotAMember))),
        },
    };
    let Some(found) = organizations::find(app, cx, id).await? else {
        return Ok(Err(Decided::Refused(Code::NotAMember)));
    };
    Ok(match check_rules(&found, live, cx.now) {
        Ok(()) => Ok(Some(id)),
        Err(refused) => Err(Decided::SignIn(stronger(code, id, &refused))),
    })
}

/// The way to a sign-in that meets the organization's rules, and back.
fn stronger(code: &DeviceCode, organization: OrganizationId, refused: &Error) -> String {
    let aal = refused.members().get("required").and_then(|required| required.get("aal")?.as_str());
    let (name, value) = aal.map_or(("refresh", "true"), |aal| ("aal", aal));
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("return_to", &format!("/device?user_code={}", code.user_code));
    query.append_pair("organization_id", &organization.to_string());
    query.append_pair(name, value);
    format!("/sign-in?{}", query.finish())
}

async fn approve(
    app: &Tenant,
    cx: &Cx,
    client: &LiveClient,
    live: &LiveSession,
    (code, organization): (DeviceCode, Option<OrganizationId>),
    ticked: &[String],
) -> Result<Decided> {
    let is_own = client.client.settings.first_party;
    let agreed = |scope: &String| is_own || scope == "openid" || ticked.contains(scope);
    let scopes: Vec<String> = code.scopes.into_iter().filter(agreed).collect();
    let consent = Consent {
        id: ConsentId::new(cx.now, cx.random()),
        identity_id: live.identity.id,
        client_id: client.id(),
        organization_id: organization,
        scopes: scopes.clone(),
        resources: code.resources.clone(),
        granted_at: cx.now,
        last_used_at: cx.now,
    };
    let approval = DeviceApproval {
        grant_id: GrantId::new(cx.now, cx.random()),
        identity_id: live.identity.id,
        session_id: live.id(),
        organization_id: organization,
        rights: GrantedRights {
            scopes,
            resources: code.resources,
            dpop_jkt: None,
            id_token_claims: Vec::new(),
            userinfo_claims: Vec::new(),
            signed_in: facts_of(live),
        },
    };
    let (hash, cx) = (code.hash, cx.clone());
    let write = app.store.identity().write(move |tx| {
        if !device_codes::approve(tx, &hash, cx.now, &approval)? {
            return Ok(Decided::Over);
        }
        if !is_own {
            remember(tx, &cx, consent.clone())?;
        }
        Ok(Decided::Allowed)
    });
    write.await
}
