//! People read and change their own identity.

use std::{collections::BTreeSet, sync::Arc};

use avnology_model::{
    Code, Error, FieldCode, FieldError, Result, Timestamp,
    flows::Channel,
    identities::{Email, Identity},
    ids::FlowId,
    platform::RegistrationField,
};
use avnology_store::{
    IdentityTx,
    credentials::{passwords, recovery_codes},
    identities::identities,
    sessions::sessions,
};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{
    FactorRecoveryView, IdentityView, TraitsSchema, editable, from_json, own_factor_recovery, phone,
    update::save,
};
use crate::{
    Cx, Tenant,
    flows::{self, NewVerification},
    sessions::LiveSession,
};

/// The caller's own identity, and what is about to happen to it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OwnIdentity {
    /// The identity.
    #[serde(flatten)]
    pub identity: IdentityView,
    /// The recovery of second factors that waits, or that can be completed; absent when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub factor_recovery: Option<FactorRecoveryView>,
}

/// What waits for its proof.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Pending {
    /// New e-mail.
    pub email: Option<String>,
    /// New phone.
    pub phone: Option<String>,
    /// Where to enter the code that was mailed.
    #[schema(value_type = Option<String>)]
    pub verification_flow_id: Option<FlowId>,
}

/// The answer to a change.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OwnChange {
    /// The identity.
    #[serde(flatten)]
    pub identity: IdentityView,
    /// What waits for its proof; absent when nothing does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pending: Option<Pending>,
}

/// What the overview of an account shows.
#[derive(Clone, Debug)]
pub struct OwnSummary {
    /// The identity.
    pub identity: Identity,
    /// Sessions that work.
    pub active_sessions: u32,
    /// When the password was set.
    pub password_changed_at: Option<Timestamp>,
    /// Backup codes that are left, where there are any.
    pub backup_codes: Option<u32>,
}

/// The caller's own account at a glance, read from the database.
pub async fn own_summary(app: &Tenant, cx: &Cx, live: &LiveSession) -> Result<OwnSummary> {
    let (id, now) = (live.identity.id, cx.now);
    let idle = i64::from(app.settings().settings.session_policy.idle_timeout_seconds);
    app.store
        .identity()
        .read(move |tx| {
            let active = sessions::count_active(tx, id, now, now.plus_seconds(-idle))?;
            Ok(OwnSummary {
                identity: identities::get(tx, id)?,
                active_sessions: u32::try_from(active).unwrap_or(u32::MAX),
                password_changed_at: passwords::find(tx, id)?.map(|p| p.create_time),
                backup_codes: recovery_codes::find(tx, id)?.map(|codes| codes.remaining),
            })
        })
        .await
}

/// Members that people may change themselves.
const OWN: &[&str] = &[
    "email",
    "phone",
    "username",
    "first_name",
    "last_name",
    "display_name",
    "avatar_url",
    "locale",
    "timezone",
    "traits",
];
/// Those of them that identify the person, for which a fresh sign-in is asked.
const IDENTIFIERS: &[&str] = &["email", "phone", "username"];

/// The caller's own identity, read from the database.
pub async fn view_own(app: &Tenant, cx: &Cx, live: &LiveSession) -> Result<OwnIdentity> {
    let id = live.identity.id;
    let identity = app.store.identity().read(move |tx| identities::get(tx, id)).await?;
    let factor_recovery = own_factor_recovery(app, cx, live).await?;
    Ok(OwnIdentity { identity: IdentityView::for_itself(&identity, cx.now), factor_recovery })
}

/// Changes the caller's own identity by a merge patch. `_902`; `_110` or `_006` for e-mail, phone and username without a good enough
/// sign-in; `_014`, `_023`; `_025` for the phone that is the last way in. A new e-mail or phone is held as pending, and a
/// code is sent to it; where both are new, the code to the phone is asked for later.
pub async fn patch_own(
    app: &Arc<Tenant>,
    cx: &Cx,
    live: &LiveSession,
    patch: Map<String, Value>,
) -> Result<OwnChange> {
    let id = live.identity.id;
    let privileged = live.check_privileged(&app.settings().settings, cx.now).map_err(|e| e.code()).err();
    let new = NewVerification::draw(app, cx);
    let (job, cx2) = (Arc::clone(app), cx.clone());
    let (identity, verification, hashes) = app
        .store
        .identity()
        .write(move |tx| {
            let mut identity = identities::get(tx, id)?;
            let verification = change_own(tx, &job, &cx2, &mut identity, &patch, privileged, &new)?;
            Ok((identity, verification, sessions::token_hashes_of(tx, id)?))
        })
        .await?;
    app.sessions.forget(&hashes);
    let waits = identity.pending_email.is_some() || identity.pending_phone.is_some();
    let pending = waits.then(|| Pending {
        email: identity.pending_email.clone(),
        phone: identity.pending_phone.clone(),
        verification_flow_id: verification,
    });
    Ok(OwnChange { identity: IdentityView::for_itself(&identity, cx.now), pending })
}

