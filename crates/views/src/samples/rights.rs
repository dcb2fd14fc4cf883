//! Pages of domains, roles and groups of an organization.

use avnology_model::{
    Code, Error, FieldCode,
    ids::IdentityId,
    organizations::{DomainStatus, GroupSource, GroupType, MemberState, RegistrationMode, RoleBase},
    permissions::{BuiltInRole, Scope},
};

use super::organizations::{Acme, Pages};
use crate::{
    Notice, Person,
    organizations::{
        DomainPage, DomainRow, Domains, GroupDraft, GroupForm, GroupMemberRow, GroupPage, GroupRow, Groups,
        NewRole, Paging, Proof, Refusal, Removal, RoleDraft, RoleEditor, RolePage, RoleRow, Roles, RuleTrial,
        Tab, Thing, refusal,
    },
};

pub(super) fn pages(acme: &Acme<'_>) -> Pages {
    [domains(acme), domain(acme), roles(acme), role(acme), groups(acme), group(acme), group_form(acme)]
        .concat()
}

/// What was refused about a field.
fn about(field: &str, text: &str, code: Code) -> [Refusal; 1] {
    [Refusal { field: field.to_owned(), text: text.to_owned(), code: code.text().to_owned() }]
}

fn named(roles: &[(&str, &str)]) -> Vec<(String, String)> {
    roles.iter().map(|(key, name)| ((*key).to_owned(), (*name).to_owned())).collect()
}

fn domains(acme: &Acme<'_>) -> Pages {
    let row = |domain: &str, status, checked: Option<i64>, auto_join| DomainRow {
        domain: domain.to_owned(),
        status,
        last_checked_at: checked.map(|days| acme.at(-days)),
        auto_join,
        sign_in_routing: auto_join,
        href: "/organizations/acme/domains/dom_01kjpwegtaehvbwxyjm2tq0416".to_owned(),
    };
    let rows = [
        row("acme.example", DomainStatus::Verified, Some(0), true),
        row("acme-research.example", DomainStatus::Verified, Some(1), false),
        row("department-of-far-too-long-names.university.acme.example", DomainStatus::Pending, None, true),
        row("acme-old.example", DomainStatus::Failed, Some(9), true),
    ];
    let page = Domains { frame: acme.frame(), rows: &rows, draft: "" };
    let refused = refusal(&Error::new(Code::DomainNotAcceptable));
    let refused: Vec<_> =
        refused.into_iter().map(|one| Refusal { field: "domain".to_owned(), ..one }).collect();
    let removed = Notice::success("The domain was removed. Members who came by it stay.");
    vec![
        ("organization-domains", page.render()),
        ("organization-domains-empty", Domains { rows: &[], ..page }.render()),
        (
            "organization-domains-removed",
            Domains { frame: acme.frame_with(Tab::ALL, Some(&removed), &[]), ..page }.render(),
        ),
        (
            "organization-domains-refused",
            Domains { frame: acme.frame_with(Tab::ALL, None, &refused), draft: "gmail.com", ..page }.render(),
        ),
    ]
}

