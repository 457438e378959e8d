"""The examples, as a user meets them: what they are made into, and that they run to the notebook's own results.

`NB2PIPE_UPDATE_GOLDEN=1 pytest tests/examples` writes what is in `golden/` anew.
"""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from IPython.core.inputtransformer2 import TransformerManager

from nb2pipe import api
from nb2pipe.observing import Settings
from nb2pipe.verify.verdicts import Outcome, Verdict
from nb2pipe.verifying import Asked

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = Path(__file__).parent / "golden"
NAMES = sorted(path.stem for path in (ROOT / "examples").glob("*.ipynb"))
UPDATE = os.environ.get("NB2PIPE_UPDATE_GOLDEN") == "1"

Shows = Callable[[Path], list[Any]]


def nb2pipe(folder: Path, *arguments: str, seed: str = "0") -> str:
    """Run the command in `folder`; what it prints."""
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8", "NO_COLOR": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "nb2pipe", *arguments],
        cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8", timeout=150, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def made_of(name: str, folder: Path, seed: str) -> dict[str, str]:
    """All that an example is made into, by the commands that a user has."""
    folder.mkdir()
    shutil.copy(ROOT / "examples" / f"{name}.ipynb", folder)
    notebook = f"{name}.ipynb"
    nb2pipe(folder, "build", notebook, "-o", "bundle", seed=seed)
    files = {
        path.relative_to(folder / "bundle").as_posix(): path.read_text(encoding="utf-8")
        for path in sorted((folder / "bundle").rglob("*"))
        if path.is_file()
    }
    return {
        **files,
        "graph.txt": nb2pipe(folder, "graph", notebook, seed=seed),
        "diagnostics.txt": nb2pipe(folder, "check", notebook, seed=seed),
    }


@pytest.mark.parametrize("name", NAMES)
def test_an_example_is_made_into_the_same_bytes_every_time(tmp_path: Path, name: str) -> None:
    made = made_of(name, tmp_path / "one", seed="1")
    assert made_of(name, tmp_path / "two", seed="2") == made
    golden = GOLDEN / name
    kept = ("pipeline.json", "graph.txt", "diagnostics.txt")
    if UPDATE:
        golden.mkdir(parents=True, exist_ok=True)
        for file in kept:
            (golden / file).write_text(made[file], encoding="utf-8")
    for file in kept:
        assert made[file] == (golden / file).read_text(encoding="utf-8"), f"golden/{name}/{file}"


def test_each_golden_has_its_example() -> None:
    assert sorted(path.name for path in GOLDEN.iterdir()) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_an_example_is_kept_clean(name: str) -> None:
    """As nbformat 4.5 wants it, without outputs: a diff of it shows what somebody changed."""
    text = (ROOT / "examples" / f"{name}.ipynb").read_text(encoding="utf-8")
    notebook = json.loads(text)
    assert text == json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    ids = [cell["id"] for cell in notebook["cells"]]
    assert len(ids) == len(set(ids))
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
    for cell in code:
        if "skip" not in cell["metadata"].get("tags", ()):
            ast.parse(TransformerManager().transform_cell("".join(cell["source"])))


@pytest.mark.parametrize("name", NAMES)
def test_an_example_says_what_it_shows(name: str) -> None:
    notebook = json.loads((ROOT / "examples" / f"{name}.ipynb").read_text(encoding="utf-8"))
    first, *rest = notebook["cells"]
    assert first["cell_type"] == "markdown"
    assert "Shows " in "".join(first["source"])
    assert 10 <= len(rest) + 1 <= 25
    table = (ROOT / "examples" / "README.md").read_text(encoding="utf-8")
    assert f"| [{name}.ipynb]({name}.ipynb) |" in table


@dataclass(frozen=True)
class Expected:
    """What `verify` is to find, besides that all is the same. `skipped` cells by number; `closed` variables.

    `closed`: of what a cell has drawn, or what can't be looked into, only the type can be compared.
    """

    closed: tuple[str, ...] = ()
    skipped: tuple[int, ...] = ()
    files: tuple[str, ...] = ()


EXPECTED = {
    "images": Expected(),
    "kale_style": Expected(skipped=(1, 6)),
    "messy": Expected(closed=("ax", "lock", "months"), files=("out/stocks.csv",)),
    "network": Expected(closed=("ax",)),
    "simulation": Expected(closed=("ax", "line")),
    "tabular": Expected(closed=("ax",)),
    "text": Expected(closed=("ax", "axes"), files=("out/docstrings.csv", "out/mistaken.csv")),
    "timeseries": Expected(closed=("ax", "axes")),
}


@pytest.mark.kernel
@pytest.mark.timeout(500)
@pytest.mark.parametrize("name", NAMES)
def test_an_example_is_verified(tmp_path: Path, name: str) -> None:
    path = tmp_path / f"{name}.ipynb"
    shutil.copy(ROOT / "examples" / path.name, path)
    before = path.read_bytes()
    found = api.verify(path, Asked(Settings(jobs=2)))
    told = [f"{item.name}: {item.difference}" for item in found.variables if item.verdict is Verdict.DIFFERS]
    assert (found.outcome, found.problem, told) == (Outcome.SAME, "", [])
    assert found.notes == ()
    expected = EXPECTED[name]
    assert _others(found.cells, "cell") == {number - 1: Verdict.NOT_RUN for number in expected.skipped}
    assert _others(found.variables, "name") == dict.fromkeys(expected.closed, Verdict.NOT_COMPARED)
    assert {item.name: item.verdict for item in found.files} == dict.fromkeys(expected.files, Verdict.SAME)
    assert path.read_bytes() == before


def _others(reports: Sequence[Any], key: str) -> dict[Any, Verdict]:
    """The verdicts that are not SAME."""
    return {getattr(item, key): item.verdict for item in reports if item.verdict is not Verdict.SAME}


@pytest.mark.kernel
def test_the_command_runs_an_example_with_other_parameters(
    tmp_path: Path, straight_run: Callable[..., list[Any]], shown: Shows
) -> None:
    for folder in ("straight", "pipeline"):
        (tmp_path / folder).mkdir()
        shutil.copy(ROOT / "examples" / "tabular.ipynb", tmp_path / folder)
    given = ["-p", "max_depth", "1", "-y", "features: [mean_radius, mean_texture]"]
    expected = straight_run(tmp_path / "straight" / "tabular.ipynb", *given)
    printed = nb2pipe(
        tmp_path / "pipeline", "run", "tabular.ipynb", "-o", "done.ipynb",
        "-p", "max_depth=1", "-p", 'features=["mean_radius", "mean_texture"]',
    )  # fmt: skip
    assert shown(tmp_path / "pipeline" / "done.ipynb") == expected
    assert any("2 features" in text for cell in expected for _, text in cell.streams)
    assert "best model" in printed
    (record,) = api.runs(tmp_path / "pipeline" / ".nb2pipe")
    assert {key for step in record.steps for key in step.metrics} == {"accuracy", "roc_auc"}
