"""The plans `oidcc-rp-initiated-logout-certification-test-plan` and `oidcc-backchannel-rp-initiated-logout-certification-test-plan` of
the OpenID Foundation's suite, one test a module (docs/conformance.md)."""

from urllib.parse import urlencode

import pytest
from joserfc import jwk

from house import ISSUER, SECONDS, SIGNED_OUT, Person, parameters
from relying import Client, member, metadata, read, signed

STATE = "x" * 128


@pytest.fixture(scope="module")
def client():
    return Client()


class Leaving:
    """Somebody who signed in and is sent to the end of the session."""

    def __init__(self, client: Client) -> None:
        self.client, self.person = client, Person()
        self.hint = client.tokens(self.person)["id_token"]

    def go(self, **asked: str):
        url = f"{metadata()['end_session_endpoint']}?{urlencode(asked)}"
        return self.person.browser.get(url, allow_redirects=False, timeout=SECONDS)

    def confirm(self, answer):
        """Says yes on the page that asks."""
        assert answer.status_code == 200, answer.text
        fields = {name: member(answer.text, name) for name in FIELDS if f'name="{name}"' in answer.text}
        url = f"{ISSUER}/oauth2/logout/confirm"
        assert '"/oauth2/logout/confirm"' in answer.text
        return self.person.browser.post(
            url, data=fields, headers={"Origin": ISSUER}, allow_redirects=False, timeout=SECONDS
        )

    def is_signed_in(self) -> bool:
        """As the suite asks, with `prompt=none`."""
        answer = self.client.front(self.person, prompt="none")
        back = parameters(answer.headers["Location"])
        assert "code" in back or back["error"] == "login_required", back
        return "code" in back


FIELDS = ["csrf_token", "id_token_hint", "client_id", "post_logout_redirect_uri", "state", "logout_hint"]


@pytest.fixture
def leaving(client):
    return Leaving(client)


def test_the_metadata_name_the_end_of_a_session():
    """oidcc-rp-initiated-logout-discovery-endpoint-verification, oidcc-backchannel-logout-discovery-endpoint-verification"""
    told = metadata()
    assert told["end_session_endpoint"].startswith(ISSUER)
    assert told["backchannel_logout_supported"] and told["backchannel_logout_session_supported"]


def test_a_sign_out_leads_back_with_the_state(leaving):
    """oidcc-rp-initiated-logout"""
    answer = leaving.go(id_token_hint=leaving.hint, post_logout_redirect_uri=SIGNED_OUT, state=STATE)
    assert answer.status_code == 303 and answer.headers["Location"] == f"{SIGNED_OUT}?state={STATE}"
    assert not leaving.is_signed_in()


def test_without_a_state_none_comes_back(leaving):
    """oidcc-rp-initiated-logout-no-state"""
    answer = leaving.go(id_token_hint=leaving.hint, post_logout_redirect_uri=SIGNED_OUT)
    assert answer.headers["Location"] == SIGNED_OUT
    assert not leaving.is_signed_in()


@pytest.mark.parametrize("address", [f"{SIGNED_OUT}/bad", f"{SIGNED_OUT}?foo=bar"])
def test_an_address_that_is_not_registered_is_not_gone_to(leaving, address):
    """oidcc-rp-initiated-logout-bad-post-logout-redirect-uri, oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri"""
    answer = leaving.go(id_token_hint=leaving.hint, post_logout_redirect_uri=address, state=STATE)
    assert (answer.status_code, "Location" in answer.headers) == (400, False)
    assert leaving.is_signed_in()


def test_a_hint_that_was_changed_is_refused(leaving):
    """oidcc-rp-initiated-logout-modified-id-token-hint, oidcc-rp-initiated-logout-bad-id-token-hint"""
    header, claims, signature = leaving.hint.split(".")
    changed = f"{header}.{claims}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"
    foreign = signed(read(leaving.hint).claims, jwk.RSAKey.generate_key(2048), "RS256")
    for hint in (changed, foreign, "nonsense"):
        answer = leaving.go(id_token_hint=hint, post_logout_redirect_uri=SIGNED_OUT, state=STATE)
        assert (answer.status_code, "Location" in answer.headers) == (400, False)
    assert leaving.is_signed_in()


def test_without_a_hint_nobody_is_sent_back(leaving):
    """oidcc-rp-initiated-logout-no-id-token-hint"""
    answer = leaving.go(post_logout_redirect_uri=SIGNED_OUT, state=STATE)
    assert not answer.headers.get("Location", "").startswith(SIGNED_OUT)
    assert leaving.is_signed_in()


def test_without_an_address_the_person_is_signed_out_here(leaving):
    """oidcc-rp-initiated-logout-no-post-logout-redirect-uri"""
    answer = leaving.go(id_token_hint=leaving.hint, state=STATE)
    assert not answer.headers.get("Location", "").startswith(SIGNED_OUT)
    assert not leaving.is_signed_in()


@pytest.mark.parametrize("asked", [{}, {"state": STATE}])
def test_without_anything_the_person_is_asked_and_signed_out(leaving, asked):
    """oidcc-rp-initiated-logout-no-params, oidcc-rp-initiated-logout-only-state"""
    answer = leaving.go(**asked)
    assert leaving.is_signed_in()
    done = leaving.confirm(answer)
    assert done.status_code == 200 and 'data-page="sign-out" data-state="done"' in done.text, done.text
    assert not leaving.is_signed_in()
