"""A Jupyter server in a process of its own, which can be killed; asked over HTTP."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

TOKEN = "of-the-tests"  # noqa: S105  # of servers that live for one test
DIRS = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "XDG_CONFIG_HOME")


class Outside:
    """`root` is the server's folder. It begins with the object, and ends by `kill` or `close`."""

    def __init__(self, root: Path, state: Path, *arguments: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        environ = {**os.environ, **{name: str(state / name.lower()) for name in DIRS}}
        command = [
            *(sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root", "--ip=127.0.0.1"),
            *(f"--port={self.port}", "--ServerApp.port_retries=0", f"--IdentityProvider.token={TOKEN}"),
            *(f"--ServerApp.root_dir={root}", "--ServerApp.jpserver_extensions={'nb2pipe_jupyter': True}", *arguments),
        ]
        state.mkdir(exist_ok=True)
        self._log = (state / "server.log").open("ab")
        self.process = subprocess.Popen(command, env=environ, stdout=self._log, stderr=self._log)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                self.ask("GET", "status")
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.1)
            else:
                return
        raise AssertionError((state / "server.log").read_text(encoding="utf-8"))

    def request(self, verb: str, route: str, body: Any = None, headers: Any = None, **query: Any) -> Any:
        url = f"http://127.0.0.1:{self.port}/nb2pipe/{route}?{urllib.parse.urlencode(query)}"
        data = None if body is None else json.dumps(body).encode()
        found = urllib.request.Request(url, data, {"Authorization": f"token {TOKEN}", **(headers or {})}, method=verb)
        return urllib.request.urlopen(found, timeout=60)  # noqa: S310  # http, as above

    def ask(self, verb: str, route: str, body: Any = None, **query: Any) -> Any:
        with self.request(verb, route, body, **query) as answer:
            content = answer.read()
        return json.loads(content) if content else None

    def kill(self) -> None:
        """At once."""
        self.process.kill()
        self.close()

    def close(self) -> None:
        """As Ctrl-C does, or its end."""
        self.process.terminate()
        self.process.wait(20)
        self._log.close()
