//! Pages of organizations, and of an account that belongs to some.

use avnology_model::{
    Code, Error, Timestamp,
    ids::{IdentityId, OrganizationId},
    organizations::{InvitationStatus, MemberState, OrganizationState, RegistrationMode, SessionLimits},
    platform::LoginMethod,
};

use super::World;
use crate::{
    Context, Link, Notice, Person,
    identities::Overview as AccountOverview,
    organizations::{
        AccountRow, Deletion, Draft, Frame, Home, InvitationEnd, InvitationOver, InvitationPage,
        InvitationRow, InvitationStep, Invitations, InviteLink, Invited, JoinRow, KeyRow, Keys, Member,
        MemberRow, Members, MembershipRow, Mine, NewKey, NewTeam, NewTeamClosed, Overview, Ownership, Paging,
        Refusal, Search, Settings, SlugPreview, SwitchChoice, Switcher, Tab, Task, refusal,
    },
};

pub(super) type Pages = Vec<(&'static str, String)>;

const TOKEN: &str = "hJ0sQ2vN8wXeR5tYuI1oPa";
const DAY: i64 = 86_400;

/// What the samples of this file share.
pub(super) struct Acme<'a> {
    pub(super) world: &'a World,
    pub(super) home: Home,
    pub(super) other: Home,
    pub(super) switcher: Switcher,
}

impl Acme<'_> {
    pub(super) fn cx(&self) -> Context<'_> {
        self.world.cx().with_switcher(Some(&self.switcher))
    }

    pub(super) fn frame(&self) -> Frame<'_> {
        self.frame_with(Tab::ALL, None, &[])
    }

    pub(super) fn frame_with<'b>(
        &'b self,
        tabs: &'b [Tab],
        notice: Option<&'b Notice>,
        refusals: &'b [Refusal],
    ) -> Frame<'b> {
        Frame {
            cx: self.cx(),
            person: &self.world.jane,
            home: &self.home,
            tabs,
            csrf_token: TOKEN,
            notice,
            refusals,
        }
    }

    pub(super) fn at(&self, days: i64) -> Timestamp {
        self.world.now.plus_seconds(days * DAY)
    }
}

pub(super) fn acme(world: &World) -> Acme<'_> {
    let home = |seed, name: &str, slug: &str| Home {
        id: OrganizationId::new(world.now, [seed; 10]),
        name: name.to_owned(),
        slug: slug.to_owned(),
    };
    let (acme, other) = (home(1, "Acme Corporation", "acme"), home(2, "Northwind Traders", "northwind"));
    let choice = |home: &Home, is_current| SwitchChoice { home: home.clone(), is_current };
    Acme {
        world,
        switcher: Switcher {
            choices: vec![choice(&acme, true), choice(&other, false)],
            elsewhere: Vec::new(),
            has_personal: true,
            may_create: true,
            csrf_token: TOKEN.to_owned(),
        },
        home: acme,
        other,
    }
}

pub(super) fn pages(world: &World) -> Pages {
    let acme = acme(world);
    [
        account(&acme),
        new_team(&acme),
        overview(&acme),
        members(&acme),
        member(&acme),
        invitations(&acme),
        invitation(&acme),
        super::rights::pages(&acme),
        keys(&acme),
        settings(&acme),
    ]
    .concat()
}

