"""Descriptions of values: the same for what a pickle makes of them, another for each of their twins."""

from __future__ import annotations

import collections
import datetime
import enum
import functools
import importlib
import json
import os
import pickle
import threading
from array import array
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LinearRegression
from sklearn.utils import Bunch

from nb2pipe.runtime.changes import Verdict as Change
from nb2pipe.runtime.changes import compare
from nb2pipe.runtime.describe import describe
from nb2pipe.verify.state import State, compare_values, difference
from nb2pipe.verify.verdicts import Verdict

mpl.use("Agg")


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


class Thing:
    def __init__(self, **values: object) -> None:
        self.__dict__.update(values)

    def __repr__(self) -> str:
        raise RuntimeError("nobody asks for this")


class Squared(Thing):
    @functools.cached_property
    def square(self) -> list[int]:
        return [self.__dict__["side"] ** 2]


class Forgetful(Thing):
    def __getstate__(self) -> dict[str, object]:
        return {"kept": self.__dict__.get("kept")}


def figure(*heights: float) -> Any:
    from matplotlib.figure import Figure

    found = Figure()
    found.add_subplot().bar(range(len(heights)), heights)
    return found


def fitted(*values: float) -> LinearRegression:
    return LinearRegression().fit([[0.0], [1.0]], list(values))


def advanced(values: Any) -> Any:
    """An iterator that has given its first."""
    found = iter(values)
    next(found)
    return found


shared: list[int] = []
ring: list[Any] = [1]
ring.append(ring)


