"""Cells' trees and what the walk found in, the statements that later steps replay as source out.

A statement is replayed if that gives what its value would: an import, a function or class made of nothing but
definitions, an immutable constant; each bound in this one place and never changed in place. In `imports` and
`functions` cells, and beside parameters, any other statement is replayed as well, unless it prints, draws random
numbers or writes.
"""

from __future__ import annotations

import ast
import builtins
import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import pairwise

from nb2pipe import meaning
from nb2pipe.analysis import setups
from nb2pipe.analysis.directives import first_line
from nb2pipe.analysis.frames import BUILTINS
from nb2pipe.analysis.scopes import annotation_nodes, bound_names, outside, read_names, scope_of
from nb2pipe.analysis.state import State
from nb2pipe.model import At, Definition, DefinitionKind, Notebook, Role, Section
from nb2pipe.records import dataclass

_EFFECTS = frozenset({"print", "rng", "seed", "file", "barrier", "environment", "cwd", "env", "outside"})
_UNSTABLE = frozenset({"time", "datetime", "random", "uuid", "os", "open", "input", "print", "secrets", "getpass"})


@dataclass(frozen=True)
class Statement:
    """A top-level statement of a cell. `end` is its last line; `at`: where the walk places it."""

    cell: int
    start: int
    end: int
    node: ast.stmt
    at: At


@dataclass(frozen=True)
class Candidate:
    """A statement that may be replayed, with the names that are read when it runs."""

    statement: Statement
    kind: DefinitionKind
    names: tuple[str, ...]
    reads: frozenset[str]
    runs: frozenset[str] = frozenset()  # of these, those whose own code runs then, if they are the notebook's
    always: bool = False  # in each later step, whether or not it reads the names


@dataclass(frozen=True)
class Walked:
    """What the walk found: the state at its end, and for each name the cells that read it before they bind it.

    `statements` are those of each cell that was walked.
    """

    state: State
    statements: Mapping[int, Sequence[Statement]]
    readers: Mapping[str, frozenset[int]]
    parameters: frozenset[str]
    remade: frozenset[str] = frozenset()
    late: frozenset[At] = frozenset()  # statements that ask for options which their own step has set by values

    @cached_property
    def set_up(self) -> frozenset[int]:
        """The cells in which something sets up the process."""
        return frozenset(at.cell for at in self.state.setups)


def statements_of(cell: int, tree: ast.Module) -> list[Statement]:
    """The cell's top-level statements with their lines, decorators included."""
    return [
        Statement(cell, first_line(node), node.end_lineno or node.lineno, node, At(cell, node.lineno))
        for node in tree.body
    ]


def find(
    notebook: Notebook, sections: Sequence[Section], walked: Walked
) -> tuple[tuple[Definition, ...], frozenset[str]]:
    """The definitions, in notebook order, and the ids of those that each later step replays."""
    role = {cell: section.role for section in sections for cell in section.cells}
    statements = [
        item
        for cell in sorted(walked.statements)
        if cell in role and not notebook.cells[cell].may_raise
        for item in walked.statements[cell]
    ]
    bound_at = {name: frozenset(places) for name, places in walked.state.bound_at.items()}
    imports = _steady_imports(statements, bound_at)
    bodies = _bodies(statements)
    candidates = [
        replace(found, reads=found.reads | _reached(found.runs, bodies))
        for item in _alone(statements)
        if (found := _candidate(item, role[item.cell], walked)) is not None
        and all(
            name not in walked.parameters
            and name not in walked.state.ever_deleted
            and (name not in walked.state.ever_updated or name in walked.remade)
            and _bound_once(found, bound_at.get(name, frozenset()), imports.get(name, frozenset()))
            for name in found.names
        )
    ]
    kept = _settle(candidates, walked.state)
    linked = _linked(kept, notebook)
    always = frozenset(one.id for one, item in zip(linked, kept, strict=True) if item.always or not item.names)
    return linked, always


