//! People with passkeys and authenticator apps, and the requests by which they sign in.

use std::{fmt::Write as _, net::SocketAddr, path::Path};

use avnology_core::{Clock as _, SystemClock};
use avnology_model::{
    credentials::Factor,
    flows::{Flow, FlowData, FlowKind, FlowState, Transport},
    ids::{FlowId, IdentityId},
    sessions::{Aal, CompletedMethod, Method},
};
use avnology_store::{IdentityTx, Store, StoreConfig, flows::flows};
use serde_json::{Value, json};

use crate::{
    Outcome,
    authenticator::{Passkey, code},
    client::{Client, get_text, post_text},
    load::between,
    seed::{random, told},
};

/// Everybody's secret in an authenticator app, which RFC 6238 has as its example.
const SECRET: (&[u8], &str) = (b"12345678901234567890", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
/// A hash that is never computed here.
const HASH: &str = "$2b$10$e2uWeP8jI9yp94Zr35aYtuFHHnZo7vi/8AVx3pBQz1thnbHgtaoRG";
/// Rows written in one transaction.
const BATCH: usize = 1_000;

/// People who sign up with a passkey and nothing else; `host` is called so by browsers.
pub(crate) async fn sign_up(host: SocketAddr, count: usize) -> Outcome<Vec<Passkey>> {
    let origin = format!("http://localhost:{}", host.port());
    let mut client = Client::connect(host).await?;
    let mut people = Vec::with_capacity(count);
    for number in 0..count {
        let flow = client.get("/v1/flows/registration?type=api", None).await?.json()?;
        let id = flow.get("id").and_then(Value::as_str).ok_or_else(|| format!("no flow: {flow}"))?;
        let path = format!("/v1/flows/registration/{id}:submit");
        let traits = json!({ "email": format!("passkey-{number}@example.com"), "first_name": "Ada" });
        let form = json!({ "method": "passkey", "body": { "traits": traits } });
        let asked = client.post(&path, &form).await?.json()?;
        let mut passkey = Passkey::new()?;
        let made =
            passkey.create(ceremony(&asked).ok_or_else(|| format!("no passkey: {asked}"))?, &origin)?;
        let form = json!({ "method": "passkey", "body": { "passkey_response": made } });
        let done = client.post(&path, &form).await?.json()?;
        if done.get("session_token").is_none() {
            return Err(format!("nobody signed up: {done}").into());
        }
        people.push(passkey);
    }
    Ok(people)
}

fn ceremony(answer: &Value) -> Option<&Value> {
    let nodes = answer.pointer("/continue_flow/ui/nodes")?.as_array()?;
    nodes.iter().find_map(|node| node.pointer("/attributes/webauthn/options"))
}

/// The requests that open so many sign-ins.
pub(crate) fn openings(host: SocketAddr, count: usize) -> Vec<String> {
    vec![get_text(host, "/v1/flows/login?type=api", None); count]
}

/// The submits that end the sign-ins which these answers opened, each by another of these people.
pub(crate) fn assertions(host: SocketAddr, people: &[Passkey], opened: &[Vec<u8>]) -> Outcome<Vec<String>> {
    let origin = format!("http://localhost:{}", host.port());
    let sign = |(answer, passkey): (&Vec<u8>, &Passkey)| {
        let id = between(answer, "{\"id\":\"", '"')?;
        let challenge = between(answer, "\"challenge\":\"", '"')?;
        let response = passkey.get(challenge, "localhost", &origin)?;
        let form = json!({ "method": "passkey", "body": { "passkey_response": response } });
        Ok(post_text(host, &format!("/v1/flows/login/{id}:submit"), None, &form))
    };
    opened.iter().zip(people.iter().cycle()).map(sign).collect()
}

/// Lines that import people who have a password and an app.
pub(crate) fn lines(count: usize) -> Outcome<Vec<u8>> {
    let mut lines = String::new();
    for number in 0..count {
        writeln!(
            lines,
            "{{\"email\":\"app-{number}@example.com\",\"email_verified\":true,\"totp_seed\":\"{}\",\
             \"password_hash\":{{\"algorithm\":\"bcrypt\",\"encoded\":\"{HASH}\"}}}}",
            SECRET.1
        )?;
    }
    Ok(lines.into_bytes())
}

/// Opens a sign-in for everybody who was imported, as it is when their password was right.
pub(crate) async fn half_signed_in(data_dir: &Path) -> Outcome<Vec<FlowId>> {
    let now = SystemClock.now();
    let store = Store::open(StoreConfig::new(data_dir, now)).await.map_err(told)?;
    let people: Vec<IdentityId> = store
        .identity()
        .read(|tx| {
            let mut rows = tx.query_text("SELECT identity_id FROM totp_credentials", &[])?;
            rows.iter_mut().map(avnology_store::Row::take).collect()
        })
        .await
        .map_err(told)?;
    let waiting: Vec<Flow> = people
        .into_iter()
        .map(|person| Flow {
            id: FlowId::new(now, random()),
            kind: FlowKind::Login,
            transport: Transport::Api,
            state: FlowState::SecondFactor,
            active: "password".to_owned(),
            issued_at: now,
            expires_at: now.plus_seconds(FlowKind::Login.life_seconds()),
            completed_at: None,
            browser_hash: None,
            session_id: None,
            identity_id: Some(person),
            submits: 1,
            code_hash: None,
            code_tries: 0,
            link_hash: None,
            secret_expires_at: None,
            data: FlowData {
                requested_aal: Aal::Aal1,
                completed: vec![CompletedMethod::first_factor(Method::Password, now)],
                factors: vec![Factor::Totp],
                ..FlowData::default()
            },
        })
        .collect();
    let ids = waiting.iter().map(|flow| flow.id).collect();
    for batch in waiting.chunks(BATCH) {
        let batch = batch.to_vec();
        let add = move |tx: &mut IdentityTx<'_>| batch.iter().try_for_each(|flow| flows::insert(tx, flow));
        store.identity().write(add).await.map_err(told)?;
    }
    store.close().await.map_err(told)?;
    Ok(ids)
}

/// The submits of the codes that their apps show now.
pub(crate) fn codes(host: SocketAddr, waiting: &[FlowId]) -> Outcome<Vec<String>> {
    let shown = code(SECRET.0, u64::try_from(SystemClock.now().seconds())?);
    let form = json!({ "method": "totp", "body": { "totp_code": shown } });
    Ok(waiting
        .iter()
        .map(|id| post_text(host, &format!("/v1/flows/login/{id}:submit"), None, &form))
        .collect())
}
