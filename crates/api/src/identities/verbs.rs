//! Custom verbs of identities: states, lock, password, recovery link, credentials (`contract/10` §3).

use avnology_core::identities::{self as people, CredentialView, IdentityView, RecoveryLink};
use avnology_http::{
    Auth, Body, Json, NoContent, OptionalBody, Path1, Path2, Precondition, Reply, Route, Scoped, scopes,
};
use avnology_model::{
    Code, Error, Result,
    credentials::Factor,
    events::EventType,
    ids::{CredentialId, IdentityId},
    text::line,
};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::admin::tagged;

type Writer = Auth<Scoped<scopes::IdentitiesWrite>>;

#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
struct Deactivation {
    /// Why, up to 500 characters.
    reason: Option<String>,
    /// Whether sessions go on.
    keep_sessions: bool,
}

#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewPassword {
    /// The password.
    #[schema(value_type = String, format = Password)]
    password: SecretString,
    /// Whether the next sign-in must change it.
    #[serde(default)]
    require_change: bool,
    /// Whether sessions end.
    #[serde(default = "yes")]
    #[schema(default = true)]
    revoke_sessions: bool,
}

#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
struct MfaReset {
    /// Which factors; all when absent.
    methods: Option<Vec<Factor>>,
    /// Whether sessions end.
    revoke_sessions: bool,
    /// Why, up to 500 characters.
    reason: Option<String>,
}

impl Default for MfaReset {
    fn default() -> Self {
        Self { methods: None, revoke_sessions: true, reason: None }
    }
}

#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
struct RecoveryLinkRequest {
    /// Life of the link, 300–86400 s.
    #[schema(minimum = 300, maximum = 86400)]
    expires_in_seconds: u32,
    /// Where to go afterwards.
    return_to: Option<String>,
}

impl Default for RecoveryLinkRequest {
    fn default() -> Self {
        Self { expires_in_seconds: 3_600, return_to: None }
    }
}

fn yes() -> bool {
    true
}

/// Credentials of an identity.
#[derive(Serialize, ToSchema)]
pub(super) struct CredentialList {
    pub(super) credentials: Vec<CredentialView>,
}

async fn deactivate(
    auth: Writer,
    (Path1(id), expected, OptionalBody(body)): (Path1<IdentityId>, Precondition, OptionalBody<Deactivation>),
) -> Result<impl Reply> {
    let reason = body.reason.map(|r| line(&r, 500)).transpose();
    let reason = reason.map_err(|(code, message)| Error::field("reason", code, message))?;
    Ok(tagged(people::deactivate(&auth.app, &auth.cx, id, &expected, reason, body.keep_sessions).await?))
}

async fn reactivate(
    auth: Writer,
    (Path1(id), expected): (Path1<IdentityId>, Precondition),
) -> Result<impl Reply> {
    Ok(tagged(people::reactivate(&auth.app, &auth.cx, id, &expected).await?))
}

async fn cancel_deletion(
    auth: Writer,
    (Path1(id), expected): (Path1<IdentityId>, Precondition),
) -> Result<impl Reply> {
    Ok(tagged(people::cancel_deletion(&auth.app, &auth.cx, id, &expected).await?))
}

async fn unlock(
    auth: Writer,
    (Path1(id), expected): (Path1<IdentityId>, Precondition),
) -> Result<impl Reply> {
    Ok(tagged(people::unlock(&auth.app, &auth.cx, id, &expected).await?))
}

async fn set_password(
    auth: Writer,
    (Path1(id), expected, Body(body)): (Path1<IdentityId>, Precondition, Body<NewPassword>),
) -> Result<impl Reply> {
    let view = people::set_password(
        &auth.app,
        &auth.cx,
        id,
        &expected,
        &body.password,
        body.require_change,
        body.revoke_sessions,
    );
    Ok(tagged(view.await?))
}

