//! Every mail.

use avnology_model::credentials::Factor;

use super::World;
use crate::mail::{
    AccountLocked, DataExported, DeletionCancelled, DeletionScheduled, DomainLost, EmailChanged,
    FactorChanged, FactorRecoveryCancelled, FactorRecoveryReady, FactorRecoveryStarted, Invitation, Mail,
    NewDevice, PasswordChanged, PhoneChanged, RecoveryCode, RecoveryNotPossible, RegistrationAttempted,
    ServiceAccountOwnerLost, SignInCode, SignInLink, UndoLink, VerificationCode, Welcome,
};

const CODE: &str = "418530";
const LINK: &str =
    "https://id.example.com/sign-in/link?flow=flw_01kjpwjw2bfeh982d16269dv5s&token=avnl_lnk_sample";
const SESSIONS: &str = "https://id.example.com/account/sessions";
const RECOVERY: &str = "https://id.example.com/recovery";
const SIGN_IN: &str = "https://id.example.com/sign-in";

pub(super) fn mails(world: &World) -> Vec<(&'static str, Mail)> {
    [codes(world), notices(world)].concat()
}

/// Those about organizations.
pub(super) fn of_organizations(world: &World) -> Vec<(&'static str, Mail)> {
    let (cx, name, later) = (world.cx(), Some("Jane"), world.now.plus_seconds(6 * 86_400));
    let invitation = Invitation {
        cx,
        name: None,
        organization: "Acme Corporation",
        inviter: Some("Maya Okafor"),
        role: Some("Administrator"),
        words: Some("Welcome aboard! Monday at nine we show you around. The plan is at wiki.acme.example."),
        link: "https://id.example.com/invitations/avnl_inv_sample",
        expires_at: later,
    };
    let domain = DomainLost {
        cx,
        name,
        organization: "Acme Corporation",
        domain: "acme.example",
        until: later,
        domains_url: "https://id.example.com/organizations/acme/domains",
    };
    let account = ServiceAccountOwnerLost {
        cx,
        name,
        organization: "Acme Corporation",
        account: "Nightly report",
        until: later,
        accounts_url: "https://id.example.com/organizations/acme/api-keys",
    };
    vec![
        ("invitation", invitation.render()),
        ("invitation-plain", Invitation { inviter: None, role: None, words: None, ..invitation }.render()),
        ("domain-lost", domain.render()),
        ("service-account-owner-lost", account.render()),
    ]
}

fn codes(world: &World) -> Vec<(&'static str, Mail)> {
    let (cx, name, minutes) = (world.cx(), Some("Jane"), 10);
    let origin = Some(&world.origin);
    vec![
        ("sign-in-code", SignInCode { cx, name, code: CODE, minutes, origin }.render()),
        ("sign-in-link", SignInLink { cx, name, link: LINK, code: None, minutes, origin }.render()),
        (
            "sign-in-link-and-code",
            SignInLink { cx, name: None, link: LINK, code: Some(CODE), minutes, origin }.render(),
        ),
        ("verification-code", VerificationCode { cx, name, code: CODE, link: None, minutes }.render()),
        ("verification-link", VerificationCode { cx, name, code: CODE, link: Some(LINK), minutes }.render()),
        ("recovery-code", RecoveryCode { cx, name, code: CODE, link: None, minutes, origin }.render()),
        ("recovery-link", RecoveryCode { cx, name, code: CODE, link: Some(LINK), minutes, origin }.render()),
        ("recovery-not-possible", RecoveryNotPossible { cx, name, origin }.render()),
    ]
}

fn notices(world: &World) -> Vec<(&'static str, Mail)> {
    let (cx, name, later) = (world.cx(), Some("Jane"), world.now.plus_seconds(3 * 86_400));
    let origin = &world.origin;
    let undo = Some(UndoLink { url: LINK, hours: 72 });
    let attempted = RegistrationAttempted {
        cx,
        name,
        sign_in_url: SIGN_IN,
        recovery_url: RECOVERY,
        origin: Some(origin),
    };
    let until = world.now.plus_seconds(900);
    vec![
        ("registration-attempted", attempted.render()),
        ("welcome", Welcome { cx, name, email: "jane@example.com", link: LINK, expires_at: later }.render()),
        (
            "authenticator-added",
            FactorChanged { cx, name, factor: Factor::Totp, enrolled: true, origin, recovery_url: RECOVERY }
                .render(),
        ),
        (
            "backup-codes-removed",
            FactorChanged {
                cx,
                name,
                factor: Factor::RecoveryCode,
                enrolled: false,
                origin,
                recovery_url: RECOVERY,
            }
            .render(),
        ),
        (
            "phone-added",
            FactorChanged { cx, name, factor: Factor::Sms, enrolled: true, origin, recovery_url: RECOVERY }.render(),
        ),
        (
            "phone-changed",
            PhoneChanged { cx, name, new_phone: Some("••• 42"), origin, recovery_url: RECOVERY }.render(),
        ),
        ("password-changed", PasswordChanged { cx, name, origin, recovery_url: RECOVERY }.render()),
        ("email-changed", EmailChanged { cx, name, new_email: "jd@example.org", origin, undo }.render()),
        (
            "email-changed-by-administrator",
            EmailChanged { cx, name, new_email: "jd@example.org", origin, undo: None }.render(),
        ),
        (
            "new-device",
            NewDevice { cx, name, origin, sessions_url: SESSIONS, recovery_url: RECOVERY }.render(),
        ),
        (
            "account-locked",
            AccountLocked { cx, name, until, recovery_url: RECOVERY, origin: Some(origin) }.render(),
        ),
        (
            "factor-recovery-started",
            FactorRecoveryStarted {
                cx,
                name,
                is_reminder: false,
                effective_at: later,
                cancel_url: LINK,
                origin: Some(origin),
            }
            .render(),
        ),
        (
            "factor-recovery-reminder",
            FactorRecoveryStarted {
                cx,
                name,
                is_reminder: true,
                effective_at: later,
                cancel_url: LINK,
                origin: None,
            }
            .render(),
        ),
        (
            "factor-recovery-ready",
            FactorRecoveryReady {
                cx,
                name,
                link: LINK,
                until: later,
                cancel_url: SIGN_IN,
                recovery_url: RECOVERY,
            }
            .render(),
        ),
        (
            "factor-recovery-cancelled",
            FactorRecoveryCancelled { cx, name, security_url: "https://id.example.com/account/security" }
                .render(),
        ),
        (
            "deletion-scheduled",
            DeletionScheduled { cx, name, scheduled_for: later, keep_url: Some(SIGN_IN), receipt_url: Some("https://id.example.com/v1/privacy/deletions/del_01kjpwd6m0emptw6bw4v8qtn83:receipt?signature=3f1c") }
                .render(),
        ),
        ("deletion-final", DeletionScheduled { cx, name, scheduled_for: later, keep_url: None, receipt_url: None }.render()),
        ("data-exported", DataExported { cx, name, activity_url: "https://id.example.com/account/activity" }.render()),
        (
            "deletion-cancelled",
            DeletionCancelled { cx, name, account_url: "https://id.example.com/account" }.render(),
        ),
    ]
}
