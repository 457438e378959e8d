"""Targets of assignments and `del` in; what is bound, stored and deleted out."""

from __future__ import annotations

import ast

from nb2pipe.analysis import setups, staying
from nb2pipe.analysis.attributes import MAIN
from nb2pipe.analysis.expressions import Expressions
from nb2pipe.analysis.frames import Arguments, Known
from nb2pipe.analysis.heap import IMMUTABLE, Value
from nb2pipe.analysis.state import joined
from nb2pipe.analysis.tables import functions


class Binding(Expressions):
    """Binds names, stores attributes and items."""

    def assign(self, target: ast.expr, value: Value) -> None:
        """Store a value in a target."""
        if isinstance(target, ast.Name):
            self.bind(target.id, value)
        elif isinstance(target, ast.Tuple | ast.List):
            self._unpack(target, value)
        elif isinstance(target, ast.Starred):
            self.assign(target.value, self.heap.value("list", owns=value.objects))
        elif isinstance(target, ast.Attribute):
            self._store_attribute(target, value)
        elif isinstance(target, ast.Subscript):
            self._store_item(target, value)

    def _unpack(self, target: ast.Tuple | ast.List, value: Value) -> None:
        distinct = bool(value.objects) and all(self._is_distinct(number) for number in value.objects)
        item = self.iterate(value)
        for element in target.elts:
            origin = self.heap.things[min(value.objects)].origin if distinct else ""
            self.assign(element, self.heap.value("fresh", origin) if distinct else item)

    def _is_distinct(self, number: int) -> bool:
        thing = self.heap.things[number]
        return thing.kind == "fresh" and bool(thing.origin) and bool(functions().distinct.get(thing.origin))

    def _store_attribute(self, target: ast.Attribute, value: Value) -> None:
        base = self.evaluate(target.value)
        for ref in sorted(base.refs):
            if ref == MAIN:
                self.state.bind(target.attr, value)
            elif setups.gives_back(self.state, f"{ref}.{target.attr}", value.refs):
                setups.unpatch(self.state, f"{ref}.{target.attr}")
            else:
                setups.patch(self.state, ref, target.attr, value)
        self._setters(base, target.attr, value)
        self.state.change(base.objects)
        self.state.hold(base.objects, value.objects)
        for number in base.objects if value.refs else ():
            self.heap.things[number].packages.update(ref.partition(".")[0] for ref in value.refs)

    def _setters(self, base: Value, name: str, value: Value) -> None:
        """Code of the notebook's classes that runs when an attribute is stored."""
        self.special(base, "__setattr__", given=[Value(literal=name), value])
        for number in sorted(base.objects):
            me = Value(frozenset((number,)))
            for class_number in self.classes_of(number):
                member = self.find_member(class_number, name)
                if member is not None:
                    self.special(member, "__set__", given=[me, value])
                    for method in sorted(member.objects):
                        if method not in self.active and _is_setter(self.known.get(method)):
                            with self.maybe():
                                self.bound(method, me, Arguments([value]))

    def _store_item(self, target: ast.Subscript, value: Value) -> None:
        base = self.evaluate(target.value)
        index = self.evaluate(target.slice)
        if self.is_namespace(base):
            if isinstance(index.literal, str):
                self.state.bind(index.literal, value)
            else:
                self.unknowable("a name that is not a constant is bound in the notebook's namespace")
            return
        for ref in sorted(base.refs):
            environment = ref == "os.environ"
            if environment:
                staying.environment(self.state, index.literal, str(value.literal))
            self.state.touch("env" if environment else "options", "" if environment else ref, write=True)
            if ref in setups.BUILTINS:
                setups.patch(self.state, ref, index.literal if isinstance(index.literal, str) else None, value)
            if not environment:
                self.state.setups.add(self.state.at)
        self.state.change(base.objects)
        self.special(base, "__setitem__", given=[index, value])
        live = self.heap.some(base.objects, ("library",)) - self.heap.data
        self.state.change(live, deep=True)  # a memoryview, a ChainMap: the item may be of what it was made of
        frames = frozenset() if isinstance(target.value, ast.Attribute) else self._frames(base.objects)
        self.state.hold(base.objects - frames, value.objects)
        columns = value.objects & self.heap.data
        self.state.hold(frames, value.objects - columns | self.heap.owned(columns))

    def _frames(self, objects: frozenset[int]) -> frozenset[int]:
        """Those that are pandas' own: `df["a"] = column` copies the column, though not what it holds."""
        return frozenset(number for number in objects if self.heap.things[number].origin.startswith("pandas."))

    def _assign(self, node: ast.Assign) -> None:
        pairs = [(target, node.value) for target in node.targets if _parallel(target, node.value)]
        if pairs and len(pairs) == len(node.targets) == 1 and isinstance(node.value, ast.Tuple | ast.List):
            values = self.evaluate_all(node.value.elts)
            for target, value in zip(_elements(node.targets[0]), values, strict=True):
                self.assign(target, value)
            return
        value = self.evaluate(node.value)
        if value.refs and not value.objects and is_dotted(node.value) and self.frame.kind == "module":
            self.state.aliases[self.state.at] = value.refs
        for target in node.targets:
            self.assign(target, value)

    def _augmented(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name):
            old = self._name(ast.copy_location(ast.Name(node.target.id, ast.Load()), node.target))
            value = self.evaluate(node.value)
            self.state.change(old.objects)
            self.state.hold(old.objects, self.element(value).objects)
            new = joined([self.combined([old, value]), *self.in_place(node.op, old, value)])
            self.bind(node.target.id, Value(old.objects | (frozenset() if old.objects else new.objects)))
            return
        value = self.evaluate(node.value)
        if isinstance(node.target, ast.Attribute):
            read: ast.expr = ast.Attribute(node.target.value, node.target.attr, ast.Load())
        else:
            read = ast.Subscript(node.target.value, node.target.slice, ast.Load())
        old = self.evaluate(ast.copy_location(read, node.target))
        self.state.change(old.objects)
        grown = old.objects - self.heap.data
        self.state.hold(grown, self.element(value).objects)
        new = joined([self.combined([old, value]), *self.in_place(node.op, old, value)])
        changed = bool(old.objects) and old.objects | new.objects <= self.heap.data
        self.assign(node.target, IMMUTABLE if changed and not self.heap.owned(new.objects) else new)

    def _annotated(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.assign(node.target, self.evaluate(node.value))
        if not self.future_annotations and self.frame.kind != "function":
            self.evaluate(node.annotation)

    def _delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            self._delete_one(target)

    def _delete_one(self, target: ast.expr) -> None:
        if isinstance(target, ast.Name):
            self.lookup(target.id)
            self.unbind(target.id)
        elif isinstance(target, ast.Tuple | ast.List):
            for item in target.elts:
                self._delete_one(item)
        elif isinstance(target, ast.Attribute | ast.Subscript):
            base = self.evaluate(target.value)
            if isinstance(target, ast.Subscript):
                self.special(base, "__delitem__", given=[self.evaluate(target.slice)])
            else:
                self.special(base, "__delattr__", given=[Value(literal=target.attr)])
            for ref in sorted(base.refs):
                if ref == MAIN and isinstance(target, ast.Attribute):
                    self.global_value(target.attr)
                    self.state.delete(target.attr)
                elif isinstance(target, ast.Attribute):
                    setups.patch(self.state, ref, target.attr, None)
                elif ref == "os.environ":
                    self.state.touch("env", "", write=True)
            self.state.change(base.objects)


def is_dotted(node: ast.expr) -> bool:
    """True for `a.b.c`."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name)


def _is_setter(known: Known | None) -> bool:
    decorators = getattr(known.node, "decorator_list", ()) if known is not None else ()
    return any(isinstance(item, ast.Attribute) and item.attr == "setter" for item in decorators)


def _elements(target: ast.expr) -> list[ast.expr]:
    return list(target.elts) if isinstance(target, ast.Tuple | ast.List) else []


def _parallel(target: ast.expr, value: ast.expr) -> bool:
    """True for `a, b = x, y` without stars: each target gets its own value."""
    if not isinstance(target, ast.Tuple | ast.List) or not isinstance(value, ast.Tuple | ast.List):
        return False
    starred = any(isinstance(item, ast.Starred) for item in (*target.elts, *value.elts))
    return not starred and len(target.elts) == len(value.elts)
