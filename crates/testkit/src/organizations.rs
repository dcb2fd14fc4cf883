//! Organizations and those who run them.

use avnology_model::{
    ids::{DomainId, MembershipId},
    organizations::{Domain, DomainStatus},
};
use avnology_store::organizations::domains;
use serde_json::{Value, json};

use crate::{Call, Client, Person, TestApp};

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
    /// On a busy machine a database may take longer to make than the answer waits for it.
    async fn wait_until_ready(&self, organization: &str) {
        for _ in 0..400 {
            let found = self.admin_key().get(&format!("/v1/organizations/{organization}")).await;
            if found.ok()["state"] != "provisioning" {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        }
        panic!("the database of {organization} is not made");
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
    }
}

impl Client {
    /// GET in the scope of an organization.
    pub fn get_in(&self, organization: &str, path: &str) -> Call {
        self.get(path).header("x-avnology-org", organization)
    }
}
