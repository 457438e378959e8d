"""What imports find on PYTHONPATH, and of what is installed to be edited."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from nb2pipe.targets.local import reasons
from nb2pipe.targets.local.import_places import places

FINDER = "MAPPING: dict[str, str] = {'helpers': 'HERE/old/helpers'}"


@dataclass(frozen=True)
class Case:
    """Files, and PYTHONPATH, at first and then; `because`: what is said of it. HERE is the folder of the case."""

    then: Mapping[str, str] = field(default_factory=dict)
    before: Mapping[str, str] = field(default_factory=dict)
    path: tuple[str, str] = ("", "")
    because: str = ""


SAID = "`import helpers` finds something else: PYTHONPATH, or what is installed to be edited, changed"
MODULES = {"old/helpers.py": "", "new/helpers.py": "", "others/more.py": ""}

CASES = {
    "nothing": Case(before=MODULES),
    "another folder": Case({}, MODULES, ("HERE/old", "HERE/new"), SAID),
    "one that comes first": Case({}, MODULES, ("HERE/old", "HERE/new:HERE/old"), SAID),
    "one that comes last": Case({}, MODULES, ("HERE/old", "HERE/old:HERE/new"), SAID),
    "another order": Case({}, MODULES, ("HERE/old:HERE/new", "HERE/new:HERE/old"), SAID.replace("`import helpers`", "an import")),
    "one that has none of the names": Case({}, MODULES, ("HERE/old", "HERE/others:HERE/old:HERE/none")),
    "the same, told otherwise": Case({}, MODULES, ("../old", "HERE/old/")),
    "a module there": Case({"old/helpers.py": ""}, {}, ("HERE/old", "HERE/old"), SAID),
    "a folder that is installed": Case({"site-packages/x.pth": "HERE/new\n"}, {**MODULES, "site-packages/x.pth": "# x\nimport sys\nHERE/old\n"}, because=SAID),
    "another folder that is installed": Case({"site-packages/y.pth": "HERE/others\n"}, {**MODULES, "site-packages/x.pth": "HERE/old\n"}),
    "a package that is installed": Case({"site-packages/__editable___x_finder.py": FINDER.replace("old", "new")}, {"site-packages/__editable___x_finder.py": FINDER}, because=SAID),
    "another package that is installed": Case({"site-packages/__editable___y_finder.py": FINDER.replace("helpers", "more")}, {"site-packages/__editable___x_finder.py": FINDER}),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_what_imports_find(tmp_path: Path, name: str) -> None:
    case = CASES[name]
    first = _found(tmp_path, case.before, case.path[0])
    then = _found(tmp_path, case.then, case.path[1])
    assert list(reasons.places_changed(first, then)) == ([case.because] if case.because else [])


def _found(here: Path, files: Mapping[str, str], path: str) -> str:
    filled: Callable[[str], str] = lambda text: text.replace("HERE", str(here))  # noqa: E731
    (here / "work").mkdir(exist_ok=True)
    for file, text in files.items():
        (here / file).parent.mkdir(exist_ok=True)
        (here / file).write_text(filled(text))
    site = str(here / "site-packages")
    looked = places(("helpers", "json"), (site,), {"PYTHONPATH": filled(path)}, here / "work")
    assert all(place in looked.folders for place, _ in json.loads(looked.found) if ".py" not in place)
    assert sorted(looked.files) == sorted(str(file) for file in (here / "site-packages").glob("*"))
    return looked.found
