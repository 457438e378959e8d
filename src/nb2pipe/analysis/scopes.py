"""A function, lambda, class or comprehension in, the names it binds and reads out, as the compiler would say.

`tests/analysis/test_scopes.py` holds this against the standard library's `symtable`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from dataclasses import field
from typing import TypeAlias

from nb2pipe.records import dataclass
from nb2pipe.syntax import parts_of

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Comprehension: TypeAlias = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
Code: TypeAlias = Function | ast.ClassDef

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_TELLING = frozenset(  # the nodes that tell something of a scope; of all others only their parts do
    {ast.Name, *FUNCTIONS, ast.ClassDef, *COMPREHENSIONS, ast.Global, ast.Nonlocal, ast.Import, ast.ImportFrom,
     ast.ExceptHandler, ast.MatchAs, ast.MatchStar, ast.MatchMapping, ast.Yield, ast.YieldFrom, ast.AugAssign,
     ast.Delete}
)  # fmt: skip


@dataclass
class Scope:
    """Names of one scope: `locals` are bound here, `reads` read here, `inner_reads` read by scopes inside."""

    locals: set[str] = field(default_factory=set)
    globals: set[str] = field(default_factory=set)
    nonlocals: set[str] = field(default_factory=set)
    reads: set[str] = field(default_factory=set)
    inner_reads: set[str] = field(default_factory=set)
    global_reads: set[str] = field(default_factory=set)
    global_binds: set[str] = field(default_factory=set)
    is_class: bool = False
    yields: bool = False

    @property
    def free(self) -> set[str]:
        """Names that are looked up outside: in an enclosing function, the notebook or the builtins."""
        return self.open_reads | self.global_reads

    @property
    def open_reads(self) -> set[str]:
        """`free` without what a `global` statement settles. Inner functions don't see the names of a class body."""
        if self.is_class:
            return (self.reads - self.locals) | self.inner_reads
        return (self.reads | self.inner_reads) - self.locals


def parameters(function: Function) -> list[str]:
    """All parameters' names, in order: positional, `*args`, keyword-only, `**kwargs`."""
    arguments = function.args
    found = [item.arg for item in (*arguments.posonlyargs, *arguments.args)]
    if arguments.vararg:
        found.append(arguments.vararg.arg)
    found.extend(item.arg for item in arguments.kwonlyargs)
    if arguments.kwarg:
        found.append(arguments.kwarg.arg)
    return found


def outside(node: Code) -> list[ast.expr]:
    """The expressions that belong to a definition but are evaluated outside it: decorators, defaults, bases ..."""
    if isinstance(node, ast.ClassDef):
        return [*node.decorator_list, *node.bases, *(item.value for item in node.keywords)]
    found: list[ast.expr] = [] if isinstance(node, ast.Lambda) else list(node.decorator_list)
    found.extend(node.args.defaults)
    found.extend(item for item in node.args.kw_defaults if item is not None)
    return found


def annotation_nodes(node: Function) -> list[ast.expr]:
    """The annotations of a function's parameters and result."""
    arguments = node.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    every += [item for item in (arguments.vararg, arguments.kwarg) if item]
    found = [item.annotation for item in every if item.annotation]
    if not isinstance(node, ast.Lambda) and node.returns:
        found.append(node.returns)
    return found


def scope_of(node: Code) -> Scope:
    """The scope that `node` opens."""
    scope = Scope(is_class=isinstance(node, ast.ClassDef))
    if isinstance(node, FUNCTIONS):
        scope.locals.update(parameters(node))
    _type_parameters(node, scope)
    body: Iterable[ast.AST] = [node.body] if isinstance(node, ast.Lambda) else node.body
    for item in body:
        _visit(item, scope)
    _settle(scope)
    return scope


def bound_names(statements: Iterable[ast.stmt]) -> set[str]:
    """The names that the statements may bind where they stand."""
    scope = Scope()
    for statement in statements:
        _visit(statement, scope)
    return scope.locals