fn account(acme: &Acme<'_>) -> Pages {
    let world = acme.world;
    let overview = AccountOverview {
        cx: acme.cx(),
        person: &world.jane,
        notice: None,
        email_verified: true,
        pending_email: None,
        verify_url: "/verify",
        has_password: true,
        password_changed_at: None,
        active_sessions: 1,
        recent_sign_in: None,
        created_at: world.now,
    };
    let row = |home: &Home, role: &str, organization_state, state, opens| MembershipRow {
        home: home.clone(),
        organization_state,
        state,
        role: role.to_owned(),
        opens,
    };
    let memberships = [
        row(&acme.home, "Owner", OrganizationState::Active, MemberState::Active, true),
        row(&acme.other, "Member", OrganizationState::Active, MemberState::Suspended, false),
    ];
    let invitations = [InvitationRow {
        id: "inv_01kjpwe457etztza3v90genf98".to_owned(),
        home: acme.other.clone(),
        role: "Member".to_owned(),
        expires_at: acme.at(3),
    }];
    let mine = Mine {
        cx: acme.cx(),
        person: &world.jane,
        notice: None,
        refusals: &[],
        memberships: &memberships,
        invitations: &invitations,
        joinable: &[JoinRow { home: acme.other.clone() }],
        paging: &Paging::default(),
        csrf_token: TOKEN,
        leaving: None,
    };
    let refused = refusal(&Error::new(Code::LastOwner));
    vec![
        ("account-of-member", overview.render()),
        ("account-organizations", mine.render()),
        (
            "account-organizations-invited",
            Mine { cx: world.cx(), memberships: &[], joinable: &[], ..mine }.render(),
        ),
        ("account-organizations-leave", Mine { leaving: Some(&acme.home), ..mine }.render()),
        (
            "account-organizations-refused",
            Mine { refusals: &refused, invitations: &[], joinable: &[], ..mine }.render(),
        ),
    ]
}

fn new_team(acme: &Acme<'_>) -> Pages {
    let empty = NewTeam {
        return_to: "",
        cx: acme.world.cx(),
        csrf_token: TOKEN,
        name: "",
        slug: "",
        prefix: "https://id.example.com/organizations/",
        preview: None,
        refusals: &[],
    };
    let taken = SlugPreview { is_available: false, suggestion: "acme-2" };
    let free = SlugPreview { is_available: true, suggestion: "acme-corporation" };
    let filled = NewTeam { name: "Acme Corporation", slug: "acme", ..empty };
    let refused = [Refusal {
        field: "slug".to_owned(),
        text: "This address is taken. Choose another one.".to_owned(),
        code: Code::AlreadyExists.text().to_owned(),
    }];
    vec![
        ("organization-new", empty.render()),
        ("organization-new-free", NewTeam { slug: "", preview: Some(free), ..filled }.render()),
        ("organization-new-taken", NewTeam { preview: Some(taken), ..filled }.render()),
        ("organization-new-refused", NewTeam { refusals: &refused, ..filled }.render()),
        (
            "organization-new-verify",
            NewTeamClosed { cx: acme.world.cx(), verify_url: Some("/verify") }.render(),
        ),
        ("organization-new-closed", NewTeamClosed { cx: acme.world.cx(), verify_url: None }.render()),
    ]
}

fn overview(acme: &Acme<'_>) -> Pages {
    let tasks = [Task {
        title: "Invite your colleagues".to_owned(),
        text: "You are the only one here. An invitation goes by mail or by a link that you pass on."
            .to_owned(),
        link: Link::new("Invite people", "/organizations/acme/invitations#invite"),
    }];
    let page = Overview {
        frame: acme.frame(),
        address: "https://id.example.com/organizations/acme",
        role: Some("Owner"),
        seats: (42, Some(50)),
        invited: 3,
        created_at: acme.at(-400),
        deletion_at: None,
        tasks: &[],
    };
    let notice = Notice::success("You belong to it now.");
    let member = acme.frame_with(&[Tab::Overview, Tab::Members, Tab::Invitations], Some(&notice), &[]);
    vec![
        ("organization", page.render()),
        ("organization-new-team", Overview { seats: (1, None), invited: 0, tasks: &tasks, ..page }.render()),
        ("organization-member-sees", Overview { frame: member, role: Some("Member"), ..page }.render()),
        ("organization-deleting", Overview { deletion_at: Some(acme.at(29)), ..page }.render()),
    ]
}

