//! WebAuthn Level 3 ceremonies: what a browser is asked for, and whether its answer is right (`contract/11` §6).
//!
//! What is made is checked by `webauthn-rs-core`, with its attestation statement; what is used is checked here.

use avnology_model::{
    Timestamp,
    credentials::{AttestationConveyance, UserVerification, WebauthnSettings},
    ids::IdentityId,
    platform::TenantSettings,
    sessions::Aal,
};
use avnology_store::credentials::passkeys::StoredPasskey;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;
use webauthn_rs_core::{
    WebauthnCore,
    error::WebauthnError,
    proto::{
        COSEAlgorithm, Credential, ParsedAttestation, RegisterPublicKeyCredential, RegistrationState,
        RequestRegistrationExtensions, UserVerificationPolicy,
    },
};

use super::attestation::is_vouched_for;
use crate::{Tenant, platform::Keys};

mod answer;
mod authenticator_data;
mod ed25519;
mod signature;

pub(crate) use answer::Answer;
use authenticator_data::AuthenticatorData;

/// Milliseconds that a browser gives the person.
const TIMEOUT_MILLIS: u32 = 300_000;
/// Longest id of a credential, in bytes (WebAuthn Level 3 §4, credential id).
const LONGEST_ID: usize = 1_023;
/// Largest answer, in characters of JSON: attestations carry certificates.
const LARGEST: usize = 64 * 1024;
/// What we ask keys to sign with.
const ALGORITHMS: [COSEAlgorithm; 3] = [COSEAlgorithm::ES256, COSEAlgorithm::EDDSA, COSEAlgorithm::RS256];

/// 256 random bits that an answer has to sign.
pub(crate) type Challenge = [u8; 32];

/// Why an answer was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    Challenge,
    Origin,
    RpId,
    Signature,
    UserVerification,
    UnknownCredential,
    Counter,
    Attestation,
    Format,
}

impl Refused {
    /// The member `reason` of `_017`.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Challenge => "challenge",
            Self::Origin => "origin",
            Self::RpId => "rp_id",
            Self::Signature => "signature",
            Self::UserVerification => "user_verification",
            Self::UnknownCredential => "unknown_credential",
            Self::Counter => "counter",
            Self::Attestation => "attestation",
            Self::Format => "format",
        }
    }

    fn of(error: &WebauthnError) -> Self {
        use WebauthnError as E;
        match error {
            E::MismatchedChallenge => Self::Challenge,
            E::InvalidRPOrigin | E::CredentialCrossOrigin => Self::Origin,
            E::InvalidRPIDHash => Self::RpId,
            E::UserNotPresent | E::UserNotVerified => Self::UserVerification,
            E::CredentialNotFound => Self::UnknownCredential,
            E::CredentialPossibleCompromise => Self::Counter,
            E::AuthenticationFailure | E::SignatureInvalid => Self::Signature,
            E::X509DerInvalid | E::CertificatePublicKeyInvalid | E::CertificatePublicKeyAlgorthimMismatch => {
                Self::Attestation
            }
            other if format!("{other:?}").starts_with("Attestation") => Self::Attestation,
            _ => Self::Format,
        }
    }

    /// The same of an answer that makes a credential: what is signed there is the attestation.
    fn of_creation(error: &WebauthnError) -> Self {
        match Self::of(error) {
            Self::Signature => Self::Attestation,
            other => other,
        }
    }
}

/// The tenant as browsers know it.
pub(crate) struct RelyingParty<'s> {
    /// The domain that credentials are bound to.
    pub(crate) id: String,
    name: &'s str,
    /// Where answers may come from: this server first.
    origins: Vec<String>,
    settings: &'s WebauthnSettings,
}

/// A credential that a browser may or may not use.
#[derive(Clone, Debug)]
pub(crate) struct Known<'a> {
    /// Its id, in base64url.
    pub(crate) id: &'a str,
    /// How it can be reached.
    pub(crate) transports: &'a [String],
}

/// Somebody who makes a credential.
pub(crate) struct NewUser<'a> {
    /// 64 bytes that stand for the identity.
    pub(crate) handle: [u8; 64],
    /// What they sign in with.
    pub(crate) name: &'a str,
    /// What they are called.
    pub(crate) display_name: &'a str,
}

/// A credential that was made.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Made {
    pub(crate) credential_id: Vec<u8>,
    pub(crate) credential: Value,
    pub(crate) aaguid: String,
    pub(crate) transports: Vec<String>,
    pub(crate) counter: u32,
    pub(crate) backup_eligible: bool,
    pub(crate) backed_up: bool,
    pub(crate) user_verified: bool,
}

