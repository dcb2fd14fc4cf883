"""The server of these tests: its API, the clients that are registered there, and a person at a browser."""

import os
import re
import uuid
from urllib.parse import parse_qs, urljoin, urlsplit

import requests

ISSUER = os.environ["OIDC_ISSUER"]
AUTHORIZATION = {"Authorization": f"Bearer {os.environ['OIDC_API_KEY']}"}
PASSWORD = "violet-harbour-quilt-93"
CALLBACK = "http://127.0.0.1/callback"
SIGNED_OUT = "http://127.0.0.1/signed-out"
SCOPE = "openid profile email offline_access"
SECONDS = 30


def call(path: str, body: dict) -> dict:
    """Calls the API as a program with every right."""
    answer = requests.post(ISSUER + path, json=body, headers=AUTHORIZATION, timeout=SECONDS)
    assert answer.status_code == 201, answer.text
    return answer.json()


def register(kind: str = "web", **members) -> tuple[str, str | None]:
    """A client's id, and its secret if it has one."""
    body = {"name": "Shop", "type": kind, **members}
    if kind == "web":
        body |= {
            "first_party": True,
            "redirect_uris": [CALLBACK],
            "post_logout_redirect_uris": [SIGNED_OUT],
        }
    made = call("/v1/clients", body)
    return made["id"], made.get("client_secret")


def may_register(who: str) -> None:
    """Says which clients may register themselves."""
    answer = requests.patch(
        f"{ISSUER}/v1/tenant", json={"dynamic_registration": who}, headers=AUTHORIZATION, timeout=SECONDS
    )
    assert answer.status_code == 200, answer.text


def parameters(url: str) -> dict[str, str]:
    """The query of a URL."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


class Person:
    """Somebody with an account, and a browser of their own."""

    def __init__(self) -> None:
        self.email = f"jane.{uuid.uuid4().hex[:12]}@example.com"
        body = {
            "identity": {"email": self.email, "email_verified": True, "first_name": "Jane", "last_name": "Doe"},
            "initial_password": PASSWORD,
        }
        self.id = call("/v1/identities", body)["id"]
        self.browser = requests.Session()

    def change(self, members: dict) -> None:
        """Changes what is known of them."""
        url = f"{ISSUER}/v1/identities/{self.id}"
        answer = requests.patch(url, json={"identity": members}, headers=AUTHORIZATION, timeout=SECONDS)
        assert answer.status_code == 200, answer.text

    def visit(self, url: str) -> str:
        """Where a page leads to."""
        answer = self.browser.get(urljoin(ISSUER, url), allow_redirects=False, timeout=SECONDS)
        assert answer.status_code == 303, f"{answer.status_code} {answer.text}"
        return answer.headers["Location"]

    def authorize(self, url: str) -> str:
        """Follows a client's request, by the sign-in if need be, until it leads back to the client."""
        location = self.visit(url)
        if location.startswith("/sign-in?"):
            location = self.visit(self.sign_in(**parameters(location)))
        if location.startswith("/consent?"):
            location = self.visit(self.agree(location))
        assert location.startswith(CALLBACK + "?"), location
        return location

    def sign_in(self, **asked: str) -> str:
        """Where a sign-in leads to, of which these were asked."""
        opened = self.browser.get(f"{ISSUER}/v1/flows/login", params={"type": "browser", **asked}, timeout=SECONDS)
        ui = opened.json()["ui"]
        [token] = [node["attributes"]["value"] for node in ui["nodes"] if node["attributes"].get("name") == "csrf_token"]
        fields = {"identifier": self.email, "password": PASSWORD, "csrf_token": token}
        done = self.browser.post(
            ui["action"],
            json={"method": "password", "body": fields},
            headers={"Origin": ISSUER},
            timeout=SECONDS,
        )
        assert done.status_code == 200, done.text
        return done.json()["redirect_to"]

    def agree(self, page: str, *, yes: bool = True) -> str:
        """Where it leads to that somebody lets a client have what it asks for, or does not."""
        form = self.browser.get(urljoin(ISSUER, page), timeout=SECONDS)
        [token] = set(re.findall(r'name="csrf_token" value="([^"]+)"', form.text))
        scopes = re.findall(r'name="scope" value="([^"]+)"', form.text)
        accept, refuse = re.findall(r'name="decision" value="([^"]+)"', form.text)
        fields = {"csrf_token": token, "scope": scopes, **parameters(page), "decision": accept if yes else refuse}
        done = self.browser.post(
            f"{ISSUER}/consent", data=fields, headers={"Origin": ISSUER}, allow_redirects=False, timeout=SECONDS
        )
        assert done.status_code == 303, f"{done.status_code} {done.text}"
        return done.headers["Location"]

    def is_signed_in(self) -> bool:
        return self.browser.get(f"{ISSUER}/v1/sessions/whoami", timeout=SECONDS).status_code == 200
