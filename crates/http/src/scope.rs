//! The organization scope of a request: which organization it is about, and what the caller may do there
//! (`contract/00` §11).

use std::sync::Arc;

use avnology_core::{
    organizations::{self, Acting, LiveOrganization},
    sessions::LiveSession,
};
use avnology_model::{
    Code, Error, Result, ids::OrganizationId, organizations::OrganizationState, permissions::Scope,
};
use axum::http::{HeaderName, HeaderValue, Method, header};

use crate::{
    access::{AccessRule, Caller},
    input::Raw,
};

/// Header and cookie that name the organization.
pub(crate) const NAME: &str = "x-avnology-org";
/// The value that means no organization.
pub(crate) const PERSONAL: &str = "personal";

/// A scope that was refused, and whether a cookie is to blame, which is then cleared.
pub(crate) struct Refused {
    pub(crate) error: Error,
    pub(crate) by_cookie: bool,
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self { error, by_cookie: false }
    }
}

/// What a header or cookie says.
enum Named<'a> {
    Nothing,
    Personal,
    Organization(&'a str),
}

impl<'a> Named<'a> {
    fn of(text: Option<&'a str>) -> Self {
        match text.map(str::trim) {
            None | Some("") => Self::Nothing,
            Some(PERSONAL) => Self::Personal,
            Some(name) => Self::Organization(name),
        }
    }
}

/// The scope of a request whose caller is known; none is tenant scope. `by_cookie` says whether only a cookie tells who
/// calls.
pub(crate) async fn resolve(
    rule: AccessRule,
    raw: &mut Raw,
    by_cookie: bool,
) -> Result<Option<Arc<Acting>>, Refused> {
    match rule {
        AccessRule::Public | AccessRule::Visitor | AccessRule::TenantScoped(_) => Ok(None),
        AccessRule::InOrganization(scope) => Ok(of_path(raw, scope).await?),
        AccessRule::PageInOrganization(scope) => Ok(of_path(raw, scope).await.map_err(hidden)?),
        AccessRule::PageSignedIn => Ok(of_page(raw).await?),
        AccessRule::AnySession | AccessRule::SignedIn | AccessRule::SignedInOr(_) | AccessRule::Scoped(_) => {
            of_request(raw, by_cookie).await
        }
    }
}

/// To people who have nothing to do with an organization, its pages are not there (`contract/95` §4).
fn hidden(error: Error) -> Error {
    match error.code() {
        Code::NotAMember | Code::OrganizationNotFound => Error::not_found(),
        _ => error,
    }
}

/// Source 2: the path, whose first parameter names the organization.
async fn of_path(raw: &mut Raw, scope: Scope) -> Result<Option<Arc<Acting>>> {
    if matches!(raw.caller, Caller::Anonymous) {
        return Ok(None);
    }
    let name = if raw.params.is_empty() { String::new() } else { raw.params.remove(0) };
    let organization = find(raw, &name).await?;
    // First whether the caller is of it at all: a header must not find out whether it is there.
    let acting = act(raw, organization).await?;
    match Named::of(header_value(raw)?.as_deref()) {
        Named::Nothing => {}
        Named::Personal => return Err(Code::OrganizationMismatch.into()),
        Named::Organization(other) => {
            let named = organizations::find_named(&raw.app, &raw.cx, other).await?;
            if named.is_none_or(|named| named.id() != acting.id()) {
                return Err(Code::OrganizationMismatch.into());
            }
        }
    }
    let is_kept = raw.method == Method::GET || scope == Scope::OrganizationsDelete;
    let may_see_end = is_kept && acting.scopes.contains(Scope::OrganizationsDelete);
    check(raw, &acting, may_see_end)?;
    Ok(Some(Arc::new(acting)))
}

/// Sources 1 and 3 to 5.
async fn of_request(raw: &Raw, by_cookie: bool) -> Result<Option<Arc<Acting>>, Refused> {
    let header = header_value(raw)?;
    let named = Named::of(header.as_deref());
    if let Some(own) = raw.caller.bound_to() {
        return Ok(Some(Arc::new(of_bound(raw, own, &named).await?)));
    }
    match named {
        Named::Organization(name) => {
            let organization = find(raw, name).await?;
            let acting = act(raw, organization).await?;
            check(raw, &acting, false)?;
            return Ok(Some(Arc::new(acting)));
        }
        Named::Personal => return Ok(None),
        Named::Nothing => {}
    }
    if by_cookie {
        match Named::of(cookie_value(raw)) {
            Named::Personal => return Ok(None),
            Named::Organization(name) => {
                let found = async {
                    let acting = act(raw, find(raw, name).await?).await?;
                    check(raw, &acting, false)?;
                    Ok(Some(Arc::new(acting)))
                };
                return found.await.map_err(|error: Error| {
                    let by_cookie = !error.is_failure();
                    Refused { error, by_cookie }
                });
            }
            Named::Nothing => {}
        }
    }
    Ok(of_session(raw).await?)
}

