"""The API answers as openapi/avnology.json says, whatever is sent: no server error, no answer that is not documented.

Schemathesis makes up the requests from the document. The seed is fixed, so a failure comes back when run again.
"""

import pathlib
import subprocess
import sys

import pytest

from server import API_KEY

DOCUMENT = pathlib.Path(__file__).resolve().parents[2] / "openapi/avnology.json"

# Left out: `positive_data_acceptance`, since a schema cannot say everything that makes a value right (a date in the
# past, an address that is taken), so requests that fit it may be refused all the same.
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,"
    "response_schema_conformance,negative_data_rejection,missing_required_header,unsupported_method,"
    "allow_header_conformance,use_after_free,ensure_resource_availability,ignored_auth"
)


def st_run(server, credential: str | None, examples: int, *selection: str) -> None:
    command = [
        str(pathlib.Path(sys.executable).with_name("st")), "run", str(DOCUMENT), "--url", server.url,
        "--checks", CHECKS, "--max-examples", str(examples), "--seed", "20261122", "--workers", "1",
        "--phases", "examples,coverage,fuzzing", "--request-timeout", "10", "--generation-database", "none",
        "--warnings", "off", "--continue-on-failure", "--suppress-health-check", "all", "--no-color",
        *selection,
    ]
    if credential:
        command += ["--header", f"Authorization: Bearer {credential}"]
    # In the server's directory: what Schemathesis remembers of failures must not steer the next run.
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=server.directory)
    assert done.returncode == 0, f"{done.stdout[-20000:]}\n{done.stderr[-2000:]}\nserver:\n{server.log.read_text()[-2000:]}"
    assert server.process.poll() is None, "the server still runs"


@pytest.mark.parametrize("kind", ["login", "registration", "recovery", "verification"])
def test_anyone_opens_and_submits_flows(server, kind):
    st_run(server, None, 40, "--include-path", f"/v1/flows/{kind}",
           "--include-operation-id", "getFlow", "--include-operation-id", "submitFlow")


def test_a_program_administers_identities(server):
    st_run(server, API_KEY, 20, "--include-tag", "identities", "--exclude-path-regex", "^/v1/me")


def test_a_program_reads_settings_mail_and_sessions(server):
    st_run(server, API_KEY, 40, "--include-operation-id", "getTenant", "--include-operation-id", "listOutbox",
           "--include-operation-id", "clearOutbox", "--include-operation-id", "verifySession")


def test_a_program_changes_settings(server):
    st_run(server, API_KEY, 60, "--include-operation-id", "updateTenant")


def test_a_person_reads_and_changes_the_account(server):
    st_run(server, server.register(), 30, "--include-path-regex", "^/v1/me")


def test_a_person_sees_and_ends_sessions(server):
    st_run(server, server.register(), 40, "--include-tag", "sessions",
           "--exclude-operation-id", "logout", "--exclude-operation-id", "verifySession")


def test_a_person_opens_the_settings_flow(server):
    st_run(server, server.register(), 40, "--include-path", "/v1/flows/settings")


def test_signing_out_answers_as_documented(server):
    st_run(server, server.register(), 20, "--include-operation-id", "logout")
