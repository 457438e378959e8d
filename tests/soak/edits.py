"""Search for edits after which an incremental run gives something else than a run from scratch, for as long as asked.

    python tests/soak/edits.py [--minutes 10] [--seed 1] [--edits 3]

Prints the seed of each history that went wrong and its smallest form; exits with 1 if there was one.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parents[1] / "equivalence"))

from edits import follow, history, shrunk  # found on the path above
from fast import Server, serving


def search(server: Server, first: int, minutes: float, edits: int) -> tuple[Counter[str], int]:
    """Follow histories until the time is over: how many went how, and how many steps were taken."""
    kinds: Counter[str] = Counter()
    taken, number = 0, first
    deadline = time.monotonic() + minutes * 60
    while time.monotonic() < deadline:
        states = history(server, Random(number), edits)
        if len(states) > 1:
            found = follow(server, states, number)
            kinds[found.kind] += 1
            taken += found.taken
            if found.kind == "wrong":
                print(f"--- seed {number}: {found.why}", flush=True)
                print(shrunk(server, states, number), flush=True)
        number += 1
    return kinds, taken


def main() -> int:
    """Read the arguments, search, print the shares."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 10**9)
    parser.add_argument("--edits", type=int, default=3)
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    with serving() as server:
        kinds, taken = search(server, options.seed, options.minutes, options.edits)
    shares = ", ".join(f"{kind} {count}" for kind, count in kinds.most_common())
    print(f"{kinds.total()} histories of {options.edits} edits, {taken} steps taken: {shares}")
    return 1 if kinds["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