fn people(acme: &Acme<'_>) -> [MemberRow; 4] {
    let row = |seed: u8, name: &str, email: &str, role: &str, state, active: Option<i64>| MemberRow {
        person: Person {
            id: IdentityId::new(acme.world.now, [seed; 10]),
            name: name.to_owned(),
            email: Some(email.to_owned()),
            avatar_url: None,
        },
        role: role.to_owned(),
        state,
        joined_at: (state != MemberState::Pending).then(|| acme.at(-100)),
        last_active_at: active.map(|days| acme.at(-days)),
        is_you: seed == 42,
        href: Some(format!("/organizations/acme/members/{seed}")),
    };
    let long = "maximiliane.von.hohenstein-wartenburg@department.university.example";
    [
        row(42, "Jane Doe", "jane@example.com", "Owner", MemberState::Active, Some(0)),
        row(7, "Bill Harper", "bill@acme.example", "Admin", MemberState::Active, Some(3)),
        row(9, "", "ann@acme.example", "Member", MemberState::Suspended, Some(90)),
        row(
            11,
            "Maximiliane Freifrau von Hohenstein-Wartenburg",
            long,
            "Billing clerk",
            MemberState::Pending,
            None,
        ),
    ]
}

fn roles() -> Vec<(String, String)> {
    [("owner", "Owner"), ("admin", "Admin"), ("member", "Member")]
        .map(|(key, name)| (key.to_owned(), name.to_owned()))
        .to_vec()
}

fn members(acme: &Acme<'_>) -> Pages {
    let rows = people(acme);
    let plain: Vec<MemberRow> = rows.iter().cloned().map(|row| MemberRow { href: None, ..row }).collect();
    let search = Search { text: "zoe".to_owned(), role: "admin".to_owned(), state: String::new() };
    let paging = Paging {
        first_url: Some("/organizations/acme/members?q=".to_owned()),
        next_url: Some("/organizations/acme/members?q=&page_token=abc".to_owned()),
    };
    let page = Members {
        frame: acme.frame(),
        rows: &rows,
        search: &Search::default(),
        roles: &roles(),
        paging: &paging,
        invite_url: Some("/organizations/acme/invitations#invite"),
    };
    let seen = acme.frame_with(&[Tab::Overview, Tab::Members, Tab::Invitations], None, &[]);
    vec![
        ("organization-members", page.render()),
        ("organization-members-nobody", Members { rows: &[], search: &search, ..page }.render()),
        ("organization-members-empty", Members { rows: &[], ..page }.render()),
        (
            "organization-members-seen",
            Members { frame: seen, rows: &plain, invite_url: None, paging: &Paging::default(), ..page }
                .render(),
        ),
    ]
}

fn member(acme: &Acme<'_>) -> Pages {
    let rows = people(acme);
    let refused = refusal(&Error::new(Code::LastOwner));
    let roles = roles();
    let groups = ["Billing clerk".to_owned(), "Auditor".to_owned()];
    let page = |index: usize, frame, group_roles, assignable: &[(String, String)]| {
        let Some(row) = rows.get(index) else { return String::new() };
        Member {
            frame,
            person: &row.person,
            url: "/organizations/acme/members/mem_01kjpwe457etztza3v90genf98",
            role: ("admin", &row.role),
            group_roles,
            state: row.state,
            source: "by invitation",
            joined_at: row.joined_at,
            last_active_at: row.last_active_at,
            expire_time: (index == 1).then(|| acme.at(30)),
            assignable,
            is_you: row.is_you,
        }
        .render()
    };
    vec![
        ("organization-member", page(1, acme.frame(), &groups, &roles)),
        ("organization-member-you", page(0, acme.frame_with(Tab::ALL, None, &refused), &[], &roles)),
        ("organization-member-suspended", page(2, acme.frame(), &[], &roles)),
        ("organization-member-locked", page(0, acme.frame(), &[], &[])),
    ]
}

