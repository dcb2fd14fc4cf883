"""A server, and clients of others against it: `with_server.py URL_VARIABLE KEY_VARIABLE COMMAND...`.

The command finds the server's address and a key for its API in the environment, in the variables with these names.
"""

import os
import subprocess
import sys
import tempfile

from server import API_KEY, Server


def main(url: str, key: str, *command: str) -> int:
    with tempfile.TemporaryDirectory(prefix="avnology-clients-") as directory:
        server = Server(directory)
        try:
            environment = os.environ | {url: server.url, key: API_KEY}
            return subprocess.run(command, env=environment, check=False).returncode
        finally:
            server.stop()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
