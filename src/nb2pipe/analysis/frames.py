"""Names looked up and bound by Python's rules, and notebook functions walked where they are used.

A function's body is walked at each use, with what is known of its arguments, in the state of the using cell: Python
binds late. A use that isn't a call (`map(f, ...)`, an object that carries `f`) walks it with unknown arguments, as
something that may happen. Past the caps, what the function mentions counts as read and changed.
"""

from __future__ import annotations

import ast
import builtins
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import field
from pathlib import Path
from types import MappingProxyType

from nb2pipe.analysis import told
from nb2pipe.analysis.beside import Beside
from nb2pipe.analysis.directives import Told
from nb2pipe.analysis.heap import IMMUTABLE, NOTHING, Value
from nb2pipe.analysis.modules import Modules
from nb2pipe.analysis.recall import History, is_history
from nb2pipe.analysis.scopes import FUNCTIONS, Code, Function, Scope, scope_of
from nb2pipe.analysis.state import State, joined
from nb2pipe.records import dataclass
from nb2pipe.syntax import nodes_of

BUILTINS = frozenset(dir(builtins)) - {"_"} | {"get_ipython", "display", "exit", "quit", "__file__", "__builtins__"}
CODE = frozenset({"function", "class", "method", "caller"})  # kinds of objects that are called
MAX_CALL_DEPTH = 12
MAX_WALKED_NODES = 300_000
MAX_WALKED_IN_A_CELL = 10_000
_NO_KEYWORDS: Mapping[str, Value] = MappingProxyType({})
VISITS_PER_NODE = 100  # objects looked at that cost as much as a walked node: in small code much may hold much


@dataclass
class Frame:
    """A scope while it is walked. `kind`: module, function, class or comprehension."""

    kind: str
    scope: Scope
    env: dict[str, Value]
    parent: Frame | None = None
    returns: list[Value] = field(default_factory=list)
    self_value: Value | None = None
    owner: int | None = None  # the class object whose method this is


@dataclass
class Known:
    """A function or class of the notebook. `members` are a class' own names; `defaults` a function's."""

    node: Code
    scope: Scope
    frame: Frame
    size: int
    defaults: Mapping[str, Value] = field(default_factory=dict)
    members: Mapping[str, Value] = field(default_factory=dict)
    bases: Sequence[Value] = ()
    metas: Value = IMMUTABLE  # a class' metaclass
    owner: int | None = None


class Arguments:
    """The arguments of a call, never changed once it is made. `rest` is what `*` and `**` bring.

    `objects`: those of all arguments.
    """

    __slots__ = ("_every", "keywords", "node", "objects", "positional", "rest")

    def __init__(
        self,
        positional: Sequence[Value] = (),
        keywords: Mapping[str, Value] = _NO_KEYWORDS,
        rest: Value | None = None,
        node: ast.Call | None = None,
    ) -> None:
        self.positional, self.keywords, self.rest, self.node = positional, keywords, rest, node
        self._every = [*positional, *keywords.values(), *([rest] if rest else [])]
        self.objects = NOTHING.union(*[value.objects for value in self._every])

    def every(self) -> list[Value]:
        """All arguments, in order."""
        return self._every

    def at(self, position: int, keyword: str = "") -> Value | None:
        """One argument, by position or keyword."""
        if keyword in self.keywords:
            return self.keywords[keyword]
        return self.positional[position] if 0 <= position < len(self.positional) else None


def _size(node: Code) -> int:
    """How many nodes `ast.walk` would find: the marks Load, Store and Del are nodes as well."""
    return sum(2 if "ctx" in item._fields else 1 for item in nodes_of(node))


