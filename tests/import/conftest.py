"""A server of its own for each test, and what people and operators do with it."""

import json
import pathlib
import sqlite3
import subprocess
import sys
import tempfile
import time

import pytest
import requests

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from server import API_KEY, BINARY, Server  # noqa: E402

AUTHORIZATION = {"Authorization": f"Bearer {API_KEY}"}
PATIENCE_SECONDS = 180


class House(Server):
    """A running server."""

    def submit(self, flow: dict, method: str, body: dict) -> requests.Response:
        return requests.post(flow["ui"]["action"], json={"method": method, "body": body}, timeout=30)

    def begin_sign_in(self) -> dict:
        return requests.get(f"{self.url}/v1/flows/login", params={"type": "api"}, timeout=30).json()

    def sign_in(self, email: str, password: str) -> requests.Response:
        return self.submit(self.begin_sign_in(), "password", {"identifier": email, "password": password})

    def job(self, job_id: str) -> dict:
        answer = requests.get(f"{self.url}/v1/identities/imports/{job_id}", headers=AUTHORIZATION, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def import_lines(self, lines: list[dict], **query: str) -> dict:
        """The job, after its end."""
        body = "".join(json.dumps(line) + "\n" for line in lines).encode()
        headers = AUTHORIZATION | {"Content-Type": "application/x-ndjson"}
        begun = requests.post(
            f"{self.url}/v1/identities:import", params=query, data=body, headers=headers, timeout=60
        )
        assert begun.status_code == 202, begun.text
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            job = self.job(begun.json()["id"])
            if job["status"] in ("completed", "failed"):
                return job
            time.sleep(0.05)
        raise AssertionError(f"the import does not come to its end: {job}")

    def count(self) -> int:
        answer = requests.get(
            f"{self.url}/v1/identities",
            params={"page_size": 1, "include_total": "true"},
            headers=AUTHORIZATION,
            timeout=30,
        )
        return answer.json()["total_size"]

    def stored_hash(self, email: str) -> str:
        """What the database holds of a password: no answer of the server shows it."""
        with sqlite3.connect(f"file:{self.directory}/data/identity.db?mode=ro", uri=True) as database:
            row = database.execute(
                "SELECT c.secret FROM credentials c JOIN identities i ON i.id = c.identity_id WHERE i.email_key = ?",
                (email.lower(),),
            ).fetchone()
        return row[0]

    def migrate(self, provider: str, file: pathlib.Path, *more: str) -> subprocess.Popen:
        """The command, running."""
        command = [BINARY, "migrate", provider, "--url", self.url, "--import", str(file), *more]
        return subprocess.Popen(
            command, env={"AVNOLOGY_API_KEY": API_KEY}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )


@pytest.fixture
def house():
    with tempfile.TemporaryDirectory(prefix="avnology-import-") as directory:
        running = House(directory)
        yield running
        running.stop()
