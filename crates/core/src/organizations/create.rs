//! Making an organization: its row, owner and tuples in one transaction, then its database (`contract/20` §14).

use std::{sync::Arc, time::Duration};

use avnology_model::{
    Code, Error, FieldCode, Result,
    events::EventType,
    identities::Identity,
    ids::{IdentityId, MembershipId, OrganizationId},
    organizations::{DomainName, MembershipSource, Organization, OrganizationState, RegistrationMode, Slug},
    platform::{IdempotencyKey, OrganizationCreation},
};
use avnology_store::{IdentityTx, identities::identities, organizations::organizations as rows};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{
    OrganizationInput, OrganizationView, domains,
    input::MetadataInput,
    membership::{self, Joining},
};
use crate::{Cx, Tenant, events::emit, platform, sessions::LiveSession};

/// How long the answer waits for the database.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often a derived slug is tried.
const TRIES: u32 = 5;
/// How many numbers are tried behind a slug that is taken.
const NUMBERS: u32 = 50;

/// What is asked for.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CreateOrganization)]
pub struct NewOrganization {
    /// Display name, 1–100 characters. `display_name` is read as the same.
    #[serde(alias = "display_name")]
    pub name: String,
    /// Name in URLs; derived from `name` when absent.
    #[serde(default)]
    pub slug: Option<String>,
    /// Who may join; `by_invitation_only` when absent.
    #[serde(default)]
    pub registration_mode: Option<String>,
    /// Role of those who join without one of their own; `member` when absent.
    #[serde(default)]
    pub default_role: Option<String>,
    /// Whether a second factor is asked of everyone.
    #[serde(default)]
    pub mfa_required: Option<bool>,
    /// Whether single sign-on is the only way in.
    #[serde(default)]
    pub sso_required: Option<bool>,
    /// First factors offered; empty for the tenant's.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub allowed_methods: Vec<avnology_model::platform::LoginMethod>,
    /// Shorter session limits.
    #[serde(default)]
    pub session_policy: avnology_model::organizations::SessionLimits,
    /// Stricter rules for passwords of managed identities.
    #[serde(default)]
    pub password_policy: Option<avnology_model::credentials::PasswordPolicy>,
    /// Features that differ from the tenant's; callers of the platform only.
    #[serde(default)]
    #[schema(value_type = std::collections::BTreeMap<String, bool>)]
    pub feature_flags: avnology_model::organizations::FeatureFlags,
    /// Applications' data.
    #[serde(default)]
    pub metadata: MetadataInput,
    /// Days that the audit log is kept.
    #[serde(default)]
    pub audit_retention_days: Option<u32>,
    /// Most active members; callers of the platform only.
    #[serde(default)]
    pub seat_limit: Option<u32>,
    /// Id in a source system.
    #[serde(default)]
    pub external_id: Option<String>,
    /// Domains that are to be proven, each once.
    #[serde(default)]
    pub domains: Vec<String>,
    /// Who owns it; callers of the platform only. The caller when absent.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub owner_id: Option<IdentityId>,
    /// What it starts with: `blank`.
    #[serde(default)]
    pub template: Option<String>,
    /// Whether to check only, and write nothing.
    #[serde(default)]
    pub validate_only: bool,
}

impl NewOrganization {
    /// One with a name, an address if it is not to be made of that, and everything else as usual.
    pub fn named(name: String, slug: Option<String>) -> Self {
        Self {
            name,
            slug,
            registration_mode: None,
            default_role: None,
            mfa_required: None,
            sso_required: None,
            allowed_methods: Vec::new(),
            session_policy: avnology_model::organizations::SessionLimits::default(),
            password_policy: None,
            feature_flags: avnology_model::organizations::FeatureFlags::default(),
            metadata: MetadataInput::default(),
            audit_retention_days: None,
            seat_limit: None,
            external_id: None,
            domains: Vec::new(),
            owner_id: None,
            template: None,
            validate_only: false,
        }
    }
}