class Frames(ABC):
    """Scopes and functions of one notebook while it is walked."""

    def __init__(self) -> None:
        self.state = State()
        self.heap = self.state.heap
        self.module = Frame("module", Scope(), self.state.names)
        self.frame = self.module
        self.known: dict[int, Known] = {}
        self.changes_arguments: set[int] = set()  # functions that may change what they are given
        self.told: dict[ast.AST, Told] = {}  # what the author tells of statements, and of functions' calls
        self.history = History()
        self.beside = Beside(None)
        self.modules = Modules(self.beside)
        self.dispatched: dict[int, list[int]] = {}  # a function by `singledispatch` -> those that it may call instead
        self.own_magics: set[str] = set()  # magics that the notebook registers
        self.future_annotations = False
        self.calls_are_pure = False  # the author says so of the statement that is walked
        self.active: list[int] = []
        self.used: set[int] = set()
        self._left = MAX_WALKED_NODES
        self._fuel = 0
        self._scopes: dict[int, tuple[Code, Scope, int]] = {}

    @abstractmethod
    def evaluate(self, node: ast.expr) -> Value:
        """What an expression may be, after all that it does."""

    def evaluate_all(self, nodes: Iterable[ast.expr]) -> list[Value]:
        """Each in order."""
        return [self.evaluate(node) for node in nodes]

    @abstractmethod
    def assign(self, target: ast.expr, value: Value) -> None:
        """Store a value in a target."""

    @abstractmethod
    def apply(self, callee: Value, arguments: Arguments) -> Value:
        """Call a value."""

    @abstractmethod
    def call_back(self, handed: Iterable[int], given: Iterable[int]) -> Value:
        """A library may call the functions that `handed` are or carry, with anything of `given`; what they return."""

    @abstractmethod
    def method_call(self, base: Value, name: str, arguments: Arguments) -> Value:
        """`base.name(...)`."""

    @abstractmethod
    def maybe(self) -> AbstractContextManager[None]:
        """What runs inside only may run."""

    @abstractmethod
    def run(self, statements: Sequence[ast.stmt]) -> None:
        """Walk statements in order."""

    @abstractmethod
    def unknowable(self, reason: str) -> None:
        """A barrier: what runs here may read and bind any name."""

    @abstractmethod
    def run_tree(self, tree: ast.Module) -> None:
        """Walk source with its comments `# nb2pipe: ...`."""

    def stands_beside(self, folder: Path | None) -> None:
        """The folder of the modules and scripts that the notebook uses."""
        self.beside = Beside(folder)
        self.modules = Modules(self.beside)

    def open_cell(self, index: int) -> None:
        """A new cell begins."""
        self.used = set()
        self.heap.visited = 0
        self._left += max(self._fuel, 0)
        self._fuel = min(self._left, MAX_WALKED_IN_A_CELL)
        self._left -= self._fuel
        self.state.open_cell(index)

    # --- names ----------------------------------------------------------------------------------------------------

    def lookup(self, name: str) -> Value:
        """What `name` is where it is read."""
        frame: Frame | None = self.frame
        while frame is not None and frame.kind != "module":
            if frame.kind == "function":
                if name in frame.scope.globals:
                    break
                if name in frame.scope.locals:
                    return frame.env.get(name, IMMUTABLE)
            elif name in frame.env and (frame.kind == "comprehension" or frame is self.frame):
                return frame.env[name]
            frame = frame.parent
        return self.lookup_global(name)

    def lookup_global(self, name: str) -> Value:
        """What `name` is outside of all functions."""
        state = self.state
        if name not in state.names:
            if is_history(name):
                return self.history.read(name, None, state.at, sure=state.sure)
            if name in state.injected:
                state.injected_in.setdefault(name, set()).add(state.at.cell)
                return state.injected[name]
            if name in BUILTINS or name.startswith("__"):
                return Value(refs=frozenset({f"builtins.{name}"}))
        found = state.read(name)
        if found is not None:
            return found
        return Value(refs=frozenset(f"{module}.{name}" for module in state.stars)) if state.star else IMMUTABLE

    def bind(self, name: str, value: Value) -> None:
        """Bind `name` where the running code binds it."""
        frame = self.frame
        while frame.kind == "comprehension" and name not in frame.scope.locals and frame.parent is not None:
            frame = frame.parent
        if frame.kind == "module" or name in frame.scope.globals:
            self.state.bind(name, value)
        elif name in frame.scope.nonlocals:
            self._bind_nonlocal(frame, name, value)
        else:
            self.state.put(frame.env, name, value)

    def _bind_nonlocal(self, frame: Frame, name: str, value: Value) -> None:
        owner = frame.parent
        while owner is not None and not (owner.kind == "function" and name in owner.scope.locals):
            owner = owner.parent
        if owner is not None:
            self.state.put(owner.env, name, value.join(owner.env.get(name, value)))
            self.state.change(self._closures_over(owner, name))

    def _closures_over(self, owner: Frame, name: str) -> set[int]:
        """The functions that share the variable: to rebind it changes them."""
        found: set[int] = set()
        for number, known in self.known.items():
            frame: Frame | None = known.frame
            while frame is not None and frame is not owner:
                frame = frame.parent
            if frame is owner and name in known.scope.free:
                found.add(number)
        return found

    def maybe_bind(self, name: str) -> None:
        """The notebook's name may be bound to something unknown."""
        self.state.begin()
        self.state.bind(name, self.unknown())
        self.state.merge([self.state.end()], through=True)

    def unbind(self, name: str) -> None:
        """`del name`, or the end of an `except ... as name`."""
        frame = self.frame
        if frame.kind == "module" or name in frame.scope.globals:
            self.state.delete(name)

    # --- functions and classes ------------------------------------------------------------------------------------

    def scope(self, node: Code) -> tuple[Scope, int]:
        """The scope of a function or class and the number of its nodes; worked out once."""
        if id(node) not in self._scopes:
            self._scopes[id(node)] = (node, scope_of(node), _size(node))
        _, scope, size = self._scopes[id(node)]
        return scope, size

    def define(self, node: Code, defaults: Mapping[str, Value]) -> Value:
        """A new function object: it holds its defaults and what it captures of enclosing functions."""
        scope, size = self.scope(node)
        number = self.heap.new("function")
        frame = self.frame
        owner = None
        while frame.kind == "class" and frame.parent is not None:
            owner, frame = frame.owner, frame.parent
        self.known[number] = Known(node, scope, frame, size, defaults, owner=owner)
        for value in defaults.values():
            self.state.hold(frozenset((number,)), value.objects)
        captured = self._captured(scope, frame)
        self.state.hold(frozenset((number,)), captured)
        return Value(frozenset((number,)))

    def _captured(self, scope: Scope, frame: Frame) -> frozenset[int]:
        found: set[int] = set()
        current: Frame | None = frame
        while current is not None and current.kind != "module":
            for name in scope.free & current.env.keys():
                found |= current.env[name].objects
            current = current.parent
        return frozenset(found)

    def unknown(self) -> Value:
        """Something of which nothing is known."""
        return self.heap.value("unknown")

    def use(self, value: Value) -> None:
        """A value is loaded: all functions that it carries may run from now on."""
        codes = self.heap.codes(value.objects)
        for number in sorted(codes - self.used):
            self.used.add(number)
            for name in sorted(self.heap.things[number].names):
                if number in self.state.names.get(name, IMMUTABLE).objects:
                    self.state.read_maybe(name)  # a value of a notebook class needs the class
            self._may_call(number)

    def _may_call(self, number: int) -> None:
        known = self.known.get(number)
        if known is None or number in self.active or not isinstance(known.node, FUNCTIONS):
            return
        given = self.unknown()
        sure, self.state.sure = self.state.sure, False
        self.state.begin()
        self.inline(number, Arguments(rest=given))
        changes = self.state.end()
        self.state.merge([changes], through=True)
        self.state.sure = sure
        if self.heap.within(given.objects) & self.state.changed_in.keys():
            self.changes_arguments.add(number)

    def inline(self, number: int, arguments: Arguments, self_value: Value | None = None) -> Value:
        """Walk a notebook function's body with these arguments; what it returns."""
        said = self.told.get(self.known[number].node)
        if said is None:
            return self._inline(number, arguments, self_value)
        with told.changing_nothing(self) if said.pure else nullcontext(), told.applied(self, said):
            return self._inline(number, arguments, self_value)

    def _inline(self, number: int, arguments: Arguments, self_value: Value | None) -> Value:
        known = self.known[number]
        self._pay_visits()
        if number in self.active or len(self.active) >= MAX_CALL_DEPTH or self._fuel < known.size:
            return self._coarse(number, arguments)
        self._fuel -= known.size
        node = known.node
        if not isinstance(node, FUNCTIONS):
            return IMMUTABLE
        frame = Frame("function", known.scope, self._given(known, node, arguments), known.frame)
        frame.self_value, frame.owner = self_value, known.owner
        outer, self.frame = self.frame, frame
        sure, at = self.state.sure, self.state.at
        self.active.append(number)
        try:
            if isinstance(node, ast.Lambda):
                frame.returns.append(self.evaluate(node.body))
            else:
                self.run(node.body)
        finally:
            self.active.pop()
            self.frame = outer
            self.state.sure, self.state.at = sure, at
        found = joined(frame.returns)
        if known.scope.yields:
            return self.heap.value("iterator", owns=found.objects | arguments.objects | {number})
        return found

    def _pay_visits(self) -> None:
        nodes, rest = divmod(self.heap.visited, VISITS_PER_NODE)
        self._fuel, self.heap.visited = self._fuel - nodes, rest

    def _given(self, known: Known, node: Function, arguments: Arguments) -> dict[str, Value]:
        names = [item.arg for item in (*node.args.posonlyargs, *node.args.args)]
        env: dict[str, Value] = {}
        positional = list(arguments.positional)
        for name in names:
            env[name] = positional.pop(0) if positional else self._default(known, name, arguments)
        for item in node.args.kwonlyargs:
            env[item.arg] = self._default(known, item.arg, arguments)
        extra = [*positional, *([arguments.rest] if arguments.rest else [])]
        if node.args.vararg:
            env[node.args.vararg.arg] = self.container("tuple", extra)
        if node.args.kwarg:
            others = [value for key, value in arguments.keywords.items() if key not in env]
            env[node.args.kwarg.arg] = self.container("dict", [*others, *([arguments.rest] if arguments.rest else [])])
        return env

    def _default(self, known: Known, name: str, arguments: Arguments) -> Value:
        if name in arguments.keywords:
            return arguments.keywords[name]
        found = [value for value in (known.defaults.get(name), self._spread(arguments.rest)) if value is not None]
        return joined(found) if found else IMMUTABLE

    def _spread(self, rest: Value | None) -> Value | None:
        if rest is None:
            return None
        return Value(rest.objects | self.heap.others(self.heap.owned(rest.objects), CODE))

    def container(self, kind: str, items: Iterable[Value]) -> Value:
        """A new container of these items."""
        owned: frozenset[int] = frozenset().union(*(item.objects for item in items))
        return self.heap.value(kind, owns=owned)

    def _coarse(self, number: int, arguments: Arguments) -> Value:
        """Past the caps, or a recursion: the arguments may be changed; so may all that the function mentions."""
        changed = set(arguments.objects)
        seen: set[int] = set(self.active)
        waiting = [] if number in seen else [number]
        while waiting:
            current = waiting.pop()
            known = self.known.get(current)
            if current in seen or known is None:
                continue
            seen.add(current)
            changed |= self.heap.owned((current,))
            for name in sorted(known.scope.global_binds):
                self.maybe_bind(name)
            for name in sorted(known.scope.free & self.state.names.keys()):
                value = self.state.read(name, sure=False)
                if value is not None:
                    changed |= value.objects
                    waiting.extend(sorted(self.heap.codes(value.objects) - seen))
        self.state.change(changed, deep=True)  # all at once: each change looks at all that holds what is changed
        return self.heap.value("unknown", owns=arguments.objects)

    def reset(self) -> None:
        """After a failure in the middle of a cell: back to the module, no branch open."""
        self.frame = self.module
        self.active.clear()
        self.calls_are_pure = False
        self.state.abandon()
