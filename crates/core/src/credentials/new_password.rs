//! Whether a password may be taken: long and strong enough, not breached, not used before.

use avnology_model::{Code, Error, Result, credentials::PasswordPolicy};
use secrecy::{ExposeSecret, SecretString};

use super::strength;
use crate::Tenant;

/// Checks a new password. `own_words` are the person's names and addresses, `former` the hashes of earlier passwords.
/// `_011` with the rules that failed, `_010`, `_024`.
pub(crate) async fn check_new_password(
    app: &Tenant,
    policy: &PasswordPolicy,
    password: &SecretString,
    own_words: &[String],
    former: &[String],
) -> Result<()> {
    let words: Vec<&str> = own_words.iter().map(String::as_str).collect();
    let problems = strength::problems(policy, password.expose_secret(), &words);
    if !problems.is_empty() {
        let error = Error::new(Code::PasswordWeak);
        return Err(problems.into_iter().fold(error, |e, p| e.with_field(p.field, p.code, p.message)));
    }
    if policy.breach_check && app.breaches.contains(password).await {
        return Err(Error::new(Code::PasswordBreached));
    }
    for phc in former {
        if app.hasher.verify(password, Some(phc.clone())).await?.matches {
            return Err(Error::new(Code::PasswordReused));
        }
    }
    Ok(())
}
