"""A Docker engine for tests: one that answers already, or one of ours that is started and ended here.

Ours listens on a socket in a folder of its own, has no network and touches no firewall rule. What it needs is Debian's
package docker.io; in CI, where tests run as root on a machine of their own, it is installed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_START_S = 60
_USUAL = "unix:///var/run/docker.sock"
_PACKAGES = ("docker.io", "containerd", "runc", "iptables")


class NoEngine(Exception):
    """Why there is none here. `expected`: one should be: CI runs as root, and may install one."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.expected = os.environ.get("CI") == "true" and sys.platform.startswith("linux") and os.geteuid() == 0


@contextmanager
def engine() -> Iterator[str]:
    """The engine's address. Raises NoEngine."""
    given = os.environ.get("DOCKER_HOST") or (_USUAL if Path(_USUAL.removeprefix("unix://")).exists() else "")
    if given and _answers(given):
        yield given
        return
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        raise NoEngine("a Docker engine needs Linux and root")
    _install()
    folder = Path(tempfile.mkdtemp(prefix="n2p-", dir="/tmp"))  # the path of a socket must be short
    address = f"unix://{folder}/docker.sock"
    command = [
        "dockerd", "--data-root", str(folder / "data"), "--exec-root", str(folder / "exec"), "-H", address,
        "--pidfile", str(folder / "dockerd.pid"), "--iptables=false", "--ip6tables=false", "--bridge=none",
        "--storage-driver=overlay2",
    ]  # fmt: skip
    with (folder / "dockerd.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        _wait(process, address, folder / "dockerd.log")
        yield address
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        subprocess.run(["umount", str(folder / "exec/netns/default")], capture_output=True, check=False)
        shutil.rmtree(folder, ignore_errors=True)


def _install() -> None:
    if shutil.which("dockerd"):
        return
    if os.environ.get("CI") != "true" or not shutil.which("apt-get"):
        raise NoEngine("dockerd is not installed (Debian: apt-get install docker.io)")
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "-qq"], check=False, env=environment, **quiet)  # type: ignore[call-overload, unused-ignore]
    subprocess.run(
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *_PACKAGES],
        check=False,
        env=environment,
        **quiet,
    )  # type: ignore[call-overload, unused-ignore]
    if not shutil.which("dockerd"):
        raise NoEngine("Debian's package docker.io can't be installed")


def _wait(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    end = time.monotonic() + _START_S
    while time.monotonic() < end and process.poll() is None:
        if _answers(address):
            return
        time.sleep(0.3)
    last = log.read_text("utf-8", "replace").splitlines()[-1:]
    raise NoEngine(f"dockerd does not start here: {''.join(last)[-300:]}")


def _answers(address: str) -> bool:
    command = ["docker", "-H", address, "version", "--format", "{{.Server.Version}}"]
    try:
        return subprocess.run(command, capture_output=True, check=False, timeout=20).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
