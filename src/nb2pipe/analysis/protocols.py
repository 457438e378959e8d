"""Values and an operator or statement in; the special methods of the notebook's classes that it calls, walked, out."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping

from nb2pipe.analysis.frames import Arguments, Frames
from nb2pipe.analysis.heap import IMMUTABLE, Value
from nb2pipe.analysis.state import joined

_ARITHMETIC: Mapping[type[ast.operator], str] = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.MatMult: "matmul",
    ast.Div: "truediv",
    ast.FloorDiv: "floordiv",
    ast.Mod: "mod",
    ast.Pow: "pow",
    ast.LShift: "lshift",
    ast.RShift: "rshift",
    ast.BitOr: "or",
    ast.BitXor: "xor",
    ast.BitAnd: "and",
}
_UNARY: Mapping[type[ast.unaryop], str] = {ast.USub: "__neg__", ast.UAdd: "__pos__", ast.Invert: "__invert__"}
_COMPARISON: Mapping[type[ast.cmpop], tuple[str, str]] = {  # of the left operand, of the right one
    ast.Eq: ("__eq__", "__eq__"),
    ast.NotEq: ("__ne__", "__ne__"),
    ast.Lt: ("__lt__", "__gt__"),
    ast.LtE: ("__le__", "__ge__"),
    ast.Gt: ("__gt__", "__lt__"),
    ast.GtE: ("__ge__", "__le__"),
}
TEXT = frozenset({"__str__", "__repr__", "__format__"})
SHOWN = (
    "_ipython_display_",
    "_repr_mimebundle_",
    "_repr_html_",
    "_repr_png_",
    "_repr_svg_",
    "_repr_latex_",
    "__repr__",
)
_NONE: frozenset[str] = frozenset()
_CALLED: Mapping[str, frozenset[str]] = {  # what some functions call; any other may call all of a class' methods
    "builtins.len": frozenset({"__len__"}),
    "builtins.next": frozenset({"__next__"}),
    "builtins.iter": frozenset({"__iter__"}),
    "builtins.bool": frozenset({"__bool__", "__len__"}),
    "builtins.hash": frozenset({"__hash__"}),
    "builtins.getattr": frozenset({"__getattr__", "__getattribute__"}),
    "builtins.hasattr": frozenset({"__getattr__", "__getattribute__"}),
    "builtins.setattr": frozenset({"__setattr__"}),
    "builtins.delattr": frozenset({"__delattr__"}),
    **dict.fromkeys(("builtins.str", "builtins.repr", "builtins.print", "builtins.format", "builtins.ascii"), TEXT),
    **dict.fromkeys(
        ("builtins.isinstance", "builtins.issubclass", "builtins.id", "builtins.type", "builtins.callable",
         "builtins.vars", "builtins.super"), _NONE),
}  # fmt: skip
_NEVER = frozenset(  # not called by handing an object to a function
    {"__init__", "__new__", "__post_init__", "__init_subclass__", "__class_getitem__", "__set_name__", "__setattr__",
     "__delattr__", "__setitem__", "__delitem__", "__enter__", "__exit__", "__aenter__", "__aexit__", "__set__",
     "__delete__", "__del__", "__setstate__", *(f"__i{name}__" for name in _ARITHMETIC.values())}
)  # fmt: skip


def is_special(name: str) -> bool:
    """True for `__add__` and what notebooks call to show an object."""
    return (name.startswith("__") and name.endswith("__")) or name in SHOWN


class Protocols(Frames):
    """Calls special methods."""

    def __init__(self) -> None:
        super().__init__()
        self.dunders: set[str] = set()  # the special methods that classes of the notebook have
        self._implied: set[tuple[int, int]] = set()
        self._walked: dict[tuple[int, int], Value] = {}  # (object, special method) -> what it gave in this cell

    def open_cell(self, index: int) -> None:
        """As for frames; what was called implicitly may be called again."""
        super().open_cell(index)
        self._implied.clear()
        self._walked.clear()

    # --- classes --------------------------------------------------------------------------------------------------

    def find_member(self, class_number: int, name: str) -> Value | None:
        """What the class attribute `name` is, of the class or the nearest of its notebook bases that has it."""
        waiting, seen = [class_number], set()
        while waiting:
            current = waiting.pop(0)
            known = self.known.get(current)
            if known is None or current in seen:
                continue
            seen.add(current)
            if name in known.members:
                return known.members[name]
            for base in known.bases:
                waiting.extend(sorted(base.objects))
        return None

    def find_method(self, class_number: int, name: str, *, skip_self: bool = False) -> int | None:
        """The notebook function that `name` means on a notebook class, its notebook bases included."""
        waiting, seen = [class_number], set()
        while waiting:
            current = waiting.pop(0)
            known = self.known.get(current)
            if known is None or current in seen:
                continue
            seen.add(current)
            member = known.members.get(name)
            if member is not None and not (skip_self and current == class_number):
                for number in sorted(member.objects):
                    if number in self.known:
                        return number
            for base in known.bases:
                waiting.extend(sorted(base.objects))
        return None

    def classes_of(self, number: int) -> list[int]:
        """The notebook classes that an object is an instance of."""
        thing = self.heap.things[number]
        if thing.kind != "instance":
            return []
        return sorted(self.heap.some(thing.sees, ("class",)))

    # --- calls of special methods ---------------------------------------------------------------------------------

    def bound(self, method: int, me: Value, arguments: Arguments) -> Value:
        """Call a method of a notebook class on `me`."""
        node = self.known[method].node
        words = {item.id for item in getattr(node, "decorator_list", ()) if isinstance(item, ast.Name)}
        first = [] if "staticmethod" in words else [me]
        moved = Arguments([*first, *arguments.positional], arguments.keywords, arguments.rest, arguments.node)
        return self.inline(method, moved, self_value=me)

    def special(self, value: Value, *names: str, given: Iterable[Value] = ()) -> Value | None:
        """The first of the special methods `names` that an object's class has is called, perhaps. What they give."""
        if not self.dunders.intersection(names):
            return None
        found: list[Value] = []
        arguments = Arguments(list(given))
        for number in sorted(self.heap.some(value.objects, ("instance",))):
            for class_number in self.classes_of(number):
                known = (self.find_method(class_number, name) for name in names)
                method = next((item for item in known if item is not None), None)
                if method is not None and method not in self.active:
                    found.append(self._once(number, method, arguments))
        return joined(found) if found else None

    def is_data(self, number: int) -> bool:
        """True for arrays and frames: what holds them only reads them."""
        return number in self.heap.data

    def _once(self, number: int, method: int, arguments: Arguments) -> Value:
        """Call a special method: walked once in a cell, since an expression may call it over and over.

        Past that, what it is given may be changed, and is kept by the object.
        """
        key = (number, method)
        if key not in self._walked:
            with self.maybe():
                self._walked[key] = self.bound(method, Value(frozenset((number,))), arguments)
        else:
            given = arguments.objects - self.heap.data
            self.state.change(given)
            self.state.hold(frozenset((number,)), given - {number})
        return self._walked[key]

    def binary(self, operator: ast.operator, left: Value, right: Value) -> list[Value]:
        """What special methods give for `left + right`."""
        name = _ARITHMETIC[type(operator)]
        if isinstance(operator, ast.Mod) and isinstance(left.literal, str):
            self.implicit("builtins.str", right.objects, ())
        found = (
            self.special(left, f"__{name}__", given=[right]),
            self.special(right, f"__r{name}__", given=[left]),
        )
        return [item for item in found if item is not None]

    def in_place(self, operator: ast.operator, left: Value, right: Value) -> list[Value]:
        """What special methods give for `left += right`."""
        name = _ARITHMETIC[type(operator)]
        found = self.special(left, f"__i{name}__", f"__{name}__", given=[right])
        other = self.special(right, f"__r{name}__", given=[left])
        return [item for item in (found, other) if item is not None]

    def unary(self, operator: ast.unaryop, operand: Value) -> list[Value]:
        """What special methods give for `-operand`; `not` asks for the truth."""
        if isinstance(operator, ast.Not):
            self.truth(operand)
            return []
        found = self.special(operand, _UNARY[type(operator)])
        return [] if found is None else [found]

    def comparison(self, operator: ast.cmpop, left: Value, right: Value) -> None:
        """`left < right`, `left in right`."""
        if isinstance(operator, ast.In | ast.NotIn):
            self.special(right, "__contains__", "__iter__", "__getitem__", given=[left])
        elif type(operator) in _COMPARISON:
            ours, theirs = _COMPARISON[type(operator)]
            self.special(left, ours, "__eq__", given=[right])
            self.special(right, theirs, "__eq__", given=[left])

    def truth(self, value: Value) -> None:
        """`if value:`."""
        self.special(value, "__bool__", "__len__")

    def implicit(self, ref: str, handed: Iterable[int], given: Iterable[int]) -> Value:
        """A library function calls special methods of what it is handed, once in a cell. What they give."""
        if not self.dunders:
            return IMMUTABLE
        names = _CALLED.get(ref)
        wanted = self.dunders - _NEVER if names is None else self.dunders & names
        if not wanted:
            return IMMUTABLE
        found: list[Value] = []
        for number in sorted(self.heap.some(self.heap.within(handed), ("instance",))):
            for class_number in self.classes_of(number):
                for name in sorted(wanted):
                    method = self.find_method(class_number, name)
                    if method is None or method in self.active or (number, method) in self._implied:
                        continue
                    self._implied.add((number, method))
                    with self.maybe():
                        others = Value(frozenset(given))
                        found.append(self.bound(method, Value(frozenset((number,))), Arguments(rest=others)))
        return joined(found)
