//! The credential of a request, and whose it is (`contract/00` §10).

use avnology_core::{
    clients::{self, PresentedToken},
    service_accounts, sessions,
};
use avnology_model::{
    Code, Error, Result,
    events::{Actor, ActorType},
};
use axum::http::{HeaderMap, header};

use crate::{
    access::{AccessRule, Caller, is_recovery},
    input::Raw,
    side_by_side,
};

/// The header of proofs (RFC 9449 §4.1).
const DPOP: &str = "dpop";

/// A credential as it was sent.
enum Presented<'a> {
    Nothing,
    Unreadable,
    Bearer(&'a str),
    /// An access token that is bound to a key (RFC 9449 §7.1).
    Dpop(&'a str),
    Cookie(&'a str),
}

/// A caller, and whether only a cookie says so.
pub(crate) struct Authenticated {
    pub(crate) caller: Caller,
    pub(crate) by_cookie: bool,
}

/// `_900` when there is more than one `Authorization` header.
pub(crate) fn check_headers(headers: &HeaderMap) -> Result<()> {
    if headers.get_all(header::AUTHORIZATION).iter().nth(1).is_some() {
        return Err(Error::new(Code::MalformedRequest).with_detail("More than one Authorization header."));
    }
    Ok(())
}

/// The caller of a route with this rule, in whose path `path` names an organization, if there is one; 401 when the rule needs one and the credential is not good.
pub(crate) async fn authenticate(rule: AccessRule, raw: &Raw, path: Option<&str>) -> Result<Authenticated> {
    let Raw { app, cx, headers, cookies, .. } = raw;
    let nobody = Authenticated { caller: Caller::Anonymous, by_cookie: false };
    if rule == AccessRule::Public {
        return Ok(nobody);
    }
    let wanted = side_by_side::wanted(app, cx, path, headers, cookies).await?;
    let presented = presented(headers, side_by_side::token(app, cookies, wanted));
    let by_cookie = matches!(presented, Presented::Cookie(_));
    match caller(raw, presented).await {
        Ok(caller) if rule.needs_credential() => Ok(Authenticated { caller, by_cookie }),
        Ok(Caller::Session(live)) if rule.is_of_page() && is_recovery(&live) => Ok(nobody),
        Ok(Caller::Session(live)) => Ok(Authenticated { caller: Caller::Session(live), by_cookie }),
        // A failure of ours is not the absence of a session.
        Err(error) if rule.needs_credential() || error.is_failure() => Err(error),
        Ok(Caller::Anonymous | Caller::Key(_) | Caller::Token(_)) | Err(_) => Ok(nobody),
    }
}

/// Who acts in the caller's name.
pub(crate) fn actor(caller: &Caller) -> Actor {
    match caller {
        Caller::Anonymous => Actor::ANONYMOUS,
        Caller::Session(live) => Actor::identity(live.session.identity_id, Some(live.session.id)),
        Caller::Key(live) => Actor {
            kind: ActorType::ServiceAccount,
            id: Some(live.key.service_account_id.to_string()),
            session_id: None,
        },
        Caller::Token(token) => token.actor(),
    }
}

async fn caller(raw: &Raw, presented: Presented<'_>) -> Result<Caller> {
    let Raw { app, cx, .. } = raw;
    match presented {
        Presented::Nothing | Presented::Unreadable => Err(Code::SessionInvalid.into()),
        Presented::Bearer(key) if key.starts_with("ak_") => {
            service_accounts::authenticate(app, cx, key).await.map(Caller::Key)
        }
        // Only a JWT has dots.
        Presented::Bearer(token) if token.contains('.') => by_token(raw, token, false).await,
        Presented::Dpop(token) => by_token(raw, token, true).await,
        Presented::Bearer(token) | Presented::Cookie(token) => {
            sessions::authenticate(app, cx, token).await.map(Caller::Session)
        }
    }
}

async fn by_token(raw: &Raw, token: &str, is_bound: bool) -> Result<Caller> {
    let proofs = proofs(&raw.headers);
    let (method, path) = (raw.method.as_str(), raw.uri.path());
    let presented = PresentedToken { token, is_bound, proofs: &proofs, method, path };
    clients::authenticate_presented(&raw.app, &raw.cx, &presented).await.map(Caller::Token)
}

/// The headers `DPoP`.
pub fn proofs(headers: &HeaderMap) -> Vec<&str> {
    headers.get_all(DPOP).iter().map(|value| value.to_str().unwrap_or_default()).collect()
}

/// A header beats the cookie.
fn presented<'a>(headers: &'a HeaderMap, cookie: Option<&'a str>) -> Presented<'a> {
    match headers.get(header::AUTHORIZATION) {
        Some(value) => value.to_str().ok().and_then(token_of).unwrap_or(Presented::Unreadable),
        None => cookie.map_or(Presented::Nothing, Presented::Cookie),
    }
}

/// The token of `Bearer <token>` (RFC 6750 §2.1) or `DPoP <token>` (RFC 9449 §7.1).
fn token_of(value: &str) -> Option<Presented<'_>> {
    let (scheme, token) = value.trim().split_once(' ')?;
    match scheme {
        _ if scheme.eq_ignore_ascii_case("bearer") => Some(Presented::Bearer(token.trim())),
        _ if scheme.eq_ignore_ascii_case("dpop") => Some(Presented::Dpop(token.trim())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(authorization: Option<&'static str>, cookie: Option<&'static str>) -> String {
        let mut headers = HeaderMap::new();
        authorization.map(|v| headers.insert(header::AUTHORIZATION, v.parse().expect("a header")));
        match presented(&headers, cookie) {
            Presented::Nothing => "nothing".to_owned(),
            Presented::Unreadable => "unreadable".to_owned(),
            Presented::Bearer(token) => format!("bearer {token}"),
            Presented::Dpop(token) => format!("dpop {token}"),
            Presented::Cookie(token) => format!("cookie {token}"),
        }
    }

    #[test]
    fn a_header_beats_the_cookie_even_when_it_is_no_good() {
        let cookie = Some("c");
        assert_eq!(shown(None, None), "nothing");
        assert_eq!(shown(None, cookie), "cookie c");
        assert_eq!(shown(Some("Bearer t"), cookie), "bearer t");
        assert_eq!(shown(Some("bEARER  t "), cookie), "bearer t");
        assert_eq!(shown(Some("DPoP t"), cookie), "dpop t");
        assert_eq!(shown(Some("Basic dDp0"), cookie), "unreadable");
        assert_eq!(shown(Some("Bearer"), cookie), "unreadable");
    }
}
