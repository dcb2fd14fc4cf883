"""The plan `oidcc-basic-certification-test-plan` of the OpenID Foundation's suite, one test a module, and its sisters for
form post and configuration (docs/conformance.md)."""

import time
from html.parser import HTMLParser

import pytest
import requests

from house import ISSUER, SECONDS, Person
from relying import CHALLENGE, VERIFIER, Client, metadata, read, refused, unsigned, userinfo

TRAITS = {
    "middle_name": "Q.",
    "nickname": "janey",
    "profile": "https://people.example.com/jane",
    "website": "https://jane.example.com",
    "gender": "female",
    "birthdate": "1990-02-28",
    "address": {"formatted": "1 Harbour Street", "country": "GB"},
}
SCOPES = {
    "profile": {
        "name",
        "given_name",
        "family_name",
        "middle_name",
        "nickname",
        "preferred_username",
        "profile",
        "picture",
        "website",
        "gender",
        "birthdate",
        "zoneinfo",
        "locale",
        "updated_at",
    },
    "email": {"email", "email_verified"},
    "address": {"address"},
    "phone": {"phone_number", "phone_number_verified"},
}


@pytest.fixture(scope="module")
def client():
    return Client()


@pytest.fixture(scope="module")
def full():
    """Somebody of whom everything is known that there is a claim for."""
    person = Person()
    more = {
        "username": f"jane-{person.id[-8:]}",
        "phone": f"+4420{int(person.id[-6:], 36) % 10**8:08}",
        "phone_verified": True,
        "avatar_url": "https://people.example.com/jane.png",
        "locale": "en-GB",
        "timezone": "Europe/London",
        "traits": TRAITS,
    }
    person.change(more)
    return person


def auth_time(tokens: dict) -> int:
    return read(tokens["id_token"]).claims["auth_time"]


def test_a_code_becomes_tokens_by_which_userinfo_answers(client, jane):
    """oidcc-server"""
    tokens = client.tokens(jane)
    claims = read(tokens["id_token"]).claims
    assert 0 <= time.time() - claims["iat"] < 60 < claims["exp"] - claims["iat"]
    assert userinfo(tokens["access_token"]).json()["sub"] == claims["sub"] == jane.id


def test_without_a_response_type_the_client_is_told(client, jane):
    """oidcc-response-type-missing"""
    assert client.error(jane, response_type=None) in {"invalid_request", "unsupported_response_type"}


def test_the_id_token_is_signed_by_a_published_key_that_it_names(client, jane):
    """oidcc-idtoken-signature"""
    header = read(client.tokens(jane)["id_token"]).header
    keys = requests.get(metadata()["jwks_uri"], timeout=SECONDS).json()["keys"]
    [key] = [key for key in keys if key["kid"] == header["kid"]]
    assert (key["alg"], key["use"], header["alg"]) == ("RS256", "sig", "RS256")


def test_no_id_token_goes_unsigned():
    """oidcc-idtoken-unsigned: left out by the suite, because the metadata do not name `none`."""
    assert "none" not in metadata()["id_token_signing_alg_values_supported"]


@pytest.mark.parametrize("way", ["get", "post-header", "post-body"])
def test_userinfo_takes_the_token_in_three_ways(client, jane, way):
    """oidcc-userinfo-get, oidcc-userinfo-post-header, oidcc-userinfo-post-body"""
    token = client.tokens(jane)["access_token"]
    header = {"Authorization": f"Bearer {token}"}
    url = metadata()["userinfo_endpoint"]
    if way == "get":
        answer = requests.get(url, headers=header, timeout=SECONDS)
    elif way == "post-header":
        answer = requests.post(url, headers=header, timeout=SECONDS)
    else:
        answer = requests.post(url, data={"access_token": token}, timeout=SECONDS)
    assert answer.status_code == 200 and answer.headers["Content-Type"].startswith("application/json")
    assert answer.json()["sub"] == jane.id


def test_a_request_needs_no_nonce(client, jane):
    """oidcc-ensure-request-without-nonce-succeeds-for-code-flow"""
    assert "nonce" not in read(client.tokens(jane, nonce=None)["id_token"]).claims


@pytest.mark.parametrize("scope", SCOPES)
def test_a_scope_tells_its_claims_and_no_others(client, full, scope):
    """oidcc-scope-profile, oidcc-scope-email, oidcc-scope-address, oidcc-scope-phone"""
    tokens = client.tokens(full, scope=f"openid {scope}")
    assert set(userinfo(tokens["access_token"]).json()) == {"sub"} | SCOPES[scope]


def test_all_scopes_tell_all_their_claims_in_the_types_of_the_standard(client, full):
    """oidcc-scope-all"""
    told = userinfo(client.tokens(full, scope="openid profile email address phone")["access_token"]).json()
    assert set(told) == {"sub"}.union(*SCOPES.values())
    types = {"email_verified": bool, "phone_number_verified": bool, "updated_at": int, "address": dict}
    for name, value in told.items():
        assert type(value) is types.get(name, str), (name, value)
    assert {name: told[name] for name in TRAITS} == TRAITS


