"""The OpenAPI document in; `docs/openapi.json` and `src/wire.ts`, the panel's types, out.

Run it after each change of `nb2pipe_jupyter.answers` or `nb2pipe_jupyter.routes`: python labextension/wire.py
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nb2pipe import wire
from nb2pipe_jupyter.openapi import document

_HERE = Path(__file__).resolve().parent
DOCUMENT, TYPES = _HERE.parent / "docs" / "openapi.json", _HERE / "src" / "wire.ts"
_PLACE = "#/components/schemas/"
_WIDTH = 80
_PLAIN = {"string": "string", "boolean": "boolean", "integer": "number", "number": "number", "null": "null"}
_HEAD = """\
/** What the server extension is asked and answers. Made by labextension/wire.py: do not edit. */

/** Any JSON data. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json | undefined };
"""


def types() -> str:
    """The TypeScript module."""
    schemas = document()["components"]["schemas"]  # type: ignore[index,call-overload]  # it is made of dicts
    return "\n".join([_HEAD, *(_declared(name, schema) for name, schema in schemas.items())])


def _declared(name: str, schema: Mapping[str, Any]) -> str:
    comment = _comment(schema["description"])
    if "enum" in schema:
        return f"{comment}{_alternatives(f'export type {name} =', [repr(item) for item in schema['enum']])};\n"
    fields = []
    for key, item in schema["properties"].items():
        mark = "" if key in schema["required"] else "?"
        fields.append(f"  readonly {key}{mark}: {_type(item)};\n")
    return f"{comment}export type {name} = {{\n{''.join(fields)}}};\n"


def _comment(text: str) -> str:
    lines = text.replace("*/", "* /").splitlines()
    if len(lines) == 1:
        return f"/** {lines[0]} */\n"
    return "/**\n" + "".join(f" * {line}".rstrip() + "\n" for line in lines) + " */\n"


def _alternatives(head: str, items: list[str]) -> str:
    """As prettier breaks the line."""
    line = " | ".join(items)
    if len(f"{head} {line};") <= _WIDTH:
        return f"{head} {line}"
    if len(f"  {line};") <= _WIDTH:
        return f"{head}\n  {line}"
    return head + "".join(f"\n  | {item}" for item in items)


def _type(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).removeprefix(_PLACE)
    if "anyOf" in schema:
        return " | ".join(_type(item) for item in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(repr(item) for item in schema["enum"])
    if "prefixItems" in schema:
        return f"readonly [{', '.join(_type(item) for item in schema['prefixItems'])}]"
    match schema.get("type"):
        case "array":
            item = _type(schema["items"])
            return f"readonly ({item})[]" if " " in item else f"readonly {item}[]"
        case "object":
            return f"{{ readonly [key: string]: {_type(schema['additionalProperties'])} }}"
        case None:
            return "Json"
        case kind:
            return _PLAIN[str(kind)]


def main() -> None:
    """Write both files."""
    DOCUMENT.write_text(wire.dumps(document()), encoding="utf-8")
    TYPES.write_text(types(), encoding="utf-8")


if __name__ == "__main__":
    main()