fn invitations(acme: &Acme<'_>) -> Pages {
    let row = |email: &str, status, is_link| Invited {
        id: "inv_01kjpwe457etztza3v90genf98".to_owned(),
        email: email.to_owned(),
        role: "Member".to_owned(),
        status,
        is_link,
        created_at: acme.at(-2),
        expires_at: acme.at(5),
    };
    let rows = [
        row("bill@partner.example", InvitationStatus::Pending, false),
        row("ann.of.the.long.address@department.university.example", InvitationStatus::Pending, true),
    ];
    let past = [row("zoe@partner.example", InvitationStatus::Expired, false)];
    let links = [InviteLink {
        email: "ann@partner.example".to_owned(),
        url: "https://id.example.com/invitations/avnl_inv_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg3kjoz6"
            .to_owned(),
    }];
    let refused = [Refusal {
        field: "emails".to_owned(),
        text: "bill@partner.example: This address is invited already. Send that one again instead."
            .to_owned(),
        code: Code::AlreadyExists.text().to_owned(),
    }];
    let roles = roles();
    let page = Invitations {
        frame: acme.frame(),
        rows: &rows,
        status: "",
        paging: &Paging::default(),
        assignable: &roles,
        draft: &Draft::default(),
        links: &[],
    };
    let created = Notice::success("Your team is ready. Invite the first people, or do it whenever you like.");
    let draft = Draft { emails: "bill@partner.example".to_owned(), ..Draft::default() };
    vec![
        ("organization-invitations", page.render()),
        ("organization-invitations-links", Invitations { links: &links, ..page }.render()),
        (
            "organization-invitations-created",
            Invitations { frame: acme.frame_with(Tab::ALL, Some(&created), &[]), rows: &[], ..page }.render(),
        ),
        (
            "organization-invitations-refused",
            Invitations { frame: acme.frame_with(Tab::ALL, None, &refused), draft: &draft, ..page }.render(),
        ),
        (
            "organization-invitations-seen",
            Invitations { rows: &past, status: "expired", assignable: &[], ..page }.render(),
        ),
    ]
}

fn invitation(acme: &Acme<'_>) -> Pages {
    let world = acme.world;
    let page = |step, refusals| {
        InvitationPage {
            cx: world.cx(),
            home: &acme.home,
            email: "bill@partner.example",
            role: "Member",
            invited_by: Some("Jane Doe"),
            expires_at: acme.at(6),
            step,
            csrf_token: TOKEN,
            refusals,
        }
        .render()
    };
    let full = refusal(&Error::new(Code::SeatLimitReached));
    let over = |end| InvitationOver { cx: world.cx(), end }.render();
    vec![
        ("invitation", page(InvitationStep::Accept(&world.jane), &[])),
        ("invitation-refused", page(InvitationStep::Accept(&world.jane), &full)),
        ("invitation-sign-in", page(InvitationStep::SignIn { url: "/sign-in" }, &[])),
        ("invitation-sign-up", page(InvitationStep::SignUp { url: "/sign-up" }, &[])),
        ("invitation-wrong-account", page(InvitationStep::WrongAccount(&world.jane), &[])),
        ("invitation-sso", page(InvitationStep::SsoRequired, &[])),
        ("invitation-expired", over(InvitationEnd::Expired)),
        ("invitation-revoked", over(InvitationEnd::Revoked)),
        ("invitation-used", over(InvitationEnd::Used)),
        ("invitation-unknown", over(InvitationEnd::Unknown)),
        ("invitation-declined", over(InvitationEnd::Declined)),
    ]
}

