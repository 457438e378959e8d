"""The notebook's text and the names that it binds in; out, the builtins that its steps may look up the quick way.

A step's `__builtins__` asks for names that it lacks, which costs time at each look-up. So these builtins stand in the
step's own namespace, hidden: a loop over `len(x)` is as quick as in a plain kernel.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

# Those that people call or compare with in loops. A fixed list: the same on every Python.
_QUICK = frozenset(
    {
        "abs", "all", "any", "ascii", "bin", "bool", "bytearray", "bytes", "callable", "chr", "complex", "dict",
        "divmod", "enumerate", "filter", "float", "format", "frozenset", "getattr", "hasattr", "hash", "hex", "id",
        "int", "isinstance", "issubclass", "iter", "len", "list", "map", "max", "memoryview", "min", "next",
        "object", "oct", "ord", "pow", "print", "range", "repr", "reversed", "round", "set", "slice", "sorted",
        "str", "sum", "tuple", "type", "zip", "ArithmeticError", "AttributeError", "Exception", "IndexError",
        "KeyError", "RuntimeError", "StopIteration", "TypeError", "ValueError", "ZeroDivisionError",
    }
)  # fmt: skip
# A notebook with one of these may look at its namespace whole.
_LOOKED_AT = re.compile(
    r"\b(?:globals|locals|who|whos|who_ls|user_ns|modules)\b|\b(?:dir|vars)\s*\(\s*\)|import\s+__main__"
)
_REPLACED = frozenset({"builtins", "__builtin__", "__builtins__"})
_WORD = re.compile(r"\w+")


def quick_builtins(sources: Iterable[str], bound: Collection[str]) -> tuple[str, ...] | None:
    """The builtins that `sources` name and never bind, sorted; None if builtins may be replaced by the notebook."""
    text = "\n".join(sources)
    words = set(_WORD.findall(text))
    if words & _REPLACED:
        return None
    if _LOOKED_AT.search(text):
        return ()
    return tuple(sorted((_QUICK & words).difference(bound)))
