//! What scripts and password managers rely on (`contract/95` §7), and which node lands in which form.

use avnology_model::Timestamp;

use super::dom::{self, Element};
use crate::{Brand, Context, mail::SignInCode, samples};

fn page(name: &str) -> Vec<Element> {
    let (_, html) = samples::pages().into_iter().find(|(n, _)| n == name).unwrap_or_else(|| panic!("{name}"));
    dom::read(name, &html)
}

/// The inputs and buttons of the form with this position, as `name=value`.
fn form(elements: &[Element], position: usize) -> Vec<String> {
    let forms: Vec<usize> = (0..elements.len()).filter(|i| elements[*i].name == "form").collect();
    let within = |e: &&Element| e.around.contains(&forms[position]);
    let named =
        elements.iter().filter(within).filter(|e| matches!(e.name.as_str(), "input" | "button" | "select"));
    named.filter_map(|e| Some(format!("{}={}", e.get("name")?, e.get("value").unwrap_or_default()))).collect()
}

fn body<'a>(elements: &'a [Element], key: &str) -> &'a str {
    elements.iter().find(|e| e.name == "body").and_then(|e| e.get(key)).unwrap_or_default()
}

#[test]
fn pages_name_themselves_and_their_state() {
    let cases = [
        ("sign-in-identifier", "sign-in", "choose_method"),
        ("sign-in-code-sent", "sign-in", "sent_email"),
        ("sign-in-verify-address", "sign-in", "verify_address"),
        ("sign-in-new-password", "sign-in", "complete_profile"),
        ("link-other-device", "sign-in-link", "confirm_other_device"),
        ("sign-up-form", "sign-up", "show_form"),
        ("recovery-new-password", "recovery", "new_password"),
        ("recovery-lost-factors", "recovery", "second_factor"),
        ("recovery-factors-waiting", "recovery", "factors_waiting"),
        ("recovery-factors-ready", "recovery", "factors_ready"),
        ("factors-keep", "account-factor-recovery", "confirm"),
        ("verify-verified", "verify", "passed_challenge"),
        ("sign-out-done", "sign-out", "done"),
        ("error", "error", "error"),
        ("account-security-step-up", "account-security", "step_up"),
        ("account-activity", "account-activity", "list"),
        ("account-privacy", "account-privacy", "overview"),
        ("account-privacy-scheduled", "account-privacy", "scheduled"),
        ("deletion-keep", "account-privacy-deletion", "confirm"),
        ("organization-new", "organization-new", "form"),
        ("organization", "organization", "overview"),
        ("organization-members", "organization-members", "list"),
        ("organization-invitations-links", "organization-invitations", "links"),
        ("organization-domains-empty", "organization-domains", "empty"),
        ("organization-domain", "organization-domain", "pending"),
        ("organization-domain-confirm", "organization-domain", "confirm"),
        ("organization-roles", "organization-roles", "list"),
        ("organization-role", "organization-role", "form"),
        ("organization-role-built-in", "organization-role", "built_in"),
        ("organization-role-new", "organization-role-new", "form"),
        ("organization-permissions", "organization-permissions", "list"),
        ("organization-permissions-ask", "organization-permissions", "ask"),
        ("organization-permissions-nobody", "organization-permissions", "nobody"),
        ("organization-permissions-no", "organization-permissions", "verdict"),
        ("organization-permissions-unknown", "organization-permissions", "refused"),
        ("organization-groups", "organization-groups", "list"),
        ("organization-group-dynamic", "organization-group", "dynamic"),
        ("organization-group-preview", "organization-group-edit", "preview"),
        ("invitation-sign-up", "invitation", "sign_up"),
        ("org-sign-in", "sign-in", "choose_method"),
        ("org-choose-organization", "sign-in", "choose_organization"),
        ("org-not-a-member", "sign-in", "blocked"),
        ("org-suspended", "sign-in", "organization_suspended"),
        ("org-sign-up-by-invitation", "sign-up", "needs_invitation"),
        ("org-sign-up-sso", "sign-up", "sso_only"),
        ("sign-up-invited", "sign-up", "invitation"),
        ("consent", "consent", "scopes"),
        ("device-enter", "device", "enter_code"),
        ("device-wrong", "device", "enter_code"),
        ("device-confirm", "device", "confirm"),
        ("device-organization", "device", "confirm"),
        ("device-missing", "device", "confirm"),
        ("device-done", "device", "done"),
        ("device-denied", "device", "denied"),
        ("device-expired", "device", "expired"),
        ("select-account", "select-account", "list"),
        ("select-organization", "select-organization", "list"),
        ("select-organization-none", "select-organization", "none"),
        ("select-organization-join", "select-organization", "join"),
        ("form-post", "form-post", "answer"),
        ("client-sign-out", "sign-out", "confirm"),
        ("account-organizations", "account-organizations", "list"),
        ("organization-audit", "organization-audit", "list"),
        ("organization-audit-whole", "organization-audit", "checked"),
        ("organization-audit-event", "organization-audit-event", "event"),
        ("organization-audit-export", "organization-audit-export", "form"),
        ("organization-audit-export-complete", "organization-audit-export", "complete"),
    ];
    for (name, page_name, state) in cases {
        let elements = page(name);
        assert_eq!(
            (body(&elements, "data-page"), body(&elements, "data-state")),
            (page_name, state),
            "{name}"
        );
    }
}

