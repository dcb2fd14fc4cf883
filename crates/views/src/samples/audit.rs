//! The audit log of an organization.

use avnology_model::audit::{ExportFormat, ExportStatus};

use super::{
    World,
    organizations::{Acme, Pages, acme},
};
use crate::organizations::{
    AuditEvent, AuditExport, AuditFilter, AuditLog, AuditRow, ChainState, NewAuditExport, Paging,
    RecordState, Refusal, Signed, Tab,
};

pub(super) fn pages(world: &World) -> Pages {
    let acme = acme(world);
    [log(&acme), event(&acme), exports(&acme)].concat()
}

fn row(acme: &Acme<'_>, action: &str, actor: &str, target: &str, result: &str, hours: i64) -> AuditRow {
    AuditRow {
        href: "/organizations/acme/audit/events/aud_01kjpwe457etztza3v90genf98".to_owned(),
        at: acme.world.now.plus_seconds(-3_600 * hours),
        action: action.to_owned(),
        actor: actor.to_owned(),
        target: target.to_owned(),
        result: result.to_owned(),
    }
}

fn log(acme: &Acme<'_>) -> Pages {
    let rows = [
        row(acme, "organization.member.role_changed", "Jane Doe", "bill@partner.example", "success", 0),
        row(acme, "session.login_failed", "Somebody not signed in", "", "failure", 2),
        row(acme, "api_key.created", "Nightly import", "Import into the warehouse", "success", 30),
        row(acme, "organization.updated", "zoe@partner.example", "Acme Corporation", "denied", 31),
    ];
    let filter = AuditFilter {
        action: "member".to_owned(),
        result: "denied".to_owned(),
        from: "2026-11-01".to_owned(),
        ..AuditFilter::default()
    };
    let wrong = [Refusal {
        field: "from".to_owned(),
        text: "A day, as in 2026-11-22.".to_owned(),
        code: "AVNOLOGY_AUTH_902".to_owned(),
    }];
    let more =
        Paging { first_url: None, next_url: Some("/organizations/acme/audit?page_token=eyJ".to_owned()) };
    let none = (AuditFilter::default(), Paging::default());
    let page = AuditLog {
        frame: acme.frame(),
        rows: &rows,
        filter: &none.0,
        paging: &more,
        signed: Some(Signed { sequence: 1_204, at: acme.world.now.plus_seconds(-1_800) }),
        checked: None,
        export_url: Some("/organizations/acme/audit/exports"),
    };
    let whole = ChainState::Whole { checked: 1_310, since: acme.at(-30) };
    let checked = |state| AuditLog { checked: Some(state), ..page }.render();
    vec![
        ("organization-audit", page.render()),
        (
            "organization-audit-empty",
            AuditLog { rows: &[], paging: &none.1, signed: None, export_url: None, ..page }.render(),
        ),
        (
            "organization-audit-nothing-fits",
            AuditLog { rows: &[], paging: &none.1, filter: &filter, ..page }.render(),
        ),
        (
            "organization-audit-refused",
            AuditLog { frame: acme.frame_with(Tab::ALL, None, &wrong), rows: &[], paging: &none.1, ..page }
                .render(),
        ),
        ("organization-audit-whole", checked(whole)),
        ("organization-audit-broken", checked(ChainState::Broken { sequence: 907 })),
        ("organization-audit-too-many", checked(ChainState::TooMany)),
    ]
}

fn event(acme: &Acme<'_>) -> Pages {
    let facts = [
        ("Who", "Jane Doe"),
        ("Id", "usr_01kjpwd6m0emptw6bw4v8qtn83"),
        ("About", "bill@partner.example (usr_01kjpwe457etztza3v90genf98)"),
        ("About", "Acme Corporation (org_01kjpwdk93e6yrn4jvq0b9zr89)"),
        ("Address", "203.0.113.9"),
        ("Browser or program", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
        ("Request", "01hv9k7m3f30"),
    ]
    .map(|(term, text)| (term, text.to_owned()));
    let particulars = [
        ("member.id", "mem_01kjpwe457etztza3v90genf98"),
        ("member.identity.email", "bill@partner.example"),
        ("member.role", "admin"),
        ("previous_role", "member"),
    ]
    .map(|(place, text)| (place.to_owned(), text.to_owned()));
    let page = AuditEvent {
        frame: acme.frame(),
        at: acme.world.now.plus_seconds(-7_300),
        action: "organization.member.role_changed",
        result: "success",
        facts: &facts,
        particulars: &particulars,
        place: (1_310, "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"),
        state: RecordState::Signed(acme.world.now.plus_seconds(-1_800)),
        back_url: "/organizations/acme/audit",
    };
    vec![
        ("organization-audit-event", page.render()),
        (
            "organization-audit-event-unsigned",
            AuditEvent { state: RecordState::Unsigned, particulars: &[], result: "denied", ..page }.render(),
        ),
        ("organization-audit-event-broken", AuditEvent { state: RecordState::Broken, ..page }.render()),
    ]
}

fn exports(acme: &Acme<'_>) -> Pages {
    let filter = AuditFilter { action: "member".to_owned(), ..AuditFilter::default() };
    let form = NewAuditExport { frame: acme.frame(), filter: &filter, format: "CSV", with_proof: false };
    let refused = [Refusal {
        field: "from".to_owned(),
        text: "Choose a day before the last one, and not after today.".to_owned(),
        code: "AVNOLOGY_AUTH_902".to_owned(),
    }];
    let page = |status, download, sha256| {
        AuditExport {
            frame: acme.frame(),
            status,
            format: ExportFormat::Csv,
            events: 1_310,
            download,
            sha256,
            url: "/organizations/acme/audit/exports/exp_01kjpwe457etztza3v90genf98",
            kept_until: acme.at(7),
        }
        .render()
    };
    let file =
        Some(("https://id.example.com/v1/audit/exports/exp_01kjpwe457etztza3v90genf98:download", acme.at(1)));
    let hash = Some("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08");
    vec![
        ("organization-audit-export", form.render()),
        (
            "organization-audit-export-refused",
            NewAuditExport { frame: acme.frame_with(Tab::ALL, None, &refused), ..form }.render(),
        ),
        ("organization-audit-export-pending", page(ExportStatus::Pending, None, None)),
        ("organization-audit-export-complete", page(ExportStatus::Complete, file, hash)),
        ("organization-audit-export-failed", page(ExportStatus::Failed, None, None)),
    ]
}
