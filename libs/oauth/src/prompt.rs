//! What a request wants of the person: `prompt`, `max_age`, `acr_values` (OpenID Connect Core §3.1.2.1), and whether a session is
//! enough for it.

use crate::{ErrorCode, OAuthError, Params};

/// The words of `prompt`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "it is a set of words")]
pub struct Prompt {
    /// Show nothing.
    pub none: bool,
    /// Sign in again.
    pub login: bool,
    /// Ask for consent again.
    pub consent: bool,
    /// Choose an account.
    pub select_account: bool,
    /// Choose an organization.
    pub select_organization: bool,
    /// Begin with the registration.
    pub create: bool,
}

impl Prompt {
    /// Reads the words. `invalid_request` for others, and for `none` beside any.
    pub fn parse(text: Option<&str>) -> Result<Self, OAuthError> {
        let mut prompt = Self::default();
        let mut words = 0;
        for word in text.unwrap_or_default().split(' ').filter(|word| !word.is_empty()) {
            words += 1;
            let flag = match word {
                "none" => &mut prompt.none,
                "login" => &mut prompt.login,
                "consent" => &mut prompt.consent,
                "select_account" => &mut prompt.select_account,
                "select_organization" => &mut prompt.select_organization,
                "create" => &mut prompt.create,
                _ => return Err(OAuthError::request("prompt has an unknown word")),
            };
            *flag = true;
        }
        if prompt.none && words > 1 {
            return Err(OAuthError::request("prompt=none stands alone"));
        }
        Ok(prompt)
    }
}

/// `max_age` in seconds. `invalid_request` for what is no number.
pub(crate) fn max_age(params: &Params) -> Result<Option<u64>, OAuthError> {
    let Some(text) = params.get("max_age") else { return Ok(None) };
    let is_number = text.len() <= 10 && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = if is_number { text.parse().ok() } else { None };
    number.map(Some).ok_or(OAuthError::request("max_age is no number of seconds"))
}

/// How sure a sign-in is (`contract/30` §6.5). Each reaches those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Acr {
    /// One factor.
    Aal1,
    /// Two factors.
    Aal2,
    /// Two factors, one of them a key in hardware.
    Aal3,
}

/// A value of `acr_values`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AcrValue {
    /// How sure it must be.
    pub level: Acr,
    /// Whether a passkey must have been used.
    pub by_passkey: bool,
}

impl Acr {
    /// As it is spelt in tokens.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Aal1 => "urn:avnology:acr:aal1",
            Self::Aal2 => "urn:avnology:acr:aal2",
            Self::Aal3 => "urn:avnology:acr:aal3",
        }
    }
}

impl AcrValue {
    /// The value of this name, if it is one of ours.
    pub fn from_name(name: &str) -> Option<Self> {
        let (level, by_passkey) = match name {
            "urn:avnology:acr:aal1" | "aal1" => (Acr::Aal1, false),
            "urn:avnology:acr:aal2" | "aal2" => (Acr::Aal2, false),
            "urn:avnology:acr:aal3" | "aal3" => (Acr::Aal3, false),
            "phr" => (Acr::Aal2, true),
            "phrh" => (Acr::Aal3, true),
            _ => return None,
        };
        Some(Self { level, by_passkey })
    }

    /// Those of a list of names that are ours, in their order. Others are ignored.
    pub fn list(names: &str) -> Vec<Self> {
        names.split(' ').filter_map(Self::from_name).collect()
    }

    /// Whether a sign-in reaches it.
    pub fn is_reached_by(self, level: Acr, by_passkey: bool) -> bool {
        level >= self.level && (by_passkey || !self.by_passkey)
    }
}

/// A session, as far as these rules ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignIn {
    /// When the person last signed in, in seconds since 1970.
    pub authenticated_at: i64,
    /// How sure that was.
    pub level: Acr,
    /// Whether a passkey was used.
    pub by_passkey: bool,
}

/// What has to happen before a session is enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing.
    Go,
    /// A sign-in, as if there were no session.
    SignIn,
    /// A registration.
    Register,
    /// The choice of an account.
    ChooseAccount,
    /// A stronger sign-in in the same session, to reach this.
    StepUp(AcrValue),
}

/// What a request wants, and what happened of it already.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// The words of `prompt`.
    pub prompt: Prompt,
    /// How old a sign-in may be, in seconds.
    pub max_age: Option<u64>,
    /// Any of these, in order of preference; empty: any sign-in will do.
    pub acr: Vec<AcrValue>,
    /// Whether the person signed in since the request began: that is the sign-in that it asked for.
    pub signed_in_since: bool,
    /// Whether the account was chosen since then.
    pub account_was_chosen: bool,
}

/// The next step for a browser with this session or none. `can_reach` says which values this person could reach by a step-up.
///
/// `login_required`, `account_selection_required` and `interaction_required` where `prompt=none` forbids the step, and
/// `unmet_authentication_requirements` where none of the values can be reached (RFC 9470).
pub fn next_step(
    wanted: &Wanted,
    session: Option<&SignIn>,
    now: i64,
    can_reach: impl Fn(AcrValue) -> bool,
) -> Result<Step, OAuthError> {
    let step = match session {
        None if wanted.prompt.create => Step::Register,
        None => Step::SignIn,
        Some(session) => with_session(wanted, session, now, can_reach)?,
    };
    if !wanted.prompt.none || step == Step::Go {
        return Ok(step);
    }
    Err(match step {
        Step::ChooseAccount => {
            OAuthError::new(ErrorCode::AccountSelectionRequired, "an account has to be chosen")
        }
        Step::StepUp(_) => OAuthError::new(ErrorCode::LoginRequired, "a stronger sign-in is needed"),
        _ => OAuthError::new(ErrorCode::LoginRequired, "nobody is signed in as was asked"),
    })
}

