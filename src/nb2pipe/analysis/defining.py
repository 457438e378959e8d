"""Imports, functions and classes in; what they bind and what runs when they are defined out."""

from __future__ import annotations

import ast
from typing import Any

from nb2pipe.analysis import resources
from nb2pipe.analysis.binding import Binding
from nb2pipe.analysis.frames import Arguments, Frame, Known
from nb2pipe.analysis.heap import IMMUTABLE, Value
from nb2pipe.analysis.scopes import Scope, annotation_nodes
from nb2pipe.analysis.tables import functions
from nb2pipe.model import Severity

# Packages whose calls make decorators that only wrap what they are given.
_WRAPPING = frozenset({"functools", "dataclasses", "contextlib", "typing", "abc", "attr", "attrs", "numba"})


class Defining(Binding):
    """Runs import, `def` and `class` statements."""

    def _import(self, node: ast.Import) -> None:
        for item in node.names:
            name = item.asname or item.name.partition(".")[0]
            self._read_module(item.name)
            self.bind(name, Value(refs=frozenset({item.name if item.asname else name})))

    def _import_from(self, node: ast.ImportFrom) -> None:
        module = "." * node.level + (node.module or "")
        if module == "__future__":
            self.future_annotations = self.future_annotations or any(item.name == "annotations" for item in node.names)
        self._read_module(module)
        for item in node.names:
            if item.name == "*":
                self._star(module)
            else:
                self.bind(item.asname or item.name, Value(refs=frozenset({f"{module}.{item.name}"})))

    def _read_module(self, module: str) -> None:
        """A module that the notebook itself has written is read from its file."""
        root = module.partition(".")[0]
        if root in functions().packages:
            return
        for path in sorted(self.state.written):
            if {root, f"{root}.py", "*"} & set(path.split("/")):
                self.state.touch("file", path, write=False)
                self.state.own_imports.add(self.state.at)

    def _star(self, module: str) -> None:
        state = self.state
        for name in [name for name, value in state.names.items() if not value.refs]:
            state.put(state.status, name, state.status.get(name, 1) | 2)
            state.record.binds.setdefault(name, state.at)
            state.record.soft.setdefault(name, state.at)
            state.bound_at.setdefault(name, []).append(state.at)
        state.any_name()
        state.say(
            "N2P204",
            Severity.NOTE,
            f"`from {module} import *`: which names it brings is known only when it runs",
            hint=f"import the names that you use: `from {module} import ...`",
        )

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        decorators = [self._decorator(item) for item in node.decorator_list]
        defaults = self.defaults(node)
        if not self.future_annotations and not getattr(node, "type_params", ()):
            self.evaluate_all(annotation_nodes(node))
        value = self.define(node, defaults)
        if any(ref.startswith("IPython.core.magic.register_") for item in decorators for ref in item.refs):
            self.own_magics.add(node.name)
        self.bind(node.name, self._decorated(value, decorators))

    def _decorator(self, node: ast.expr) -> Value:
        """A method of a function or class, such as `show.register`, keeps what it decorates."""
        target = node.func if isinstance(node, ast.Call) else node
        if isinstance(target, ast.Attribute):
            self.state.change(self.evaluate(target.value).objects)
        return self.evaluate(node)

    def _decorated(self, value: Value, decorators: list[Value]) -> Value:
        """The function is kept beside what its decorators make of it: it may be called either way."""
        for decorator in reversed(decorators):
            for ref in sorted(decorator.refs):
                self.set_up(ref, Arguments([value]))
            if decorator.objects and not self._only_wraps(decorator):
                made = self.apply(decorator, Arguments([value]))
                value = value.join(made)
        return value

    def _only_wraps(self, decorator: Value) -> bool:
        """True for what such as `functools.lru_cache(maxsize=9)` gives: it keeps and changes nothing of its own."""
        origins = [self.heap.things[number].origin for number in decorator.objects]
        return all(origin.partition(".")[0] in _WRAPPING or resources.is_setup(origin) for origin in origins)

    def _class(self, node: ast.ClassDef) -> None:
        decorators = [self._decorator(item) for item in node.decorator_list]
        bases = self.evaluate_all(list(node.bases))
        self.evaluate_all([item.value for item in node.keywords])
        number = self.heap.new("class")
        scope, size = self.scope(node)
        frame = Frame("class", Scope(globals=scope.globals), {}, self.frame, owner=number)
        outer, self.frame = self.frame, frame
        try:
            self.run(node.body)
        finally:
            self.frame = outer
        self.known[number] = Known(node, scope, outer, size, members=dict(frame.env), bases=bases)
        members = frozenset().union(*(value.objects for value in (*frame.env.values(), *bases)))
        self.state.hold(frozenset((number,)), members)
        self.bind(node.name, self._decorated(Value(frozenset((number,))), decorators))

    def _type_alias(self, node: Any) -> None:  # noqa: ANN401  # ast.TypeAlias, Python 3.12; its value is lazy
        if hasattr(node, "value"):
            self.bind(node.name.id, IMMUTABLE)
