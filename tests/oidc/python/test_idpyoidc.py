"""idpyoidc as a relying party."""

import pytest
from cryptojwt.key_jar import init_key_jar
from idpyoidc.client.defaults import DEFAULT_OIDC_SERVICES
from idpyoidc.client.exception import OidcServiceError, ResponseError
from idpyoidc.client.oauth2 import Client
from idpyoidc.client.rp_handler import RPHandler

from house import CALLBACK, ISSUER, SCOPE, SIGNED_OUT, Person, parameters, register

PKCE = {
    "function": "idpyoidc.client.oauth2.add_on.pkce.add_support",
    "kwargs": {"code_challenge_length": 64, "code_challenge_method": "S256"},
}
SERVICES = DEFAULT_OIDC_SERVICES | {
    "token_revocation": {"class": "idpyoidc.client.oauth2.token_revocation.TokenRevocation"},
    "introspection": {"class": "idpyoidc.client.oauth2.introspection.Introspection"},
    "end_session": {"class": "idpyoidc.client.oidc.end_session.EndSession"},
}


def relying_parties(method: str = "client_secret_basic") -> RPHandler:
    client_id, secret = register(token_endpoint_auth_method=method)
    client = {
        "client_id": client_id,
        "client_secret": secret,
        "client_type": "oidc",
        "redirect_uris": [CALLBACK],
        "post_logout_redirect_uris": [SIGNED_OUT],
        "issuer": ISSUER,
        "provider_info": {"issuer": ISSUER},
        "response_types_supported": ["code"],
        "scopes_supported": SCOPE.split(),
        "token_endpoint_auth_methods_supported": [method],
        "token_endpoint_auth_method": method,
        "client_authn_methods": [method, "bearer_header"],
        "services": SERVICES,
        "add_ons": {"pkce": PKCE},
    }
    # Without a word about keys the library writes some into the folder where it is.
    keys = {"key_defs": [{"type": "EC", "crv": "P-256", "use": ["sig"]}]}
    return RPHandler(base_url="http://127.0.0.1", client_configs={ISSUER: client}, key_conf=keys)


@pytest.fixture(scope="module")
def shop():
    return relying_parties()


def authorize(shop: RPHandler, person: Person) -> tuple[str, dict[str, str]]:
    """The state of a request, and what a person comes back with."""
    url = shop.begin(ISSUER, req_args={"scope": SCOPE.split()})
    asked = parameters(url)
    assert asked["code_challenge_method"] == "S256" and asked["nonce"]
    return asked["state"], parameters(person.authorize(url))




def ask(shop: RPHandler, service: str, token: str):
    """What an endpoint says of a token."""
    method = "client_secret_basic"
    return shop.issuer2rp[ISSUER].do_request(service, request_args={"token": token}, authn_method=method)


def revoke(shop: RPHandler, token: str) -> None:
    # The answer is empty, as RFC 7009 has it; the library takes that for a fault.
    with pytest.raises(ResponseError):
        ask(shop, "token_revocation", token)


def test_a_person_agrees_and_the_id_token_says_who_it_is(shop, jane):
    # The library asks for consent whenever it asks for offline_access.
    state, back = authorize(shop, jane)
    assert back["iss"] == ISSUER
    done = shop.finalize(ISSUER, back)
    assert (done["state"], done["id_token"]["iss"]) == (state, ISSUER)
    assert (done["id_token"]["sub"], done["userinfo"]["sub"]) == (jane.id, jane.id)
    assert (done["userinfo"]["email"], done["userinfo"]["given_name"]) == (jane.email, "Jane")


def test_an_answer_of_another_issuer_or_another_state_is_noticed(shop, jane):
    _, back = authorize(shop, jane)
    with pytest.raises(Exception, match="(?i)iss"):
        shop.finalize(ISSUER, back | {"iss": "https://id.example.com"})
    with pytest.raises(KeyError):
        shop.finalize(ISSUER, back | {"state": "other"})


def test_a_refresh_gives_new_tokens_of_the_same_person(shop, jane):
    state, back = authorize(shop, jane)
    first = shop.finalize(ISSUER, back)
    second = shop.refresh_access_token(state)
    assert second["access_token"] != first["token"] and second["refresh_token"]
    assert second["__verified_id_token"]["sub"] == jane.id
    assert shop.get_user_info(state)["sub"] == jane.id


