"""What the walk found of libraries' options in; out, the cells that set them by values, and those that may see them.

Options that later steps can't set anew cross as a record (`nb2pipe.runtime.options`). A step that sets some writes the
resource `options` of that library; each step that may use the library reads it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from nb2pipe.analysis.heap import MISSING, Thing, Value
from nb2pipe.analysis.state import State
from nb2pipe.analysis.tables import functions
from nb2pipe.analysis.tables import resources as tables
from nb2pipe.model import At, Names, Resource, Section

KIND = "options"
_CODE = frozenset({"function", "class", "method", "caller"})
_CONTAINERS = frozenset({"list", "dict", "set", "tuple"})
_LOADS = frozenset({"importlib", "runpy", "imp"})  # standard modules through which code may get at any package


def libraries(name: str) -> list[str]:
    """The libraries whose options a call or attribute of this name sets, if a record carries them."""
    return tables().carried.get(name) or []


def resource(library: str) -> Resource:
    """The options of a library, as steps read and write them."""
    return Resource(KIND, library)


def carried(item: Resource) -> bool:
    """True for the options of a library as a record carries them."""
    return item.kind == KIND and item.name in _known()


def _known() -> frozenset[str]:
    return frozenset(library for found in tables().carried.values() for library in found)


def written(names: Names, at: At, found: Iterable[str]) -> Names:
    """The names of a cell that sets options of these libraries by values."""
    return replace(names, writes={**names.writes, **{resource(library): at for library in found}})


def late(state: State, replayed: Collection[tuple[int, int]], section_of: Mapping[int, Section]) -> frozenset[At]:
    """The replayed statements that ask for an option after their own step has set some by values.

    They would be replayed before the step's record is set. What they gave crosses as a value instead.
    """
    first: dict[str, At] = {}
    for at, names in state.options.items():
        if (at.cell, at.line) not in replayed and any(libraries(name) for name in names):
            section = section_of[at.cell].id
            first[section] = min(at, first.get(section, at))
    bound = {at for places in state.bound_at.values() for at in places} if first else set()
    asking = {*state.asked, *(state.direct & bound), *(at for at, refs in state.aliases.items() if _is_value(refs))}
    return frozenset(at for at in asking if (start := first.get(section_of[at.cell].id)) is not None and start < at)


def _is_value(refs: Iterable[str]) -> bool:
    """True for `pd.options.display.precision`, which gives a value; what is above it is one in the process."""
    return any(ref.startswith("pandas.options.") and ref.count(".") > 2 for ref in refs)


def with_readers(all_names: Mapping[int, Names], state: State) -> dict[int, Names]:
    """The names of all cells: those that may see options which some cell sets by values read them."""
    set_ones = sorted({item.name for names in all_names.values() for item in names.writes if carried(item)})
    if not set_ones:
        return dict(all_names)
    looks = _Looks(state)
    found: dict[int, Names] = {}
    for cell, names in all_names.items():
        seen = [library for library in set_ones if looks.sees(cell, names, library)]
        at = min((*names.needs.values(), *names.soft.values()), default=At(cell))
        found[cell] = replace(names, reads={**names.reads, **{resource(library): at for library in seen}})
    return found


class _Looks:
    """What the code of each cell looks at."""

    def __init__(self, state: State) -> None:
        self._state = state
        loads = {name.partition(".")[0] for name in functions().unpickle} | _LOADS
        self._standard = functions().standard - loads
        self._mentioned: dict[int, set[str]] = {}  # perhaps by code that was too long to be walked
        for (cell, _), value in state.looked.items():
            self._mentioned.setdefault(cell, set()).update(ref.partition(".")[0] for ref in value.refs)
        things = state.heap.things
        self._packages = {
            number: self._package(thing) for number, thing in enumerate(things) if thing.kind not in _CODE
        }

    def _package(self, thing: Thing) -> str:
        """The package that made an object: "builtins" for a list, "" if that isn't known."""
        return "builtins" if thing.kind in _CONTAINERS and not thing.origin else thing.origin.partition(".")[0]

    def sees(self, cell: int, names: Names, library: str) -> bool:
        """True if the cell may use the library."""
        blind = tables().blind.get(library)
        if blind is None or names.barrier is not None:
            return True
        named = self._state.staying.packages.get(cell, set()) | self._mentioned.get(cell, set())
        if named - self._standard - blind or library in named:
            return True
        return any(self._shows(cell, name, library) for name in (*names.needs, *names.soft))

    def _shows(self, cell: int, name: str, library: str) -> bool:
        """True if what a name of the notebook holds may be of the library, or ask it for an option."""
        value = self._state.looked.get((cell, name))
        if value is None:
            return True
        places = self._state.bound_at.get(name, ())
        if any(at in self._state.getters or at in self._state.setups for at in places):
            return True
        if library == "numpy":  # its numbers are numbers like any others
            return not _is_plain(value) and not self._is_code(value)
        within = self._state.heap.within(value.objects) if value.objects else set()
        return any(self._packages.get(number, "builtins") not in self._standard for number in within)

    def _is_code(self, value: Value) -> bool:
        things = self._state.heap.things
        return bool(value.objects) and all(things[number].kind in _CODE for number in value.objects)


def _is_plain(value: Value) -> bool:
    """True for a constant, and for a module or a thing of one: naming it tells of its package."""
    return not value.objects and (value.literal is not MISSING or bool(value.refs))
