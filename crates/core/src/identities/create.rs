//! An administrator makes an identity.

use std::sync::Arc;

use avnology_model::{
    Code, Error, FieldCode, Result,
    credentials::PasswordHash,
    events::{EventType, MessageRequest, MessageType},
    identities::Identity,
    ids::{CredentialId, IdentityId, MembershipId},
    organizations::MembershipSource,
    permissions::RoleKey,
    platform::{FederationMode, IdempotencyKey, RegistrationField},
};
use avnology_store::{
    IdentityTx, credentials::passwords, identities::identities, organizations::organizations as rows,
};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{IdentityInput, IdentityView, recovery_link};
use crate::{
    Cx, Tenant,
    credentials::{check_new_password, text_of_imported_hash},
    events::{emit, emit_message, seal},
    organizations::{self, Joining, LiveOrganization},
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
    /// Hash of the password in another system, instead of `initial_password`.
    #[serde(default)]
    pub password_hash: Option<PasswordHash>,
    /// Makes the identity a member of this organization; in `strict` federation its home.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub organization_id: Option<String>,
    /// With which role; `member` when absent. Only with an organization.
    #[serde(default)]
    pub role: Option<String>,
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
    let home = home(app, cx, new.organization_id.as_deref(), new.role.as_deref()).await?;
    let settings = app.settings();
    let asked = &settings.settings.registration.required_fields;
    let required: Vec<_> = asked.iter().copied().filter(|f| *f == RegistrationField::Email).collect();
    let fields = new.identity.check("identity.", &required).map_err(Error::of_fields)?;
    if let Some(schema) = app.traits_schema(&settings)? {
        Error::from_fields(schema.flaws(fields.traits(), "identity.traits"))?;
    }
    if new.send_welcome && fields.email.is_none() {
        let code = FieldCode::Conflict;
        return Err(Error::field("send_welcome", code, "There is no address to send it to."));
    }
    let phc = match (&new.initial_password, &new.password_hash) {
        (Some(_), Some(_)) => {
            return Err(Error::field(
                "password_hash",
                FieldCode::Conflict,
                "Either this or initial_password, not both.",
            ));
        }
        (Some(password), None) => {
            check_new_password(app, &settings.settings.password_policy, password, &fields.own_words(), &[])
                .await?;
            Some(app.hasher.hash(password, cx.random()).await?)
        }
        (None, Some(hash)) => Some(text_of_imported_hash(&app.hasher, hash, "password_hash")?),
        (None, None) => None,
    };
    let mut identity = Identity::new(IdentityId::new(cx.now, cx.random()), cx.now);
    fields.write(&mut identity);
    identity.has_password = phc.is_some();
    if let Some(home) = &home {
        home.fit(app, cx, &mut identity).await?;
    }
    let membership = MembershipId::new(cx.now, cx.random());
    let (job, cx2, key) = (Arc::clone(app), cx.clone(), key.copied());
    let link = recovery_link::Prepared::draw(cx, WELCOME_SECONDS);
    let validate_only = new.validate_only;
    let view = app
        .store
        .identity()
        .write(move |tx| {
            let cx = &cx2;
            let mut identity = identity.clone();
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
            if let Some(home) = &home {
                home.join(tx, cx, &identity, membership)?;
                identity = identities::get(tx, identity.id)?;
            }
            if let Some(address) = identity.email.as_deref().filter(|_| new.send_welcome) {
                let url = link.insert(tx, cx, &job.config.origin(), &identity, address)?;
                let mut request = MessageRequest::to_person(MessageType::Welcome, address, &identity);
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

/// The organization that a new identity becomes a member of.
#[derive(Clone)]
pub(super) struct Home {
    pub(super) organization: Arc<LiveOrganization>,
    pub(super) role: RoleKey,
    /// Whether the organization itself makes the identity, and so manages it.
    claims: bool,
}

/// The organization named by the request or by its scope. `_303` when they differ, `_300`, `_314`; `_902` for a strict tenant
/// without one.
async fn home(app: &Arc<Tenant>, cx: &Cx, name: Option<&str>, role: Option<&str>) -> Result<Option<Home>> {
    let home = named_home(app, cx, name, role).await?;
    if home.is_none() && app.settings().settings.identity_federation_mode == FederationMode::Strict {
        let message = "Identities belong to organizations here.";
        return Err(Error::field("organization_id", FieldCode::Required, message));
    }
    Ok(home)
}

/// The same, where a strict tenant learns the organization elsewhere.
pub(super) async fn named_home(
    app: &Arc<Tenant>,
    cx: &Cx,
    name: Option<&str>,
    role: Option<&str>,
) -> Result<Option<Home>> {
    let named = match name {
        Some(name) => Some(organizations::get_named(app, cx, name).await?),
        None => None,
    };
    let scoped = match cx.scope {
        Some(scope) => organizations::find(app, cx, scope.organization).await?,
        None => None,
    };
    if let (Some(named), Some(scoped)) = (&named, &scoped)
        && named.id() != scoped.id()
    {
        return Err(Code::OrganizationMismatch.into());
    }
    let Some(organization) = named.or(scoped) else {
        if role.is_some() {
            return Err(Error::field("role", FieldCode::Conflict, "A role belongs to an organization."));
        }
        return Ok(None);
    };
    let role = RoleKey::named_or_member(role)?;
    // In an organization's scope its people may be made, but no owners by whoever is none.
    let may_give = organization.role(&role).is_some()
        && (!role.is_owner() || cx.scope.is_none_or(|scope| scope.is_owner));
    if !may_give {
        return Err(Error::new(Code::RoleNotAssignable));
    }
    let claims = cx.scope.is_some_and(|scope| !scope.is_platform);
    Ok(Some(Home { organization, role, claims }))
}

impl Home {
    /// An organization makes identities with addresses at its own domains only: `_100`.
    async fn fit(&self, app: &Tenant, cx: &Cx, identity: &mut Identity) -> Result<()> {
        let id = self.organization.id();
        identity.realm = app.realm_of(id);
        if cx.scope.is_none() || !self.claims {
            return Ok(());
        }
        let domain =
            identity.email_key.as_deref().and_then(|key| key.rsplit_once('@')).map(|(_, d)| d.to_owned());
        let own = match domain {
            Some(domain) => app.store.identity().read(move |tx| rows::holds_domain(tx, id, &domain)).await?,
            None => false,
        };
        if !own {
            return Err(Error::new(Code::PermissionDenied).with_detail(
                "The address is not at a domain of your organization. Invite the person instead.",
            ));
        }
        identity.claimed_by = Some(id);
        Ok(())
    }

    fn join(&self, tx: &mut IdentityTx<'_>, cx: &Cx, identity: &Identity, id: MembershipId) -> Result<()> {
        let organization = rows::get(tx, self.organization.id())?;
        let joining = Joining {
            id,
            identity: identity.id,
            role: self.role.clone(),
            source: MembershipSource::Admin,
            expire_time: None,
        };
        organizations::join(tx, cx, &organization, &joining).map(drop)
    }
}

/// Runs the checks that only the tables can make, and takes the row out again.
fn would_be(tx: &mut IdentityTx<'_>, cx: &Cx, identity: &Identity) -> Result<IdentityView> {
    identities::insert(tx, identity)?;
    identities::discard(tx, identity.id)?;
    let mut view = IdentityView::for_administrators(identity, cx.now);
    view.id = None;
    Ok(view)
}

/// Adds an identity with its password, and tells of it. `_912` when the federation mode was changed meanwhile.
pub(crate) fn insert_new(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    identity: &Identity,
    password: Option<(CredentialId, &str)>,
    source: &str,
) -> Result<()> {
    platform::check_new_identity(tx, identity.realm)?;
    insert_anywhere(tx, cx, identity, password, source)
}

/// The same, in the realm of the tenant too when that is strict: for those who run it.
pub(super) fn insert_anywhere(
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
