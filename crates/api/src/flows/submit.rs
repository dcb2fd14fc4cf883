//! Submitting flows.

use avnology_core::flows::{self, Submission};
use avnology_http::{
    Auth, Bucket, Cookie, DeviceKeys, Path2, Response, Route, Submit, Visitor, csrf, holder,
};
use avnology_model::{
    Code, Error, Result,
    flows::{Flow, Transport},
    ids::FlowId,
};

use super::{
    Kind,
    answer::{self, SubmitAnswer},
};

async fn submit(
    auth: Auth<Visitor>,
    (Path2(kind, id), input): (Path2<Kind, FlowId>, Submit),
) -> Result<Response> {
    let is_form = input.is_form;
    let held = holder(&auth, Transport::Browser);
    let sent = input.body.get("csrf_token").and_then(|v| v.as_str()).map(str::to_owned);
    let live = auth.visitor().map(|live| &**live);
    let keys = DeviceKeys::of(&auth);
    let submission = Submission { method: input.method, body: input.body, browser: keys.hashes() };
    let by_link = submission.method == "link" && submission.body.contains_key("token");
    let guard = |flow: &Flow| check(&auth, flow, sent.as_deref(), by_link);
    let outcome = flows::submit(&auth.app, &auth.cx, (kind.0, id), held, submission, live, guard).await;
    match outcome {
        Ok(outcome) if is_form => Ok(answer::redirect(&auth, &keys, (kind.0, id), outcome)),
        Ok(outcome) => answer::json(&auth, &keys, outcome).await,
        // A form that cannot go on leads to a page that says so.
        Err(error) if is_form && error.code() == Code::FlowGone => Ok(answer::gone(kind.0, id)),
        Err(error) => Err(error),
    }
}

/// A browser shows its form token; a program has no `Origin`. The page of a mailed link is a browser's, whoever began the
/// flow.
fn check(auth: &Auth<Visitor>, flow: &Flow, sent: Option<&str>, by_link: bool) -> Result<()> {
    match flow.transport {
        Transport::Api if by_link && sent.is_some() => {
            csrf::check(&auth.app, auth.cookie(Cookie::Csrf), flow.id, sent)
        }
        Transport::Browser => csrf::check(&auth.app, auth.cookie(Cookie::Csrf), flow.id, sent),
        Transport::Api if auth.origin.is_some() => Err(Error::new(Code::CsrfFailed)),
        Transport::Api => Ok(()),
    }
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::post("/v1/flows/{type}/{id}:submit", submit)
            .operation_id("submitFlow")
            .summary("Submit a step of a flow")
            .tag("flows")
            .limited(Bucket::IpAuth)
            .produces(&["application/json", "text/html"])
            .answers::<SubmitAnswer>(200, "The next step, or the session.")
            .answers_redirect(303)
            .refuses(&[
                Code::WrongCredentials,
                Code::AccountLocked,
                Code::AccountInactive,
                Code::SecondFactorRequired,
                Code::WrongCode,
                Code::CodeExpired,
                Code::FlowGone,
                Code::PasswordBreached,
                Code::PasswordWeak,
                Code::MethodDisabled,
                Code::EmailTaken,
                Code::CsrfFailed,
                Code::CaptchaWrong,
                Code::WrongRecoveryCode,
                Code::RecoveryExpired,
                Code::HandleTaken,
                Code::PasswordReused,
                Code::LastCredential,
                Code::InputRejected,
                Code::StepUnavailable,
                Code::StepUpRequired,
                Code::RegistrationDisabled,
                Code::NotAMember,
                Code::InvitationInvalid,
                Code::SsoRequired,
                Code::OrganizationSuspended,
                Code::SeatLimitReached,
                Code::OrganizationNotReady,
                Code::InvitationForAnother,
            ]),
    ]
}
