"""A server, and Keto's own clients against it: `run.py COMMAND...`, in the folder and with the arguments that are given.

The command finds the server in KETO_URL and a key for its API in KETO_API_KEY.
"""

import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from server import API_KEY, Server  # noqa: E402


def main(command: list[str]) -> int:
    with tempfile.TemporaryDirectory(prefix="avnology-keto-") as directory:
        server = Server(directory)
        try:
            environment = os.environ | {"KETO_URL": server.url, "KETO_API_KEY": API_KEY}
            return subprocess.run(command, env=environment, check=False).returncode
        finally:
            server.stop()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
