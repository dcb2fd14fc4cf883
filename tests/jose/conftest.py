"""A server for the tests of what it publishes."""

import pathlib
import sys
import tempfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from server import Server  # noqa: E402


@pytest.fixture(scope="module")
def server():
    with tempfile.TemporaryDirectory(prefix="avnology-jose-") as directory:
        running = Server(directory)
        yield running
        running.stop()
