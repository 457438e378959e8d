"""`f(...)` and `lambda` as they are written in; their arguments evaluated, what they do and what comes back out."""

from __future__ import annotations

import ast
import re

from nb2pipe.analysis import formulas
from nb2pipe.analysis.attributes import MAIN, NAMESPACES, SHELL, Attributes
from nb2pipe.analysis.frames import Arguments, Frame
from nb2pipe.analysis.heap import IMMUTABLE, MISSING, Value
from nb2pipe.analysis.ipython import Problem, parse_body
from nb2pipe.analysis.state import joined
from nb2pipe.analysis.tables import functions
from nb2pipe.analysis.told import changing_nothing

_WORD = re.compile(r"[^\W\d]\w*")
_LONGEST_CODE = 20_000
_CODE_MARKS = re.compile(r"[@~{}()\[\]=+*/<>]")


class Invocations(Attributes):
    """Evaluates calls."""

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
        positional: list[Value] = []
        keywords: dict[str, Value] = {}
        rest: list[Value] = []
        for item in node.args:
            value = self.evaluate(item)
            if isinstance(item, ast.Starred):
                rest.append(value)
            else:
                positional.append(value)
        for keyword in node.keywords:
            value = self.evaluate(keyword.value)
            if keyword.arg is None:
                rest.append(self.element(value).join(Value(refs=value.refs)))
            else:
                keywords[keyword.arg] = value
        found = Arguments(positional, keywords, joined(rest) if rest else None, node)
        for value in found.every():
            if value.objects:
                self.use(value)
            if self.is_namespace(value):
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
        return self._modelled(name, arguments, self.apply(callee, arguments))

    def _call_attribute(self, node: ast.Call, func: ast.Attribute) -> Value:
        if self.is_shell(func):
            return self.shell_call(node, func.attr)
        if isinstance(func.value, ast.Call) and isinstance(func.value.func, ast.Name) and func.value.func.id == "super":
            return self._super(node, func.attr)
        base = self.evaluate(func.value)
        if func.attr in ("format", "join") and isinstance(base.literal, str):
            self.arguments(node)
            return IMMUTABLE
        if SHELL in base.refs and func.attr in ("run_cell", "ex", "ev", "push", "safe_execfile", "del_var", "reset"):
            return self._shell_code(node, func.attr)
        arguments = self.arguments(node)
        if MAIN in base.refs and not func.attr.startswith("__"):
            return self.apply(self.global_value(func.attr), arguments)
        self._strings(func.attr, frozenset(f"{ref}.{func.attr}" for ref in base.refs), arguments)
        if self.is_namespace(base):
            return self._namespace_method(func.attr, arguments)
        found = self._modelled(func.attr, arguments, self.method_call(base, func.attr, arguments))
        if isinstance(base.literal, str) and func.attr in ("joinpath", "with_suffix", "resolve", "absolute"):
            return self._path_method(base.literal, func.attr, arguments)
        return found

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
            return self.bound(method, me, arguments)
        self.state.change(me.objects)
        self.hold_arguments(me.objects, arguments.every())
        return me

    def _special_call(self, callee: Value, node: ast.Call) -> Value | None:
        ref = next(iter(callee.refs)) if len(callee.refs) == 1 else ""
        if ref in ("builtins.eval", "builtins.exec"):
            return self._code_call(ref, node)
        if ref == "builtins.getattr" and len(node.args) in (2, 3) and not node.keywords:
            return self._getattr(self.evaluate_all(node.args))
        if (ref in NAMESPACES or ref == "builtins.dir") and not node.args and self._at_module():
            if ref == "builtins.dir":
                self.read_everything()
                return IMMUTABLE
            return Value(refs=frozenset({f"{ref}()"}))
        return None

    def _at_module(self) -> bool:
        return self.frame.kind == "module" or all(kind != "class" for kind in (self.frame.kind,))

    def _code_call(self, ref: str, node: ast.Call) -> Value:
        values = self.evaluate_all(list(node.args))
        text = values[0].literal if values else MISSING
        if len(values) > 1 and values[1].objects and not self.is_namespace(values[1]):
            return self._code_apart(values[1:])
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

    def _code_apart(self, namespaces: list[Value]) -> Value:
        """`exec(code, {...})`: what it binds and changes is in there."""
        objects = joined(namespaces).objects
        self.state.change(objects, deep=True)
        made = self.heap.value("unknown", owns=self.heap.owned(objects))
        self.state.hold(objects, made.objects)
        return made

    def _shell_code(self, node: ast.Call, name: str) -> Value:
        """`get_ipython().run_cell("...")` and the like."""
        if name in ("run_cell", "ex"):
            return self._code_call("builtins.exec", node)
        if name == "ev":
            return self._code_call("builtins.eval", node)
        self.evaluate_all(node.args)
        self.unknowable(f"get_ipython().{name}() changes the notebook's namespace")
        return self.unknown()

    def _modelled(self, name: str, arguments: Arguments, made: Value) -> Value:
        """What a call has made; a model keeps its formula, which is computed anew where the model is loaded."""
        if name in formulas.MAKERS:
            known = [value.literal for value in arguments.every() if isinstance(value.literal, str)]
            texts = [text for text in known if "~" in text] or list(self.state.tildes)
            for text in texts if made.objects else ():
                for function in formulas.note(self.state, text, made, self.known):
                    self.state.read_maybe(function)
        return made

    def _strings(self, name: str, refs: frozenset[str], arguments: Arguments) -> None:
        """Words in a string argument that may be code are read, perhaps."""
        texts = [value.literal for value in arguments.every() if isinstance(value.literal, str)]
        if not texts:
            return
        code = name in functions().code
        known = any(functions().results.get(ref) in ("value", "fresh", "container") for ref in refs)
        for text in texts:
            if len(text) <= _LONGEST_CODE and (code or (not known and _CODE_MARKS.search(text))):
                for word in sorted(set(_WORD.findall(text)) & self.state.names.keys()):
                    self.state.read_maybe(word)
