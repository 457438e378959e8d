"""Python code in; out, a digest of what it means: comments and formatting don't count. Standard library only.

The form that is hashed is made here, node by node: `ast.dump` and `ast.unparse` differ from one Python to the next.
"""

from __future__ import annotations

import ast
import hashlib
import io
import tokenize
from collections.abc import Iterable

_UNSAID = frozenset({"type_comment", "type_ignores", "ctx", "kind"})
_BLANK = frozenset({tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.ENDMARKER, tokenize.DEDENT})


def of_nodes(nodes: Iterable[ast.AST]) -> str:
    """The digest of these nodes, one after the other: 64 hex digits, the same on every Python."""
    return hashlib.sha256(_form(nodes).encode("utf-8", "surrogatepass")).hexdigest()


def of_cell(source: str) -> str:
    """The digest of a cell. Whether it shows its last value counts (`x;` does not). Code with magics counts as text."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        text = "\n".join(line.rstrip() for line in source.strip().splitlines())
        return hashlib.sha256(f"text\n{text}".encode("utf-8", "surrogatepass")).hexdigest()
    quiet = bool(tree.body) and isinstance(tree.body[-1], ast.Expr) and _ends_quietly(source)
    return of_nodes([tree, ast.Constant(quiet)])


def _form(nodes: Iterable[ast.AST]) -> str:
    """The nodes as text that no two different trees share. Nothing recurses: trees may be deep."""
    parts: list[str] = []
    left: list[object] = []
    left += [*nodes][::-1]
    while left:
        item = left.pop()
        if isinstance(item, ast.AST):
            parts.append(f"({type(item).__name__}")
            left.append(_End(")"))
            for name in reversed(item._fields):
                value = getattr(item, name, None)
                if name in _UNSAID or (value in (None, []) and not isinstance(item, ast.Constant)):
                    continue
                left += [value, _End(f" {name}=")]
        elif isinstance(item, _End):
            parts.append(item.text)
        elif isinstance(item, list):
            parts.append("[")
            left.append(_End("]"))
            left += item[::-1]
        else:
            shown = hex(item) if type(item) is int else repr(item)  # `repr` refuses huge numbers
            parts.append(f"{type(item).__name__}:{len(shown)}:{shown}")
    return "".join(parts)


class _End:
    """A piece of the form itself, among what is still to be written."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


def _ends_quietly(source: str) -> bool:
    """True if the last token is a semicolon: IPython doesn't show the value then."""
    last = ""
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type not in _BLANK:
                last = token.string
    except (tokenize.TokenError, SyntaxError, ValueError):
        return source.rstrip().endswith(";")
    return last == ";"
