"""Whoever comes with a hash of another system signs in with the password it was made of, and is hashed anew by that."""

import argon2
import pytest

import hashes

# 64 bytes that are not all letters; bcrypt looks at 72.
PASSWORDS = ["velvet otter ladder 7", "Grüße aus Łódź, 🦦 und 東京 zusammen"]


@pytest.mark.parametrize("password", PASSWORDS)
def test_each_kind_signs_in_with_its_password_and_is_hashed_anew(house, password):
    kinds = hashes.of(password)
    lines = [
        {"email": f"{name}@acme.example", "email_verified": True, "external_id": name, "password_hash": made}
        for name, made in kinds.items()
    ]
    job = house.import_lines(lines)
    assert (job["created"], job["failed"]) == (len(kinds), 0), job["errors"]
    legacy = [name for name in kinds if name.split("-")[0] in ("md5", "sha1", "sha256", "sha512")]
    assert job["legacy"] == len(legacy) == 13
    for name in kinds:
        email = f"{name}@acme.example"
        before = house.stored_hash(email)
        wrong = house.sign_in(email, password + "!")
        assert wrong.status_code == 401, f"{name}: {wrong.text}"
        assert house.stored_hash(email) == before, name
        right = house.sign_in(email, password)
        assert right.status_code == 200 and right.json()["session_token"], f"{name}: {right.text}"
        after = house.stored_hash(email)
        assert after.startswith("$argon2id$v=19$") and (after != before or name == "argon2-ID"), f"{name}: {after}"
        assert house.sign_in(email, password).status_code == 200, name


def test_a_hash_that_is_as_strong_as_ours_stays(house):
    text = argon2.PasswordHasher(time_cost=3, memory_cost=8192, parallelism=1).hash(PASSWORDS[0])
    line = {"email": "strong@acme.example", "email_verified": True, "password_hash": hashes.encoded("argon2", text)}
    assert house.import_lines([line])["created"] == 1
    assert house.sign_in("strong@acme.example", PASSWORDS[0]).status_code == 200
    assert house.stored_hash("strong@acme.example") == text


def test_hashes_that_ask_for_too_much_are_refused_before_any_work(house):
    long = hashes.b64(bytes(32))
    bombs = [
        hashes.encoded("argon2", f"$argon2id$v=19$m={1 << 22},t=1,p=1$c2FsdHNhbHQ${long.rstrip('=')}"),
        hashes.encoded("argon2", f"$argon2id$v=19$m=64,t={1 << 31},p=1$c2FsdHNhbHQ${long.rstrip('=')}"),
        hashes.encoded("bcrypt", f"$2b$31${'a' * 53}"),
        hashes.encoded("scrypt", f"$scrypt$ln=30,r=8,p=1$c2FsdHNhbHQ${long.rstrip('=')}"),
        {"algorithm": "scrypt", "hash": long, "salt": long, "n": 1 << 31, "r": 8, "p": 1},
        {"algorithm": "scrypt", "hash": long, "salt": long, "n": 2, "r": 1 << 29, "p": 1},
        {"algorithm": "scrypt", "hash": long, "salt": long, "n": 2, "r": 1, "p": 1 << 29},
        {"algorithm": "pbkdf2", "hash": long, "salt": long, "iterations": (1 << 32) - 1, "digest": "sha512"},
        {"algorithm": "md5", "hash": hashes.b64(bytes(16)), "iterations": (1 << 32) - 1},
        hashes.encoded("phpass", f"$P$S{'a' * 30}"),
        hashes.encoded("crypt-sha512", f"$6$rounds=999999999$saltsalt${'a' * 86}"),
        hashes.of(PASSWORDS[0])["firebase-scrypt"] | {"mem_cost": 14, "rounds": 1 << 20},
        hashes.of(PASSWORDS[0])["firebase-scrypt"] | {"mem_cost": 31},
    ]
    job = house.import_lines(
        [{"email": f"p{at}@acme.example", "password_hash": bomb} for at, bomb in enumerate(bombs)]
    )
    assert (job["created"], job["failed"]) == (0, len(bombs)), job
    assert {error["code"] for error in job["errors"]} == {"AVNOLOGY_AUTH_902"}, job["errors"]
