"""Faults by the thousand: the cases of `tests/faults`, for as long or as often as asked.

    python tests/soak/faults.py kills --count 1000 --seed 1
    python tests/soak/faults.py operations --minutes 60
    python tests/soak/faults.py all --minutes 10 --lines

Prints one line of JSON for each kind: how many cases, how many broke a promise, how long they took, and the seeds of
those that broke one, with what was seen. `--lines` prints one for each case, too. Exits with 1 if a promise was broken.
Run several with different seeds side by side; `--kernels` takes real kernels where a kind can.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "faults"))

import cases  # found on the path above
from harness import FrontEnds, Wrong, front_ends, place, undisturbed

Case = Callable[[], Any]
LEVELS = 64


def kills(ends: FrontEnds, seed: int, *, kernels: bool) -> Iterator[Case]:
    """A process is killed, at any time."""
    expected = undisturbed(ends, kernels=kernels)
    for number in itertools.count(seed):
        yield lambda number=number: cases.kill(ends, expected, random.Random(number), kernels=kernels)  # type: ignore[misc]


def operations(ends: FrontEnds, seed: int, **_: Any) -> Iterator[Case]:
    """Each file operation, each way in which it can go wrong; from number `seed` on."""
    expected = undisturbed(ends)
    there = cases.calls(ends, cases.RUNTIME)
    for number in range(seed, 2 * there):
        how = cases.HOWS[(number + number // there) % len(cases.HOWS)]
        yield lambda at=1 + number % there, how=how: cases.operation(ends, expected, how, at, cases.RUNTIME)  # type: ignore[misc]


def taking(ends: FrontEnds, seed: int, **_: Any) -> Iterator[Case]:
    """The same in a run that takes what earlier ones left, and puts a file back."""
    expected = undisturbed(ends)
    for number in itertools.count(seed):
        chance = random.Random(number)
        how, at = chance.choice(cases.HOWS), chance.randrange(1, 120)
        yield lambda at=at, how=how: cases.operation(ends, expected, how, at, cases.RUNTIME, before=1)  # type: ignore[misc]


def power(ends: FrontEnds, seed: int, **_: Any) -> Iterator[Case]:
    """The power is cut: what was not synced may be lost."""
    expected = undisturbed(ends)
    for number in itertools.count(seed):
        chance = random.Random(number)
        at, before = chance.random(), chance.randrange(2)
        yield lambda at=at, chance=chance, before=before: cases.power(ends, expected, at, chance, before)  # type: ignore[misc]


def disks(ends: FrontEnds, seed: int, **_: Any) -> Iterator[Case]:
    """So much room, of what a run needs."""
    expected = undisturbed(ends)
    needed = cases.room_needed(ends)
    for level in range(seed % LEVELS, LEVELS):
        yield lambda level=level: cases.full_disk(ends, expected, needed * level // LEVELS)  # type: ignore[misc]


def deaths(ends: FrontEnds, seed: int, *, kernels: bool) -> Iterator[Case]:
    """A kernel dies."""
    for number in itertools.count(seed):
        name = list(cases.DEATHS)[number % len(cases.DEATHS)]
        yield lambda name=name: cases.death(ends, name, kernels=kernels)  # type: ignore[misc]


def cancels(ends: FrontEnds, seed: int, *, kernels: bool) -> Iterator[Case]:
    """A run is cancelled."""
    pairs = [(name, by) for name in cases.STUBBORN for by in cases.BYS]
    for number in itertools.count(seed):
        name, by = pairs[number % len(pairs)]
        yield lambda name=name, by=by: cases.cancel(ends, name, by, kernels=kernels)  # type: ignore[misc]


def parallel(ends: FrontEnds, seed: int, **_: Any) -> Iterator[Case]:
    """Runs at once."""
    expected = undisturbed(ends)
    for number in itertools.count(seed):
        yield lambda number=number: cases.parallel(ends, expected, 2 + number % 7)  # type: ignore[misc]


def damage(ends: FrontEnds, seed: int, **_: Any) -> Iterator[Case]:
    """Files of `.nb2pipe/` are not what they were."""
    expected = undisturbed(ends)
    kinds = [(kind, how) for how in cases.DAMAGES for kind in cases.KINDS]
    with place(ends) as here:
        before = cases.damaged_place(here)
        for number in itertools.count(seed):
            kind, how = kinds[number % len(kinds)]
            chance = random.Random(number)
            yield lambda k=kind, h=how, c=chance: cases.damage(here, before, expected, k, h, c)  # type: ignore[misc]


def back_to_back(ends: FrontEnds, **_: Any) -> Iterator[Case]:
    """One run after the other."""
    runs = cases.back_to_back(ends, 10**9)
    while True:
        yield lambda: next(runs)


def clocks(ends: FrontEnds, seed: int, **_: Any) -> Iterator[Case]:
    """Each run has another idea of what time it is."""
    expected = undisturbed(ends)
    for number in itertools.count(seed):
        chance = random.Random(number)
        jumps = tuple(chance.randrange(-cases.TEN_YEARS_S, cases.TEN_YEARS_S) for _ in range(chance.randrange(1, 4)))
        yield lambda jumps=jumps, chance=chance: cases.clock(ends, expected, jumps, chance)  # type: ignore[misc]


KINDS: dict[str, tuple[Callable[..., Iterator[Case]], int]] = {
    "kills": (kills, 1000),
    "operations": (operations, 10**6),
    "taking": (taking, 300),
    "power": (power, 1000),
    "disks": (disks, LEVELS),
    "deaths": (deaths, 300),
    "cancels": (cancels, 200),
    "parallel": (parallel, 100),
    "damage": (damage, 5000),
    "back_to_back": (back_to_back, 1000),
    "clocks": (clocks, 100),
}
"""Each with how many cases a release has; the operations end by themselves."""


def soak(ends: FrontEnds, kind: str, options: argparse.Namespace) -> dict[str, Any]:
    """The figures of one kind."""
    make, usual = KINDS[kind]
    deadline = time.monotonic() + options.minutes * 60 if options.minutes else None
    count = options.count or (10**9 if deadline else usual)
    started, took_s, wrong = time.monotonic(), [0.0], []
    for number, case in enumerate(itertools.islice(make(ends, seed=options.seed, kernels=options.kernels), count)):
        begun = time.monotonic()
        if deadline is not None and begun > deadline:
            break
        found: Any
        try:
            found = case()
        except Wrong as problem:
            found = {"wrong": str(problem)}
            wrong.append({"number": options.seed + number, **found})
        took_s.append(time.monotonic() - begun)
        if options.lines:
            print(json.dumps({"kind": kind, "number": options.seed + number, "found": found}), flush=True)
        if wrong and kind == "back_to_back":
            break
    return {
        "kind": kind,
        "seed": options.seed,
        "kernels": options.kernels,
        "cases": len(took_s) - 1,
        "broken": len(wrong),
        "minutes": round((time.monotonic() - started) / 60, 2),
        "longest_s": round(max(took_s), 2),
        "wrong": wrong,
    }


def main() -> int:
    """Read the arguments, meet the faults, print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=(*KINDS, "all"))
    parser.add_argument("--count", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kernels", action="store_true")
    parser.add_argument("--lines", action="store_true")
    options = parser.parse_args()
    broken = 0
    with front_ends() as ends:
        for kind in KINDS if options.kind == "all" else (options.kind,):
            figures = soak(ends, kind, options)
            broken += figures["broken"]
            print(json.dumps(figures), flush=True)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
