//! Signing out, errors, and pages in other circumstances: right to left, a logo, a bare brand.

use avnology_model::Code;

use super::{World, nodes};
use crate::{
    Brand, Context, Link,
    flows::SignIn,
    platform::{ErrorPage, NotFound, Problem, plain_words},
    sessions::{SignOut, SignOutDone, SignOutFailed},
};

type Pages = Vec<(&'static str, String)>;

pub(super) fn pages(world: &World) -> Pages {
    [sign_out(world), errors(world), circumstances(world)].concat()
}

fn sign_out(world: &World) -> Pages {
    let ask = SignOut {
        cx: world.cx(),
        person: &world.jane,
        action: "/sign-out",
        csrf_token: "hJ0sQ2vN8wXeR5tYuI1oPa",
        back_url: "/account",
    };
    let failed = SignOutFailed {
        cx: world.cx(),
        retry_url: "/sign-out",
        code: Code::CsrfFailed.text(),
        request_id: "01hv9k7m3f30",
    };
    vec![
        ("sign-out", ask.render()),
        ("sign-out-done", SignOutDone { cx: world.cx(), sign_in_url: "/sign-in", still: None }.render()),
        (
            "sign-out-done-other",
            SignOutDone { cx: world.cx(), sign_in_url: "/sign-in", still: Some(&world.jane) }.render(),
        ),
        ("sign-out-error", failed.render()),
    ]
}

fn errors(world: &World) -> Pages {
    let back = Link::new("Back to sign-in", "/sign-in");
    let error = |code: Code| {
        let (title, detail) = plain_words(code);
        ErrorPage {
            cx: world.cx(),
            title,
            detail,
            code: code.text(),
            request_id: "01hv9k7m3f30",
            back: Some(&back),
        }
        .render()
    };
    vec![
        ("error", error(Code::CsrfFailed)),
        ("error-internal", error(Code::Internal)),
        ("not-found", NotFound { cx: world.cx(), request_id: "01hv9k7m3f30", back: &back }.render()),
        ("problem", Problem { cx: world.cx(), code: Code::FlowGone }.render()),
        ("problem-long", Problem { cx: world.cx(), code: Code::EtagMismatch }.render()),
    ]
}

fn circumstances(world: &World) -> Pages {
    let flow = nodes::methods(world);
    let page = |cx| {
        SignIn {
            cx,
            flow: &flow,
            sign_up_url: None,
            recovery_url: Some("/recovery"),
            needs_home: false,
            resend_at: None,
        }
        .render()
    };
    let bare = Brand::named("Northwind Traders & Sons <Accounts>");
    let logo = Brand { logo_url: Some("data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 128 32'%3E%3Crect width='128' height='32' rx='6' fill='%23888'/%3E%3C/svg%3E".to_owned()), ..world.brand.clone() };
    vec![
        ("sign-in-right-to-left", page(Context { lang: "ar", ..world.cx() })),
        ("sign-in-bare-brand", page(Context { brand: &bare, ..world.cx() })),
        ("sign-in-logo", page(Context { brand: &logo, ..world.cx() })),
    ]
}
