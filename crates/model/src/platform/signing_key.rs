//! Keys that sign tokens (`contract/30` §13).

use crate::text::text_enum;

text_enum! {
    /// How we sign.
    pub enum SigningAlgorithm {
        /// RSASSA-PKCS1-v1_5 with SHA-256.
        Rs256 = "RS256",
        /// ECDSA on P-256 with SHA-256.
        Es256 = "ES256",
        /// RSASSA-PSS with SHA-256.
        Ps256 = "PS256",
        /// Ed25519.
        EdDsa = "EdDSA",
    }
}

impl SigningAlgorithm {
    /// Those that have a key from the first day; the others get theirs when somebody needs it.
    pub const ALWAYS: &'static [Self] = &[Self::Rs256, Self::Es256];
}

text_enum! {
    /// Where a key stands.
    pub enum SigningKeyState {
        /// Published, and signs from a time that is set.
        Next = "next",
        /// Signs.
        Active = "active",
        /// Signs no more, and is published for what it signed.
        Retiring = "retiring",
    }
}
