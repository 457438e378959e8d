"""What fetching forgotten names costs a step that has none: loops over builtins, as ratios to a plain namespace.

Run by hand: `python -m benchmarks demand_load`. Each loop runs in both namespaces in turn, in this process; the median
of the ratios is printed.
"""

from __future__ import annotations

import builtins
import statistics
import sys
import time
from typing import Any

from nb2pipe.runtime.demand import install

LOOPS = {
    "len(x)": "for _ in range(N): len(x)",
    "abs, min, max": "for i in range(N // 3): abs(i); min(i, 3); max(i, 3)",
    "isinstance, int": "for i in range(N // 2): isinstance(i, int)",
    "a global": "for i in range(N): x",
    "a generator of sums": "sum(abs(v) for v in range(N))",
}
N, ROUNDS = 1_000_000, 9


def namespace(quick: tuple[str, ...] | None) -> dict[str, Any]:
    """A namespace like a plain kernel's (None), or a step's with these builtins put there beforehand."""
    found: dict[str, Any] = {"__name__": "__main__", "__builtins__": builtins, "N": N, "x": [1]}
    if quick is not None:
        install(found, quick, (), lambda _name: False)
    return found


def seconds(source: str, names: dict[str, Any]) -> float:
    """How long a function with this body takes, as a cell would define it."""
    exec(compile(f"def run():\n    {source}\n", "cell", "exec"), names)
    started = time.perf_counter()
    names["run"]()
    return time.perf_counter() - started


def main() -> None:
    """Print a table of ratios."""
    quick = ("abs", "int", "isinstance", "len", "max", "min", "range", "sum")
    print(f"Python {sys.version.split()[0]}; step against plain kernel, median of {ROUNDS}")
    print(f"{'loop':<22}{'as a step':>12}{'without quick names':>22}")
    for title, source in LOOPS.items():
        plain, step, slow = namespace(None), namespace(quick), namespace(())
        rounds = [(seconds(source, plain), seconds(source, step), seconds(source, slow)) for _ in range(ROUNDS)]
        ratios = [statistics.median(each[place] / each[0] for each in rounds) for place in (1, 2)]
        print(f"{title:<22}{ratios[0]:>11.2f}x{ratios[1]:>21.2f}x")


if __name__ == "__main__":
    main()
