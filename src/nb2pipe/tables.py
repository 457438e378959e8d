"""A data file of this package in, its tables out. Standard library only.

The files are TOML. Each command reads them all, and `tomllib` takes 15 ms for that. Their lines are simple enough to be
turned into JSON, which is read in no time. A file that isn't as simple is left to `tomllib`.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

_COMMENT = re.compile(r'((?:[^"#]|"(?:[^"\\]|\\.)*")*)#.*')


def read_tables(path: Path) -> dict[str, Any]:
    """What `tomllib.loads` makes of the file's text."""
    text = path.read_text(encoding="utf-8")
    found = _as_json(text)
    if found is not None:
        return found
    import tomllib

    return tomllib.loads(text)


def _as_json(text: str) -> dict[str, Any] | None:
    """The tables, if each key and each heading begins a line of its own; None for other text."""
    found: dict[str, Any] = {}
    heading = ""
    entries: list[str] = []
    try:
        for line in text.splitlines():
            bare = _COMMENT.sub(r"\1", line).rstrip() if "#" in line else line
            if bare.startswith("["):
                _place(found, heading, entries)
                heading, entries = bare[1:-1], []
            elif bare.startswith('"'):
                entries.append(bare.replace('" =', '":', 1))
            elif bare[:1].isalnum():
                key, _, value = bare.partition(" = ")
                _name(key)
                entries.append(f'"{key}":{value}')
            elif bare == "]":
                entries[-1] = f"{entries[-1].removesuffix(',')}]"
            elif bare:
                entries[-1] += bare
        _place(found, heading, entries)
    except (ValueError, TypeError, AttributeError, IndexError):
        return None
    return found


def _place(tables: dict[str, Any], heading: str, entries: list[str]) -> None:
    """Put what stands below a heading into its table. Raises ValueError for what is no JSON."""
    for part in heading.split(".") if heading else ():
        tables = tables.setdefault(_name(part), {})
    tables.update(json.loads("{" + ",".join(entries) + "}"))


def _name(text: str) -> str:
    """A name that needs no quotes. Raises ValueError for any other text."""
    if not text.replace("_", "a").isalnum():
        raise ValueError(text)
    return text
