"""What cells show, and reads of IPython's history, in; which cells a read is about, and who reads across steps, out."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping, Sequence

from nb2pipe.analysis.heap import Value
from nb2pipe.analysis.state import joined
from nb2pipe.model import At, Cell, Diagnostic, Location, Names, Notebook, Section, Severity
from nb2pipe.records import dataclass

_NAMES = re.compile(r"_{1,3}|_i{1,3}|_i?\d+|_[iod]h|In|Out")
_QUIET = re.compile(r";\s*(#.*)?$")
_MAY_BE_NONE = (ast.Call, ast.Await, ast.BoolOp, ast.IfExp, ast.Name, ast.Attribute, ast.Subscript, ast.NamedExpr)


@dataclass(frozen=True)
class Shown:
    """A cell showed a value; `surely`: it can't be None, which IPython doesn't remember."""

    cell: int
    value: Value
    surely: bool


@dataclass(frozen=True)
class Recall:
    """A read of the history: what is read, and the cells that it may come from, likeliest first. None: any."""

    at: At
    shown: str
    cells: tuple[int, ...] | None
    sure: bool


def is_history(name: str) -> bool:
    """True for `_`, `_5`, `Out` and the like."""
    return _NAMES.fullmatch(name) is not None


class History:
    """What IPython remembers, as far as the walk got."""

    def __init__(self) -> None:
        self.numbered: Mapping[int, int] = {}  # the number that IPython gives a cell -> its index
        self.recalls: list[Recall] = []
        self._shown: list[Shown] = []

    def note(self, cell: Cell, tree: ast.Module, value: Value) -> None:
        """A cell ended with this value, if its last statement is an expression."""
        last = tree.body[-1] if tree.body else None
        if not isinstance(last, ast.Expr) or _QUIET.search(cell.source.rstrip()):
            return
        node = last.value
        called = node.func if isinstance(node, ast.Call) else None
        if isinstance(called, ast.Name) and called.id == "print":
            return
        self._shown.append(Shown(cell.index, value, not isinstance(node, _MAY_BE_NONE)))

    def read(self, name: str, number: object, at: At, *, sure: bool) -> Value:
        """`name` or `name[number]` is read. What it may be."""
        cells = self._cells(name, number, at.cell)
        shown = f"{name}[{number}]" if isinstance(number, int) else name
        if name != "_dh":
            self.recalls.append(Recall(at, shown, cells, sure))
        meant = frozenset(cells or ())
        wanted = self._shown if cells is None else [item for item in self._shown if item.cell in meant]
        return joined(item.value for item in wanted)

    def _cells(self, name: str, number: object, current: int) -> tuple[int, ...] | None:
        if name in ("In", "_ih"):
            return None
        digits = name.lstrip("_i")
        if digits.isdigit() or (name in ("Out", "_oh") and isinstance(number, int)):
            cell = self.numbered.get(int(digits) if digits.isdigit() else int(str(number)))
            return () if cell is None or cell >= current else (cell,)
        if name.startswith("_i"):
            earlier = sorted((cell for cell in self.numbered.values() if cell < current), reverse=True)
            return tuple(earlier[len(name) - 2 : len(name) - 1])
        if name in ("Out", "_oh"):
            return tuple(item.cell for item in reversed(self._shown))
        return self._last(len(name))

    def _last(self, count: int) -> tuple[int, ...]:
        """The cells whose value may be the `count`-th last one."""
        found: list[int] = []
        sure = 0
        for item in reversed(self._shown):
            if not item.surely or sure == count - 1:
                found.append(item.cell)
            sure += item.surely
            if sure == count:
                break
        return tuple(found)


def numbers(cells: Iterable[Cell]) -> dict[int, int]:
    """IPython's numbers when the notebook runs from top to bottom: cells without text get none."""
    return {number: cell.index for number, cell in enumerate((c for c in cells if c.source.strip()), 1)}


def check(
    history: History, notebook: Notebook, sections: Sequence[Section], names: Mapping[int, Names]
) -> list[Diagnostic]:
    """An error for each read that surely comes from a cell of another step, a warning for one that may."""
    section_of = {cell: section for section in sections for cell in section.cells}
    found: dict[tuple[At, str], Diagnostic] = {}
    for section in sections:
        for name, at in _taken(section, names).items():
            place = Location(notebook.path, at.cell, at.line, section.id, name)
            message = f"`{name}` is a name that IPython uses for its own: no step hands it on to another"
            found[at, name] = Diagnostic("N2P213", Severity.ERROR, message, place, "give the variable another name")
    for item in history.recalls:
        own = section_of[item.at.cell]
        away = _away(item, own, section_of)
        if away is None:
            continue
        cell, certain = away
        severity = Severity.ERROR if certain and item.sure else Severity.WARNING
        place = Location(notebook.path, item.at.cell, item.at.line, own.id, item.shown)
        found.setdefault((item.at, item.shown), _said(item.shown, cell, severity, place))
    return list(found.values())


def _taken(section: Section, names: Mapping[int, Names]) -> dict[str, At]:
    """Names of IPython's own that the notebook binds, and that this section reads from an earlier one."""
    found: dict[str, At] = {}
    settled: set[str] = set()
    for cell in section.cells:
        if cell in names:
            reads = names[cell].needs.items()
            found.update((name, at) for name, at in reads if is_history(name) and name not in settled | found.keys())
            settled |= names[cell].settled
    return found


def _said(shown: str, cell: int | None, severity: Severity, place: Location) -> Diagnostic:
    if cell is None:
        message = f"`{shown}` holds what ran in the step's own kernel, not the cells of the notebook"
        hint = "keep the text that you need in a variable"
    else:
        message = f"`{shown}` is IPython's memory of cell {cell + 1}, which runs in another step and another kernel"
        hint = f"give the value a name in cell {cell + 1} (`result = ...`), and use that name here"
    return Diagnostic("N2P213", severity, message, place, hint)


def _away(item: Recall, own: Section, section_of: Mapping[int, Section]) -> tuple[int | None, bool] | None:
    """A cell of another step that is read, if there is one, and whether that is certain."""
    if item.cells is None:
        return None, True
    others = [cell for cell in item.cells if section_of.get(cell) is not own]
    if not others:
        return None
    return others[0], others[0] == item.cells[0]
