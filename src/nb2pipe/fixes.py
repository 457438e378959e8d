"""A diagnostic and its notebook in; out, the edits of a cell that would mend it, where the hint leaves no choice open.

Each rule gives what it is sure of. A wrong fix is worse than none: what the author meant is for the author to say.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from nb2pipe.model import Cell, Diagnostic, Fix, Location, Notebook, Role, Section
from nb2pipe.notebook import near_miss
from nb2pipe.notebook.names import nearest, normal, suggest_name
from nb2pipe.notebook.tags import read_tags, rule_of
from nb2pipe.records import dataclass

_MEANT = re.compile(r"did you mean `([^`]+)`\?")
_SKIPPED = re.compile(r"only cell (\d+) defines it")
_SAYS = re.compile(r"this comment says `([^`]+)`")
_ORDERS = ("after", "prev")


@dataclass(frozen=True)
class _Place:
    """A diagnostic, and the cell that it points to."""

    notebook: Notebook
    sections: Sequence[Section]
    diagnostic: Diagnostic
    cell: Cell

    def retag(self, title: str, tags: Iterable[str], cell: Cell | None = None) -> Fix:
        """A fix that gives the cell these tags."""
        return Fix(title, (cell or self.cell).index, tags=tuple(dict.fromkeys(tags)))

    def without(self, dropped: Iterable[str], title: str = "") -> Fix:
        """A fix that takes tags off the cell."""
        gone = set(dropped)
        kept = [tag for tag in self.cell.tags if tag not in gone]
        return self.retag(title or f"Remove {_listed(tag for tag in self.cell.tags if tag in gone)}", kept)

    def replaced(self, tag: str, other: str) -> Fix:
        """A fix that writes one tag otherwise."""
        return self.retag(f"Change `{tag}` to `{other}`", [other if item == tag else item for item in self.cell.tags])

    @property
    def section(self) -> Section | None:
        """The one that the cell belongs to."""
        return next((item for item in self.sections if self.cell.index in item.cells), None)

    def guilty(self) -> list[str]:
        """The cell's tags that, read alone, give this very diagnostic."""
        code, message = self.diagnostic.code, self.diagnostic.message
        return [
            tag
            for tag in self.cell.tags
            if any((item.code, item.message) == (code, message) for item in read_tags([tag], Location()).diagnostics)
        ]


def fixes(
    notebook: Notebook, sections: Sequence[Section], diagnostics: Iterable[Diagnostic]
) -> Mapping[Diagnostic, tuple[Fix, ...]]:
    """The fixes of each diagnostic that has some."""
    found: dict[Diagnostic, tuple[Fix, ...]] = {}
    for item in diagnostics:
        rule, cell = _RULES.get(item.code), item.location.cell
        if rule is not None and cell is not None and cell < len(notebook.cells):
            made = tuple(rule(_Place(notebook, sections, item, notebook.cells[cell])))
            if made:
                found[item] = made
    return found


# --- tags ---------------------------------------------------------------------------------------------------------


def _mistyped(at: _Place) -> Iterable[Fix]:
    """N2P121: a tag that looks like one of ours."""
    for tag in at.guilty():
        near = near_miss(tag.strip())
        if near is not None and "NAME" not in near and "…" not in near:
            yield at.replaced(tag, near)


def _bad_name(at: _Place) -> Iterable[Fix]:
    """N2P122: a step's name with characters that names can't have."""
    for tag in at.guilty():
        head, _, value = tag.strip().partition(":")
        names = value.split(":") if head in _ORDERS else [value]
        near = [suggest_name(name) for name in names]
        if all(near):
            yield at.replaced(tag, ":".join([head, *filter(None, near)]))


def _no_effect(at: _Place) -> Iterable[Fix]:
    """N2P120 and N2P151: a tag that can't mean anything."""
    yield from (at.without([tag]) for tag in at.guilty())


def _nameless(at: _Place) -> Iterable[Fix]:
    """N2P129: `step:` without a name."""
    yield at.without(tag for tag in at.cell.tags if tag.strip() in ("step:", "block:"))


def _two_steps(at: _Place) -> Iterable[Fix]:
    """N2P123: keep one of the names."""
    return _keep_one(at, [tag for tag in at.cell.tags if read_tags([tag], Location()).steps])