fn domain(acme: &Acme<'_>) -> Pages {
    let roles = named(&[("admin", "Admin"), ("member", "Member"), ("billing", "Billing clerk")]);
    let proof = Proof {
        status: DomainStatus::Pending,
        name: "_avnology-challenge.acme.example",
        value: "avnology-domain-verification=hJ0sQ2vN8wXeR5tYuI1oPaLk3mZbC7dFgV9xT4qW6sE",
        verified_at: None,
        last_checked_at: Some(acme.world.now.plus_seconds(-240)),
        next_check_at: Some(acme.world.now.plus_seconds(360)),
        found: None,
    };
    let page = DomainPage {
        frame: acme.frame(),
        domain: "acme.example",
        url: "/organizations/acme/domains/dom_01kjpwegtaehvbwxyjm2tq0416",
        proof,
        auto_join: true,
        sign_in_routing: true,
        role: "",
        roles: &roles,
        usual_role: "Member",
        registration_mode: RegistrationMode::ByInvitationOrDomain,
    };
    let added = Notice::success("The domain was added. One step is left: prove that it is yours.");
    let missing = refusal(&Error::new(Code::DomainNotVerified));
    let found = ["v=spf1 -all".to_owned(), "avnology-domain-verification=of-another-time".to_owned()];
    let with = |frame, proof| DomainPage { frame, proof, ..page }.render();
    let proven = Proof {
        status: DomainStatus::Verified,
        verified_at: Some(acme.at(-40)),
        next_check_at: Some(acme.at(1)),
        ..proof
    };
    let failed = Proof { status: DomainStatus::Failed, next_check_at: None, ..proof };
    let consequences = ["Nobody joins by this domain any more.", "Members who came by it stay members."];
    let question = Removal {
        frame: acme.frame(),
        thing: Thing::Domain,
        name: "acme.example",
        url: page.url,
        etag: "",
        consequences: &consequences.map(str::to_owned),
    };
    let invited = DomainPage {
        proof: proven,
        registration_mode: RegistrationMode::ByInvitationOnly,
        role: "billing",
        ..page
    };
    vec![
        (
            "organization-domain",
            with(acme.frame_with(Tab::ALL, Some(&added), &[]), Proof { last_checked_at: None, ..proof }),
        ),
        (
            "organization-domain-missing",
            with(acme.frame_with(Tab::ALL, None, &missing), Proof { found: Some(&found), ..proof }),
        ),
        (
            "organization-domain-nothing-found",
            with(acme.frame_with(Tab::ALL, None, &missing), Proof { found: Some(&[]), ..proof }),
        ),
        ("organization-domain-proven", with(acme.frame(), proven)),
        ("organization-domain-proven-invited", invited.render()),
        (
            "organization-domain-proven-sso",
            DomainPage { proof: proven, registration_mode: RegistrationMode::SsoOnly, ..page }.render(),
        ),
        (
            "organization-domain-proven-closed",
            DomainPage { proof: proven, registration_mode: RegistrationMode::Closed, ..page }.render(),
        ),
        ("organization-domain-lost", with(acme.frame(), failed)),
        ("organization-domain-confirm", question.render()),
    ]
}

fn roles(acme: &Acme<'_>) -> Pages {
    let row = |name: &str, key: &str, description: &str, base: Option<&str>, counts: (u32, u32)| RoleRow {
        name: name.to_owned(),
        key: key.to_owned(),
        description: Some(description.to_owned()).filter(|text| !text.is_empty()),
        base: base.map(str::to_owned),
        member_count: counts.0,
        group_count: counts.1,
        href: format!("/organizations/acme/roles/{key}"),
    };
    let rows = [
        row("Owner", "owner", "Everything, and who else is owner.", None, (1, 0)),
        row("Admin", "admin", "Everything but owners, deletion and transfer.", None, (3, 1)),
        row("Member", "member", "Reads the organization and its members.", None, (1_204, 0)),
        row("Billing clerk", "billing", "Writes invoices and reads the audit log.", Some("Member"), (12, 2)),
        row("Deputy for the administrators of all departments", "deputy", "", Some("Admin"), (0, 0)),
    ];
    let page = Roles {
        frame: acme.frame(),
        rows: &rows,
        new_url: Some("/organizations/acme/roles/new"),
        is_off: false,
    };
    let built_in = rows.get(..3).unwrap_or_default();
    let seen = acme.frame_with(&[Tab::Overview, Tab::Members, Tab::Groups, Tab::Roles], None, &[]);
    vec![
        ("organization-roles", page.render()),
        ("organization-roles-none", Roles { rows: built_in, ..page }.render()),
        ("organization-roles-seen", Roles { frame: seen, new_url: None, ..page }.render()),
        ("organization-roles-off", Roles { rows: built_in, new_url: None, is_off: true, ..page }.render()),
    ]
}

