//! The sign-in and sign-up pages of an organization, and what an address that leads to one shows.

use avnology_model::flows::{
    FlowKind, FlowState, FlowView, Group, InputType, Message, MessageId as Id, Node,
};
use serde_json::json;

use super::{
    World, nodes,
    organizations::{Acme, Pages, acme},
};
use crate::{
    flows::{AtDoor, Door, SignIn, SignUp, TurnedAway},
    organizations::{AuditFilter, AuditLog, Paging},
};

pub(super) fn pages(world: &World) -> Pages {
    let acme = acme(world);
    [sign_in(&acme), sign_up(&acme), doors(&acme), side_by_side(world)].concat()
}

/// A flow about Acme; one that leads nowhere else when it `restricts`.
fn about(acme: &Acme<'_>, mut flow: FlowView, restricts: bool) -> FlowView {
    let home = &acme.home;
    flow.organization =
        Some(json!({ "id": home.id, "name": home.name, "slug": home.slug, "logo_url": null }));
    flow.organization_id = if restricts { home.id.to_string() } else { String::new() };
    flow
}

/// Somebody who is no member may join, and is asked.
fn may_join(world: &World) -> FlowView {
    let mut flow = nodes::flow(world, FlowKind::Login, FlowState::ChooseOrganization);
    flow.identifier = Some("jane@example.com".to_owned());
    let named = Message::new(Id::WillJoin).with_text("organization", "Acme Corporation");
    let nodes = vec![
        Node::input(Group::Default, InputType::Hidden, "organization_id")
            .with_value("org_01kjpwdk93e6yrn4jvq0b9zr89")
            .required(),
        Node::submit(Group::Default, "organization", Id::LabelContinue),
    ];
    nodes::saying(nodes::with(flow, nodes), named)
}

fn sign_in(acme: &Acme<'_>) -> Pages {
    let world = acme.world;
    let page = |flow: &FlowView, needs_home| {
        SignIn {
            cx: world.cx(),
            flow,
            sign_up_url: Some("/org/acme/sign-up"),
            recovery_url: Some("/recovery"),
            needs_home,
            resend_at: None,
        }
        .render()
    };
    let here = |flow| about(acme, flow, true);
    let mut sso = nodes::methods(world);
    sso.ui.nodes.retain(|node| matches!(node.group, Group::Default | Group::Identifier));
    let sso = nodes::saying(sso, Id::SsoNotSetUp);
    let away = |state| {
        let mut flow = here(nodes::flow(world, FlowKind::Login, state));
        flow.identifier = Some("jane@example.com".to_owned());
        TurnedAway { cx: world.cx(), flow: &flow, again_url: "/org/acme", personal_url: Some("/sign-in") }
            .render()
    };
    vec![
        ("org-sign-in", page(&here(nodes::who(world)), false)),
        ("org-sign-in-methods", page(&here(nodes::methods(world)), false)),
        ("org-sign-in-sso", page(&here(sso), false)),
        ("org-choose-organization", page(&here(may_join(world)), false)),
        ("org-not-a-member", away(FlowState::ChooseMethod)),
        ("org-not-joined", away(FlowState::ChooseOrganization)),
        ("sign-in-found-organization", page(&about(acme, nodes::methods(world), false), false)),
        ("sign-in-strict", page(&nodes::who(world), true)),
        ("sign-in-strict-homeless", page(&nodes::saying(nodes::who(world), Id::Invalid), true)),
    ]
}

fn sign_up(acme: &Acme<'_>) -> Pages {
    let world = acme.world;
    let page = |flow: &FlowView, invited, by_domain| {
        SignUp { cx: world.cx(), flow, sign_in_url: "/org/acme", invited, by_domain, resend_at: None }
            .render()
    };
    let here = || about(acme, nodes::registration(world), true);
    let mut invited = here();
    for email in invited.ui.nodes.iter_mut().filter(|node| node.name() == "traits.email") {
        email.attributes.readonly = true;
        email.attributes.value = Some("bill@partner.example".to_owned());
    }
    let proving =
        about(acme, nodes::code_sent(world, FlowKind::Registration, FlowState::VerifyAddress), true);
    vec![
        ("org-sign-up", page(&here(), false, false)),
        ("org-sign-up-by-domain", page(&here(), false, true)),
        ("org-sign-up-uninvited", page(&nodes::saying(here(), Id::InvitationNeeded), false, true)),
        ("org-sign-up-verify-address", page(&proving, false, true)),
        ("sign-up-invited", page(&invited, true, false)),
    ]
}

fn doors(acme: &Acme<'_>) -> Pages {
    let page = |door| {
        AtDoor { cx: acme.world.cx(), home: &acme.home, door, personal_url: Some("/sign-in") }.render()
    };
    vec![
        ("org-suspended", page(Door::Suspended)),
        ("org-not-ready", page(Door::NotReady)),
        ("org-sign-up-by-invitation", page(Door::InvitationOnly)),
        ("org-sign-up-sso", page(Door::SsoOnly)),
    ]
}

/// In a strict tenant: one account at home, and a session with another one elsewhere.
fn side_by_side(world: &World) -> Pages {
    let mut acme = acme(world);
    acme.switcher.choices.truncate(1);
    acme.switcher.elsewhere = vec![acme.other.clone()];
    acme.switcher.has_personal = false;
    acme.switcher.may_create = false;
    let page = AuditLog {
        frame: acme.frame(),
        rows: &[],
        filter: &AuditFilter::default(),
        paging: &Paging::default(),
        signed: None,
        checked: None,
        export_url: None,
    };
    vec![("organization-strict-switcher", page.render())]
}
