//! Asking about a token (RFC 7662) and giving it back (RFC 7009): who may learn what (`contract/30` §9).

use crate::{OAuthError, Params};

/// Of which kind a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// A JWT for a resource.
    AccessToken,
    /// A refresh token.
    RefreshToken,
    /// A session of a person.
    Session,
    /// A key of a service account.
    ApiKey,
}

impl TokenKind {
    /// `token_type` of the answer; access tokens say how they are presented.
    pub const fn token_type(self, is_bound: bool) -> &'static str {
        match self {
            Self::AccessToken if is_bound => "DPoP",
            Self::AccessToken => "Bearer",
            Self::RefreshToken => "refresh_token",
            Self::Session => "session",
            Self::ApiKey => "api_key",
        }
    }
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller<'c> {
    /// An API key of a service account of the tenant, with `clients:read`.
    TenantKey,
    /// A confidential client.
    Client {
        /// Its `client_id`.
        id: &'c str,
        /// Whether it is one of the makers' own.
        is_first_party: bool,
        /// The resources whose `introspection_clients` name it.
        resources: &'c [String],
    },
}

/// A token that is good, as far as the question needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found<'t> {
    /// Of which kind it is.
    pub kind: TokenKind,
    /// To whom it was issued, if to a client.
    pub client_id: Option<&'t str>,
    /// For whom it is.
    pub audience: &'t [String],
}

/// Whether the caller may learn of the token. If not, the answer is that of every token that is no good: [`INACTIVE`].
pub fn may_learn(caller: Caller<'_>, token: &Found<'_>) -> bool {
    match caller {
        Caller::TenantKey => token.kind != TokenKind::Session,
        Caller::Client { id, is_first_party, resources } => {
            let is_own = token.client_id == Some(id);
            let is_for_it = token.audience.iter().any(|one| one == id || resources.contains(one));
            match token.kind {
                TokenKind::AccessToken => is_own || is_for_it,
                TokenKind::RefreshToken => is_own,
                TokenKind::Session => is_first_party,
                TokenKind::ApiKey => false,
            }
        }
    }
}

/// What is said of a token that is unknown, over, or not the caller's business, as JSON.
pub const INACTIVE: &str = r#"{"active":false}"#;

/// What of a token that a client gives back is ended (RFC 7009).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revocation {
    /// It alone.
    Token,
    /// Its family, and the access tokens of that.
    Family,
    /// Nothing: it is another client's. The answer is the same as ever.
    Nothing,
    /// `unsupported_token_type`.
    Unsupported,
}

/// What is ended when this client gives the token back.
pub fn revoke(client_id: &str, token: &Found<'_>) -> Revocation {
    match token.kind {
        TokenKind::Session | TokenKind::ApiKey => Revocation::Unsupported,
        _ if token.client_id != Some(client_id) => Revocation::Nothing,
        TokenKind::AccessToken => Revocation::Token,
        TokenKind::RefreshToken => Revocation::Family,
    }
}

/// The token of either request. `token_type_hint` is not needed: a token tells its kind.
pub fn token(params: &Params) -> Result<&str, OAuthError> {
    params.required("token", "token is missing")
}

#[cfg(test)]
mod tests {
    use super::*;

    const AUDIENCE: [&str; 2] = ["cli_api", "https://id.example.com"];

    fn client<'c>(id: &'c str, resources: &'c [String]) -> Caller<'c> {
        Caller::Client { id, is_first_party: false, resources }
    }

    #[test]
    fn a_caller_learns_of_its_own_tokens_and_of_those_that_are_for_it() {
        let audience = AUDIENCE.map(str::to_owned);
        let found = |kind| Found { kind, client_id: Some("cli_app"), audience: &audience };
        let (access, refresh) = (found(TokenKind::AccessToken), found(TokenKind::RefreshToken));
        let (session, key) = (found(TokenKind::Session), found(TokenKind::ApiKey));
        let resource = ["https://id.example.com".to_owned()];
        for (caller, learns) in [
            (Caller::TenantKey, [true, true, false, true]),
            (client("cli_app", &[]), [true, true, false, false]),
            (client("cli_api", &[]), [true, false, false, false]),
            (client("cli_other", &resource), [true, false, false, false]),
            (client("cli_other", &[]), [false; 4]),
            (
                Caller::Client { id: "cli_x", is_first_party: true, resources: &[] },
                [false, false, true, false],
            ),
        ] {
            assert_eq!(
                [access, refresh, session, key].map(|token| may_learn(caller, &token)),
                learns,
                "{caller:?}"
            );
        }
    }

    #[test]
    fn another_clients_token_is_given_back_in_vain() {
        let found = |kind, client_id| Found { kind, client_id: Some(client_id), audience: &[] };
        assert_eq!(revoke("cli_1", &found(TokenKind::RefreshToken, "cli_1")), Revocation::Family);
        assert_eq!(revoke("cli_1", &found(TokenKind::AccessToken, "cli_1")), Revocation::Token);
        assert_eq!(revoke("cli_2", &found(TokenKind::RefreshToken, "cli_1")), Revocation::Nothing);
        assert_eq!(revoke("cli_1", &found(TokenKind::Session, "cli_1")), Revocation::Unsupported);
    }
}
