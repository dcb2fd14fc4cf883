//! Several sessions in one browser. In a strict tenant a person has an account, and so a session, for each organization
//! (`contract/20` §13): beside the cookie of the present session, whose name is the same everywhere, stands one for each
//! organization. A request that names an organization (path, header, cookie) is made with the session there, any other with
//! the present one. In a shared tenant nobody looks at them.

use std::sync::Arc;

use avnology_core::{Cx, Tenant, organizations};
use avnology_model::{Result, ids::OrganizationId};
use axum::http::{HeaderMap, header};

use crate::{
    Access, Auth,
    cookies::{self, Cookie, Cookies, SetCookie},
    scope::{NAME, PERSONAL},
};

/// In how many organizations a browser is signed in at most; the one signed in longest ago gives way.
pub const MOST: usize = 8;

/// The organization whose session a request is to be made with; none for the present one.
pub(crate) async fn wanted(
    app: &Arc<Tenant>,
    cx: &Cx,
    path: Option<&str>,
    headers: &HeaderMap,
    cookies: &Cookies,
) -> Result<Option<OrganizationId>> {
    if !app.is_strict() || headers.contains_key(header::AUTHORIZATION) || cookies.sessions(app).is_empty() {
        return Ok(None);
    }
    let given = |text: &&str| !text.is_empty();
    let by_header = headers.get(NAME).and_then(|value| value.to_str().ok()).map(str::trim).filter(given);
    let by_cookie = cookies.get(cookies::ORGANIZATION).map(str::trim).filter(given);
    let Some(name) = path.or(by_header).or(by_cookie).filter(|name| *name != PERSONAL) else {
        return Ok(None);
    };
    if let Ok(id) = name.parse() {
        return Ok(Some(id));
    }
    Ok(organizations::find_named(app, cx, name).await?.map(|found| found.id()))
}

/// The token of the session there, or else of the present one.
pub(crate) fn token<'a>(
    app: &Tenant,
    cookies: &'a Cookies,
    wanted: Option<OrganizationId>,
) -> Option<&'a str> {
    let there = wanted.and_then(|id| cookies.sessions(app).into_iter().find(|(held, _)| *held == id));
    there.map(|(_, token)| token).or_else(|| cookies.get(Cookie::Session.name(app.config.is_https())))
}

/// The cookies with which a browser keeps a session that was just begun or raised, as the present one: of an account that
/// belongs to `home`, if to any. Sessions elsewhere stay.
pub fn keep_session<A: Access>(
    auth: &Auth<A>,
    home: Option<OrganizationId>,
    token: &str,
    life: i64,
) -> Vec<SetCookie> {
    let app = &*auth.app;
    let mut set = vec![cookies::set(app, Cookie::Session, token, Some(life))];
    let Some(home) = home else { return set };
    if auth.cookies.get(cookies::ORGANIZATION).is_some() {
        // It names where the browser was before.
        set.push(cookies::clear_organization(app));
    }
    set.push(cookies::set_in(app, home, token, life));
    let held = auth.cookies.sessions(app);
    let mut others: Vec<_> = held.iter().map(|(id, _)| *id).filter(|id| *id != home).collect();
    // One that was begun before the tenant became strict has no cookie of its own yet.
    if let Some((id, token, life)) = present_elsewhere(auth, home).filter(|(id, ..)| !others.contains(id)) {
        set.push(cookies::set_in(app, id, token, life));
        others.push(id);
    }
    // Browsers send what they had first before the rest (RFC 6265 §5.4).
    let over = (others.len() + 1).saturating_sub(MOST);
    set.extend(others.into_iter().take(over).map(|id| cookies::clear_in(app, id)));
    set
}

fn present_elsewhere<A: Access>(auth: &Auth<A>, home: OrganizationId) -> Option<(OrganizationId, &str, i64)> {
    let live = auth.caller.session().filter(|_| auth.is_by_cookie())?;
    let other = live.identity.realm.organization().filter(|other| *other != home)?;
    let seconds = live.session.expires_at.seconds_since(auth.cx.now).max(0);
    Some((other, auth.cookie(Cookie::Session)?, seconds))
}

/// The organizations besides that of this request's session to which the browser holds a session, which may have ended. None
/// in a shared tenant.
pub fn held_elsewhere<A: Access>(auth: &Auth<A>) -> Vec<OrganizationId> {
    let app = &*auth.app;
    if !app.is_strict() || !auth.is_by_cookie() {
        return Vec::new();
    }
    let home = auth.caller.session().and_then(|live| live.identity.realm.organization());
    auth.cookies
        .sessions(app)
        .into_iter()
        .map(|(id, _)| id)
        .filter(|id| Some(*id) != home)
        .take(MOST)
        .collect()
}

/// The cookies with which a browser forgets the session of this request, and no other.
pub fn drop_session<A: Access>(auth: &Auth<A>) -> Vec<SetCookie> {
    let app = &*auth.app;
    let home = auth.caller.session().and_then(|live| live.identity.realm.organization());
    let Some(home) = home else {
        let mut set = vec![cookies::clear(app, Cookie::Session)];
        // Whoever comes next at this browser acts for nobody else's organization.
        set.extend(auth.cookies.get(cookies::ORGANIZATION).map(|_| cookies::clear_organization(app)));
        return set;
    };
    let held = auth.cookies.sessions(app);
    let own = held.iter().find(|(id, _)| *id == home).map(|(_, token)| *token);
    let mut set = vec![cookies::clear_in(app, home)];
    if own.is_none() || own == auth.cookie(Cookie::Session) {
        set.push(cookies::clear(app, Cookie::Session));
    }
    if let Some(named) = auth.cookies.get(cookies::ORGANIZATION)
        && !held.iter().any(|(id, _)| *id != home && id.to_string() == named)
    {
        set.push(cookies::clear_organization(app));
    }
    set
}
