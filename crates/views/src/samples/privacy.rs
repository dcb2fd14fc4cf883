//! Activity, privacy, and the page behind the link that keeps an account.

use avnology_model::privacy::{Category, PrivacyExportStatus};

use super::World;
use crate::{
    Notice,
    organizations::Paging,
    privacy::{
        Activity, ActivityRow, CategoryRow, DeletionForm, ExportCard, KeepAccount, KeepLinkUsed, Kept, Owned,
        Privacy,
    },
};

type Pages = Vec<(&'static str, String)>;

const DAY: i64 = 86_400;
const TOKEN: &str = "hJ0sQ2vN8wXeR5tYuI1oPa";
const LINK: &str = "avnl_lnk_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg3kjoz6";

pub(super) fn pages(world: &World) -> Pages {
    [activity(world), privacy(world), keep(world)].concat()
}

fn activity(world: &World) -> Pages {
    let row =
        |action: &str, ago: i64, by: Option<&str>, device: Option<&str>, ip: Option<&str>| ActivityRow {
            action: action.to_owned(),
            is_failure: action == "session.login_failed",
            at: world.now.plus_seconds(-ago),
            by: by.map(str::to_owned),
            device: device.map(str::to_owned),
            ip: ip.map(str::to_owned),
        };
    let rows = [
        row("session.created", 60, None, Some("Firefox on Linux"), Some("203.0.113.7")),
        row(
            "session.login_failed",
            7_200,
            Some("Somebody not signed in"),
            Some("Chrome on Windows"),
            Some("198.51.100.9"),
        ),
        row(
            "user.password_changed",
            3 * DAY,
            None,
            Some("Safari on iPhone"),
            Some("2001:db8:85a3:8d3:1319:8a2e:370:7348"),
        ),
        row("organization.member.role_changed", 4 * DAY, Some("Another person"), None, None),
        row("user.created", 40 * DAY, Some("A program"), None, None),
    ];
    let paging = Paging { first_url: None, next_url: Some("/account/activity?page_token=abc".to_owned()) };
    let page = |rows, paging| Activity { cx: world.cx(), person: &world.jane, rows, paging }.render();
    vec![
        ("account-activity", page(&rows[..], &paging)),
        ("account-activity-empty", page(&[], &Paging::default())),
    ]
}

fn privacy(world: &World) -> Pages {
    let categories: Vec<CategoryRow> = Category::ALL
        .iter()
        .map(|category| CategoryRow {
            title: category.title().to_owned(),
            description: category.description().to_owned(),
            purpose: category.purpose().to_owned(),
            retention: "As long as your account exists".to_owned(),
        })
        .collect();
    let card = |status, progress, url: Option<&str>| ExportCard {
        status,
        progress,
        download_url: url.map(str::to_owned),
        size: url.map(|_| 1_450_000),
        kept_until: world.now.plus_seconds(7 * DAY),
    };
    let running = card(PrivacyExportStatus::Running, 42, None);
    let whole = card(
        PrivacyExportStatus::Completed,
        100,
        Some("/v1/privacy/exports/pex_x:download?until=1&signature=2"),
    );
    let failed = card(PrivacyExportStatus::Failed, 42, None);
    let owned =
        [Owned { name: "Acme Corporation".to_owned(), url: "/organizations/acme/settings".to_owned() }];
    let form = DeletionForm::default();
    let first = Privacy {
        cx: world.cx(),
        person: &world.jane,
        notice: None,
        csrf_token: TOKEN,
        step_up_url: None,
        export: None,
        opted_out_at: None,
        deletion: None,
        form: &form,
        owned: &[],
        grace_days: 30,
        categories: &categories,
    };
    let refused = Notice { kind: crate::NoticeKind::Warning, text: "Nothing was deleted.".to_owned() };
    vec![
        ("account-privacy", first.render()),
        ("account-privacy-running", Privacy { export: Some(&running), ..first }.render()),
        (
            "account-privacy-copy",
            Privacy { export: Some(&whole), opted_out_at: Some(world.now.plus_seconds(-DAY)), ..first }
                .render(),
        ),
        ("account-privacy-failed", Privacy { export: Some(&failed), ..first }.render()),
        ("account-privacy-step-up", Privacy { step_up_url: Some("/sign-in?refresh=true"), ..first }.render()),
        ("account-privacy-owned", Privacy { owned: &owned, notice: Some(&refused), ..first }.render()),
        (
            "account-privacy-scheduled",
            Privacy { deletion: Some((world.now.plus_seconds(30 * DAY), true)), ..first }.render(),
        ),
        (
            "account-privacy-decided",
            Privacy { deletion: Some((world.now.plus_seconds(30 * DAY), false)), ..first }.render(),
        ),
    ]
}

fn keep(world: &World) -> Pages {
    let cx = world.cx();
    let keep = KeepAccount {
        cx,
        email: Some("jane@example.com"),
        scheduled_for: world.now.plus_seconds(3 * DAY),
        action: "/account/privacy/deletion",
        csrf_token: TOKEN,
        token: LINK,
    };
    vec![
        ("deletion-keep", keep.render()),
        ("deletion-keep-nameless", KeepAccount { email: None, ..keep }.render()),
        ("deletion-kept", Kept { cx, sign_in_url: "/sign-in" }.render()),
        ("deletion-link-used", KeepLinkUsed { cx, sign_in_url: "/sign-in" }.render()),
    ]
}
