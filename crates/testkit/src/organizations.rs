//! Organizations and those who run them.

use std::sync::Arc;

use avnology_core::organizations::{GroupFollower, apply_rules};
use avnology_model::{
    ids::{DomainId, MembershipId, OrganizationId, RoleId},
    organizations::{CustomRole, Domain, DomainStatus, Organization, Permission, RoleBase},
    permissions::RoleKey,
};
use avnology_store::organizations::{domains, organizations as rows, roles};
use serde_json::{Value, json};

use crate::{Answer, Call, Client, Person, TestApp, wait::until};

/// An organization with its owner.
#[derive(Clone)]
pub struct Team {
    /// Id.
    pub id: String,
    /// Slug.
    pub slug: String,
    /// Who made it.
    pub owner: Person,
}

impl TestApp {
    /// An organization of this name, made by a person with this address, who is signed in.
    pub async fn team(&self, name: &str, owner: &str) -> Team {
        self.team_with(name, owner, json!({})).await
    }

    /// The same with more members of the organization, set by the platform.
    pub async fn team_with(&self, name: &str, owner: &str, more: Value) -> Team {
        let owner = self.person(owner).await;
        let made = owner.client.post("/v1/organizations").json(&json!({ "name": name })).await;
        made.created();
        let (id, slug) = (made.at("/id"), made.at("/slug"));
        self.wait_until_ready(&id).await;
        if more.as_object().is_some_and(|more| !more.is_empty()) {
            self.admin_key().patch(&format!("/v1/organizations/{id}")).json(&more).await.ok();
        }
        Team { id, slug, owner }
    }
}

impl TestApp {
    /// Tries everything that happened so far against the rules of dynamic groups, and takes new rules through all members.
    pub async fn settle_groups(&self) {
        self.follow_to_end(&Arc::new(GroupFollower::new(Arc::clone(self.tenant())))).await;
        apply_rules(self.tenant()).await.expect("rules are applied");
    }

    /// On a busy machine a database may take longer to make than the answer waits for it.
    async fn wait_until_ready(&self, organization: &str) {
        let path = format!("/v1/organizations/{organization}");
        until("the database of an organization", async || {
            let found = self.admin_key().get(&path).await;
            (found.ok()["state"] != "provisioning").then_some(())
        })
        .await;
    }
}

impl Team {
    /// A path below the organization.
    pub fn path(&self, rest: &str) -> String {
        format!("/v1/organizations/{}{rest}", self.id)
    }

    /// A person with this address whom the platform made a member with this role, signed in.
    pub async fn member(&self, email: &str, role: &str) -> Person {
        let app = self.owner.client.app();
        let person = app.person(email).await;
        self.add(&person.id, role).await;
        person
    }

    /// Makes an identity a member; the id of the membership.
    pub async fn add(&self, identity: &str, role: &str) -> MembershipId {
        let app = self.owner.client.app();
        let body = json!({ "identity_id": identity, "role": role });
        let added = app.admin_key().post(&self.path("/members")).json(&body).await;
        added.created();
        added.at("/id").parse().expect("a membership")
    }
}

impl Team {
    /// Makes the organization the holder of a verified domain, which `change` may alter before.
    pub async fn holds_domain(&self, name: &str, change: impl Fn(&mut Domain)) {
        let app = self.owner.client.app();
        let cx = app.tenant().system_cx();
        let mut domain = Domain {
            id: DomainId::new(cx.now, cx.random()),
            organization_id: self.id.parse().expect("an organization"),
            domain: name.to_owned(),
            status: DomainStatus::Verified,
            txt_value: String::new(),
            auto_join: true,
            sign_in_routing: true,
            default_role: None,
            verified_at: Some(cx.now),
            last_checked_at: Some(cx.now),
            next_check_at: None,
            tried_until: None,
            failing_since: None,
            create_time: cx.now,
        };
        change(&mut domain);
        let write = app.tenant().store.identity().write(move |tx| domains::insert(tx, &domain));
        write.await.expect("a domain");
        app.tenant().organizations.forget_domain(name);
    }
}

impl Team {
    fn organization_id(&self) -> OrganizationId {
        self.id.parse().expect("an organization")
    }

    /// Makes a custom role with these permissions, on top of what members may.
    pub async fn holds_role(&self, key: &str, permissions: &[&str]) {
        let app = self.owner.client.app();
        let cx = app.tenant().system_cx();
        let role = CustomRole {
            id: RoleId::new(cx.now, cx.random()),
            organization_id: self.organization_id(),
            key: RoleKey::parse(key).expect("a key"),
            name: key.to_owned(),
            description: None,
            base: RoleBase::Member,
            permissions: permissions.iter().filter_map(|text| Permission::parse(text)).collect(),
            member_count: 0,
            group_count: 0,
            create_time: cx.now,
            update_time: cx.now,
            version: 1,
        };
        let write = app.tenant().store.identity().write(move |tx| roles::insert(tx, &role));
        write.await.expect("a role");
        app.tenant().organizations.forget(self.organization_id());
    }

    /// Changes the row of the organization behind everybody's back.
    pub async fn alter(&self, change: impl Fn(&mut Organization) + Send + 'static) {
        let app = self.owner.client.app();
        let (id, now) = (self.organization_id(), app.now());
        let write = app.tenant().store.identity().write(move |tx| {
            let mut organization = rows::get(tx, id)?;
            change(&mut organization);
            rows::update(tx, &mut organization, now)
        });
        write.await.expect("a change");
        app.tenant().organizations.forget(id);
    }

    /// A service account with these scopes, made by the owner; its id.
    pub async fn service_account(&self, scopes: &[&str]) -> String {
        let body = json!({ "name": "Robot", "scopes": scopes });
        let call = self.owner.client.post("/v1/service-accounts").header("x-avnology-org", &self.id);
        let made = call.json(&body).await;
        made.created();
        made.at("/id")
    }

    /// A key of a service account, made by the owner; the answer, with the key.
    pub async fn key_of(&self, account: &str, more: Value) -> Answer {
        let mut body = json!({ "name": "Key" });
        if let (Value::Object(body), Value::Object(more)) = (&mut body, more) {
            body.extend(more);
        }
        let path = format!("/v1/service-accounts/{account}/keys");
        self.owner.client.post(&path).header("x-avnology-org", &self.id).json(&body).await
    }

    /// A program with a key of a new service account with these scopes.
    pub async fn robot(&self, scopes: &[&str]) -> Client {
        let account = self.service_account(scopes).await;
        let made = self.key_of(&account, json!({})).await;
        made.created();
        self.owner.client.with_token(&made.at("/key"))
    }
}

impl Client {
    /// GET in the scope of an organization.
    pub fn get_in(&self, organization: &str, path: &str) -> Call {
        self.get(path).header("x-avnology-org", organization)
    }
}
