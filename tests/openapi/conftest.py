"""A server of its own for each test."""

import pathlib
import sys
import tempfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from server import Server  # noqa: E402


@pytest.fixture
def server():
    with tempfile.TemporaryDirectory(prefix="avnology-openapi-") as directory:
        running = Server(directory)
        yield running
        running.stop()
