"""The plan `fapi2-security-profile-final-test-plan` of the OpenID Foundation's suite (`private_key_jwt`, `dpop`, `openid_connect`,
`unsigned`, `plain_response`), one test a module, and of `fapi2-message-signing-final-test-plan` what is about signed requests
(docs/conformance.md). Names of modules are without `fapi2-security-profile-final-`."""

import base64
import hashlib
import json
import time
import uuid

import pytest
import requests
from joserfc import jwk

from house import CALLBACK, ISSUER, SECONDS, Person, parameters
from relying import CHALLENGE, VERIFIER, Client, read, refused, signed, unsigned

TOKEN, PAR, USERINFO = f"{ISSUER}/oauth2/token", f"{ISSUER}/oauth2/par", f"{ISSUER}/userinfo"


def new_key(**more) -> jwk.ECKey:
    return jwk.ECKey.generate_key("P-256", parameters=more or None)


class Bank(Client):
    """A client that lives by FAPI 2.0, with a key that its tokens are bound to."""

    def __init__(self, key: jwk.Key | None = None, alg: str = "ES256", **settings) -> None:
        settings = {"security_profile": "fapi2", "require_pkce": True, "refresh_token_rotation": False, **settings}
        super().__init__(key or jwk.ECKey.generate_key("P-256", auto_kid=True), alg, **settings)
        self.holder, self.nonces, self.proves_by = new_key(), {}, "ES256"

    def proof(self, method: str, url: str, token: str | None = None, header: dict | None = None, **more) -> str:
        """A proof; `None` leaves a claim out."""
        claims = {"jti": uuid.uuid4().hex, "htm": method, "htu": url, "iat": int(time.time())}
        claims["nonce"] = self.nonces.get("it")
        if token is not None:
            claims["ath"] = base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).decode().rstrip("=")
        claims = {name: value for name, value in {**claims, **more}.items() if value is not None}
        header = {"typ": "dpop+jwt", "jwk": self.holder.as_dict(private=False), **(header or {})}
        header = {name: value for name, value in header.items() if value is not None}
        return signed(claims, self.holder, self.proves_by, **header)

    def told(self, answer: requests.Response) -> bool:
        """Whether an answer asks for a nonce, which is kept."""
        self.nonces["it"] = answer.headers.get("DPoP-Nonce", self.nonces.get("it"))
        return answer.status_code == 400 and answer.json().get("error") == "use_dpop_nonce"

    def pushed(self, proven: bool = False, assertion: str | None = None, **more: str | None) -> requests.Response:
        """A request is pushed."""
        asked = self.request(**{"code_challenge": CHALLENGE, "code_challenge_method": "S256", **more})
        headers = {"DPoP": self.proof("POST", PAR)} if proven else None
        answer = self.post("/oauth2/par", asked, headers, assertion)
        return self.pushed(proven, assertion, **more) if proven and self.told(answer) else answer

    def uri(self, **more) -> str:
        answer = self.pushed(**more)
        assert answer.status_code == 201, answer.text
        told = answer.json()
        assert told["expires_in"] > 0 and len(told["request_uri"]) > 60, told
        return told["request_uri"]

    def at_front(self, uri: str, **more: str) -> str:
        return self.url({"client_id": self.id, "request_uri": uri, **more})

    def page_of(self, person: Person, uri: str) -> None:
        """The page that says that a request is not good."""
        self.page_at(person, self.at_front(uri))

    def back(self, person: Person, uri: str | None = None, **more) -> dict[str, str]:
        back = parameters(person.authorize(self.at_front(uri or self.uri(**more))))
        assert back["iss"] == ISSUER and set(back) | {"state"} == {"code", "state", "iss"}, back
        return back

    def redeemed(self, code: str, assertion: str | None = None, **more) -> requests.Response:
        """A code is redeemed, with a proof by the key."""
        claims = more.pop("claims", {})
        headers = {"DPoP": self.proof("POST", TOKEN, **claims)}
        answer = self.redeem(code, headers, assertion, **{"code_verifier": VERIFIER, **more})
        return self.redeemed(code, None, claims=claims, **more) if self.told(answer) else answer

    def given(self, person: Person, **more) -> dict:
        answer = self.redeemed(self.back(person, **more)["code"])
        assert answer.status_code == 200, answer.text
        assert answer.json()["token_type"] == "DPoP"
        return answer.json()

    def refreshed(self, token: str, **more: str) -> requests.Response:
        answer = self.refresh(token, {"DPoP": self.proof("POST", TOKEN)}, **more)
        return self.refreshed(token, **more) if self.told(answer) else answer

    def call(self, token: str, scheme: str = "DPoP", url: str = USERINFO, **more) -> requests.Response:
        """A resource is called, with a proof."""
        answer = raw(scheme, token, self.proof("GET", url, token, **more), url)
        if answer.status_code == 401 and "use_dpop_nonce" in answer.headers["WWW-Authenticate"]:
            self.told(answer)
            answer = raw(scheme, token, self.proof("GET", url, token, **more), url)
        return answer


