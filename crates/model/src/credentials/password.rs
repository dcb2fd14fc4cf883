//! Rules for passwords and the cost of their hash.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{FieldCode, FieldError};

/// What a new password must satisfy (`contract/00` §14).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PasswordPolicy {
    /// Least number of characters, 8–128.
    pub min_length: u32,
    /// Largest number of characters, 64–1024.
    pub max_length: u32,
    /// Least strength by zxcvbn, 0–4.
    pub min_score: u8,
    /// Whether passwords known from breaches are refused.
    pub breach_check: bool,
    /// How many earlier passwords may not come back, 0–24.
    pub history: u32,
    /// After how many days a password must be changed, 30–730; never when absent.
    pub max_age_days: Option<u32>,
    /// Whether the person's own names and addresses are refused inside the password.
    pub forbid_identifiers: bool,
}

impl Default for PasswordPolicy {
    fn default() -> Self {
        Self {
            min_length: 8,
            max_length: 256,
            min_score: 2,
            breach_check: true,
            history: 5,
            max_age_days: None,
            forbid_identifiers: true,
        }
    }
}

impl PasswordPolicy {
    /// Values out of their ranges, with fields below `prefix`.
    pub fn problems(&self, prefix: &str) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let mut range = |name: &str, value: u32, low: u32, high: u32| {
            if value < low || value > high {
                let code = if value < low { FieldCode::TooSmall } else { FieldCode::TooLarge };
                let message = format!("Between {low} and {high}.");
                errors.push(FieldError { field: format!("{prefix}.{name}"), code, message });
            }
        };
        range("min_length", self.min_length, 8, 128);
        range("max_length", self.max_length, 64, 1024);
        range("min_score", u32::from(self.min_score), 0, 4);
        range("history", self.history, 0, 24);
        if let Some(days) = self.max_age_days {
            range("max_age_days", days, 30, 730);
        }
        errors
    }
}

/// Cost of an Argon2id hash (RFC 9106 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArgonCost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Number of passes.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl ArgonCost {
    /// What the contract asks for in production: 64 MiB, 3 passes, 4 lanes (`contract/00` §5).
    pub const PRODUCTION: Self = Self { memory_kib: 64 * 1024, passes: 3, lanes: 4 };

    /// The least that Argon2 takes, for tests.
    pub const CHEAPEST: Self = Self { memory_kib: 8, passes: 1, lanes: 1 };
}