fn role(acme: &Acme<'_>) -> Pages {
    let grantable: Vec<Scope> = BuiltInRole::Admin.scopes().iter().filter(|scope| !scope.is_self()).collect();
    let bases = [RoleBase::Member, RoleBase::Admin];
    let draft = RoleDraft {
        key: "billing".to_owned(),
        name: "Billing clerk".to_owned(),
        description: "Writes invoices and reads the audit log.".to_owned(),
        base: "member".to_owned(),
        scopes: vec![Scope::AuditRead, Scope::MembersWrite],
        permissions: "invoices:*\nreports:read".to_owned(),
        etag: "3-9f2c".to_owned(),
    };
    let empty = RoleDraft { base: "member".to_owned(), ..RoleDraft::default() };
    let editor = RoleEditor { draft: &draft, grantable: &grantable, bases: &bases };
    let limited = RoleEditor { grantable: &[Scope::MembersWrite], bases: &[RoleBase::Member], ..editor };
    let mut scopes: Vec<Scope> = BuiltInRole::Member.scopes().iter().collect();
    scopes.extend(&draft.scopes);
    let permissions = ["invoices:*".to_owned(), "reports:read".to_owned()];
    let page = RolePage {
        frame: acme.frame(),
        name: "Billing clerk",
        key: "billing",
        description: Some("Writes invoices and reads the audit log."),
        base: Some("Member"),
        url: "/organizations/acme/roles/rol_01kjpwe457etztza3v90genf98",
        member_count: 12,
        members_url: Some("/organizations/acme/members?role=billing"),
        group_count: 1,
        scopes: &scopes,
        permissions: &permissions,
        editor: Some(editor),
    };
    let owner: Vec<Scope> = BuiltInRole::Owner.scopes().iter().collect();
    let taken = about("key", "Another role has this key. Choose another one.", Code::AlreadyExists);
    let wrong = about(
        "permissions",
        "invoices: An area and an action, as in invoices:write.",
        Code::ValidationFailed,
    );
    let in_use = refusal(&Error::new(Code::RoleInUse));
    let in_use: Vec<_> =
        in_use.into_iter().map(|one| Refusal { field: "reassign_to".to_owned(), ..one }).collect();
    let instead = named(&[("member", "Member"), ("admin", "Admin"), ("", "None: nobody and nothing has it")]);
    let question = Removal {
        frame: acme.frame(),
        thing: Thing::Role(&instead),
        name: "Billing clerk",
        url: page.url,
        etag: "3-9f2c",
        consequences: &["12 active members have it now.".to_owned()],
    };
    vec![
        ("organization-role", page.render()),
        (
            "organization-role-refused",
            RolePage { frame: acme.frame_with(Tab::ALL, None, &wrong), ..page }.render(),
        ),
        ("organization-role-limited", RolePage { editor: Some(limited), ..page }.render()),
        ("organization-role-shown", RolePage { editor: None, members_url: None, ..page }.render()),
        (
            "organization-role-built-in",
            RolePage {
                name: "Owner",
                key: "owner",
                description: Some("Everything, and who else is owner."),
                base: None,
                member_count: 1,
                group_count: 0,
                scopes: &owner,
                permissions: &[],
                editor: None,
                ..page
            }
            .render(),
        ),
        ("organization-role-confirm", question.render()),
        (
            "organization-role-in-use",
            Removal { frame: acme.frame_with(Tab::ALL, None, &in_use), ..question }.render(),
        ),
        (
            "organization-role-new",
            NewRole { frame: acme.frame(), editor: RoleEditor { draft: &empty, ..editor } }.render(),
        ),
        (
            "organization-role-new-taken",
            NewRole { frame: acme.frame_with(Tab::ALL, None, &taken), editor }.render(),
        ),
    ]
}

fn groups(acme: &Acme<'_>) -> Pages {
    let row = |name: &str, kind, source, role: Option<&str>, member_count| GroupRow {
        name: name.to_owned(),
        description: (kind == GroupType::Dynamic).then(|| "Whoever reads German.".to_owned()),
        kind,
        source,
        role: role.map(str::to_owned),
        member_count,
        href: "/organizations/acme/groups/grp_01kjpwe457etztza3v90genf98".to_owned(),
    };
    let rows = [
        row("Sales", GroupType::Static, GroupSource::Manual, Some("Billing clerk"), 12),
        row("German speakers", GroupType::Dynamic, GroupSource::Manual, None, 340),
        row("Engineering and everything around it", GroupType::Static, GroupSource::Scim, Some("Admin"), 7),
    ];
    let page = Groups {
        frame: acme.frame(),
        rows: &rows,
        paging: &Paging::default(),
        new_url: Some("/organizations/acme/groups/new"),
        is_off: false,
    };
    let paging =
        Paging { first_url: None, next_url: Some("/organizations/acme/groups?page_token=abc".to_owned()) };
    let deleted = Notice::success("The group was deleted. Its members stay members of the organization.");
    let seen = acme.frame_with(&[Tab::Overview, Tab::Members, Tab::Groups, Tab::Roles], None, &[]);
    vec![
        ("organization-groups", Groups { paging: &paging, ..page }.render()),
        (
            "organization-groups-empty",
            Groups { frame: acme.frame_with(Tab::ALL, Some(&deleted), &[]), rows: &[], ..page }.render(),
        ),
        ("organization-groups-seen", Groups { frame: seen, new_url: None, ..page }.render()),
        ("organization-groups-off", Groups { rows: &[], new_url: None, is_off: true, ..page }.render()),
    ]
}

