"""nb2pipe's tag grammar in, `src/notebook/grammar.ts` out, so that the grammar is written once.

`python labextension/grammar.py` writes the file. A test holds it equal to what is made here.
"""

from __future__ import annotations

import json
from pathlib import Path

from nb2pipe.notebook.names import MAX_NAME, NAME_RULE
from nb2pipe.notebook.sections import REPLAYED, START
from nb2pipe.notebook.tags import GRAMMAR, TagRule
from nb2pipe.notebook.values import OPTIONS, OptionRule

PATH = Path(__file__).parent / "src" / "notebook" / "grammar.ts"

_HEAD = """\
/** The tag grammar, as `nb2pipe.notebook.tags` has it. Made by `python labextension/grammar.py`: don't edit. */

export type Role =
  'step' | 'imports' | 'functions' | 'parameters' | 'metrics' | 'skip';

/** One row of the grammar. `head` is the tag, or what stands before its first colon; `also`: other ways to write it. */
export interface ITagForm {
  readonly head: string;
  readonly form: string;
  readonly kind: 'step' | 'order' | 'role' | 'option' | 'kale';
  readonly meaning: string;
  readonly examples: readonly string[];
  readonly role: Role | null;
  readonly option: string | null;
  readonly also: readonly string[];
  readonly origin: string;
  readonly instead: string | null;
}

/** How an option is written. `pattern` must match all of the text. */
export interface IOptionForm {
  readonly option: string;
  readonly pattern: string;
  readonly allowed: string;
  readonly example: string;
}
"""


def text() -> str:
    """The whole TypeScript file."""
    return "\n".join(
        [
            _HEAD,
            _list("GRAMMAR", "ITagForm", [_tag(rule) for rule in GRAMMAR]),
            _list("OPTIONS", "IOptionForm", [_option(rule) for rule in OPTIONS.values()]),
            "/** How many characters a step's name may have. */",
            f"export const MAX_NAME = {MAX_NAME};\n",
            "/** What a step's name may be, for people. */",
            f"export const NAME_RULE = '{NAME_RULE}';\n",
            "/** The name of the implicit step before the first tag. */",
            f"export const START = '{START}';\n",
            "/** Cells of these roles are replayed where they are needed; they are no step and have no options. */",
            "// prettier-ignore",
            f"export const REPLAYED: readonly Role[] = {json.dumps([role.value for role in REPLAYED])};",
            "",
        ]
    )


def _list(name: str, kind: str, rows: list[dict[str, object]]) -> str:
    lines = "".join(f"  {json.dumps(row, ensure_ascii=False)},\n" for row in rows).removesuffix(",\n")
    return f"// prettier-ignore\nexport const {name}: readonly {kind}[] = [\n{lines}\n];\n"


def _tag(rule: TagRule) -> dict[str, object]:
    return {
        "head": rule.head,
        "form": rule.form,
        "kind": rule.kind.value,
        "meaning": rule.meaning,
        "examples": rule.examples,
        "role": rule.role.value if rule.role else None,
        "option": rule.option,
        "also": rule.also,
        "origin": rule.origin,
        "instead": rule.instead,
    }


def _option(rule: OptionRule) -> dict[str, object]:
    return {"option": rule.option, "pattern": rule.pattern, "allowed": rule.allowed, "example": rule.example}


if __name__ == "__main__":
    PATH.write_text(text(), "utf-8")
