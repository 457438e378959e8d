"""Code and variables in; out, the texts that may name files or environment variables."""

from __future__ import annotations

import ast
import itertools
import os
import re
from collections.abc import Iterator, Mapping

_WORDS = re.compile(r"[^\s'\"()\[\]{},;<>|&=`]{2,300}")
SIGNS = "*?["  # of patterns
_LONGEST = 300  # characters of a text that is a file's name
_VARIABLES = re.compile(r"\$\{?([A-Za-z_][A-Za-z_0-9]*)|(?m:^\s*%env\s+([A-Za-z_][A-Za-z_0-9]*))")
_MOST_ITEMS = 5_000  # of one container


def words_of(source: str) -> Iterator[str]:
    """The words of a cell that may name files: in strings, and in commands of the shell."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        texts = [source]
    else:
        texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and type(node.value) is str]
    for text in texts:
        if 1 < len(text) < _LONGEST and "\n" not in text:
            yield text
        for match in _WORDS.finditer(text):
            if match[0] != text:
                yield match[0]


def variables_of(source: str) -> Iterator[str]:
    """Environment variables that a cell names as the shell does: `$HOME`, `${HOME}`; and as `%env` does."""
    for match in _VARIABLES.finditer(source):
        yield match[1] or match[2]


def fixed(pattern: str) -> str:
    """The folder that all matches are in: what comes before the first part with a sign of its own."""
    parts = itertools.takewhile(lambda part: not any(sign in part for sign in SIGNS), pattern.split("/"))
    return "/".join(parts) or ("/" if pattern.startswith("/") else ".")


def is_path(text: str) -> bool:
    """True for a text that looks like a file's name: most words are none."""
    return "/" in text or ("." in text[1:-1] and " " not in text)


def strings_of(main: Mapping[str, object]) -> Iterator[str]:
    """The texts and paths among the variables; of those in containers, what looks like a file's name."""
    for value in list(main.values()):
        yield from _text_of(value)
        if type(value) in (list, tuple, set, frozenset, dict):
            items = value.values() if isinstance(value, dict) else value
            inner = (text for item in itertools.islice(items, _MOST_ITEMS) for text in _text_of(item))  # type: ignore[call-overload]
            yield from filter(is_path, inner)


def _text_of(value: object) -> Iterator[str]:
    if isinstance(value, os.PathLike):
        text = os.fspath(value)
        yield text if isinstance(text, str) else os.fsdecode(text)
    elif type(value) is str and 1 < len(value) < _LONGEST and "\n" not in value:
        yield value