/// Changes an identity as its owner may, in this transaction; the verification flow of a new address.
pub(crate) fn change_own(
    tx: &mut IdentityTx<'_>,
    app: &Tenant,
    cx: &Cx,
    identity: &mut Identity,
    patch: &Map<String, Value>,
    refused: Option<Code>,
    new: &NewVerification,
) -> Result<Option<FlowId>> {
    if let Some(name) = patch.keys().find(|name| !OWN.contains(&name.as_str())) {
        let known = serde_json::to_value(editable(identity)).is_ok_and(|v| v.get(name).is_some());
        return Err(if known {
            Error::field(name, FieldCode::NotAllowed, "This cannot be changed here.")
        } else {
            Error::field(name, FieldCode::UnknownField, "There is no such field.")
        });
    }
    let before = identity.clone();
    let mut rest = patch.clone();
    let (new_email, new_phone) = (rest.remove("email"), rest.remove("phone"));
    let mut target = serde_json::to_value(editable(identity)).map_err(Error::internal)?;
    crate::patch::merge(&mut target, &Value::Object(rest));
    let settings = app.settings();
    let kept = required_and_touched(&settings.settings.registration.required_fields, patch);
    let fields = from_json(target, "")?.check_change(identity, "", &kept).map_err(Error::of_fields)?;
    let mut changed = identity.clone();
    fields.write(&mut changed);
    if let Some(schema) = app.traits_schema(&settings)? {
        check_own_traits(&schema, &identity.traits, &changed.traits)?;
    }
    let email = new_email.map(|value| read_email(identity, &value)).transpose()?.flatten();
    let is_required = settings.settings.registration.required_fields.contains(&RegistrationField::Phone);
    let phone = new_phone.map(|value| phone::read(app, identity, &value, is_required)).transpose()?.flatten();
    let touches_identifiers = changed.username != identity.username || email.is_some() || phone.is_some();
    if let Some(code) = refused.filter(|_| touches_identifiers)
        && IDENTIFIERS.iter().any(|name| patch.contains_key(*name))
    {
        return Err(Error::new(code));
    }
    *identity = changed;
    if let Some(phone::Wish::Remove) = phone {
        phone::remove(tx, &settings.settings, identity)?;
    }
    save(tx, cx, &before, identity)?;
    if let Some(phone::Wish::Replace(number)) = &phone {
        phone::hold(tx, cx, &settings.settings, identity, number)?;
    }
    let Some(email) = email else {
        let Some(phone::Wish::Replace(number)) = phone else { return Ok(None) };
        return flows::begin_verification(tx, app, cx, identity, (Channel::Sms, &number), new).map(Some);
    };
    if identities::by_email(tx, &identity.realm, email.key())?.is_some()
        && settings.settings.registration.discloses_accounts
    {
        return Err(Error::new(Code::EmailTaken));
    }
    identity.pending_email = Some(email.as_str().to_owned());
    identities::update(tx, identity, cx.now)?;
    flows::begin_verification(tx, app, cx, identity, (Channel::Email, email.as_str()), new).map(Some)
}

/// The fields that the tenant asks for and this patch touches; address and phone have checks of their own.
fn required_and_touched(
    required: &[RegistrationField],
    patch: &Map<String, Value>,
) -> Vec<RegistrationField> {
    let touched = |field: &RegistrationField| patch.contains_key(field.as_str());
    let checked_here =
        |f: &RegistrationField| matches!(f, RegistrationField::Email | RegistrationField::Phone);
    required.iter().copied().filter(|f| !checked_here(f)).filter(touched).collect()
}

/// People may change the traits that the schema says are theirs, and only so that these fit. What did not fit before,
/// because the schema has changed, does not stand in the way.
fn check_own_traits(
    schema: &TraitsSchema,
    before: &Map<String, Value>,
    after: &Map<String, Value>,
) -> Result<()> {
    let names: BTreeSet<&String> =
        before.keys().chain(after.keys()).filter(|name| before.get(*name) != after.get(*name)).collect();
    if names.is_empty() {
        return Ok(());
    }
    let foreign = names.iter().filter(|name| !schema.is_self_service(name)).map(|name| {
        let (code, message) = if schema.property(name).is_some() {
            (FieldCode::NotAllowed, "This cannot be changed here.")
        } else {
            (FieldCode::UnknownField, "There is no such field.")
        };
        FieldError { field: format!("traits.{name}"), code, message: message.to_owned() }
    });
    Error::from_fields(foreign.collect())?;
    let known = schema.flaws(before, "traits");
    let is_of_changed = |flaw: &FieldError| {
        let rest = flaw.field.strip_prefix("traits.").unwrap_or_default();
        names.iter().any(|name| {
            rest.strip_prefix(name.as_str())
                .is_some_and(|tail| tail.is_empty() || tail.starts_with(['.', '[']))
        })
    };
    let flaws = schema.flaws(after, "traits").into_iter().filter(|f| is_of_changed(f) || !known.contains(f));
    Error::from_fields(flaws.collect())
}

/// The address asked for, if it is another one than the present.
fn read_email(identity: &Identity, value: &Value) -> Result<Option<Email>> {
    let Some(text) = value.as_str() else {
        return Err(Error::field("email", FieldCode::Required, "An account needs an e-mail address."));
    };
    let email = Email::parse(text).map_err(|(code, message)| Error::field("email", code, message))?;
    Ok(Some(email).filter(|e| identity.email_key.as_deref() != Some(e.key())))
}
