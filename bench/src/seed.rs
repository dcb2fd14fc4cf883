//! Fills a new database through the store: sessions to check, people with passwords.

use std::path::Path;

use avnology_core::{Clock as _, Entropy as _, OsEntropy, SystemClock, credentials::PasswordHasher};
use avnology_model::{
    Result, Timestamp,
    identities::{Email, Identity},
    ids::{CredentialId, IdentityId, SessionId},
    secret_token::{SecretKind, SecretToken},
    sessions::{Aal, CompletedMethod, Method, Session, SessionKind},
};
use avnology_store::{
    IdentityTx, Store, StoreConfig, credentials::passwords, identities::identities, sessions::sessions,
};
use secrecy::SecretString;

use crate::Outcome;

/// Rows written in one transaction.
const BATCH: usize = 1_000;
const WEEK: i64 = 7 * 24 * 60 * 60;
/// Everyone's password.
pub(crate) const PASSWORD: &str = "correct horse battery staple 7";

/// One thing to write: an identity with a session, or one with a password.
#[derive(Clone)]
struct Row {
    identity: Identity,
    session: Option<Session>,
    password: Option<(CredentialId, String)>,
}

pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    OsEntropy.fill(&mut bytes);
    bytes
}

/// A new secret of this kind.
pub(crate) fn secret(kind: SecretKind) -> SecretToken {
    SecretToken::new(kind, &random())
}

/// Adds `count` people with a session each; their tokens.
pub(crate) async fn with_sessions(data_dir: &Path, count: usize) -> Outcome<Vec<String>> {
    let now = SystemClock.now();
    let mut tokens = Vec::with_capacity(count);
    let mut rows = Vec::with_capacity(count);
    for number in 0..count {
        let identity = person(&format!("session-{number}@example.com"), now)?;
        let token = secret(SecretKind::Session);
        let session = Session {
            id: SessionId::new(now, random()),
            identity_id: identity.id,
            kind: SessionKind::Standard,
            aal: Aal::Aal1,
            methods: vec![CompletedMethod::first_factor(Method::Password, now)],
            authenticated_at: now,
            issued_at: now,
            last_used_at: now.to_the_minute(),
            expires_at: now.plus_seconds(WEEK),
            revoked_at: None,
            device_id: None,
            device: None,
            ip: "192.0.2.7".to_owned(),
            user_agent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0".to_owned(),
            organization_id: None,
            token_hash: token.hash(),
        };
        tokens.push(token.expose().to_owned());
        rows.push(Row { identity, session: Some(session), password: None });
    }
    write(data_dir, rows).await?;
    Ok(tokens)
}

/// Adds people with [`PASSWORD`], hashed once by `hasher`; their addresses.
pub(crate) async fn with_password(
    data_dir: &Path,
    prefix: &str,
    count: usize,
    hasher: &PasswordHasher,
) -> Outcome<Vec<String>> {
    let now = SystemClock.now();
    let phc = hasher.hash(&SecretString::from(PASSWORD), random()).await.map_err(told)?;
    let addresses: Vec<String> = (0..count).map(|number| format!("{prefix}-{number}@example.com")).collect();
    let mut rows = Vec::with_capacity(count);
    for address in &addresses {
        let mut identity = person(address, now)?;
        identity.has_password = true;
        rows.push(Row {
            identity,
            session: None,
            password: Some((CredentialId::new(now, random()), phc.clone())),
        });
    }
    write(data_dir, rows).await?;
    Ok(addresses)
}

pub(crate) fn person(address: &str, now: Timestamp) -> Outcome<Identity> {
    let email = Email::parse(address).map_err(|refusal| format!("{address}: {refusal:?}"))?;
    let mut identity = Identity::new(IdentityId::new(now, random()), now);
    identity.email = Some(email.as_str().to_owned());
    identity.email_key = Some(email.key().to_owned());
    identity.email_verified = true;
    identity.first_name = Some("Ada".to_owned());
    identity.last_name = Some("Lovelace".to_owned());
    Ok(identity)
}

async fn write(data_dir: &Path, rows: Vec<Row>) -> Outcome<()> {
    let now = SystemClock.now();
    let store = Store::open(StoreConfig::new(data_dir, now)).await.map_err(told)?;
    for batch in rows.chunks(BATCH) {
        let batch = batch.to_vec();
        let add = move |tx: &mut IdentityTx<'_>| batch.iter().try_for_each(|row| insert(tx, row, now));
        store.identity().write(add).await.map_err(told)?;
    }
    Ok(store.close().await.map_err(told)?)
}

fn insert(tx: &mut IdentityTx<'_>, row: &Row, now: Timestamp) -> Result<()> {
    identities::insert(tx, &row.identity)?;
    if let Some(session) = &row.session {
        sessions::insert(tx, session)?;
    }
    if let Some((id, phc)) = &row.password {
        passwords::set(tx, row.identity.id, *id, phc, now)?;
    }
    Ok(())
}

/// An error of ours as text.
#[expect(clippy::needless_pass_by_value, reason = "goes into `map_err`")]
pub(crate) fn told(error: avnology_model::Error) -> String {
    format!("{error:?}")
}