def test_the_order_of_scopes_says_nothing(client, full):
    """oidcc-ensure-other-scope-order-succeeds"""
    one, other = (
        userinfo(client.tokens(full, scope=scope)["access_token"]).json() for scope in ("email openid", "openid email")
    )
    assert one == other


@pytest.mark.parametrize("display", ["page", "popup"])
def test_a_wish_for_a_display_harms_nothing(client, jane, display):
    """oidcc-display-page, oidcc-display-popup"""
    client.tokens(jane, display=display)


def test_people_sign_in_again_when_the_client_wants_it(client):
    """oidcc-prompt-login"""
    person = Person()
    first = auth_time(client.tokens(person))
    assert client.front(person, prompt="login").headers["Location"].startswith("/sign-in?")
    time.sleep(1.1)
    assert auth_time(client.tokens(person, prompt="login")) > first


def test_nobody_is_signed_in_in_silence(client):
    """oidcc-prompt-none-not-logged-in"""
    assert client.error(Person(), prompt="none") == "login_required"


def test_who_is_signed_in_is_not_asked(client, jane):
    """oidcc-prompt-none-logged-in"""
    first = read(client.tokens(jane)["id_token"]).claims
    assert client.front(jane, prompt="none").headers["Location"].startswith(client.callback)
    second = read(client.tokens(jane, prompt="none")["id_token"]).claims
    assert (first["sub"], first["auth_time"]) == (second["sub"], second["auth_time"])


def test_a_sign_in_that_is_too_old_is_made_again(client):
    """oidcc-max-age-1"""
    person = Person()
    first = auth_time(client.tokens(person))
    time.sleep(2)
    assert client.front(person, max_age="1").headers["Location"].startswith("/sign-in?")
    second = auth_time(client.tokens(person, max_age="1"))
    assert first < second and time.time() - second < 60


def test_a_sign_in_that_is_recent_enough_stands(client, jane):
    """oidcc-max-age-10000"""
    first = auth_time(client.tokens(jane))
    assert client.front(jane, max_age="10000").headers["Location"].startswith(client.callback)
    assert auth_time(client.tokens(jane, max_age="10000")) == first


def test_what_nobody_understands_is_passed_over(client, jane):
    """oidcc-ensure-request-with-unknown-parameter-succeeds"""
    client.tokens(jane, extra="foobar")


def test_a_hint_of_the_same_person_is_fine_in_silence(client, jane):
    """oidcc-id-token-hint"""
    hint = client.tokens(jane)["id_token"]
    second = client.tokens(jane, prompt="none", id_token_hint=hint)
    assert read(second["id_token"]).claims["sub"] == jane.id


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("login_hint", "buffy@localhost"),
        ("ui_locales", "se"),
        ("claims_locales", "se"),
        ("acr_values", "1 2"),
    ],
)
def test_hints_and_wishes_that_cannot_be_met_harm_nothing(client, name, value):
    """oidcc-login-hint, oidcc-ui-locales, oidcc-claims-locales, oidcc-ensure-request-with-acr-values-succeeds"""
    client.tokens(Person(), **{name: value})


def test_a_code_that_comes_again_is_refused(client, jane):
    """oidcc-codereuse"""
    code = client.authorize(jane)["code"]
    assert client.redeem(code).status_code == 200
    refused(client.redeem(code), "invalid_grant")


def test_a_code_that_comes_again_later_ends_what_came_of_it(client, jane):
    """oidcc-codereuse-30seconds: half a minute changes nothing (crates/api/tests/oauth/code_flow.rs, by its clock)."""
    code = client.authorize(jane)["code"]
    token = client.redeem(code).json()["access_token"]
    assert userinfo(token).status_code == 200
    refused(client.redeem(code), "invalid_grant")
    assert userinfo(token).status_code == 401


def test_nobody_is_sent_where_no_client_is(client, jane):
    """oidcc-ensure-registered-redirect-uri"""
    client.page(jane, redirect_uri=client.callback + "/other")


def test_a_request_may_be_posted(client, jane):
    """oidcc-ensure-post-request-succeeds"""
    client.tokens(jane)
    posted = jane.browser.post(f"{ISSUER}/oauth2/auth", data=client.request(), allow_redirects=False, timeout=SECONDS)
    assert posted.status_code == 303
    assert "code=" in jane.authorize(posted.headers["Location"])


def test_the_secret_may_come_in_the_form(jane):
    """oidcc-server-client-secret-post"""
    client = Client(token_endpoint_auth_method="client_secret_post")
    answer = client.redeem(client.authorize(jane)["code"], client_id=client.id, client_secret=client.secret)
    assert answer.status_code == 200, answer.text
    refused(client.redeem(client.authorize(jane)["code"]), "invalid_client", 401)


