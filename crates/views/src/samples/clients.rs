//! Pages between a client and a person.

use avnology_model::clients::ClientAbout;

use super::World;
use crate::{
    Notice,
    clients::{
        ApplicationRow, Applications, ChooseAccount, ChooseOrganization, ClientSignOut, ClientSignedOut,
        CodeRefused, ConfirmDevice, Consent, ConsentScope, DeviceEnd, DeviceEnded, DevicePlace, EnterCode,
        FormPost, OrganizationChoice, refusal_words,
    },
    flows::Origin,
    platform::ErrorPage,
};

type Pages = Vec<(&'static str, String)>;

const CSRF: &str = "hJ0sQ2vN8wXeR5tYuI1oPa";
const CHALLENGE: &str = "m4vQk2sB7xJcR9tYuI1oPaW3eLzN6dHfG8qSbXwT5kA";
const OTHER: &str = "/sign-in?refresh=true&return_to=%2Foauth2%2Fauth";

pub(super) fn pages(world: &World) -> Pages {
    [consent(world), device(world), choices(world), answers(world), applications(world)].concat()
}

fn applications(world: &World) -> Pages {
    let row =
        |id: &str, client: &str, organization: Option<&str>, scopes: &[&str], days: i64| ApplicationRow {
            id: id.to_owned(),
            client: client.to_owned(),
            organization: organization.map(str::to_owned),
            scopes: scopes.iter().map(|scope| ((*scope).to_owned(), None)).collect(),
            granted_at: world.now.plus_seconds(-30 * 86_400),
            last_used_at: world.now.plus_seconds(-days * 86_400),
            remove_action: format!("/account/applications/{id}/remove"),
        };
    let rows = [
        row("con_01kjpwd6m0emptw6bw4v8qtn83", "Photo Prints", None, &["openid", "email"], 0),
        row(
            "con_01kjpwe457etztza3v90genf98",
            "Time Sheets",
            Some("Acme Corporation"),
            &["openid", "profile", "members:read", "offline_access"],
            3,
        ),
        row("con_01kjpwjw2bfeh982d16269dv5s", "Photo Prints", Some("Acme Corporation"), &["openid"], 12),
    ];
    let removed = Notice::success("The application was removed. Its access has ended.");
    let page = |rows, is_grouped, notice| {
        Applications { cx: world.cx(), person: &world.jane, notice, rows, is_grouped, csrf_token: CSRF }
            .render()
    };
    vec![
        ("account-applications", page(&rows[..], false, None)),
        ("account-applications-grouped", page(&rows[..], true, Some(&removed))),
        ("account-applications-none", page(&[], false, None)),
    ]
}

/// A client that says nothing of itself, and one that says everything.
fn abouts(name: &str, home: &str) -> (ClientAbout, ClientAbout) {
    let plain = ClientAbout { name: name.to_owned(), ..ClientAbout::default() };
    let about = ClientAbout {
        logo_uri: Some("data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA=".to_owned()),
        client_uri: Some(home.to_owned()),
        policy_uri: Some(format!("{home}/privacy")),
        tos_uri: Some(format!("{home}/terms")),
        ..plain.clone()
    };
    (plain, about)
}

fn consent(world: &World) -> Pages {
    let scope = |name: &str, description: Option<&str>| ConsentScope {
        name: name.to_owned(),
        description: description.map(str::to_owned),
        is_optional: name != "openid",
    };
    let few = [scope("openid", None), scope("email", None)];
    let many = [
        scope("openid", None),
        scope("profile", None),
        scope("email", None),
        scope("offline_access", None),
        scope("members:read", None),
        scope("invoices:read", Some("See the invoices of the last year")),
    ];
    let (plain, about) = abouts("Photo Prints", "https://photos.example");
    let page = Consent {
        cx: world.cx(),
        person: &world.jane,
        client: &plain,
        comes_from: None,
        goes_to: "photos.example",
        organization: None,
        scopes: &few,
        resources: &[],
        action: "/consent",
        csrf_token: CSRF,
        challenge: CHALLENGE,
        other_account_url: OTHER,
    };
    let resources = ["Invoices".to_owned()];
    let whole = Consent {
        client: &about,
        comes_from: Some("photos.example"),
        organization: Some("Acme Corporation"),
        scopes: &many,
        resources: &resources,
        ..page
    };
    vec![("consent", page.render()), ("consent-organization", whole.render())]
}

fn device(world: &World) -> Pages {
    let enter = EnterCode { cx: world.cx(), action: "/device", csrf_token: CSRF, entered: "", refused: None };
    let wrong = EnterCode { entered: "WDJB-MJHX", refused: Some(CodeRefused::Wrong), ..enter };
    let wait = EnterCode { refused: Some(CodeRefused::TooMany(12)), ..enter };
    let scope =
        |name: &str| ConsentScope { name: name.to_owned(), description: None, is_optional: name != "openid" };
    let scopes = [scope("openid"), scope("profile"), scope("offline_access")];
    let (plain, about) = abouts("Living Room TV", "https://tv.example");
    let origin = Origin {
        device: Some("Program".to_owned()),
        place: Some("203.0.113.7".to_owned()),
        at: world.now.plus_seconds(-40),
    };
    let confirm = ConfirmDevice {
        cx: world.cx(),
        person: &world.jane,
        user_code: "WDJB-MJHT",
        client: &plain,
        origin: &origin,
        scopes: &scopes,
        resources: &[],
        place: &DevicePlace::Personal,
        refused: None,
        action: "/device/confirm",
        csrf_token: CSRF,
        other_account_url: "/sign-in?refresh=true&return_to=%2Fdevice%3Fuser_code%3DWDJB%2DMJHT",
    };
    let choice = |value: &str, name: &str, role: &str| OrganizationChoice {
        value: value.to_owned(),
        name: name.to_owned(),
        role: role.to_owned(),
    };
    let place = DevicePlace::Choice {
        choices: vec![
            choice("org_01kjpwdk93e6yrn4jvq0b9zr89", "Acme Corporation", "admin"),
            choice("org_01kjpwdk93e6yrn4jvq0b9zr8a", "Northwind Traders", "member"),
        ],
        has_personal: true,
        chosen: "org_01kjpwdk93e6yrn4jvq0b9zr89".to_owned(),
    };
    let resources = ["Invoices".to_owned()];
    let whole = ConfirmDevice { client: &about, resources: &resources, place: &place, ..confirm };
    let join = ConfirmDevice {
        place: &DevicePlace::Join("Acme Corporation".to_owned()),
        refused: Some("You need an invitation to join this organization."),
        ..confirm
    };
    let missing = ConfirmDevice { place: &DevicePlace::Missing, ..confirm };
    let ended = |end| DeviceEnded { cx: world.cx(), end }.render();
    vec![
        ("device-enter", enter.render()),
        ("device-wrong", wrong.render()),
        ("device-wait", wait.render()),
        ("device-confirm", confirm.render()),
        ("device-organization", whole.render()),
        ("device-join", join.render()),
        ("device-missing", missing.render()),
        ("device-done", ended(DeviceEnd::Done)),
        ("device-denied", ended(DeviceEnd::Denied)),
        ("device-expired", ended(DeviceEnd::Expired)),
    ]
}

fn choices(world: &World) -> Pages {
    let account = ChooseAccount {
        cx: world.cx(),
        person: &world.jane,
        action: "/select-account",
        csrf_token: CSRF,
        challenge: CHALLENGE,
        other_account_url: OTHER,
    };
    let choice = |value: &str, name: &str, role: &str| OrganizationChoice {
        value: value.to_owned(),
        name: name.to_owned(),
        role: role.to_owned(),
    };
    let own = [
        choice("org_01kjpwdk93e6yrn4jvq0b9zr89", "Acme Corporation", "admin"),
        choice("org_01kjpwdk93e6yrn4jvq0b9zr8a", "Northwind Traders", "member"),
    ];
    let (_, about) = abouts("Photo Prints", "https://photos.example");
    let list = ChooseOrganization {
        cx: world.cx(),
        client: &about,
        choices: &own,
        invitations: &[],
        has_personal: true,
        to_join: None,
        create_url: Some("/organizations/new?return_to=%2Foauth2%2Fauth"),
        refused: None,
        action: "/select-organization",
        csrf_token: CSRF,
        challenge: CHALLENGE,
    };
    let none = ChooseOrganization { choices: &[], has_personal: false, ..list };
    let invitations = [("inv_01kjpwdk93e6yrn4jvq0b9zr89".to_owned(), "Acme Corporation".to_owned())];
    let invited = ChooseOrganization { invitations: &invitations, create_url: None, ..none };
    let join = ChooseOrganization {
        choices: &[],
        has_personal: false,
        to_join: Some(("Acme Corporation", "acme")),
        create_url: None,
        refused: Some("You need an invitation to join this organization."),
        ..list
    };
    vec![
        ("select-account", account.render()),
        ("select-organization", list.render()),
        ("select-organization-none", none.render()),
        ("select-organization-invited", invited.render()),
        ("select-organization-join", join.render()),
    ]
}

fn answers(world: &World) -> Pages {
    let fields = [("code", "avnl_ac_4tR".to_owned()), ("state", "a\"<b>".to_owned())];
    let form = FormPost { cx: world.cx(), action: "https://photos.example/callback", fields: &fields };
    let parameters = [("client_id".to_owned(), "cli_01kjpwfebhf9xrvqney6fmm27s".to_owned())];
    let sign_out = ClientSignOut {
        cx: world.cx(),
        person: &world.jane,
        client: Some("Photo Prints"),
        action: "/oauth2/logout/confirm",
        csrf_token: CSRF,
        parameters: &parameters,
    };
    let (title, detail) = refusal_words("invalid_request");
    let error = ErrorPage {
        cx: world.cx(),
        title,
        detail,
        code: "invalid_request",
        request_id: "01hv9k7m3f30",
        back: None,
    };
    vec![
        ("form-post", form.render()),
        ("client-sign-out", sign_out.render()),
        ("client-signed-out", ClientSignedOut { cx: world.cx() }.render()),
        ("client-error", error.render()),
    ]
}