def _bodies(statements: Sequence[Statement]) -> dict[str, set[str]]:
    """Functions and classes of the notebook, and the names that their code reads when it runs."""
    found: dict[str, set[str]] = {}
    for item in statements:
        if isinstance(item.node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            free = {name for name in scope_of(item.node).free if not hasattr(builtins, name)}
            found.setdefault(item.node.name, set()).update(free)
    return found


def _reached(names: frozenset[str], bodies: Mapping[str, set[str]]) -> set[str]:
    """What the code of `names` reads, and the code that it calls in turn."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        fresh = bodies.get(waiting.pop(), set()) - found
        found |= fresh
        waiting += fresh
    return found


def _alone(statements: Sequence[Statement]) -> list[Statement]:
    """Statements, given in order, that share no line with another one."""
    shared: set[int] = set()
    for number, (one, other) in enumerate(pairwise(statements)):
        if one.cell == other.cell and one.end >= other.start:
            shared.update((number, number + 1))
    return [item for number, item in enumerate(statements) if number not in shared]


def _candidate(item: Statement, role: Role, walked: Walked) -> Candidate | None:
    node, state = item.node, walked.state
    registers = item.at in state.setups
    if item.at in state.told and not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return None
    if isinstance(node, ast.Import | ast.ImportFrom):
        if item.at in state.own_imports:
            return None
        future = isinstance(node, ast.ImportFrom) and node.module == "__future__"
        names = () if future else tuple(sorted(bound_names([node])))
        return Candidate(item, DefinitionKind.SETUP if future else DefinitionKind.IMPORT, names, frozenset())
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        evaluated = [*outside(node), *annotation_nodes(node)]
        if any(_calls(part) for part in [*node.args.defaults, *(d for d in node.args.kw_defaults if d)]):
            return None
        if not all(_stable(part) for part in node.decorator_list):
            return None
        runs = frozenset(read_names(node.decorator_list))
        if registers and len(set(state.bound_at.get(node.name, ()))) > 1:  # `def _(x: int)`, and another `_`
            if not all(at in state.setups for at in state.bound_at[node.name]):
                return None
            return Candidate(item, DefinitionKind.SETUP, (), frozenset(read_names(evaluated)), runs)
        return Candidate(item, DefinitionKind.FUNCTION, (node.name,), frozenset(read_names(evaluated)), runs, registers)
    if isinstance(node, ast.ClassDef):
        if not _plain_class(node) or item.at in state.registered:
            return None
        runs = frozenset(read_names([*node.decorator_list, *_called(node)]))
        reads = frozenset(_class_reads(node))
        return Candidate(item, DefinitionKind.CLASS, (node.name,), reads, runs, registers)
    return _value(item, walked) or _setup(item, walked) or _anything(item, role, state)


def _value(item: Statement, walked: Walked) -> Candidate | None:
    """A constant, or what each step makes anew."""
    constant = _constant_name(item.node)
    if constant:
        return Candidate(item, DefinitionKind.CONSTANT, (constant,), frozenset())
    made = walked.remade and bound_names([item.node]) & walked.remade
    if made:
        return Candidate(item, DefinitionKind.CONSTANT, tuple(made), frozenset(read_names([item.node])) - made)
    return None


def _setup(item: Statement, walked: Walked) -> Candidate | None:
    """A statement that sets up libraries, or asks for an option."""
    node, state = item.node, walked.state
    if item.at in walked.late:
        return None
    asks = item.at in state.getters or setups.is_alias(state, item.at)
    if not asks and item.cell not in walked.set_up:
        return None
    places = setups.lines_of(item.cell, item.start, item.end)
    if not (asks or any(at in state.setups for at in places)) or _effects(places, state):
        return None
    reads, names = frozenset(setups.reads_of(node)), frozenset(bound_names([node]))
    if isinstance(node, ast.Assign) and names:  # `old = np.seterr(all="ignore")`, to set it back later
        if not _single_call(node) or not (asks or item.at in state.direct):
            return None
        return Candidate(item, DefinitionKind.CONSTANT, tuple(names), reads, reads, item.at in state.setups)
    compound = isinstance(node, ast.If | ast.For | ast.Try)
    if not setups.only_sets_up(node, item.cell, state) or (compound and not _stable(node)):
        return None
    if any(_seen_elsewhere(name, item.cell, walked) for name in names):
        return None
    return Candidate(item, DefinitionKind.SETUP, (), reads, reads)


def _seen_elsewhere(name: str, cell: int, walked: Walked) -> bool:
    """True for a loop's variable that other cells may see: to repeat the loop would bind it anew."""
    read = walked.readers.get(name, frozenset()) - {cell}
    return bool(read) or name in walked.state.ever_deleted or name in walked.parameters


def _single_call(node: ast.Assign) -> bool:
    """True for `name = f(...)` that calls nothing else, and for `name = a.b`."""
    calls = sum(isinstance(item, ast.Call | ast.Await | ast.NamedExpr) for item in ast.walk(node))
    return len(node.targets) == 1 and isinstance(node.targets[0], ast.Name) and calls <= 1


def _effects(places: Sequence[At], state: State) -> set[str]:
    return set().union(*(state.effects.get(at, set()) for at in places)) & _EFFECTS


def _anything(item: Statement, role: Role, state: State) -> Candidate | None:
    """Any statement of a cell that is replayed as a whole."""
    node = item.node
    if role not in (Role.IMPORTS, Role.FUNCTIONS, Role.PARAMETERS):
        return None
    if _effects(setups.lines_of(item.cell, item.start, item.end), state) or not _stable(node):
        return None
    reads, names = frozenset(read_names([node])), tuple(sorted(bound_names([node])))
    if isinstance(node, ast.Expr) and not isinstance(node.value, ast.Call):
        return None
    if isinstance(node, ast.Delete):
        return None
    kind = DefinitionKind.CONSTANT if names else DefinitionKind.SETUP
    return Candidate(item, kind, names, reads - set(names), reads)


def _constant_name(node: ast.stmt) -> str | None:
    """The name that a top-level statement binds to an immutable constant."""
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        target: ast.expr = node.targets[0]
    elif isinstance(node, ast.AnnAssign):
        target = node.target
    else:
        return None
    if not isinstance(target, ast.Name) or node.value is None or not _immutable(node.value):
        return None
    return target.id


def _immutable(node: ast.expr) -> bool:
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.op, ast.USub | ast.UAdd) and isinstance(node.operand, ast.Constant)
    if isinstance(node, ast.Tuple):
        return all(_immutable(item) for item in node.elts)
    return isinstance(node, ast.Constant)


