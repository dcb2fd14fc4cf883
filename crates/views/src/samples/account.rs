//! The account pages.

use avnology_model::flows::{FlowKind, FlowState, FlowView, MessageId as Id};

use super::{World, nodes};
use crate::{
    Notice, Person,
    credentials::{FactorPage, FactorSection, PasswordSection, Security},
    identities::{
        FactorRecoveryNotice, FactorsKept, KeepFactors, KeepFactorsUsed, Overview, Picture, PictureError,
        Profile, RecentSignIn,
    },
    sessions::{DeviceRow, SessionRow, Sessions},
};

type Pages = Vec<(&'static str, String)>;

const DAY: i64 = 86_400;

pub(super) fn pages(world: &World) -> Pages {
    [overview(world), profile(world), security(world), factors(world), sessions(world)].concat()
}

fn overview(world: &World) -> Pages {
    let recent = RecentSignIn {
        at: world.now.plus_seconds(-7_200),
        device: Some("Firefox on Linux".to_owned()),
        place: Some("near Leeds, GB".to_owned()),
    };
    let full = Overview {
        cx: world.cx(),
        person: &world.jane,
        notice: None,
        email_verified: true,
        pending_email: None,
        verify_url: "/verify",
        has_password: true,
        password_changed_at: Some(world.now.plus_seconds(-95 * DAY)),
        active_sessions: 3,
        recent_sign_in: Some(&recent),
        created_at: world.now.plus_seconds(-400 * DAY),
    };
    let long = Person {
        name: "Maximiliane Freifrau von Hohenstein-Wartenburg".to_owned(),
        email: Some("maximiliane.von.hohenstein-wartenburg@department.university.example".to_owned()),
        ..world.jane.clone()
    };
    vec![
        ("account", full.render()),
        ("account-pending", Overview { pending_email: Some("jane.doe@example.org"), ..full }.render()),
        (
            "account-new",
            Overview {
                email_verified: false,
                has_password: false,
                password_changed_at: None,
                active_sessions: 1,
                recent_sign_in: None,
                notice: Some(&Notice::success("Your account is ready.")),
                ..full
            }
            .render(),
        ),
        ("account-long-names", Overview { person: &long, ..full }.render()),
    ]
}

fn profile(world: &World) -> Pages {
    let picture = Picture {
        action: "/account/profile/picture",
        remove_action: "/account/profile/picture/remove",
        csrf_token: "hJ0sQ2vN8wXeR5tYuI1oPa",
        error: None,
    };
    let page = |flow: &FlowView, pending_email, step_up_url| {
        Profile {
            cx: world.cx(),
            person: &world.jane,
            picture,
            flow,
            notice: None,
            pending_email,
            unproven_phone: pending_email.map(|_| "+442079460042"),
            verify_url: "/verify",
            verify_phone_url: "/verify?phone=%2B442079460042",
            step_up_url,
        }
        .render()
    };
    let settings = || nodes::settings(world);
    let shown =
        Person { avatar_url: Some("/assets/avatars/jane/0f1e2d3c4b5a6978".to_owned()), ..world.jane.clone() };
    let with_picture = |error| {
        let flow = settings();
        Profile {
            cx: world.cx(),
            person: &shown,
            picture: Picture { error, ..picture },
            flow: &flow,
            notice: None,
            pending_email: None,
            unproven_phone: None,
            verify_url: "/verify",
            verify_phone_url: "/verify",
            step_up_url: None,
        }
        .render()
    };
    vec![
        ("account-profile-picture", with_picture(None)),
        ("account-profile-picture-large", with_picture(Some(PictureError::TooLarge))),
        ("account-profile-picture-type", with_picture(Some(PictureError::WrongType))),
        ("account-profile-picture-missing", with_picture(Some(PictureError::Missing))),
        ("account-profile", page(&settings(), None, None)),
        (
            "account-profile-saved",
            page(&nodes::saying(settings(), Id::Saved), Some("jane.doe@example.org"), None),
        ),
        (
            "account-profile-error",
            page(&nodes::refusing(settings(), "traits.email", Id::Invalid), None, None),
        ),
        ("account-profile-step-up", page(&settings(), None, Some("/sign-in?refresh=true"))),
    ]
}

fn security(world: &World) -> Pages {
    let with = |password, has_password, totp, backup_codes: Option<u32>| {
        Security {
            cx: world.cx(),
            person: &world.jane,
            notice: None,
            has_password,
            password_changed_at: has_password.then(|| world.now.plus_seconds(-95 * DAY)),
            password,
            passkeys: Some(usize::from(totp) * 2),
            totp: Some(totp),
            sms: (!totp).then_some(backup_codes.is_some()),
            backup_codes,
        }
        .render()
    };
    let page = |password, has_password| with(password, has_password, false, None);
    let recovery = FactorRecoveryNotice {
        effective_at: world.now.plus_seconds(3 * DAY),
        by_administrator: false,
        csrf_token: "hJ0sQ2vN8wXeR5tYuI1oPa".to_owned(),
    };
    let warned = FactorRecoveryNotice { by_administrator: true, ..recovery.clone() };
    let settings = nodes::settings(world);
    let banner = |notice| {
        Security {
            cx: world.cx().with_factor_recovery(Some(notice)),
            person: &world.jane,
            notice: None,
            has_password: true,
            password_changed_at: None,
            password: PasswordSection::Form(&settings),
            passkeys: Some(2),
            totp: Some(true),
            sms: None,
            backup_codes: Some(8),
        }
        .render()
    };
    let keep = KeepFactors {
        cx: world.cx(),
        email: "jane@example.com",
        effective_at: world.now.plus_seconds(3 * DAY),
        action: "/account/factor-recovery",
        csrf_token: "hJ0sQ2vN8wXeR5tYuI1oPa",
        token: "avnl_lnk_sample",
    };
    let saved = nodes::saying(settings.clone(), Id::Saved);
    let breached = nodes::refusing(settings.clone(), "password", Id::PasswordBreached);
    vec![
        ("account-security", page(PasswordSection::Form(&settings), true)),
        ("account-security-factor-recovery", banner(&recovery)),
        ("account-security-factor-recovery-administrator", banner(&warned)),
        ("factors-keep", keep.render()),
        ("factors-kept", FactorsKept { cx: world.cx(), security_url: "/account/security" }.render()),
        ("factors-link-used", KeepFactorsUsed { cx: world.cx(), sign_in_url: "/sign-in" }.render()),
        ("account-security-saved", page(PasswordSection::Form(&saved), true)),
        ("account-security-error", page(PasswordSection::Form(&breached), true)),
        ("account-security-none", page(PasswordSection::Form(&nodes::after_recovery(world)), false)),
        ("account-security-factor", with(PasswordSection::Form(&settings), true, true, Some(8))),
        ("account-security-no-codes", with(PasswordSection::Form(&settings), true, true, Some(0))),
        ("account-security-step-up", page(PasswordSection::StepUp { url: "/sign-in?refresh=true" }, true)),
    ]
}

fn factors(world: &World) -> Pages {
    let page = |flow: &FlowView, factor| {
        FactorPage {
            cx: world.cx(),
            person: &world.jane,
            flow,
            factor,
            removed: None,
            passkeys: &[],
            phone: None,
            resend_at: None,
            back_url: "/account/security",
        }
        .render()
    };
    let new = || nodes::new_totp(world, FlowKind::Settings, FlowState::ShowForm);
    let codes = || nodes::saying(nodes::new_codes(world), Id::SaveBackupCodes);
    vec![
        ("account-totp", page(&new(), FactorSection::Totp)),
        (
            "account-totp-wrong",
            page(&nodes::refusing(new(), "totp_code", Id::WrongCode), FactorSection::Totp),
        ),
        ("account-totp-enrolled", page(&nodes::held_totp(world), FactorSection::Totp)),
        ("account-codes-new", page(&codes(), FactorSection::BackupCodes)),
        ("account-codes", page(&nodes::held_codes(world), FactorSection::BackupCodes)),
        (
            "account-codes-none",
            page(&nodes::flow(world, FlowKind::Settings, FlowState::ShowForm), FactorSection::BackupCodes),
        ),
    ]
}

fn sessions(world: &World) -> Pages {
    let row = |device: &str, is_mobile, place: Option<&str>, used: i64, made: i64| SessionRow {
        device: device.to_owned(),
        is_mobile,
        place: place.map(str::to_owned),
        ip: "203.0.113.7".to_owned(),
        signed_in_at: world.now.plus_seconds(-made),
        last_used_at: world.now.plus_seconds(-used),
        organization: None,
        is_this: used == 0,
        end_action: format!("/account/sessions/{used}/end"),
    };
    let rows = [
        row("Firefox on Linux", false, Some("near Leeds, GB"), 0, 7_200),
        row("Safari on iPhone", true, Some("near Leeds, GB"), 300, 12 * DAY),
        row("Chrome on Windows", false, None, 4 * DAY, 45 * DAY),
    ];
    let device =
        |id: &str, name: &str, is_mobile, place: Option<&str>, seen: i64, trusted: Option<i64>| DeviceRow {
            id: id.to_owned(),
            name: name.to_owned(),
            is_mobile,
            place: place.map(str::to_owned),
            ip: "203.0.113.7".to_owned(),
            seen_at: world.now.plus_seconds(-seen),
            trusted_until: trusted.map(|days| world.now.plus_seconds(days * DAY)),
            is_this: seen == 0,
            name_action: format!("/account/devices/{id}/name"),
            remove_action: format!("/account/devices/{id}/remove"),
        };
    let devices = [
        device("dev_01kjpwd6m0emptw6bw4v8qtn83", "Work laptop", false, Some("near Leeds, GB"), 0, Some(12)),
        device("dev_01kjpwe457etztza3v90genf98", "Safari on iPhone", true, None, 300, None),
        device("dev_01kjpwjw2bfeh982d16269dv5s", "Chrome on Windows", false, None, 4 * DAY, None),
    ];
    let ended = Notice::success("The session was ended.");
    let page = |rows, devices, notice| {
        Sessions {
            cx: world.cx(),
            person: &world.jane,
            notice,
            rows,
            devices,
            end_others_action: "/account/sessions/end-others",
            csrf_token: "hJ0sQ2vN8wXeR5tYuI1oPa",
        }
        .render()
    };
    vec![
        ("account-sessions", page(&rows[..], &devices[..], None)),
        (
            "account-sessions-ended",
            page(rows.get(..2).unwrap_or_default(), devices.get(..2).unwrap_or_default(), Some(&ended)),
        ),
        ("account-sessions-one", page(rows.get(..1).unwrap_or_default(), &[], None)),
    ]
}
