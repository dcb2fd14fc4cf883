//! What came of a form, as the page says it after the redirect: a word in the address, never a text.

use avnology_http::{Reply, Response, SeeOther};
use avnology_model::{Code, Error, Result};
use avnology_views::{
    Notice,
    organizations::{Refusal, refusal},
};

/// Back to a page with what was done.
pub(super) fn done(url: &str, word: &str) -> Response {
    SeeOther(format!("{url}?done={word}")).respond()
}

/// Back to a page with why it was not done; failures of ours and limits go their own way. A sign-in that is too old leads
/// through a new one and back.
pub(super) fn failed(url: &str, error: Error) -> Result<Response> {
    match error.code() {
        _ if error.is_failure() => Err(error),
        Code::CsrfFailed => Err(error),
        Code::StepUpRequired | Code::SecondFactorRequired => Ok(step_up(url)),
        code => Ok(SeeOther(format!("{url}?failed={}", code.number())).respond()),
    }
}

/// Whether an error leads away from the page, so that the page is not drawn again with it: see [`failed`].
pub(super) fn is_elsewhere(error: &Error) -> bool {
    error.is_failure()
        || matches!(error.code(), Code::CsrfFailed | Code::StepUpRequired | Code::SecondFactorRequired)
}

/// A fresh sign-in, then back to `url`.
pub(super) fn step_up(url: &str) -> Response {
    SeeOther(format!("/sign-in?refresh=true&return_to={}", url.replace('/', "%2F"))).respond()
}

/// The notice for a word, of those that a page knows.
pub(super) fn notice(word: Option<&str>, known: &[(&str, &str)]) -> Option<Notice> {
    let word = word?;
    known.iter().find(|(name, _)| *name == word).map(|(_, text)| Notice::success(*text))
}

/// The refusal for the number of a code.
pub(super) fn refusals(number: Option<&str>) -> Vec<Refusal> {
    let code = number.and_then(|number| Code::ALL.iter().copied().find(|code| code.number() == number));
    code.map(|code| refusal(&Error::new(code))).unwrap_or_default()
}
