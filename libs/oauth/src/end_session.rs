//! Sign-out that a client asks for (OpenID Connect RP-Initiated Logout, `contract/30` §10.2).

use crate::{OAuthError, response::appended};

/// A request, after its hint was verified: by our own keys, with no regard to its age.
#[derive(Clone, Copy, Debug)]
pub struct EndSession<'r> {
    /// `aud` and `sid` of `id_token_hint`, if one came.
    pub hint: Option<Hint<'r>>,
    /// `client_id`, if it came.
    pub client_id: Option<&'r str>,
    /// `post_logout_redirect_uri`, if it came.
    pub uri: Option<&'r str>,
    /// `state`.
    pub state: Option<&'r str>,
    /// Those that the client registered whom hint or `client_id` name.
    pub registered: &'r [String],
    /// The session of the browser, if there is one.
    pub session: Option<&'r str>,
}

/// What an ID token says that is a hint.
#[derive(Clone, Copy, Debug)]
pub struct Hint<'r> {
    /// The client whom it was given to.
    pub audience: &'r str,
    /// The session.
    pub sid: &'r str,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// End the browser's session, then go on.
    End(After),
    /// There is nothing to end: go on.
    Nothing(After),
    /// Ask the person; if they agree, end the browser's session and go on.
    Confirm(After),
}

/// Where to go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum After {
    /// To this URL.
    Redirect(String),
    /// To the page that says so.
    SignedOut,
}

/// What to do with a request. An error is a page of its own: nobody is redirected, nothing is ended.
pub fn judge(request: &EndSession<'_>) -> Result<Next, OAuthError> {
    if let (Some(hint), Some(client)) = (request.hint, request.client_id)
        && hint.audience != client
    {
        return Err(OAuthError::request("id_token_hint was given to another client"));
    }
    let after = match request.uri {
        None => After::SignedOut,
        Some(_) if request.hint.is_none() && request.client_id.is_none() => {
            return Err(OAuthError::request("post_logout_redirect_uri needs id_token_hint or client_id"));
        }
        Some(uri) if !request.registered.iter().any(|one| one == uri) => {
            return Err(OAuthError::request("post_logout_redirect_uri is not registered"));
        }
        Some(uri) => After::Redirect(match request.state {
            Some(state) => appended(uri, &[("state", state.to_owned())]),
            None => uri.to_owned(),
        }),
    };
    Ok(match (request.session, request.hint) {
        (Some(session), Some(hint)) if hint.sid == session => Next::End(after),
        (Some(_), _) => Next::Confirm(after),
        (None, _) => Next::Nothing(after),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_ends_at_once_for_its_own_hint_and_after_a_question_otherwise() {
        let registered = ["https://app.example.com/bye".to_owned()];
        let request = EndSession {
            hint: Some(Hint { audience: "cli_1", sid: "ses_1" }),
            client_id: None,
            uri: Some("https://app.example.com/bye"),
            state: Some("s"),
            registered: &registered,
            session: Some("ses_1"),
        };
        let bye = After::Redirect("https://app.example.com/bye?state=s".to_owned());
        assert_eq!(judge(&request), Ok(Next::End(bye.clone())));
        let other = EndSession { session: Some("ses_2"), ..request };
        assert_eq!(judge(&other), Ok(Next::Confirm(bye.clone())));
        assert_eq!(judge(&EndSession { session: None, ..request }), Ok(Next::Nothing(bye)));
        let bare = EndSession { hint: None, uri: None, ..request };
        assert_eq!(judge(&bare), Ok(Next::Confirm(After::SignedOut)));
    }

    /// RFC 9700 §4.11.
    #[test]
    fn sign_out_is_no_open_redirector() {
        let registered = ["https://app.example.com/bye".to_owned()];
        let request = EndSession {
            hint: None,
            client_id: Some("cli_1"),
            uri: Some("https://app.example.com/bye"),
            state: None,
            registered: &registered,
            session: None,
        };
        assert!(judge(&request).is_ok());
        assert!(judge(&EndSession { uri: Some("https://app.example.com/bye/"), ..request }).is_err());
        assert!(judge(&EndSession { client_id: None, ..request }).is_err());
        let foreign = Hint { audience: "cli_2", sid: "ses_1" };
        assert!(judge(&EndSession { hint: Some(foreign), ..request }).is_err());
    }
}
