//! Scopes (RFC 6749 §3.3).

use std::fmt;

use crate::{ErrorCode, OAuthError};

/// Most scopes of a request.
const SCOPES: usize = 100;
/// Most characters of one.
const CHARACTERS: usize = 256;

/// Scopes, each once, in the order in which they were asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scopes(Vec<String>);

impl Scopes {
    /// Reads scopes that stand between single spaces. `invalid_scope` for other characters than the standard allows.
    pub fn parse(text: &str) -> Result<Self, OAuthError> {
        let malformed = OAuthError::new(ErrorCode::InvalidScope, "the scope is malformed");
        let mut scopes = Vec::new();
        for scope in text.split(' ') {
            if !is_token(scope) || scopes.len() >= SCOPES {
                return Err(malformed);
            }
            if !scopes.iter().any(|one| one == scope) {
                scopes.push(scope.to_owned());
            }
        }
        Ok(Self(scopes))
    }

    /// These, as far as their form is good.
    pub fn of<'s>(scopes: impl IntoIterator<Item = &'s str>) -> Self {
        let mut all = Self::default();
        for scope in scopes {
            if is_token(scope) && !all.has(scope) {
                all.0.push(scope.to_owned());
            }
        }
        all
    }

    /// Whether it is among them.
    pub fn has(&self, scope: &str) -> bool {
        self.0.iter().any(|one| one == scope)
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether all of them are among those.
    pub fn are_within(&self, others: &Self) -> bool {
        self.iter().all(|scope| others.has(scope))
    }

    /// Those for which it is true.
    #[must_use]
    pub fn filtered(&self, keep: impl Fn(&str) -> bool) -> Self {
        Self(self.0.iter().filter(|scope| keep(scope)).cloned().collect())
    }

    /// What a client that may ask for `allowed` gets of what it asks for, of the scopes that there are (`is_known`). A scope
    /// that is known and not the client's is `invalid_scope`; an unknown one is left out where `openid` is asked for (OpenID
    /// Connect Core §3.1.2.1) and otherwise `invalid_scope` too.
    pub fn granted(&self, allowed: &Self, is_known: impl Fn(&str) -> bool) -> Result<Self, OAuthError> {
        let invalid = |why| Err(OAuthError::new(ErrorCode::InvalidScope, why));
        let mut granted = Vec::new();
        for scope in &self.0 {
            if allowed.has(scope) {
                granted.push(scope.clone());
            } else if is_known(scope) {
                return invalid("the client may not ask for one of these scopes");
            } else if !self.has("openid") {
                return invalid("one of these scopes is unknown");
            }
        }
        Ok(Self(granted))
    }

    /// What a refresh that asks for these gets of what was granted: never more (RFC 6749 §6).
    pub fn narrowed_from(&self, granted: &Self) -> Result<Self, OAuthError> {
        if self.are_within(granted) {
            Ok(self.clone())
        } else {
            Err(OAuthError::new(ErrorCode::InvalidScope, "the scope was not granted before"))
        }
    }
}

/// `scope-token` of RFC 6749 §3.3: printable ASCII without space, `"` and `\`.
fn is_token(scope: &str) -> bool {
    (1..=CHARACTERS).contains(&scope.len())
        && scope.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scopes(text: &str) -> Scopes {
        Scopes::parse(text).unwrap()
    }

    #[test]
    fn scopes_are_printable_words_between_single_spaces() {
        assert_eq!(scopes("openid email openid").to_string(), "openid email");
        for bad in ["", " openid", "openid ", "a  b", "a\tb", "a\"b", "a\\b", "é"] {
            assert_eq!(Scopes::parse(bad).unwrap_err().code, ErrorCode::InvalidScope, "{bad:?}");
        }
    }

    #[test]
    fn unknown_scopes_are_left_out_where_openid_is_asked_for_and_foreign_ones_refused() {
        let allowed = scopes("openid email invoices:read");
        let is_known = |scope: &str| ["openid", "email", "phone", "invoices:read"].contains(&scope);
        let granted =
            |text: &str| scopes(text).granted(&allowed, is_known).map(|granted| granted.to_string());
        assert_eq!(granted("openid email made_up"), Ok("openid email".to_owned()));
        assert!(granted("openid phone").is_err());
        assert!(granted("invoices:read made_up").is_err());
        assert_eq!(granted("invoices:read"), Ok("invoices:read".to_owned()));
    }

    #[test]
    fn a_refresh_never_gets_more_scope_than_was_granted() {
        let granted = scopes("openid email");
        assert_eq!(scopes("email").narrowed_from(&granted), Ok(scopes("email")));
        assert!(scopes("email phone").narrowed_from(&granted).is_err());
    }
}
