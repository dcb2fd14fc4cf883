//! Sign-in, sign-up, recovery and verification, in every state.

use avnology_model::flows::{FlowKind, FlowState, FlowView, Message, MessageId as Id};

use super::{World, nodes};
use crate::flows::{
    FlowExpired, FlowPage, LinkUsed, Recovery, RecoveryDone, RecoveryLink, SignIn, SignInLink, SignUp,
    SignUpClosed, SignUpDone, SignedInAlready, UndoChange, Undone, Verify, VerifyDenied, VerifyLink,
    VerifyLinkUsed,
};

type Pages = Vec<(&'static str, String)>;

pub(super) fn pages(world: &World) -> Pages {
    [sign_in(world), sign_in_link(world), sign_up(world), recovery(world), verify(world), expired(world)]
        .concat()
}

fn sign_in(world: &World) -> Pages {
    let page = |flow: &FlowView, wait: Option<i64>| {
        SignIn {
            cx: world.cx(),
            flow,
            sign_up_url: Some("/sign-up"),
            recovery_url: Some("/recovery"),
            needs_home: false,
            resend_at: wait.map(|seconds| world.now.plus_seconds(seconds)),
        }
        .render()
    };
    let sent = || nodes::code_sent(world, FlowKind::Login, FlowState::SentEmail);
    let mut refresh = nodes::methods(world);
    refresh.refresh = true;
    refresh.ui.nodes.retain(|n| n.attributes.value.as_deref() != Some("identifier"));
    let mut application = nodes::who(world);
    application.client = Some(serde_json::json!({
        "id": "cli_01kjpwfebhf9xrvqney6fmm27s", "name": "Photo Prints",
        "logo_url": "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA=",
        "policy_url": "https://photos.example/privacy", "terms_url": "https://photos.example/terms",
        "redirect_host": "photos.example",
    }));
    let elsewhere = nodes::saying(
        nodes::flow(world, FlowKind::Login, FlowState::Passed),
        Message::new(Id::SignedInElsewhere),
    );
    let already = SignedInAlready {
        cx: world.cx(),
        person: &world.jane,
        continue_url: "/account",
        other_account_url: "/sign-in?refresh=true",
    };
    vec![
        ("sign-in-identifier", page(&nodes::who(world), None)),
        ("sign-in-client", page(&application, None)),
        (
            "sign-in-identifier-invalid",
            page(&nodes::refusing(nodes::who(world), "identifier", Id::Invalid), None),
        ),
        ("sign-in-methods", page(&nodes::methods(world), None)),
        ("sign-in-captcha", page(&nodes::guarded(nodes::methods(world), false), None)),
        (
            "sign-in-captcha-needed",
            page(
                &nodes::refusing(
                    nodes::guarded(nodes::methods(world), true),
                    "captcha_token",
                    Id::CaptchaNeeded,
                ),
                None,
            ),
        ),
        ("sign-in-methods-without-password", page(&nodes::methods_without_password(world), None)),
        ("sign-in-wrong", page(&nodes::saying(nodes::methods(world), Id::WrongCredentials), None)),
        (
            "sign-in-locked",
            page(
                &nodes::saying(nodes::methods(world), Message::new(Id::AccountLocked).with("minutes", 15)),
                None,
            ),
        ),
        ("sign-in-step-up", page(&refresh, None)),
        ("sign-in-second-factor", page(&nodes::second_factor(world, FlowKind::Login), None)),
        (
            "sign-in-second-factor-wrong",
            page(
                &nodes::refusing(nodes::second_factor(world, FlowKind::Login), "totp_code", Id::WrongCode),
                None,
            ),
        ),
        (
            "sign-in-enroll-factor",
            page(&nodes::new_totp(world, FlowKind::Login, FlowState::EnrollFactor), None),
        ),
        ("sign-in-code-sent", page(&sent(), Some(60))),
        ("sign-in-code-wrong", page(&nodes::saying(sent(), Id::WrongCode), None)),
        ("sign-in-code-expired", page(&nodes::refusing(sent(), "code", Id::CodeExpired), None)),
        (
            "sign-in-code-wait",
            page(&nodes::saying(sent(), Message::new(Id::WaitForCode).with("seconds", 42)), Some(42)),
        ),
        ("sign-in-link-sent", page(&nodes::link_sent(world), Some(60))),
        (
            "sign-in-verify-address",
            page(&nodes::code_sent(world, FlowKind::Login, FlowState::VerifyAddress), None),
        ),
        ("sign-in-new-password", page(&nodes::must_change_password(world), None)),
        ("sign-in-profile", page(&nodes::must_complete_profile(world), None)),
        ("sign-in-elsewhere", page(&elsewhere, None)),
        ("sign-in-already", already.render()),
    ]
}

fn sign_in_link(world: &World) -> Pages {
    let page = |other_device| {
        SignInLink {
            cx: world.cx(),
            email: "jane@example.com",
            action: "/sign-in/link",
            csrf_token: "hJ0sQ2vN8wXeR5tYuI1oPa",
            token: "avnl_lnk_sample",
            other_device,
        }
        .render()
    };
    vec![
        ("link-confirm", page(None)),
        ("link-other-device", page(Some(&world.origin))),
        ("link-used", LinkUsed { cx: world.cx(), sign_in_url: "/sign-in" }.render()),
    ]
}

fn sign_up(world: &World) -> Pages {
    let page = |flow: &FlowView| {
        let (invited, by_domain) = (false, false);
        SignUp { cx: world.cx(), flow, sign_in_url: "/sign-in", invited, by_domain, resend_at: None }.render()
    };
    let taken = nodes::refusing(nodes::registration(world), "traits.email", Id::EmailTaken);
    let several = nodes::refusing(taken.clone(), "password", Id::PasswordBreached);
    let done = |verify_url| {
        SignUpDone { cx: world.cx(), person: &world.jane, continue_url: "/account", verify_url }.render()
    };
    vec![
        ("sign-up-form", page(&nodes::registration(world))),
        ("sign-up-captcha", page(&nodes::guarded(nodes::registration(world), true))),
        ("sign-up-taken", page(&taken)),
        ("sign-up-errors", page(&several)),
        ("sign-up-code-sent", page(&nodes::code_sent(world, FlowKind::Registration, FlowState::SentEmail))),
        (
            "sign-up-verify-address",
            page(&nodes::code_sent(world, FlowKind::Registration, FlowState::VerifyAddress)),
        ),
        ("sign-up-done", done(None)),
        ("sign-up-done-unverified", done(Some("/verify"))),
        ("sign-up-closed", SignUpClosed { cx: world.cx(), sign_in_url: "/sign-in" }.render()),
    ]
}

fn recovery(world: &World) -> Pages {
    let page = |flow: &FlowView| {
        Recovery { cx: world.cx(), flow, sign_in_url: "/sign-in", resend_at: None }.render()
    };
    let sent = || nodes::code_sent(world, FlowKind::Recovery, FlowState::SentEmail);
    let link = RecoveryLink {
        cx: world.cx(),
        email: "jane@example.com",
        action: "/recovery",
        csrf_token: "hJ0sQ2vN8wXeR5tYuI1oPa",
        token: "avnl_lnk_sample",
    };
    let weak = nodes::refusing(nodes::after_recovery(world), "password", Id::PasswordWeak);
    let done = |by_passkey| RecoveryDone { cx: world.cx(), by_passkey, continue_url: "/account" }.render();
    vec![
        ("recovery-address", page(&nodes::address(world, FlowKind::Recovery))),
        ("recovery-captcha", page(&nodes::guarded(nodes::address(world, FlowKind::Recovery), true))),
        ("recovery-sent", page(&sent())),
        ("recovery-code-expired", page(&nodes::saying(sent(), Id::RecoveryExpired))),
        ("recovery-second-factor", page(&nodes::second_factor(world, FlowKind::Settings))),
        ("recovery-lost-factors", page(&nodes::lost_factors(world, None))),
        ("recovery-factors-waiting", page(&nodes::lost_factors(world, Some(false)))),
        ("recovery-factors-ready", page(&nodes::lost_factors(world, Some(true)))),
        ("recovery-new-password", page(&nodes::after_recovery(world))),
        ("recovery-weak-password", page(&weak)),
        ("recovery-link", link.render()),
        ("recovery-done", done(false)),
        ("recovery-done-passkey", done(true)),
    ]
}

fn verify(world: &World) -> Pages {
    let page =
        |flow: &FlowView| Verify { cx: world.cx(), flow, continue_url: "/account", resend_at: None }.render();
    let verified = nodes::saying(
        nodes::flow(world, FlowKind::Verification, FlowState::PassedChallenge),
        Id::AddressVerified,
    );
    let link = |made| {
        VerifyLink {
            cx: world.cx(),
            email: "jane@example.com",
            action: "/verify",
            csrf_token: "hJ0sQ2vN8wXeR5tYuI1oPa",
            token: "avnl_lnk_sample",
            made,
        }
        .render()
    };
    let undo = UndoChange {
        cx: world.cx(),
        email: "jane@example.com",
        action: "/verify/undo",
        csrf_token: "hJ0sQ2vN8wXeR5tYuI1oPa",
        token: "avnl_lnk_sample",
    };
    let undone = Undone { cx: world.cx(), email: "jane@example.com", recovery_url: "/recovery" };
    vec![
        ("verify-address", page(&nodes::address(world, FlowKind::Verification))),
        ("verify-sent", page(&nodes::code_sent(world, FlowKind::Verification, FlowState::SentEmail))),
        ("verify-verified", page(&verified)),
        ("verify-link", link(None)),
        ("verify-link-made", link(Some(&world.origin))),
        ("verify-link-used", VerifyLinkUsed { cx: world.cx(), verify_url: "/verify" }.render()),
        ("verify-denied", VerifyDenied { cx: world.cx() }.render()),
        ("verify-undo", undo.render()),
        ("verify-undone", undone.render()),
    ]
}

fn expired(world: &World) -> Pages {
    [
        ("sign-in-expired", FlowPage::SignIn),
        ("sign-up-expired", FlowPage::SignUp),
        ("recovery-expired", FlowPage::Recovery),
        ("verify-expired", FlowPage::Verify),
    ]
    .map(|(name, page)| (name, FlowExpired { cx: world.cx(), page, new_flow_url: "/sign-in" }.render()))
    .to_vec()
}