def raw(scheme: str, token: str, proof: str | None, url: str = USERINFO) -> requests.Response:
    headers = {"Authorization": f"{scheme} {token}"} | ({"DPoP": proof} if proof is not None else {})
    return requests.get(url, headers=headers, timeout=SECONDS)


@pytest.fixture(scope="module")
def bank():
    return Bank()


@pytest.fixture(scope="module")
def other():
    return Bank()


@pytest.fixture(scope="module")
def tokens(bank, jane):
    return bank.given(jane)


def test_the_metadata_name_what_the_profile_allows():
    """discovery-end-point-verification"""
    for path in ("openid-configuration", "oauth-authorization-server"):
        told = requests.get(f"{ISSUER}/.well-known/{path}", timeout=SECONDS).json()
        assert told["issuer"] == ISSUER and told["authorization_response_iss_parameter_supported"]
        for name in (
            "id_token_signing_alg_values_supported",
            "token_endpoint_auth_signing_alg_values_supported",
            "userinfo_signing_alg_values_supported",
            "dpop_signing_alg_values_supported",
        ):
            assert set(told[name]) & {"PS256", "ES256", "EdDSA"}, name
        assert "private_key_jwt" in told["token_endpoint_auth_methods_supported"]
        assert "S256" in told["code_challenge_methods_supported"] and "plain" not in told["code_challenge_methods_supported"]


def test_a_pushed_request_becomes_bound_tokens(bank, other, jane):
    """happy-flow, with both clients"""
    for client, state in ((bank, "s" * 32), (other, "s" * 128)):
        given = client.given(jane, state=state)
        claims = read(given["id_token"])
        assert claims.header["alg"] == "ES256" and claims.header["kid"]
        assert read(given["access_token"]).claims["cnf"]["jkt"] == client.holder.thumbprint()
        answer = client.call(given["access_token"])
        assert answer.status_code == 200 and answer.headers["Date"]
    assert other.call(bank.given(jane)["access_token"]).status_code == 401


def test_without_openid_there_is_no_id_token(jane):
    """happy-flow with `plain_oauth`"""
    client = Bank(scopes=["account:self"])
    given = client.given(jane, scope="account:self", nonce=None)
    assert "id_token" not in given
    assert client.call(given["access_token"], url=f"{ISSUER}/v1/me").json()["id"] == jane.id


def test_who_says_no_is_told_to_the_client(jane):
    """user-rejects-authentication"""
    client = Bank(first_party=False)
    page = jane.visit(client.at_front(client.uri()))
    assert page.startswith("/consent?")
    back = parameters(jane.agree(page, yes=False))
    assert (back["error"], back["state"], back["iss"]) == ("access_denied", "s" * 32, ISSUER)


def test_neither_state_nor_nonce_is_needed(bank, jane):
    """ensure-authorization-request-without-state-success, ensure-authorization-request-without-nonce-success"""
    assert "state" not in bank.back(jane, state=None)
    assert "nonce" not in read(bank.given(jane, nonce=None)["id_token"]).claims


