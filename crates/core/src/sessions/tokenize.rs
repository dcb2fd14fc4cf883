//! Tokens made of sessions, for an application's own backends, which verify them without asking (`contract/10` §8.5).

use avnology_model::{
    Code, Error, FieldCode, Result, Timestamp,
    platform::{SessionPolicy, SessionTokenTemplate, SigningAlgorithm},
    sessions::SessionKind,
};
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::{
    LiveSession, SessionView,
    claims::{Subject, of_organization, of_session, of_template},
};
use crate::{Cx, Tenant, hex, organizations::Acting, platform};

/// The type of these tokens, so that nobody takes one for a token of another kind.
const TYPE: &str = "session+jwt";
/// Most bytes of claims. What is larger fits into no header of a request.
const CLAIMS_BYTES: usize = 16 * 1024;

/// Which token is wanted.
#[derive(Clone, Debug)]
pub struct TokenRequest {
    /// The name of a template.
    pub template: String,
    /// One audience of those that the template lists; none for all.
    pub audience: Option<String>,
}

/// A token made of a session.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SessionToken {
    /// The JWT.
    pub token: String,
    /// `Bearer`.
    pub token_type: &'static str,
    /// For how many seconds it is good.
    pub expires_in: i64,
    /// The template that it was made by.
    pub template: String,
}

/// Makes a token of the caller's session, acting where the request does. `_901` for a template that is not there, `_902`
/// for an audience that it does not list, `_110` for a session that can only set a new password, `_100` for an access token.
pub async fn tokenize(
    app: &Tenant,
    cx: &Cx,
    live: &LiveSession,
    acting: Option<&Acting>,
    wanted: &TokenRequest,
) -> Result<SessionToken> {
    live.check_in_person()?;
    if live.session.kind == SessionKind::Recovery {
        let required = json!({ "aal": null, "max_age": null, "connection_id": null, "methods": null });
        return Err(Error::new(Code::StepUpRequired)
            .with_detail("A recovery session can only set a new password. Sign in to do more.")
            .with_member("required", required));
    }
    let settings = app.settings();
    let template = template(&settings.settings.session_token_templates, &wanted.template)?;
    let issuer = app.config.origin();
    let begin = cx.now.seconds();
    let expires = ends_at(live, &settings.settings.session_policy, acting).seconds();
    let expires = expires.min(begin.saturating_add(i64::from(template.ttl_seconds)));

    let subject = Subject { live, acting, settings: &settings, now: cx.now };
    let mut claims = of_template(&template.claims, &subject);
    claims.extend(of_session(live));
    claims.extend(acting.map(of_organization).unwrap_or_default());
    claims.insert("aud".to_owned(), audience(&template, &issuer, wanted.audience.as_deref())?);
    claims.insert("iss".to_owned(), Value::from(issuer));
    claims.insert("iat".to_owned(), Value::from(begin));
    claims.insert("nbf".to_owned(), Value::from(begin));
    claims.insert("exp".to_owned(), Value::from(expires));
    claims.insert("jti".to_owned(), Value::from(hex(&cx.random::<16>())));
    check_size(&claims)?;
    Ok(SessionToken {
        token: platform::signer(app, cx, SigningAlgorithm::Es256).await?.sign(TYPE, &claims)?,
        token_type: "Bearer",
        expires_in: expires.saturating_sub(begin),
        template: wanted.template.clone(),
    })
}

/// The session as `whoami` shows it, with a token made by this template.
pub async fn view_with_token(
    app: &Tenant,
    cx: &Cx,
    live: &LiveSession,
    acting: Option<&Acting>,
    template: String,
) -> Result<SessionView> {
    let wanted = TokenRequest { template, audience: None };
    let made = tokenize(app, cx, live, acting, &wanted).await?;
    let mut view = SessionView::of_live(live, &app.settings(), cx.now).acting(acting);
    view.tokenized = Some(made.token);
    Ok(view)
}

fn template(
    templates: &std::collections::BTreeMap<String, SessionTokenTemplate>,
    name: &str,
) -> Result<SessionTokenTemplate> {
    let implied = || (name == SessionTokenTemplate::DEFAULT).then(SessionTokenTemplate::default);
    let missing = || Error::not_found().with_detail("There is no such template for tokens.");
    templates.get(name).cloned().or_else(implied).ok_or_else(missing)
}

/// For whom the token is: all audiences of the template, or the one that was asked for; the issuer where none is listed.
fn audience(template: &SessionTokenTemplate, issuer: &str, wanted: Option<&str>) -> Result<Value> {
    let implied = [issuer.to_owned()];
    let listed = if template.audience.is_empty() { implied.as_slice() } else { &template.audience };
    match (wanted, listed) {
        (Some(wanted), _) if listed.iter().any(|one| one == wanted) => Ok(Value::from(wanted)),
        (Some(_), _) => {
            Err(Error::field("audience", FieldCode::NotAllowed, "The template does not list this audience."))
        }
        (None, [one]) => Ok(Value::from(one.as_str())),
        (None, all) => Ok(Value::from(all)),
    }
}

/// When the session ends if it is not used again, or ends to be good where it acts.
fn ends_at(live: &LiveSession, policy: &SessionPolicy, acting: Option<&Acting>) -> Timestamp {
    let end = live.idle_expires_at(policy);
    let Some((member, acting)) = acting.and_then(|acting| Some((acting.member()?, acting))) else {
        return end;
    };
    let limits = &acting.organization.organization.session_policy;
    let after = |from: Timestamp, seconds: Option<u32>| seconds.map(|s| from.plus_seconds(i64::from(s)));
    let idle = after(live.last_used_at(), limits.idle_timeout_seconds);
    let absolute = after(live.session.authenticated_at, limits.absolute_timeout_seconds);
    [idle, absolute, member.membership.expire_time].into_iter().flatten().fold(end, Timestamp::min)
}

fn check_size(claims: &Map<String, Value>) -> Result<()> {
    let size = serde_json::to_vec(claims).map_err(Error::internal)?.len();
    if size <= CLAIMS_BYTES {
        return Ok(());
    }
    Err(Error::field(
        "template",
        FieldCode::TooLong,
        "What this template says of this session exceeds 16 KiB.",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISSUER: &str = "https://id.example.com";

    fn listing(audience: &[&str]) -> SessionTokenTemplate {
        SessionTokenTemplate {
            audience: audience.iter().map(|a| (*a).to_owned()).collect(),
            ..Default::default()
        }
    }

    #[test]
    fn a_token_is_for_the_issuer_for_all_that_are_listed_or_for_the_one_asked_for() {
        let none = listing(&[]);
        assert_eq!(audience(&none, ISSUER, None).unwrap(), json!(ISSUER));
        assert_eq!(audience(&none, ISSUER, Some(ISSUER)).unwrap(), json!(ISSUER));
        let (one, two) = (listing(&["a"]), listing(&["a", "b"]));
        assert_eq!(audience(&one, ISSUER, None).unwrap(), json!("a"));
        assert_eq!(audience(&two, ISSUER, None).unwrap(), json!(["a", "b"]));
        assert_eq!(audience(&two, ISSUER, Some("b")).unwrap(), json!("b"));
        for (template, other) in [(&none, "a"), (&one, ISSUER), (&two, "A"), (&two, "")] {
            let refused = audience(template, ISSUER, Some(other)).unwrap_err();
            assert_eq!(refused.errors()[0].field, "audience", "{other}");
        }
    }
}
