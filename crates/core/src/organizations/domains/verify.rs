//! Proving a domain, when somebody asks.

use std::sync::Arc;

use avnology_model::{
    Code, Error, Result,
    ids::DomainId,
    organizations::{Domain, DomainName, DomainStatus},
};
use avnology_store::{IdentityTx, organizations::domains as rows};

use super::{super::Acting, DomainView, TxtRecord, look};
use crate::{Cx, Tenant, ports::TxtAnswer};

/// Looks for the record of a domain. `_901`; `_307` when another organization has proven it; `_308` when the record is not
/// there, with what was `found`; `_912` when we cannot ask.
pub async fn verify(app: &Arc<Tenant>, cx: &Cx, acting: &Acting, id: DomainId) -> Result<DomainView> {
    let organization = acting.id();
    let domain = app
        .store
        .identity()
        .read(move |tx| {
            let domain = rows::get(tx, organization, id)?;
            check_free(tx, &domain)?;
            Ok(domain)
        })
        .await?;
    look_for(app, cx, domain).await
}

/// The same for the domain with this name. `_902` and `_316` for what cannot be the name of one.
pub async fn verify_named(app: &Arc<Tenant>, cx: &Cx, acting: &Acting, name: &str) -> Result<DomainView> {
    let name = DomainName::parse(name).map_err(|refusal| refusal.error("domain"))?;
    let organization = acting.id();
    let domain = app
        .store
        .identity()
        .read(move |tx| {
            let domain = rows::by_name(tx, organization, name.as_str())?;
            let domain = domain.ok_or_else(Error::not_found)?;
            check_free(tx, &domain)?;
            Ok(domain)
        })
        .await?;
    look_for(app, cx, domain).await
}

/// `_307` when another organization has proven the domain: then there is nothing to ask.
fn check_free(tx: &mut IdentityTx<'_>, domain: &Domain) -> Result<()> {
    match rows::verified_holder(tx, &domain.domain)? {
        Some(holder) if holder.id != domain.id => Err(Error::new(Code::DomainTaken)),
        _ => Ok(()),
    }
}

async fn look_for(app: &Arc<Tenant>, cx: &Cx, domain: Domain) -> Result<DomainView> {
    let answer = app.dns.txt(&domain.txt_name()).await?;
    let is_there = look::is_proof(&domain, &answer);
    let (organization, id) = (domain.organization_id, domain.id);
    // Asking took its time.
    let mut cx = cx.clone();
    cx.now = app.now();
    let looked_at = app
        .store
        .identity()
        .write(move |tx| {
            let mut domain = rows::get(tx, organization, id)?;
            look::record(tx, &cx, &mut domain, is_there)?;
            Ok(domain)
        })
        .await?;
    app.organizations.forget_domain(&looked_at.domain);
    if is_there && looked_at.status == DomainStatus::Verified {
        return Ok(DomainView::of(&looked_at));
    }
    Err(not_there(&looked_at, answer))
}

fn not_there(domain: &Domain, answer: TxtAnswer) -> Error {
    let error =
        Error::new(Code::DomainNotVerified).with_member("expected", serde_json::json!(TxtRecord::of(domain)));
    match answer {
        TxtAnswer::Found(values) => error.with_member("found", values),
        TxtAnswer::Unreachable(why) => {
            tracing::debug!(domain = %domain.domain, why, "a domain's servers do not answer");
            error
                .with_member("found", Vec::<String>::new())
                .with_detail("The name servers of this domain do not answer. Check them, and try again.")
        }
    }
}