@pytest.mark.parametrize("length", [64, 384])
def test_a_long_nonce_comes_back_whole(bank, jane, length):
    """ensure-authorization-request-with-64-char-nonce-success, ensure-authorization-request-with-long-nonce"""
    assert read(bank.given(jane, nonce="n" * length)["id_token"]).claims["nonce"] == "n" * length


def test_a_long_state_comes_back_whole(bank, jane):
    """ensure-authorization-request-with-long-state"""
    assert bank.back(jane, state="s" * 1000)["state"] == "s" * 1000


def test_the_order_of_scopes_says_nothing(bank, jane):
    """ensure-other-scope-order-succeeds"""
    assert set(bank.given(jane, scope="email openid")["scope"].split()) == {"openid", "email"}


def test_claims_are_asked_for_by_name(bank, jane):
    """test-claims-parameter-identity-claims"""
    both = {"email": None, "name": {"essential": True}, "given_name": {"value": "Jane"}, "nobody_knows": None}
    given = bank.given(jane, claims=json.dumps({"id_token": both, "userinfo": both}))
    for told in (read(given["id_token"]).claims, bank.call(given["access_token"]).json()):
        assert (told["email"], told["name"], told["given_name"]) == (jane.email, "Jane Doe", "Jane")
        assert "nobody_knows" not in told


def test_the_scheme_is_read_in_any_case(bank, tokens):
    """access-token-type-header-case-sensitivity"""
    assert bank.call(tokens["access_token"], "dPOp").status_code == 200


def test_a_proof_may_say_until_when_it_is_good(bank, jane):
    """check-dpop-proof-nbf-exp"""
    now = int(time.time())
    times = {"nbf": now, "exp": now + 300}
    answer = bank.redeemed(bank.back(jane)["code"], claims=times)
    assert answer.status_code == 200, answer.text
    assert bank.call(answer.json()["access_token"], **times).status_code == 200


@pytest.mark.parametrize("shift", [-10, 8])
def test_clocks_differ_by_seconds(bank, jane, shift):
    """ensure-dpopproof-with-iat-10seconds-before-succeeds, ensure-dpopproof-with-iat-10seconds-after-succeeds"""
    then = int(time.time()) + shift
    answer = bank.redeemed(bank.back(jane, proven=True)["code"], claims={"iat": then})
    assert answer.status_code == 200, answer.text
    assert bank.call(answer.json()["access_token"], iat=int(time.time()) + shift).status_code == 200


def test_a_thumbprint_agrees_with_the_proof_beside_it(bank):
    """ensure-mismatched-dpop-jkt-fails"""
    answer = bank.pushed(proven=True, dpop_jkt=new_key().thumbprint())
    assert answer.status_code == 400 and answer.json()["error"] in {"invalid_request", "invalid_dpop_proof"}


@pytest.mark.parametrize("way", ["proof", "thumbprint"])
def test_a_code_goes_to_the_key_that_it_is_bound_to_alone(jane, way):
    """ensure-token-endpoint-fails-with-mismatched-dpop-proof-jkt, ensure-token-endpoint-fails-with-mismatched-dpop-jkt,
    ensure-dpop-proof-at-par-endpoint-binding-success, ensure-dpop-auth-code-binding-success"""
    client = Bank()
    bound = {"proven": True} if way == "proof" else {"dpop_jkt": client.holder.thumbprint()}
    assert client.redeemed(client.back(jane, **bound)["code"]).status_code == 200
    code = client.back(jane, **bound)["code"]
    client.holder = new_key()
    refused(client.redeemed(code), "invalid_grant")


def test_what_stands_outside_is_not_read(bank, jane):
    """state-only-outside-request-object-not-used, ensure-different-state-inside-and-outside-request-object,
    ensure-different-nonce-inside-and-outside-request-object, par-without-duplicate-parameters"""
    back = parameters(jane.authorize(bank.at_front(bank.uri(state=None), state="outside")))
    assert "code" in back and "state" not in back
    back = parameters(jane.authorize(bank.at_front(bank.uri(), state="outside", nonce="outside")))
    assert back["state"] == "s" * 32
    assert read(bank.redeemed(back["code"]).json()["id_token"]).claims["nonce"] == "n" * 32


