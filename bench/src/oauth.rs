//! Relying parties, and the requests that they and their people's browsers send.

use std::net::SocketAddr;

use avnology_model::secret_token::sha256;
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::{Value, json};

use crate::{
    Outcome,
    client::{Client, form_text, post_text},
    load::{self, Sent, between},
};

/// Where people are sent back to.
const CALLBACK: &str = "https://app.example.com/callback";
/// The verifier of every challenge (RFC 7636 appendix B).
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// A registered client.
pub(crate) struct Relying {
    host: SocketAddr,
    id: String,
    /// The header by which it shows who it is.
    pub(crate) basic: String,
}

impl Relying {
    /// Registers a client with these members.
    pub(crate) async fn register(host: SocketAddr, api_key: &str, members: &Value) -> Outcome<Self> {
        let request = post_text(host, "/v1/clients", Some(api_key), members);
        let answer = Client::connect(host).await?.send(&request).await?;
        let id = between(&answer, "{\"id\":\"", '"')?.to_owned();
        let secret = between(&answer, "\"client_secret\":\"", '"')?;
        let basic = format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")));
        Ok(Self { host, id, basic })
    }

    /// A client that acts for itself.
    pub(crate) async fn machine(host: SocketAddr, api_key: &str) -> Outcome<Self> {
        let members = json!({ "name": "Machine", "type": "machine", "scopes": ["members:read"] });
        Self::register(host, api_key, &members).await
    }

    /// A client that people sign in at, with ID tokens of this algorithm.
    pub(crate) async fn web(host: SocketAddr, api_key: &str, algorithm: &str) -> Outcome<Self> {
        let members = json!({
            "name": "Shop", "type": "web", "redirect_uris": [CALLBACK], "first_party": true,
            "id_token_signed_response_alg": algorithm,
        });
        Self::register(host, api_key, &members).await
    }

    /// The requests of browsers that these sessions are signed in at.
    fn authorizations<'s>(&self, sessions: impl Iterator<Item = &'s String>) -> Vec<String> {
        let challenge = URL_SAFE_NO_PAD.encode(sha256(VERIFIER.as_bytes()));
        let (host, id) = (self.host, &self.id);
        let path = format!(
            "/oauth2/auth?response_type=code&client_id={id}&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcallback\
             &scope=openid%20profile%20email%20offline_access&state=af0ifjsldkj&nonce=n-0S6_WzA2Mj\
             &code_challenge={challenge}&code_challenge_method=S256"
        );
        let text = |session: &String| {
            format!(
                "GET {path} HTTP/1.1\r\nhost: {host}\r\naccept: text/html\r\ncookie: avnology_session={session}\r\n\r\n"
            )
        };
        sessions.map(text).collect()
    }

    /// The requests that redeem the codes of these answers.
    fn redemptions(&self, answers: &[Vec<u8>]) -> Outcome<Vec<String>> {
        let text = |answer: &Vec<u8>| {
            let code = between(answer, "callback?code=", '&')?;
            let form = format!(
                "grant_type=authorization_code&code={code}&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcallback\
                 &code_verifier={VERIFIER}"
            );
            Ok(form_text(self.host, "/oauth2/token", &self.basic, &form))
        };
        answers.iter().map(text).collect()
    }

    /// The code flow for each of these sessions: the authorizations, and then the tokens.
    pub(crate) async fn code_flow<'s>(
        &self,
        sessions: impl Iterator<Item = &'s String>,
    ) -> Outcome<(Sent, Sent)> {
        let codes = load::send(self.host, self.authorizations(sessions), "code=avnl_ac_").await?;
        let redemptions = self.redemptions(&codes.answers)?;
        Ok((codes, load::send(self.host, redemptions, "\"id_token\"").await?))
    }
}
