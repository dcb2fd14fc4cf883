"""Authlib as a relying party, with joserfc for what is signed."""

import time

import pytest
import requests
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from authlib.oidc.core import CodeIDToken
from authlib.oidc.discovery import OpenIDProviderMetadata
from joserfc import jwk, jwt

from house import CALLBACK, ISSUER, SCOPE, SIGNED_OUT, Person, parameters, register

VERIFIER, STATE, NONCE = "v" * 48, "the-state", "the-nonce"


@pytest.fixture(scope="module")
def metadata():
    return requests.get(f"{ISSUER}/.well-known/openid-configuration", timeout=10).json()


class Shop:
    """A relying party."""

    def __init__(self, metadata: dict, method: str = "client_secret_basic") -> None:
        client_id, secret = register(token_endpoint_auth_method=method)
        self.metadata = metadata
        self.session = OAuth2Session(
            client_id,
            secret,
            token_endpoint_auth_method=method,
            revocation_endpoint_auth_method=method,
            scope=SCOPE,
            redirect_uri=CALLBACK,
            code_challenge_method="S256",
            token_endpoint=metadata["token_endpoint"],
        )

    def authorize(self, person: Person, **more: str) -> str:
        """The URL that a person comes back with."""
        url, _ = self.session.create_authorization_url(
            self.metadata["authorization_endpoint"], state=STATE, nonce=NONCE, code_verifier=VERIFIER, **more
        )
        return person.authorize(url)

    def redeem(self, back: str, verifier: str = VERIFIER) -> dict:
        return self.session.fetch_token(authorization_response=back, state=STATE, code_verifier=verifier)

    def tokens(self, person: Person) -> dict:
        return self.redeem(self.authorize(person))

    def claims(self, tokens: dict, **expected: str) -> CodeIDToken:
        """The claims of an ID token, verified."""
        keys = jwk.KeySet.import_key_set(requests.get(self.metadata["jwks_uri"], timeout=10).json())
        algorithms = self.metadata["id_token_signing_alg_values_supported"]
        read = jwt.decode(tokens["id_token"], keys, algorithms=algorithms)
        options = {"iss": {"values": [ISSUER]}, "aud": {"values": [self.session.client_id]}}
        checks = {"client_id": self.session.client_id, "access_token": tokens["access_token"], **expected}
        claims = CodeIDToken(read.claims, read.header, options, checks)
        claims.validate()
        return claims

    def info(self) -> requests.Response:
        return self.session.get(self.metadata["userinfo_endpoint"])

    def is_active(self, token: str) -> bool:
        answer = self.session.introspect_token(self.metadata["introspection_endpoint"], token=token)
        return answer.json()["active"]


@pytest.fixture(scope="module")
def shop(metadata):
    return Shop(metadata)


class ForAMinute(PrivateKeyJWT):
    """Says who the client is for a minute."""

    def sign(self, auth, token_endpoint):
        self.claims = {"exp": int(time.time()) + 60}
        return super().sign(auth, token_endpoint)


def refusal(act, *arguments) -> str:
    with pytest.raises(OAuthError) as refused:
        act(*arguments)
    return refused.value.error


def test_the_metadata_are_valid(metadata):
    assert metadata["issuer"] == ISSUER
    # Authlib takes addresses by https alone; nothing else of the document is changed.
    document = {
        name: value.replace("http://", "https://") if isinstance(value, str) else value
        for name, value in metadata.items()
    }
    AuthorizationServerMetadata(document).validate()
    OpenIDProviderMetadata(document).validate()
    pages = requests.get(f"{ISSUER}/.well-known/oauth-authorization-server", timeout=10).json()
    assert pages == metadata


def test_a_person_signs_in_and_the_id_token_says_who_it_is(shop, jane):
    back = shop.authorize(jane)
    assert (parameters(back)["state"], parameters(back)["iss"]) == (STATE, ISSUER)
    tokens = shop.redeem(back)
    assert (tokens["token_type"], tokens["scope"]) == ("Bearer", SCOPE)
    claims = shop.claims(tokens, nonce=NONCE)
    assert (claims["sub"], claims["email"], claims.header["alg"]) == (jane.id, jane.email, "RS256")
    assert claims["at_hash"]


def test_userinfo_tells_the_claims_of_the_scopes(shop, jane):
    shop.tokens(jane)
    told = shop.info().json()
    assert (told["sub"], told["email"], told["email_verified"]) == (jane.id, jane.email, True)
    assert (told["given_name"], told["family_name"]) == ("Jane", "Doe")