def test_a_pushed_request_says_where_it_goes_back_to(bank):
    """ensure-request-object-without-redirect-uri-fails, ensure-redirect-uri-in-authorization-request"""
    refused(bank.pushed(redirect_uri=None), "invalid_request")


def test_nobody_is_sent_where_no_client_is(bank):
    """ensure-registered-redirect-uri, plain-fapi-tolerate-unregistered-redirect-uri"""
    refused(bank.pushed(redirect_uri=f"{CALLBACK}/other"), "invalid_request")


def test_what_is_not_pushed_is_refused(bank, jane):
    """ensure-unsigned-authorization-request-without-using-par-fails"""
    asked = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    assert bank.error(jane, **asked) == "invalid_request"


@pytest.mark.parametrize("kind", ["code id_token", "token"])
def test_there_are_codes_alone(bank, kind):
    """ensure-response-type-code-idtoken-fails, ensure-response-type-token-fails"""
    answer = bank.pushed(response_type=kind)
    assert answer.status_code == 400 and answer.json()["error"] in {"unsupported_response_type", "invalid_request"}


def test_a_client_cannot_pose_as_another(bank, other, jane):
    """ensure-client-id-in-token-endpoint"""
    code = bank.back(jane)["code"]
    foreign = bank.assertion(iss=other.id, sub=other.id)
    refused(bank.redeemed(code, foreign, client_id=other.id), "invalid_client", 401)
    assert bank.redeemed(code).status_code == 200


def test_tokens_go_to_who_holds_a_key_alone(bank, jane):
    """ensure-holder-of-key-required"""
    code = bank.back(jane)["code"]
    answer = bank.redeem(code, code_verifier=VERIFIER)
    assert answer.status_code == 400
    assert answer.json()["error"] in {"invalid_request", "invalid_grant", "invalid_dpop_proof"}
    assert bank.redeemed(code).status_code == 200


def test_a_code_is_its_clients_alone(bank, other, jane):
    """ensure-authorization-code-is-bound-to-client"""
    code = bank.back(jane)["code"]
    refused(other.redeemed(code), "invalid_grant")
    assert bank.redeemed(code).status_code == 200


def test_a_code_that_comes_again_is_refused_and_ends_what_came_of_it(bank, jane):
    """attempt-reuse-authorization-code-after-one-second"""
    code = bank.back(jane)["code"]
    token = bank.redeemed(code).json()["access_token"]
    time.sleep(1)
    refused(bank.redeemed(code), "invalid_grant")
    assert bank.call(token).status_code == 401


def test_an_assertion_by_rs256_is_refused(jane):
    """ensure-signed-client-assertion-with-RS256-fails"""
    key = jwk.RSAKey.generate_key(2048, auto_kid=True)
    client = Bank(key, "PS256")
    code = client.back(jane)["code"]
    client.alg = "RS256"
    refused(client.redeemed(code), "invalid_client", 401)
    client.alg = "PS256"
    assert client.redeemed(code).status_code == 200