def _calls(node: ast.AST) -> bool:
    return any(isinstance(item, ast.Call | ast.Await | ast.NamedExpr) for item in ast.walk(node))


def _stable(node: ast.AST) -> bool:
    """True if evaluating the node again gives the same: no clock, no random numbers, no files."""
    for item in ast.walk(node):
        if isinstance(item, ast.NamedExpr | ast.Await):
            return False
        if isinstance(item, ast.Call):
            words = {part.id for part in ast.walk(item.func) if isinstance(part, ast.Name)}
            words |= {part.attr for part in ast.walk(item.func) if isinstance(part, ast.Attribute)}
            if words & _UNSTABLE:
                return False
    return True


def _plain_class(node: ast.ClassDef) -> bool:
    if not all(_stable(part) for part in outside(node)):
        return False
    for item in node.body:
        if isinstance(item, ast.ClassDef):
            if not _plain_class(item):
                return False
        elif isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef):
            if not all(_stable(part) for part in outside(item)):
                return False
        elif isinstance(item, ast.Assign | ast.AnnAssign | ast.Expr):
            if not _stable(item):
                return False
        elif not isinstance(item, ast.Pass):
            return False
    return True


def _called(node: ast.ClassDef) -> list[ast.expr]:
    """What the class statement calls when it runs; bodies of methods run later."""
    found: list[ast.expr] = []
    for item in node.body:
        parts = outside(item) if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef) else [item]
        found += [part.func for top in parts for part in ast.walk(top) if isinstance(part, ast.Call)]
        if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef):
            found += item.decorator_list
    return found


