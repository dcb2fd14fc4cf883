//! Credentials that travel in a URL, where proxies and histories keep them: refused, and revoked (`contract/00` §5).

use avnology_core::{Cx, Tenant, service_accounts, sessions};
use avnology_model::{
    Error, FieldCode, Result,
    secret_token::{SecretKind, SecretToken},
};
use percent_encoding::percent_decode_str;

const KINDS: &[SecretKind] = &[SecretKind::Session, SecretKind::LiveKey, SecretKind::TestKey];
/// A prefix followed by so many letters and digits is meant as a credential; shown prefixes are shorter.
const MEANT: usize = 32;

/// `_902` when the query holds a session token or an API key; a good one is good no more.
pub(crate) async fn check(app: &Tenant, cx: &Cx, query: Option<&str>) -> Result<()> {
    let Some(leak) = query.and_then(find) else { return Ok(()) };
    if let Some(token) = SecretToken::parse(&leak) {
        match token.kind() {
            SecretKind::Session => sessions::revoke_leaked(app, cx, token.expose()).await?,
            _ => service_accounts::revoke_leaked(app, cx, token.expose()).await?,
        }
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
    fn shown_prefixes_and_mailed_links_are_no_leaks() {
        let link = SecretToken::new(SecretKind::Link, &[5; 32]);
        for query in
            ["filter=prefix%20%3D%20%22ak_live_9fK2%22", "page_size=3", &format!("token={}", link.expose())]
        {
            assert_eq!(find(query), None, "{query}");
        }
    }
}
