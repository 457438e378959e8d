"""Instances of a library's classes: refused where the library's own `==` says that a pickle makes another of them."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from nb2pipe.runtime.arrays import CannotLeave
from nb2pipe.runtime.losses import own_way

LIBRARY = """
class Labelled:
    def __init__(self, name, label):
        self.name, self.label = name, label
    def __eq__(self, other):
        return (self.name, self.label) == (other.name, other.label)
    __hash__ = None
    def __setstate__(self, state):
        self.__dict__.update(state)

class Relabelled(Labelled):
    def __setstate__(self, state):
        self.__dict__.update(state, label=self.__class__.first(state['name']))
    first = staticmethod(lambda name: name)

class Silent(Relabelled):
    __eq__ = object.__eq__

class ByIdentity(Relabelled):
    def __eq__(self, other):
        return id(self) == id(other)

class ByElements(Relabelled):
    def __eq__(self, other):
        return [True]

"""


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    folder = tmp_path / "site-packages"
    folder.mkdir()
    (folder / "labels_of_others.py").write_text(LIBRARY)
    monkeypatch.syspath_prepend(str(folder))
    yield importlib.import_module("labels_of_others")
    del sys.modules["labels_of_others"]


@pytest.mark.parametrize(
    ("cls", "label", "refused"),
    [
        ("Relabelled", "b", True),
        ("Relabelled", "a", False),  # this one arrives as it is
        ("Labelled", "b", False),
        ("Labelled", float("nan"), False),
        ("Silent", "b", False),  # taken at its word
        ("ByIdentity", "b", False),
        ("ByElements", "b", False),
        ("Labelled", lambda: 1, False),  # can't be tried
        ("Relabelled", "b" * 2_000_000, False),  # nor can this
    ],
)
def test_what_arrives_unequal_is_refused(library: ModuleType, cls: str, label: object, refused: bool) -> None:
    made = getattr(library, cls)("a", label)
    if refused:
        with pytest.raises(CannotLeave, match=cls):
            own_way(made)
    else:
        assert own_way(made) is None
    assert made.label is label


def test_only_so_many_of_a_class_are_tried(library: ModuleType) -> None:
    for _ in range(200):
        assert own_way(library.Relabelled("a", "a")) is None
    assert own_way(library.Relabelled("a", "b")) is None


def test_what_a_library_keeps_outside_of_its_objects(monkeypatch: pytest.MonkeyPatch) -> None:
    """HoloViews' options lie in a store of its own, by an id that an object has once it has options."""
    module = ModuleType("holoviews.core.dimension")
    exec("class LabelledData:\n    _id = None\nclass Curve(LabelledData): pass\n", vars(module))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    plain, styled = module.Curve(), module.Curve()
    styled._id = 7
    assert own_way(plain) is None
    with pytest.raises(CannotLeave, match=r"keeps what `\.opts` set outside"):
        own_way(styled)