def test_a_client_shows_who_it_is(bank, jane):
    """ensure-client-assertion-in-token-endpoint"""
    code = bank.back(jane)["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
    bare = requests.post(TOKEN, data=form | {"client_id": bank.id}, headers={"DPoP": bank.proof("POST", TOKEN)}, timeout=SECONDS)
    refused(bare, "invalid_client", 401)


@pytest.mark.parametrize(
    "wrong",
    [
        {"exp": int(time.time()) - 300},
        {"aud": "https://other.example.com/"},
        {"sub": None},
        {"sub": "other"},
        {"iss": "other"},
        {"jti": None},
        {"exp": None},
    ],
    ids=["exp", "aud", "no-sub", "sub", "iss", "no-jti", "no-exp"],
)
def test_an_assertion_that_is_not_right_is_refused(bank, jane, wrong):
    """ensure-client-assertion-with-exp-is-5-minutes-in-past-fails, ensure-client-assertion-with-wrong-aud-fails,
    ensure-client-assertion-with-no-sub-fails"""
    refused(bank.redeemed(bank.back(jane)["code"], bank.assertion(**wrong)), "invalid_client", 401)


@pytest.mark.parametrize("audience", [[PAR], PAR, TOKEN, [ISSUER]], ids=["array", "par", "token", "issuer-in-array"])
def test_the_audience_of_an_assertion_is_the_issuer_as_a_text(bank, audience):
    """par-endpoint-as-array-audience-fails, par-endpoint-as-audience-fails, par-token-endpoint-as-audience-fails"""
    refused(bank.pushed(assertion=bank.assertion(aud=audience)), "invalid_client", 401)


def test_an_assertion_may_be_of_a_clock_that_is_ahead_by_seconds(bank):
    """par-ensure-jwt-client-assertion-with-iat-nbf-8-seconds-in-the-future-is-accepted,
    par-ensure-jwt-client-assertion-with-iat-nbf-over-60-seconds-in-the-future-fails"""
    for shift, status in ((8, 201), (65, 401)):
        then = int(time.time()) + shift
        shown = bank.assertion(iat=then, nbf=then, exp=then + 60)
        assert bank.pushed(assertion=shown).status_code == status


def header_of(token: str) -> dict:
    return json.loads(base64.urlsafe_b64decode(token.split(".")[0] + "=="))


def recoded(token: str, **more) -> str:
    """A token whose header is changed and whose signature is not."""
    header = {name: value for name, value in {**header_of(token), **more}.items() if value is not None}
    head = base64.urlsafe_b64encode(json.dumps(header).encode()).decode().rstrip("=")
    return ".".join([head, *token.split(".")[1:]])


NEGATIVE = {
    "not a token": lambda bank, token: ".".join(bank.proof("GET", USERINFO, token).split(".")[:2]),
    "no typ": lambda bank, token: bank.proof("GET", USERINFO, token, {"typ": None}),
    "another typ": lambda bank, token: bank.proof("GET", USERINFO, token, {"typ": "dpop+jwt+wrongyousee"}),
    "no alg": lambda bank, token: recoded(bank.proof("GET", USERINFO, token), alg=None, alg2="ES256"),
    "no jwk": lambda bank, token: bank.proof("GET", USERINFO, token, {"jwk": None}),
    "a private jwk": lambda bank, token: bank.proof("GET", USERINFO, token, {"jwk": bank.holder.as_dict(private=True)}),
    "no jti": lambda bank, token: bank.proof("GET", USERINFO, token, jti=None),
    "no htm": lambda bank, token: bank.proof("GET", USERINFO, token, htm=None),
    "another htm": lambda bank, token: bank.proof("PUT", USERINFO, token),
    "no htu": lambda bank, token: bank.proof("GET", USERINFO, token, htu=None),
    "another htu": lambda bank, token: bank.proof("GET", f"{USERINFO}ohnonotagain", token),
    "no iat": lambda bank, token: bank.proof("GET", USERINFO, token, iat=None),
    "no ath": lambda bank, token: bank.proof("GET", USERINFO),
    "another ath": lambda bank, token: bank.proof("GET", USERINFO, token + "x"),
    "no signature": lambda bank, token: unsigned(
        {"jti": uuid.uuid4().hex, "htm": "GET", "htu": USERINFO, "iat": int(time.time())}, typ="dpop+jwt"
    ),
    "a wrong signature": lambda bank, token: bank.proof("GET", USERINFO, token)[:-8] + "AAAAAAAA",
    "an hour ago": lambda bank, token: bank.proof("GET", USERINFO, token, iat=int(time.time()) - 3600),
    "in an hour": lambda bank, token: bank.proof("GET", USERINFO, token, iat=int(time.time()) + 3600),
    "two proofs": lambda bank, token: ",".join(bank.proof("GET", USERINFO, token) for _ in "ab"),
    "none": lambda bank, token: None,
}


@pytest.mark.parametrize("name", NEGATIVE)
def test_a_proof_that_is_not_right_opens_nothing(bank, tokens, name):
    """dpop-negative-tests: what must fail at a resource"""
    token = tokens["access_token"]
    assert bank.call(token).status_code == 200
    assert raw("DPoP", token, NEGATIVE[name](bank, token)).status_code == 401
    assert bank.call(token).status_code == 200


POSITIVE = {
    "a query": {"htu": f"{USERINFO}?allthedoors#programmed"},
    "capitals": {"htu": USERINFO.replace("http://127", "HTTP://127")},
    "more claims": {"tx_id_key": 1},
    "a header": {"header": {"tx_id": 1}},
}


@pytest.mark.parametrize("name", POSITIVE)
def test_a_proof_may_be_spelt_in_other_ways(bank, tokens, name):
    """dpop-negative-tests: what must not fail"""
    assert bank.call(tokens["access_token"], **POSITIVE[name]).status_code == 200


def test_a_proof_is_good_once_and_of_the_key_of_its_token(bank, tokens):
    """dpop-negative-tests: reuse, another key, `Bearer`"""
    token = tokens["access_token"]
    assert bank.call(token).status_code == 200
    proof = bank.proof("GET", USERINFO, token)
    assert [raw("DPoP", token, proof).status_code for _ in "ab"] == [200, 401]
    assert raw("Bearer", token, None).status_code == 401
    thief = Bank()
    thief.nonces = bank.nonces
    assert raw("DPoP", token, thief.proof("GET", USERINFO, token)).status_code == 401
    assert bank.call(token).status_code == 200


def test_a_proof_by_rs256_is_refused(jane):
    """dpop-negative-tests with a key of RSA"""

    client = Bank()
    client.holder, client.proves_by = jwk.RSAKey.generate_key(2048), "PS256"
    token = client.given(jane)["access_token"]
    assert client.call(token).status_code == 200
    client.proves_by = "RS256"
    assert client.call(token).status_code == 401


def test_a_refresh_token_stays_and_goes_with_any_proven_key(bank, other, jane):
    """refresh-token"""
    asked = {"scope": "openid email offline_access", "prompt": "consent"}
    first = bank.given(jane, **asked)
    time.sleep(1)
    held, bank.holder = bank.holder, new_key()
    answer = bank.refreshed(first["refresh_token"], scope=asked["scope"])
    assert answer.status_code == 200, answer.text
    second = answer.json()
    assert second["token_type"] == "DPoP" and second.get("refresh_token", first["refresh_token"]) == first["refresh_token"]
    assert bank.call(second["access_token"]).status_code == 200
    before, after = (read(one["id_token"]).claims for one in (first, second))
    assert all(before[name] == after[name] for name in ("iss", "sub", "aud", "auth_time"))
    bank.holder = held
    bare = bank.refresh(first["refresh_token"])
    assert bare.status_code == 400 and bare.json()["error"] in {"invalid_request", "invalid_grant", "invalid_client"}
    theirs = other.given(jane, **asked)["refresh_token"]
    refused(bank.refreshed(theirs), "invalid_grant")


def test_a_request_uri_that_was_looked_at_is_still_good(bank):
    """par-ensure-reused-request-uri-prior-to-auth-completion-succeeds"""
    person, uri = Person(), bank.uri()
    for _ in "ab":
        assert person.visit(bank.at_front(uri)).startswith("/sign-in?")
    assert "code" in bank.back(person, uri)


def test_a_request_uri_is_used_up_by_its_code(bank, jane):
    """par-attempt-reuse-request_uri"""
    uri = bank.uri()
    assert "code" in bank.back(jane, uri)
    bank.page_of(jane, uri)


def test_a_request_uri_is_its_clients_alone(bank, other, jane):
    """par-attempt-to-use-request_uri-for-different-client"""
    other.page_of(jane, bank.uri())


def test_no_request_uri_is_pushed(bank):
    """par-authorization-request-containing-request_uri-form-param"""
    refused(bank.pushed(request_uri="urn:ietf:params:oauth:request_uri:none"), "invalid_request")


def test_a_request_is_pushed_by_post(bank):
    """par-attempt-invalid-http-method"""
    answer = requests.put(PAR, data=bank.request(), timeout=SECONDS)
    assert answer.status_code == 405


def test_a_challenge_is_needed_and_hashed(bank):
    """par-pkce-required, par-plain-pkce-rejected"""
    refused(bank.pushed(code_challenge=None, code_challenge_method=None), "invalid_request")
    refused(bank.pushed(code_challenge=VERIFIER, code_challenge_method="plain"), "invalid_request")
    refused(bank.pushed(code_challenge=VERIFIER, code_challenge_method=None), "invalid_request")


@pytest.mark.parametrize("verifier", [None, "w" * 43])
def test_the_verifier_is_needed_and_the_right_one(bank, jane, verifier):
    """par-pkce-code-verifier-required, par-incorrect-pkce-code-verifier-rejected"""
    answer = bank.redeemed(bank.back(jane)["code"], code_verifier=verifier)
    assert answer.status_code == 400 and answer.json()["error"] in {"invalid_grant", "invalid_request"}, answer.text


def wrapped(bank: Bank, key: jwk.Key | None = None, alg: str = "ES256", **more) -> requests.Response:
    """A request is pushed that was signed."""
    now = int(time.time())
    claims = bank.request(code_challenge=CHALLENGE, code_challenge_method="S256")
    claims |= {"iss": bank.id, "aud": ISSUER, "nbf": now, "exp": now + 300, **more}
    claims = {name: value for name, value in claims.items() if value is not None}
    asked = unsigned(claims) if alg == "none" else signed(claims, key or bank.key, alg)
    return bank.post("/oauth2/par", {"client_id": bank.id, "request": asked})


@pytest.mark.parametrize("more", [{}, {"aud": [ISSUER, "https://other.example.com"]}, {"nbf": int(time.time()) + 8}])
def test_a_signed_request_is_taken(bank, jane, more):
    """ensure-server-accepts-request-object-with-multiple-aud, ensure-request-object-with-nbf-8-seconds-in-the-future-is-accepted"""
    answer = wrapped(bank, **more)
    assert answer.status_code == 201, answer.text
    assert "code" in bank.back(jane, answer.json()["request_uri"])


NOW = int(time.time())


@pytest.mark.parametrize(
    "more",
    [
        {"exp": None},
        {"nbf": None},
        {"exp": NOW - 300},
        {"aud": "https://other.example.com"},
        {"exp": NOW + 4200},
        {"nbf": NOW - 4200},
        {"alg": "none"},
        {"key": new_key()},
        {"request_uri": "urn:ietf:params:oauth:request_uri:none"},
    ],
    ids=["no-exp", "no-nbf", "over", "aud", "exp-over-60", "nbf-over-60", "none", "key", "request_uri"],
)
def test_a_signed_request_that_is_not_right_is_refused(bank, more):
    """ensure-request-object-without-exp-fails, -without-nbf-fails, ensure-expired-request-object-fails,
    ensure-request-object-with-bad-aud-fails, -with-exp-over-60-fails, -with-nbf-over-60-fails,
    ensure-request-object-signature-algorithm-is-not-none, ensure-request-object-with-invalid-signature-fails,
    ensure-matching-key-in-authorization-request, par-authorization-request-containing-request_uri"""
    refused(wrapped(bank, **more), "invalid_request_object")


def test_a_request_signed_by_rs256_is_refused(jane):
    """ensure-signed-request-object-with-RS256-fails"""
    client = Bank(jwk.RSAKey.generate_key(2048, auto_kid=True), "PS256")
    refused(wrapped(client, alg="RS256"), "invalid_request_object")
    assert wrapped(client, alg="PS256").status_code == 201


def test_a_program_gets_a_token_that_is_bound():
    """fapi2-security-profile-final-client-credentials-grant-test-plan: happy-flow, ensure-holder-of-key-required"""
    program = Bank(type="machine", first_party=False, redirect_uris=[], post_logout_redirect_uris=[], scopes=[])
    form = {"grant_type": "client_credentials"}
    bare = program.post("/oauth2/token", form)
    assert bare.status_code == 400 and bare.json()["error"] == "invalid_dpop_proof", bare.text
    for _ in "ab":
        answer = program.post("/oauth2/token", form, {"DPoP": program.proof("POST", TOKEN)})
        program.told(answer)
    assert answer.status_code == 200, answer.text
    assert answer.json()["token_type"] == "DPoP" and "refresh_token" not in answer.json()