/// The answer to a wish for an organization.
#[derive(Clone, Debug)]
pub enum CreatedOrganization {
    /// It was made.
    Made(Box<OrganizationView>),
    /// It would look like this; nothing was written, and it has no id.
    WouldBe(Box<OrganizationView>),
}

/// Makes an organization for `person`, or for the platform when `is_platform`. `_902`; `_313` and `_022` by
/// `organization_creation`; `_903` for slug and `external_id`; `_914` beyond `max_organizations_per_identity`; `_407`; `_316`
/// and `_307` for one of `domains`.
pub async fn create(
    app: &Arc<Tenant>,
    cx: &Cx,
    person: Option<&LiveSession>,
    is_platform: bool,
    new: NewOrganization,
    key: Option<&IdempotencyKey>,
) -> Result<CreatedOrganization> {
    check_may_create(app, person, is_platform)?;
    let validate_only = new.validate_only;
    let names = domains::read_names(&new.domains)?;
    let (organization, wanted_slug, owner) = read(app, cx, person, is_platform, new)?;
    let plan = Plan {
        organization,
        wanted_slug,
        domains: names,
        owner,
        membership: MembershipId::new(cx.now, cx.random()),
        is_platform,
        validate_only,
    };
    let (made, mut view) = insert(app, cx, &plan, key).await?;
    if validate_only {
        view.id = None;
        return Ok(CreatedOrganization::WouldBe(Box::new(view)));
    }
    let finished = tokio::time::timeout(PATIENCE, super::provision::finish(app, cx, made.id)).await;
    let organization = match finished {
        Ok(Ok(Some(organization))) => organization,
        Ok(Err(error)) => {
            tracing::warn!(organization = %made.id, ?error, "the organization's database is not ready; the sweep goes on");
            made
        }
        Ok(Ok(None)) | Err(_) => made,
    };
    let now = OrganizationView::of(&organization, true);
    Ok(CreatedOrganization::Made(Box::new(OrganizationView { domains: view.domains, ..now })))
}

/// An organization to be made.
#[derive(Clone)]
struct Plan {
    organization: Organization,
    wanted_slug: Option<Slug>,
    domains: Vec<DomainName>,
    owner: Option<IdentityId>,
    membership: MembershipId,
    is_platform: bool,
    validate_only: bool,
}

/// Makes the rows. A slug that was derived and that somebody else took at the same moment is derived again.
async fn insert(
    app: &Arc<Tenant>,
    cx: &Cx,
    plan: &Plan,
    key: Option<&IdempotencyKey>,
) -> Result<(Organization, OrganizationView)> {
    let mut attempts = 1;
    loop {
        let (job, cx, wanted, key) = (Arc::clone(app), cx.clone(), plan.clone(), key.copied());
        let outcome =
            app.store.identity().write(move |tx| insert_in(tx, &job, &cx, &wanted, key.as_ref())).await;
        match outcome {
            Err(error)
                if error.code() == Code::AlreadyExists
                    && error.members().get("field") == Some(&json!("slug"))
                    && plan.wanted_slug.is_none()
                    && attempts < TRIES =>
            {
                attempts += 1;
            }
            other => return other,
        }
    }
}

