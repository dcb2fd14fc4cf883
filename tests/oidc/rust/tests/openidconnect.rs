//! The relying party `openidconnect` against a running server.

use oidc::{CALLBACK, Person, SIGNED_OUT, issuer, register, staying, web};
use openidconnect::{
    AccessToken, AccessTokenHash, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointMaybeSet,
    EndpointNotSet, EndpointSet, IntrospectionUrl, IssuerUrl, LogoutRequest, Nonce, OAuth2TokenResponse,
    PkceCodeChallenge, PkceCodeVerifier, PostLogoutRedirectUrl, ProviderMetadataWithLogout, RedirectUrl,
    Scope, TokenIntrospectionResponse, TokenResponse,
    core::{
        CoreAuthenticationFlow, CoreClient, CoreErrorResponseType, CoreIdTokenClaims, CoreRequestTokenError,
        CoreTokenResponse, CoreUserInfoClaims,
    },
};
use reqwest::{StatusCode, blocking::Client};
use serde_json::{Value, json};

type Found =
    CoreClient<EndpointSet, EndpointNotSet, EndpointSet, EndpointNotSet, EndpointMaybeSet, EndpointMaybeSet>;

/// An application, with what it has found out of the server.
struct Shop {
    client: Found,
    secret: String,
    metadata: ProviderMetadataWithLogout,
    http: Client,
}

/// What a person brought back, with what the application kept for it.
struct Came {
    code: String,
    verifier: PkceCodeVerifier,
    nonce: Nonce,
}

impl Shop {
    fn of(client: Value) -> Self {
        let http = staying();
        let metadata =
            ProviderMetadataWithLogout::discover(&IssuerUrl::new(issuer()).unwrap(), &http).unwrap();
        let (id, secret) = register(client);
        let client = CoreClient::from_provider_metadata(
            metadata.clone(),
            ClientId::new(id),
            Some(ClientSecret::new(secret.clone())),
        )
        .set_redirect_uri(RedirectUrl::new(CALLBACK.into()).unwrap())
        .set_introspection_url(IntrospectionUrl::new(issuer() + "/oauth2/introspect").unwrap());
        Self { client, secret, metadata, http }
    }

    fn new() -> Self {
        Self::of(web())
    }

    fn authorize(&self, jane: &Person) -> Came {
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let flow = CoreAuthenticationFlow::AuthorizationCode;
        let mut request = self.client.authorize_url(flow, CsrfToken::new_random, Nonce::new_random);
        for scope in ["profile", "email", "offline_access"] {
            request = request.add_scope(Scope::new(scope.into()));
        }
        let (address, state, nonce) = request.set_pkce_challenge(challenge).url();
        let back = jane.authorize(&address);
        assert_eq!(back["state"], *state.secret());
        assert_eq!(back["iss"], issuer());
        Came { code: back["code"].clone(), verifier, nonce }
    }

    fn redeem(
        &self,
        code: &str,
        verifier: PkceCodeVerifier,
    ) -> Result<CoreTokenResponse, CoreErrorResponseType> {
        let code = AuthorizationCode::new(code.into());
        let request = self.client.exchange_code(code).unwrap().set_pkce_verifier(verifier);
        request.request(&self.http).map_err(refusal)
    }

    /// The tokens of somebody's sign-in, and the nonce that their ID token must have.
    fn tokens(&self, jane: &Person) -> (CoreTokenResponse, Nonce) {
        let came = self.authorize(jane);
        (self.redeem(&came.code, came.verifier).unwrap(), came.nonce)
    }

    fn refresh(&self, tokens: &CoreTokenResponse) -> Result<CoreTokenResponse, CoreErrorResponseType> {
        let request = self.client.exchange_refresh_token(tokens.refresh_token().unwrap()).unwrap();
        request.request(&self.http).map_err(refusal)
    }

    fn info(&self, token: &AccessToken) -> Option<CoreUserInfoClaims> {
        self.client.user_info(token.clone(), None).unwrap().request(&self.http).ok()
    }

    fn is_active(&self, token: &str) -> bool {
        let token = AccessToken::new(token.into());
        self.client.introspect(&token).request(&self.http).unwrap().active()
    }

    /// By hand, since the library revokes over HTTPS only.
    fn revoke(&self, tokens: &CoreTokenResponse) {
        let request = self.http.post(issuer() + "/oauth2/revoke");
        let shown = request.basic_auth(self.client.client_id().as_str(), Some(&self.secret));
        let answer = shown.form(&[("token", tokens.refresh_token().unwrap().secret())]).send().unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
    }

    /// What the ID token says, verified by the published keys, and with it the access token.
    fn claims(&self, tokens: &CoreTokenResponse, nonce: &Nonce) -> CoreIdTokenClaims {
        let (read, verifier) = (tokens.id_token().unwrap(), self.client.id_token_verifier());
        let claims = read.claims(&verifier, nonce).unwrap();
        let hash = AccessTokenHash::from_token(
            tokens.access_token(),
            read.signing_alg().unwrap(),
            read.signing_key(&verifier).unwrap(),
        );
        assert_eq!(claims.access_token_hash(), Some(&hash.unwrap()));
        claims.clone()
    }
}

fn refusal<E: std::error::Error>(error: CoreRequestTokenError<E>) -> CoreErrorResponseType {
    match error {
        CoreRequestTokenError::ServerResponse(told) => told.error().clone(),
        other => panic!("not a refusal: {other}"),
    }
}