def test_introspection_tells_of_tokens_until_they_are_revoked(shop, jane):
    state, back = authorize(shop, jane)
    access = shop.finalize(ISSUER, back)["token"]
    refresh = shop.issuer2rp[ISSUER].get_context().cstate.get_claim(state, "refresh_token")
    told = ask(shop, "introspection", access)
    assert (told["active"], told["sub"]) == (True, jane.id)
    assert ask(shop, "introspection", refresh)["active"]
    revoke(shop, refresh)
    assert not ask(shop, "introspection", access)["active"] and not ask(shop, "introspection", refresh)["active"]
    with pytest.raises(OidcServiceError, match="invalid_grant"):
        shop.refresh_access_token(state)


def test_a_replayed_code_is_refused_and_its_tokens_are_dead(shop, jane):
    state, back = authorize(shop, jane)
    access = shop.finalize(ISSUER, back)["token"]
    assert ask(shop, "introspection", access)["active"]
    with pytest.raises(OidcServiceError, match="invalid_grant"):
        shop.get_tokens(state)
    assert not ask(shop, "introspection", access)["active"]


def test_a_wrong_verifier_is_refused_and_uses_the_code_up(shop, jane):
    state, back = authorize(shop, jane)
    client = shop.issuer2rp[ISSUER]
    client.finalize_auth(back)
    kept = client.get_context().cstate
    right = kept.get_claim(state, "code_verifier")
    for verifier in ("w" * 64, right):
        kept.update(state, {"code_verifier": verifier})
        with pytest.raises(OidcServiceError, match="invalid_grant"):
            shop.get_tokens(state)


def test_signing_out_at_the_clients_wish_ends_the_session(shop):
    person = Person()
    state, back = authorize(shop, person)
    shop.finalize(ISSUER, back)
    assert person.is_signed_in()
    asked = shop.logout(state, post_logout_redirect_uri=SIGNED_OUT)
    assert person.visit(asked["url"]).startswith(SIGNED_OUT + "?state=")
    assert not person.is_signed_in()


def program(method: str, client_id: str, secret: str | None, keys=None, alg: str = "RS256") -> Client:
    services = {
        "client_credentials": {
            "class": "idpyoidc.client.oauth2.client_credentials.CCAccessTokenRequest",
            "kwargs": {"client_authn_methods": [method]},
        }
    }
    config = {"client_id": client_id, "client_secret": secret or "", "issuer": ISSUER, "base_url": "http://127.0.0.1"}
    made = Client(config=config, services=services, keyjar=keys)
    endpoint = f"{ISSUER}/oauth2/token"
    algorithms = {"token_endpoint_auth_signing_alg_values_supported": [alg]}
    made.get_context().provider_info = {"issuer": ISSUER, "token_endpoint": endpoint, **algorithms}
    made.get_service("client_credentials").endpoint = endpoint
    return made


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_a_program_gets_a_token_by_its_secret(method):
    client_id, secret = register("machine", token_endpoint_auth_method=method)
    got = program(method, client_id, secret).do_request("client_credentials", authn_method=method, request_args={})
    assert got["token_type"] == "Bearer" and got["access_token"]
    wrong = program(method, client_id, secret + "x")
    assert wrong.do_request("client_credentials", authn_method=method, request_args={})["error"] == "invalid_client"


@pytest.mark.parametrize(
    ("alg", "kind"), [("RS256", {"type": "RSA"}), ("PS256", {"type": "RSA"}), ("ES256", {"type": "EC", "crv": "P-256"})]
)
def test_a_program_gets_a_token_by_its_key(alg, kind):
    keys = init_key_jar(key_defs=[kind | {"use": ["sig"]}], issuer_id="")
    public = keys.export_jwks()
    client_id, _ = register("machine", token_endpoint_auth_method="private_key_jwt", jwks=public)

    def ask_for_token(**more) -> dict:
        return program("private_key_jwt", client_id, None, keys, alg).do_request(
            "client_credentials", authn_method="private_key_jwt", request_args={}, **more
        )

    assert ask_for_token(lifetime=60)["token_type"] == "Bearer"
    # Left to itself the library says it for ten minutes; five are the longest.
    assert ask_for_token()["error"] == "invalid_client"
