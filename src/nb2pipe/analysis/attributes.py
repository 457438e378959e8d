"""`a.b`, `a[i]` and the notebook's namespace in; what they may be, and what reading them does, out."""

from __future__ import annotations

import ast
from collections import ChainMap, Counter, OrderedDict, deque
from collections.abc import Generator

from nb2pipe.analysis import resources, staying
from nb2pipe.analysis.calls import Calls
from nb2pipe.analysis.frames import Arguments
from nb2pipe.analysis.heap import IMMUTABLE, MISSING, Value
from nb2pipe.analysis.parts import CONTAINERS
from nb2pipe.analysis.shell import Shell
from nb2pipe.analysis.state import joined
from nb2pipe.analysis.tables import methods

_CONTAINER_METHODS = frozenset(
    name for kind in (list, tuple, set, dict, Counter, OrderedDict, deque, ChainMap, Generator) for name in dir(kind)
)
MAIN = "__main__"
SHELL = "builtins.get_ipython()"
_NAMESPACE_REFS = frozenset(
    {"builtins.globals()", "builtins.locals()", "builtins.vars()", f"{MAIN}.__dict__", f"{SHELL}.user_ns",
     f"{SHELL}.user_global_ns"}
)  # fmt: skip
NAMESPACES = frozenset({"builtins.globals", "builtins.locals", "builtins.vars"})