fn with_session(
    wanted: &Wanted,
    session: &SignIn,
    now: i64,
    can_reach: impl Fn(AcrValue) -> bool,
) -> Result<Step, OAuthError> {
    let is_since_request = wanted.signed_in_since;
    if wanted.prompt.create && !is_since_request {
        return Ok(Step::Register);
    }
    if wanted.prompt.select_account && !wanted.account_was_chosen && !is_since_request {
        return Ok(Step::ChooseAccount);
    }
    let age = u64::try_from(now.saturating_sub(session.authenticated_at)).unwrap_or(0);
    // `max_age=0` is `prompt=login`: a sign-in within the same second as the request would never be young enough.
    let is_stale = wanted.max_age.is_some_and(|most| age > most || most == 0);
    if (wanted.prompt.login || is_stale) && !is_since_request {
        return Ok(Step::SignIn);
    }
    let reaches = |value: &AcrValue| value.is_reached_by(session.level, session.by_passkey);
    if wanted.acr.is_empty() || wanted.acr.iter().any(reaches) {
        return Ok(Step::Go);
    }
    let reachable = wanted.acr.iter().copied().find(|value| can_reach(*value));
    let unmet = OAuthError::new(ErrorCode::UnmetAuthenticationRequirements, "the acr cannot be reached");
    reachable.map(Step::StepUp).ok_or(unmet)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 10_000;

    fn session() -> SignIn {
        SignIn { authenticated_at: 9_000, level: Acr::Aal1, by_passkey: false }
    }

    fn wanted(prompt: &str) -> Wanted {
        Wanted { prompt: Prompt::parse(Some(prompt)).unwrap(), ..Wanted::default() }
    }

    fn step(wanted: &Wanted, session: Option<&SignIn>) -> Result<Step, ErrorCode> {
        next_step(wanted, session, NOW, |value| value.level < Acr::Aal3).map_err(|error| error.code)
    }

    #[test]
    fn prompt_is_a_set_of_known_words_and_none_stands_alone() {
        let both = Prompt::parse(Some("login consent")).unwrap();
        assert!(both.login && both.consent && !both.none);
        for bad in ["none login", "none none", "sign-in", "LOGIN"] {
            assert!(Prompt::parse(Some(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn without_a_session_somebody_signs_in_or_registers_and_with_none_is_refused() {
        assert_eq!(step(&wanted(""), None), Ok(Step::SignIn));
        assert_eq!(step(&wanted("create"), None), Ok(Step::Register));
        assert_eq!(step(&wanted("none"), None), Err(ErrorCode::LoginRequired));
        assert_eq!(step(&wanted("none"), Some(&session())), Ok(Step::Go));
    }

    #[test]
    fn login_and_max_age_ask_for_a_sign_in_since_the_request_and_once() {
        for wanted in [
            wanted("login"),
            Wanted { max_age: Some(999), ..wanted("") },
            Wanted { max_age: Some(0), ..wanted("") },
        ] {
            assert_eq!(step(&wanted, Some(&session())), Ok(Step::SignIn));
            let done = Wanted { signed_in_since: true, ..wanted };
            assert_eq!(step(&done, Some(&session())), Ok(Step::Go));
        }
        assert_eq!(step(&Wanted { max_age: Some(1_000), ..wanted("") }, Some(&session())), Ok(Step::Go));
        let stale = Wanted { max_age: Some(10), ..wanted("none") };
        assert_eq!(step(&stale, Some(&session())), Err(ErrorCode::LoginRequired));
    }

    #[test]
    fn an_account_is_chosen_once() {
        assert_eq!(step(&wanted("select_account"), Some(&session())), Ok(Step::ChooseAccount));
        let chosen = Wanted { account_was_chosen: true, ..wanted("select_account") };
        assert_eq!(step(&chosen, Some(&session())), Ok(Step::Go));
    }

    #[test]
    fn any_of_the_acr_values_will_do_and_the_first_that_can_be_reached_is_stepped_up_to() {
        let with = |names: &str, prompt: &str| Wanted { acr: AcrValue::list(names), ..wanted(prompt) };
        assert_eq!(step(&with("phrh aal1", ""), Some(&session())), Ok(Step::Go));
        let aal2 = AcrValue { level: Acr::Aal2, by_passkey: false };
        assert_eq!(step(&with("phrh urn:avnology:acr:aal2", ""), Some(&session())), Ok(Step::StepUp(aal2)));
        assert_eq!(step(&with("aal2", "none"), Some(&session())), Err(ErrorCode::LoginRequired));
        let unmet = step(&with("aal3", ""), Some(&session()));
        assert_eq!(unmet, Err(ErrorCode::UnmetAuthenticationRequirements));
        assert_eq!(step(&with("urn:unknown", ""), Some(&session())), Ok(Step::Go));
        let passkey = SignIn { level: Acr::Aal2, by_passkey: true, ..session() };
        assert_eq!(step(&with("phr", ""), Some(&passkey)), Ok(Step::Go));
    }
}
