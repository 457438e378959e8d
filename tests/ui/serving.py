"""A folder in, a Jupyter server of its own out: JupyterLab and Notebook 7, with this checkout's nb2pipe and nothing else.

Settings are those that users have (a token, XSRF checks); all folders that Jupyter writes to are its own.
"""

from __future__ import annotations

import http.client
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import tomllib
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
BUILT = CHECKOUT / "jupyter_ext" / "nb2pipe_jupyter" / "labextension"
START_S = 90.0
STOP_S = 20.0


def free_port() -> int:
    """A port that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Server:
    """A server that can be stopped and started again at the same place."""

    home: Path
    port: int = field(default_factory=free_port)
    token: str = field(default_factory=lambda: secrets.token_hex(16))
    process: subprocess.Popen[bytes] | None = None
    variables: dict[str, str] = field(default_factory=dict)
    """Of its environment, besides the usual ones."""

    @property
    def root(self) -> Path:
        """What the server serves."""
        return self.home / "root"

    @property
    def log(self) -> Path:
        """What it prints."""
        return self.home / "server.log"

    @property
    def address(self) -> str:
        """Its base, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        environment = {**lay_out(self.home), **self.variables}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [
                    sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1",
                    f"--port={self.port}", "--ServerApp.port_retries=0", f"--ServerApp.root_dir={self.root}",
                    f"--IdentityProvider.token={self.token}",
                ],
                cwd=self.root, env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
        end = time.monotonic() + START_S
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"the Jupyter server did not start:\n{self.log.read_text()[-3000:]}")
            time.sleep(0.1)

    def stop(self) -> None:
        """End it as Ctrl-C does; its kernels end with it."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def forget_settings(self) -> None:
        """Each test begins with the settings of a new user."""
        for name in ("settings", "workspaces"):
            shutil.rmtree(self.home / name, ignore_errors=True)

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", "/api/status", headers={"Authorization": f"token {self.token}"})
            return connection.getresponse().status == HTTPStatus.OK
        except OSError:
            return False
        finally:
            connection.close()


def lay_out(home: Path) -> dict[str, str]:
    """Make the folders below `home`; the environment that makes Jupyter use them, and this checkout."""
    extensions = home / "share" / "jupyter" / "labextensions"
    configured = home / "etc" / "jupyter"
    for folder in (home / "root", extensions, configured, home / "config" / "labconfig"):
        folder.mkdir(parents=True, exist_ok=True)
    for link, target in (
        (extensions / "nb2pipe-lab", BUILT),
        (configured / "jupyter_server_config.d", CHECKOUT / "jupyter_ext" / "config" / "server-config"),
    ):
        if not link.is_symlink():
            link.symlink_to(target)
    disable(home)
    write_json(
        home / "config" / "jupyter_server_config.json",
        {"LabApp": {"expose_app_in_browser": True}, "JupyterNotebookApp": {"expose_app_in_browser": True}},
    )
    announce_translations(home / "installed")
    paths = [str(CHECKOUT / "src"), str(CHECKOUT / "jupyter_ext"), str(home / "installed")]
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "JPY_"))},
        "PYTHONPATH": os.pathsep.join(paths),
        "JUPYTER_PATH": str(home / "share" / "jupyter"),
        "JUPYTER_CONFIG_PATH": str(configured),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "IPYTHONDIR": str(home / "ipython"),
        "XDG_CONFIG_HOME": str(home / "user"),
    }


def disable(home: Path, *names: str) -> None:
    """Switch extensions of JupyterLab off for the pages that are loaded from now on, and those of earlier calls on again."""
    # this one asks whether it may fetch news, in a window over what we test
    off = ("@jupyterlab/apputils-extension:announcements", *names)
    write_json(home / "config" / "labconfig" / "page_config.json", {"disabledExtensions": dict.fromkeys(off, True)})


def write_json(path: Path, data: object) -> None:
    """One JSON file."""
    path.write_text(json.dumps(data), encoding="utf-8")


def announce_translations(folder: Path) -> None:
    """What `pip install` leaves for JupyterLab to find our translations by; here the checkout itself is not installed."""
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    points = project["entry-points"]["jupyterlab.locale"]
    info = folder / "nb2pipe_checkout-0.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: nb2pipe-checkout\nVersion: 0\n", encoding="utf-8")
    lines = ["[jupyterlab.locale]", *(f"{name} = {module}" for name, module in points.items())]
    (info / "entry_points.txt").write_text("\n".join([*lines, ""]), encoding="utf-8")
