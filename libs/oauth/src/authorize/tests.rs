//! Which requests are gone on with, and where the others end.

use super::*;
use crate::client::samples::web;

const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// A good request with one thing put in, replaced, or (`=-`) taken out.
fn query(change: &str) -> String {
    let mut params = vec![
        ("response_type", "code"),
        ("client_id", "cli_web"),
        ("redirect_uri", "https://app.example.com/cb"),
        ("scope", "openid profile"),
        ("state", "s1"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    if let Some((name, value)) = change.split_once('=') {
        params.retain(|(one, _)| *one != name);
        if value != "-" {
            params.push((name, value));
        }
    }
    params.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

fn judge_for(change: &str, client: &Client) -> Result<AuthorizationRequest, Refused> {
    let params = Params::parse(query(change).as_bytes()).unwrap();
    judge(&params, client, Channel::Front, |scope| ["openid", "profile", "email", "phone"].contains(&scope))
}

/// The error that goes back to the client.
fn redirected(change: &str) -> ErrorCode {
    match judge_for(change, &web()) {
        Err(Refused::Redirect(to, error)) => {
            assert_eq!(to.redirect_uri, "https://app.example.com/cb");
            error.code
        }
        other => panic!("{change}: {other:?}"),
    }
}

#[test]
fn a_good_request_is_read_whole() {
    let request = judge_for("max_age=60", &web()).unwrap();
    assert_eq!(request.return_to.state.as_deref(), Some("s1"));
    assert_eq!((request.scopes.to_string().as_str(), request.max_age), ("openid profile", Some(60)));
    assert!(request.redirect_uri_was_sent && request.code_challenge.is_some());
    let post = judge_for("response_mode=form_post", &web()).unwrap();
    assert_eq!(post.return_to.mode, ResponseMode::FormPost);
    assert_eq!(judge_for("organization=acme", &web()).unwrap().organization.as_deref(), Some("acme"));
    assert!(judge_for("display=popup", &web()).is_ok());
    assert!(judge_for("made_up=1", &web()).is_ok());
}

/// RFC 9700 §4.11: no open redirector.
#[test]
fn nobody_is_redirected_to_a_uri_that_is_not_the_clients() {
    for change in [
        "client_id=-",
        "client_id=cli_other",
        "redirect_uri=-",
        "redirect_uri=https://evil.example/cb",
        "redirect_uri=https://app.example.com/cb/",
        "redirect_uri=https://app.example.com/cb%3Fx=1",
    ] {
        assert!(matches!(judge_for(change, &web()), Err(Refused::Page(_))), "{change}");
    }
}

#[test]
fn what_is_wrong_otherwise_goes_back_to_the_client() {
    for (change, code) in [
        ("response_type=-", ErrorCode::InvalidRequest),
        ("response_type=token", ErrorCode::UnsupportedResponseType),
        ("response_type=code id_token", ErrorCode::UnsupportedResponseType),
        ("response_mode=fragment", ErrorCode::InvalidRequest),
        ("scope=openid phone", ErrorCode::InvalidScope),
        ("scope=profile made_up", ErrorCode::InvalidScope),
        ("code_challenge=-", ErrorCode::InvalidRequest),
        ("code_challenge_method=plain", ErrorCode::InvalidRequest),
        ("code_challenge_method=-", ErrorCode::InvalidRequest),
        ("prompt=none login", ErrorCode::InvalidRequest),
        ("max_age=soon", ErrorCode::InvalidRequest),
        ("max_age=-1", ErrorCode::InvalidRequest),
        ("claims=x", ErrorCode::InvalidRequest),
        ("resource=https://other.example", ErrorCode::InvalidTarget),
        ("dpop_jkt=short", ErrorCode::InvalidRequest),
        ("registration={}", ErrorCode::RegistrationNotSupported),
    ] {
        assert_eq!(redirected(change), code, "{change}");
    }
    let long = "x".repeat(STATE + 1);
    match judge_for(&format!("state={long}"), &web()) {
        Err(Refused::Redirect(to, error)) => {
            assert_eq!((to.state, error.code), (None, ErrorCode::InvalidRequest));
        }
        other => panic!("{other:?}"),
    }
}

/// RFC 9700 §2.1.2.
#[test]
fn there_is_no_implicit_grant() {
    for kind in ["token", "id_token", "id_token token", "code token"] {
        assert_eq!(redirected(&format!("response_type={kind}")), ErrorCode::UnsupportedResponseType);
    }
}

/// RFC 9700 §2.1.1.
#[test]
fn public_clients_need_pkce_whatever_they_registered() {
    let lenient = Client { require_pkce: false, ..web() };
    let params = query("code_challenge=-").replace("&code_challenge_method=S256", "");
    let params = Params::parse(params.as_bytes()).unwrap();
    assert!(judge(&params, &lenient, Channel::Front, |_| true).is_ok());
    let public = Client { kind: crate::ClientType::Spa, ..lenient };
    assert!(judge(&params, &public, Channel::Front, |_| true).is_err());
}

/// RFC 9126 §5, FAPI 2.0.
#[test]
fn a_client_that_must_push_its_requests_is_refused_at_the_front() {
    let pushing = Client { require_par: true, ..web() };
    assert!(matches!(judge_for("", &pushing), Err(Refused::Redirect(_, _))));
    let params = Params::parse(query("").as_bytes()).unwrap();
    assert!(judge(&params, &pushing, Channel::Pushed, |_| true).is_ok());
    let fapi = Client { profile: SecurityProfile::Fapi2, ..web() };
    assert!(judge(&params, &fapi, Channel::Pushed, |_| true).is_ok());
    let form_post = Params::parse(query("response_mode=form_post").as_bytes()).unwrap();
    assert!(judge(&form_post, &fapi, Channel::Pushed, |_| true).is_err());
}

#[test]
fn an_essential_acr_takes_the_place_of_the_wished_ones() {
    let text =
        "claims=%7B%22id_token%22:%7B%22acr%22:%7B%22essential%22:true,%22value%22:%22aal2%22%7D%7D%7D";
    let request = judge_for(text, &Client { default_acr_values: vec!["aal1".to_owned()], ..web() }).unwrap();
    assert_eq!(request.acr, AcrValue::list("aal2"));
}