def _class_reads(node: ast.ClassDef) -> set[str]:
    """Names read when the class statement runs; bodies of methods run later."""
    found = read_names(outside(node))
    bound: set[str] = set()
    for item in node.body:
        if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef):
            inner = read_names([*outside(item), *annotation_nodes(item)])
        else:
            inner = _class_reads(item) if isinstance(item, ast.ClassDef) else read_names([item])
        found |= inner - bound
        bound |= bound_names([item])
    return found


def _steady_imports(statements: Sequence[Statement], bound_at: Mapping[str, frozenset[At]]) -> dict[str, set[At]]:
    """name -> where it is imported, for names that one and the same import binds, and nothing else."""
    found: dict[str, dict[str, set[At]]] = {}
    for item in statements:
        node = item.node
        if isinstance(node, ast.Import):
            for alias in node.names:
                name = alias.asname or alias.name.partition(".")[0]
                key = alias.name if alias.asname else name
                found.setdefault(name, {}).setdefault(f"import {key}", set()).add(item.at)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                key = f"from {'.' * node.level}{node.module} import {alias.name}"
                found.setdefault(alias.asname or alias.name, {}).setdefault(key, set()).add(item.at)
    return {
        name: {at for same in ways.values() if bound_at.get(name, frozenset()) <= same for at in same}
        for name, ways in found.items()
    }


def _bound_once(found: Candidate, places: frozenset[At], imports: Collection[At]) -> bool:
    """True if nothing else binds the name. `places`: all that do; `imports`: those of one import that is repeated."""
    item = found.statement
    if found.kind is DefinitionKind.IMPORT:
        return item.at in imports
    inside = all(at.cell == item.cell and item.start <= at.line <= item.end for at in places)
    return inside and (len(places) == 1 or not isinstance(item.node, ast.FunctionDef | ast.ClassDef))


def _settle(candidates: list[Candidate], state: State) -> list[Candidate]:
    """Drop what reads names that aren't definitions, until nothing is left to drop."""
    while True:
        defined = {name: item.statement.at for item in reversed(candidates) for name in item.names}
        star = next((item.statement.at for item in candidates if _is_star(item.statement.node)), None)
        kept = [item for item in candidates if all(_available(name, item, defined, star, state) for name in item.reads)]
        if len(kept) == len(candidates):
            return kept
        candidates = kept


def _is_star(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.names[0].name == "*"


def _available(name: str, item: Candidate, defined: Mapping[str, At], star: At | None, state: State) -> bool:
    """True if a step that replays `item` has `name` then. `star`: the first import of all names that is replayed."""
    if name in defined:
        return defined[name] <= item.statement.at
    if name in state.bound_at:
        return False
    return name in BUILTINS or (item.kind is DefinitionKind.SETUP and star is not None and star < item.statement.at)


def _linked(candidates: Sequence[Candidate], notebook: Notebook) -> tuple[Definition, ...]:
    found: list[Definition] = []
    by_name: dict[str, list[str]] = {}
    times: dict[str, int] = {}
    for item in candidates:
        place = item.statement
        lines = notebook.cells[place.cell].source.split("\n")[place.start - 1 : place.end]
        source = "\n".join(lines)
        at = At(place.cell, place.start)
        meant = f"{item.kind}\n{meaning.of_nodes([place.node])}"
        times[meant] = times.get(meant, 0) + 1
        identity = hashlib.sha256(f"{meant}\n{times[meant]}".encode()).hexdigest()[:12]
        needs = sorted({identity for name in item.reads for identity in by_name.get(name, ())})
        definition = Definition(identity, item.kind, item.names, at, place.end, source, tuple(needs))
        found.append(definition)
        for name in item.names:
            by_name.setdefault(name, []).append(identity)
    order = {definition.id: position for position, definition in enumerate(found)}
    return tuple(replace(item, needs=tuple(sorted(item.needs, key=order.__getitem__))) for item in found)
