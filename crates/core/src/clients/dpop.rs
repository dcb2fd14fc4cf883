//! Proofs that whoever asks holds a key, and tokens that are bound to it (RFC 9449, `contract/30` §8).

use avnology_model::{Code, Error, Result, Timestamp, ids::ClientId, secret_token::sha256};
use avnology_oauth::{
    Client, ErrorCode, OAuthError,
    dpop::{self, Expected, NEWEST, Proof, REMEMBERED, is_bound_to, verify},
};
use avnology_store::clients::once;
use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};

use super::{ClientAuthentication, LiveClient, Refusal, cache, oauth_error::refuse};
use crate::{Cx, Tenant};

/// How long a nonce is good, in seconds.
const NONCE_LIFETIME: i64 = 300;
/// Bytes of what shows that a nonce is ours.
const SEAL: usize = 16;

/// A nonce for the next proof: the time, and what shows that we said it. Nothing is kept, so that every node knows it again.
pub fn dpop_nonce(app: &Tenant, cx: &Cx) -> String {
    nonce_of(app, cx.now.seconds())
}

fn nonce_of(app: &Tenant, second: i64) -> String {
    let mut bytes = second.to_be_bytes().to_vec();
    let seal = app.keys.hmac("dpop-nonce", &bytes);
    bytes.extend(seal.into_iter().take(SEAL));
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn is_good_nonce(app: &Tenant, cx: &Cx, nonce: &str) -> bool {
    let Ok(bytes) = BASE64_URL_SAFE_NO_PAD.decode(nonce) else { return false };
    let Some(second) = bytes.first_chunk().map(|time| i64::from_be_bytes(*time)) else { return false };
    let age = cx.now.seconds().saturating_sub(second);
    // Another node's clock may be ahead of ours.
    (-NEWEST..NONCE_LIFETIME).contains(&age)
        && verify_slices_are_equal(nonce.as_bytes(), nonce_of(app, second).as_bytes()).is_ok()
}

/// The proof of a request to an endpoint of the protocol; none when none came along. `invalid_dpop_proof`, `use_dpop_nonce`.
pub(super) async fn of_request(
    app: &Tenant,
    cx: &Cx,
    live: &LiveClient,
    shown: &ClientAuthentication<'_>,
) -> Result<Option<Proof>, Refusal> {
    if shown.proofs.is_empty() {
        return Ok(None);
    }
    let url = format!("{}{}", app.config.origin(), shown.path);
    let expected = Expected { method: "POST", url: &url, ..wanted(&live.rules, cx) };
    accept(app, cx, shown.proofs, &expected).await.map(Some)
}

/// The same of a request for tokens, of a client that may have to prove itself.
pub(super) async fn of_token_request(
    app: &Tenant,
    cx: &Cx,
    live: &LiveClient,
    shown: &ClientAuthentication<'_>,
) -> Result<Option<Proof>, Refusal> {
    let proof = of_request(app, cx, live, shown).await?;
    if proof.is_none() && live.rules.needs_dpop() {
        // Without its proof a refresh token is no grant, as for clients whose tokens are bound to one key.
        let is_refresh = shown.params.get("grant_type") == Some("refresh_token");
        let code = if is_refresh { ErrorCode::InvalidGrant } else { ErrorCode::InvalidDpopProof };
        return Err(refuse(code, "the client must prove that it holds a key"));
    }
    Ok(proof)
}

/// The key that refresh tokens are bound to: of clients that nothing else tells from others. The others show by a secret or a
/// key of their own who they are, and may change the key that they prove (RFC 9449 §5).
pub(super) fn binding_of_refresh(live: &LiveClient, proof: Option<&Proof>) -> Option<String> {
    proof.filter(|_| !live.rules.kind.is_confidential()).map(|proof| proof.jkt.clone())
}

/// An access token as it was sent to a resource.
#[derive(Clone, Copy, Debug)]
pub struct PresentedToken<'r> {
    /// The token.
    pub token: &'r str,
    /// Whether it was sent as one that is bound (`Authorization: DPoP`).
    pub is_bound: bool,
    /// The headers `DPoP`.
    pub proofs: &'r [&'r str],
    /// The method, in capitals.
    pub method: &'r str,
    /// The path that was called.
    pub path: &'r str,
}

/// `_201` unless a token that is bound to a key was sent with a proof of that key, and one that is not as bearer; `_202` for a
/// proof without a nonce that is good.
pub(super) async fn check(
    app: &Tenant,
    cx: &Cx,
    presented: &PresentedToken<'_>,
    jkt: Option<&str>,
    client: ClientId,
) -> Result<()> {
    let Some(jkt) = jkt else {
        return if presented.is_bound { Err(invalid("the token is bound to no key")) } else { Ok(()) };
    };
    if !presented.is_bound {
        return Err(invalid("the token is bound to a key and was sent as bearer"));
    }
    let live = cache::find(app, cx, client).await?.ok_or_else(|| Error::new(Code::TokenRevoked))?;
    let url = format!("{}{}", app.config.origin(), presented.path);
    let expected = Expected {
        method: presented.method,
        url: &url,
        access_token: Some(presented.token),
        ..wanted(&live.rules, cx)
    };
    match accept(app, cx, presented.proofs, &expected).await {
        Ok(proof) if is_bound_to(jkt, &proof) => Ok(()),
        Ok(_) => Err(invalid("the proof is of another key")),
        Err(Refusal::OAuth(error)) if error.code == ErrorCode::UseDpopNonce => {
            Err(Error::new(Code::DpopNonceRequired).with_detail(error.description))
        }
        Err(Refusal::OAuth(error)) => Err(invalid(error.description)),
        Err(Refusal::Failed(error)) => Err(error),
    }
}

fn invalid(why: &'static str) -> Error {
    Error::new(Code::DpopProofInvalid).with_detail(why)
}

/// What is wanted of every proof of a client.
fn wanted<'e>(client: &Client, cx: &Cx) -> Expected<'e> {
    Expected {
        method: "",
        url: "",
        access_token: None,
        algorithms: dpop::algorithms(client.profile),
        needs_nonce: client.needs_dpop_nonce(),
        now: cx.now.seconds(),
    }
}

/// A proof that holds, was made for a nonce of ours where it names one, and was not seen before by any node.
async fn accept(app: &Tenant, cx: &Cx, proofs: &[&str], expected: &Expected<'_>) -> Result<Proof, Refusal> {
    let proof = verify(proofs, expected)?;
    if proof.nonce.as_ref().is_some_and(|nonce| !is_good_nonce(app, cx, nonce)) {
        return Err(OAuthError::new(ErrorCode::UseDpopNonce, "the nonce is not ours, or too old").into());
    }
    let seen = sha256(format!("dpop\n{}\n{}", proof.jkt, proof.jti).as_bytes());
    let until = Timestamp::from_micros(expected.now.saturating_add(REMEMBERED).saturating_mul(1_000_000));
    if !app.store.identity().write(move |tx| once::see(tx, &seen, until)).await? {
        return Err(refuse(ErrorCode::InvalidDpopProof, "the proof was used before"));
    }
    Ok(proof)
}