/// A credential that was used.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Used {
    pub(crate) counter: u32,
    pub(crate) backed_up: bool,
    pub(crate) user_verified: bool,
}

/// The 64 bytes that stand for an identity: they tell nothing of it.
pub(crate) fn user_handle(keys: &Keys, identity: IdentityId) -> [u8; 64] {
    let mut handle = [0; 64];
    let halves = ["webauthn-user-1", "webauthn-user-2"];
    for (half, purpose) in handle.chunks_mut(32).zip(halves) {
        half.copy_from_slice(&keys.hmac(purpose, identity.to_string().as_bytes()));
    }
    handle
}

/// Whether a passkey lives in hardware that its maker vouches for, of a model that is trusted.
pub(crate) fn is_hardware(settings: &WebauthnSettings, passkey: &StoredPasskey) -> bool {
    passkey.is_attested() && !passkey.backup_eligible && settings.trusts(&passkey.aaguid)
}

/// What a passkey reaches (`contract/10` §7.1).
pub(crate) fn reached(settings: &WebauthnSettings, passkey: &StoredPasskey, verified: bool) -> Aal {
    match (verified, is_hardware(settings, passkey)) {
        (false, _) => Aal::Aal1,
        (true, false) => Aal::Aal2,
        (true, true) => Aal::Aal3,
    }
}

/// The origins whose pages use this server's passkeys besides its own.
pub fn related_origins(app: &Tenant) -> Vec<String> {
    app.settings().settings.webauthn.related_origins.clone()
}

impl<'s> RelyingParty<'s> {
    pub(crate) fn of(app: &Tenant, settings: &'s TenantSettings) -> Self {
        let webauthn = &settings.webauthn;
        let host = app.config.public_url.host_str().unwrap_or_default();
        let own = std::iter::once(app.config.origin());
        Self {
            id: webauthn.rp_id.clone().unwrap_or_else(|| host.to_owned()),
            name: webauthn.rp_name.as_deref().unwrap_or(&settings.name),
            origins: own.chain(webauthn.related_origins.iter().cloned()).collect(),
            settings: webauthn,
        }
    }

    /// The same whose answers may come from these origins, too.
    pub(crate) fn also_at(mut self, origins: &[String]) -> Self {
        self.origins.extend_from_slice(origins);
        self
    }

