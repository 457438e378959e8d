"""What the panel knows of tags is what Python knows: the table it is made from, and cases that both must agree on.

`python tests/labext/test_grammar.py` writes `cases.json`; the TypeScript tests read the same file.
"""

from __future__ import annotations

import json
import random
import runpy
from pathlib import Path
from typing import Any

from nb2pipe.config import Limits
from nb2pipe.model import Location
from nb2pipe.notebook import parse, split
from nb2pipe.notebook.names import is_name, suggest_name
from nb2pipe.notebook.tags import GRAMMAR, read_tags

CASES = Path(__file__).with_name("cases.json")
LABEXTENSION = Path(__file__).parents[2] / "labextension"

NAMES = (
    "load", "_", "-", "a-b_c", "Données", "Donne\u0301es", "数据", "डेटा", "\u0301a", "a\u0301", "é", "", " ", "a b", "a.b",
    "a/b", "a:b", "<img src=x onerror=alert(1)>", "x" * 63, "x" * 64, "𝘈" * 63, "²", "½", "٣", "a\n", "\u200b", "ß", "🚀", "a🚀b",
    "--", "__proto__", "constructor",
)  # fmt: skip

WRITTEN: tuple[tuple[str, ...], ...] = (
    ("step:a",), ("step:b",), ("step: a",), (" step:a ",), ("step:",), ("block:",), ("block:a", "prev:b"), ("step:a b",),
    ("step:<b>",), ("step:Donne\u0301es",), ("step:Données",), ("step:start",), ("step:imports",), ("step:imports-2",),
    ("imports",), ("functions",), ("block:imports",), ("parameters",), ("pipeline-parameters",), ("metrics",),
    ("pipeline-metrics",), ("skip",), ("skip-execution",), ("skip", "step:a"), ("step:a", "metrics"), ("metrics", "step:b"),
    ("imports", "functions"), ("step:a", "step:b"), ("step:a", "imports"), ("hide-input",), ("stpe:a",), ("step",),
    ("imports:x",), ("after:a",), ("after:a:b",), ("prev:a:<x>",), ("after:",), ("step:b", "cpu:2", "memory:8Gi"),
    ("cpu:x",), ("cpu:0",), ("gpu:nvidia.com/gpu:2",), ("limit:nvidia.com/gpu:1",), ("limit:memory:8Gi",), ("limit:disk:1",),
    ("timeout:1h30m",), ("timeout:",), ("cache:off",), ("cache:enabled",), ("secret:db:key:ENV",), ("secret:db/key=ENV",),
    ("tolerate:a=b:NoSchedule",), ("volume:a=/mnt",), ("image:ghcr.io/a/b:1@sha256:00",), ("env:A=b:c=d",),
    ("report:enabled",), ("notebook:x",), ("raises-exception", "step:a", "x:y"), ("constructor",), ("__proto__:a",),
)  # fmt: skip
"""The tags of one cell each, as people and other tools write them."""


def _read(tags: tuple[str, ...]) -> dict[str, Any]:
    found = read_tags(tags, Location())
    return {
        "tags": tags,
        "steps": found.steps,
        "roles": [role.value for role in found.roles],
        "after": found.after,
        "settings": [setting.text for setting in found.settings],
        "nameless": found.nameless,
        "ours": found.ours,
    }


def _split(cells: list[tuple[str, ...]]) -> dict[str, Any]:
    raw: list[Any] = [
        {"cell_type": "code", "metadata": {"tags": tags}, "source": "x = 1", "outputs": [], "execution_count": None}
        for tags in cells
    ]
    sections, _ = split(parse({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": raw}, None, Limits()))
    return {
        "cells": cells,
        "sections": [
            {
                "name": item.name,
                "role": item.role.value,
                "implicit": item.implicit,
                "cells": item.cells,
                "metrics": item.metrics_cells,
            }
            for item in sections
        ],
    }


def cases() -> str:
    """All cases with Python's answers, as JSON text: each row of the tables, and notebooks drawn from them."""
    chance = random.Random(7)  # the same notebooks each time
    plain: list[tuple[str, ...]] = [(), (), ("step:a",), ("step:b",), ("imports",), ("metrics",), ("skip",)]
    notebooks = [[chance.choice(plain) for _ in range(chance.randint(0, 9))] for _ in range(40)]
    notebooks += [[chance.choice((*WRITTEN, (), ())) for _ in range(chance.randint(1, 14))] for _ in range(60)]
    rows = {
        "names": [{"text": name, "valid": is_name(name), "suggested": suggest_name(name)} for name in NAMES],
        "tags": [_read(tags) for tags in (*((tag,) for rule in GRAMMAR for tag in rule.examples), *WRITTEN)],
        "notebooks": [_split(cells) for cells in notebooks],
    }
    lines = [
        f"  {json.dumps(name)}: [\n" + ",\n".join(f"    {json.dumps(row)}" for row in given) + "\n  ]"
        for name, given in rows.items()
    ]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def test_the_panels_grammar_is_this_one() -> None:
    made = runpy.run_path(str(LABEXTENSION / "grammar.py"))
    assert made["PATH"].read_text("utf-8") == made["text"](), "run `python labextension/grammar.py`"


def test_the_cases_have_pythons_answers() -> None:
    assert CASES.read_text("utf-8") == cases(), "run `python tests/labext/test_grammar.py`"


if __name__ == "__main__":
    CASES.write_text(cases(), "utf-8")