def test_a_refresh_gives_new_tokens_of_the_same_person(shop, jane):
    first = dict(shop.tokens(jane))
    second = shop.session.refresh_token()
    assert second["refresh_token"] != first["refresh_token"]
    assert second["access_token"] != first["access_token"]
    assert shop.claims(second)["sub"] == jane.id
    assert shop.info().status_code == 200


def test_introspection_tells_of_tokens_until_they_are_revoked(shop, jane):
    tokens = shop.tokens(jane)
    told = shop.session.introspect_token(
        shop.metadata["introspection_endpoint"], token=tokens["access_token"], token_type_hint="access_token"
    ).json()
    assert (told["active"], told["sub"], told["client_id"]) == (True, jane.id, shop.session.client_id)
    assert shop.is_active(tokens["refresh_token"])
    answer = shop.session.revoke_token(shop.metadata["revocation_endpoint"], token=tokens["refresh_token"])
    assert answer.status_code == 200
    assert not shop.is_active(tokens["refresh_token"]) and not shop.is_active(tokens["access_token"])
    assert shop.info().status_code == 401
    assert refusal(shop.session.refresh_token) == "invalid_grant"


def test_a_replayed_code_is_refused_and_its_tokens_are_dead(shop, jane):
    back = shop.authorize(jane)
    tokens = dict(shop.redeem(back))
    assert shop.info().status_code == 200
    assert refusal(shop.redeem, back) == "invalid_grant"
    assert shop.info().status_code == 401
    assert not shop.is_active(tokens["access_token"]) and not shop.is_active(tokens["refresh_token"])


def test_a_wrong_verifier_is_refused_and_uses_the_code_up(shop, jane):
    back = shop.authorize(jane)
    assert refusal(shop.redeem, back, "w" * 48) == "invalid_grant"
    assert refusal(shop.redeem, back) == "invalid_grant"


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_a_program_gets_a_token_by_its_secret(metadata, method):
    client_id, secret = register("machine", token_endpoint_auth_method=method)
    session = OAuth2Session(client_id, secret, token_endpoint_auth_method=method)
    token = session.fetch_token(metadata["token_endpoint"], grant_type="client_credentials")
    assert token["token_type"] == "Bearer" and "refresh_token" not in token
    assert session.introspect_token(metadata["introspection_endpoint"], token=token["access_token"]).json()["active"]
    wrong = OAuth2Session(client_id, secret + "x", token_endpoint_auth_method=method)
    assert refusal(lambda: wrong.fetch_token(metadata["token_endpoint"], grant_type="client_credentials")) == (
        "invalid_client"
    )


@pytest.mark.parametrize(
    ("alg", "key"),
    [
        ("RS256", jwk.RSAKey.generate_key(2048, auto_kid=True)),
        ("PS256", jwk.RSAKey.generate_key(2048, auto_kid=True)),
        ("ES256", jwk.ECKey.generate_key("P-256", auto_kid=True)),
    ],
    ids=["RS256", "PS256", "ES256"],
)
def test_a_program_gets_a_token_by_its_key(metadata, alg, key):
    public = key.as_dict(private=False)
    client_id, secret = register(
        "machine", token_endpoint_auth_method="private_key_jwt", jwks={"keys": [{**public, "alg": alg}]}
    )
    assert secret is None
    session = OAuth2Session(client_id, key, token_endpoint_auth_method="private_key_jwt")
    session.register_client_auth_method(PrivateKeyJWT(metadata["token_endpoint"], alg=alg))
    # Left to itself Authlib says it for an hour; five minutes are the longest.
    assert refusal(lambda: session.fetch_token(metadata["token_endpoint"], grant_type="client_credentials")) == (
        "invalid_client"
    )
    session.register_client_auth_method(ForAMinute(metadata["token_endpoint"], alg=alg))
    token = session.fetch_token(metadata["token_endpoint"], grant_type="client_credentials")
    assert session.introspect_token(metadata["introspection_endpoint"], token=token["access_token"]).json()["active"]


def test_signing_out_at_the_clients_wish_ends_the_session(shop, metadata):
    person = Person()
    tokens = shop.tokens(person)
    assert person.is_signed_in()
    asked = requests.Request(
        "GET",
        metadata["end_session_endpoint"],
        params={"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": SIGNED_OUT, "state": STATE},
    ).prepare()
    assert person.visit(asked.url) == f"{SIGNED_OUT}?state={STATE}"
    assert not person.is_signed_in()
