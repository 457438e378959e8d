"""Statements that set up libraries in; out, the steps that must share a process to see it, and what no step will see.

Most set-ups are replayed in each step, or carried as a record. What can't be stays in the process that has it: the
steps that may look at it join that process.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Mapping
from dataclasses import field, replace

from nb2pipe.analysis import carried, setups, staying
from nb2pipe.analysis.state import State
from nb2pipe.analysis.tables import resources as tables
from nb2pipe.model import At, Names, Resource, Section, Severity, Unmovable
from nb2pipe.records import dataclass

_UNREPEATED = "a setting that can't be repeated in another process"
_HELD = "an object that an attribute of a library holds, which each process makes anew"
_HAND_ON = "hand it on in a variable"
_REPEAT = "write it as a statement of its own that uses constants, imports and pure functions only"
_REGISTERS = "a class that changes something where it is defined (a base class or metaclass registers it)"
_REGISTER = "register the class by a call of its own"


@dataclass
class Uncarried:
    """What is found of one notebook. `names`: of its cells, with the state that records carry once `find` is done.

    `readers`: name -> the cells that read it. `stuck`: state that only its own process has. `told`: message, place, fix
    and severity of what later steps won't see.
    """

    state: State
    trees: Mapping[int, ast.Module]
    section_of: Mapping[int, Section]
    readers: Mapping[str, frozenset[int]]
    names: dict[int, Names]
    stuck: list[Unmovable] = field(default_factory=list)
    told: list[tuple[str, At, str, Severity]] = field(default_factory=list)
    _attributes: dict[str, set[int]] | None = None

    def find(self, replayed: Collection[tuple[int, int]]) -> None:
        """Look at all statements that set up a library. `replayed`: the lines that later steps repeat."""
        state = self.state
        for at, options in state.options.items():
            if (at.cell, at.line) in replayed:
                self._keep_together(at, options[0])
                continue
            crossing = {library for name in options for library in carried.libraries(name)}
            self.names[at.cell] = carried.written(self.names[at.cell], at, sorted(crossing))
            name = next((name for name in options if not carried.libraries(name)), None)
            if name is None:
                continue
            if name.startswith("sys.path"):  # later steps wait for it and get it as it is then
                found = self.names[at.cell]
                self.names[at.cell] = replace(found, writes={**found.writes, Resource("path", ""): at})
            elif self._is_patched_twice(at, replayed):
                # the other patch is replayed in each step, before it gets the value that is to take its place
                message = f"`{name}` is patched twice, here by a value: another step would give it the patched one"
                self.told.append((message, at, "keep both patches in one step", Severity.ERROR))
            else:
                self._keep_with_users(at, name)

    def _is_patched_twice(self, at: At, replayed: Collection[tuple[int, int]]) -> bool:
        attribute = self.state.patches.get(at)
        again = [place for place, patched in self.state.patches.items() if patched == attribute and place != at]
        return attribute is not None and any((place.cell, place.line) in replayed for place in again)

    def _keep_with_users(self, at: At, name: str) -> None:
        """The steps that see it stay in the process that has it. If nobody knows which do, that is told."""
        users = self._users(at, name)
        own = self.section_of[at.cell]
        self.stuck += [Unmovable(name, _UNREPEATED, at, own.id, user, _REPEAT) for user in users]
        if users and (tables().keeps.get(name) is not None or at in self.state.patches):
            return
        if own is not self.section_of[max(self.trees, default=0)]:
            message = f"`{name}` is changed here in a way that later steps can't repeat: they won't see it"
            severity = Severity.ERROR if self._patch_is_read(at) else Severity.WARNING
            self.told.append((message, at, _REPEAT, severity))

    def _keep_together(self, at: At, name: str) -> None:
        """A patch is repeated in each step: what it binds is another object there, which a step may change."""
        if at in self.state.holding:
            users = self._later(at, self._reading(self.state.patches[at]))
            self.stuck += [Unmovable(name, _HELD, at, self.section_of[at.cell].id, user, _HAND_ON) for user in users]

    def registered(self) -> list[Unmovable]:
        """A class that registers itself where it is defined would do so again wherever it is loaded."""
        found: list[Unmovable] = []
        for at, (name, number) in sorted(self.state.registered.items()):
            cells = self._read_by(self.state.holders_of([number]))
            own = self.section_of[at.cell].id
            found += [
                Unmovable(name, _REGISTERS, at, own, reader, _REGISTER) for reader in sorted(self._later(at, cells))
            ]
        return found

    def _users(self, at: At, name: str) -> list[str]:
        """The later steps that see what a library was set to: their code names it, or has values of it."""
        state = self.state
        cells = staying.users(state.staying, name)
        attribute = state.patches.get(at)
        if attribute is not None:
            cells |= self._reading(attribute)
        else:
            cells |= self._having(name.partition(".")[0])
        body = self.trees[at.cell].body  # a class that is registered where it is defined
        cells |= self._read_by(node.name for node in body if isinstance(node, ast.ClassDef) and node.lineno == at.line)
        if tables().keeps.get(name) is not None:
            kept = state.staying.objects.get(name.partition(".")[0], set())
            cells |= self._read_by(state.holders_of(kept))
        return self._later(at, cells)

    def _later(self, at: At, cells: Collection[int]) -> list[str]:
        """The other steps of the cells that come after a place."""
        later = (self.section_of[cell].id for cell in sorted(cells) if cell > at.cell)
        return [step for step in dict.fromkeys(later) if step != self.section_of[at.cell].id]

    def _read_by(self, names: Iterable[str]) -> set[int]:
        return set().union(*(self.readers.get(name, ()) for name in names))

    def _having(self, package: str) -> set[int]:
        """The cells that read a variable which may hold an object of the package's."""
        things = self.state.heap.things
        theirs = {number for number, thing in enumerate(things) if thing.origin.partition(".")[0] == package}
        return {
            cell
            for (cell, _), value in self.state.looked.items()
            if value.objects and not theirs.isdisjoint(self.state.heap.within(value.objects))
        }

    def _patch_is_read(self, at: At) -> bool:
        """True if code of another step reads the attribute that is bound or deleted here."""
        attribute = self.state.patches.get(at)
        own = self.section_of[at.cell]
        return attribute is not None and any(self.section_of[cell] is not own for cell in self._reading(attribute))

    def _reading(self, attribute: str) -> set[int]:
        """The cells that read an attribute of this name, or a builtin that the notebook has made."""
        if self._attributes is None:
            self._attributes = setups.read_attributes(self.trees)
        return self._attributes.get(attribute, set()) | self.state.injected_in.get(attribute, set())
