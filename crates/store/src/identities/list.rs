//! Lists of identities (`contract/10` §3, List).

use avnology_model::{
    Result,
    identities::{Email, Identity},
    ids::OrganizationId,
};

use super::identities::{COLUMNS, FROM, from_row};
use crate::{
    IdentityTx,
    list::{self, Field, List, ListQuery, Page, Scope},
    params,
};

/// What identities are filtered and sorted by.
pub static IDENTITIES: List = List {
    columns: COLUMNS,
    from: FROM,
    id: "i.id",
    default_order: &[("create_time", true)],
    fields: &[
        Field::text("id", "i.id").indexed(),
        Field::choice("state", "i.state", &["active", "inactive", "scheduled_deletion"]),
        Field::folded("email", "i.email", "i.email_key", email_key).nullable().sortable().indexed(),
        Field::boolean("email_verified", "i.email_verified"),
        Field::text("phone", "i.phone").nullable(),
        Field::folded("username", "i.username", "i.username_key", str::to_ascii_lowercase)
            .nullable()
            .indexed(),
        Field::text("first_name", "i.first_name").nullable(),
        Field::text("last_name", "i.last_name").nullable(),
        Field::text("display_name", "i.display_name").nullable(),
        Field::text("external_id", "i.external_id").nullable().indexed(),
        Field::texts("mfa_methods", "i.mfa_methods"),
        Field::time("create_time", "i.create_time").sortable().indexed(),
        Field::time("update_time", "i.update_time").sortable().indexed(),
        Field::time("last_login_at", "i.last_login_at").nullable().sortable().indexed(),
        Field::map("traits", "i.traits"),
        Field::map("metadata.public", "i.metadata_public"),
        Field::map("metadata.admin", "i.metadata_admin"),
    ],
};

/// One page of identities, of those that are members of `organization` if one is named. `_902` for a filter or an order that
/// [`IDENTITIES`] does not offer.
pub fn list(
    tx: &mut IdentityTx<'_>,
    query: &ListQuery,
    organization: Option<OrganizationId>,
) -> Result<Page<Identity>> {
    let scope = match organization {
        None => Scope::all(),
        Some(organization) => Scope::of(
            "i.id IN (SELECT m.identity_id FROM memberships m WHERE m.organization_id = $1)",
            params![organization],
        ),
    };
    list::page(tx, &IDENTITIES, &scope, query, from_row)
}

/// What addresses are compared by; what is no address is compared with them all the same, and equals none.
pub(crate) fn email_key(text: &str) -> String {
    Email::parse(text).map_or_else(|_| text.to_lowercase(), |email| email.key().to_owned())
}
