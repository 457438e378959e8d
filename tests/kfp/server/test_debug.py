"""`debug` of a step that ran on a cluster: its inputs come from where KFP keeps artifacts."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from nbclient import NotebookClient

sys.path.insert(0, str(Path(__file__).parents[1]))

from kfp_runs import by_kfp, notebook

from nb2pipe import api

if TYPE_CHECKING:
    from double import Double

Call = Callable[..., tuple[int, str, str]]
CELLS = (
    ("parameters", "scale = 2"),
    ("imports", "import numpy as np"),
    ("step:make", "data = np.arange(4) * scale\nview = data[1:]"),
    ("step:use", "view[0] = 40\nprint(data.sum(), scale)\nraise ValueError('no good')"),
)


@pytest.fixture
def ran(call: Call, double: Double, tmp_path: Path) -> tuple[Path, Path]:
    """A notebook whose run failed on the cluster, and KFP's store with what it left there."""
    source = tmp_path / "project" / "note.ipynb"
    source.parent.mkdir()
    source.write_bytes(notebook(*CELLS))
    code, _, err = call("submit", source, "--host", double.url, "-p", "scale=3")
    assert code == 0, err
    [directory] = (source.parent / ".nb2pipe" / "runs").iterdir()
    work = tmp_path / "work"
    work.mkdir()
    shutil.copyfile(directory / "pipeline.yaml", tmp_path / "pipeline.yaml")
    done = by_kfp(tmp_path / "pipeline.yaml", work, {"scale": 3})
    assert done.code == 1, done.text
    store = tmp_path / "store"
    (store / "v2" / "note").mkdir(parents=True)
    done.tasks.rename(store / "v2" / "note" / next(iter(double.runs)))
    return source, store / "v2"


def executed(path: Path, *more: str) -> list[Any]:
    """What the cells of a debug notebook show, after the cells that follow it."""
    found = nbformat.read(path, as_version=4)
    found.cells += [nbformat.v4.new_code_cell(text) for text in more]
    NotebookClient(found, allow_errors=True, resources={"metadata": {"path": str(path.parent)}}).execute()
    return [output for cell in found.cells if cell.cell_type == "code" for output in cell.outputs]


@pytest.mark.kernel
def test_a_step_is_opened_with_its_inputs(call: Call, ran: tuple[Path, Path]) -> None:
    source, store = ran
    code, out, err = call("debug", "use", "--artifacts", f"file://{store}", "--run-dir", source)
    assert code == 0, out + err
    shown = executed(source.parent / "note.use.debug.ipynb", "print(data.tolist(), scale)")
    told, *texts = [item.get("text") or item["ename"] for item in shown]
    assert told == "step use of note.ipynb, as it was before cell 4\n"
    assert texts == ["55 3\n", "ValueError", "[0, 40, 6, 9] 3\n"]


def test_the_connection_knows_the_store(call: Call, ran: tuple[Path, Path], double: Double) -> None:
    source, store = ran
    call("targets", "add", "team", "--host", double.url, "--artifacts", f"file://{store}")
    code, _, err = call("submit", source, "--to", "team", "-p", "scale=3")
    assert code == 0, err
    first, second = double.runs
    (store / "note" / first).rename(store / "note" / second)
    found = api.debug(source, "use")
    assert json.loads(found.files.request.read_bytes())["parameters"] == {"scale": 3}


WRONG = {
    "no store": ((), "where KFP keeps its artifacts isn't known here"),
    "a store that isn't there": (("--artifacts", "file:///nowhere/at-all"), "the inputs can't be fetched"),
    "a scheme that nobody knows": (("--artifacts", "nowhere://a/b"), "the inputs can't be fetched"),
    "a password in the address": (("--artifacts", "s3://me:secret@bucket/b"), "holds a user's name or password"),
    "no address": (("--artifacts", "bucket"), "is no address of a store"),
}


def test_what_can_not_be_fetched_is_said(call: Call, ran: tuple[Path, Path]) -> None:
    source, _ = ran
    for case, (options, said) in WRONG.items():
        code, out, err = call("debug", "use", *options, "--run-dir", source)
        assert code in (2, 3), case
        assert said in err, case
        assert "Traceback" not in out + err, case
        assert "secret" not in out + err, case


def test_a_part_that_is_missing_is_named(call: Call, ran: tuple[Path, Path]) -> None:
    source, store = ran
    for path in store.rglob("data"):
        path.unlink()
    code, _, err = call("debug", "use", "--artifacts", f"file://{store}", "--run-dir", source)
    assert code == 3
    assert "make has no `data`" in err
