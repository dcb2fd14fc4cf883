//! The answer to an authorization request (RFC 6749 §4.1.2, RFC 9207, OAuth 2.0 Form Post Response Mode).

use url::form_urlencoded;

use crate::{OAuthError, ResponseMode, ReturnTo};

/// What goes back to the client by the person's browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthorizationResponse {
    /// A redirect to this URL, by 303.
    Redirect(String),
    /// A page whose form posts itself to this URL with these fields. Its makers escape them.
    FormPost {
        /// The redirect URI.
        action: String,
        /// Names and values.
        fields: Vec<(&'static str, String)>,
    },
}

impl ReturnTo {
    /// The answer with a code.
    pub fn with_code(&self, code: &str, issuer: &str) -> AuthorizationResponse {
        self.answer(vec![("code", code.to_owned())], issuer)
    }

    /// The answer with an error.
    pub fn with_error(&self, error: &OAuthError, issuer: &str) -> AuthorizationResponse {
        let fields = vec![
            ("error", error.code.name().to_owned()),
            ("error_description", error.description.to_owned()),
        ];
        self.answer(fields, issuer)
    }

    /// Every answer names its issuer, so that a client of many knows whose code it holds (RFC 9207).
    fn answer(&self, mut fields: Vec<(&'static str, String)>, issuer: &str) -> AuthorizationResponse {
        fields.extend(self.state.clone().map(|state| ("state", state)));
        fields.push(("iss", issuer.to_owned()));
        match self.mode {
            ResponseMode::Query => AuthorizationResponse::Redirect(appended(&self.redirect_uri, &fields)),
            ResponseMode::FormPost => {
                AuthorizationResponse::FormPost { action: self.redirect_uri.clone(), fields }
            }
        }
    }
}

/// A URI with more parameters behind those that it has. Its own text stays as it is.
pub(crate) fn appended(uri: &str, fields: &[(&'static str, String)]) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let separator = match uri.split_once('?') {
        None => "?",
        Some((_, query)) if query.is_empty() || query.ends_with('&') => "",
        Some(_) => "&",
    };
    format!("{uri}{separator}{query}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorCode;

    fn to(redirect_uri: &str, mode: ResponseMode) -> ReturnTo {
        ReturnTo { redirect_uri: redirect_uri.to_owned(), state: Some("a b&c=d".to_owned()), mode }
    }

    #[test]
    fn the_query_of_a_registered_uri_is_kept_and_ours_is_appended() {
        let answer = |uri: &str| to(uri, ResponseMode::Query).with_code("c", "https://id.example.com");
        let rest = "code=c&state=a+b%26c%3Dd&iss=https%3A%2F%2Fid.example.com";
        for (uri, whole) in [
            ("https://a.example/cb", format!("https://a.example/cb?{rest}")),
            ("https://a.example/cb?x=1", format!("https://a.example/cb?x=1&{rest}")),
            ("com.example.app:/cb", format!("com.example.app:/cb?{rest}")),
        ] {
            assert_eq!(answer(uri), AuthorizationResponse::Redirect(whole));
        }
    }

    /// RFC 9700 §4.4: against mix-up, errors name the issuer, too.
    #[test]
    fn every_answer_names_its_issuer() {
        let error = OAuthError::new(ErrorCode::AccessDenied, "the person said no");
        let answer =
            to("https://a.example/cb", ResponseMode::Query).with_error(&error, "https://id.example.com");
        let AuthorizationResponse::Redirect(url) = answer else { panic!("a redirect") };
        assert!(
            url.contains("error=access_denied") && url.ends_with("&iss=https%3A%2F%2Fid.example.com"),
            "{url}"
        );
        let form =
            to("https://a.example/cb?x", ResponseMode::FormPost).with_code("c", "https://id.example.com");
        let AuthorizationResponse::FormPost { action, fields } = form else { panic!("a form") };
        assert_eq!(action, "https://a.example/cb?x");
        assert_eq!(fields.iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["code", "state", "iss"]);
    }
}
