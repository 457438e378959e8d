"""Search for notebooks that a pipeline silently gets wrong, for as long as asked.

    python tests/soak/random_programs.py [--minutes 10] [--seed 1] [--show stopped]

Prints the seed of each program that went wrong and its smallest form; exits with 1 if there was one. `--show` does the
same for programs that were `refused` or `stopped`. Run several with different seeds side by side.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parents[1] / "equivalence"))

from fast import Server, compare, serving, shrink  # found on the path above
from programs import program


def search(server: Server, first: int, minutes: float, shown: set[str]) -> Counter[str]:
    """Run programs until the time is over; how many went how."""
    kinds: Counter[str] = Counter()
    deadline = time.monotonic() + minutes * 60
    number = first
    while time.monotonic() < deadline:
        cells = program(Random(number))
        found = compare(server, cells, Random(number))
        kinds[found.kind] += 1
        if found.kind in shown:
            smallest = shrink(server, cells, [number], kind=found.kind)
            print(f"--- seed {number}: {found.kind}: {found.why}")
            for step, source in smallest:
                print(f"# {step}\n{source}")
            print(compare(server, smallest, Random(number)), flush=True)
        number += 1
    return kinds


def main() -> int:
    """Read the arguments, search, print the shares."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 10**9)
    parser.add_argument("--show", action="append", choices=("refused", "stopped"), default=[])
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    with serving() as server:
        kinds = search(server, options.seed, options.minutes, {"wrong", *options.show})
    ran = kinds.total() - kinds["invalid"]
    print(f"{ran} programs: " + ", ".join(f"{kind} {count} ({count / ran:.1%})" for kind, count in kinds.most_common()))
    return 1 if kinds["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
