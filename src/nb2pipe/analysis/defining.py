"""Imports, functions and classes in; what they bind and what runs when they are defined out."""

from __future__ import annotations

import ast
from typing import Any

from nb2pipe.analysis import resources, setups
from nb2pipe.analysis.binding import Binding
from nb2pipe.analysis.frames import Arguments, Frame, Known
from nb2pipe.analysis.heap import IMMUTABLE, Value
from nb2pipe.analysis.protocols import is_special
from nb2pipe.analysis.scopes import Scope, annotation_nodes
from nb2pipe.analysis.state import joined
from nb2pipe.model import Severity

# Packages whose calls make decorators that only wrap what they are given.
_WRAPPING = frozenset({"functools", "dataclasses", "contextlib", "typing", "abc", "attr", "attrs", "numba"})


class Defining(Binding):
    """Runs import, `def` and `class` statements."""

    def _import(self, node: ast.Import) -> None:
        for item in node.names:
            name = item.asname or item.name.partition(".")[0]
            self.read_module(item.name)
            self.bind(name, Value(refs=frozenset({item.name if item.asname else name})))

    def _import_from(self, node: ast.ImportFrom) -> None:
        module = "." * node.level + (node.module or "")
        if module == "__future__":
            self.future_annotations = self.future_annotations or any(item.name == "annotations" for item in node.names)
        self.read_module(module)
        for item in node.names:
            if item.name == "*":
                self._star(module)
            else:
                self.bind(item.asname or item.name, Value(refs=frozenset({f"{module}.{item.name}"})))

    def _star(self, module: str) -> None:
        state = self.state
        for name in [name for name, value in state.names.items() if not value.refs]:
            state.put(state.status, name, state.status.get(name, 1) | 2)
            state.record.binds.setdefault(name, state.at)
            state.record.soft.setdefault(name, state.at)
            state.bound_at.setdefault(name, []).append(state.at)
        state.any_name(module)
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
        generic = self._generic(target)
        if generic is not None:
            self.evaluate_all(node.args if isinstance(node, ast.Call) else [])
            setups.register(self.state, ast.unparse(target))
            return generic
        if isinstance(target, ast.Attribute):
            self.state.change(self.evaluate(target.value).objects)
        return self.evaluate(node)

    def _generic(self, node: ast.expr) -> Value | None:
        """`show` of `show.register`, made by `functools.singledispatch`: to register is to set up `show`."""
        if not isinstance(node, ast.Attribute) or node.attr != "register" or not isinstance(node.value, ast.Name):
            return None
        found = self.evaluate(node.value)
        made = [self.known[number].node for number in sorted(found.objects) if number in self.known]
        decorators = [item for code in made for item in getattr(code, "decorator_list", ())]
        words = {getattr(item, "attr", getattr(item, "id", "")) for item in decorators}
        return found if "singledispatch" in words else None

    def _decorated(self, value: Value, decorators: list[Value]) -> Value:
        """The function is kept beside what its decorators make of it: it may be called either way."""
        for decorator in reversed(decorators):
            generics = [number for number in decorator.objects if number in self.known]
            if self.state.at in self.state.setups and generics:  # what it was registered with calls it
                self.state.hold(frozenset(generics), value.objects)
                for number in generics:
                    self.dispatched.setdefault(number, []).extend(sorted(value.objects))
                continue
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
        metas = [self.evaluate(item.value) for item in node.keywords if item.arg == "metaclass"]
        self.evaluate_all([item.value for item in node.keywords if item.arg != "metaclass"])
        metas += [self.known[n].metas for base in bases for n in sorted(base.objects) if n in self.known]
        start = len(self.heap.things)
        number = self.heap.new("class")
        scope, size = self.scope(node)
        frame = Frame("class", Scope(globals=scope.globals), {}, self.frame, owner=number)
        outer, self.frame = self.frame, frame
        try:
            self.run(node.body)
        finally:
            self.frame = outer
        self.known[number] = Known(node, scope, outer, size, members=dict(frame.env), bases=bases)
        self.known[number].metas = joined(metas)
        self.dunders.update(name for name in frame.env if is_special(name))
        members = frozenset().union(*(value.objects for value in (*frame.env.values(), *bases)))
        self.state.hold(frozenset((number,)), members)
        self._hooks(node.name, number, start)
        self.bind(node.name, self._decorated(Value(frozenset((number,))), decorators))

    def _hooks(self, name: str, number: int, start: int) -> None:
        """Code of the notebook that runs since a class is defined: of descriptors, base classes, the metaclass.

        Objects from `start` on are the class' own.
        """
        state, known, me = self.state, self.known[number], Value(frozenset((number,)))
        outer, state.noted = state.noted, set()
        bound = dict(state.record.binds)
        for attribute, member in known.members.items():
            self.special(member, "__set_name__", given=[me, Value(literal=attribute)])
        for base in sorted(frozenset().union(*(base.objects for base in known.bases))):
            method = self.find_method(base, "__init_subclass__")
            if method is not None:
                self.inline(method, Arguments([me]), self_value=me)
        given = Value(frozenset().union(*(member.objects for member in known.members.values())))
        for meta in sorted(known.metas.objects):
            for hook in ("__prepare__", "__new__", "__init__"):
                method = self.find_method(meta, hook)
                if method is not None:
                    self.inline(method, Arguments([me, Value(literal=name)], rest=given), self_value=me)
        if any(item < start for item in state.noted) or bound != state.record.binds:
            state.registered[state.at] = name, number
        state.noted = outer

    def _type_alias(self, node: Any) -> None:  # noqa: ANN401  # ast.TypeAlias, Python 3.12; its value is lazy
        if hasattr(node, "value"):
            self.bind(node.name.id, IMMUTABLE)
