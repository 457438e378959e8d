"""A class of `records` does what the same class of the standard `dataclasses` does."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from collections.abc import Callable
from dataclasses import field
from typing import Any

import pytest

from nb2pipe import model, records


def classes(dataclass: Any) -> dict[str, Any]:
    """One class of each kind, by one of the two decorators."""

    @dataclass(frozen=True, order=True)
    class Place:
        cell: int
        line: int = 1

    @dataclass(frozen=True)
    class Named:
        """Some of its fields count."""

        name: str
        told: object = field(default=None, hash=False)
        hidden: bytes = field(default=b"x", repr=False)
        cached: int = field(default=0, compare=False)
        items: tuple[str, ...] = field(default_factory=tuple)

    @dataclass(frozen=True)
    class Empty:
        pass

    @dataclass
    class Open:
        seen: list[int] = field(default_factory=list)
        own: int = 0

        def __repr__(self) -> str:
            return "its own"

    return {"Place": Place, "Named": Named, "Empty": Empty, "Open": Open}


OURS, THEIRS = classes(records.dataclass), classes(dataclasses.dataclass)

Use = Callable[[dict[str, Any]], Any]
USES: dict[str, Use] = {
    "by position and by name": lambda of: repr([of["Place"](1), of["Place"](line=3, cell=2)]),
    "no argument for a field": lambda of: of["Place"](),
    "one argument too many": lambda of: of["Place"](1, 2, 3),
    "an unknown argument": lambda of: of["Place"](1, lin=2),
    "equal": lambda of: of["Place"](1) == of["Place"](1, 1),
    "not equal": lambda of: of["Place"](1) == of["Place"](2),
    "another class": lambda of: of["Place"](1) == (1, 1),
    "in order": lambda of: [
        of["Place"](1) < of["Place"](2),
        of["Place"](1, 2) <= of["Place"](1),
        of["Place"](1) > of["Place"](0),
        of["Place"](1) >= of["Place"](2),
        repr(max(of["Place"](1), of["Place"](1, 3))),
    ],
    "no order among others": lambda of: of["Named"]("a") < of["Named"]("b"),
    "an order with other things": lambda of: of["Place"](1) < (2, 2),
    "hashes": lambda of: len({of["Place"](1), of["Place"](1, 1), of["Place"](2), of["Empty"](), of["Empty"]()}),
    "a field that is not hashed": lambda of: hash(of["Named"]("a", [1])) == hash(of["Named"]("a", [2])),
    "a field that is not compared": lambda of: of["Named"]("a", cached=1) == of["Named"]("a", cached=2),
    "a field that is not shown": lambda of: repr(of["Named"]("a")),
    "of frozen ones nothing is set": lambda of: setattr(of["Place"](1), "cell", 2),
    "nor added": lambda of: setattr(of["Place"](1), "more", 2),
    "nor deleted": lambda of: delattr(of["Place"](1), "cell"),
    "others are open": lambda of: [setattr(it := of["Open"](), "own", 2), it.own],
    "others have no hash": lambda of: hash(of["Open"]()),
    "each has a list of its own": lambda of: of["Open"]().seen is of["Open"]().seen,
    "what the class defines itself stays": lambda of: repr(of["Open"]()),
    "replaced": lambda of: repr(dataclasses.replace(of["Named"]("a"), name="b")),
    "as a dict": lambda of: dataclasses.asdict(of["Named"]("a", items=("b",))),
    "its fields": lambda of: [(item.name, item.default) for item in dataclasses.fields(of["Place"])],
    "matched": lambda of: of["Place"].__match_args__,
    "copied": lambda of: repr(copy.deepcopy(of["Named"]("a", [1]))),
}


@pytest.mark.parametrize("case", USES)
def test_it_does_what_the_standard_one_does(case: str) -> None:
    def outcome(of: dict[str, Any]) -> object:
        try:
            return USES[case](of)
        except (TypeError, AttributeError) as error:
            return type(error), str(error)

    assert outcome(OURS) == outcome(THEIRS)


def test_instances_are_pickled() -> None:
    value = model.Diagnostic("N2P101", model.Severity.NOTE, "text", model.Location("a.ipynb", 1))
    assert pickle.loads(pickle.dumps(value)) == value  # noqa: S301  # our own


def test_what_it_would_not_do_is_refused() -> None:
    class Late:
        def __post_init__(self) -> None:
            raise AssertionError

    with pytest.raises(TypeError, match="Late: `__post_init__` is not called"):
        records.dataclass(Late)