ROWS: list[tuple[str, Any, list[Any]]] = [
    ("numbers", 1, [2, 1.0, True, "1", None]),
    ("floats", 0.1, [0.2, 0.1 + 1e-15, 1]),
    ("no number", float("nan"), [0.0, float("inf")]),
    ("complex", 1 + 2j, [1 - 2j]),
    ("text", "añ\ud800", ["añ", "a\u0303"]),
    ("bytes", b"a", [bytearray(b"a"), "a"]),
    ("lists", [1, [2.0, "x"]], [[1, [2.5, "x"]], [1, (2.0, "x")], [1, [2.0], "x"], [[1, 2.0], "x"]]),
    ("long lists", list(range(1000)), [list(range(1001)), [*range(999), 5]]),
    ("long lists of floats", [0.5] * 1000, [[0.5] * 999 + [0.25], [0.5] * 1001]),
    ("one object twice", [shared, shared], [[[], []]]),
    ("itself", ring, [[1, [1]]]),
    ("sets", {3, "a", (1, 2)}, [{3, "a"}, frozenset({3, "a", (1, 2)})]),
    ("dicts in order", {"a": 1, "b": 2}, [{"b": 2, "a": 1}, {"a": 1}, {"a": 1, "b": 3}]),
    ("dicts", {1: "x"}, [{1: "y"}, {"1": "x"}]),
    ("collections", collections.Counter("aab"), [collections.Counter("abb"), {"a": 2, "b": 1}]),
    ("deques", collections.deque([1, 2], 3), [collections.deque([1, 2], 4), collections.deque([2, 1], 3)]),
    ("a default factory", collections.defaultdict(list, a=[1]), [collections.defaultdict(set, a=[1])]),
    ("enums", Colour.RED, [Colour.BLUE, 1]),
    ("classes of enums", Colour, [enum.Enum("Colour", {"RED": 1})]),
    ("iterators", advanced([1, 2, 3]), [iter([1, 2, 3]), iter([3]), advanced([1, 2, 4]), advanced((1, 2, 3))]),
    ("dates", datetime.date(2020, 1, 2), [datetime.date(2020, 1, 3), datetime.datetime(2020, 1, 2, tzinfo=datetime.UTC)]),
    ("functions", len, [max]),
    ("partials", functools.partial(max, 1), [functools.partial(max, 2), functools.partial(min, 1)]),
    ("modules' classes", Colour, [Thing]),
    ("instances", Thing(a=1, b=[2.0]), [Thing(a=1, b=[2.5]), Thing(a=1), Thing(a=1, c=[2.0])]),
    ("exceptions", ValueError("x"), [ValueError("y"), TypeError("x")]),
    ("paths", Path("a/b"), [Path("a/c")]),
    ("arrays of the library", array("d", [1.0]), [array("d", [2.0]), array("f", [1.0])]),
    ("arrays", np.arange(6).reshape(2, 3), [np.arange(6).reshape(3, 2), np.arange(6.0).reshape(2, 3), [[0, 1, 2], [3, 4, 5]]]),
    ("arrays in another order", np.asfortranarray([[1.0, 2.0]]), [np.array([[2.0, 1.0]])]),
    ("small floats", np.array([1.5], "f4"), [np.array([1.5], "f8"), np.array([1.25], "f4")]),
    ("dates in arrays", np.array(["2020"], "M8[D]"), [np.array(["2021"], "M8[D]"), np.array(["2020"], "M8[s]")]),
    ("objects in arrays", np.array([[1], "a"], object), [np.array([[2], "a"], object)]),
    ("records", np.array([(1, 2.0)], [("a", "i4"), ("b", "f8")]), [np.array([(1, 2.5)], [("a", "i4"), ("b", "f8")])]),
    ("masks", np.ma.array([1, 2], mask=[0, 1]), [np.ma.array([1, 2], mask=[1, 0]), np.array([1, 2])]),
    ("scalars", np.float64(0.5), [0.5, np.float32(0.5), np.float64(0.25)]),
    ("generators", np.random.default_rng(0), [np.random.default_rng(1)]),
    ("frames", pd.DataFrame({"a": [1, 2], "b": ["x", None]}), [
        pd.DataFrame({"a": [1, 3], "b": ["x", None]}),
        pd.DataFrame({"a": [1, 2], "c": ["x", None]}),
        pd.DataFrame({"b": ["x", None], "a": [1, 2]}),
        pd.DataFrame({"a": [1, 2], "b": ["x", None]}, index=[1, 2]),
        pd.DataFrame({"a": [1.0, 2.0], "b": ["x", None]}),
    ]),
    ("two columns of one name", pd.DataFrame([[1, 2]], columns=["a", "a"]), [pd.DataFrame([[2, 1]], columns=["a", "a"])]),
    ("categories", pd.Series(["u", "v"], dtype="category"), [pd.Series(["u", "u"], dtype="category"), pd.Series(["u", "v"])]),
    ("missing values", pd.array([1, None], dtype="Int64"), [pd.array([1, 0], dtype="Int64"), pd.array([1, 2], dtype="Int64")]),
    ("text columns", pd.Series(["a", None], dtype="string"), [pd.Series(["a", "b"], dtype="string")]),
    ("time zones", pd.Series(pd.to_datetime(["2020"], utc=True)), [pd.Series(pd.to_datetime(["2020"]))]),
    ("indices", pd.MultiIndex.from_product([[1, 2], ["a"]]), [pd.MultiIndex.from_product([[1, 3], ["a"]])]),
    ("intervals", pd.interval_range(0, 3), [pd.interval_range(1, 4), pd.interval_range(0, 3, closed="left")]),
    ("steps in time", pd.date_range("2020", periods=3), [pd.date_range("2020", periods=3, freq="h")]),
    ("estimators", fitted(0.0, 1.0), [fitted(0.0, 2.0), LinearRegression(), LinearRegression(fit_intercept=False)]),
    ("figures", figure(1, 2), [figure(1, 3), figure(1)]),
]  # fmt: skip


def crossed(value: Any) -> Any:
    """What a pickle makes of it."""
    return pickle.loads(pickle.dumps(value))  # noqa: S301


def differ(one: object, other: object) -> str:
    return between(described(one), described(other))


def described(value: object) -> tuple[dict[str, Any], bytes]:
    blob = bytearray()

    def put(content: bytes) -> int:
        blob.extend(content)
        return len(blob) - len(content)

    return json.loads(json.dumps(describe(value).data(put))), bytes(blob)


def between(one: tuple[dict[str, Any], bytes], other: tuple[dict[str, Any], bytes], rtol: float = 0.0) -> str:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        states = []
        for number, (_, blob) in enumerate((one, other)):
            path = Path(folder) / str(number)
            path.write_bytes(blob)
            states.append(State(numbers=path))
        return difference(one[0], other[0], *states, rtol)


