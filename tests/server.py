"""The real binary as a process of its own: a fresh data directory, free ports, the test environment."""

import os
import pathlib
import socket
import subprocess
import time
import zlib

import requests

ROOT = pathlib.Path(__file__).resolve().parents[1]
BINARY = os.environ.get("AVNOLOGY_BIN", str(ROOT / "target/debug/avnology"))
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
READY_SECONDS = 20
EMAIL, PASSWORD = "jane@example.com", "violet-harbour-quilt-93"


def with_check(body: str) -> str:
    """A bearer secret with its check digits (contract 00 §5)."""
    rest, check = zlib.crc32(body.encode()), ""
    for _ in range(6):
        rest, digit = divmod(rest, 62)
        check = DIGITS[digit] + check
    return body + check


API_KEY = with_check(f"ak_test_{DIGITS[:43]}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A running server."""

    def __init__(self, directory: str) -> None:
        self.directory = directory
        self.port, self.admin_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = pathlib.Path(directory) / "log"
        self.start()

    def start(self) -> None:
        """Starts it, or starts it once more where it was."""
        environment = {
            "AVNOLOGY_DATA_DIR": f"{self.directory}/data",
            "AVNOLOGY_LISTEN": f"127.0.0.1:{self.port}",
            "AVNOLOGY_ADMIN_ADDR": f"127.0.0.1:{self.admin_port}",
            "AVNOLOGY_PUBLIC_URL": self.url,
            "AVNOLOGY_ENVIRONMENT": "test",
            "AVNOLOGY_PASSWORD_HASH": "cheapest",
            "AVNOLOGY_BOOTSTRAP_API_KEY": API_KEY,
        }
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [BINARY, "serve"], env=environment, cwd=self.directory, stdout=log, stderr=log
            )
        end = time.monotonic() + READY_SECONDS
        while time.monotonic() < end and self.process.poll() is None:
            try:
                if requests.get(f"http://127.0.0.1:{self.admin_port}/readyz", timeout=5).ok:
                    return
            except requests.ConnectionError:
                time.sleep(0.02)
        raise RuntimeError(f"the server is not ready: {self.log.read_text()}")

    def register(self) -> str:
        """Makes an account, and answers its session token."""
        flow = requests.get(f"{self.url}/v1/flows/registration", params={"type": "api"}, timeout=10).json()
        body = {"method": "password", "body": {"traits": {"email": EMAIL}, "password": PASSWORD}}
        answer = requests.post(flow["ui"]["action"], json=body, timeout=10)
        answer.raise_for_status()
        return answer.json()["session_token"]

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=30)

    def kill(self) -> None:
        """SIGKILL: nothing is written out."""
        self.process.kill()
        self.process.wait(timeout=30)
