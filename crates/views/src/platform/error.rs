//! `/error` and the page for addresses where there is nothing.

use avnology_model::Code;

use crate::{
    Context, Link,
    flows::card::Card,
    parts::{Icon, Sentence},
    words,
};

/// Heading and sentences for a code on a page for people: without the terms of the protocol, which stand in
/// [`super::Problem`].
pub const fn plain_words(code: Code) -> (&'static str, &'static str) {
    match code {
        Code::CsrfFailed => (
            "Please try again",
            "The page was open for too long, or was opened twice. Nothing was changed. Go back, reload the page, and \
             repeat what you did.",
        ),
        Code::SessionExpired | Code::SessionInvalid => {
            ("Please sign in again", "Your session has ended. Nothing was changed, and your account is safe.")
        }
        Code::StepUpRequired | Code::SecondFactorRequired => {
            ("Confirm it is you", "This needs a fresh sign-in. Sign in once more, then repeat what you did.")
        }
        Code::PermissionDenied | Code::ScopeMissing => (
            "You cannot do this",
            "Your account is fine, but it may not do this. Ask whoever looks after it.",
        ),
        Code::OrganizationSuspended => (
            "Closed at the moment",
            "It was suspended or is about to be deleted. Nothing is lost, and your account is safe. Ask one of its owners.",
        ),
        Code::OrganizationNotReady => {
            ("Almost ready", "It is being set up, which takes a few seconds. Please try again in a moment.")
        }
        Code::AccountInactive => (
            "This account is not active",
            "It is switched off or about to be deleted. Support can switch it on again.",
        ),
        Code::TooManyRequests => (
            "That was a bit fast",
            "Too many requests came from here. Nothing was changed. Wait a minute and try again.",
        ),
        Code::FlowGone => (
            "This page has expired",
            "It was open for too long, or is finished already. What was saved stays saved.",
        ),
        Code::MethodDisabled | Code::RegistrationDisabled => {
            ("This is switched off", "It is not offered here. Nothing was changed.")
        }
        Code::NotFound => (
            "There is nothing here",
            "The address may be mistyped, or the page has moved. Your account is safe.",
        ),
        Code::Unavailable => (
            "Not available right now",
            "We cannot do this at the moment. Nothing was changed; please try again shortly.",
        ),
        Code::Internal => (
            "Something went wrong",
            "It was our mistake, not yours, and nothing was changed. Please try again; if it happens again, tell support \
             the request below.",
        ),
        _ => (
            "This did not work",
            "Nothing was changed. Go back and try again; if it happens again, ask support.",
        ),
    }
}

/// An error that ends what the person was doing.
#[derive(Clone, Copy, Debug)]
pub struct ErrorPage<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
    /// What happened, as a heading.
    pub title: &'a str,
    /// What happened, what is still safe, what to do next.
    pub detail: &'a str,
    /// The code, as in `AVNOLOGY_AUTH_015`, or an OAuth code.
    pub code: &'a str,
    /// For support; empty when there is none.
    pub request_id: &'a str,
    /// The way back.
    pub back: Option<&'a Link>,
}

impl ErrorPage<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let mut card = Card::new(self.cx, "error", "error", self.title);
        card.icon = Some(Icon::Alert);
        card.lead.push(Sentence::plain(words::sentence(self.detail)));
        self.code.clone_into(&mut card.error_code);
        self.request_id.clone_into(&mut card.request_id);
        card.go = self.back.cloned();
        card.render()
    }
}

/// There is nothing at this address.
#[derive(Clone, Copy, Debug)]
pub struct NotFound<'a> {
    /// Brand, language, time.
    pub cx: Context<'a>,
    /// For support; empty when there is none.
    pub request_id: &'a str,
    /// The way back.
    pub back: &'a Link,
}

impl NotFound<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let (title, detail) = plain_words(Code::NotFound);
        let mut card = Card::new(self.cx, "error", "not_found", title);
        card.icon = Some(Icon::Search);
        card.lead.push(Sentence::plain(detail));
        Code::NotFound.text().clone_into(&mut card.error_code);
        self.request_id.clone_into(&mut card.request_id);
        card.go = Some(self.back.clone());
        card.render()
    }
}