fn insert_in(
    tx: &mut IdentityTx<'_>,
    job: &Tenant,
    cx2: &Cx,
    plan: &Plan,
    key: Option<&IdempotencyKey>,
) -> Result<(Organization, OrganizationView)> {
    let Plan { owner, membership, is_platform, validate_only, .. } = *plan;
    let mut organization = plan.organization.clone();
    organization.slug = free_slug(tx, cx2, &organization, plan.wanted_slug.as_ref())?;
    if let Some(most) = job.settings().settings.max_organizations_per_identity
        && let Some(creator) = organization.creator_id.filter(|_| !is_platform)
    {
        let used = rows::count_created(tx, creator)?;
        if used >= most {
            return Err(Error::new(Code::LimitReached).with_member("limit", most).with_member("used", used));
        }
    }
    rows::insert(tx, &organization)?;
    if validate_only {
        check_owner(tx, owner)?;
        domains::check_free(tx, organization.id, &plan.domains)?;
        rows::discard(tx, organization.id)?;
        // Domains have ids, and records that would prove nothing.
        let view = OrganizationView::of(&organization, true);
        return Ok((organization, view));
    }
    if let Some(owner) = owner {
        check_owner(tx, Some(owner))?;
        add_owner(tx, cx2, &organization, owner, membership)?;
        organization.member_count = 1;
    }
    let payload = json!({ "organization": OrganizationView::for_events(&organization) });
    let event = cx2.event(EventType::OrganizationCreated, payload).in_organization(organization.id);
    emit(tx, &event.on("organization", &organization.id))?;
    domains::add_all(tx, cx2, organization.id, &plan.domains)?;
    let shown = OrganizationView::whole(tx, &made_active(&organization, cx2), true)?;
    let body = serde_json::to_vec(&shown).map_err(Error::internal)?;
    platform::finish(tx, cx2, &job.keys, key, 201, &body)?;
    Ok((organization, shown))
}

/// The organization as it is once its database is there: what a repeated request is told.
fn made_active(organization: &Organization, cx: &Cx) -> Organization {
    let mut active = organization.clone();
    active.state = OrganizationState::Active;
    active.version += 1;
    active.update_time = cx.now;
    active
}

fn check_may_create(app: &Tenant, person: Option<&LiveSession>, is_platform: bool) -> Result<()> {
    if is_platform {
        return Ok(());
    }
    // In a strict tenant an account belongs where it was made: whoever asks could not be a member.
    if app.is_strict() {
        return Err(Error::new(Code::OrganizationCreationRefused));
    }
    let Some(live) = person else { return Err(Error::new(Code::OrganizationCreationRefused)) };
    check_creation_by(app, &live.identity)
}

fn check_creation_by(app: &Tenant, identity: &Identity) -> Result<()> {
    match app.settings().settings.organization_creation {
        OrganizationCreation::Anyone => Ok(()),
        OrganizationCreation::Verified if identity.email_verified => Ok(()),
        OrganizationCreation::Verified => Err(Error::new(Code::VerificationRequired)),
        OrganizationCreation::Admins => Err(Error::new(Code::OrganizationCreationRefused)),
    }
}

fn read(
    app: &Tenant,
    cx: &Cx,
    person: Option<&LiveSession>,
    is_platform: bool,
    new: NewOrganization,
) -> Result<(Organization, Option<Slug>, Option<IdentityId>)> {
    let mut errors = Vec::new();
    let mut flaw = |field: &str, code: FieldCode, message: &str| {
        errors.push(avnology_model::FieldError {
            field: field.to_owned(),
            code,
            message: message.to_owned(),
        });
    };
    let slug = new.slug.as_deref().map(|text| Slug::parse(text.trim()));
    if slug == Some(None) {
        flaw(
            "slug",
            FieldCode::InvalidFormat,
            "2–64 lower-case letters, digits and dashes; not `new` or `personal`.",
        );
    }
    let mode = new.registration_mode.as_deref().map(RegistrationMode::parse_alias);
    if mode == Some(None) {
        flaw("registration_mode", FieldCode::NotInEnum, "No such mode.");
    }
    // No role of its own is there yet.
    let role = new
        .default_role
        .as_deref()
        .map(|text| avnology_model::permissions::RoleKey::parse(text).filter(|key| key.built_in().is_some()));
    if role == Some(None) {
        flaw("default_role", FieldCode::NotFound, "A new organization has the roles admin and member.");
    }
    if new.template.as_deref().is_some_and(|template| template != "blank") {
        flaw("template", FieldCode::NotInEnum, "One of blank.");
    }
    if new.owner_id.is_some() && !is_platform && new.owner_id != person.map(|live| live.identity.id) {
        flaw("owner_id", FieldCode::NotAllowed, "The owner is whoever makes the organization.");
    }
    if new.owner_id.is_some() && app.is_strict() {
        flaw("owner_id", FieldCode::NotAllowed, "Accounts belong to organizations here: invite the owner.");
    }
    Error::from_fields(errors)?;
    let settings = app.settings();
    let mut input = OrganizationInput {
        name: new.name,
        registration_mode: mode.flatten().unwrap_or(RegistrationMode::ByInvitationOnly),
        default_role: role.flatten().unwrap_or_else(avnology_model::permissions::RoleKey::member),
        sso_required: new.sso_required.unwrap_or_default(),
        mfa_required: new.mfa_required.unwrap_or_default(),
        allowed_methods: new.allowed_methods,
        session_policy: new.session_policy,
        password_policy: new.password_policy,
        feature_flags: new.feature_flags,
        metadata: new.metadata,
        audit_retention_days: new.audit_retention_days,
        seat_limit: new.seat_limit,
        sso_break_glass: avnology_model::organizations::BreakGlass::Owners,
        external_id: new.external_id,
    };
    input.check(&settings.settings)?;
    let id = OrganizationId::new(cx.now, cx.random());
    let wanted = slug.flatten();
    let slug = wanted.clone().unwrap_or_else(|| Slug::of_name(&input.name));
    let mut organization = Organization::new(id, input.name.clone(), slug, cx.now);
    input.check_rights(&organization, is_platform)?;
    input.write(&mut organization);
    let caller = person.map(|live| live.identity.id);
    organization.creator_id = caller;
    let owner = new.owner_id.or(caller).filter(|_| !app.is_strict());
    Ok((organization, wanted, owner))
}