async fn reset_mfa(
    auth: Writer,
    (Path1(id), expected, OptionalBody(body)): (Path1<IdentityId>, Precondition, OptionalBody<MfaReset>),
) -> Result<impl Reply> {
    let (reason, revoke) = (body.reason.as_deref(), body.revoke_sessions);
    let view = people::reset_mfa(&auth.app, &auth.cx, id, &expected, body.methods.clone(), revoke, reason);
    Ok(tagged(view.await?))
}

async fn recovery_link(
    auth: Writer,
    (Path1(id), OptionalBody(body)): (Path1<IdentityId>, OptionalBody<RecoveryLinkRequest>),
) -> Result<Json<RecoveryLink>> {
    let person = auth.caller.session().map(|live| &**live);
    let link = people::create_recovery_link(
        &auth.app,
        &auth.cx,
        id,
        body.expires_in_seconds,
        body.return_to,
        person,
    );
    link.await.map(Json)
}

async fn credentials(
    auth: Auth<Scoped<scopes::IdentitiesRead>>,
    Path1(id): Path1<IdentityId>,
) -> Result<Json<CredentialList>> {
    Ok(Json(CredentialList { credentials: people::list_credentials(&auth.app, &auth.cx, id).await? }))
}

async fn remove_credential(
    auth: Writer,
    Path2(id, credential): Path2<IdentityId, CredentialId>,
) -> Result<NoContent> {
    people::remove_credential(&auth.app, &auth.cx, id, credential).await?;
    Ok(NoContent)
}

pub(super) fn routes() -> Vec<Route> {
    let verb = |route: Route, id, summary| {
        route
            .operation_id(id)
            .summary(summary)
            .tag("identities")
            .answers::<IdentityView>(200, "The identity.")
            .etag()
    };
    vec![
        verb(
            Route::post("/v1/identities/{id}:deactivate", deactivate)
                .records(EventType::UserDisabled)
                .refuses(&[Code::ConflictingState, Code::LastOwner]),
            "deactivateIdentity",
            "Switch an identity off",
        ),
        verb(
            Route::post("/v1/identities/{id}:reactivate", reactivate)
                .records(EventType::UserEnabled)
                .refuses(&[Code::ConflictingState]),
            "reactivateIdentity",
            "Switch an identity on again",
        ),
        verb(
            Route::post("/v1/identities/{id}:cancelDeletion", cancel_deletion)
                .records(EventType::UserDeletionCancelled)
                .refuses(&[Code::DeletionFinal]),
            "cancelIdentityDeletion",
            "Take a scheduled deletion back",
        ),
        verb(
            Route::post("/v1/identities/{id}:unlock", unlock).records(EventType::UserUnlocked),
            "unlockIdentity",
            "Lift a lock",
        ),
        verb(
            Route::post("/v1/identities/{id}:setPassword", set_password)
                .records(EventType::UserPasswordChanged)
                .refuses(&[Code::PasswordBreached, Code::PasswordWeak, Code::PasswordReused]),
            "setIdentityPassword",
            "Set a password",
        ),
        verb(
            Route::post("/v1/identities/{id}:resetMfa", reset_mfa).records(EventType::UserMfaReset),
            "resetIdentityMfa",
            "Remove second factors",
        ),
        Route::post("/v1/identities/{id}:recoveryLink", recovery_link)
            .operation_id("createRecoveryLink")
            .records(EventType::UserRecoveryLinkCreated)
            .summary("Make a recovery link for out-of-band delivery")
            .tag("identities")
            .answers::<RecoveryLink>(200, "The link.")
            .refuses(&[Code::AccountInactive, Code::SecondFactorRequired, Code::StepUpRequired]),
        Route::get("/v1/identities/{id}/credentials", credentials)
            .operation_id("listIdentityCredentials")
            .summary("List the credentials of an identity")
            .tag("identities")
            .answers::<CredentialList>(200, "The credentials."),
        Route::delete("/v1/identities/{id}/credentials/{cred_id}", remove_credential)
            .operation_id("deleteIdentityCredential")
            .records(EventType::UserPasswordChanged)
            .summary("Remove a credential of an identity")
            .tag("identities")
            .answers_empty(204)
            .refuses(&[Code::LastCredential]),
    ]
}
