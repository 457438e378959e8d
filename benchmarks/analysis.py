"""What `check` costs: notebooks made here in, a table of CPU seconds out, each row beside what peers do with it.

python -m benchmarks analysis [--cells 1000] [--only helpers] [--profile helpers]
"""

from __future__ import annotations

import argparse
import ast
import cProfile
import json
import os
import pstats
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import nbformat

from nb2pipe.analyzing import analyze_here
from nb2pipe.config import Limits

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "tabular.ipynb"
_IMPORTS = "import numpy as np\nimport pandas as pd\nimport matplotlib.pyplot as plt\n"
_HELPER = (
    "def clean(frame, column):\n    part = frame.copy()\n    part[column] = part[column].fillna(0)\n    return part\n"
)


def _frames(i: int) -> str:
    """Each cell imports pandas again and goes on with the frame of the cell before."""
    if i == 0:
        return "import pandas as pd\ndf0 = pd.read_csv('data.csv')"
    return (
        f"import pandas as pd\ndf{i} = df{i - 1}.copy()\n"
        f"df{i}['c{i}'] = df{i}['a'] * {i}\nprint(df{i}.groupby('a').mean().head())"
    )


def _chains(i: int) -> str:
    """Long method chains on one frame that changes in place."""
    if i == 0:
        return _IMPORTS + "df = pd.read_csv('data.csv')"
    return (
        f"top{i} = df.dropna().assign(x=lambda d: d.a * {i}).query('x > 1').groupby('b').agg('mean').reset_index()\n"
        f"df['s{i}'] = df['a'].shift({i}).fillna(0)\ntop{i}.head()"
    )


def _helpers(i: int) -> str:
    """Each cell calls one helper."""
    return _IMPORTS + _HELPER if i == 0 else f"data{i} = clean(pd.DataFrame({{'a': [{i}]}}), 'a')\nprint(data{i}.sum())"


def _many_helpers(i: int) -> str:
    """Cells in turn define a function that calls the one before, and call it."""
    if i == 0:
        return _IMPORTS + "def f0(x):\n    return x + 1"
    if i % 2 and i < 20:
        return f"def f{i}(x):\n    return f{max(i - 2, 0)}(x) + {i}"
    return f"r{i} = f{min(i - 1, 18) // 2 * 2 + 1 if i > 1 else 0}({i})\nprint(r{i})"


def _classes(i: int) -> str:
    """Classes, instances and their methods."""
    if i % 5 == 0:
        return (
            f"class Model{i}:\n    def __init__(self, size):\n        self.size = size\n        self.items = []\n"
            "    def add(self, item):\n        self.items.append(item)\n        return self\n"
            "    def total(self):\n        return sum(self.items) + self.size"
        )
    of = i - i % 5
    return f"m{i} = Model{of}({i})\nm{i}.add({i}).add(2)\nt{i} = m{i}.total()\nprint(t{i})"


def _plots(i: int) -> str:
    """Figures, one in each cell."""
    if i == 0:
        return _IMPORTS + "df = pd.read_csv('data.csv')"
    return (
        f"fig, ax = plt.subplots(figsize=(8, 4))\nax.plot(df['a'], df['b'] * {i}, label='b')\n"
        f"ax.set_title('plot {i}')\nax.legend()\nplt.tight_layout()\nplt.show()"
    )


def _names(i: int) -> str:
    """Many names, each read much later."""
    binds = "\n".join(f"v{i}_{k} = [{k}, {i}]" for k in range(8))
    return binds + (f"\nw{i} = v{i // 2}_0 + v{i // 3}_1" if i > 1 else "")


def _shared(i: int) -> str:
    """All names hold one list, which changes all the time."""
    return "shared = []" if i == 0 else f"box{i} = {{'items': shared}}\nshared.append({i})\nn{i} = len(box{i}['items'])"


def _loops(i: int) -> str:
    """Loops and branches within cells."""
    if i == 0:
        return _IMPORTS + "out = {}"
    return (
        f"rows = []\nfor k in range({i}):\n    if k % 2:\n        rows.append({{'k': k}})\n    else:\n"
        f"        rows.append({{'k': -k}})\ntry:\n    out[{i}] = pd.DataFrame(rows)\nexcept ValueError as error:\n"
        "    print(error)"
    )