/// The slug asked for, or the one derived from the name with the first number that is free.
fn free_slug(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    organization: &Organization,
    wanted: Option<&Slug>,
) -> Result<Slug> {
    let taken = || Error::new(Code::AlreadyExists).with_member("field", "slug");
    if let Some(wanted) = wanted {
        return if rows::is_free(tx, wanted, cx.now)? { Ok(wanted.clone()) } else { Err(taken()) };
    }
    next_free(tx, cx, &organization.slug)?.ok_or_else(taken)
}

/// The first of `slug`, `slug-2`, `slug-3` … that is free; a random one after fifty.
pub(super) fn next_free(tx: &mut IdentityTx<'_>, cx: &Cx, slug: &Slug) -> Result<Option<Slug>> {
    for number in 1..=NUMBERS {
        let candidate = if number == 1 { slug.clone() } else { slug.numbered(number) };
        if rows::is_free(tx, &candidate, cx.now)? {
            return Ok(Some(candidate));
        }
    }
    // Fifty teams of one name: a number that nobody has.
    let number = u32::try_from(cx.now.micros() % 1_000_000).unwrap_or(NUMBERS);
    let candidate = slug.numbered(number.max(NUMBERS));
    Ok(if rows::is_free(tx, &candidate, cx.now)? { Some(candidate) } else { None })
}

fn check_owner(tx: &mut IdentityTx<'_>, owner: Option<IdentityId>) -> Result<()> {
    match owner {
        Some(owner) if identities::find(tx, owner)?.is_none() => {
            Err(Error::field("owner_id", FieldCode::NotFound, "There is no such identity."))
        }
        _ => Ok(()),
    }
}

fn add_owner(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    organization: &Organization,
    owner: IdentityId,
    membership: MembershipId,
) -> Result<()> {
    let joining = Joining {
        id: membership,
        identity: owner,
        role: membership::creators_role(),
        source: MembershipSource::Creator,
        expire_time: None,
    };
    membership::join(tx, cx, organization, &joining).map(drop)
}

/// Whether the tenant lets this person make organizations, whatever their role on the platform.
pub(crate) fn is_let_create(app: &Tenant, identity: &Identity) -> bool {
    !app.is_strict() && check_creation_by(app, identity).is_ok()
}

/// Whether a person may make organizations, for pages that offer it.
pub fn may_create(app: &Tenant, live: &LiveSession) -> bool {
    live.platform_scopes().is_some() || check_may_create(app, Some(live), false).is_ok()
}
