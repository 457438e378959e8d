"""Statements in, walked in the order in which they run; branches, loops and `try` by what may happen."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from nb2pipe.analysis import directives, told
from nb2pipe.analysis.expressions import Expressions
from nb2pipe.analysis.frames import Arguments, Frame, Known
from nb2pipe.analysis.heap import IMMUTABLE, Value
from nb2pipe.analysis.scopes import Scope, annotation_nodes
from nb2pipe.analysis.state import Changes
from nb2pipe.analysis.tables import functions, magics
from nb2pipe.model import At, Severity

_MAX_PASSES = 8
_LEAVES = (ast.Return, ast.Raise, ast.Break, ast.Continue)
# Packages whose calls make decorators that only wrap what they are given.
_WRAPPING = frozenset({"functools", "dataclasses", "contextlib", "typing", "abc", "attr", "attrs", "numba"})


class Walker(Expressions):
    """Walks the statements of a notebook, cell by cell."""

    def __init__(self) -> None:
        super().__init__()
        self.future_annotations = False
        self._loops = 0
        self._runners: Mapping[type, Callable[[Any], None]] = {
            ast.Expr: self._expression,
            ast.Assign: self._assign,
            ast.AugAssign: self._augmented,
            ast.AnnAssign: self._annotated,
            ast.Delete: self._delete,
            ast.Import: self._import,
            ast.ImportFrom: self._import_from,
            ast.FunctionDef: self._function,
            ast.AsyncFunctionDef: self._function,
            ast.ClassDef: self._class,
            ast.If: self._if,
            ast.For: self._for,
            ast.AsyncFor: self._for,
            ast.While: self._while,
            ast.With: self._with,
            ast.AsyncWith: self._with,
            ast.Try: self._try,
            getattr(ast, "TryStar", ast.Try): self._try,
            ast.Match: self._match,
            ast.Return: self._return,
            ast.Raise: self._raise,
            ast.Assert: self._assert,
            getattr(ast, "TypeAlias", ast.Pass): self._type_alias,
        }

    def run_tree(self, tree: ast.Module) -> None:
        """Walk source with its comments `# nb2pipe: ...`."""
        found = directives.read(tree)
        told.complain(self, found.complaints)
        self.told.update(found.told)
        self.run(tree.body)
        with told.applied(self, found.rest):
            pass  # below the last statement

    def run(self, statements: Sequence[ast.stmt]) -> None:
        """Walk statements in order. After one that may leave the block, the rest only may run."""
        cell = self.state.at.cell
        for position, statement in enumerate(statements):
            if not self._active:
                self.state.at = At(cell, statement.lineno)
            self._run_one(statement)
            if isinstance(statement, ast.If | ast.For | ast.While | ast.Try | ast.With | ast.Match) and _leaves(
                statement
            ):
                self._after_leaving(statements[position + 1 :])
                return

    def _run_one(self, statement: ast.stmt) -> None:
        runner = self._runners.get(type(statement))
        if runner is None:
            return
        said = self.told.get(statement)
        if said is None or isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):  # told of a function's calls
            runner(statement)
        else:
            with told.applied(self, said):
                runner(statement)

    def _after_leaving(self, rest: Sequence[ast.stmt]) -> None:
        if self.frame.kind == "function" or self._loops:
            self._branches([lambda: self.run(rest)], through=True)
        else:  # only `raise` gets here: then the step ends, and nothing that follows matters
            self.state.sure = False
            self.run(rest)

    @contextmanager
    def maybe(self) -> Iterator[None]:
        """What runs inside only may run."""
        sure, self.state.sure = self.state.sure, False
        self.state.begin()
        try:
            yield
        finally:
            self.state.merge([self.state.end()], through=True)
            self.state.sure = sure

    def _branches(self, branches: Sequence[Callable[[], None]], *, through: bool) -> Changes:
        """One of the branches runs, or with `through` perhaps none. Returns what the last one changed."""
        sure, self.state.sure = self.state.sure, False
        found: list[Changes] = []
        for branch in branches:
            self.state.begin()
            branch()
            found.append(self.state.end())
        self.state.merge(found, through=through)
        self.state.sure = sure
        return found[-1] if found else {}

    # --- binding --------------------------------------------------------------------------------------------------

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
            self.state.touch("options", f"{ref}.{target.attr}", write=True)
            self.state.setups.add(self.state.at)
        self.state.change(base.objects)
        self.state.hold(base.objects, value.objects)

    def _store_item(self, target: ast.Subscript, value: Value) -> None:
        base = self.evaluate(target.value)
        index = self.evaluate(target.slice)
        for ref in sorted(base.refs):
            if ref in ("builtins.globals()", "builtins.locals()", "builtins.vars()"):
                if isinstance(index.literal, str):
                    self.bind(index.literal, value)
                else:
                    self.unknowable(f"{ref.rpartition('.')[2]}[...] = ... binds a name that is not a constant")
            else:
                environment = ref == "os.environ"
                self.state.touch("env" if environment else "options", "" if environment else ref, write=True)
                if not environment:
                    self.state.setups.add(self.state.at)
        self.state.change(base.objects)
        self.state.hold(base.objects, value.objects)

    def _assign(self, node: ast.Assign) -> None:
        pairs = [(target, node.value) for target in node.targets if _parallel(target, node.value)]
        if pairs and len(pairs) == len(node.targets) == 1 and isinstance(node.value, ast.Tuple | ast.List):
            values = self.evaluate_all(node.value.elts)
            for target, value in zip(_elements(node.targets[0]), values, strict=True):
                self.assign(target, value)
            return
        value = self.evaluate(node.value)
        for target in node.targets:
            self.assign(target, value)

    def _augmented(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name):
            old = self._name(ast.copy_location(ast.Name(node.target.id, ast.Load()), node.target))
            value = self.evaluate(node.value)
            self.state.change(old.objects)
            self.state.hold(old.objects, self.element(value).objects)
            new = self.combined([old, value])
            self.bind(node.target.id, Value(old.objects | (frozenset() if old.objects else new.objects)))
            return
        value = self.evaluate(node.value)
        if isinstance(node.target, ast.Attribute):
            read: ast.expr = ast.Attribute(node.target.value, node.target.attr, ast.Load())
        else:
            read = ast.Subscript(node.target.value, node.target.slice, ast.Load())
        self.state.change(self.evaluate(ast.copy_location(read, node.target)).objects)
        self.assign(node.target, value)

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
                self.evaluate(target.slice)
            self.state.change(base.objects)

    # --- imports and definitions ----------------------------------------------------------------------------------

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
            if decorator.objects and not self._only_wraps(decorator):
                made = self.apply(decorator, Arguments([value]))
                value = value.join(made)
        return value

    def _only_wraps(self, decorator: Value) -> bool:
        """True for what such as `functools.lru_cache(maxsize=9)` gives: it keeps and changes nothing of its own."""
        origins = [self.heap.things[number].origin for number in decorator.objects]
        return all(origin.partition(".")[0] in _WRAPPING for origin in origins)

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

    # --- flow -----------------------------------------------------------------------------------------------------

    def _expression(self, node: ast.Expr) -> None:
        value = node.value
        if isinstance(value, ast.Name) and value.id in magics().automagic and value.id not in self.state.names:
            return  # `ls` alone on a line
        self.evaluate(value)

    def _return(self, node: ast.Return) -> None:
        if node.value is not None:
            self.frame.returns.append(self.evaluate(node.value))

    def _raise(self, node: ast.Raise) -> None:
        for item in (node.exc, node.cause):
            if item is not None:
                self.evaluate(item)

    def _assert(self, node: ast.Assert) -> None:
        self.evaluate(node.test)
        if node.msg is not None:
            with self.maybe():
                self.evaluate(node.msg)

    def _if(self, node: ast.If) -> None:
        self.evaluate(node.test)
        if _always(node.test):
            self.run(node.body)
            return
        branches = [body for body in (node.body, node.orelse) if not _ends_in_raise(body)]
        for body in (node.body, node.orelse):
            if _ends_in_raise(body):
                self._branches([lambda body=body: self.run(body)], through=True)  # type: ignore[misc]  # bound now
        self._branches([lambda body=body: self.run(body) for body in branches], through=False)  # type: ignore[misc]

    def _loop(self, body: Callable[[], None]) -> None:
        """A body that runs any number of times: walked until a pass hands nothing new to the next.

        Of loops inside one another, only the outermost is walked again.
        """
        limit = 1 if self._loops else _MAX_PASSES
        start, mark = len(self.heap.things), len(self.heap.holds)
        before: object = None
        self._loops += 1
        try:
            for _ in range(limit):
                changes = self._branches([body], through=True)
                now = self._reach_of_old(changes, start, mark)
                if now == before:
                    break
                before = now
        finally:
            self._loops -= 1

    def _reach_of_old(self, changes: Changes, start: int, mark: int) -> object:
        """Which objects made before `start` each changed name reaches, and their holds on each other since `mark`."""
        heap = self.heap
        reach = {}
        for place, (mapping, _, _) in changes.items():
            value = mapping.get(place[1])
            if isinstance(value, Value) and value.objects:
                direct, within = value.objects, heap.within(value.objects, seen=True)
                reach[place] = [frozenset(n for n in part if n < start) for part in (direct, within)]
        holds = sum(1 for holder, held in heap.holds[mark:] if holder < start and held < start)
        return reach, holds

    def _for(self, node: ast.For | ast.AsyncFor) -> None:
        value = self.evaluate(node.iter)
        item = self.iterate(value)

        def body() -> None:
            self.assign(node.target, item)
            self.run(node.body)

        self._loop(body)
        self._else(node.body, node.orelse)

    def _while(self, node: ast.While) -> None:
        self.evaluate(node.test)

        def body() -> None:
            self.run(node.body)
            self.evaluate(node.test)

        if _always(node.test) and not self._loops:
            self._loops += 1
            try:
                self.run(node.body)
            finally:
                self._loops -= 1
        self._loop(body)
        self._else(node.body, node.orelse)

    def _else(self, body: Sequence[ast.stmt], orelse: Sequence[ast.stmt]) -> None:
        if not orelse:
            return
        if any(isinstance(item, ast.Break) for statement in body for item in ast.walk(statement)):
            self._branches([lambda: self.run(orelse)], through=True)
        else:
            self.run(orelse)

    def _with(self, node: ast.With | ast.AsyncWith) -> None:
        suppresses = False
        for item in node.items:
            value = self.evaluate(item.context_expr)
            suppresses = suppresses or _suppresses(item.context_expr)
            if isinstance(item.context_expr, ast.Name):
                self.state.change(value.objects, deep=True)
            if item.optional_vars is not None:
                entered = value if value.objects else self.element(value)
                self.assign(item.optional_vars, entered)
        if suppresses:
            self._branches([lambda: self.run(node.body)], through=True)
        else:
            self.run(node.body)

    def _try(self, node: ast.Try) -> None:
        state = self.state
        sure = state.sure
        state.sure = sure and not node.handlers
        state.begin()
        state.gather()
        self.run(node.body)
        body = state.end()
        anywhere = state.gathered(body)
        branches: list[Callable[[], None]] = []

        def succeeded() -> None:
            state.merge([body], through=False)
            self.run(node.orelse)

        branches.append(succeeded)
        branches += [lambda handler=handler: self._handle(handler, anywhere) for handler in node.handlers]  # type: ignore[misc]
        if not node.handlers:
            state.sure = sure
            succeeded()
        else:
            kept = [branch for branch, part in zip(branches, [[], *(h.body for h in node.handlers)], strict=True)
                    if not _ends_in_raise(part)]  # fmt: skip
            for branch in branches:
                if branch not in kept:
                    self._branches([branch], through=True)
            self._branches(kept, through=False)
        state.sure = sure
        self.run(node.finalbody)

    def _handle(self, handler: ast.ExceptHandler, body: Changes) -> None:
        self.state.merge([body], through=True)
        if handler.type is not None:
            self.evaluate(handler.type)
        if handler.name:
            self.bind(handler.name, self.unknown())
        self.run(handler.body)
        if handler.name:
            self.unbind(handler.name)

    def _match(self, node: ast.Match) -> None:
        value = self.evaluate(node.subject)

        def case(item: ast.match_case) -> Callable[[], None]:
            def body() -> None:
                self._pattern(item.pattern, value)
                if item.guard is not None:
                    self.evaluate(item.guard)
                self.run(item.body)

            return body

        exhaustive = any(item.guard is None and _irrefutable(item.pattern) for item in node.cases)
        self._branches([case(item) for item in node.cases], through=not exhaustive)

    def _pattern(self, pattern: ast.pattern, value: Value) -> None:
        inner = value.join(self.element(value))
        for item in ast.walk(pattern):
            if isinstance(item, ast.MatchValue):
                self.evaluate(item.value)
            elif isinstance(item, ast.MatchClass):
                self.evaluate(item.cls)
            elif isinstance(item, ast.MatchAs | ast.MatchStar) and item.name:
                self.bind(item.name, inner)
            elif isinstance(item, ast.MatchMapping):
                self.evaluate_all(item.keys)
                if item.rest:
                    self.bind(item.rest, inner)


def _elements(target: ast.expr) -> list[ast.expr]:
    return list(target.elts) if isinstance(target, ast.Tuple | ast.List) else []


def _parallel(target: ast.expr, value: ast.expr) -> bool:
    """True for `a, b = x, y` without stars: each target gets its own value."""
    if not isinstance(target, ast.Tuple | ast.List) or not isinstance(value, ast.Tuple | ast.List):
        return False
    starred = any(isinstance(item, ast.Starred) for item in (*target.elts, *value.elts))
    return not starred and len(target.elts) == len(value.elts)


def _always(test: ast.expr) -> bool:
    """True for a test that is always true: constants, and `__name__ == "__main__"`."""
    if isinstance(test, ast.Constant):
        return bool(test.value)
    return (
        ast.unparse(test) in ("__name__ == '__main__'", "'__main__' == __name__")
        if isinstance(test, ast.Compare)
        else False
    )


def _ends_in_raise(body: Sequence[ast.stmt]) -> bool:
    return bool(body) and isinstance(body[-1], ast.Raise)


def _leaves(statement: ast.stmt) -> bool:
    """True if a compound statement may leave the block that it stands in."""
    waiting: list[ast.AST] = [statement]
    while waiting:
        node = waiting.pop()
        if isinstance(node, _LEAVES):
            return True
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            waiting.extend(child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.expr))
    return False


def _suppresses(node: ast.expr) -> bool:
    name = node.func if isinstance(node, ast.Call) else node
    text = name.attr if isinstance(name, ast.Attribute) else getattr(name, "id", "")
    return text in ("suppress", "raises", "assertRaises")


def _irrefutable(pattern: ast.pattern) -> bool:
    return isinstance(pattern, ast.MatchAs) and pattern.pattern is None
