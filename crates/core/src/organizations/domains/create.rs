//! Claiming domains.

use std::sync::Arc;

use avnology_model::{
    Code, Error, FieldCode, FieldError, Result,
    events::EventType,
    ids::{DomainId, OrganizationId},
    organizations::{Domain, DomainName, DomainStatus},
    permissions::RoleKey,
    platform::IdempotencyKey,
    secret_token::base62,
};
use avnology_store::{IdentityTx, organizations::domains as rows};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    super::{Acting, membership::check_role},
    DomainView, check_connection, event,
    look::{TRIED_FOR, TRY_EVERY},
    read_role,
};
use crate::{Cx, Tenant, events::emit, platform};

/// Most domains of one organization.
const MOST: u32 = 200;
/// What the value of the record begins with.
const VALUE_PREFIX: &str = "avnology-domain-verification=";

/// What is asked for.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CreateDomain)]
pub struct NewDomain {
    /// The domain; names in other scripts are kept in ASCII (IDNA).
    #[schema(max_length = 253)]
    pub domain: String,
    /// Whether people with an address there may join; true when absent.
    #[serde(default)]
    pub auto_join: Option<bool>,
    /// Whether an address there leads to the organization's sign-in; true when absent.
    #[serde(default)]
    pub sign_in_routing: Option<bool>,
    /// Role of those who join by it; the organization's `default_role` when absent.
    #[serde(default)]
    pub default_role: Option<String>,
    /// The connection used for it.
    #[serde(default)]
    pub connection_id: Option<String>,
}

/// Claims a domain, which is still to be proven. `_902`; `_316` for one that belongs to nobody; `_314` for a role that is
/// not the caller's to give; `_307` for one that another organization has proven, `_903` for one that is here already;
/// `_914` beyond 200.
pub async fn create(
    app: &Arc<Tenant>,
    cx: &Cx,
    acting: &Acting,
    new: NewDomain,
    key: Option<&IdempotencyKey>,
) -> Result<DomainView> {
    let name = DomainName::parse(&new.domain).map_err(|refusal| refusal.error("domain"))?;
    check_connection(new.connection_id.as_deref())?;
    let mut domain = claimed(cx, acting.id(), &name);
    domain.auto_join = new.auto_join.unwrap_or(true);
    domain.sign_in_routing = new.sign_in_routing.unwrap_or(true);
    domain.default_role = read_role(acting, new.default_role.as_deref())?;
    let (job, cx, key) = (Arc::clone(app), cx.clone(), key.copied());
    app.store
        .identity()
        .write(move |tx| {
            if let Some(role) = &domain.default_role {
                check_role(tx, domain.organization_id, role)?;
            }
            add(tx, &cx, &domain)?;
            let view = DomainView::of(&domain);
            let body = serde_json::to_vec(&view).map_err(Error::internal)?;
            platform::finish(tx, &cx, &job.keys, key.as_ref(), 201, &body)?;
            Ok(view)
        })
        .await
}

/// The domains that a new organization begins with, read from `domains[]`. `_902`, `_316`.
pub(in super::super) fn read_names(texts: &[String]) -> Result<Vec<DomainName>> {
    let mut names: Vec<DomainName> = Vec::new();
    let mut errors = Vec::new();
    let mut flaw = |field: String, code: FieldCode, message: &str| {
        errors.push(FieldError { field, code, message: message.to_owned() });
    };
    if texts.len() > usize::try_from(MOST).unwrap_or_default() {
        flaw("domains".to_owned(), FieldCode::TooLong, "At most 200.");
        return Error::from_fields(errors).map(|()| names);
    }
    for (n, text) in texts.iter().enumerate() {
        let field = format!("domains[{n}]");
        match DomainName::parse(text) {
            Ok(name) if names.contains(&name) => {
                flaw(field, FieldCode::Duplicate, "This domain stands here twice.");
            }
            Ok(name) => names.push(name),
            Err(refusal) => {
                let error = refusal.error(&field);
                match error.errors().first() {
                    Some(first) => flaw(first.field.clone(), first.code, &first.message),
                    None => return Err(error.with_member("field", field)),
                }
            }
        }
    }
    Error::from_fields(errors).map(|()| names)
}

/// Claims the domains that a new organization begins with. `_307` names the one that another has proven.
pub(in super::super) fn add_all(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    organization: OrganizationId,
    names: &[DomainName],
) -> Result<()> {
    for (n, name) in names.iter().enumerate() {
        add(tx, cx, &claimed(cx, organization, name))
            .map_err(|error| error.with_member("field", format!("domains[{n}]")))?;
    }
    Ok(())
}

/// `_307` when another organization has proven one of these.
pub(in super::super) fn check_free(
    tx: &mut IdentityTx<'_>,
    organization: OrganizationId,
    names: &[DomainName],
) -> Result<()> {
    for (n, name) in names.iter().enumerate() {
        check_holder(tx, organization, name.as_str())
            .map_err(|error| error.with_member("field", format!("domains[{n}]")))?;
    }
    Ok(())
}

fn claimed(cx: &Cx, organization: OrganizationId, name: &DomainName) -> Domain {
    Domain {
        id: DomainId::new(cx.now, cx.random()),
        organization_id: organization,
        domain: name.to_string(),
        status: DomainStatus::Pending,
        txt_value: format!("{VALUE_PREFIX}{}", base62(&cx.random())),
        auto_join: true,
        sign_in_routing: true,
        default_role: None::<RoleKey>,
        verified_at: None,
        last_checked_at: None,
        next_check_at: Some(cx.now.plus_seconds(TRY_EVERY)),
        tried_until: Some(cx.now.plus_seconds(TRIED_FOR)),
        failing_since: None,
        create_time: cx.now,
    }
}

fn check_holder(tx: &mut IdentityTx<'_>, organization: OrganizationId, name: &str) -> Result<()> {
    match rows::verified_holder(tx, name)? {
        Some(holder) if holder.organization_id != organization => Err(Error::new(Code::DomainTaken)),
        _ => Ok(()),
    }
}

fn add(tx: &mut IdentityTx<'_>, cx: &Cx, domain: &Domain) -> Result<()> {
    check_holder(tx, domain.organization_id, &domain.domain)?;
    let used = rows::count(tx, domain.organization_id)?;
    if used >= MOST && rows::by_name(tx, domain.organization_id, &domain.domain)?.is_none() {
        return Err(Error::new(Code::LimitReached).with_member("limit", MOST).with_member("used", used));
    }
    rows::insert(tx, domain)?;
    emit(tx, &event(cx, EventType::DomainAdded, domain))
}