#[test]
fn the_main_form_comes_first_and_its_first_button_is_primary() {
    let mut seen = 0;
    for (name, html) in samples::pages() {
        let elements = dom::read(&name, &html);
        let Some(index) = elements.iter().position(|e| matches!(e.get("id"), Some("flow" | "sign-out")))
        else {
            continue;
        };
        seen += 1;
        assert!(elements[..index].iter().all(|e| e.name != "form"), "{name}");
        let submit =
            elements.iter().find(|e| e.name == "button" && e.around.contains(&index)).expect("a button");
        assert!(submit.has_class("primary"), "{name}");
        for input in elements.iter().filter(|e| e.name == "input" && e.around.contains(&index)) {
            let is_the_forms_own = input.get("name") == Some("flow");
            let (id, own) = (input.get("id").unwrap_or_default(), input.get("name").unwrap_or_default());
            // Boxes of one name are told apart by what follows it.
            let is_box = input.get("type") == Some("checkbox") && id.starts_with(&format!("{own}-"));
            assert!(is_the_forms_own || is_box || id == own, "{name}: {input:?}");
        }
    }
    assert!(seen > 30, "{seen}");
}

#[test]
fn every_form_posts_with_its_token() {
    for (name, html) in samples::pages() {
        let elements = dom::read(&name, &html);
        let count = elements.iter().filter(|e| e.name == "form").count();
        let methods: Vec<_> = elements
            .iter()
            .filter(|e| e.name == "form")
            .map(|e| e.get("method").unwrap_or_default())
            .collect();
        for position in (0..count).filter(|position| methods[*position] == "post") {
            let fields = form(&elements, position);
            if name == "form-post" {
                // It goes to an application, which has nothing to do with our token.
                assert!(fields.iter().all(|f| !f.starts_with("csrf_token=")), "{fields:?}");
                continue;
            }
            assert_eq!(
                fields.iter().filter(|f| f.starts_with("csrf_token=")).count(),
                1,
                "{name}: {fields:?}"
            );
        }
        // What is asked for by GET narrows a list down, and carries no token into addresses.
        for search in elements.iter().filter(|e| e.name == "form" && e.get("method") != Some("post")) {
            assert_eq!((search.get("method"), search.get("role")), (Some("get"), Some("search")), "{name}");
        }
        for position in (0..count).filter(|position| methods[*position] == "get") {
            assert!(form(&elements, position).iter().all(|f| !f.starts_with("csrf_token")), "{name}");
        }
    }
}

#[test]
fn other_methods_have_forms_of_their_own_with_the_identifier() {
    let elements = page("sign-in-methods");
    let token = "csrf_token=hJ0sQ2vN8wXeR5tYuI1oPa";
    let identifier = "identifier=jane@example.com";
    assert_eq!(form(&elements, 0), [token, identifier, "password=", "method=password"]);
    assert_eq!(form(&elements, 1), [token, identifier, "method=code"]);
    assert_eq!(form(&elements, 2), [token, identifier, "method=link"]);
    assert_eq!(form(&elements, 3), [token, "method=identifier"]);
}

