"""`nb2pipe suggest` and `nb2pipe new`, as people call them."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nb2pipe import api
from nb2pipe.errors import BadInput
from nb2pipe.model import RunState
from nb2pipe.templates import TEMPLATES, template

LOOP = "for i in range(1000):\n    print(i ** i)\n" * 6  # work for a step of its own
CELLS = [
    ("", "import csv"),
    ("", f"# Load the data\nrows = list(csv.reader(['1,2', '3,4']))\n{LOOP}"),
    ("", f"# Report\nprint(len(rows))\n{LOOP}"),
]
TAGS = [["imports"], ["step:load_data"], ["step:report"]]


def tags_in(path: Path) -> list[list[str]]:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [cell["metadata"].get("tags", []) for cell in cells if cell["cell_type"] == "code"]


def test_a_preview_writes_nothing(write: Any, call: Any, tmp_path: Path) -> None:
    path = write(*CELLS)
    before = path.read_bytes()
    done = call("suggest", path)
    assert done.code == 0, done
    assert done.out.splitlines() == [
        f"{path}: 2 steps for 3 cells",
        "",
        "cell 1  imports         only imports and set-up: replayed in each step that needs them",
        'cell 2  step:load_data  comment "Load the data"',
        "                        gives `rows`; 1 more variable stays inside",
        'cell 3  step:report     comment "Report"',
        "                        of 1 variable made above, only `rows` is read from here on",
        "                        gives nothing on; 1 variable stays inside",
        "                        waits for load_data",
        "",
        "  1  load_data",
        "  2  report",
        "",
        "nothing is written yet:",
        f"  nb2pipe suggest {path} -o {tmp_path / 'note.steps.ipynb'}",
        f"  nb2pipe suggest {path} --in-place",
    ]
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_copy_has_the_tags_and_the_notebook_stays(write: Any, call: Any, tmp_path: Path) -> None:
    path, copy = write(*CELLS), tmp_path / "copy.ipynb"
    before = path.read_bytes()
    done = call("suggest", path, "-o", copy)
    assert done.code == 0, done
    assert f"{copy}: 3 cells tagged anew" in done.out
    assert tags_in(copy) == TAGS
    assert path.read_bytes() == before
    assert "2 steps" in call("check", copy).out


def test_a_copy_never_goes_over_a_file(write: Any, call: Any, tmp_path: Path) -> None:
    path, copy = write(*CELLS), tmp_path / "copy.ipynb"
    copy.write_text("mine")
    done = call("suggest", path, "-o", copy)
    assert done.code == 2
    assert "N2P164" in done.err
    assert copy.read_text() == "mine"


def test_a_copy_that_can_not_be_written(write: Any, call: Any, tmp_path: Path) -> None:
    done = call("suggest", write(*CELLS), "-o", tmp_path / "none" / "copy.ipynb")
    assert done.code == 3
    assert "N2P611" in done.err


def test_in_place_writes_the_tags_and_nothing_else(write: Any, call: Any) -> None:
    path = write(*CELLS)
    path.chmod(0o640)
    data = json.loads(path.read_text())
    done = call("suggest", path, "--in-place")
    assert done.code == 0, done
    for cell, tags in zip(data["cells"], TAGS, strict=True):
        cell["metadata"]["tags"] = tags
    assert path.read_text() == json.dumps(data, indent=1) + "\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
def test_a_file_that_may_not_be_written_stays(write: Any, call: Any) -> None:
    path = write(*CELLS)
    path.chmod(0o440)
    before = path.read_bytes()
    done = call("suggest", path, "--in-place")
    assert done.code == 3
    assert "N2P611" in done.err
    assert path.read_bytes() == before


def test_one_step_is_explained(write: Any, call: Any) -> None:
    done = call("suggest", write(("", "x = len('a')"), ("", "print(x)")))
    assert "1 step for 2 cells" in done.out
    assert "one step: its cells do too little" in done.out


def test_in_place_follows_a_link(write: Any, call: Any, tmp_path: Path) -> None:
    path, link = write(*CELLS), tmp_path / "link.ipynb"
    link.symlink_to(path)
    assert call("suggest", link, "--in-place").code == 0
    assert link.is_symlink()
    assert tags_in(path) == TAGS


def test_steps_that_are_there_are_left_alone(write: Any, call: Any) -> None:
    path = write(("step:mine", "x = 1"), ("", "print(x)"))
    before = path.read_bytes()
    done = call("suggest", path, "--in-place")
    assert done.code == 2
    assert "N2P161" in done.err
    assert path.read_bytes() == before
    assert call("suggest", path, "--in-place", "--again").code == 0
    assert tags_in(path) == [["parameters"], ["step:show"]]


def test_a_notebook_that_changes_meanwhile_is_not_written(write: Any) -> None:
    path = write(*CELLS)
    found = api.suggest(path)
    other = write(*CELLS[:2])
    before = other.read_bytes()
    with pytest.raises(BadInput) as error:
        api.write_tags(found, path)
    assert [item.code for item in error.value.diagnostics] == ["N2P163"]
    assert other.read_bytes() == before


def test_outputs_may_change_meanwhile(write: Any) -> None:
    path = write(*CELLS)
    found = api.suggest(path)
    data = json.loads(path.read_text())
    data["cells"][0]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": ["new\n"]}]
    path.write_text(json.dumps(data))
    api.write_tags(found, path)
    assert tags_in(path) == TAGS
    assert json.loads(path.read_text())["cells"][0]["outputs"] == data["cells"][0]["outputs"]


def test_json(write: Any, call: Any) -> None:
    path = write(*CELLS)
    data = json.loads(call("suggest", path, "--json").out)
    assert data["tags"] == [
        {"cell": number, "id": f"c{number}", "position": number, "tags": tags} for number, tags in enumerate(TAGS)
    ]
    assert [part["tag"] for part in data["parts"]] == ["imports", "step:load_data", "step:report"]
    assert (data["schema"], data["written"], data["remarks"], data["diagnostics"]) == (1, None, [], [])


def test_nothing_to_suggest(write: Any, call: Any) -> None:
    done = call("suggest", write(("", "# nothing")), "--in-place")
    assert done.code == 2
    assert "nothing to tag" in done.out


def test_two_places_are_one_too_many(write: Any, call: Any, tmp_path: Path) -> None:
    done = call("suggest", write(*CELLS), "--in-place", "-o", tmp_path / "b.ipynb")
    assert done.code == 2
    assert "give one of them" in done.err


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_new_notebook_is_sound(call: Any, tmp_path: Path, name: str) -> None:
    path = tmp_path / "study.ipynb"
    done = call("new", path, "--template", name)
    assert done.code == 0, done
    assert done.out.splitlines()[0] == f"{path}: a pipeline of 4 steps, from template {name}"
    assert path.read_bytes() == template(name)
    assert call("check", path).out == f"{path}: 4 steps, no problems\n"
    assert call("new", path).code == 2  # never over a file
    assert path.read_bytes() == template(name)


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_is_kept_clean(name: str) -> None:
    text = template(name).decode()
    data = json.loads(text)
    assert text == json.dumps(data, indent=1, ensure_ascii=False) + "\n"
    assert (data["nbformat"], data["nbformat_minor"]) == (4, 5)
    assert len({cell["id"] for cell in data["cells"]}) == len(data["cells"])
    assert all(cell["outputs"] == [] for cell in data["cells"] if cell["cell_type"] == "code")


def test_a_new_notebook_has_a_notebooks_name(call: Any, tmp_path: Path) -> None:
    done = call("new", tmp_path / "study")
    assert done.code == 2
    assert "study.ipynb" in done.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.kernel
@pytest.mark.parametrize("name", TEMPLATES)
def test_a_new_notebook_runs(
    tmp_path: Path, name: str, straight_run: Callable[..., list[Any]], shown: Callable[[Path], list[Any]]
) -> None:
    path = tmp_path / "study.ipynb"
    api.new(path, name)
    run = api.run(path, api.RunAsked(jobs=2))
    events = list(run.events())
    assert run.record is not None
    assert run.record.state is RunState.SUCCEEDED, events
    assert len(run.record.metrics) == 2
    assert shown(run.merged) == straight_run(path)
