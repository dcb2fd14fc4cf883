"""An operator moves people over with `avnology migrate`, and they sign in with the passwords they had."""

import base64
import hashlib
import itertools
import json
import time
import uuid

import bcrypt
import pyotp

ACCOUNTS = 10_000
# bcrypt is slow on purpose: so many passwords are hashed, and each of them is that of many people.
DISTINCT = 250
SIGN_INS = 100


def password_of(number: int) -> str:
    return f"velvet otter ladder {number % DISTINCT}"


def auth0_export(path, count: int) -> None:
    """Lines as Auth0's support sends them with the passwords."""
    made = [bcrypt.hashpw(password_of(number).encode(), bcrypt.gensalt(4)).decode() for number in range(DISTINCT)]
    with path.open("w") as file:
        for number, encoded in zip(range(count), itertools.cycle(made)):
            record = {
                "_id": {"$oid": f"{number:024x}"},
                "email": f"p{number}@acme.example",
                "email_verified": True,
                "passwordHash": encoded,
                "password_set_date": {"$date": "2024-03-05T09:12:07.002Z"},
                "tenant": "acme",
                "connection": "Username-Password-Authentication",
                "_tmp_is_unique": True,
                "given_name": f"Person {number}",
                "user_metadata": {"plan": "pro"},
            }
            file.write(json.dumps(record) + "\n")


def finished(running, seconds: int = 300) -> str:
    output, _ = running.communicate(timeout=seconds)
    assert running.returncode == 0, output
    return output


def test_ten_thousand_accounts_of_auth0_come_over_and_sign_in_with_their_old_passwords(house, tmp_path):
    file = tmp_path / "users.ndjson"
    auth0_export(file, ACCOUNTS)
    tried = finished(house.migrate("auth0", file, "--dry-run"))
    assert f"{ACCOUNTS} rows: {ACCOUNTS} created, 0 updated, 0 skipped, 0 failed (dry run" in tried
    assert house.count() == 0
    done = finished(house.migrate("auth0", file))
    assert f"{ACCOUNTS} rows: {ACCOUNTS} created, 0 updated, 0 skipped, 0 failed" in done
    assert house.count() == ACCOUNTS
    for number in range(0, ACCOUNTS, ACCOUNTS // SIGN_INS):
        email = f"p{number}@acme.example"
        assert house.stored_hash(email).startswith("$2b$04$")
        assert house.sign_in(email, password_of(number + 1)).status_code == 401
        answer = house.sign_in(email, password_of(number))
        assert answer.status_code == 200, answer.text
        person = answer.json()["session"]["identity"]
        assert (person["email"], person["first_name"]) == (email, f"Person {number}")
        assert house.stored_hash(email).startswith("$argon2id$")
    again = finished(house.migrate("auth0", file))
    assert f"{ACCOUNTS} rows: 0 created, 0 updated, {ACCOUNTS} skipped, 0 failed" in again


def test_a_server_that_is_killed_meanwhile_goes_on_and_the_command_waits_for_it(house, tmp_path):
    file = tmp_path / "users.ndjson"
    auth0_export(file, ACCOUNTS)
    running = house.migrate("auth0", file)
    end = time.monotonic() + 60
    while house.count() < 1_000 and time.monotonic() < end:
        time.sleep(0.01)
    assert 0 < house.count() < ACCOUNTS, "the end comes in the middle of it"
    house.kill()
    house.start()
    done = finished(running)
    assert f"{ACCOUNTS} rows: {ACCOUNTS} created, 0 updated, 0 skipped, 0 failed" in done
    assert house.count() == ACCOUNTS


def test_an_authenticator_app_of_keycloak_comes_along(house, tmp_path):
    salt, secret = b"0123456789abcdef", "a-secret-of-20-bytes"
    output = hashlib.pbkdf2_hmac("sha512", b"velvet otter ladder 7", salt, 2_000)
    password = {"value": base64.b64encode(output).decode(), "salt": base64.b64encode(salt).decode()}
    user = {
        "id": str(uuid.uuid4()),
        "username": "jane",
        "email": "jane@acme.example",
        "emailVerified": True,
        "enabled": True,
        "credentials": [
            {
                "type": "password",
                "secretData": json.dumps(password),
                "credentialData": json.dumps({"hashIterations": 2_000, "algorithm": "pbkdf2-sha512"}),
            },
            {
                "type": "otp",
                "secretData": json.dumps({"value": secret}),
                "credentialData": json.dumps(
                    {"subType": "totp", "digits": 6, "counter": 0, "period": 30, "algorithm": "HmacSHA1"}
                ),
            },
        ],
        "requiredActions": [],
    }
    file = tmp_path / "realm.json"
    file.write_text(json.dumps({"realm": "acme", "enabled": True, "users": [user]}))
    assert "1 rows: 1 created" in finished(house.migrate("keycloak", file))
    flow = house.begin_sign_in()
    half = house.submit(flow, "password", {"identifier": "jane", "password": "velvet otter ladder 7"}).json()
    assert "session_token" not in half and half["continue_flow"]["state"] == "second_factor", half
    assert house.stored_hash("jane@acme.example").startswith("$argon2id$")
    code = pyotp.TOTP(base64.b32encode(secret.encode()).decode()).now()
    done = house.submit(half["continue_flow"], "totp", {"totp_code": code})
    assert done.status_code == 200 and done.json()["session"]["aal"] == "aal2", done.text
