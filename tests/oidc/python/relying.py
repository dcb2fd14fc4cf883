"""A relying party without a library between it and the server: what is sent and what is answered, as they are."""

import base64
import json
import re
import time
import uuid
from html import unescape
from urllib.parse import urlencode

import requests
from joserfc import jwk, jwt
from joserfc.jws import JWSRegistry

from house import CALLBACK, ISSUER, SECONDS, SIGNED_OUT, Person, call, parameters

VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
SCOPES = ["openid", "profile", "email", "address", "phone", "offline_access"]
ANYTHING = JWSRegistry(algorithms=list(JWSRegistry.algorithms), strict_check_header=False)


def metadata() -> dict:
    return requests.get(f"{ISSUER}/.well-known/openid-configuration", timeout=SECONDS).json()


def read(token: str) -> jwt.Token:
    """A token of the server, verified by its published keys."""
    keys = requests.get(f"{ISSUER}/.well-known/jwks.json", timeout=SECONDS).json()
    algorithms = metadata()["id_token_signing_alg_values_supported"]
    return jwt.decode(token, jwk.KeySet.import_key_set(keys), algorithms=algorithms)


def signed(claims: dict, key: jwk.Key, alg: str, **header) -> str:
    return jwt.encode({"alg": alg, **header}, claims, key, registry=ANYTHING)


def unsigned(claims: dict, **header) -> str:
    """What no library signs willingly."""
    parts = [json.dumps(part).encode() for part in ({"alg": "none", **header}, claims)]
    return ".".join([base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts] + [""])


def member(page: str, name: str) -> str:
    """The value of a field of a form."""
    [value] = set(re.findall(rf'name="{name}" value="([^"]*)"', page))
    return unescape(value)


class Client:
    """A client that shows who it is by a secret, or by a key."""

    def __init__(self, key: jwk.Key | None = None, alg: str = "RS256", **settings) -> None:
        self.key, self.alg = key, alg
        body = {
            "name": "Suite",
            "type": "web",
            "first_party": True,
            "require_pkce": False,
            "scopes": SCOPES,
            "redirect_uris": [CALLBACK],
            "post_logout_redirect_uris": [SIGNED_OUT],
        }
        if key is not None:
            body |= {"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [key.as_dict(private=False)]}}
        self.keep(call("/v1/clients", body | settings))

    def keep(self, made: dict) -> None:
        self.id, self.secret = made.get("client_id", made.get("id")), made.get("client_secret")
        self.callback = next(iter(made["redirect_uris"]), None)
        self.made = made

    def request(self, **more: str | None) -> dict[str, str]:
        """An authorization request; `None` leaves a parameter out."""
        asked = {
            "client_id": self.id,
            "redirect_uri": self.callback,
            "response_type": "code",
            "scope": "openid",
            "state": "s" * 32,
            "nonce": "n" * 32,
        }
        return {name: value for name, value in {**asked, **more}.items() if value is not None}

    def url(self, asked: dict[str, str] | None = None, **more: str | None) -> str:
        return f"{ISSUER}/oauth2/auth?{urlencode(self.request(**more) if asked is None else asked)}"

    def front(self, person: Person, **more: str | None) -> requests.Response:
        """What a browser is answered that brings a request."""
        return person.browser.get(self.url(**more), allow_redirects=False, timeout=SECONDS)

    def authorize(self, person: Person, **more: str | None) -> dict[str, str]:
        """What comes back to the client."""
        back = parameters(person.authorize(self.url(**more)))
        assert back["iss"] == ISSUER, back
        assert back.get("state") == self.request(**more).get("state"), back
        return back

    def error(self, person: Person, **more: str | None) -> str:
        """The error that comes back at once."""
        answer = self.front(person, **more)
        assert answer.status_code == 303, answer.text
        back = parameters(answer.headers["Location"])
        assert answer.headers["Location"].startswith(self.callback) and "code" not in back, back
        assert set(back) <= {"error", "error_description", "error_uri", "state", "iss"}, back
        assert back.get("state") == self.request(**more).get("state"), back
        return back["error"]

    def page(self, person: Person, **more: str | None) -> str:
        """The page that says what is wrong, without sending anybody anywhere."""
        return self.page_at(person, self.url(**more))

    def page_at(self, person: Person, url: str) -> str:
        answer = person.browser.get(url, allow_redirects=False, timeout=SECONDS)
        assert (answer.status_code, "Location" in answer.headers) == (400, False), answer.headers
        return answer.text

    def assertion(self, **more) -> str:
        now = int(time.time())
        claims = {"iss": self.id, "sub": self.id, "aud": ISSUER, "jti": uuid.uuid4().hex, "iat": now, "exp": now + 60}
        claims = {name: value for name, value in {**claims, **more}.items() if value is not None}
        return signed(claims, self.key, self.alg)

    def post(
        self, path: str, form: dict, headers: dict | None = None, assertion: str | None = None
    ) -> requests.Response:
        headers = dict(headers or {})
        if self.key is not None:
            form = {**form, "client_assertion_type": BEARER, "client_assertion": assertion or self.assertion()}
        elif self.secret is not None and "client_secret" not in form:
            shown = base64.b64encode(f"{self.id}:{self.secret}".encode()).decode()
            headers["Authorization"] = f"Basic {shown}"
        return requests.post(ISSUER + path, data=form, headers=headers, timeout=SECONDS)

    def redeem(
        self, code: str, headers: dict | None = None, assertion: str | None = None, **more: str | None
    ) -> requests.Response:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": self.callback, **more}
        form = {name: value for name, value in form.items() if value is not None}
        return self.post("/oauth2/token", form, headers, assertion)

    def tokens(self, person: Person, **more: str | None) -> dict:
        answer = self.redeem(self.authorize(person, **more)["code"])
        assert answer.status_code == 200, answer.text
        assert (answer.headers["Cache-Control"], answer.headers["Pragma"]) == ("no-store", "no-cache"), answer.headers
        assert answer.headers["Content-Type"].startswith("application/json"), answer.headers
        tokens = answer.json()
        assert tokens["token_type"] == "Bearer" and tokens["expires_in"] > 0, tokens
        claims = read(tokens["id_token"])
        assert claims.header["kid"] and claims.claims["iss"] == ISSUER, claims
        assert claims.claims["aud"] == self.id, claims
        assert claims.claims.get("nonce") == self.request(**more).get("nonce"), claims
        return tokens

    def refresh(self, token: str, headers: dict | None = None, **more: str) -> requests.Response:
        return self.post("/oauth2/token", {"grant_type": "refresh_token", "refresh_token": token, **more}, headers)


def refused(answer: requests.Response, error: str, status: int = 400) -> None:
    assert (answer.status_code, answer.json().get("error")) == (status, error), answer.text
    assert answer.headers["Content-Type"].startswith("application/json"), answer.headers
    description = answer.json()["error_description"]
    assert description and all(" " <= letter <= "~" and letter not in '"\\' for letter in description), description


def userinfo(token: str) -> requests.Response:
    return requests.get(f"{ISSUER}/userinfo", headers={"Authorization": f"Bearer {token}"}, timeout=SECONDS)
