//! People with accounts, and the ways they come by a session.

use avnology_model::permissions::PlatformRole;
use avnology_store::permissions::tuples;
use serde_json::{Value, json};

use crate::{Answer, Client, TestApp};

/// A password that every policy takes.
pub const PASSWORD: &str = "velvet otter ladder 7";

/// A person with an account who is signed in.
#[derive(Clone)]
pub struct Person {
    /// Id of the identity.
    pub id: String,
    /// Address.
    pub email: String,
    /// Id of the session.
    pub session_id: String,
    /// Where they are signed in.
    pub client: Client,
}

impl TestApp {
    /// An account with a proven address and [`PASSWORD`]; its id.
    pub async fn account(&self, email: &str) -> String {
        self.account_with(email, json!({})).await
    }

    /// The same with more members of the identity.
    pub async fn account_with(&self, email: &str, more: Value) -> String {
        let mut identity = json!({ "email": email, "email_verified": true });
        if let (Value::Object(identity), Value::Object(more)) = (&mut identity, more) {
            identity.extend(more);
        }
        let body = json!({ "identity": identity, "initial_password": PASSWORD });
        let made = self.admin_key().post("/v1/identities").json(&body).await;
        made.created();
        made.at("/id")
    }

    /// A person with a proven address, signed in from a program.
    pub async fn person(&self, email: &str) -> Person {
        self.account(email).await;
        self.program().signed_in(email).await
    }

    /// The same with a platform role.
    pub async fn person_with_role(&self, email: &str, role: PlatformRole) -> Person {
        let id = self.account(email).await;
        self.grant(&id, role).await;
        self.program().signed_in(email).await
    }

    /// A person signed in from a browser.
    pub async fn browsing(&self, email: &str) -> Person {
        self.account(email).await;
        self.browser().signed_in(email).await
    }

    /// A person whom recovery let in: their session can only choose a new password.
    pub async fn recovering(&self, email: &str) -> Person {
        let id = self.account(email).await;
        let client = self.program();
        let recovered = client.recover(email).await;
        client.set_token(&recovered.token());
        Person { id, email: email.to_owned(), session_id: recovered.at("/session/id"), client }
    }

    /// Gives a platform role.
    pub async fn grant(&self, identity: &str, role: PlatformRole) {
        let (id, now) = (identity.parse().expect("an identity"), self.now());
        let write = self.tenant().store.identity().write(move |tx| tuples::grant_platform(tx, role, id, now));
        write.await.expect("a role");
    }
}

impl Client {
    /// Registers by password; the answer to the submit.
    pub async fn register(&self, email: &str) -> Answer {
        let flow = self.open("registration").await;
        let answer =
            flow.submit("password", json!({ "traits": { "email": email }, "password": PASSWORD })).await;
        self.take(&answer);
        answer
    }

    /// Signs in with a password; the answer to the submit.
    pub async fn sign_in(&self, identifier: &str, password: &str) -> Answer {
        let flow = self.open("login").await;
        let answer = flow.submit("password", json!({ "identifier": identifier, "password": password })).await;
        self.take(&answer);
        answer
    }

    /// Signs in with [`PASSWORD`].
    pub async fn signed_in(&self, email: &str) -> Person {
        let answer = self.sign_in(email, PASSWORD).await;
        answer.ok();
        Person {
            id: answer.at("/session/identity_id"),
            email: email.to_owned(),
            session_id: answer.at("/session/id"),
            client: self.clone(),
        }
    }

    /// Signs in with [`PASSWORD`], to a new account where there is none.
    pub async fn sign_in_or_create(&self, email: &str) -> Person {
        let filter = format!("email = \"{email}\"");
        let found = self.app().admin_key().get("/v1/identities").query(&[("filter", &filter)]).await;
        if found.ok()["identities"].as_array().is_some_and(Vec::is_empty) {
            self.app().account(email).await;
        }
        self.signed_in(email).await
    }

    /// Signs in with a mailed code; the answer to the submit of the code.
    pub async fn sign_in_by_code(&self, email: &str) -> Answer {
        let flow = self.open("login").await;
        flow.submit("code", json!({ "identifier": email })).await.goes_on("sent_email");
        let code = self.app().latest_mail(email).await.code;
        let answer = flow.submit("code", json!({ "code": code })).await;
        self.take(&answer);
        answer
    }

    /// Proves an address with a mailed code; the answer to the submit of the code.
    pub async fn verify(&self, email: &str) -> Answer {
        let flow = self.open("verification").await;
        flow.submit("code", json!({ "email": email })).await.goes_on("sent_email");
        let code = self.app().latest_mail(email).await.code;
        flow.submit("code", json!({ "code": code })).await
    }

    /// Goes through recovery up to the recovery session; the answer to the submit of the code.
    pub async fn recover(&self, email: &str) -> Answer {
        let flow = self.open("recovery").await;
        flow.submit("code", json!({ "email": email })).await.goes_on("sent_email");
        let code = self.app().latest_mail(email).await.code;
        flow.submit("code", json!({ "code": code })).await
    }

    /// The present session.
    pub async fn whoami(&self) -> Answer {
        self.get("/v1/sessions/whoami").await
    }

    /// Takes the session of an answer over, as a program does.
    pub fn take(&self, answer: &Answer) {
        if let Some(token) = answer["session_token"].as_str() {
            self.set_token(token);
        }
    }
}
