"""What users install: an sdist that needs no Node.js, a wheel with the panel in it, found by JupyterLab and by the server."""

from __future__ import annotations

import json
import os
import re
import shutil
import site
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILT = "jupyter_ext/nb2pipe_jupyter/labextension"
DATA = "share/jupyter/labextensions/nb2pipe-lab"


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    """What a command printed; it has to succeed, with no Node.js on PATH and no checkout on Python's."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "JUPYTER"))}
    done = subprocess.run(
        command, cwd=cwd, env={**kept, **environment}, capture_output=True, text=True, timeout=170, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def no_node(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A PATH with nothing but a shell's common tools."""
    folder = tmp_path_factory.mktemp("bin")
    for name in ("sh", "env", "uname", "ldd", "git"):
        if found := shutil.which(name):
            (folder / name).symlink_to(found)
    assert shutil.which("node", path=str(folder)) is None
    return str(folder)


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory, no_node: str) -> Path:
    if not (ROOT / BUILT / "static" / "style.js").is_file():
        pytest.fail(
            "the panel is not built: run `jlpm install --immutable && jlpm build:prod`, or tests/run", pytrace=False
        )
    out = tmp_path_factory.mktemp("sdist")
    run(sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", out, cwd=ROOT, PATH=no_node)
    (made,) = out.iterdir()
    return made


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory, sdist: Path, no_node: str) -> zipfile.ZipFile:
    """Made of the sdist, as pip makes it."""
    unpacked = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(sdist) as packed:
        packed.extractall(unpacked, filter="data")
    out = tmp_path_factory.mktemp("wheel")
    (checkout,) = unpacked.iterdir()
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", out, cwd=checkout, PATH=no_node)
    (made,) = out.iterdir()
    return zipfile.ZipFile(made)


def test_wheel_has_all_parts(wheel: zipfile.ZipFile) -> None:
    names = wheel.namelist()
    data = [name.partition(".data/data/")[2] for name in names if ".data/data/" in name]
    assert "nb2pipe/api.py" in names
    assert "nb2pipe_jupyter/__init__.py" in names
    assert "etc/jupyter/jupyter_server_config.d/nb2pipe_jupyter.json" in data
    assert {f"{DATA}/install.json", f"{DATA}/package.json", f"{DATA}/static/style.js"} <= set(data)
    assert any(re.fullmatch(rf"{DATA}/static/remoteEntry\.[0-9a-f]+\.js", name) for name in data)
    assert f"{DATA}/schemas/nb2pipe-lab/plugin.json" in data


def test_wheel_has_nothing_else(wheel: zipfile.ZipFile) -> None:
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert tops == {
        "nb2pipe",
        "nb2pipe_jupyter",
        *(top for top in tops if re.fullmatch(r"nb2pipe-[\d.]+\.(data|dist-info)", top)),
    }
    strays = [
        name for name in wheel.namelist() if re.search(r"node_modules|\.tsx?$|/labextension/|\.ipynb_checkpoints", name)
    ]
    assert strays == [], "shipped once, as data, and no sources"


def test_the_panel_names_what_it_was_built_of(wheel: zipfile.ZipFile) -> None:
    (name,) = [name for name in wheel.namelist() if name.endswith(f"{DATA}/package.json")]
    package = json.loads(wheel.read(name))
    assert package["name"] == "nb2pipe-lab"
    assert package["jupyterlab"]["_build"]["load"].startswith("static/remoteEntry.")


def test_an_installed_sdist_is_found(tmp_path: Path, sdist: Path, no_node: str) -> None:
    """Into an environment that sees this one's packages, so that nothing is downloaded."""
    place = tmp_path / "env"
    venv.create(place, with_pip=False, symlinks=True)
    python = place / "bin" / "python"
    (own,) = place.glob("lib/python*/site-packages")
    (own / "parent.pth").write_text("\n".join(site.getsitepackages()), encoding="utf-8")
    pip = [sys.executable, "-m", "pip", f"--python={python}", "--disable-pip-version-check", "--quiet"]
    run(*pip, "install", "--no-deps", "--no-index", "--no-build-isolation", sdist, cwd=tmp_path, PATH=no_node)
    home = {"HOME": str(tmp_path), "PATH": no_node, "JUPYTER_CONFIG_DIR": str(tmp_path / "config")}
    labextensions = run(python, "-m", "jupyterlab.labextensions", "list", cwd=tmp_path, **home)
    assert re.search(r"nb2pipe-lab v\S+ .*enabled.*OK.*\(python, nb2pipe\)", labextensions), labextensions
    extensions = run(python, "-m", "jupyter_server", "extension", "list", cwd=tmp_path, **home)
    assert re.search(r"nb2pipe_jupyter.*enabled", extensions), extensions
    assert re.search(r"nb2pipe_jupyter \S+ .*OK", extensions), extensions
