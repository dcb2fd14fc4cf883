//! Firebase Authentication: `firebase auth:export users.json --format=json`.

use clap::Args;
use serde_json::{Value, json};

use super::line::{Line, Refusal, flag, list, switched_off, text};

/// The hash parameters of the project, as its console shows them.
#[derive(Debug, Args)]
pub(in crate::cli) struct Parameters {
    /// `base64_signer_key`.
    #[arg(long, requires_all = ["salt_separator"])]
    signer_key: Option<String>,
    /// `base64_salt_separator`.
    #[arg(long)]
    salt_separator: Option<String>,
    /// `rounds`.
    #[arg(long, default_value_t = 8)]
    rounds: u32,
    /// `mem_cost`.
    #[arg(long, default_value_t = 14)]
    mem_cost: u32,
}

pub(super) fn line(record: &Value, parameters: &Parameters) -> Result<Line, Refusal> {
    if flag(record, "disabled") == Some(true) {
        return Err(switched_off());
    }
    let mut line = Line::default();
    line.set("external_id", text(record, "localId"));
    line.set("email", text(record, "email"));
    line.set("email_verified", flag(record, "emailVerified").filter(|_| text(record, "email").is_some()));
    // A number stands there only once it was proven.
    line.set("phone", text(record, "phoneNumber"));
    line.set("phone_verified", text(record, "phoneNumber").map(|_| true));
    line.set("display_name", text(record, "displayName"));
    line.picture(text(record, "photoUrl"));
    let claims: Option<Value> =
        text(record, "customAttributes").and_then(|claims| serde_json::from_str(claims).ok());
    line.metadata(None, claims.as_ref());
    if let Some(hash) = text(record, "passwordHash") {
        match (&parameters.signer_key, &parameters.salt_separator) {
            (Some(signer_key), Some(salt_separator)) => {
                let hash = json!({
                    "algorithm": "firebase-scrypt", "hash": hash, "salt": text(record, "salt").unwrap_or_default(),
                    "signer_key": signer_key, "salt_separator": salt_separator, "rounds": parameters.rounds,
                    "mem_cost": parameters.mem_cost,
                });
                line.set("password_hash", Some(hash));
            }
            _ => {
                return Err(
                    "it has a password: give --signer-key and --salt-separator of the project".to_owned()
                );
            }
        }
    }
    let providers = list(record, "providerUserInfo").filter_map(|one| text(one, "providerId"));
    line.note_providers(providers.filter(|id| !matches!(*id, "password" | "phone")));
    for factor in list(record, "mfaInfo") {
        line.note_factor(if factor.get("phoneInfo").is_some() { "SMS" } else { "authenticator app" });
    }
    Ok(line)
}