def _contradiction(at: _Place) -> Iterable[Fix]:
    """N2P124: keep one of the kinds."""
    kinds = {tag: read_tags([tag], Location()) for tag in at.cell.tags}
    steps = [tag for tag, found in kinds.items() if found.steps]
    metrics = [tag for tag, found in kinds.items() if Role.METRICS in found.roles]
    others = [tag for tag, found in kinds.items() if found.roles and not (steps and tag in metrics)]
    all_of_them = [*steps, *others, *metrics]
    for kept in (*steps, *others):
        beside = metrics if kept in steps else []  # only these go together
        yield at.without([tag for tag in all_of_them if tag != kept and tag not in beside], f"Keep `{kept}` only")


def _keep_one(at: _Place, tags: Sequence[str]) -> Iterable[Fix]:
    for kept in tags:
        yield at.without([tag for tag in tags if tag != kept], f"Keep `{kept}` only")


def _of_no_step(at: _Place) -> Iterable[Fix]:
    """N2P126: options on a cell that is no step."""
    found = {tag: read_tags([tag], Location()) for tag in at.cell.tags}
    yield at.without(tag for tag, item in found.items() if item.after or item.settings)


def _second_value(at: _Place) -> Iterable[Fix]:
    """N2P127: the value that this cell gives, besides another one's."""
    for tag in at.cell.tags:
        settings = read_tags([tag], Location()).settings
        if any(f"gets `{item.text}` here" in at.diagnostic.message for item in settings):
            yield at.without([tag])


def _unknown_step(at: _Place) -> Iterable[Fix]:
    """N2P130: a step to wait for that isn't there."""
    own = at.section
    known = [item.name for item in at.sections if own is None or item.name != own.name]
    for tag, head, names in _orders(at.cell):
        missing = [name for name in names if normal(name) not in known and (own is None or normal(name) != own.name)]
        if not any(f"after `{name}`" in at.diagnostic.message for name in missing):
            continue
        near = [nearest(name, known) if name in missing else name for name in names]
        if all(near):
            yield at.replaced(tag, ":".join([head, *filter(None, near)]))
        yield at.without([tag])


def _impossible_order(at: _Place) -> Iterable[Fix]:
    """N2P131, N2P132, N2P306: an order that can't be."""
    own = at.section
    for tag, head, names in _orders(at.cell):
        told = [
            name
            for name in names
            if f"after `{name}`" in at.diagnostic.message
            or (at.diagnostic.code == "N2P131" and own is not None and normal(name) == own.name)
        ]
        kept = [name for name in names if name not in told]
        if told and kept:
            yield at.replaced(tag, ":".join([head, *kept]))
        elif told:
            yield at.without([tag])


def _orders(cell: Cell) -> list[tuple[str, str, list[str]]]:
    """The cell's tags that say what to wait for: the tag, its head, the names."""
    found = []
    for tag in cell.tags:
        head, _, value = tag.strip().partition(":")
        if head in _ORDERS and rule_of(tag.strip()) is not None:
            found.append((tag, head, [name for name in value.split(":") if name]))
    return found


def _alike(at: _Place) -> Iterable[Fix]:
    """N2P134: two names that differ in capitals or dashes alone. With several tags, which to change isn't known."""
    own = at.section
    if own is None:
        return
    others = [item for item in at.sections if item is not own and _folded(item.name) == _folded(own.name)]
    cells = [cell for cell in at.notebook.cells if _naming(cell, own.name)]
    tags = _naming(at.cell, own.name)
    if len(others) == len(tags) == 1 and cells == [at.cell]:
        yield at.replaced(tags[0], f"step:{others[0].name}")


def _folded(name: str) -> str:
    return name.casefold().replace("-", "_")


def _naming(cell: Cell, step: str) -> list[str]:
    """The cell's tags that name this step."""
    return [tag for tag in cell.tags if step in read_tags([tag], Location()).steps]


