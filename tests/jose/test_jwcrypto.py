"""jwcrypto beside libs/jose: each reads what the other writes, and neither takes what was changed."""

import json
import os
import random
import subprocess

import pytest
from jwcrypto import jwe, jwk, jws
from jwcrypto.common import json_encode

BINARY = os.environ["JOSE_LINES"]
SIGNING = {
    "ES256": lambda: jwk.JWK.generate(kty="EC", crv="P-256"),
    "ES384": lambda: jwk.JWK.generate(kty="EC", crv="P-384"),
    "RS256": lambda: jwk.JWK.generate(kty="RSA", size=2048),
    "PS256": lambda: jwk.JWK.generate(kty="RSA", size=2048),
    "EdDSA": lambda: jwk.JWK.generate(kty="OKP", crv="Ed25519"),
}
AGREEING = ["ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A256KW"]
ENCRYPTING = [("RSA-OAEP-256", dict(kty="RSA", size=2048))] + [
    (way, dict(kty=kty, crv=crv)) for way in AGREEING for kty, crv in [("EC", "P-256"), ("EC", "P-384"), ("OKP", "X25519")]
]
CIPHERS = ["A128GCM", "A256GCM", "A128CBC-HS256", "A256CBC-HS512"]
PAYLOAD = json.dumps({"sub": "usr_1", "text": "Zoë 🦉"})


@pytest.fixture(scope="session")
def ask():
    process = subprocess.Popen([BINARY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def one(**question):
        process.stdin.write(json.dumps(question) + "\n")
        process.stdin.flush()
        return json.loads(process.stdout.readline())

    yield one
    process.stdin.close()
    assert process.wait(10) == 0


def private(key, alg):
    return {**key.export(as_dict=True), "alg": alg}


def changed(token, seed):
    """The token with one character of one part replaced by another."""
    chance = random.Random(seed)
    place = chance.choice([i for i, c in enumerate(token) if c != "."])
    other = chance.choice([c for c in "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_" if c != token[place]])
    return token[:place] + other + token[place + 1 :]


@pytest.mark.parametrize("alg", SIGNING)
def test_they_verify_what_we_sign(ask, alg):
    key = SIGNING[alg]()
    token = ask(do="sign", key=private(key, alg), payload=PAYLOAD)["token"]
    read = jws.JWS()
    read.allowed_algs = [alg]
    read.deserialize(token, key)
    assert read.payload.decode() == PAYLOAD


@pytest.mark.parametrize("alg", SIGNING)
def test_we_verify_what_they_sign_and_nothing_that_was_changed(ask, alg):
    key = SIGNING[alg]()
    signed = jws.JWS(PAYLOAD.encode())
    signed.add_signature(key, alg, json_encode({"alg": alg, "typ": "x+jwt"}))
    token, public = signed.serialize(compact=True), key.export_public(as_dict=True)
    assert ask(do="verify", key=public, token=token) == {"payload": PAYLOAD}
    for seed in range(200):
        assert "refused" in ask(do="verify", key=public, token=changed(token, seed)), seed
    assert "refused" in ask(do="verify", key=SIGNING[alg]().export_public(as_dict=True), token=token)


@pytest.mark.parametrize("alg", SIGNING)
def test_both_find_the_same_thumbprint(ask, alg):
    for _ in range(1 if alg in ("RS256", "PS256") else 50):
        key = SIGNING[alg]()
        assert ask(do="thumbprint", key=key.export_public(as_dict=True)) == {"thumbprint": key.thumbprint()}


@pytest.mark.parametrize("cipher", CIPHERS)
@pytest.mark.parametrize("way,kind", ENCRYPTING, ids=lambda one: one if isinstance(one, str) else one.get("crv", "RSA"))
def test_each_decrypts_what_the_other_encrypts(ask, way, kind, cipher):
    key = jwk.JWK.generate(**kind)
    ours = ask(do="encrypt", alg=way, enc=cipher, key=key.export_public(as_dict=True), payload=PAYLOAD)["token"]
    read = jwe.JWE(algs=[way, cipher])
    read.deserialize(ours, key)
    assert read.payload.decode() == PAYLOAD

    theirs = jwe.JWE(PAYLOAD.encode(), json_encode({"alg": way, "enc": cipher}), algs=[way, cipher])
    theirs.add_recipient(key)
    token = theirs.serialize(compact=True)
    own = key.export(as_dict=True)
    assert ask(do="decrypt", alg=way, key=own, token=token) == {"payload": PAYLOAD}
    for seed in range(30):
        assert "refused" in ask(do="decrypt", alg=way, key=own, token=changed(token, seed)), seed


def test_what_they_can_do_and_we_do_not_want_is_refused(ask):
    shared = jwk.JWK.generate(kty="oct", size=256)
    signed = jws.JWS(PAYLOAD.encode())
    signed.add_signature(shared, "HS256", json_encode({"alg": "HS256"}))
    public = SIGNING["ES256"]().export_public(as_dict=True)
    assert "refused" in ask(do="verify", key=public, token=signed.serialize(compact=True))
    assert "refused" in ask(do="verify", key=shared.export(as_dict=True), token=signed.serialize(compact=True))
    weak = jwk.JWK.generate(kty="RSA", size=1024).export_public(as_dict=True)
    assert "refused" in ask(do="thumbprint", key=weak)
    whole = jwk.JWK.generate(kty="RSA", size=2048)
    zipped = jwe.JWE(b"0" * 1000, json_encode({"alg": "RSA-OAEP-256", "enc": "A256GCM", "zip": "DEF"}))
    zipped.add_recipient(whole)
    own = whole.export(as_dict=True)
    assert "refused" in ask(do="decrypt", alg="RSA-OAEP-256", key=own, token=zipped.serialize(compact=True))
