//! Content negotiation (RFC 9110 §12.5), as far as JSON and HTML need it.

use axum::http::{HeaderMap, header};

/// `Accept-Language`, empty when it was not sent.
pub(crate) fn language(headers: &HeaderMap) -> &str {
    headers.get(header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok()).unwrap_or_default()
}

/// Whether `Accept` gives HTML a higher quality than JSON.
pub(crate) fn prefers_html(headers: &HeaderMap) -> bool {
    quality(headers, "text/html")
        > quality(headers, "application/json").max(quality(headers, "application/problem+json"))
}

/// Whether `Accept` allows any of `types`. No header, and one that cannot be read, allows everything.
pub(crate) fn allows_any(headers: &HeaderMap, types: &[&str]) -> bool {
    !headers.contains_key(header::ACCEPT) || types.iter().any(|t| *t == "*/*" || quality(headers, t) > 0)
}

/// The quality of `media_type` in thousandths: that of the most specific range which holds it.
fn quality(headers: &HeaderMap, media_type: &str) -> u32 {
    let mut best = (0, None);
    for value in headers.get_all(header::ACCEPT) {
        let Ok(text) = value.to_str() else { return 1000 };
        for range in text.split(',') {
            let mut parts = range.split(';');
            let name = parts.next().unwrap_or_default().trim();
            let Some(specific) = specificity(name, media_type) else { continue };
            let q = parts.find_map(|p| p.trim().strip_prefix("q=").or_else(|| p.trim().strip_prefix("Q=")));
            if best.1.is_none() || specific > best.0 {
                best = (specific, Some(q.map_or(1000, thousandths)));
            }
        }
    }
    match best.1 {
        Some(quality) => quality,
        None if headers.contains_key(header::ACCEPT) => 0,
        None => 1000,
    }
}

fn specificity(range: &str, media_type: &str) -> Option<u8> {
    let (kind, _) = media_type.split_once('/')?;
    if range.eq_ignore_ascii_case(media_type) {
        return Some(3);
    }
    match range.split_once('/') {
        Some(("*", "*")) => Some(1),
        Some((k, "*")) if k.eq_ignore_ascii_case(kind) => Some(2),
        _ => None,
    }
}

fn thousandths(q: &str) -> u32 {
    let (whole, fraction) = q.trim().split_once('.').unwrap_or((q.trim(), ""));
    let fraction: u32 = format!("{fraction:0<3}").get(..3).and_then(|f| f.parse().ok()).unwrap_or(0);
    if whole == "0" { fraction } else { 1000 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accept(value: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::ACCEPT, value.parse().expect("a header"))])
    }

    #[test]
    fn a_browser_prefers_html_and_a_program_does_not() {
        assert!(prefers_html(&accept("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")));
        for value in
            ["*/*", "application/json", "application/json, text/html;q=0.5", "text/*;q=0.4, application/*"]
        {
            assert!(!prefers_html(&accept(value)), "{value}");
        }
        assert!(!prefers_html(&HeaderMap::new()));
    }

    #[test]
    fn what_accept_excludes_is_noticed() {
        let json = &["application/json"];
        for value in
            ["*/*", "application/*", "text/html, application/json;q=0.1", "Application/JSON; charset=utf-8"]
        {
            assert!(allows_any(&accept(value), json), "{value}");
        }
        for value in
            ["text/html", "image/png, text/*", "application/json;q=0", "*/*, application/json; q=0.000"]
        {
            assert!(!allows_any(&accept(value), json), "{value}");
        }
        assert!(allows_any(&HeaderMap::new(), json));
        assert!(allows_any(&accept("image/png"), &["*/*"]));
    }
}
