"""The keys that a server publishes, and the tokens it signs, as jwcrypto reads them."""

import json

import pytest
import requests
from jwcrypto import jwk, jws

from server import API_KEY

ALGORITHMS = {"RS256": "RSA", "ES256": "EC", "PS256": "RSA", "EdDSA": "OKP"}


def published(server):
    answer = requests.get(f"{server.url}/.well-known/jwks.json", timeout=10)
    assert answer.headers["Content-Type"] == "application/json"
    return jwk.JWKSet.from_json(answer.text)


def rotate(server, alg, emergency=False):
    headers = {"Authorization": f"Bearer {API_KEY}"}
    body = {"alg": alg, "emergency": emergency}
    answer = requests.post(f"{server.url}/v1/signing-keys:rotate", json=body, headers=headers, timeout=10)
    answer.raise_for_status()
    return answer.json()["signing_keys"]


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_each_key_is_published_under_its_thumbprint_and_without_its_private_half(server, alg):
    kids = [key["kid"] for key in rotate(server, alg) if key["alg"] == alg]
    keys = published(server)
    for kid in kids:
        key = keys.get_key(kid)
        assert key.thumbprint() == kid
        assert not key.has_private
        public = key.export_public(as_dict=True)
        assert (public["kty"], public["alg"], public["use"]) == (ALGORITHMS[alg], alg, "sig")
        if public["kty"] == "RSA":
            assert key.get_op_key("verify").key_size == 3072


def test_a_token_is_verified_by_the_published_key_until_that_is_removed(server):
    headers = {"Authorization": f"Bearer {server.register()}"}

    def token():
        answer = requests.post(f"{server.url}/v1/sessions:tokenize", headers=headers, timeout=10)
        return answer.json()["token"]

    def read(text):
        signed = jws.JWS()
        signed.allowed_algs = ["ES256"]
        signed.deserialize(text)
        key = published(server).get_key(signed.jose_header["kid"])
        if key is None:
            return None
        signed.verify(key)
        return json.loads(signed.payload)

    old = token()
    assert read(old)["iss"] == server.url
    rotate(server, "ES256", emergency=True)
    assert read(old) is None
    assert read(token())["iss"] == server.url
