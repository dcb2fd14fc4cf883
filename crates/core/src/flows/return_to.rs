//! Where a flow may lead afterwards: nowhere that the tenant has not named (`contract/11` §1.1).

use avnology_model::{Result, flows::Flow, ids::ClientId};
use url::Url;

use crate::{Cx, Tenant, clients};

/// The address to go to, if `target` is allowed: a path on the public origin, or a URL there or by a pattern of the
/// tenant. Compared after parsing as a browser parses (WHATWG URL), so that no spelling leads elsewhere.
pub fn resolve(app: &Tenant, target: &str) -> Option<String> {
    if !is_plain(target) {
        return None;
    }
    let home = &app.config.public_url;
    if target.starts_with('/') {
        // "//host" and "/\host" would leave the origin.
        let url = home.join(target).ok()?;
        let stays = !target.starts_with("//") && url.origin() == home.origin();
        return stays.then(|| target.to_owned());
    }
    let url = page(target)?;
    let allowed = url.origin() == home.origin()
        || app.settings().settings.allowed_return_urls.iter().any(|pattern| matches(pattern, &url));
    allowed.then(|| url.to_string())
}

/// The same, or else a URL where the flow's client has people sent back to; without a client, where one does that did not
/// register itself.
pub(super) async fn allowed(
    app: &Tenant,
    cx: &Cx,
    target: &str,
    client: Option<ClientId>,
) -> Result<Option<String>> {
    if let Some(resolved) = resolve(app, target) {
        return Ok(Some(resolved));
    }
    let Some(url) = page(target).filter(|_| is_plain(target)) else { return Ok(None) };
    let origin = url.origin().ascii_serialization();
    let is_home = match client {
        Some(client) => clients::returns_to(app, cx, client, &origin).await?,
        None => clients::some_returns_to(app, cx, &origin).await?,
    };
    Ok(is_home.then(|| url.to_string()))
}

/// The flow, which leads nowhere any more if that is not allowed now.
pub(super) async fn checked(app: &Tenant, cx: &Cx, mut flow: Flow) -> Result<Flow> {
    if let Some(target) = flow.data.return_to.take() {
        let client = flow.data.client.as_ref().map(|client| client.id);
        flow.data.return_to = allowed(app, cx, &target, client).await?;
    }
    Ok(flow)
}

/// Whether browsers and we read an address alike.
fn is_plain(target: &str) -> bool {
    target.len() <= 2_048 && !target.chars().any(|c| c.is_control() || c == '\\')
}

/// A page elsewhere, by a URL that names nobody.
fn page(target: &str) -> Option<Url> {
    let url = Url::parse(target).ok()?;
    let names_user = !url.username().is_empty() || url.password().is_some();
    (matches!(url.scheme(), "http" | "https") && !names_user).then_some(url)
}

/// Whether a URL fits a pattern: same scheme, port and path prefix; `*.` stands for one whole leading label.
fn matches(pattern: &str, url: &Url) -> bool {
    let wildcard = pattern.contains("://*.");
    let Ok(plain) = Url::parse(&pattern.replacen("://*.", "://", 1)) else { return false };
    let (Some(host), Some(base)) = (url.host_str(), plain.host_str()) else { return false };
    let host_fits = if wildcard {
        host.split_once('.').is_some_and(|(label, rest)| !label.is_empty() && rest == base)
    } else {
        host == base
    };
    let path_fits = plain.path() == "/" || url.path() == plain.path() || {
        let prefix = plain.path().trim_end_matches('/');
        url.path().strip_prefix(prefix).is_some_and(|rest| rest.starts_with('/'))
    };
    url.scheme() == plain.scheme()
        && url.port_or_known_default() == plain.port_or_known_default()
        && host_fits
        && path_fits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(pattern: &str, url: &str) -> bool {
        matches(pattern, &Url::parse(url).unwrap())
    }

    #[test]
    fn a_star_is_one_whole_leading_label() {
        assert!(fits("https://*.example.com/", "https://app.example.com/x"));
        assert!(!fits("https://*.example.com/", "https://a.b.example.com/"));
        assert!(!fits("https://*.example.com/", "https://example.com/"));
        assert!(!fits("https://*.example.com/", "https://evil-example.com/"));
        assert!(!fits("https://*.example.com/", "https://app.example.com.evil.example/"));
    }

    #[test]
    fn scheme_port_and_path_must_fit() {
        assert!(fits("https://app.example.com/in", "https://app.example.com/in/x?y=1"));
        assert!(!fits("https://app.example.com/in", "https://app.example.com/inside"));
        assert!(!fits("https://app.example.com/", "http://app.example.com/"));
        assert!(!fits("https://app.example.com/", "https://app.example.com:8443/"));
    }
}