#[test]
fn a_captcha_goes_with_the_main_form_and_the_way_round_it_needs_none() {
    let token = "csrf_token=hJ0sQ2vN8wXeR5tYuI1oPa";
    let elements = page("recovery-captcha");
    assert_eq!(form(&elements, 0), [token, "captcha_token=", "email=", "method=code", "method=captcha"]);
    let round = elements.iter().filter(|e| e.name == "button").nth(1).expect("a second button");
    assert!(round.get("formnovalidate").is_some() && !round.has_class("primary"));
    let widget = elements.iter().find(|e| e.get("data-captcha").is_some()).expect("a widget");
    assert_eq!(
        (widget.get("data-captcha"), widget.get("data-action")),
        (Some("turnstile"), Some("recovery"))
    );
    let sign_up = form(&page("sign-up-captcha"), 0);
    assert_eq!(sign_up[sign_up.len() - 3..], ["method=password", "method=code", "method=captcha"]);
    let sign_in = page("sign-in-captcha-needed");
    assert!(form(&sign_in, 0).contains(&"captcha_token=".to_owned()));
    let identifier = "identifier=jane@example.com";
    assert_eq!(form(&sign_in, 1), [token, identifier, "captcha_token=", "method=code"]);
    assert!((0..6).any(|n| form(&sign_in, n) == [token, identifier, "captcha_token=", "method=captcha"]));
}

#[test]
fn a_new_code_is_asked_for_without_the_field_for_the_old_one() {
    let elements = page("recovery-sent");
    let token = "csrf_token=hJ0sQ2vN8wXeR5tYuI1oPa";
    assert_eq!(form(&elements, 0), [token, "code=", "method=code"]);
    assert_eq!(form(&elements, 1), [token, "method=code", "resend=true"]);
}

#[test]
fn another_way_to_register_sends_what_was_filled_in() {
    let elements = page("sign-up-form");
    let fields = form(&elements, 0);
    assert!(fields.iter().any(|f| f == "traits.email="), "{fields:?}");
    assert_eq!(fields[fields.len() - 2..], ["method=password", "method=code"]);
    let second = elements.iter().filter(|e| e.name == "button").nth(1).expect("a second button");
    assert!(second.get("formnovalidate").is_some() && !second.has_class("primary"));
}

#[test]
fn a_settings_page_sends_its_own_section_only() {
    let profile = form(&page("account-profile"), 0);
    assert!(profile.iter().all(|f| !f.contains("password")), "{profile:?}");
    let security = form(&page("account-security"), 0);
    assert!(security.iter().all(|f| !f.contains("traits.")), "{security:?}");
    assert!(security.contains(&"keep_other_sessions=true".to_owned()), "{security:?}");
}

#[test]
fn the_password_anchor_is_there_with_and_without_the_field() {
    for name in ["account-security", "account-security-step-up", "account-security-none"] {
        assert_eq!(page(name).iter().filter(|e| e.get("id") == Some("password")).count(), 1, "{name}");
    }
}

#[test]
fn passwords_are_never_written_back() {
    for (name, html) in samples::pages() {
        for input in dom::read(&name, &html).iter().filter(|e| e.get("type") == Some("password")) {
            assert!(input.get("value").is_none(), "{name}");
        }
    }
}

#[test]
fn the_error_page_shows_code_and_request() {
    let elements = page("error");
    let text = |id| elements.iter().find(|e| e.get("id") == Some(id)).map(|e| e.text.as_str());
    assert_eq!(text("error-code"), Some("AVNOLOGY_AUTH_015"));
    assert_eq!(text("request-id"), Some("01hv9k7m3f30"));
}

#[test]
fn what_people_call_themselves_is_escaped() {
    let (name, html) =
        samples::pages().into_iter().find(|(n, _)| n == "sign-in-bare-brand").expect("the sample");
    assert!(html.contains("Northwind Traders &#38; Sons &#60;Accounts&#62;"), "{name}");
    let brand = Brand::named("<script>alert(1)</script>");
    let cx = Context::english(&brand, Timestamp::default());
    let mail =
        SignInCode { cx, name: Some("<b>Jane</b> & \"co\""), code: "418530", minutes: 10, origin: None }
            .render();
    dom::read("mail", &mail.html);
    assert!(!mail.html.contains("<script") && !mail.html.contains("<b>"), "{}", mail.html);
}