    /// `PublicKeyCredentialCreationOptionsJSON`.
    pub(crate) fn creation(
        &self,
        challenge: &Challenge,
        user: &NewUser<'_>,
        exclude: &[Known<'_>],
        must_verify: bool,
    ) -> Value {
        json!({
            "rp": { "id": self.id, "name": self.name },
            "user": {
                "id": URL_SAFE_NO_PAD.encode(user.handle), "name": user.name, "displayName": user.display_name,
            },
            "challenge": URL_SAFE_NO_PAD.encode(challenge),
            "pubKeyCredParams": ALGORITHMS.map(|alg| json!({ "type": "public-key", "alg": number(alg) })),
            "timeout": TIMEOUT_MILLIS,
            "excludeCredentials": descriptors(exclude),
            "authenticatorSelection": {
                "residentKey": "required", "requireResidentKey": true, "userVerification": self.verification(must_verify),
            },
            "attestation": self.settings.attestation,
        })
    }

    /// `PublicKeyCredentialRequestOptionsJSON`.
    pub(crate) fn request(&self, challenge: &Challenge, allow: &[Known<'_>], must_verify: bool) -> Value {
        json!({
            "challenge": URL_SAFE_NO_PAD.encode(challenge),
            "rpId": self.id,
            "timeout": TIMEOUT_MILLIS,
            "userVerification": self.verification(must_verify),
            "allowCredentials": descriptors(allow),
        })
    }

    fn verification(&self, must_verify: bool) -> &'static str {
        if must_verify { "required" } else { self.settings.user_verification.as_str() }
    }

    fn must_verify(&self, asked: bool) -> bool {
        asked || self.settings.user_verification == UserVerification::Required
    }

    /// Checks the answer to [`RelyingParty::creation`].
    pub(crate) fn check_creation(
        &self,
        challenge: &Challenge,
        answer: &Answer,
        must_verify: bool,
        now: Timestamp,
    ) -> Result<Made, Refused> {
        answer.check_client("webauthn.create", challenge, &self.origins)?;
        let object = answer.attestation().ok_or(Refused::Format)?;
        if object.contradicts_itself() {
            return Err(Refused::Attestation);
        }
        let (aaguid, object) = (object.aaguid(), object.normal());
        let must_verify = self.must_verify(must_verify);
        let state: RegistrationState = from(json!({
            "policy": policy(must_verify), "exclude_credentials": [], "challenge": URL_SAFE_NO_PAD.encode(challenge),
            "credential_algorithms": ALGORITHMS, "require_resident_key": true, "authenticator_attachment": null,
            "extensions": RequestRegistrationExtensions::default(), "allow_synchronised_authenticators": true,
        }))?;
        let encoded = object.encode().ok_or(Refused::Format)?;
        let given: RegisterPublicKeyCredential = from(answer.normal(&[
            ("attestationObject", json!(URL_SAFE_NO_PAD.encode(encoded))),
            ("transports", Value::Null),
        ]))?;
        let mut made = match self.core()?.register_credential(&given, &state, None) {
            Err(WebauthnError::SshPublicKeyEDUnsupported) => {
                ed25519::made(&object, &answer.signed(object.data()), must_verify)?
            }
            made => made.map_err(|error| Refused::of_creation(&error))?,
        };
        if made.cred_id.len() > LONGEST_ID || made.cred_id.as_slice() != answer.raw_id.as_slice() {
            return Err(Refused::Format);
        }
        let attested = self.settings.attestation == AttestationConveyance::Direct
            && is_vouched_for(&made, &self.settings.trusted_roots, now);
        // What was found is kept; certificates could tell one device from others.
        made.attestation = ParsedAttestation::default();
        let mut credential = serde_json::to_value(&made).map_err(|_| Refused::Format)?;
        if let Value::Object(members) = &mut credential {
            members.insert("attested".to_owned(), Value::Bool(attested));
        }
        Ok(Made {
            credential_id: made.cred_id.clone(),
            aaguid,
            transports: answer.transports(),
            counter: made.counter,
            backup_eligible: made.backup_eligible,
            backed_up: made.backup_state,
            user_verified: made.user_verified,
            credential,
        })
    }

    /// Checks the answer to [`RelyingParty::request`] by a credential that is known, whose counter stands at `counter`.
    pub(crate) fn check_request(
        &self,
        challenge: &Challenge,
        answer: &Answer,
        (credential, counter): (&Value, u32),
        must_verify: bool,
    ) -> Result<Used, Refused> {
        answer.check_client("webauthn.get", challenge, &self.origins)?;
        let held: Credential = from(credential.clone())?;
        if held.cred_id != answer.raw_id {
            return Err(Refused::UnknownCredential);
        }
        let bytes = answer.bytes("authenticatorData")?;
        let data = AuthenticatorData::read(&bytes)?;
        data.check(&self.id, self.must_verify(must_verify))?;
        // Whether a key can be copied is decided once, when it is made.
        if data.is_backup_eligible() != held.backup_eligible {
            return Err(Refused::Format);
        }
        signature::check(&held.cred, &answer.signed(&bytes), &answer.bytes("signature")?)?;
        // Keys that can be copied are counted by each of their devices.
        let before = if held.backup_eligible { 0 } else { counter };
        if (data.counter > 0 || before > 0) && data.counter <= before {
            return Err(Refused::Counter);
        }
        Ok(Used { counter: data.counter, backed_up: data.is_backed_up(), user_verified: data.is_verified() })
    }

    fn core(&self) -> Result<WebauthnCore, Refused> {
        let origins: Result<Vec<Url>, _> = self.origins.iter().map(|origin| Url::parse(origin)).collect();
        let origins = origins.map_err(|_| Refused::Origin)?;
        let timeout = std::time::Duration::from_millis(u64::from(TIMEOUT_MILLIS));
        Ok(WebauthnCore::new_unsafe_experts_only(self.name, &self.id, origins, timeout, None, None))
    }
}

fn number(algorithm: COSEAlgorithm) -> i64 {
    algorithm as i64
}

fn policy(must_verify: bool) -> UserVerificationPolicy {
    // Where it is not asked for, whether the person was verified is only noted.
    if must_verify {
        UserVerificationPolicy::Required
    } else {
        UserVerificationPolicy::Discouraged_DO_NOT_USE
    }
}

fn from<T: serde::de::DeserializeOwned>(value: Value) -> Result<T, Refused> {
    serde_json::from_value(value).map_err(|_| Refused::Format)
}

fn descriptors(known: &[Known<'_>]) -> Vec<Value> {
    let descriptor = |known: &Known<'_>| {
        if known.transports.is_empty() {
            json!({ "type": "public-key", "id": known.id })
        } else {
            json!({ "type": "public-key", "id": known.id, "transports": known.transports })
        }
    };
    known.iter().map(descriptor).collect()
}

#[cfg(test)]
mod vectors;
