"""Statements that change a library's state in; what of it later steps can repeat, and what is undone at once, out."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping

from nb2pipe.analysis.heap import Value
from nb2pipe.analysis.resources import is_getter
from nb2pipe.analysis.scopes import bound_names, read_names
from nb2pipe.analysis.state import ABSENT, State
from nb2pipe.analysis.tables import resources as tables
from nb2pipe.model import At
from nb2pipe.syntax import nodes_of, of_kind

BUILTINS = frozenset({"builtins", "builtins.__builtins__", "builtins.__dict__", "builtins.__builtins__.__dict__"})
_PYLAB = {
    "display": "IPython.display.display", "figsize": "IPython.core.pylabtools.figsize",
    "getfigs": "IPython.core.pylabtools.getfigs", "matplotlib": "matplotlib", "mlab": "matplotlib.mlab",
    "np": "numpy", "numpy": "numpy", "plt": "matplotlib.pyplot", "pylab": "matplotlib.pylab",
    "pyplot": "matplotlib.pyplot",
}  # fmt: skip
_DRAWS = (  # the names of NumPy's global generator
    "beta binomial bytes chisquare choice dirichlet exponential f gamma geometric get_state gumbel hypergeometric "
    "laplace logistic lognormal logseries multinomial multivariate_normal negative_binomial noncentral_chisquare "
    "noncentral_f normal pareto permutation poisson power rand randint randn random random_integers random_sample "
    "ranf rayleigh sample seed set_state shuffle standard_cauchy standard_exponential standard_gamma standard_normal "
    "standard_t triangular uniform vonmises wald weibull zipf"
)
_CODE = frozenset({"function", "class"})
_LEAVES = (ast.Expr, ast.Assign, ast.AugAssign, ast.Delete)


def lines_of(cell: int, start: int, end: int) -> list[At]:
    """All places of a statement."""
    return [At(cell, line) for line in range(start, end + 1)]


def only_sets_up(node: ast.stmt, cell: int, state: State) -> bool:
    """True for a statement, compound or not, that does nothing but set up libraries."""
    if isinstance(node, ast.Pass):
        return True
    if isinstance(node, _LEAVES):
        return At(cell, node.lineno) in state.setups
    if isinstance(node, ast.If):
        return _all([*node.body, *node.orelse], cell, state)
    if isinstance(node, ast.For):
        return isinstance(node.target, ast.Name | ast.Tuple) and _all([*node.body, *node.orelse], cell, state)
    if isinstance(node, ast.Try):
        handled = [statement for handler in node.handlers for statement in handler.body]
        return _all([*node.body, *handled, *node.orelse, *node.finalbody], cell, state)
    return False


def _all(statements: Iterable[ast.stmt], cell: int, state: State) -> bool:
    return all(only_sets_up(statement, cell, state) for statement in statements)


def reads_of(node: ast.stmt) -> set[str]:
    """The names that a statement reads from outside: a loop's own variable isn't one inside the loop."""
    if isinstance(node, ast.If):
        parts, heads, bound = [*node.body, *node.orelse], [node.test], set[str]()
    elif isinstance(node, ast.For):
        parts, heads = [*node.body, *node.orelse], [node.iter]
        bound = bound_names([ast.Assign([node.target], node.iter)])
    elif isinstance(node, ast.Try):
        handled = [statement for handler in node.handlers for statement in handler.body]
        heads = [handler.type for handler in node.handlers if handler.type is not None]
        parts, bound = [*node.body, *handled, *node.orelse, *node.finalbody], set[str]()
    else:
        return read_names([node])
    return read_names(heads) | (set[str]().union(*(reads_of(part) for part in parts)) - bound)


def restored_by(refs: Iterable[str]) -> tuple[str, ...]:
    """What a context manager of these names sets back when it is left: names of options begin so."""
    return tuple(start for ref in sorted(refs) if (start := tables().restores.get(ref)) is not None)


def undo(state: State, before: Iterable[At], starts: tuple[str, ...]) -> None:
    """Options set since `before`, of which a context manager sets back those that begin with `starts`."""
    known = set(before)
    for at in [at for at in state.options if at not in known]:
        _forget(state, at, [name for name in state.options[at] if name.startswith(starts)])


def patch(state: State, name: str, attribute: str | None, value: Value | None) -> None:
    """`name.attribute`, of a library or module, is bound anew, or deleted (no `value`). None: nobody knows which."""
    if name in BUILTINS:
        _inject(state, attribute, value)
    attribute = attribute or "?"
    state.touch("options", f"{name}.{attribute}", write=True)
    if value is not None and any(state.heap.things[number].kind not in _CODE for number in value.objects):
        state.holding.add(state.at)
    state.setups.add(state.at)
    state.patches.setdefault(state.at, attribute)
    state.patched.setdefault(f"{name}.{attribute}", set()).add(state.at.cell)


def accessor(state: State, name: Value | None) -> None:
    """`register_dataframe_accessor("geo")`: an attribute of a library's class."""
    if name is not None and isinstance(name.literal, str):
        state.patches.setdefault(state.at, name.literal)


