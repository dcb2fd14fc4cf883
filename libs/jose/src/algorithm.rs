//! The signature algorithms (RFC 7518 §3.1). `none` and those with a shared secret are not among them.

/// How a key signs. Each key has one, and nothing that comes with a token can choose another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256.
    Es256,
}

impl Algorithm {
    /// The name in `alg`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
        }
    }
}

impl std::fmt::Display for Algorithm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
