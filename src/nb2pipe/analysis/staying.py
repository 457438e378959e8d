"""What the walk sees of libraries' own state in; out, the steps that must share a process to see it.

No value holds the handlers of a logger, or pyplot's current figure. What sets up such state is replayed in later steps
where that gives the same. Where it doesn't, the steps that look at it stay in the process that has it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import TYPE_CHECKING

from nb2pipe.analysis import resources
from nb2pipe.analysis.tables import resources as tables
from nb2pipe.model import At, Section, Unmovable
from nb2pipe.records import dataclass

if TYPE_CHECKING:
    from nb2pipe.analysis.frames import Arguments
    from nb2pipe.analysis.state import State

_PYPLOT = "matplotlib.pyplot."
_KEPT = frozenset({"instance", "library", "fresh", "unknown"})  # kinds of objects that a library keeps and changes
_NEW_FIGURE = frozenset({"figure", "subplots", "subplot_mosaic"})
_NO_FIGURE = ("show", "rc", "style", "get_cmap", "imread", "imsave", "switch_backend", "pause", "ion", "ioff")


@dataclass
class Staying:
    """`packages`: cell -> packages whose things its code looks at. `objects` and `files` are what packages keep.

    `figures`: cell -> whether it goes on with the figure of a cell before; those that only make one of their own don't.
    """

    packages: dict[int, set[str]] = field(default_factory=dict)
    objects: dict[str, set[int]] = field(default_factory=dict)
    files: dict[str, set[str]] = field(default_factory=dict)
    figures_stay: bool = False
    figures: dict[int, bool] = field(default_factory=dict)


def look_at(state: State, refs: Iterable[str]) -> None:
    """The code names things of these packages: once in a cell, what a package keeps may be changed and written."""
    seen = state.staying.packages.setdefault(state.at.cell, set())
    for package in sorted({ref.partition(".")[0] for ref in refs} - seen):
        seen.add(package)
        state.change(state.staying.objects.get(package, ()), deep=True)
        for path in sorted(state.staying.files.get(package, ())):
            state.touch("file", path, write=True)


def call(state: State, ref: str, arguments: Arguments) -> None:
    """A library function is called: what its package keeps from here on."""
    package = ref.partition(".")[0]
    if tables().keeps.get(ref) is not None:
        within = state.heap.within(arguments.objects)
        kept = {number for number in within if state.heap.things[number].kind in _KEPT}
        state.staying.objects.setdefault(package, set()).update(kept)
    place = tables().writes.get(ref)
    path = arguments.at(*place) if place and package in tables().keeping else None
    if path is not None and isinstance(path.literal, str):
        state.staying.files.setdefault(package, set()).add(resources.normal(path.literal))
    if ref in ("matplotlib.use", "matplotlib.pyplot.switch_backend"):
        state.staying.figures_stay = True
    elif ref.startswith(_PYPLOT):
        _figure(state, ref.removeprefix(_PYPLOT))


def _figure(state: State, name: str) -> None:
    """Inline figures are closed when their cell ends; others go on to be pyplot's current ones."""
    if state.staying.figures_stay and name[:1].islower() and not name.startswith(_NO_FIGURE):
        state.staying.figures.setdefault(state.at.cell, name not in _NEW_FIGURE)


def magic(state: State, name: str, rest: str) -> None:
    """`%matplotlib widget`: its figures stay."""
    if name == "matplotlib" and rest.strip() not in ("inline", "", "--list", "-l"):
        state.staying.figures_stay = True


def environment(state: State, name: object, value: str = "") -> None:
    """An environment variable is set: matplotlib's backend, which has figures stay unless it is the inline one."""
    if name == "MPLBACKEND" and "inline" not in value:
        state.staying.figures_stay = True


def figures(found: Staying, section_of: Mapping[int, Section]) -> list[Unmovable]:
    """The steps that go on with a figure of another step."""
    stuck: list[Unmovable] = []
    before: int | None = None
    for cell, goes_on in sorted(found.figures.items()):
        if goes_on and before is not None and section_of[before] is not section_of[cell]:
            provider, reader = section_of[before].id, section_of[cell].id
            what = "pyplot's current figure"
            fix = f"begin with `plt.figure()` or `plt.subplots()` in cell {cell + 1}"
            stuck.append(Unmovable("plt.gcf()", what, At(before), provider, reader, fix))
        before = cell
    return stuck


def users(found: Staying, name: str) -> set[int]:
    """The cells whose code names things of the package that `name` belongs to."""
    package = name.partition(".")[0]
    return {cell for cell, seen in found.packages.items() if package in seen}
