//! Whether the person has to be asked (`contract/30` §10.1).

use crate::{ClientType, ErrorCode, OAuthError, Prompt, Scopes};

/// What the question is about.
#[derive(Clone, Debug)]
pub struct Asked<'a> {
    /// Where the client runs.
    pub kind: ClientType,
    /// Whether it is one of the makers' own.
    pub is_first_party: bool,
    /// What it asks for.
    pub scopes: &'a Scopes,
    /// For which resources.
    pub resources: &'a [String],
    /// What to ask the person.
    pub prompt: Prompt,
    /// Whether the person agreed since this request began.
    pub was_given: bool,
    /// What the organization's administrators say of the client.
    pub rule: Rule<'a>,
    /// Scopes and resources that the person agreed to before, for this client and organization.
    pub consent: Option<(&'a Scopes, &'a [String])>,
}

/// An organization's rule for a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule<'a> {
    /// The person is asked.
    Ask,
    /// Agreed to for all members, for these scopes.
    Preapproved(&'a Scopes),
    /// Never.
    Blocked,
}

/// Whether to ask. `access_denied` where the organization blocks the client, `consent_required` where `prompt=none` forbids
/// the question.
pub fn must_ask(asked: &Asked<'_>) -> Result<bool, OAuthError> {
    if asked.rule == Rule::Blocked {
        return Err(OAuthError::new(ErrorCode::AccessDenied, "the organization does not allow the client"));
    }
    let is_covered = asked.consent.is_some_and(|(scopes, resources)| {
        asked.scopes.are_within(scopes) && asked.resources.iter().all(|one| resources.contains(one))
    });
    let is_preapproved = matches!(asked.rule, Rule::Preapproved(scopes) if asked.scopes.are_within(scopes));
    // Any app of the machine can pretend to be a native one; what outlives the sign-out is asked for each time.
    let is_risky = !asked.is_first_party
        && asked.kind == ClientType::Native
        && asked.scopes.has("offline_access")
        && !is_preapproved;
    let is_settled = asked.is_first_party || is_covered || is_preapproved;
    let asks = !asked.was_given && (asked.prompt.consent || is_risky || !is_settled);
    if asks && asked.prompt.none {
        return Err(OAuthError::new(ErrorCode::ConsentRequired, "the person has to be asked"));
    }
    Ok(asks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_person_is_asked_once_for_what_is_new() {
        let (few, many) =
            (Scopes::parse("openid").unwrap(), Scopes::parse("openid email offline_access").unwrap());
        let asked = Asked {
            kind: ClientType::Web,
            is_first_party: false,
            scopes: &many,
            resources: &[],
            prompt: Prompt::default(),
            was_given: false,
            rule: Rule::Ask,
            consent: None,
        };
        let ask = |asked: Asked<'_>| must_ask(&asked).map_err(|error| error.code);
        let resource = ["urn:a".to_owned()];
        assert_eq!(ask(asked.clone()), Ok(true));
        assert_eq!(ask(Asked { was_given: true, ..asked.clone() }), Ok(false));
        assert_eq!(ask(Asked { is_first_party: true, ..asked.clone() }), Ok(false));
        assert_eq!(ask(Asked { consent: Some((&many, &[])), ..asked.clone() }), Ok(false));
        assert_eq!(ask(Asked { consent: Some((&few, &[])), ..asked.clone() }), Ok(true));
        assert_eq!(
            ask(Asked { consent: Some((&many, &[])), resources: &resource, ..asked.clone() }),
            Ok(true)
        );
        let native = Asked { kind: ClientType::Native, consent: Some((&many, &[])), ..asked.clone() };
        assert_eq!(ask(native), Ok(true));
        assert_eq!(ask(Asked { rule: Rule::Preapproved(&many), ..asked.clone() }), Ok(false));
        assert_eq!(ask(Asked { rule: Rule::Preapproved(&few), ..asked.clone() }), Ok(true));
        assert_eq!(
            ask(Asked { rule: Rule::Blocked, was_given: true, ..asked.clone() }),
            Err(ErrorCode::AccessDenied)
        );
        let again = Prompt::parse(Some("consent")).unwrap();
        assert_eq!(ask(Asked { is_first_party: true, prompt: again, ..asked.clone() }), Ok(true));
        let none = Prompt::parse(Some("none")).unwrap();
        assert_eq!(ask(Asked { prompt: none, ..asked }), Err(ErrorCode::ConsentRequired));
    }
}