@pytest.mark.parametrize(("value", "others"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_what_a_pickle_makes_is_the_same_and_its_twins_are_not(value: Any, others: list[Any]) -> None:
    assert differ(value, value) == ""
    assert differ(value, crossed(value)) == ""
    for other in others:
        assert differ(value, other) != "", other
        assert differ(other, value) != "", other


@pytest.mark.parametrize(
    "make",
    [lambda: (i for i in ()), threading.Lock, threading.Event, ThreadPoolExecutor, lambda: os.fdopen(os.dup(0))],
    ids=["generator", "lock", "event", "pool", "file"],
)  # fmt: skip
def test_what_can_not_be_looked_into_says_so(make: Callable[[], Any]) -> None:
    value = make()
    assert described(value)[0]["why_not"]
    within, _ = described([1, value])
    assert within["closed"]
    if hasattr(value, "close"):
        value.close()


@pytest.mark.parametrize(
    ("one", "other", "verdict"),
    [
        ([1, 2], [1, 2], Verdict.SAME),
        ([1, (i for i in ())], [1, (i for i in ())], Verdict.NOT_COMPARED),
        ({"a": 1, "b": (i for i in ())}, {"a": 1, "b": (i for i in ())}, Verdict.NOT_COMPARED),
        (Thing(a=[threading.Lock()]), Thing(a=[threading.Lock()]), Verdict.NOT_COMPARED),
        ([1, (i for i in ())], [2, (i for i in ())], Verdict.DIFFERS),
        ([1, (i for i in ())], [1, threading.Lock()], Verdict.DIFFERS),
    ],
)
def test_what_can_be_looked_into_in_part_is_not_called_the_same(one: object, other: object, verdict: Verdict) -> None:
    first, last = (State({"x": described(value)[0]}) for value in (one, other))
    (found,) = compare_values(first, first, last, {})
    assert found.verdict is verdict
    if verdict is Verdict.NOT_COMPARED:
        assert "generator" in found.difference or "lock" in found.difference


def test_what_a_library_leaves_out_when_it_is_pickled_does_not_count() -> None:
    bunch = Bunch(a=1)
    assert vars(bunch)
    assert not vars(crossed(bunch))
    assert differ(bunch, crossed(bunch)) == ""
    assert differ(bunch, Bunch(a=2)) != ""


def test_the_address_of_a_vectorizers_stop_words_does_not_count() -> None:
    one, other = (CountVectorizer(stop_words="english") for _ in range(2))
    for vectorizer in (one, other):
        vectorizer.fit(["a word of many"])
    other._stop_words_id = 1
    assert differ(one, other) == ""
    assert differ(one, CountVectorizer(stop_words="english").fit(["another world"])) != ""


def test_what_a_cached_property_of_a_library_has_computed_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    read, fresh = Squared(side=3), Squared(side=3)
    assert read.square == [9]
    assert differ(read, fresh) == ""
    assert differ([read], [fresh]) == ""
    assert differ(read, Squared(side=4)) != ""
    monkeypatch.setattr(Squared, "__module__", "__main__")
    assert "square" in differ(read, fresh)


@pytest.mark.parametrize(
    ("package", "own"),
    [
        ("statsmodels", {"_cache": {"bse": 1.0}}),
        ("statsmodels", {"_summary_cache": {"a": 1}}),
        ("statsmodels", {"diagn": {"condno": 2.0}}),
        ("statsmodels", {"_tmp_like_exog": np.empty(3)}),
        ("networkx", {"__networkx_cache__": {"paths": 1}}),
        ("holoviews", {"_plot_id": 139683980175952}),
        ("iminuit", {"_time": 0.25}),
    ],
)
@pytest.mark.parametrize("deep", [False, True])
def test_what_a_librarys_object_keeps_for_itself_does_not_count(
    package: str, own: dict[str, object], *, deep: bool
) -> None:
    cls = type("Result", (), {"__module__": f"{package}.made.up"})
    mine = type("Result", (), {"__module__": "__main__"})
    elsewhere = type("Result", (), {"__module__": "another.library"})

    def made(cls: type, **values: object) -> Any:
        found = cls()
        found.__dict__.update(values, params=[1.0])
        return [found] if deep else found

    assert differ(made(cls, **own), made(cls)) == ""
    assert differ(made(mine, **own), made(mine)) != ""
    assert differ(made(cls, coef_=1.0), made(cls)) != ""
    assert differ(made(cls, cache_size=1), made(cls, cache_size=2)) != ""
    by_name_alone = any("cache" in name for name in own)
    assert (differ(made(elsewhere, **own), made(elsewhere)) == "") is by_name_alone


def test_a_cache_of_a_class_in_the_users_own_module_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the user's word for something, not a library's: `_cache` may be what the class is for."""
    for folder, name in (("", "own_helpers"), ("site-packages", "installed_helpers")):
        place = tmp_path / folder
        place.mkdir(exist_ok=True)
        (place / f"{name}.py").write_text("class Box:\n    def __init__(self, x): self._cache, self.n = {'x': x}, 1")
        monkeypatch.syspath_prepend(str(place))
    for name, same in (("own_helpers", False), ("installed_helpers", True)):
        box = importlib.import_module(name).Box
        assert (differ(box(1), box(2)) == "") is same
        assert (compare(box(1), box(2)) is Change.CHANGED) is not same


def test_what_a_librarys_object_keeps_for_itself_in_slots_does_not_count() -> None:
    def made(package: str, **values: object) -> Any:
        found = type("FMin", (), {"__module__": package, "__slots__": ("_fval", "_time")})()
        for name, value in values.items():
            setattr(found, name, value)
        return found

    assert differ(made("iminuit.util", _fval=1.0, _time=0.1), made("iminuit.util", _fval=1.0, _time=0.2)) == ""
    assert differ(made("iminuit.util", _fval=1.0, _time=0.1), made("iminuit.util", _fval=2.0, _time=0.1)) != ""
    assert differ(made("another", _fval=1.0, _time=0.1), made("another", _fval=1.0, _time=0.2)) != ""


def test_instances_count_with_all_that_they_have() -> None:
    """`__getstate__` may leave out what cells look at."""
    one, other = Forgetful(kept=1, lost=2), Forgetful(kept=1)
    assert differ(one, other) == ""  # its class does not hand it on
    letters = [described(value) for value in (one, other)]
    for description, _ in letters:
        description.pop("handed_on", None)
    assert "lost" in between(*letters)


def test_the_place_of_the_folder_and_addresses_do_not_count() -> None:
    assert describe("/x/1/data.csv", "/x/1").signature == describe("/y/data.csv", "/y").signature
    assert describe("/x/1/data.csv", "/x/1").signature != describe("/x/1/data.csv", "").signature
    assert differ("<a at 0x7f0000000010>", "<a at 0x7f0000000020>") == ""
    assert differ("0x12", "0x13") != ""


SAID = [
    ({"a": 1, "b": [1]}, {"a": 1, "b": [2]}, "['b']: [1], now [2]"),
    (pd.DataFrame({"x": [1.0, 2.0]}), pd.DataFrame({"x": [1.0, 2.5]}), "column 'x' (1): 1 of 2 numbers differ, by up to 0.2 of their size: 2.0, now 2.5"),
    (pd.DataFrame({"x": [1]}), pd.DataFrame({"y": [1]}), "column 'x' (1) is gone; column 'y' (1) is new"),
    (fitted(0.0, 1.0), fitted(0.0, 3.0), ".coef_: "),
    (1, "1", "int, now str"),
    (0.25, 0.5, "0.25, now 0.5"),
    ([0.5] * 3, [0.5] * 4, "[0.5, 0.5, 0.5], now [0.5, 0.5, 0.5, 0.5]"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other", "said"), SAID)
def test_what_differs_is_said(one: object, other: object, said: str) -> None:
    assert differ(one, other).startswith(said)


@pytest.mark.parametrize(
    ("one", "other", "rtol", "same"),
    [
        (1.0, 1.0 + 1e-12, 1e-9, True),
        (1.0, 1.0 + 1e-12, 0.0, False),
        (1.0, 1.1, 1e-9, False),
        (0.0, 1e-300, 1e-9, False),
        (float("nan"), 1.0, 1.0, False),
        (float("nan"), float("nan"), 0.0, True),
        (float("inf"), float("-inf"), 1.0, False),
        (1, 2, 1.0, False),
        ("1.0", "1.00000000001", 1.0, False),
    ],
)
def test_floats_may_differ_by_the_tolerance_and_nothing_else_may(one: Any, other: Any, rtol: float, same: bool) -> None:
    assert (between(described(one), described(other), rtol) == "") is same


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner) | st.frozensets(st.integers()),
    max_leaves=12,
)  # fmt: skip


@given(plain, plain)
def test_values_have_one_description_if_and_only_if_they_are_one_to_pickle(one: Any, other: Any) -> None:
    assert differ(one, crossed(one)) == ""
    if repr(one) != repr(other) and one != other:
        assert differ(one, other) != ""
