"""Password hashes of every kind that an import takes, made now by the libraries of their own worlds."""

import base64
import hashlib
import os
from collections.abc import Iterator

import argon2
import bcrypt
import django.conf
import firebase_scrypt
import werkzeug.security
from django.contrib.auth import hashers as of_django
from passlib import hash as of_passlib

django.conf.settings.configure()


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def encoded(algorithm: str, text: str) -> dict:
    return {"algorithm": algorithm, "encoded": text}


def of_argon2(password: str) -> Iterator[tuple[str, dict]]:
    for kind in argon2.Type:
        hasher = argon2.PasswordHasher(time_cost=2, memory_cost=64, parallelism=2, type=kind)
        yield f"argon2-{kind.name}", encoded("argon2", hasher.hash(password))


def of_bcrypt(password: str) -> Iterator[tuple[str, dict]]:
    for prefix in (b"2a", b"2b"):
        text = bcrypt.hashpw(password.encode(), bcrypt.gensalt(4, prefix)).decode()
        yield f"bcrypt-{prefix.decode()}", encoded("bcrypt", text)
        if prefix == b"2b":
            # PHP names the same thing so.
            yield "bcrypt-2y", encoded("bcrypt", text.replace("$2b$", "$2y$"))


def of_scrypt(password: str) -> Iterator[tuple[str, dict]]:
    yield "scrypt-phc", encoded("scrypt", of_passlib.scrypt.using(rounds=8).hash(password))
    salt = os.urandom(16)
    output = hashlib.scrypt(password.encode(), salt=salt, n=512, r=4, p=2, dklen=48)
    members = {"hash": b64(output), "salt": b64(salt), "n": 512, "r": 4, "p": 2, "length": 48}
    yield "scrypt-members", {"algorithm": "scrypt", **members}
    method, salt_text, output_hex = werkzeug.security.generate_password_hash(password, "scrypt:256:8:1").split("$")
    _, n, r, p = method.split(":")
    members = {"hash": b64(bytes.fromhex(output_hex)), "salt": b64(salt_text.encode())}
    yield "scrypt-werkzeug", {"algorithm": "scrypt", **members, "n": int(n), "r": int(r), "p": int(p)}


def of_firebase(password: str) -> Iterator[tuple[str, dict]]:
    salt, separator, signer_key = os.urandom(10), b"\x07", os.urandom(64)
    derived = firebase_scrypt.generate_derived_key(password, salt, separator, 2, 5)
    yield "firebase-scrypt", {
        "algorithm": "firebase-scrypt",
        "hash": b64(firebase_scrypt.encrypt(signer_key, derived)),
        "salt": b64(salt),
        "salt_separator": b64(separator),
        "signer_key": b64(signer_key),
        "rounds": 2,
        "mem_cost": 5,
    }


def of_pbkdf2(password: str) -> Iterator[tuple[str, dict]]:
    for digest, hasher in (
        ("sha1", of_passlib.pbkdf2_sha1),
        ("sha256", of_passlib.pbkdf2_sha256),
        ("sha512", of_passlib.pbkdf2_sha512),
    ):
        yield f"pbkdf2-{digest}-phc", encoded("pbkdf2", hasher.using(rounds=1000).hash(password))
        salt = os.urandom(12)
        output = hashlib.pbkdf2_hmac(digest, password.encode(), salt, 1500)
        members = {"hash": b64(output), "salt": b64(salt), "iterations": 1500, "digest": digest}
        yield f"pbkdf2-{digest}-members", {"algorithm": "pbkdf2", **members}
    for hasher in (of_django.PBKDF2PasswordHasher(), of_django.PBKDF2SHA1PasswordHasher()):
        text = hasher.encode(password, hasher.salt(), iterations=1000)
        yield f"{hasher.algorithm}-django", encoded("pbkdf2", text)
    method, salt_text, output_hex = werkzeug.security.generate_password_hash(password, "pbkdf2:sha256:1000").split("$")
    _, digest, iterations = method.split(":")
    members = {"hash": b64(bytes.fromhex(output_hex)), "salt": b64(salt_text.encode()), "digest": digest}
    yield "pbkdf2-werkzeug", {"algorithm": "pbkdf2", **members, "iterations": int(iterations)}


def of_digests(password: str) -> Iterator[tuple[str, dict]]:
    for name in ("md5", "sha1", "sha256", "sha512"):
        bare = getattr(of_passlib, f"hex_{name}").hash(password)
        yield f"{name}-bare", {"algorithm": name, "hash": bare, "encoding": "hex"}
        salt = os.urandom(8)
        output = hashlib.new(name, salt + password.encode()).digest()
        yield f"{name}-prefix", {"algorithm": name, "hash": b64(output), "salt": b64(salt)}
        output = hashlib.new(name, password.encode() + salt).digest()
        for _ in range(9):
            output = hashlib.new(name, output).digest()
        members = {"hash": output.hex(), "salt": salt.hex(), "encoding": "hex"}
        yield f"{name}-suffix", {"algorithm": name, **members, "salt_position": "suffix", "iterations": 10}
    _, salt_text, output_hex = of_django.MD5PasswordHasher().encode(password, "saltsaltsalt").split("$")
    members = {"hash": output_hex, "salt": salt_text.encode().hex(), "encoding": "hex"}
    yield "md5-django", {"algorithm": "md5", **members}


def of_ldap(password: str) -> Iterator[tuple[str, dict]]:
    yield "ssha", encoded("ssha", of_passlib.ldap_salted_sha1.hash(password))
    yield "ssha256", encoded("ssha256", of_passlib.ldap_salted_sha256.hash(password))
    yield "ssha512", encoded("ssha512", of_passlib.ldap_salted_sha512.hash(password))


def of_crypt(password: str) -> Iterator[tuple[str, dict]]:
    yield "phpass", encoded("phpass", of_passlib.phpass.using(rounds=7).hash(password))
    for name, hasher in (("crypt-sha256", of_passlib.sha256_crypt), ("crypt-sha512", of_passlib.sha512_crypt)):
        yield name, encoded(name, hasher.using(rounds=1000).hash(password))
        # At 5,000 rounds the text names none.
        yield f"{name}-5000", encoded(name, hasher.using(rounds=5000).hash(password))


def of(password: str) -> dict[str, dict]:
    """A hash of each kind, by a name for it."""
    makers = (of_argon2, of_bcrypt, of_scrypt, of_firebase, of_pbkdf2, of_digests, of_ldap, of_crypt)
    return {name: made for maker in makers for name, made in maker(password)}
