"""Containers that install from an index: the image that `nb2pipe image` describes is built, and a pod installs at its start.

These need the index that pip uses on this machine, so they run only where they are asked for (NB2PIPE_CONTAINERS=all). Pip is
told in there what it is told here: its variables, its configuration and the certificates are those of this machine.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from kfp_runs import notebook

sys.path.insert(0, str(Path(__file__).parent))
from engine import NoEngine, engine
from rootfs import USUAL, make

from nb2pipe import api

HERE = Path(__file__).parent
PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"
CELLS = [("imports", "import pandas as pd"), ("step:make", "df = pd.DataFrame({'a': [1, 2, 3]})"), ("step:show", "print(len(df))")]  # fmt: skip
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(os.environ.get("NB2PIPE_CONTAINERS") != "all", reason="asked for by NB2PIPE_CONTAINERS=all"),
]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """An engine with an image `python:MINOR` that has Python, pip, and nothing of what steps need."""
    pytest.importorskip("docker", reason="KFP's runner for containers needs the package docker")
    try:
        with engine() as found:
            _make_base(found)
            yield found
    except NoEngine as why:
        pytest.skip(f"no Docker engine: {why}")


def _make_base(address: str) -> None:
    folder = Path(tempfile.mkdtemp(prefix="n2p-base-"))
    try:
        make(folder, ["pip=="], USUAL)
        for file in ("/etc/pip.conf", "/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", str(CERTIFICATES)):
            if Path(file).is_file():
                target = folder / file.lstrip("/")
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, target)
        variables = {name: value for name, value in os.environ.items() if name.startswith("PIP_") or name.lower().endswith("_proxy")}  # fmt: skip
        changes = [f"ENV {name}={value}" for name, value in {"PATH": "/usr/bin", **variables}.items()]
        command = ["docker", "-H", address, "import", "-c", "WORKDIR /work"]
        for change in changes:
            command += ["-c", change]
        with subprocess.Popen(["tar", "-C", str(folder), "-c", "."], stdout=subprocess.PIPE) as packed:
            subprocess.run([*command, "-", f"python:{PYTHON}"], stdin=packed.stdout, check=True, capture_output=True)
    finally:
        shutil.rmtree(folder)


def _ran(address: str, file: Path, network: str) -> str:
    """What the last step printed."""
    command = [sys.executable, str(HERE / "run_in_docker.py"), str(file), str(file.parent / "root"), network]
    environment = {**os.environ, "DOCKER_HOST": address, "NO_COLOR": "1"}
    done = subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-5000:]
    [executed] = (file.parent / "root").glob("*/show/executed.html")
    assert "<pre" in executed.read_text("utf-8")
    return executed.read_text("utf-8")


def _installing(file: Path) -> bool:
    executors = next(iter(yaml.safe_load_all(file.read_bytes())))["deploymentSpec"]["executors"].values()
    return any("--install" in item["container"]["args"] for item in executors)


def _written(folder: Path) -> Path:
    path = folder / "note.ipynb"
    path.write_bytes(notebook(*CELLS))
    return path


def test_the_image_is_built_and_pods_install_nothing(address: str, tmp_path: Path) -> None:
    """`nb2pipe image`, `docker build`, `compile --image`: the steps run in it, and have no network."""
    path = _written(tmp_path)
    (tmp_path / "Dockerfile").write_text(api.image(path).text, "utf-8")
    command = ["docker", "-H", address, "build", "--network=host", "-t", "note:1", "-f", str(tmp_path / "Dockerfile"), str(tmp_path)]  # fmt: skip
    done = subprocess.run(
        command, env={**os.environ, "DOCKER_BUILDKIT": "0"}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    file = tmp_path / "note.yaml"
    file.write_bytes(api.compile_notebook(path, image="note:1").content)
    assert not _installing(file)
    assert ">3\n<" in _ran(address, file, "none")


def test_a_pod_installs_what_its_step_needs(address: str, tmp_path: Path) -> None:
    path = _written(tmp_path)
    file = tmp_path / "note.yaml"
    file.write_bytes(api.compile_notebook(path).content)
    assert _installing(file)
    assert ">3\n<" in _ran(address, file, "host")