def _inject(state: State, name: str | None, value: Value | None) -> None:
    """A name of Python's own is bound: from here on code that reads it finds it, as a variable that has no step."""
    if name is None:
        state.any_name("builtins")
    elif value is None:
        state.put(state.injected, name, ABSENT)
    else:
        state.put(state.injected, name, Value(value.objects, frozenset({f"builtins.{name}"})))


def pylab(state: State) -> None:
    """`%pylab`, which each step repeats: it brings modules under the names that people give them, and all of theirs."""
    for name, ref in {**_PYLAB, **{name: f"numpy.random.{name}" for name in _DRAWS.split()}}.items():
        state.put(state.injected, name, Value(refs=frozenset({ref})))
    for module in ("matplotlib.pyplot", "numpy", "numpy.linalg", "numpy.fft"):
        state.any_name(module)


def gives_back(state: State, name: str, refs: Iterable[str]) -> bool:
    """True if `name` gets what it was before this cell patched it: the patch is gone with the cell."""
    return name in refs and state.patched.get(name, set()) <= {state.at.cell}


def is_alias(state: State, at: At) -> bool:
    """True for `p = pd`, and for another name of an option or of what is patched somewhere: each step can repeat it."""
    refs = state.aliases.get(at, frozenset())
    return bool(refs) and all("." not in ref or ref in state.patched or is_getter(ref) for ref in refs)


def register(state: State, name: str) -> None:
    """Something is made known to `name`, a function of the notebook, which every step that has it must know too."""
    state.touch("options", name, write=True)
    state.setups.add(state.at)


def unpatch(state: State, name: str) -> None:
    """`sys.stdout = old`, where `old` is what it was: earlier stores of this cell are undone."""
    for at in [at for at, known in state.options.items() if name in known and at.cell == state.at.cell]:
        _forget(state, at, [name])
        state.patches.pop(at, None)


def _forget(state: State, at: At, names: Iterable[str]) -> None:
    left = [name for name in state.options[at] if name not in names]
    if left:
        state.options[at] = left
    else:
        del state.options[at]
        state.setups.discard(at)


def read_attributes(trees: Mapping[int, ast.Module]) -> dict[str, set[int]]:
    """For each attribute that code reads, or names in a string, the cells that do."""
    found: dict[str, set[int]] = {}
    for cell, tree in trees.items():
        for node in of_kind(nodes_of(tree), ast.Attribute, ast.Constant):
            if isinstance(node, ast.Attribute):
                if isinstance(node.ctx, ast.Load):
                    found.setdefault(node.attr, set()).add(cell)
            elif isinstance(node.value, str):
                found.setdefault(node.value, set()).add(cell)
    return found
