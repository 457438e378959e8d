"""Statements in, walked in the order in which they run; branches, loops and `try` by what may happen."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from nb2pipe.analysis import acting, directives, setups, told
from nb2pipe.analysis.binding import is_dotted
from nb2pipe.analysis.defining import Defining
from nb2pipe.analysis.heap import IMMUTABLE, Value
from nb2pipe.analysis.protocols import SHOWN
from nb2pipe.analysis.state import Changes, joined
from nb2pipe.analysis.tables import magics
from nb2pipe.model import At

_MAX_PASSES = 8
_COMPOUND = (ast.If, ast.For, ast.While, ast.Try, ast.With, ast.Match)
_BLOCKS = ("body", "orelse", "handlers", "finalbody", "cases")  # the fields of statements that hold statements
_LEAVES = (ast.Return, ast.Raise, ast.Break, ast.Continue)


class Walker(Defining):
    """Walks the statements of a notebook, cell by cell."""

    def __init__(self) -> None:
        super().__init__()
        self._loops = 0
        self._leaving: dict[ast.stmt, bool] = {}  # compound statements -> whether they may leave their block
        self.last = IMMUTABLE  # the value of the last statement that is an expression
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
            if not self.active:
                self.state.at = At(cell, statement.lineno)
            self._run_one(statement)
            if isinstance(statement, _COMPOUND) and self._may_leave(statement):
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

    def _may_leave(self, statement: ast.stmt) -> bool:
        found = self._leaving.get(statement)
        if found is None:
            found = self._leaving[statement] = _leaves(statement)
        return found

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

    # --- flow -------------------------------------------------------------------------------------------------------

    def _expression(self, node: ast.Expr) -> None:
        value = node.value
        if isinstance(value, ast.Name) and value.id in magics().automagic and value.id not in self.state.names:
            return  # `ls` alone on a line
        self.last = self.evaluate(value)
        if self.frame.kind == "module":
            if not self.calls_are_pure:
                acting.note(self.state, value)
            for name in SHOWN if self.dunders else ():
                self.special(self.last, name)

    def _return(self, node: ast.Return) -> None:
        if node.value is not None:
            self.frame.returns.append(self.evaluate(node.value))

    def _raise(self, node: ast.Raise) -> None:
        for item in (node.exc, node.cause):
            if item is not None:
                self.evaluate(item)

    def _assert(self, node: ast.Assert) -> None:
        self.test(node.test)
        if node.msg is not None:
            with self.maybe():
                self.evaluate(node.msg)

    def _if(self, node: ast.If) -> None:
        self.test(node.test)
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
        young = frozenset(range(start, len(heap.things)))
        for place, (mapping, _, _) in changes.items():
            value = mapping.get(place[1])
            if isinstance(value, Value) and value.objects:
                direct, within = value.objects, heap.all_within(value.objects)
                reach[place] = direct - young, within - young
        holds = sum(len(held - young) for holder, held, _ in heap.holds[mark:] if holder < start)
        return reach, holds

    def _for(self, node: ast.For | ast.AsyncFor) -> None:
        rounds = self.rounds(node.target, node.iter)

        def body() -> None:
            for target, item in rounds:
                self.assign(target, item)
            self.run(node.body)

        self._loop(body)
        self._else(node.body, node.orelse)

    def _while(self, node: ast.While) -> None:
        self.test(node.test)

        def body() -> None:
            self.run(node.body)
            self.test(node.test)

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
        restored: tuple[str, ...] = ()
        entering: list[Value] = []
        for item in node.items:
            value = self.evaluate(item.context_expr)
            if isinstance(item.context_expr, ast.Call) and is_dotted(item.context_expr.func):
                restored += setups.restored_by(self.evaluate(item.context_expr.func).refs)
            made = self.special(value, "__enter__", "__aenter__")
            entering.append(value)
            suppresses = suppresses or _suppresses(item.context_expr)
            if isinstance(item.context_expr, ast.Name):
                self.state.change(value.objects, deep=True)
            if item.optional_vars is not None:
                entered = value if value.objects else self.element(value)
                self.assign(item.optional_vars, entered if made is None else joined([made, self.element(made)]))
        before = set(self.state.options)
        if suppresses:
            self._branches([lambda: self.run(node.body)], through=True)
        else:
            self.run(node.body)
        for value in reversed(entering):
            self.special(value, "__exit__", "__aexit__")
        if restored:
            setups.undo(self.state, before, restored)

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
    """True if a compound statement may leave the block that it stands in. What breaks a loop of its own doesn't."""
    waiting: list[tuple[ast.AST, bool]] = [(statement, False)]
    while waiting:
        node, inside = waiting.pop()
        if isinstance(node, _LEAVES):
            if not (inside and isinstance(node, ast.Break | ast.Continue)):
                return True
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            loop = inside or isinstance(node, ast.For | ast.AsyncFor | ast.While)
            for block in _BLOCKS:
                waiting.extend((child, loop) for child in getattr(node, block, ()))
    return False


def _suppresses(node: ast.expr) -> bool:
    name = node.func if isinstance(node, ast.Call) else node
    text = name.attr if isinstance(name, ast.Attribute) else getattr(name, "id", "")
    return text in ("suppress", "raises", "assertRaises")


def _irrefutable(pattern: ast.pattern) -> bool:
    return isinstance(pattern, ast.MatchAs) and pattern.pattern is None
