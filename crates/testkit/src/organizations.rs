//! Organizations and those who run them.

use avnology_model::ids::MembershipId;
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
        if more.as_object().is_some_and(|more| !more.is_empty()) {
            self.admin_key().patch(&format!("/v1/organizations/{id}")).json(&more).await.ok();
        }
        Team { id, slug, owner }
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

impl Client {
    /// GET in the scope of an organization.
    pub fn get_in(&self, organization: &str, path: &str) -> Call {
        self.get(path).header("x-avnology-org", organization)
    }
}