ENTANGLED = "one list held by all (a fifth of the cells)"  # its cost is quadratic, as is what is found

KINDS: Mapping[str, Callable[[int], str]] = {
    "pandas imported in every cell": _frames,
    "pandas chains on one frame": _chains,
    "one helper called": _helpers,
    "helpers that call helpers": _many_helpers,
    "classes and instances": _classes,
    "plots": _plots,
    "many names": _names,
    "loops and branches": _loops,
    ENTANGLED: _shared,
}


def notebook(source: Callable[[int], str], cells: int, steps: int) -> dict[str, Any]:
    """A notebook of so many cells; the first of each run of cells names a step."""
    every = max(cells // steps, 1) if steps else cells + 1
    found = []
    for i in range(cells):
        metadata = {"tags": [f"step:s{i}"] if steps and i % every == 0 else []}
        code = {"cell_type": "code", "id": f"c{i}", "execution_count": None, "outputs": []}
        found.append({**code, "metadata": metadata, "source": source(i)})
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": kernel}, "cells": found}


def cpu(action: Callable[[], Any]) -> float:
    """CPU seconds of one go in this process."""
    start = time.process_time()
    action()
    return time.process_time() - start


def command_cpu(*arguments: str) -> float:
    """CPU seconds of a new interpreter, with what it starts; the least of four. Modules are compiled by the first."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}

    def once() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, *arguments], capture_output=True, check=False, env=environment)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    return min(once() for _ in range(4))


def row(name: str, path: Path) -> None:
    """Print one row: the command, analysis alone, and the peers. Each ratio is of times taken one after the other."""
    text = path.read_text(encoding="utf-8")
    content = json.loads(text)
    sources = ["".join(cell["source"]) for cell in content["cells"] if cell["cell_type"] == "code"]
    command, start = command_cpu("-m", "nb2pipe", "check", str(path)), command_cpu("-c", "pass")
    analysis = min(cpu(lambda: analyze_here(path, Limits())) for _ in range(2))
    parse = min(
        cpu(lambda: [ast.parse(source) for source in sources if not source.startswith(("%", "!"))]) for _ in range(3)
    )
    validate = min(cpu(lambda: nbformat.validate(nbformat.reads(text, as_version=4))) for _ in range(2))
    ratios = f"{command / start:8.0f}x{analysis:10.2f}{parse:9.3f}{analysis / parse:8.0f}x"
    print(f"{name:<44}{command:9.2f}{ratios}{validate:10.2f}", flush=True)


def profile(path: Path) -> None:
    """Where the time goes, by function."""
    profiler = cProfile.Profile(time.process_time)
    profiler.runcall(analyze_here, path, Limits())
    pstats.Stats(profiler).sort_stats("tottime").print_stats(32)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, default=1000)
    parser.add_argument("--only", default="", help="rows whose name has this in it")
    parser.add_argument("--profile", action="store_true", help="print where the time goes, in place of the table")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "notebook.ipynb"
        if not given.profile:
            print(f"{given.cells} cells; CPU seconds")
            print(f"{'':<44}{'command':>9}{'to pass':>9}{'analysis':>10}{'parse':>9}{'to parse':>9}{'validate':>10}")
            start, bare = command_cpu("-c", "pass"), command_cpu("-m", "nb2pipe", "--version")
            print(f"{'an interpreter that does nothing':<44}{start:9.2f}")
            print(f"{'nb2pipe --version':<44}{bare:9.2f}")
            row("examples/tabular.ipynb", EXAMPLE)
        for kind, source in KINDS.items():
            for steps in (60, given.cells):
                name = f"{kind}, {steps} steps"
                if given.only not in name:
                    continue
                cells = given.cells // 5 if kind == ENTANGLED else given.cells
                path.write_text(json.dumps(notebook(source, cells, steps)), encoding="utf-8")
                if given.profile:
                    print(f"--- {name}")
                    profile(path)
                else:
                    row(name, path)


if __name__ == "__main__":
    main()
