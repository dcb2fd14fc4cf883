//! Credentials that travel in a URL, where proxies and histories keep them: refused, and revoked (`contract/00` §5).

use std::sync::Arc;

use avnology_core::{Cx, Tenant, clients, service_accounts, sessions};
use avnology_model::{
    Error, FieldCode, Result,
    secret_token::{SecretKind, SecretToken},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use percent_encoding::percent_decode_str;
use serde_json::Value;

const KINDS: &[SecretKind] = &[SecretKind::Session, SecretKind::LiveKey, SecretKind::TestKey];
/// A prefix followed by so many letters and digits is meant as a credential; shown prefixes are shorter.
const MEANT: usize = 32;

/// What of a query must not be there.
pub(crate) enum Leak {
    /// A session token or an API key, or what is meant as one.
    Secret(String),
    /// What looks like an access token.
    AccessToken(String),
}

/// A session token, an API key or an access token in a query.
pub(crate) fn find_in(query: &str) -> Option<Leak> {
    find(query).map(Leak::Secret).or_else(|| Some(Leak::AccessToken(access_token(query)?.to_owned())))
}

/// `_902` for what was found in a query; if it was good, it is good no more.
pub(crate) async fn refuse(app: &Arc<Tenant>, cx: &Cx, leak: Leak) -> Result<()> {
    match leak {
        Leak::Secret(text) => match SecretToken::parse(&text) {
            Some(token) if token.kind() == SecretKind::Session => {
                sessions::revoke_leaked(app, cx, token.expose()).await?;
            }
            Some(token) => service_accounts::revoke_leaked(app, cx, token.expose()).await?,
            None => {}
        },
        Leak::AccessToken(token) => clients::revoke_leaked_token(app, cx, &token).await?,
    }
    let told = "Credentials never travel in URLs. This one was refused, and revoked if it was good.";
    Err(Error::field("query", FieldCode::NotAllowed, told))
}

/// What looks like a credential in a query.
fn find(query: &str) -> Option<String> {
    // Every prefix holds `_`; a query without it, and without anything encoded, is done.
    if !query.contains(['_', '%']) {
        return None;
    }
    let text = percent_decode_str(query).decode_utf8_lossy();
    KINDS.iter().find_map(|kind| {
        text.match_indices(kind.prefix()).find_map(|(start, prefix)| {
            let token: String = prefix
                .chars()
                .chain(text.get(start + prefix.len()..)?.chars().take_while(char::is_ascii_alphanumeric))
                .collect();
            (token.len() >= prefix.len() + MEANT).then_some(token)
        })
    })
}

/// What looks like an access token in a query. JWTs of other types have their places there, such as `id_token_hint`.
fn access_token(query: &str) -> Option<&str> {
    let is_of_jwt = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    query.split(|c| !is_of_jwt(c)).find(|text| {
        let mut parts = text.split('.');
        let header = parts.next().filter(|header| header.starts_with("eyJ") && parts.count() == 2);
        let header = header.and_then(|header| BASE64_URL_SAFE_NO_PAD.decode(header).ok());
        let header: Option<Value> = header.and_then(|header| serde_json::from_slice(&header).ok());
        header.is_some_and(|header| header.get("typ").is_some_and(|typ| typ == "at+jwt"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_found_wherever_they_stand_in_a_query() {
        let token = SecretToken::new(SecretKind::Session, &[3; 32]);
        let key = SecretToken::new(SecretKind::TestKey, &[4; 32]);
        assert_eq!(find(&format!("a=1&token={}", token.expose())).as_deref(), Some(token.expose()));
        assert_eq!(
            find(&format!("return_to=%2Fx%3Ft%3D{}&b=2", key.expose())).as_deref(),
            Some(key.expose())
        );
        assert_eq!(find(&token.expose().replace('_', "%5F")).as_deref(), Some(token.expose()));
        assert!(
            find("t=avnl_ses_0123456789abcdefghijklmnopqrstuvwxyz").is_some(),
            "meant as one, if a wrong one"
        );
    }

    #[test]
    fn access_tokens_are_found_and_other_jwts_pass() {
        let jwt = |header: &str| format!("{}.e30.c2ln", BASE64_URL_SAFE_NO_PAD.encode(header));
        let (access, id) = (jwt(r#"{"alg":"ES256","typ":"at+jwt"}"#), jwt(r#"{"alg":"ES256","typ":"JWT"}"#));
        assert_eq!(access_token(&format!("a=1&access_token={access}&b=2")), Some(access.as_str()));
        assert_eq!(access_token(&format!("id_token_hint={id}")), None);
        assert_eq!(access_token("filter=name%20%3D%20%22eyJ.a.b%22"), None);
    }

    #[test]
    fn shown_prefixes_and_mailed_links_are_no_leaks() {
        let link = SecretToken::new(SecretKind::Link, &[5; 32]);
        for query in
            ["filter=prefix%20%3D%20%22ak_live_9fK2%22", "page_size=3", &format!("token={}", link.expose())]
        {
            assert_eq!(find(query), None, "{query}");
        }
    }
}
