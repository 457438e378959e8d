"""Hostile notebooks for as long as you like: `python tests/soak/hostile_notebooks.py --minutes 10 --seed 1`.

Prints what is wrong, with the notebook's number; `--seed 1 --only 123` does that one again and keeps its file. Exits
with 1 if something was wrong. A notebook whose analysis had to be ended is counted, and told of: it is right that it
was ended, and would be better if that had not been necessary.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "bounds"))

from checking import BEYOND, codes_of  # found on the path above
from hostile import SHAPES, cell, hostile, notebook, shape

from nb2pipe.config import Limits

LIMITS = Limits(max_cpu_s=5, max_wall_s=60)


def content_of(seed: int, number: int) -> bytes:
    """A random notebook; every 50th is two shapes of any size in one notebook."""
    draw = random.Random(f"{seed} {number}")
    if number % 50:
        return hostile(draw)
    import json

    names = draw.sample(sorted(SHAPES), 2)
    cells = [
        cell(shape(name, draw.choice([100, 300, 1000, 10_000, 10**6])), [f"step:s{i}"]) for i, name in enumerate(names)
    ]
    return json.dumps(notebook(*cells)).encode("utf-8", "surrogatepass")


def check_one(seed: int, number: int, folder: Path) -> str | None:
    """None if all is well, `beyond`, or what is wrong."""
    path = folder / "note.ipynb"
    path.write_bytes(content_of(seed, number))
    try:
        codes = codes_of(path, LIMITS)
    except Exception:  # noqa: BLE001  # whatever it is, it is what is looked for
        return traceback.format_exc()
    made = sorted(item.name for item in folder.iterdir() if item != path)
    if made:
        return f"something was executed: {made}"
    return "beyond" if BEYOND in codes else None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int)
    options = parser.parse_args()
    if options.only is not None:
        Path("hostile.ipynb").write_bytes(content_of(options.seed, options.only))
    end = time.monotonic() + options.minutes * 60
    number = wrong = beyond = 0
    slowest = (0.0, 0)
    with tempfile.TemporaryDirectory() as name:
        os.chdir(name)
        while time.monotonic() < end:
            now = options.only if options.only is not None else number
            start = time.monotonic()
            found = check_one(options.seed, now, Path(name))
            slowest = max(slowest, (time.monotonic() - start, now))
            if found == "beyond":
                beyond += 1
                print(f"seed {options.seed} number {now}: beyond the limits", flush=True)
            elif found:
                wrong += 1
                print(f"seed {options.seed} number {now}: {found}", flush=True)
            number += 1
            if options.only is not None:
                break
    print(f"{number} notebooks, {wrong} wrong, {beyond} ended; the slowest was {slowest[1]} with {slowest[0]:.1f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
