"""An expression in, what it may be and what it does out."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from nb2pipe.analysis import resources, staying
from nb2pipe.analysis.frames import Frame
from nb2pipe.analysis.heap import IMMUTABLE, MISSING, Value
from nb2pipe.analysis.invocations import Invocations
from nb2pipe.analysis.scopes import COMPREHENSIONS, Comprehension, Scope
from nb2pipe.analysis.state import joined

Rounds: TypeAlias = Sequence[tuple[ast.expr, Value]]
"""Targets of a loop, each with a value of its own."""
_LITERALS = (str, int, float, bytes, type(None))


class Expressions(Invocations):
    """Evaluates expressions."""

    def __init__(self) -> None:
        super().__init__()
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
            outer, self.heap.site = self.heap.site, id(node) if self.active else None
            try:
                return evaluator(node)
            finally:
                self.heap.site = outer
        for child in ast.iter_child_nodes(node):  # slices, formatted values, template strings
            if isinstance(child, ast.expr):
                self.evaluate(child)
        return IMMUTABLE

    # --- leaves and operators ---------------------------------------------------------------------------------------

    def _constant(self, node: ast.Constant) -> Value:
        if isinstance(node.value, _LITERALS):
            if type(node.value) is str and "~" in node.value:
                self.state.tildes[node.value] = None
            return Value(literal=node.value)
        return IMMUTABLE

    def _name(self, node: ast.Name) -> Value:
        found = self.lookup(node.id)
        if found.objects:
            self.use(found)
        for ref in found.refs:
            self.modules.named(ref, node.id, self.state.at)
        if found.refs:
            staying.look_at(self.state, found.refs)
        return found

    def _binary(self, node: ast.BinOp) -> Value:
        left, right = self.evaluate(node.left), self.evaluate(node.right)
        if isinstance(node.op, ast.Add | ast.Div):
            literal = resources.fold_join(left.literal, right.literal, "/" if isinstance(node.op, ast.Div) else "")
            if literal is not MISSING:
                return Value(literal=literal)
        return joined([self.combined([left, right]), *self.binary(node.op, left, right)])

    def combined(self, operands: list[Value]) -> Value:
        """The new object that an operator makes: of lists, it holds the same items."""
        objects: frozenset[int] = frozenset().union(*(value.objects for value in operands))
        if not objects:
            return IMMUTABLE
        kinds = self.heap.kinds(objects)
        data = not objects.isdisjoint(self.heap.data)
        owned = self.heap.owned(objects) if not data or kinds & {"list", "tuple"} else frozenset()
        if "library" in kinds or "unknown" in kinds:
            owned |= self.heap.some(objects, ("library", "unknown"))
        owned = self.heap.others(owned, ("class",))
        origin = self.heap.origin(objects) if data else ""
        return self.heap.value("fresh" if kinds - {"list", "tuple"} else "list", origin, owns=owned)

    def _unary(self, node: ast.UnaryOp) -> Value:
        found = self.evaluate(node.operand)
        if isinstance(node.op, ast.USub) and isinstance(found.literal, int | float):
            return Value(literal=-found.literal)
        made = self.unary(node.op, found)
        return IMMUTABLE if isinstance(node.op, ast.Not) else joined([self.combined([found]), *made])

    def _boolean(self, node: ast.BoolOp) -> Value:
        found = [self.test(node.values[0])]
        with self.maybe():
            found += [self.test(item) for item in node.values[1:-1]]
            found.append(self.evaluate(node.values[-1]))
        return joined(found)

    def test(self, node: ast.expr) -> Value:
        """An expression of which the truth is asked."""
        found = self.evaluate(node)
        self.truth(found)
        return found

    def _compare(self, node: ast.Compare) -> Value:
        operands = self.evaluate_all([node.left, *node.comparators])
        for position, operator in enumerate(node.ops):
            self.comparison(operator, operands[position], operands[position + 1])
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
        if self.is_namespace(place):
            if isinstance(item.literal, str):
                self.state.read_maybe(item.literal)
            else:
                self.read_everything()

    def _conditional(self, node: ast.IfExp) -> Value:
        self.test(node.test)
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
        found = self.evaluate(node.value)
        made = self.special(found, "__await__")
        return found if made is None else found.join(made)

    # --- containers -------------------------------------------------------------------------------------------------

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
                items.append(self._every_value() if self.is_namespace(found) else self.element(found))
            else:
                self.evaluate(key)
                items.append(self.evaluate(value))
        return self.container("dict", items)

    def _fstring(self, node: ast.JoinedStr) -> Value:
        text: str | None = ""
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                found = self.evaluate(part.value)
                self.implicit("builtins.str", found.objects, ())
                if part.format_spec is not None:
                    self.evaluate(part.format_spec)
                plain = part.format_spec is None and part.conversion == -1
                literal = found.literal if plain and isinstance(found.literal, str | int) else None
                text = None if text is None or literal is None else text + str(literal)
            elif isinstance(part, ast.Constant):
                text = None if text is None else text + str(part.value)
        return IMMUTABLE if text is None or len(text) > 4096 else Value(literal=text)

    def rounds(self, target: ast.expr, iterable: ast.expr) -> Rounds:
        """`for target in iterable`: what each round binds."""
        return [(one, self.iterate(value)) for one, value in self._walked_through(target, iterable)]

    def _walked_through(self, target: ast.expr, iterable: ast.expr) -> Rounds:
        """Each target with what it walks through: what `zip` and `enumerate` bring together stays apart."""
        given = iterable.args if isinstance(iterable, ast.Call) else []
        targets = target.elts if isinstance(target, ast.Tuple | ast.List) else []
        starred = any(isinstance(item, ast.Starred) for item in (*given, *targets))
        pairing = self._pairing(iterable) if given and targets and not starred else ""
        if pairing == "zip" and len(given) == len(targets):
            pairs = zip(targets, given, strict=True)
            return [pair for one, other in pairs for pair in self._walked_through(one, other)]
        if pairing == "enumerate" and len(given) == 1 and len(targets) == 2:
            return [(targets[0], IMMUTABLE), *self._walked_through(targets[1], given[0])]
        return [(target, self.evaluate(iterable))]

    def _pairing(self, node: ast.expr) -> str:
        """`zip` or `enumerate`, if this is a call of the builtin."""
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            return ""
        name = node.func.id
        plain = all(item.arg == "strict" and isinstance(item.value, ast.Constant) for item in node.keywords)
        if name not in ("zip", "enumerate") or not plain:
            return ""
        return name if self.evaluate(node.func) == Value(refs=frozenset({f"builtins.{name}"})) else ""

    def _comprehension(self, node: Comprehension) -> Value:
        """Targets are of its own scope; the first iterable is evaluated outside; the rest may run zero times."""
        first = self.rounds(node.generators[0].target, node.generators[0].iter)
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

    def _comprehension_body(self, node: Comprehension, first: Rounds) -> Value:
        for position, generator in enumerate(node.generators):
            for target, item in first if position == 0 else self.rounds(generator.target, generator.iter):
                self.assign(target, item)
            for test in generator.ifs:
                self.test(test)
        if isinstance(node, ast.DictComp):
            self.evaluate(node.key)
            return self.evaluate(node.value)
        return self.evaluate(node.elt)
