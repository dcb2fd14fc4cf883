//! Administrators read identities.

use avnology_aip::filter::{Expr, Op, Value};
use avnology_model::{
    Code, Error, FieldCode, Result,
    ids::{IdentityId, OrganizationId},
};
use avnology_store::{
    identities::list as rows,
    list::{ListQuery, Total},
};

use super::{IdentityView, reach};
use crate::{Cx, Tenant};

/// A page of identities.
#[derive(Clone, Debug)]
pub struct IdentityPage {
    /// The identities.
    pub identities: Vec<IdentityView>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<Vec<avnology_aip::page_token::Key>>,
    /// How many there are, when asked for.
    pub total: Option<Total>,
}

/// One identity. `_901`.
pub async fn get(app: &Tenant, cx: &Cx, id: IdentityId) -> Result<IdentityView> {
    let cx2 = cx.clone();
    let identity = app.store.identity().read(move |tx| reach::see(tx, &cx2, id)).await?;
    Ok(reach::view(cx, &identity))
}

/// A page of identities: all, or the members of the organization that the request is about. `_902` for a filter or an order
/// that does not fit; `_303` for one that names another organization.
pub async fn list(
    app: &Tenant,
    cx: &Cx,
    mut query: ListQuery,
    linked_providers: bool,
) -> Result<IdentityPage> {
    let db = app.store.identity();
    let named = take_organization(&mut query)?;
    let scope = cx.scope.map(|scope| scope.organization);
    if let (Some(scope), Some(named)) = (scope, named)
        && scope != named
    {
        return Err(Code::OrganizationMismatch.into());
    }
    // What an organization may not see must not be found out by filtering, either.
    let hides = cx.scope.is_some_and(|scope| !scope.is_platform);
    if hides && let Some(field) = query.filter.as_ref().and_then(hidden_field) {
        return Err(Error::field(
            "filter",
            FieldCode::NotAllowed,
            format!("{field} cannot be filtered by here."),
        ));
    }
    let of = scope.or(named);
    let page = if query.is_short() {
        db.read(move |tx| rows::list(tx, &query, of)).await?
    } else {
        db.scan(move |tx| rows::list(tx, &query, of)).await?
    };
    let view = |identity| {
        let mut view = reach::view(cx, identity);
        view.linked_providers = view.linked_providers.filter(|_| linked_providers);
        view
    };
    Ok(IdentityPage { identities: page.items.iter().map(view).collect(), next: page.next, total: page.total })
}

/// Fields that an organization sees of everybody.
const SEEN: &[&str] = &["id", "email", "first_name", "last_name", "display_name", "create_time"];

fn hidden_field(filter: &Expr) -> Option<String> {
    let fields = filter.restrictions();
    fields.into_iter().map(|r| r.field.0.join(".")).find(|field| !SEEN.contains(&field.as_str()))
}

/// Takes `organization_id = "org_…"` out of a filter that has it beside other terms: memberships stand in a table of their
/// own.
fn take_organization(query: &mut ListQuery) -> Result<Option<OrganizationId>> {
    let Some(filter) = query.filter.take() else { return Ok(None) };
    let mut terms = match filter {
        Expr::And(terms) => terms,
        other => vec![other],
    };
    let flaw = || Error::field("filter", FieldCode::NotAllowed, "organization_id = \"org_…\", once.");
    let mut named = None;
    let mut rest = Vec::new();
    for term in terms.drain(..) {
        match term {
            Expr::Restriction(r) if r.field.0 == ["organization_id"] => match (r.op, &r.value) {
                (Op::Eq, Value::Text(id)) if named.is_none() => named = Some(id.parse().map_err(|_| flaw())?),
                _ => return Err(flaw()),
            },
            other => rest.push(other),
        }
    }
    query.filter = match rest.len() {
        0 => None,
        1 => rest.pop(),
        _ => Some(Expr::And(rest)),
    };
    Ok(named)
}