def test_requests_that_nobody_signed_are_refused(client, jane):
    """oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported,
    oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported: left out by the suite, because the metadata do
    not name `none`."""
    assert "none" not in metadata()["request_object_signing_alg_values_supported"]
    asked = unsigned({**client.request(), "iss": client.id, "aud": ISSUER})
    client.page(jane, redirect_uri=None, request=asked)


def test_a_claim_is_told_where_it_was_asked_for(client, full):
    """oidcc-claims-essential"""
    tokens = client.tokens(full, claims='{"userinfo": {"name": {"essential": true}}}')
    assert userinfo(tokens["access_token"]).json()["name"] == "Jane Doe"
    assert "name" not in read(tokens["id_token"]).claims


def test_a_refresh_token_is_its_clients_alone(client, jane):
    """oidcc-refresh-token"""
    asked = {"scope": "openid offline_access", "prompt": "consent"}
    first = client.tokens(jane, **asked)
    answer = client.refresh(first["refresh_token"], scope=asked["scope"])
    assert answer.status_code == 200, answer.text
    second = answer.json()
    assert userinfo(second["access_token"]).status_code == 200
    before, after = (read(tokens["id_token"]).claims for tokens in (first, second))
    assert all(before[name] == after[name] for name in ("iss", "sub", "aud", "azp", "auth_time"))
    other = Client().tokens(jane, **asked)
    refused(client.refresh(other["refresh_token"]), "invalid_grant")


def test_a_challenge_may_be_sent(client, jane):
    """oidcc-ensure-request-with-valid-pkce-succeeds"""
    code = client.authorize(jane, code_challenge=CHALLENGE, code_challenge_method="S256")["code"]
    assert client.redeem(code, code_verifier=VERIFIER).status_code == 200


class Form(HTMLParser):
    """The form of a page that sends itself."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.form, self.fields = {}, {}
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "form":
            self.form = attrs
        if tag == "input":
            self.fields[attrs["name"]] = attrs["value"]


def test_an_answer_may_come_by_a_form(client, jane):
    """oidcc-formpost-basic-certification-test-plan: the modules above with `response_mode=form_post`"""
    client.tokens(jane)
    answer = client.front(jane, response_mode="form_post")
    assert answer.status_code == 200 and answer.headers["Cache-Control"] == "no-store"
    sent = Form(answer.text)
    assert (sent.form["method"].lower(), sent.form["action"]) == ("post", client.callback)
    assert set(sent.fields) == {"code", "state", "iss"} and sent.fields["iss"] == ISSUER
    assert client.redeem(sent.fields["code"]).status_code == 200


def test_an_error_may_come_by_a_form(client):
    """oidcc-prompt-none-not-logged-in and oidcc-response-type-missing with `response_mode=form_post`"""
    sent = Form(client.front(Person(), response_mode="form_post", prompt="none").text)
    assert (sent.fields["error"], sent.form["action"]) == ("login_required", client.callback)
    sent = Form(client.front(Person(), response_mode="form_post", response_type=None).text)
    assert (sent.fields["error"], sent.form["action"]) == ("invalid_request", client.callback)


def test_the_metadata_say_what_they_must():
    """oidcc-discovery-endpoint-verification (`oidcc-config-certification-test-plan`)"""
    answer = requests.get(f"{ISSUER}/.well-known/openid-configuration", timeout=SECONDS)
    assert answer.status_code == 200 and answer.headers["Content-Type"].startswith("application/json")
    told = answer.json()
    assert told["issuer"] == ISSUER
    for name in ("response_types_supported", "grant_types_supported", "code_challenge_methods_supported"):
        assert told[name] and all(isinstance(one, str) for one in told[name]), name
    assert "code" in told["response_types_supported"] and "public" in told["subject_types_supported"]
    assert "openid" in told["scopes_supported"] and told["claims_supported"]
    assert all(scope.isascii() and not set(scope) & set(' "\\') for scope in told["scopes_supported"])
    for name in ("id_token_signing_alg_values_supported", "request_object_signing_alg_values_supported"):
        assert "RS256" in told[name]
    endpoints = [name for name in told if name.endswith("_endpoint")] + ["jwks_uri"]
    assert {"authorization_endpoint", "token_endpoint", "userinfo_endpoint"} <= set(endpoints)
    # By https where the issuer is: the server of these tests is at http.
    assert all(told[name].startswith(ISSUER) for name in endpoints)
    keys = requests.get(told["jwks_uri"], timeout=SECONDS).json()["keys"]
    assert all(key["kid"] and not {"d", "p", "q", "k"} & set(key) for key in keys)
    assert len({key["kid"] for key in keys}) == len(keys)
    assert all("=" not in value for key in keys for value in map(str, key.values()))
