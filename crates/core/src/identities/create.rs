//! An administrator makes an identity.

use std::sync::Arc;

use avnology_model::{
    Error, Result,
    events::{EventType, MessageRequest, MessageType},
    identities::Identity,
    ids::{CredentialId, IdentityId},
    platform::{IdempotencyKey, RegistrationField},
};
use avnology_store::{IdentityTx, credentials::passwords, identities::identities};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{IdentityInput, IdentityView, recovery_link};
use crate::{
    Cx, Tenant,
    credentials::check_new_password,
    events::{emit, emit_message, seal},
    platform,
};

/// Life of the link in a welcome mail, in seconds.
const WELCOME_SECONDS: i64 = 7 * 24 * 60 * 60;

/// What an administrator asks for.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CreateIdentity)]
pub struct NewIdentity {
    /// The identity.
    pub identity: IdentityInput,
    /// First password, checked against the policy.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Password)]
    pub initial_password: Option<SecretString>,
    /// Whether to mail a link to set a password.
    #[serde(default)]
    pub send_welcome: bool,
    /// Whether to check only, and write nothing.
    #[serde(default)]
    pub validate_only: bool,
}

/// The answer to a wish for an identity.
#[derive(Clone, Debug)]
pub enum Created {
    /// It was made.
    Made(Box<IdentityView>),
    /// It would look like this; nothing was written, and it has no id.
    WouldBe(Box<IdentityView>),
}

/// Makes an identity. `_902`, `_014`, `_023`, `_903`, `_010`, `_011`.
pub async fn create(
    app: &Arc<Tenant>,
    cx: &Cx,
    new: NewIdentity,
    key: Option<&IdempotencyKey>,
) -> Result<Created> {
    let settings = app.settings();
    let asked = &settings.settings.registration.required_fields;
    let required: Vec<_> = asked.iter().copied().filter(|f| *f == RegistrationField::Email).collect();
    let fields = new.identity.check("identity.", &required).map_err(Error::of_fields)?;
    if let Some(schema) = app.traits_schema(&settings)? {
        Error::from_fields(schema.flaws(fields.traits(), "identity.traits"))?;
    }
    if new.send_welcome && fields.email.is_none() {
        let code = avnology_model::FieldCode::Conflict;
        return Err(Error::field("send_welcome", code, "There is no address to send it to."));
    }
    let phc = match &new.initial_password {
        Some(password) => {
            check_new_password(app, &settings.settings.password_policy, password, &fields.own_words(), &[])
                .await?;
            Some(app.hasher.hash(password, cx.random()).await?)
        }
        None => None,
    };
    let mut identity = Identity::new(IdentityId::new(cx.now, cx.random()), cx.now);
    fields.write(&mut identity);
    identity.has_password = phc.is_some();
    let (job, cx2, key) = (Arc::clone(app), cx.clone(), key.copied());
    let link = recovery_link::Prepared::draw(cx, WELCOME_SECONDS);
    let validate_only = new.validate_only;
    let view = app
        .store
        .identity()
        .write(move |tx| {
            let cx = &cx2;
            if validate_only {
                return would_be(tx, cx, &identity);
            }
            insert_new(
                tx,
                cx,
                &identity,
                phc.as_deref().map(|p| (CredentialId::new(cx.now, cx.random()), p)),
                "admin",
            )?;
            if let Some(address) = identity.email.as_deref().filter(|_| new.send_welcome) {
                let url = link.insert(tx, cx, &job.config.origin(), &identity, address)?;
                let mut request = MessageRequest::new(MessageType::Welcome, address);
                request.identity_id = Some(identity.id);
                request.name = Some(identity.display_name());
                request.until = Some(cx.now.plus_seconds(WELCOME_SECONDS));
                let sealed = seal(&job.keys, address, None, Some(&url))?;
                emit_message(tx, cx, &request, Some(&sealed))?;
            }
            let view = IdentityView::for_administrators(&identity, cx.now);
            let body = serde_json::to_vec(&view).map_err(Error::internal)?;
            platform::finish(tx, cx, &job.keys, key.as_ref(), 201, &body)?;
            Ok(view)
        })
        .await?;
    Ok(if validate_only { Created::WouldBe(Box::new(view)) } else { Created::Made(Box::new(view)) })
}

/// Runs the checks that only the tables can make, and takes the row out again.
fn would_be(tx: &mut IdentityTx<'_>, cx: &Cx, identity: &Identity) -> Result<IdentityView> {
    identities::insert(tx, identity)?;
    identities::discard(tx, identity.id)?;
    let mut view = IdentityView::for_administrators(identity, cx.now);
    view.id = None;
    Ok(view)
}

/// Adds an identity with its password, and tells of it.
pub(crate) fn insert_new(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    identity: &Identity,
    password: Option<(CredentialId, &str)>,
    source: &str,
) -> Result<()> {
    identities::insert(tx, identity)?;
    if let Some((id, phc)) = password {
        passwords::set(tx, identity.id, id, phc, cx.now)?;
    }
    let payload = json!({ "user": IdentityView::for_events(identity, cx.now), "source": source });
    emit(tx, &cx.event(EventType::UserCreated, payload).on("identity", &identity.id))
}
