//! A refusal for want of a fresh sign-in carries the login flow to go through (`contract/11` §4.6).

use avnology_core::{
    Tenant,
    flows::{self, Holder, More},
    organizations,
    sessions::LiveSession,
};
use avnology_model::{Code, Error, Result, sessions::Aal};
use serde_json::json;

use crate::{Access, AnySession, Auth, BrowserKeys, access::AccessRule, input::Raw};

/// The answer, or for `_110` and `_006` the same with `required` and a login flow bound to the session. Where it is an
/// organization that asks for more, the flow leads into that one. A client that acts for the person gets no flow: it sends them
/// to sign in.
pub async fn with_step_up<A: Access, T>(auth: &Auth<A>, live: &LiveSession, answer: Result<T>) -> Result<T> {
    let error = match answer {
        Err(error) if is_of_session(&error) => error,
        other => return other,
    };
    if live.through.is_some() {
        // The client sends the person to sign in; a flow here would not renew its token.
        return Err(with_required(auth, error));
    }
    let organization = match asked_by(&error) {
        Some(name) => organizations::find_named(&auth.app, &auth.cx, name).await?,
        None => None,
    };
    let organization = organization.as_deref().map(|live| &live.organization);
    // A browser that has signed in here has its keys; a script elsewhere is a program.
    let keys = Some(BrowserKeys::of(auth)).filter(|keys| auth.is_browser() && keys.set.is_empty());
    let holder = keys.as_ref().map_or(Holder::Program, BrowserKeys::holder);
    let flow =
        flows::open_step_up(&auth.app, &auth.cx, live, holder, More::asked_by(&error), None, organization)
            .await?;
    let token = keys.map(|keys| keys.csrf_token(auth, flow.id));
    let view = flows::view(&auth.app, &flow, token.as_deref(), None);
    let view = serde_json::to_value(view).map_err(Error::internal)?;
    Err(with_required(auth, error).with_member("continue_flow", view))
}

fn with_required<A: Access>(auth: &Auth<A>, error: Error) -> Error {
    if error.members().contains_key("required") {
        return error;
    }
    let required = required(&auth.app, &error);
    error.with_member("required", required)
}

/// A refusal by the rules of the organization that a call to the API is about, with the way to satisfy them.
pub(crate) async fn of_scope(rule: AccessRule, raw: Raw, refusal: Error) -> Error {
    let Some(live) = raw.caller.session().cloned().filter(|_| !rule.is_of_page()) else { return refusal };
    if asked_by(&refusal).is_none() {
        return refusal;
    }
    let answer = match Auth::<AnySession>::new(raw) {
        Ok(auth) => with_step_up(&auth, &live, Err(refusal)).await,
        Err(error) => Err(error),
    };
    answer.map_or_else(|error| error, |never: std::convert::Infallible| match never {})
}

/// The organization that asks for more than the session has.
fn asked_by(error: &Error) -> Option<&str> {
    error.members().get("organization_id").and_then(|id| id.as_str()).filter(|_| is_of_session(error))
}

fn is_of_session(error: &Error) -> bool {
    matches!(error.code(), Code::StepUpRequired | Code::SecondFactorRequired)
}

/// What a privileged change asks for.
pub fn required(app: &Tenant, refusal: &Error) -> serde_json::Value {
    let (aal, max_age) = match More::asked_by(refusal) {
        More::Factor => (Some(Aal::Aal2), None),
        More::Again => (None, Some(app.settings().settings.session_policy.privileged_max_age_seconds)),
    };
    json!({ "aal": aal, "max_age": max_age, "connection_id": null, "methods": null })
}