class Attributes(Calls, Shell):
    """Reads attributes, items and the namespace."""

    def __init__(self) -> None:
        super().__init__()
        self._methods: dict[tuple[int, str], Value] = {}

    def _attribute(self, node: ast.Attribute) -> Value:
        return self._attribute_of(self.evaluate(node.value), node.attr)

    def _attribute_of(self, base: Value, name: str) -> Value:
        if MAIN in base.refs and not name.startswith("__"):
            return self.global_value(name)
        refs = frozenset(f"{ref}.{name}" for ref in base.refs)
        for ref in sorted(refs):
            self.modules.used(ref, self.state.at, called=False)
        staying.look_at(
            self.state, {package for number in base.objects for package in self.heap.things[number].packages}
        )
        if name == "__class__":
            return self._inside("builtins.type", base)
        if name in methods().value_attributes:
            return Value(refs=refs)
        if name == "environ" and "os" in base.refs:
            self.state.touch("env", "", write=False)
        own = self.heap.some(base.objects, ("instance", "class", "function"))
        found = [self._property(number, name) for number in sorted(own)]
        found.append(self.special(base, "__getattribute__", "__getattr__", given=[Value(literal=name)]))
        if name in _CONTAINER_METHODS:
            found += [self._method(number, name) for number in sorted(self.heap.some(base.objects, CONTAINERS))]
        literal = base.literal if name == "parent" else MISSING
        inner = self.element(base)
        return joined([Value(inner.objects, refs, literal), *(item for item in found if item is not None)])

    def _property(self, number: int, name: str) -> Value | None:
        for class_number in self.classes_of(number) or [number]:
            method = self.find_method(class_number, name)
            if method is None:
                member = self.find_member(class_number, name)
                if member is not None:
                    made = self.special(member, "__get__", given=[Value(frozenset((number,)))])
                    return made or Value(member.objects)
                continue
            decorators = getattr(self.known[method].node, "decorator_list", ())
            words = {getattr(item, "id", "") for item in decorators}
            if any(getattr(item, "attr", getattr(item, "id", "")) == "cached_property" for item in decorators):
                self.state.change((number,))
            is_instance = self.heap.things[number].kind == "instance"
            if is_instance and decorators and not words & {"classmethod", "staticmethod"}:
                return self.bound(method, Value(frozenset((number,))), Arguments())
            if is_instance or "classmethod" in words:
                return self._method(number, name)
            return Value(frozenset((method, number)))
        return None

    def _method(self, number: int, name: str) -> Value:
        """`obj.name` that is not called here: the object goes along, and is what a later call works on."""
        found = self._methods.get((number, name))
        if found is None:
            found = self._methods[number, name] = self.heap.value("method", name, owns=(number,))
        return found

    def _subscript(self, node: ast.Subscript) -> Value:
        remembered = self._remembered(node)
        if remembered is not None:
            return remembered
        base = self.evaluate(node.value)
        index = self.evaluate(node.slice)
        if "sys.modules" in base.refs and (index.literal == MAIN or "builtins.__name__" in index.refs):
            return Value(refs=frozenset({MAIN}))
        if any(ref.endswith("os.environ") for ref in base.refs):
            return IMMUTABLE
        made = self.special(base, "__getitem__", "__missing__", given=[index]) or self._of_class(base, index)
        if made is not None:
            return made.join(self.element(base))
        if self.is_namespace(base):
            if isinstance(index.literal, str):
                return self.evaluate(ast.copy_location(ast.Name(index.literal, ast.Load()), node))
            return self._every_value()
        # a default dict grows by being read
        self.state.change(base.objects & self.heap.growing)
        lists = self.heap.some(base.objects, CONTAINERS)
        if base.objects - lists and self._copies(node.slice, index):
            data = base.objects & self.heap.data
            origin = self.heap.things[min(data)].origin if data else ""
            inner = self.heap.owned(base.objects)
            made = self.heap.value("fresh", origin, owns=inner if not data else ())
            return made.join(self.element(Value(lists))) if lists else made
        return self.part(base) if isinstance(node.slice, ast.Slice) else self.element(base)

    def _of_class(self, base: Value, index: Value) -> Value | None:
        """`A[int]` of a notebook class."""
        if "__class_getitem__" not in self.dunders:
            return None
        methods = ((n, self.find_method(n, "__class_getitem__")) for n in sorted(base.objects) if n in self.known)
        found = [self.bound(m, Value(frozenset((n,))), Arguments([index])) for n, m in methods if m is not None]
        return joined(found) if found else None

    def _remembered(self, node: ast.Subscript) -> Value | None:
        """`Out[5]`, IPython's history."""
        if (
            not isinstance(node.value, ast.Name)
            or node.value.id not in ("Out", "_oh")
            or node.value.id in self.state.names
        ):
            return None
        index = self.evaluate(node.slice)
        number = index.literal if isinstance(index.literal, int) else None
        return self.history.read(node.value.id, number, self.state.at, sure=self.state.sure)

    def global_value(self, name: str) -> Value:
        """`__main__.name`: the notebook's own name."""
        found = self.lookup_global(name)
        if found.objects:
            self.use(found)
        return found

    def _copies(self, node: ast.expr, index: Value) -> bool:
        """True for an index by a list, a mask or a comparison: frames and arrays then give a copy."""
        if isinstance(node, ast.List | ast.ListComp | ast.Compare):
            return True
        return bool(index.objects) and self.heap.kinds(index.objects) <= {"mask", "list"}

    def _getattr(self, arguments: list[Value]) -> Value:
        base, name, *default = arguments
        if not isinstance(name.literal, str):
            return joined([base, self.element(base), *default])
        return joined([self._attribute_of(base, name.literal), *default])

    def is_namespace(self, value: Value) -> bool:
        """True for what `globals()` gives: all of the notebook's names."""
        return bool(value.refs & _NAMESPACE_REFS)

    def _every_value(self) -> Value:
        """Any of the notebook's values: something is read by a name that isn't known here."""
        self.read_everything()
        return Value(frozenset().union(*(value.objects for value in self.state.names.values())))

    def _namespace_method(self, name: str, arguments: Arguments) -> Value:
        if name in ("update", "setdefault", "pop", "clear", "popitem"):
            self.unknowable(f"{name} on the notebook's namespace")
        key = arguments.at(0)
        if name == "get" and key is not None and isinstance(key.literal, str):
            self.state.read_maybe(key.literal)
            return self.state.names.get(key.literal, IMMUTABLE)
        found = self._every_value()
        return found.join(self.container("list", [found, self.container("tuple", [found])]))

    def iterate(self, value: Value) -> Value:
        """`for x in value`, the notebook's namespace included."""
        return self._every_value() if self.is_namespace(value) else super().iterate(value)

    def _path_method(self, path: str, name: str, arguments: Arguments) -> Value:
        if name in ("resolve", "absolute"):
            return Value(literal=path)
        if name == "joinpath" and len(arguments.positional) == 1:
            return Value(literal=resources.fold_join(path, arguments.positional[0].literal, "/"))
        return IMMUTABLE
