//! What a client may be allowed to exchange.

use avnology_model::{
    FieldCode, FieldError,
    clients::{ClientSettings, GrantType},
};

use super::super::input::push;

/// Most audiences.
const MANY: usize = 100;
/// Most characters of one.
const CHARACTERS: usize = 2_048;

/// Notes what cannot be.
pub(in super::super) fn check(settings: &ClientSettings, errors: &mut Vec<FieldError>) {
    let exchange = &settings.token_exchange;
    if exchange.enabled && !settings.kind.is_confidential() {
        push(errors, "token_exchange.enabled", FieldCode::NotAllowed, "For clients that can keep a secret.");
    }
    if exchange.may_impersonate && !exchange.enabled {
        let why = "Where tokens are exchanged only.";
        push(errors, "token_exchange.may_impersonate", FieldCode::NotAllowed, why);
    }
    if let Some(n) = settings.grant_types.iter().position(|grant| *grant == GrantType::TokenExchange)
        && !exchange.enabled
    {
        let why = "Allowed by `token_exchange.enabled`.";
        push(errors, &format!("grant_types[{n}]"), FieldCode::NotAllowed, why);
    }
    if exchange.audiences.len() > MANY {
        push(errors, "token_exchange.audiences", FieldCode::TooLong, "At most 100.");
    }
    for (n, audience) in exchange.audiences.iter().enumerate() {
        let is_good = (1..=CHARACTERS).contains(&audience.len())
            && audience.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_good {
            let why = "A resource or a client, without spaces.";
            push(errors, &format!("token_exchange.audiences[{n}]"), FieldCode::InvalidFormat, why);
        }
    }
}
