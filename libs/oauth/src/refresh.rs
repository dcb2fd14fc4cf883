//! Rotation of refresh tokens (RFC 9700 §2.2.2 and §4.14.2, `contract/30` §4.3): a lost answer or two tabs never sign a person
//! out, a stolen token does end the family.
//!
//! A family is what one grant's tokens have in common. Its tokens are numbered; which number a token has, and when it was
//! used first, is the caller's to know.

/// How long after its first use a token may be presented again, in seconds.
pub const GRACE: i64 = 10;

/// What is known of a family of refresh tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Family {
    /// The number of the newest token.
    pub generation: u64,
    /// Whether each use makes a new token.
    pub rotates: bool,
    /// Whether it was ended.
    pub is_revoked: bool,
    /// When it ends whatever is done, in seconds since 1970.
    pub expires_at: i64,
    /// When it ends if nobody uses it, in seconds since 1970.
    pub idle_expires_at: i64,
}

/// A token of the family that was presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Presented {
    /// Its number.
    pub generation: u64,
    /// When it was used first, that is: when its successor was made, in seconds since 1970.
    pub first_used_at: Option<i64>,
}

/// What to do with a refresh token that was presented by the client, and the key, that it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Its first use: the next number is made (one guarded update on the number; whoever loses reads and decides again), and
    /// an access token.
    Rotate,
    /// It does not rotate: an access token.
    Keep,
    /// A retry while the successor is unused: the same successor again, and a new access token. Nothing is written.
    Repeat,
    /// `invalid_grant`, and nothing else: its end has come, or a retry came after the successor was used.
    Refuse,
    /// `invalid_grant`; the family and its access tokens are ended, and `oauth.token.reuse_detected` is told.
    RevokeFamily,
}

/// What to do with a token of a family. One that another client or key presents is not to be asked about: it is
/// `invalid_grant` and changes nothing, or anybody could end what is another's.
pub fn decide(family: &Family, presented: Presented, now: i64) -> Decision {
    if family.is_revoked || presented.generation > family.generation || now >= family.expires_at {
        return Decision::Refuse;
    }
    let is_newest = presented.generation == family.generation;
    match presented.first_used_at {
        None if is_newest && now >= family.idle_expires_at => Decision::Refuse,
        None if is_newest && family.rotates => Decision::Rotate,
        None if is_newest => Decision::Keep,
        Some(at) if !is_newest && now < at.saturating_add(GRACE) => {
            // The successor is unused as long as it is the newest.
            if presented.generation + 1 == family.generation { Decision::Repeat } else { Decision::Refuse }
        }
        _ => Decision::RevokeFamily,
    }
}

impl Family {
    /// The family after a decision, for a client whose refresh tokens live `idle` seconds unused. The absolute end stays.
    #[must_use]
    pub fn after(self, decision: Decision, now: i64, idle: i64) -> Self {
        let idle_expires_at = now.saturating_add(idle).min(self.expires_at);
        match decision {
            Decision::Rotate => Self { generation: self.generation + 1, idle_expires_at, ..self },
            Decision::Keep => Self { idle_expires_at, ..self },
            Decision::Repeat | Decision::Refuse => self,
            Decision::RevokeFamily => Self { is_revoked: true, ..self },
        }
    }
}

#[cfg(test)]
mod tests;
