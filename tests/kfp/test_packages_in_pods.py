"""What pods install and bring along: in the compiled file, and when KFP's own runner runs it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from kfp_runs import by_kfp, notebook

from nb2pipe import api
from nb2pipe.errors import BadInput
from nb2pipe.model import StepOptions
from nb2pipe.targets.kfp.pod.installing import install

CELLS = [
    ("imports", "import json\nimport click"),
    ("step:one", "import helpers\nx = helpers.twice(21)"),
    ("step:two", "print(x, click.__name__, json.dumps(x))"),
]


def written(folder: Path, *cells: tuple[str, str], **metadata: Any) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "helpers.py").write_text("def twice(v):\n    return 2 * v\n", "utf-8")
    path = folder / "note.ipynb"
    path.write_bytes(notebook(*cells, **metadata))
    return path


def containers(content: bytes) -> dict[str, Any]:
    """Of each task, by its name."""
    spec = next(iter(yaml.safe_load_all(content)))
    executors = spec["deploymentSpec"]["executors"]
    labels = {
        task: spec["components"][item["componentRef"]["name"]]["executorLabel"]
        for task, item in spec["root"]["dag"]["tasks"].items()
    }
    return {task: executors[label]["container"] for task, label in labels.items()}


def pins(container: Any) -> list[str]:
    args = container["args"]
    return list(json.loads(args[args.index("--install") + 1])) if "--install" in args else []


def test_each_pod_installs_what_its_step_needs(tmp_path: Path) -> None:
    """And what runs it; the image has the kernel's Python."""
    import importlib.metadata
    import sys

    found = containers(api.compile_notebook(written(tmp_path / "n", *CELLS)).content)
    one, two = (pins(found[name]) for name in ("one", "two"))
    assert {item.partition("==")[0] for item in one} >= {"papermill", "ipykernel", "cloudpickle"}
    assert f"click=={importlib.metadata.version('click')}" in two
    assert {item["image"] for item in found.values()} == {f"python:{sys.version_info[0]}.{sys.version_info[1]}"}
    assert not [item for item in one + two if item.startswith(("helpers", "nb2pipe"))]


def test_a_lock_file_decides(tmp_path: Path) -> None:
    path = written(tmp_path / "n", *CELLS)
    text = api.lock(path).text
    lines = ["click==7.0  # imports click" if line.startswith("click==") else line for line in text.splitlines()]
    path.with_name("note.lock.txt").write_text("\n".join(lines).replace("3.11", "3.12"), "utf-8")
    found = containers(api.compile_notebook(path).content)
    assert "click==7.0" in pins(found["two"])
    if "# python: 3.11" in text:
        assert found["two"]["image"] == "python:3.12"


@pytest.mark.parametrize("way", ["option", "metadata"])
def test_nothing_is_installed_in_an_image(tmp_path: Path, way: str) -> None:
    """For all steps that name none; the last task, which only compares, has it too."""
    image = "ghcr.io/team/x:1"
    metadata = {"nb2pipe": {"defaults": {"image": image}}} if way == "metadata" else {}
    cells = [*CELLS[:2], ("step:two image:other:2", CELLS[2][1])]
    path = written(tmp_path / "n", *cells, **metadata)
    compiled = api.compile_notebook(path, image=image if way == "option" else None)
    found = containers(compiled.content)
    assert {task: item["image"] for task, item in found.items()} == {"one": image, "two": "other:2"}
    assert [pins(item) for item in found.values()] == [[], []]
    assert [item.code for item in compiled.diagnostics] == ["N2P555", "N2P555"]
    assert compiled.pipeline.steps[1].options == StepOptions(image="other:2")


def test_what_no_pod_can_have_is_an_error(tmp_path: Path) -> None:
    path = written(tmp_path / "n", ("step:one", "import nowhere_at_all"), ("step:two label:a//b=c", "print(1)"))
    with pytest.raises(BadInput) as raised:
        api.compile_notebook(path)
    assert [item.code for item in raised.value.diagnostics] == ["N2P542", "N2P551"]


@pytest.mark.kernel
def test_modules_travel_and_what_is_there_is_not_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pods run in an empty folder, with no index."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    file = tmp_path / "pipeline.yaml"
    file.write_bytes(api.compile_notebook(written(tmp_path / "n", *CELLS)).content)
    (tmp_path / "empty").mkdir()
    ran = by_kfp(file, tmp_path / "empty", {})
    assert ran.code == 0, ran.text
    assert ran.printed("two") == "42 click 42\n"


def test_what_cannot_be_installed_is_said(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    assert install([]) is True
    assert install(["nb2pipe-never==1.0"]) is False
    error = capfd.readouterr().err
    assert "this pod can't install what its step imports: nb2pipe-never==1.0" in error
    assert "nb2pipe-error: " in error
    assert "Traceback" not in error