/// Source 1: the credential itself.
async fn of_bound(raw: &Raw, own: OrganizationId, named: &Named<'_>) -> Result<Acting> {
    // Its organization is there as long as the credential is.
    let organization = organizations::find(&raw.app, &raw.cx, own).await?;
    let organization = organization.ok_or_else(|| Error::new(Code::SessionInvalid))?;
    let fits = match named {
        Named::Nothing => true,
        Named::Personal => false,
        Named::Organization(name) => {
            *name == organization.organization.slug.as_str() || *name == own.to_string()
        }
    };
    if !fits {
        return Err(Code::OrganizationMismatch.into());
    }
    let acting = act(raw, organization).await?;
    check(raw, &acting, false)?;
    Ok(acting)
}

/// Source 5: what the session was switched to. It is lost with the membership, so it is no refusal.
async fn of_session(raw: &Raw) -> Result<Option<Arc<Acting>>> {
    // An account of a strict tenant is at home in its organization and nowhere else.
    let place = |live: &Arc<LiveSession>| {
        live.identity.realm.organization().filter(|_| raw.app.is_strict()).or(live.session.organization_id)
    };
    let Some(id) = raw.caller.session().and_then(place) else { return Ok(None) };
    let Some(organization) = organizations::find(&raw.app, &raw.cx, id).await? else { return Ok(None) };
    let found = act(raw, organization).await.and_then(|acting| check(raw, &acting, false).map(|()| acting));
    lenient(found)
}

/// A page follows the cookie or the session as far as it leads, and is personal otherwise.
async fn of_page(raw: &Raw) -> Result<Option<Arc<Acting>>> {
    match Named::of(cookie_value(raw)) {
        Named::Personal => Ok(None),
        Named::Organization(name) => {
            let found = async {
                let acting = act(raw, find(raw, name).await?).await?;
                check(raw, &acting, false)?;
                Ok(acting)
            };
            lenient(found.await)
        }
        Named::Nothing => of_session(raw).await,
    }
}

fn lenient(found: Result<Acting>) -> Result<Option<Arc<Acting>>> {
    match found {
        Ok(acting) => Ok(Some(Arc::new(acting))),
        Err(error) if error.is_failure() => Err(error),
        Err(_) => Ok(None),
    }
}

/// The organization that a caller names. One that is not there is `_300` to those who see all, and to others what one is that
/// they are not of: `_302`, or `_303` to a key of another one.
async fn find(raw: &Raw, name: &str) -> Result<Arc<LiveOrganization>> {
    if let Some(found) = organizations::find_named(&raw.app, &raw.cx, name).await? {
        return Ok(found);
    }
    Err(Error::new(match &raw.caller {
        caller if caller.sees_all() => Code::OrganizationNotFound,
        // As for one that is there and not the credential's own.
        caller if caller.bound_to().is_some() => Code::OrganizationMismatch,
        _ => Code::NotAMember,
    }))
}

async fn act(raw: &Raw, organization: Arc<LiveOrganization>) -> Result<Acting> {
    raw.caller.acting_in(&raw.app, raw.cx.now, organization).await
}

/// `_310`, `_312`, `_006` or `_110` for those who do not act for the platform. `may_see_end` admits to an organization that
/// is about to be deleted.
fn check(raw: &Raw, acting: &Acting, may_see_end: bool) -> Result<()> {
    if acting.is_platform() {
        return Ok(());
    }
    let state = acting.organization.organization.state;
    if !(may_see_end && state == OrganizationState::Deleting) {
        organizations::check_state(state)?;
    }
    // What is bound to the organization met its rules when it was given, and does again when it is renewed.
    match raw.caller.session().filter(|_| raw.caller.bound_to().is_none()) {
        Some(live) => organizations::check_rules(&acting.organization, live, raw.cx.now)
            .map_err(|error| error.with_member("organization_id", acting.id().to_string())),
        None => Ok(()),
    }
}

fn header_value(raw: &Raw) -> Result<Option<String>> {
    let mut values = raw.headers.get_all(NAME).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let text = value.to_str().ok().filter(|_| values.next().is_none());
    let malformed = || Error::new(Code::MalformedRequest).with_detail("X-Avnology-Org is one id or slug.");
    text.map(|text| Some(text.to_owned())).ok_or_else(malformed)
}

fn cookie_value(raw: &Raw) -> Option<&str> {
    raw.cookies.get(crate::cookies::ORGANIZATION)
}

/// Tells which organization an answer is about.
pub(crate) fn write_headers(acting: Option<&Acting>, response: &mut axum::response::Response) {
    let Some(acting) = acting else { return };
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::try_from(acting.id().to_string()) {
        headers.insert(HeaderName::from_static(NAME), id);
    }
    headers.append(header::VARY, HeaderValue::from_static("X-Avnology-Org, Cookie"));
}