fn somebody(acme: &Acme<'_>, seed: u8, name: &str, email: &str) -> Person {
    Person {
        id: IdentityId::new(acme.world.now, [seed; 10]),
        name: name.to_owned(),
        email: Some(email.to_owned()),
        avatar_url: None,
    }
}

fn group(acme: &Acme<'_>) -> Pages {
    let member = |person, role: &str, state| GroupMemberRow { person, role: role.to_owned(), state };
    let rows = [
        member(somebody(acme, 7, "Bill Harper", "bill@acme.example"), "Admin", MemberState::Active),
        member(
            somebody(acme, 11, "", "maximiliane.von.hohenstein-wartenburg@department.university.example"),
            "Billing clerk",
            MemberState::Suspended,
        ),
    ];
    let page = GroupPage {
        frame: acme.frame(),
        name: "Sales",
        description: Some("Everyone who writes offers."),
        url: "/organizations/acme/groups/grp_01kjpwe457etztza3v90genf98",
        kind: GroupType::Static,
        source: GroupSource::Manual,
        rule: None,
        role: Some("Billing clerk"),
        member_count: 2,
        rows: &rows,
        paging: &Paging::default(),
        may_act: true,
        draft: "",
    };
    let dynamic = GroupPage {
        kind: GroupType::Dynamic,
        rule: Some("locale:\"de*\" AND member.role = \"member\""),
        role: None,
        ..page
    };
    let unknown = about(
        "email",
        "Nobody who belongs here has this address. Invite the person first.",
        Code::NotAMember,
    );
    let question = Removal {
        frame: acme.frame(),
        thing: Thing::Group,
        name: "Sales",
        url: page.url,
        etag: "1-4c1a",
        consequences: &["Its members stay members of the organization.".to_owned()],
    };
    vec![
        ("organization-group", page.render()),
        ("organization-group-nobody", GroupPage { rows: &[], member_count: 0, role: None, ..page }.render()),
        (
            "organization-group-refused",
            GroupPage {
                frame: acme.frame_with(Tab::ALL, None, &unknown),
                draft: "zoe@elsewhere.example",
                ..page
            }
            .render(),
        ),
        ("organization-group-dynamic", dynamic.render()),
        ("organization-group-dynamic-nobody", GroupPage { rows: &[], member_count: 0, ..dynamic }.render()),
        ("organization-group-directory", GroupPage { source: GroupSource::Scim, ..page }.render()),
        ("organization-group-shown", GroupPage { may_act: false, ..page }.render()),
        ("organization-group-confirm", question.render()),
    ]
}

fn group_form(acme: &Acme<'_>) -> Pages {
    let roles = named(&[("member", "Member"), ("billing", "Billing clerk")]);
    let draft = GroupDraft {
        name: "German speakers".to_owned(),
        description: "Whoever reads German.".to_owned(),
        kind: "dynamic".to_owned(),
        rule: "locale:\"de*\" AND member.role = \"member\"".to_owned(),
        role: "billing".to_owned(),
        etag: "1-4c1a".to_owned(),
    };
    let empty = GroupDraft { kind: "static".to_owned(), ..GroupDraft::default() };
    let edit = GroupForm {
        frame: acme.frame(),
        group_url: Some("/organizations/acme/groups/grp_01kjpwe457etztza3v90genf98"),
        draft: &draft,
        roles: &roles,
        trial: None,
    };
    let people = vec![
        somebody(acme, 7, "Bill Harper", "bill@acme.example"),
        somebody(acme, 9, "Änne Müller", "aenne@acme.example"),
    ];
    let trial = RuleTrial { people, count: 340, tried: 2_000, is_whole: false };
    let nobody = RuleTrial { people: Vec::new(), count: 0, tried: 12, is_whole: true };
    let wrong = refusal(&Error::field("rule", FieldCode::InvalidFormat, "unknown field: shoe_size"));
    vec![
        ("organization-group-new", GroupForm { group_url: None, draft: &empty, ..edit }.render()),
        ("organization-group-edit", edit.render()),
        ("organization-group-preview", GroupForm { trial: Some(&trial), ..edit }.render()),
        ("organization-group-preview-nobody", GroupForm { trial: Some(&nobody), ..edit }.render()),
        (
            "organization-group-wrong-rule",
            GroupForm { frame: acme.frame_with(Tab::ALL, None, &wrong), ..edit }.render(),
        ),
    ]
}
