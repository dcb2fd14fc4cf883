//! What scopes and refusals are called.

use avnology_model::permissions::Scope;

/// What a scope lets a client do, to people.
pub(super) fn of_scope(name: &str) -> String {
    let words = match name {
        "openid" => "Know who you are",
        "profile" => "See your name and picture",
        "email" => "See your e-mail address",
        "address" => "See your postal address",
        "phone" => "See your phone number",
        "offline_access" => "Stay connected when you are not here",
        "organizations" => "See which organizations you belong to",
        "permissions" => "See what you may do in the organization",
        "groups" => "See your groups in the organization",
        "account:self" => "See and change your account",
        "privacy:self" => "Ask for a copy or the deletion of your data",
        "access:self" => "Ask for access, and approve for others",
        _ => match Scope::parse(name) {
            Some(scope) => return of_system(scope),
            None => return format!("Use “{name}”"),
        },
    };
    words.to_owned()
}

/// As in "Change members, in your name".
fn of_system(scope: Scope) -> String {
    let (area, verb) = scope.as_str().split_once(':').unwrap_or((scope.as_str(), "use"));
    let area = area.replace(['_', '.'], " ");
    match verb {
        "read" => format!("See {area}, as far as you may"),
        "write" => format!("Change {area}, as far as you may"),
        other => format!("For {area}: {other}, as far as you may"),
    }
}

/// Heading and sentences for an error of the protocol that no client can be told.
pub const fn refusal_words(error: &str) -> (&'static str, &'static str) {
    match error.as_bytes() {
        b"invalid_request" => (
            "This link does not work",
            "The application that sent you here made a mistake, or the page was open for too long. Your account is safe. \
             Go back to the application and try again.",
        ),
        _ => (
            "This did not work",
            "The application that sent you here asked for something that it may not have. Your account is safe.",
        ),
    }
}