def _apart(at: _Place) -> Iterable[Fix]:
    """N2P308: the cells of a step that don't stand together: the later ones become a step of their own."""
    own = at.section
    tags = _naming(at.cell, own.name) if own is not None else []
    if own is None or len(tags) != 1:
        return
    taken = {item.name for item in at.sections}
    name = next(name for number in range(2, len(taken) + 3) if (name := f"{own.name}_{number}") not in taken)
    if suggest_name(name) == name:
        yield at.replaced(tags[0], f"step:{name}")


def _skipped(at: _Place) -> Iterable[Fix]:
    """N2P206: the only cell that defines the name is skipped."""
    found = _SKIPPED.search(at.diagnostic.message)
    number = int(found[1]) - 1 if found is not None else -1
    if not 0 <= number < len(at.notebook.cells):
        return
    cell = at.notebook.cells[number]
    skips = [tag for tag in cell.tags if Role.SKIP in read_tags([tag], Location()).roles]
    if skips:
        kept = [tag for tag in cell.tags if tag not in skips]
        yield at.retag(f"Take {_listed(skips)} off cell {cell.number}", kept, cell)


# --- code ---------------------------------------------------------------------------------------------------------


def _other_name(at: _Place) -> Iterable[Fix]:
    """N2P201 and N2P208: a name that is near one that is there."""
    name, near = at.diagnostic.location.variable, _meant(at.diagnostic)
    line = _line(at)
    if name is None or near is None or line is None or not near.isidentifier():
        return
    places = _reads(at.cell.source, name, at.diagnostic.location.line or 0)
    if places is None:  # Python can't read the cell by itself: a magic is in it
        found = [item.start() for item in re.finditer(rf"(?<![\w.]){re.escape(name)}(?!\w)", line)]
        places = found if len(found) == 1 else []
    changed = line
    for place in reversed(places):
        changed = changed[:place] + near + changed[place + len(name) :]
    if places:
        title = f"Change `{name}` to `{near}`"
        yield Fix(title, at.cell.index, line=at.diagnostic.location.line, old=line, new=changed)


def _reads(source: str, name: str, line: int) -> list[int] | None:
    """Where the name is read on the line, as indexes of characters; None if the source can't be parsed."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    text = source.split("\n")[line - 1].encode()
    return sorted(
        len(text[: node.col_offset].decode("utf-8", "replace"))
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and node.id == name and node.lineno == line and isinstance(node.ctx, ast.Load)
    )


def _comment(at: _Place) -> Iterable[Fix]:
    """N2P230: a word in a comment that tells."""
    says, near, line = _SAYS.search(at.diagnostic.message), _meant(at.diagnostic), _line(at)
    if says is None or near is None or line is None:
        return
    head, mark, told = line.partition("nb2pipe:")
    found = list(re.finditer(rf"(?<!\w){re.escape(says[1])}(?!\w)", told))
    if mark and len(found) == 1:
        changed = head + mark + told[: found[0].start()] + near + told[found[0].end() :]
        title = f"Change `{says[1]}` to `{near}`"
        yield Fix(title, at.cell.index, line=at.diagnostic.location.line, old=line, new=changed)


def _meant(item: Diagnostic) -> str | None:
    found = _MEANT.fullmatch(item.hint or "")
    return found[1] if found is not None else None


def _line(at: _Place) -> str | None:
    """The line that the diagnostic points to, as it stands in the cell."""
    lines, number = at.cell.source.split("\n"), at.diagnostic.location.line
    return lines[number - 1] if number is not None and 0 < number <= len(lines) else None


def _listed(tags: Iterable[str]) -> str:
    return " and ".join(f"`{tag}`" for tag in tags)


_RULES: Mapping[str, Callable[[_Place], Iterable[Fix]]] = {
    "N2P120": _no_effect,
    "N2P121": _mistyped,
    "N2P122": _bad_name,
    "N2P123": _two_steps,
    "N2P124": _contradiction,
    "N2P126": _of_no_step,
    "N2P127": _second_value,
    "N2P129": _nameless,
    "N2P130": _unknown_step,
    "N2P131": _impossible_order,
    "N2P132": _impossible_order,
    "N2P134": _alike,
    "N2P151": _no_effect,
    "N2P201": _other_name,
    "N2P206": _skipped,
    "N2P208": _other_name,
    "N2P230": _comment,
    "N2P306": _impossible_order,
    "N2P308": _apart,
}
