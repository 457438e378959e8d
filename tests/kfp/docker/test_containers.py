"""Compiled pipelines in containers without network, by KFP's own runner: steps need nothing but what was pinned.

The image is made here, of this machine's Python and the distributions that the compiled files name, so neither a registry
nor an index is asked. What cells print in there is held against a run on this machine.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest
import yaml
from kfp_runs import notebook

sys.path.insert(0, str(Path(__file__).parent))
from engine import NoEngine, engine
from rootfs import make

from nb2pipe import api
from nb2pipe.model import Printed, RunState

HERE = Path(__file__).parent
EXAMPLES = HERE.parents[2] / "examples"
QUICK = (
    "messy",
    "tabular",
)  # NB2PIPE_CONTAINERS=all takes all examples, which is some minutes; =messy,text these; =own, =none
_TIMES = re.compile(r"^(CPU times|Wall time): .*$", re.MULTILINE)

OWN = [
    ("imports", "import pandas as pd\nimport os, sys"),
    (
        "step:make env:LEVEL=a$(HOME)b",
        "from helpers.sums import total\ndf = pd.DataFrame({'a': [1, 2, 3]})\nx = total(df)",
    ),
    ("step:show", "print(x, len(df), os.getcwd() != '/', 'nb2pipe' in sys.modules)"),
]

pytestmark = [pytest.mark.kernel, pytest.mark.timeout(1800)]


def _notebooks(folder: Path) -> Iterator[Path]:
    """Copies, each in a folder of its own: examples, and one with a module beside it."""
    every = sorted(path.stem for path in EXAMPLES.glob("*.ipynb"))
    asked = os.environ.get("NB2PIPE_CONTAINERS", "")
    wanted = {"": QUICK, "all": every, "own": ()}.get(asked, asked.split(","))
    for name in wanted:
        (folder / name).mkdir()
        yield Path(shutil.copy(EXAMPLES / f"{name}.ipynb", folder / name))
    (folder / "own" / "helpers").mkdir(parents=True)
    (folder / "own" / "helpers" / "__init__.py").write_text("", "utf-8")
    (folder / "own" / "helpers" / "sums.py").write_text("def total(df):\n    return int(df['a'].sum())\n", "utf-8")
    path = folder / "own" / "own.ipynb"
    path.write_bytes(notebook(*OWN))
    yield path


def _pins(content: bytes) -> set[str]:
    """All that the pods of a compiled pipeline would install."""
    executors = next(iter(yaml.safe_load_all(content)))["deploymentSpec"]["executors"].values()
    args = [item["container"]["args"] for item in executors]
    return {pin for words in args if "--install" in words for pin in json.loads(words[words.index("--install") + 1])}


def _images(content: bytes) -> set[str]:
    """All that the pods of a compiled pipeline run in."""
    executors = next(iter(yaml.safe_load_all(content)))["deploymentSpec"]["executors"].values()
    return {item["container"]["image"] for item in executors}


def _make_images(address: str, folder: Path, pins: Sequence[str], names: set[str]) -> None:
    """One image, under the names that the compiled pipelines give: `python:MINOR`, and those of steps that name theirs."""
    root = folder / "rootfs"
    root.mkdir()
    make(root, pins)
    first = f"python:{sys.version_info[0]}.{sys.version_info[1]}"
    command = ["docker", "-H", address, "import", "-c", "WORKDIR /work", "-c", "ENV PATH=/usr/bin", "-", first]
    with subprocess.Popen(["tar", "-C", str(root), "-c", "."], stdout=subprocess.PIPE) as packed:
        subprocess.run(command, stdin=packed.stdout, check=True, capture_output=True)
    assert packed.returncode == 0
    shutil.rmtree(root)
    for name in names - {first}:
        subprocess.run(["docker", "-H", address, "tag", first, name], check=True, capture_output=True)


def _in_containers(address: str, file: Path) -> dict[str, str]:
    """What the cells of each task printed."""
    command = [sys.executable, str(HERE / "run_in_docker.py"), str(file), str(file.parent / "root")]
    environment = {**os.environ, "DOCKER_HOST": address, "NO_COLOR": "1"}
    done = subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-5000:]
    [run] = (file.parent / "root").iterdir()
    found = {}
    for executed in sorted(run.glob("*/executed.ipynb")):
        cells = json.loads(executed.read_bytes())["cells"]
        outputs = [output for cell in cells for output in cell.get("outputs", ())]
        found[executed.parent.name] = "".join("".join(item["text"]) for item in outputs if item.get("name") == "stdout")
    return found


def _timeless(printed: Mapping[str, str]) -> dict[str, str]:
    """What `%%time` says is another each time."""
    return {name: _TIMES.sub("", text) for name, text in printed.items()}


def _here(path: Path) -> dict[str, str]:
    """The same of a run on this machine, by the first step of each process."""
    started = api.run(path)
    printed: dict[str, str] = {}
    for event in started.events():
        if isinstance(event, Printed) and event.stream == "stdout" and event.step is not None:
            printed[event.step] = printed.get(event.step, "") + event.text
    assert api.run_record(path, started.id).state is RunState.SUCCEEDED
    pipeline = api.analyze(path).pipeline
    assert pipeline is not None
    found: dict[str, str] = {}
    for step in pipeline.steps:
        task = pipeline.process_of(step.id)[0].id
        found[task] = found.get(task, "") + printed.get(step.id, "")
    return found


def test_pipelines_run_in_containers_without_network(tmp_path: Path) -> None:
    """Each step in a container of its own, with what was pinned and nothing else; all cells print what they print here."""
    pytest.importorskip("docker", reason="KFP's runner for containers needs the package docker")
    if os.environ.get("NB2PIPE_CONTAINERS") == "none":
        pytest.skip("NB2PIPE_CONTAINERS=none: no containers here")
    try:
        with engine() as address:
            _prove(address, tmp_path)
    except NoEngine as why:
        if why.expected:
            pytest.fail(f"no Docker engine: {why}. Where there can be none, set NB2PIPE_CONTAINERS=none")
        pytest.skip(f"no Docker engine: {why}")


def _prove(address: str, folder: Path) -> None:
    (folder / "notebooks").mkdir()
    paths = list(_notebooks(folder / "notebooks"))
    pins: set[str] = set()
    images: set[str] = set()
    for path in paths:
        content = api.compile_notebook(path).content
        path.with_suffix(".yaml").write_bytes(content)
        pins |= _pins(content)
        images |= _images(content)
    _make_images(address, folder, sorted(pins), images)
    for path in paths:
        begun = time.monotonic()
        found = _in_containers(address, path.with_suffix(".yaml"))
        took = time.monotonic() - begun
        assert _timeless(found) == _timeless(_here(path)), path.stem
        print(f"in containers without network: {path.stem}, {len(found)} tasks, {took:.0f} s")
