//! Signed claims (RFC 7519), by the advice of RFC 8725: the key and the caller decide on the algorithm, and every token
//! says of which type it is, so that none can be taken for one of another.

use serde_json::{Map, Value};

use crate::{Algorithm, Claims, KeySet, PublicKey, Refusal, SigningKey, json, jws};

/// Signs claims as a token of this type.
pub fn sign(key: &SigningKey, typ: &str, claims: &Map<String, Value>) -> Result<String, Refusal> {
    let payload = serde_json::to_vec(claims).map_err(|_| Refusal::Malformed)?;
    jws::sign(key, typ, &payload)
}

/// The claims of a token of this type that a key of the set signed, by whatever algorithm that key has: for sets of our
/// own. When they are good, and for whom, is to be checked by the caller.
pub fn verify(token: &str, keys: &KeySet, typ: &str) -> Result<Map<String, Value>, Refusal> {
    let unverified = jws::Unverified::parse(token)?;
    if !unverified.is_of_type(typ) {
        return Err(Refusal::WrongType);
    }
    if unverified.kid().is_none() {
        return Err(Refusal::UnknownKey);
    }
    let key = keys.key_for(&unverified)?;
    json::object(&unverified.verify(key, &Algorithm::ALL)?)
}

/// What a token must be for its claims to be believed. Made anew for each kind of token and each place that takes it.
#[derive(Clone, Debug)]
pub struct Rules<'r> {
    /// The algorithms that count here, of those that the key has.
    pub algorithms: &'r [Algorithm],
    /// The types that count here.
    pub types: Types<'r>,
    /// The one issuer, unless the caller compares it.
    pub issuer: Option<&'r str>,
    /// One of these must be in `aud`, unless the caller compares it.
    pub audience: &'r [&'r str],
    /// The time, in seconds since 1970.
    pub now: i64,
    /// How far clocks may differ, in seconds.
    pub leeway: i64,
    /// Whether `exp` must be there.
    pub expires: bool,
}

/// The values of `typ` that count.
#[derive(Clone, Copy, Debug)]
pub enum Types<'r> {
    /// One of these.
    Only(&'r [&'r str]),
    /// None, or one of these: for tokens whose standard is older than the advice to name a type.
    AbsentOr(&'r [&'r str]),
}

impl Types<'_> {
    fn hold(&self, token: &jws::Unverified<'_>) -> bool {
        match self {
            Self::Only(types) => types.iter().any(|typ| token.is_of_type(typ)),
            Self::AbsentOr(types) => token.typ().is_none() || types.iter().any(|typ| token.is_of_type(typ)),
        }
    }
}

impl Rules<'_> {
    /// The claims of a token that a key of the set signed, if it is as the rules want it.
    pub fn verify(&self, token: &str, keys: &KeySet) -> Result<Claims, Refusal> {
        let unverified = jws::Unverified::parse(token)?;
        self.check_type(&unverified)?;
        let key = keys.key_for(&unverified)?;
        self.claims(unverified, key)
    }

    /// The claims of a token that brings the key which it is signed by, and that key (RFC 9449).
    pub fn verify_with_own_key(&self, token: &str) -> Result<(Claims, PublicKey), Refusal> {
        let (unverified, key) = jws::Unverified::parse_with_own_key(token)?;
        self.check_type(&unverified)?;
        Ok((self.claims(unverified, &key)?, key))
    }

    fn check_type(&self, token: &jws::Unverified<'_>) -> Result<(), Refusal> {
        if self.types.hold(token) { Ok(()) } else { Err(Refusal::WrongType) }
    }

    fn claims(&self, token: jws::Unverified<'_>, key: &PublicKey) -> Result<Claims, Refusal> {
        let claims = Claims::parse(&token.verify(key, self.algorithms)?)?;
        self.check(&claims)?;
        Ok(claims)
    }

    /// Whether claims are as the rules want them.
    pub fn check(&self, claims: &Claims) -> Result<(), Refusal> {
        if let Some(issuer) = self.issuer
            && claims.required_text("iss")? != issuer
        {
            return Err(Refusal::WrongIssuer);
        }
        if !self.audience.is_empty() {
            let meant = claims.texts("aud")?;
            if meant.is_empty() {
                return Err(Refusal::MissingClaim("aud"));
            }
            if !meant.iter().any(|one| self.audience.contains(one)) {
                return Err(Refusal::WrongAudience);
            }
        }
        self.check_times(claims)
    }

    fn check_times(&self, claims: &Claims) -> Result<(), Refusal> {
        match claims.seconds("exp")? {
            Some(end) if self.now >= end.saturating_add(self.leeway) => return Err(Refusal::Expired),
            None if self.expires => return Err(Refusal::MissingClaim("exp")),
            _ => {}
        }
        for name in ["nbf", "iat"] {
            if claims.seconds(name)?.is_some_and(|begin| begin.saturating_sub(self.leeway) > self.now) {
                return Err(Refusal::NotYetValid);
            }
        }
        Ok(())
    }
}