def read_names(nodes: Iterable[ast.AST]) -> set[str]:
    """The names that the nodes read, inner scopes included, whether or not they bind them first."""
    scope = Scope()
    for node in nodes:
        _visit(node, scope)
    return scope.reads | scope.inner_reads | scope.global_reads


def _settle(scope: Scope) -> None:
    scope.global_binds |= scope.locals & scope.globals
    seen = scope.reads if scope.is_class else scope.reads | scope.inner_reads
    scope.global_reads |= seen & scope.globals
    scope.locals -= scope.globals | scope.nonlocals
    scope.reads -= scope.globals
    if not scope.is_class:
        scope.inner_reads -= scope.globals


def _type_parameters(node: ast.AST, scope: Scope) -> None:
    for item in getattr(node, "type_params", ()):  # PEP 695, Python 3.12
        scope.locals.add(item.name)
        for part in (getattr(item, "bound", None), getattr(item, "default_value", None)):
            if part is not None:
                _visit(part, scope)


def _visit(node: ast.AST, scope: Scope) -> None:
    """Collect iteratively: deep nesting of expressions must not exhaust the stack."""
    waiting: list[ast.AST] = [node]
    while waiting:
        waiting += _step(waiting.pop(), scope)


def _step(node: ast.AST, scope: Scope) -> Sequence[ast.AST]:
    """Note what the node itself does; what is to be looked at next."""
    if node.__class__ not in _TELLING:
        return parts_of(node)
    if isinstance(node, ast.Name):
        (scope.reads if isinstance(node.ctx, ast.Load) else scope.locals).add(node.id)
    elif isinstance(node, (*FUNCTIONS, ast.ClassDef)):
        return _inner(node, scope)
    elif isinstance(node, COMPREHENSIONS):
        _comprehension(node, scope)
        return [node.generators[0].iter]
    elif isinstance(node, ast.Global):
        scope.globals.update(node.names)
    elif isinstance(node, ast.Nonlocal):
        scope.nonlocals.update(node.names)
        scope.reads.update(node.names)
    elif isinstance(node, ast.Import | ast.ImportFrom):
        scope.locals.update((item.asname or item.name).partition(".")[0] for item in node.names if item.name != "*")
    else:
        _captures(node, scope)
        return parts_of(node)
    return ()


def _captures(node: ast.AST, scope: Scope) -> None:
    if isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
        scope.locals.add(node.name)
    elif isinstance(node, ast.MatchMapping) and node.rest:
        scope.locals.add(node.rest)
    elif isinstance(node, ast.Yield | ast.YieldFrom):
        scope.yields = True
    elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
        scope.reads.add(node.target.id)
    elif isinstance(node, ast.Delete):
        scope.reads.update(item.id for item in node.targets if isinstance(item, ast.Name))


def _inner(node: Code, scope: Scope) -> list[ast.expr]:
    if not isinstance(node, ast.Lambda):
        scope.locals.add(node.name)
    inner = scope_of(node)
    scope.inner_reads |= inner.open_reads
    scope.global_reads |= inner.global_reads
    scope.global_binds |= inner.global_binds
    return [*outside(node), *(annotation_nodes(node) if isinstance(node, FUNCTIONS) else ())]


def _comprehension(node: Comprehension, scope: Scope) -> None:
    inner = Scope()
    walrus: set[str] = set()
    parts: list[ast.AST] = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
    for position, generator in enumerate(node.generators):
        parts.extend([generator.target, *generator.ifs])
        if position:
            parts.append(generator.iter)
    for part in parts:
        _visit(part, inner)
    targets = {
        item.id
        for generator in node.generators
        for item in ast.walk(generator.target)
        if isinstance(item, ast.Name) and isinstance(item.ctx, ast.Store)
    }
    walrus = inner.locals - targets
    scope.locals |= walrus
    scope.inner_reads |= (inner.reads | inner.inner_reads) - targets
    scope.global_reads |= inner.global_reads
    scope.global_binds |= inner.global_binds
