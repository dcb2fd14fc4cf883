//! Where a flow may lead afterwards: nowhere that the tenant has not named (`contract/11` §1.1).

use avnology_model::flows::Flow;
use url::Url;

use crate::Tenant;

/// The address to go to, if `target` is allowed: a path on the public origin, or a URL there or by a pattern of the
/// tenant. Compared after parsing as a browser parses (WHATWG URL), so that no spelling leads elsewhere.
pub fn resolve(app: &Tenant, target: &str) -> Option<String> {
    if target.len() > 2_048 || target.chars().any(|c| c.is_control() || c == '\\') {
        return None;
    }
    let home = &app.config.public_url;
    if target.starts_with('/') {
        // "//host" and "/\host" would leave the origin.
        let url = home.join(target).ok()?;
        let stays = !target.starts_with("//") && url.origin() == home.origin();
        return stays.then(|| target.to_owned());
    }
    let url = Url::parse(target).ok()?;
    if !matches!(url.scheme(), "http" | "https") || !url.username().is_empty() || url.password().is_some() {
        return None;
    }
    let allowed = url.origin() == home.origin()
        || app.settings().settings.allowed_return_urls.iter().any(|pattern| matches(pattern, &url));
    allowed.then(|| url.to_string())
}

/// Where `flow` leads, if that is still allowed now.
pub(super) fn current(app: &Tenant, flow: &Flow) -> Option<String> {
    flow.data.return_to.as_deref().and_then(|target| resolve(app, target))
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
