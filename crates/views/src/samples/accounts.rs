//! The service accounts of an organization.

use super::{
    World,
    organizations::{Pages, acme},
};
use crate::organizations::{Refusal, ServiceAccountRow, ServiceAccounts, Tab};

pub(super) fn pages(world: &World) -> Pages {
    let acme = acme(world);
    let scopes = ["members:read", "members:write", "audit:read"].map(str::to_owned);
    let row = |name: &str, description: Option<&str>, active| ServiceAccountRow {
        id: "sa_01kjpwe457etztza3v90genf98".to_owned(),
        name: name.to_owned(),
        description: description.map(str::to_owned),
        scopes: scopes.to_vec(),
        active,
        last_used_at: active.then(|| acme.at(-1)),
    };
    let rows =
        [row("Warehouse", Some("Brings members in every night."), true), row("Old import", None, false)];
    let refused = [Refusal {
        field: "name".to_owned(),
        text: "This field is required.".to_owned(),
        code: "AVNOLOGY_AUTH_902".to_owned(),
    }];
    let page = ServiceAccounts { frame: acme.frame(), rows: &rows, scopes: &scopes, draft: ("", "") };
    vec![
        ("organization-accounts", page.render()),
        ("organization-accounts-empty", ServiceAccounts { rows: &[], ..page }.render()),
        ("organization-accounts-seen", ServiceAccounts { scopes: &[], ..page }.render()),
        (
            "organization-accounts-refused",
            ServiceAccounts { frame: acme.frame_with(Tab::ALL, None, &refused), ..page }.render(),
        ),
    ]
}
