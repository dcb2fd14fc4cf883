//! Somebody's authenticator app, and people who have one.

use avnology_model::Timestamp;
use serde_json::json;
use totp_rs::{Algorithm, Secret, TOTP};

use crate::{Answer, FlowRun, Person, TestApp};

/// An authenticator app that has scanned a picture.
pub struct Authenticator(TOTP);

impl Authenticator {
    /// Takes the key that a flow shows.
    #[track_caller]
    pub fn of(answer: &Answer) -> Self {
        let node = answer.node("totp_secret").expect("a key for authenticator apps");
        Self::of_seed(node["attributes"]["text"].as_str().expect("a text"))
    }

    /// Takes a key in base32.
    #[track_caller]
    pub fn of_seed(key: &str) -> Self {
        let secret = Secret::Encoded(key.to_owned()).to_bytes().expect("base32");
        Self(TOTP::new(Algorithm::SHA1, 6, 1, 30, secret).expect("160 bits"))
    }

    /// The code that it shows at this time.
    pub fn code(&self, at: Timestamp) -> String {
        self.0.generate(u64::try_from(at.seconds()).expect("after 1970"))
    }
}

/// Somebody with a second factor.
pub struct Secured {
    /// Who, signed in with the first factor only.
    pub person: Person,
    /// Their app.
    pub app: Authenticator,
    /// Their backup codes.
    pub codes: Vec<String>,
}

impl TestApp {
    /// A program of somebody who has set up an authenticator app. Its clock moves on to the next code.
    pub async fn secured(&self, email: &str) -> Secured {
        let person = self.person(email).await;
        let flow = person.client.open("settings").await;
        let app = Authenticator::of(&flow.opened);
        let done = flow.submit("totp", json!({ "totp_code": app.code(self.now()) })).await;
        done.goes_on("show_form");
        let codes = backup_codes(&done);
        self.advance(30);
        Secured { person, app, codes }
    }

    /// A sign-in that waits for the second factor.
    pub async fn half_signed_in(&self, email: &str) -> FlowRun {
        let client = self.program();
        let flow = client.open("login").await;
        let half = flow.submit("password", json!({ "identifier": email, "password": crate::PASSWORD })).await;
        half.goes_on("second_factor");
        flow
    }
}

/// The backup codes that an answer shows.
#[track_caller]
pub fn backup_codes(answer: &Answer) -> Vec<String> {
    let node = answer.node("recovery_codes").expect("backup codes");
    let text = node["attributes"]["text"].as_str().expect("a text");
    text.lines().map(str::to_owned).collect()
}
