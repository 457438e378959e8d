"""An expression in, what it may be and what it does out."""

from __future__ import annotations

import ast
import re
from collections import ChainMap, Counter, OrderedDict, deque
from collections.abc import Callable, Generator, Mapping
from typing import Any

from nb2pipe.analysis import resources
from nb2pipe.analysis.calls import CONTAINERS, Calls
from nb2pipe.analysis.frames import Arguments, Frame
from nb2pipe.analysis.heap import IMMUTABLE, MISSING, Value
from nb2pipe.analysis.ipython import Problem, parse_body
from nb2pipe.analysis.scopes import COMPREHENSIONS, Comprehension, Scope
from nb2pipe.analysis.shell import Shell
from nb2pipe.analysis.state import joined
from nb2pipe.analysis.tables import functions, methods
from nb2pipe.analysis.told import changing_nothing

_WORD = re.compile(r"[^\W\d]\w*")
_CODE_MARKS = re.compile(r"[@~{}()\[\]=+*/<>]")
_CONTAINER_METHODS = frozenset(
    name for kind in (list, tuple, set, dict, Counter, OrderedDict, deque, ChainMap, Generator) for name in dir(kind)
)
_NAMESPACES = frozenset({"builtins.globals", "builtins.locals", "builtins.vars"})


class Expressions(Calls, Shell):
    """Evaluates expressions."""

    def __init__(self) -> None:
        super().__init__()
        self._methods: dict[tuple[int, str], Value] = {}
        self._evaluators: Mapping[type, Callable[[Any], Value]] = {
            ast.Constant: self._constant,
            ast.Name: self._name,
            ast.Attribute: self._attribute,
            ast.Subscript: self._subscript,
            ast.Call: self._told_call,
            ast.BinOp: self._binary,
            ast.UnaryOp: self._unary,
            ast.BoolOp: self._boolean,
            ast.Compare: self._compare,
            ast.IfExp: self._conditional,
            ast.Lambda: self._lambda,
            ast.NamedExpr: self._walrus,
            ast.List: self._items,
            ast.Tuple: self._items,
            ast.Set: self._items,
            ast.Dict: self._dict,
            ast.JoinedStr: self._fstring,
            ast.Starred: self._starred,
            ast.Yield: self._yield,
            ast.YieldFrom: self._yield,
            ast.Await: self._await,
            **dict.fromkeys(COMPREHENSIONS, self._comprehension),
        }

    def evaluate(self, node: ast.expr) -> Value:
        """What an expression may be, after all that it does."""
        evaluator = self._evaluators.get(type(node))
        if evaluator is not None:
            outer, self.heap.site = self.heap.site, id(node) if self._active else None
            try:
                return evaluator(node)
            finally:
                self.heap.site = outer
        for child in ast.iter_child_nodes(node):  # slices, formatted values, template strings
            if isinstance(child, ast.expr):
                self.evaluate(child)
        return IMMUTABLE

    def evaluate_all(self, nodes: list[ast.expr]) -> list[Value]:
        """Each in order."""
        return [self.evaluate(node) for node in nodes]

    # --- leaves and operators -------------------------------------------------------------------------------------

    def _constant(self, node: ast.Constant) -> Value:
        if isinstance(node.value, str | int | float | bool | bytes) or node.value is None:
            return Value(literal=node.value)
        return IMMUTABLE

    def _name(self, node: ast.Name) -> Value:
        found = self.lookup(node.id)
        if found.objects:
            self.use(found)
        return found

    def _binary(self, node: ast.BinOp) -> Value:
        left, right = self.evaluate(node.left), self.evaluate(node.right)
        if isinstance(node.op, ast.Add | ast.Div):
            literal = resources.fold_join(left.literal, right.literal, "/" if isinstance(node.op, ast.Div) else "")
            if literal is not MISSING:
                return Value(literal=literal)
        return self.combined([left, right])

    def combined(self, operands: list[Value]) -> Value:
        """The new object that an operator makes: of lists, it holds the same items."""
        objects: frozenset[int] = frozenset().union(*(value.objects for value in operands))
        if not objects:
            return IMMUTABLE
        kinds = self.heap.kinds(objects)
        data = any(self.is_data(number) for number in objects)
        owned = self.heap.owned(objects) if not data or kinds & {"list", "tuple"} else frozenset()
        if "library" in kinds or "unknown" in kinds:
            owned |= frozenset(n for n in objects if self.heap.things[n].kind in ("library", "unknown"))
        owned = frozenset(number for number in owned if self.heap.things[number].kind != "class")
        origin = min((self.heap.things[number].origin for number in objects), default="")
        return self.heap.value("fresh" if kinds - {"list", "tuple"} else "list", origin if data else "", owns=owned)

    def _unary(self, node: ast.UnaryOp) -> Value:
        found = self.evaluate(node.operand)
        if isinstance(node.op, ast.USub) and isinstance(found.literal, int | float):
            return Value(literal=-found.literal)
        return IMMUTABLE if isinstance(node.op, ast.Not) else self.combined([found])

    def _boolean(self, node: ast.BoolOp) -> Value:
        found = [self.evaluate(node.values[0])]
        with self.maybe():
            found += self.evaluate_all(node.values[1:])
        return joined(found)

    def _compare(self, node: ast.Compare) -> Value:
        operands = self.evaluate_all([node.left, *node.comparators])
        for position, operator in enumerate(node.ops):
            if isinstance(operator, ast.Is | ast.IsNot):
                both = operands[position].objects, operands[position + 1].objects
                if all(both):
                    self.state.watch(both[0] | both[1])
            elif isinstance(operator, ast.In | ast.NotIn):
                self.consume(operands[position + 1])
                self._name_in_namespace(operands[position], operands[position + 1])
        if any(value.objects for value in operands):
            return self.heap.value("mask", "numpy.mask")
        return IMMUTABLE

    def _name_in_namespace(self, item: Value, place: Value) -> None:
        if self._is_namespace(place):
            if isinstance(item.literal, str):
                self.state.read_maybe(item.literal)
            else:
                self.read_everything()

    def _conditional(self, node: ast.IfExp) -> Value:
        self.evaluate(node.test)
        with self.maybe():
            return joined(self.evaluate_all([node.body, node.orelse]))

    def _walrus(self, node: ast.NamedExpr) -> Value:
        found = self.evaluate(node.value)
        frame, current = self.frame, self.frame
        while current.kind == "comprehension" and current.parent is not None:
            current = current.parent
        self.frame = current
        self.bind(node.target.id, found)
        self.frame = frame
        return found

    def _starred(self, node: ast.Starred) -> Value:
        found = self.evaluate(node.value)
        return self.iterate(found)

    def _yield(self, node: ast.Yield | ast.YieldFrom) -> Value:
        if node.value is not None:
            found = self.evaluate(node.value)
            frame = self.frame
            while frame.kind == "comprehension" and frame.parent is not None:
                frame = frame.parent
            frame.returns.append(found if isinstance(node, ast.Yield) else self.iterate(found))
        return self.unknown()

    def _await(self, node: ast.Await) -> Value:
        return self.evaluate(node.value)

    # --- containers -----------------------------------------------------------------------------------------------

    def _items(self, node: ast.List | ast.Tuple | ast.Set) -> Value:
        items = self.evaluate_all(node.elts)
        kind = {ast.List: "list", ast.Tuple: "tuple", ast.Set: "set"}[type(node)]
        if kind == "tuple" and not any(item.objects for item in items):
            return IMMUTABLE
        return self.container(kind, items)

    def _dict(self, node: ast.Dict) -> Value:
        items: list[Value] = []
        for key, value in zip(node.keys, node.values, strict=True):
            if key is None:
                found = self.evaluate(value)
                items.append(self._every_value() if self._is_namespace(found) else self.element(found))
            else:
                self.evaluate(key)
                items.append(self.evaluate(value))
        return self.container("dict", items)

    def _fstring(self, node: ast.JoinedStr) -> Value:
        text: str | None = ""
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                found = self.evaluate(part.value)
                if part.format_spec is not None:
                    self.evaluate(part.format_spec)
                plain = part.format_spec is None and part.conversion == -1
                literal = found.literal if plain and isinstance(found.literal, str | int) else None
                text = None if text is None or literal is None else text + str(literal)
            elif isinstance(part, ast.Constant):
                text = None if text is None else text + str(part.value)
        return IMMUTABLE if text is None or len(text) > 4096 else Value(literal=text)

    def _comprehension(self, node: Comprehension) -> Value:
        """Targets are of its own scope; the first iterable is evaluated outside; the rest may run zero times."""
        first = self.iterate(self.evaluate(node.generators[0].iter))
        targets = {
            item.id
            for generator in node.generators
            for item in ast.walk(generator.target)
            if isinstance(item, ast.Name) and isinstance(item.ctx, ast.Store)
        }
        outer = self.frame
        self.frame = Frame("comprehension", Scope(locals=targets), {}, outer)
        try:
            with self.maybe():
                found = self._comprehension_body(node, first)
        finally:
            self.frame = outer
        kind = {ast.ListComp: "list", ast.SetComp: "set", ast.DictComp: "dict", ast.GeneratorExp: "iterator"}[
            type(node)
        ]
        return self.heap.value(kind, owns=found.objects)

    def _comprehension_body(self, node: Comprehension, first: Value) -> Value:
        for position, generator in enumerate(node.generators):
            item = first if position == 0 else self.iterate(self.evaluate(generator.iter))
            self.assign(generator.target, item)
            self.evaluate_all(generator.ifs)
        if isinstance(node, ast.DictComp):
            self.evaluate(node.key)
            return self.evaluate(node.value)
        return self.evaluate(node.elt)

    # --- attributes and items -------------------------------------------------------------------------------------

    def _attribute(self, node: ast.Attribute) -> Value:
        return self._attribute_of(self.evaluate(node.value), node.attr)

    def _attribute_of(self, base: Value, name: str) -> Value:
        refs = frozenset(f"{ref}.{name}" for ref in base.refs)
        if name == "__class__":
            return self._inside("builtins.type", base)
        if name in methods().value_attributes:
            return Value(refs=refs)
        if name == "environ" and "os" in base.refs:
            self.state.touch("env", "", write=False)
        found = [self._property(number, name) for number in sorted(base.objects)]
        if name in _CONTAINER_METHODS:
            containers = [number for number in sorted(base.objects) if self.heap.things[number].kind in CONTAINERS]
            found += [self._method(number, name) for number in containers]
        literal = base.literal if name == "parent" else MISSING
        inner = self.element(base)
        return joined([Value(inner.objects, refs, literal), *(item for item in found if item is not None)])

    def _property(self, number: int, name: str) -> Value | None:
        for class_number in self.classes_of(number) or [number]:
            method = self.find_method(class_number, name)
            if method is None:
                continue
            decorators = getattr(self.known[method].node, "decorator_list", ())
            words = {getattr(item, "id", "") for item in decorators}
            is_instance = self.heap.things[number].kind == "instance"
            if is_instance and decorators and not words & {"classmethod", "staticmethod"}:
                return self._bound(method, Value(frozenset((number,))), Arguments())
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
        base = self.evaluate(node.value)
        index = self.evaluate(node.slice)
        if any(ref.endswith("os.environ") for ref in base.refs):
            return IMMUTABLE
        if self._is_namespace(base):
            if isinstance(index.literal, str):
                return self._name(ast.copy_location(ast.Name(index.literal, ast.Load()), node))
            return self._every_value()
        # a default dict grows by being read
        self.state.change(n for n in base.objects if self.heap.things[n].origin == "collections.defaultdict")
        lists = frozenset(number for number in base.objects if self.heap.things[number].kind in CONTAINERS)
        if base.objects - lists and self._copies(node.slice, index):
            data = [number for number in base.objects if self.is_data(number)]
            origin = self.heap.things[min(data)].origin if data else ""
            inner = self.heap.owned(base.objects)
            made = self.heap.value("fresh", origin, owns=inner if not data else ())
            return made.join(self.element(Value(lists))) if lists else made
        return self.part(base) if isinstance(node.slice, ast.Slice) else self.element(base)

    def _copies(self, node: ast.expr, index: Value) -> bool:
        """True for an index by a list, a mask or a comparison: frames and arrays then give a copy."""
        if isinstance(node, ast.List | ast.ListComp | ast.Compare):
            return True
        return bool(index.objects) and self.heap.kinds(index.objects) <= {"mask", "list"}

    # --- functions and calls --------------------------------------------------------------------------------------

    def defaults(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> dict[str, Value]:
        """The values of a function's defaults, evaluated where it is defined."""
        arguments = node.args
        positional = [item.arg for item in (*arguments.posonlyargs, *arguments.args)]
        found: dict[str, Value] = {}
        if arguments.defaults:
            names = positional[-len(arguments.defaults) :]
            found.update(zip(names, self.evaluate_all(arguments.defaults), strict=True))
        for item, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
            if default is not None:
                found[item.arg] = self.evaluate(default)
        return found

    def _lambda(self, node: ast.Lambda) -> Value:
        return self.define(node, self.defaults(node))

    def arguments(self, node: ast.Call) -> Arguments:
        """The values of a call's arguments, in order."""
        found = Arguments(node=node)
        rest: list[Value] = []
        for item in node.args:
            value = self.evaluate(item)
            if isinstance(item, ast.Starred):
                rest.append(value)
            else:
                found.positional.append(value)
        for keyword in node.keywords:
            value = self.evaluate(keyword.value)
            if keyword.arg is None:
                rest.append(self.element(value).join(Value(refs=value.refs)))
            else:
                found.keywords[keyword.arg] = value
        found.rest = joined(rest) if rest else None
        for value in found.every():
            if value.objects:
                self.use(value)
            if self._is_namespace(value):
                self.read_everything()
        return found

    def _told_call(self, node: ast.Call) -> Value:
        if not self.calls_are_pure:
            return self._call(node)
        with changing_nothing(self):
            return self._call(node)

    def _call(self, node: ast.Call) -> Value:
        func = node.func
        if isinstance(func, ast.Attribute):
            return self._call_attribute(node, func)
        callee = self.lookup(func.id) if isinstance(func, ast.Name) else self.evaluate(func)
        special = self._special_call(callee, node)
        if special is not None:
            return special
        arguments = self.arguments(node)
        name = func.id if isinstance(func, ast.Name) else ""
        self._strings(name, callee.refs, arguments)
        return self.apply(callee, arguments)

    def _call_attribute(self, node: ast.Call, func: ast.Attribute) -> Value:
        if self.is_shell(func):
            return self.shell_call(node, func.attr)
        if isinstance(func.value, ast.Call) and isinstance(func.value.func, ast.Name) and func.value.func.id == "super":
            return self._super(node, func.attr)
        base = self.evaluate(func.value)
        if func.attr in ("format", "join") and isinstance(base.literal, str):
            self.arguments(node)
            return IMMUTABLE
        arguments = self.arguments(node)
        self._strings(func.attr, frozenset(f"{ref}.{func.attr}" for ref in base.refs), arguments)
        if self._is_namespace(base):
            return self._namespace_method(func.attr, arguments)
        found = self.method_call(base, func.attr, arguments)
        if isinstance(base.literal, str) and func.attr in ("joinpath", "with_suffix", "resolve", "absolute"):
            return self._path_method(base.literal, func.attr, arguments)
        return found

    def _is_namespace(self, value: Value) -> bool:
        """True for what `globals()` gives: all of the notebook's names."""
        return bool(value.refs & {f"{ref}()" for ref in _NAMESPACES})

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
        return self._every_value() if self._is_namespace(value) else super().iterate(value)

    def _path_method(self, path: str, name: str, arguments: Arguments) -> Value:
        if name in ("resolve", "absolute"):
            return Value(literal=path)
        if name == "joinpath" and len(arguments.positional) == 1:
            return Value(literal=resources.fold_join(path, arguments.positional[0].literal, "/"))
        return IMMUTABLE

    def _super(self, node: ast.Call, name: str) -> Value:
        arguments = self.arguments(node)
        frame: Frame | None = self.frame
        while frame is not None and frame.self_value is None:
            frame = frame.parent
        me = frame.self_value if frame is not None else None
        if me is None or frame is None:
            self.state.change(arguments.objects, deep=True)
            return self.unknown()
        method = None if frame.owner is None else self.find_method(frame.owner, name, skip_self=True)
        if method is not None:
            return self._bound(method, me, arguments)
        self.state.change(me.objects)
        self.hold_arguments(me.objects, arguments.every())
        return me

    def _special_call(self, callee: Value, node: ast.Call) -> Value | None:
        ref = next(iter(callee.refs)) if len(callee.refs) == 1 else ""
        if ref in ("builtins.eval", "builtins.exec"):
            return self._code_call(ref, node)
        if ref == "builtins.getattr" and len(node.args) in (2, 3) and not node.keywords:
            return self._getattr(self.evaluate_all(node.args))
        if (ref in _NAMESPACES or ref == "builtins.dir") and not node.args and self._at_module():
            if ref == "builtins.dir":
                self.read_everything()
                return IMMUTABLE
            return Value(refs=frozenset({f"{ref}()"}))
        return None

    def _getattr(self, arguments: list[Value]) -> Value:
        base, name, *default = arguments
        if not isinstance(name.literal, str):
            return joined([base, self.element(base), *default])
        return joined([self._attribute_of(base, name.literal), *default])

    def _at_module(self) -> bool:
        return self.frame.kind == "module" or all(kind != "class" for kind in (self.frame.kind,))

    def _code_call(self, ref: str, node: ast.Call) -> Value:
        values = self.evaluate_all(list(node.args))
        text = values[0].literal if values else MISSING
        if not isinstance(text, str):
            self.unknowable(f"{ref.rpartition('.')[2]}() runs code that is not a constant")
            return self.unknown()
        tree = parse_body(text.strip() if ref == "builtins.eval" else text, self.state.at.line)
        if isinstance(tree, Problem):
            return self.unknown()
        if ref == "builtins.eval" and len(tree.body) == 1 and isinstance(tree.body[0], ast.Expr):
            return self.evaluate(tree.body[0].value)
        self.run(tree.body)
        return IMMUTABLE

    def _strings(self, name: str, refs: frozenset[str], arguments: Arguments) -> None:
        """Words in a string argument that may be code are read, perhaps."""
        code = name in functions().code
        known = any(functions().results.get(ref) in ("value", "fresh", "container") for ref in refs)
        for value in arguments.every():
            text = value.literal
            if isinstance(text, str) and len(text) <= 20_000 and (code or (not known and _CODE_MARKS.search(text))):
                for word in sorted(set(_WORD.findall(text)) & self.state.names.keys()):
                    self.state.read_maybe(word)
