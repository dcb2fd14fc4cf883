"""idpyoidc as a relying party that registers itself."""

import pytest
from idpyoidc.client.defaults import DEFAULT_OIDC_SERVICES
from idpyoidc.client.oidc.registration import Registration
from idpyoidc.client.rp_handler import RPHandler
from idpyoidc.message import oidc
from idpyoidc.message.oauth2 import OPTIONAL_LIST_OF_SP_SEP_STRINGS

from house import CALLBACK, ISSUER, Person, may_register, parameters


class Registered(oidc.RegistrationResponse):
    """The library's own takes `scope` for one word; RFC 7591 §2 has words with spaces between, and §3.2.1 all that hold."""

    c_param = oidc.RegistrationResponse.c_param | {"scope": OPTIONAL_LIST_OF_SP_SEP_STRINGS}


class Registers(Registration):
    response_cls = Registered


@pytest.fixture
def shop():
    may_register("open")
    client = {
        "client_type": "oidc",
        "issuer": ISSUER,
        "redirect_uris": [CALLBACK],
        "client_name": "Notes",
        "response_types_supported": ["code"],
        "scopes_supported": ["openid", "email"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        "services": DEFAULT_OIDC_SERVICES | {"registration": {"class": Registers}},
    }
    keys = {"key_defs": [{"type": "EC", "crv": "P-256", "use": ["sig"]}]}
    yield RPHandler(base_url="http://127.0.0.1", client_configs={ISSUER: client}, key_conf=keys)
    may_register("token")


def test_a_client_registers_and_a_person_signs_in(shop):
    person = Person()
    url = shop.begin(ISSUER, req_args={"scope": ["openid", "email"]})
    asked = parameters(url)
    assert asked["client_id"].startswith("cli_")
    registered = shop.issuer2rp[ISSUER].get_context().registration_response
    assert "offline_access" in registered["scope"], "every scope that holds is told, also where none was asked for"
    back = parameters(person.authorize(url))
    done = shop.finalize(ISSUER, back)
    assert done["userinfo"]["email"] == person.email