fn secret(tokens: &CoreTokenResponse) -> &str {
    tokens.access_token().secret()
}

#[test]
fn a_person_signs_in_and_the_id_token_says_who_it_is() {
    let (jane, shop) = (Person::new(), Shop::new());
    let (tokens, nonce) = shop.tokens(&jane);
    let claims = shop.claims(&tokens, &nonce);
    assert_eq!(claims.subject().as_str(), jane.id);
    assert_eq!(claims.email().unwrap().as_str(), jane.email);
    assert!(
        tokens.id_token().unwrap().claims(&shop.client.id_token_verifier(), &Nonce::new_random()).is_err()
    );
}

#[test]
fn id_tokens_can_be_signed_by_a_curve() {
    let mut client = web();
    client["id_token_signed_response_alg"] = json!("ES256");
    let (jane, shop) = (Person::new(), Shop::of(client));
    let (tokens, nonce) = shop.tokens(&jane);
    assert_eq!(shop.claims(&tokens, &nonce).subject().as_str(), jane.id);
}

#[test]
fn userinfo_tells_the_claims_of_the_scopes() {
    let (jane, shop) = (Person::new(), Shop::new());
    let (tokens, _) = shop.tokens(&jane);
    let told = shop.info(tokens.access_token()).unwrap();
    assert_eq!(told.subject().as_str(), jane.id);
    assert_eq!(told.email().unwrap().as_str(), jane.email);
    assert_eq!(told.email_verified(), Some(true));
}

#[test]
fn a_refresh_gives_new_tokens_of_the_same_person() {
    let (jane, shop) = (Person::new(), Shop::new());
    let (first, _) = shop.tokens(&jane);
    let second = shop.refresh(&first).unwrap();
    assert_ne!(secret(&second), secret(&first));
    assert_ne!(second.refresh_token().unwrap().secret(), first.refresh_token().unwrap().secret());
    assert_eq!(shop.info(second.access_token()).unwrap().subject().as_str(), jane.id);
}

#[test]
fn introspection_tells_of_tokens_until_they_are_revoked() {
    let (jane, shop) = (Person::new(), Shop::new());
    let (tokens, _) = shop.tokens(&jane);
    let told = shop.client.introspect(tokens.access_token()).request(&shop.http).unwrap();
    assert!(told.active());
    assert_eq!(told.sub(), Some(jane.id.as_str()));
    shop.revoke(&tokens);
    assert!(!shop.is_active(secret(&tokens)));
    assert!(!shop.is_active(tokens.refresh_token().unwrap().secret()));
    assert!(shop.info(tokens.access_token()).is_none());
    assert_eq!(shop.refresh(&tokens).unwrap_err(), CoreErrorResponseType::InvalidGrant);
}

#[test]
fn a_replayed_code_is_refused_and_its_tokens_are_dead() {
    let (jane, shop) = (Person::new(), Shop::new());
    let came = shop.authorize(&jane);
    let again = PkceCodeVerifier::new(came.verifier.secret().clone());
    let tokens = shop.redeem(&came.code, came.verifier).unwrap();
    assert!(shop.is_active(secret(&tokens)));
    assert_eq!(shop.redeem(&came.code, again).unwrap_err(), CoreErrorResponseType::InvalidGrant);
    assert!(!shop.is_active(secret(&tokens)));
    assert_eq!(shop.refresh(&tokens).unwrap_err(), CoreErrorResponseType::InvalidGrant);
}

#[test]
fn a_wrong_verifier_is_refused_and_uses_the_code_up() {
    let (jane, shop) = (Person::new(), Shop::new());
    let came = shop.authorize(&jane);
    let (_, wrong) = PkceCodeChallenge::new_random_sha256();
    assert_eq!(shop.redeem(&came.code, wrong).unwrap_err(), CoreErrorResponseType::InvalidGrant);
    assert_eq!(shop.redeem(&came.code, came.verifier).unwrap_err(), CoreErrorResponseType::InvalidGrant);
}

#[test]
fn a_machine_gets_a_token_by_its_own_secret() {
    let shop = Shop::of(json!({"name": "Robot", "type": "machine"}));
    let request = shop.client.exchange_client_credentials().unwrap();
    let tokens = request.request(&shop.http).map_err(refusal).unwrap();
    assert!(tokens.refresh_token().is_none() && tokens.id_token().is_none());
    let told = shop.client.introspect(tokens.access_token()).request(&shop.http).unwrap();
    assert_eq!(told.sub(), Some(shop.client.client_id().as_str()));
}

#[test]
fn signing_out_at_the_wish_of_the_client_ends_the_session() {
    let (jane, shop) = (Person::new(), Shop::new());
    let (tokens, _) = shop.tokens(&jane);
    assert!(jane.is_signed_in());
    let endpoint = shop.metadata.additional_metadata().end_session_endpoint.clone().unwrap();
    let request = LogoutRequest::from(endpoint)
        .set_id_token_hint(tokens.id_token().unwrap())
        .set_post_logout_redirect_uri(PostLogoutRedirectUrl::new(SIGNED_OUT.into()).unwrap())
        .set_state(CsrfToken::new("the-state".into()));
    let back = jane.visit(request.http_get_url().as_str());
    assert_eq!(back.as_str(), format!("{SIGNED_OUT}?state=the-state"));
    assert!(!jane.is_signed_in());
}