fn keys(acme: &Acme<'_>) -> Pages {
    let scopes = ["members:read", "members:write", "audit:read"].map(str::to_owned);
    let accounts = [AccountRow {
        id: "sa_01kjpwe457etztza3v90genf98".to_owned(),
        name: "Nightly import".to_owned(),
        scopes: scopes.to_vec(),
        active: true,
    }];
    let row = |name: &str, active, scopes: &[String], used: Option<i64>| KeyRow {
        id: "key_01kjpwe457etztza3v90genf98".to_owned(),
        account: "Nightly import".to_owned(),
        name: name.to_owned(),
        prefix: "ak_live_9fK2".to_owned(),
        scopes: scopes.to_vec(),
        networks: if active { vec!["203.0.113.0/24".to_owned()] } else { Vec::new() },
        active,
        last_used_at: used.map(|days| acme.at(-days)),
        expire_time: used.map(|_| acme.at(60)),
    };
    let rows = [row("Import", true, &scopes, Some(1)), row("Old import", false, &[], None)];
    let page = Keys {
        frame: acme.frame(),
        accounts: &accounts,
        rows: &rows,
        scopes: &scopes,
        name: "",
        networks: "",
        accounts_url: Some("/organizations/acme/api-keys/accounts"),
        made: None,
    };
    let made = NewKey {
        name: "Import",
        secret: "ak_live_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg3kjoz6",
        old_until: Some(acme.at(1)),
    };
    let refused = [Refusal {
        field: "name".to_owned(),
        text: "This field is required.".to_owned(),
        code: Code::ValidationFailed.text().to_owned(),
    }];
    vec![
        ("organization-keys", page.render()),
        ("organization-keys-created", Keys { made: Some(made), ..page }.render()),
        ("organization-keys-empty", Keys { rows: &[], ..page }.render()),
        ("organization-keys-seen", Keys { scopes: &[], ..page }.render()),
        (
            "organization-keys-refused",
            Keys { frame: acme.frame_with(Tab::ALL, None, &refused), ..page }.render(),
        ),
    ]
}

fn settings(acme: &Acme<'_>) -> Pages {
    let roles = roles();
    let methods = [(LoginMethod::Password, true), (LoginMethod::Code, true), (LoginMethod::Link, false)];
    let domains = ["acme.example".to_owned()];
    let page = Settings {
        frame: acme.frame(),
        etag: "3-9f2c",
        name: "Acme Corporation",
        registration_mode: RegistrationMode::ByInvitationOrDomain,
        auto_join: &domains,
        default_role: "member",
        roles: &roles,
        mfa_required: true,
        methods: &methods,
        limits: SessionLimits { idle_timeout_seconds: Some(28_800), ..SessionLimits::default() },
        is_owner: true,
    };
    let refused = [Refusal {
        field: "idle_hours".to_owned(),
        text: "At most the tenant's, 86400.".to_owned(),
        code: Code::ValidationFailed.text().to_owned(),
    }];
    let heirs = [("usr_01kjpwd6m0emptw6bw4v8qtn83".to_owned(), "Bill Harper (bill@acme.example)".to_owned())];
    let deletion = Deletion { frame: acme.frame(), grace_days: 30, scheduled_for: None };
    let mode =
        |registration_mode| Settings { registration_mode, auto_join: &[], is_owner: false, ..page }.render();
    vec![
        ("organization-settings", page.render()),
        ("organization-settings-public", mode(RegistrationMode::Public)),
        ("organization-settings-invited", mode(RegistrationMode::ByInvitationOnly)),
        ("organization-settings-domain", mode(RegistrationMode::ByInvitationOrDomain)),
        ("organization-settings-sso", mode(RegistrationMode::SsoOnly)),
        ("organization-settings-closed", mode(RegistrationMode::Closed)),
        (
            "organization-settings-refused",
            Settings { frame: acme.frame_with(Tab::ALL, None, &refused), ..page }.render(),
        ),
        ("organization-ownership", Ownership { frame: acme.frame(), heirs: &heirs, roles: &roles }.render()),
        (
            "organization-ownership-nobody",
            Ownership { frame: acme.frame(), heirs: &[], roles: &roles }.render(),
        ),
        ("organization-deletion", deletion.render()),
        (
            "organization-deletion-scheduled",
            Deletion { scheduled_for: Some(acme.at(29)), ..deletion }.render(),
        ),
    ]
}
