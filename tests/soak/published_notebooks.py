"""How often the pipelines of real notebooks give what the notebooks give: folders of notebooks in, a table out.

    python tests/soak/published_notebooks.py FOLDER ... [--results found.jsonl] [--load statsmodels.api]

Each notebook is run straight, twice: cells whose outputs differ then are not compared, and a notebook that a cell's
error ends is cut before that cell, or left out. Then it is tagged in four ways (a step per code cell, per three code
cells, per heading, at random) and run as a pipeline, in forks of one process that has loaded the libraries
(`tests/equivalence/fast.py`). What each cell printed and displayed is compared in a normal form.

Results are JSON lines, a line per notebook and way. What stands in the file is not measured again, so a measurement
that was stopped goes on. The notebooks' code is run: take only notebooks that you trust.

Verdicts: equal; refused (before anything runs); stopped (by a net, at run time); raised (a cell failed that does not
fail in the notebook); wrong (another output, in silence); crashed (nb2pipe itself). A run that was stopped has taught
something, so it is run again, as its users are told to: `again` is what that gave, after at most five runs.
"""

from __future__ import annotations

import argparse
import copy
import json
import re
import shutil
import sys
import tempfile
import time
import traceback
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "equivalence"))

import nbformat  # found on the path above: fast
from fast import Run, Server

from nb2pipe.analyzing import Given, analyze_here
from nb2pipe.config import Limits
from nb2pipe.learned import Lesson

MOST_RUNS = 5  # of one that is stopped
FEWEST = 3  # code cells: less is no notebook to cut into steps
LARGEST = 30_000_000  # bytes of a notebook's folder, which is copied for each run

Notebook = dict[str, Any]
Outputs = dict[int, list[str]]  # by code cell, from 0: what it printed, then what it displayed, in the normal form

_CHANGING = (
    (re.compile(r"\x1b\[[0-9;?]*[A-Za-z]"), ""),
    (re.compile(r"^.*\r(?!\n)", re.MULTILINE), ""),  # of a line that is written over, the last
    (re.compile(r"\b0x[0-9a-fA-F]{6,}\b"), "0x"),
    (re.compile(r"\b[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}\b"), "uuid"),
    (re.compile(r"\bT_[0-9a-f]{5}"), "T_"),  # a styled frame's id
    (re.compile(r"sk-(container|estimator)-id-\d+"), "sk-id"),
    (re.compile(r"\b\d\d?:\d\d:\d\d(\.\d+)?\b"), "time"),
    (re.compile(r"\btime = [\d.]+ sec\b"), ""),
    (re.compile(r"^.*(CPU times|Wall time|per loop|best of).*$", re.MULTILINE), "timing"),
    (re.compile(r"/tmp/[^\s'\"<>]*|/dev/shm/[^\s'\"<>]*"), "path"),  # noqa: S108
    (re.compile(r"[ \t]+$", re.MULTILINE), ""),
)


@dataclass(frozen=True)
class Result:
    """A notebook, tagged in one way. `why` is for people; `kind` is a verdict, or: left out, one step."""

    notebook: str
    way: str
    kind: str
    why: str = ""
    again: str = ""
    runs: int = 0
    steps: int = 0
    cells: int = 0
    cut: bool = False
    varying: int = 0  # cells that two straight runs differ in
    seconds: float = 0.0
    codes: dict[str, int] = field(default_factory=dict)  # diagnostics that were given


# --- ways to tag -----------------------------------------------------------------------------------------------------


def by_cell(content: Notebook, _random: Random) -> Iterator[int]:
    """A step per code cell."""
    yield from _code(content)


def by_three(content: Notebook, _random: Random) -> Iterator[int]:
    """A step per three code cells."""
    yield from _code(content)[::3]


def by_heading(content: Notebook, _random: Random) -> Iterator[int]:
    """A step per heading that has code below it."""
    new = False
    for index, cell in enumerate(content["cells"]):
        if cell["cell_type"] == "markdown" and re.search(r"^(#{1,4} |.+\n(===|---))", cell["source"], re.MULTILINE):
            new = True
        elif new and cell["cell_type"] == "code" and cell["source"].strip():
            yield index
            new = False


def at_random(content: Notebook, random: Random) -> Iterator[int]:
    """A new step at about every third code cell."""
    for index in _code(content):
        if random.random() < 0.3:
            yield index


WAYS: dict[str, Callable[[Notebook, Random], Iterator[int]]] = {
    "cell": by_cell,
    "three": by_three,
    "heading": by_heading,
    "random": at_random,
}


def tagged(content: Notebook, way: str, random: Random) -> tuple[Notebook, int]:
    """A copy with `step:` tags, and how many it has."""
    found = copy.deepcopy(content)
    first = list(WAYS[way](content, random))
    for number, index in enumerate(first, 1):
        metadata = found["cells"][index]["metadata"]
        metadata["tags"] = [*metadata.get("tags", []), f"step:s{number}"]
    return found, len(first)


def _code(content: Notebook) -> list[int]:
    return [
        index for index, cell in enumerate(content["cells"]) if cell["cell_type"] == "code" and cell["source"].strip()
    ]


# --- outputs ---------------------------------------------------------------------------------------------------------


def outputs(printed: dict[str, str], shown: dict[str, list[dict[str, str]]], folder: Path) -> Outputs:
    """Each cell's outputs in their normal form."""
    found: Outputs = {}
    for index, text in printed.items():
        bundles = [
            "\n".join(f"{mime}: {_normal(text, folder)}" for mime, text in bundle.items())
            for bundle in shown.get(index, ())
        ]
        found[int(index)] = [_normal(text, folder), *bundles]
    return found


def _normal(text: str, folder: Path) -> str:
    text = text.replace(str(folder), "folder")
    for pattern, constant in _CHANGING:
        text = pattern.sub(constant, text)
    return text.strip()


def difference(expected: Outputs, got: Outputs, varying: Iterable[int]) -> str:
    """The first cell that differs, in words; empty if there is none."""
    left_out = set(varying)
    for index, was in sorted(expected.items()):
        now = got.get(index, [""])
        if index in left_out or was == now:
            continue
        if len(was) != len(now):
            return f"cell {index + 1}: {len(now) - 1} displays, not {len(was) - 1}: {now[1:]!r:.150} / {was[1:]!r:.150}"
        one, other = next((a, b) for a, b in zip(was, now, strict=True) if a != b)
        at = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
        return f"cell {index + 1}: {other[max(0, at - 40) : at + 80]!r}, not {one[max(0, at - 40) : at + 80]!r}"
    return ""


# --- measuring -------------------------------------------------------------------------------------------------------


class Straight:
    """A notebook as it is: its outputs, and which of them vary. `content` is None if it is left out."""

    def __init__(self, server: Server, path: Path) -> None:
        self.path, self.server, self.why, self.cut = path, server, "", False
        self.expected: Outputs = {}
        self.varying: set[int] = set()
        self.content = self._runnable()
        if self.content is not None:
            again = self._run(self.content)[0]
            same = {index for index, was in self.expected.items() if again.get(index) == was}
            self.varying = set(self.expected) - same

    def _runnable(self) -> Notebook | None:
        try:
            content: Notebook = json.loads(nbformat.writes(nbformat.read(self.path, as_version=4)))
        except Exception as error:  # noqa: BLE001  # told, whatever it is
            return self._left_out(f"can't be read: {error}")
        for cell in content["cells"]:
            cell["source"] = "".join(cell["source"])
        if "python" not in content["metadata"].get("kernelspec", {}).get("language", "python"):
            return self._left_out("no Python")
        self.expected, error = self._run(content)
        if error is not None:
            if error[0] is None:
                return self._left_out(f"ended: {error[3]:.200}")
            position = [at for at, cell in enumerate(content["cells"]) if cell["cell_type"] == "code"][error[0]]
            content["cells"] = content["cells"][:position]
            self.expected.pop(error[0], None)
            self.cut = True
        if len(_code(content)) < FEWEST:
            return self._left_out(f"{len(_code(content))} cells run here: {error}"[:200])
        return content

    def _left_out(self, why: str) -> None:
        self.why = why

    def _run(self, content: Notebook) -> tuple[Outputs, list[Any] | None]:
        with copied(self.path.parent, "straight") as folder:
            code = [cell["source"] for cell in content["cells"] if cell["cell_type"] == "code"]
            cells = [(number, "cell", source) for number, source in enumerate(code) if source.strip()]
            answer = self.server.run(cells, folder / "straight", None)
            return outputs(answer["printed"], answer["shown"], folder / "straight"), answer["error"]

    def as_pipeline(self, way: str, seed: int) -> Result:
        """Tag it, run it, compare."""
        began = time.monotonic()
        assert self.content is not None
        name = str(self.path)
        content, steps = tagged(self.content, way, Random(zlib.crc32(f"{self.path.name}{seed}".encode())))
        told = {"cells": len(_code(content)), "cut": self.cut, "varying": len(self.varying)}
        if steps < 2:
            return Result(name, way, "one step", **told)
        codes: dict[str, int] = {}
        lessons: dict[str, Lesson] = {}
        kinds, reasons = [], []
        for _ in range(MOST_RUNS):
            try:
                kind, why = self._pipeline(content, codes, lessons)
            except Exception:  # noqa: BLE001  # that is what is looked for
                kind, why = "crashed", traceback.format_exc()[-1500:]
            kinds.append(kind)
            reasons.append(why)
            if kind not in ("stopped", "raised"):
                break
        seconds = round(time.monotonic() - began, 1)
        runs = {"again": kinds[-1], "runs": len(kinds), "steps": steps}
        return Result(name, way, kinds[0], "; then ".join(reasons), **runs, **told, seconds=seconds, codes=codes)

    def _pipeline(self, content: Notebook, codes: dict[str, int], lessons: dict[str, Lesson]) -> tuple[str, str]:
        with copied(self.path.parent, "pipeline") as folder:
            limits = Limits()
            analyzed = analyze_here(content, limits, Given(folder / "pipeline", lessons))
            if not lessons:
                codes.update(Counter(item.code for item in analyzed.diagnostics))
            if analyzed.errors or analyzed.pipeline is None:
                return "refused", "; ".join(f"{item.code} {item.message}" for item in analyzed.errors)
            run = Run(self.server, analyzed, analyzed.pipeline, folder, raising=True)
            problem = run.go(None)
            if problem is not None:
                for key, lesson in run.lessons().items():
                    lessons[key] = lessons.get(key, Lesson()) | lesson
                return problem
            left = [step.name for step in run.pipeline.steps if not run.schedule.states[step.id].done]
            if left:
                return "crashed", f"steps never ran: {', '.join(left)}"
            run_cells = {index for step in run.pipeline.steps for index in step.cells}  # others are replayed, unseen
            expected = {index: was for index, was in self.expected.items() if index in run_cells}
            found = difference(expected, outputs(run.printed, run.shown, folder / "pipeline"), self.varying)
            return ("wrong", found) if found else ("equal", "")


class copied:  # noqa: N801  # used as a function
    """A context: a new folder, in it a folder `name` with what lies beside a notebook."""

    def __init__(self, source: Path, name: str) -> None:
        self.source, self.name = source, name

    def __enter__(self) -> Path:
        self.holder = tempfile.TemporaryDirectory(prefix="nb2pipe-soak-")
        folder = Path(self.holder.name)
        if sum(item.stat().st_size for item in self.source.rglob("*") if item.is_file()) < LARGEST:
            shutil.copytree(self.source, folder / self.name, symlinks=True)
        else:
            (folder / self.name).mkdir()
        return folder

    def __exit__(self, *_: object) -> None:
        self.holder.cleanup()


def measure(server: Server, paths: Sequence[Path], ways: Sequence[str], seed: int, results: Path) -> None:
    """Add a line for each notebook and way that has none yet."""
    have = {(found.notebook, found.way) for found in read(results)}
    with results.open("a", encoding="utf-8") as file:
        for number, path in enumerate(paths, 1):
            missing = [way for way in ways if not {(str(path), way), (str(path), "")} & have]
            if not missing:
                continue
            straight = Straight(server, path)
            for way in missing if straight.content is not None else [""]:
                found = straight.as_pipeline(way, seed) if way else Result(str(path), "", "left out", straight.why)
                file.write(json.dumps(asdict(found)) + "\n")
                file.flush()
                shown = f"[{number}/{len(paths)}] {path.name} {way}: {found.kind} {found.seconds}s {found.why[:300]}"
                print(shown, file=sys.stderr, flush=True)


def read(results: Path) -> list[Result]:
    """What was measured before."""
    if not results.exists():
        return []
    return [Result(**json.loads(line)) for line in results.read_text(encoding="utf-8").splitlines()]


# --- telling ---------------------------------------------------------------------------------------------------------

VERDICTS = ("equal", "refused", "stopped", "raised", "wrong", "crashed")


def report(found: Sequence[Result], *, whole: bool = False) -> Iterator[str]:
    """The tables, as lines of text."""
    notebooks = {result.notebook for result in found}
    left_out = [result for result in found if result.kind == "left out"]
    cut = {result.notebook for result in found if result.cut}
    yield f"{len(notebooks)} notebooks; {len(left_out)} left out; {len(cut)} cut at the first cell that fails here"
    yield ""
    yield "| way | notebooks | " + " | ".join(VERDICTS) + " | equal at once | equal in the end |"
    yield "| --- |" + " ---: |" * (len(VERDICTS) + 3)
    ran = [result for result in found if result.kind in VERDICTS]
    for way in (*WAYS, "all"):
        kinds = Counter(result.kind for result in ran if way in (result.way, "all"))
        again = Counter(result.again for result in ran if way in (result.way, "all"))
        shares = [f"{found['equal'] / found.total():.1%}" if found else "" for found in (kinds, again)]
        yield f"| {' | '.join([way, str(kinds.total()), *(str(kinds[kind]) for kind in VERDICTS), *shares])} |"
    yield ""
    yield "Diagnostics: share of the notebooks that have it, how often in all"
    every = Counter(code for result in ran for code in result.codes)
    for code, count in every.most_common():
        yield f"  {code} {count / len(ran):.0%} {sum(result.codes.get(code, 0) for result in ran)}"
    yield ""
    for result in sorted(ran, key=lambda item: (item.kind, item.why[:40], item.notebook)):
        if result.kind != "equal":
            why = result.why if whole else result.why[:400]
            yield f"{result.kind}, {result.again} after {result.runs}: {Path(result.notebook).name} by {result.way}: {why}"


def main() -> int:
    """Read the arguments, measure, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path, help="notebooks, or folders of them")
    parser.add_argument("--results", type=Path, default=Path("published_notebooks.jsonl"))
    parser.add_argument("--way", action="append", choices=list(WAYS), default=[])
    parser.add_argument("--load", action="append", default=[], help="a module to load once, before the runs")
    parser.add_argument("--seed", type=int, default=1, help="of the random tags")
    parser.add_argument("--limit", type=int, default=60, help="seconds that a straight run may take")
    parser.add_argument("--part", default="0/1", help="1/2: the second half of the notebooks")
    parser.add_argument("--whole", action="store_true", help="print reasons whole")
    options = parser.parse_args()
    paths = [path for folder in options.folders for path in notebooks_in(folder)]
    part, parts = map(int, options.part.split("/"))
    if paths:
        server = Server(options.load, rich=True, limit_s=options.limit)
        try:
            measure(server, paths[part::parts], options.way or list(WAYS), options.seed, options.results)
        finally:
            server.close()
    found = read(options.results)
    print("\n".join(report(found, whole=options.whole)))
    return 1 if any(result.kind in ("wrong", "crashed") for result in found) else 0


def notebooks_in(folder: Path) -> list[Path]:
    """The notebooks below a folder, in order; a notebook stands for itself."""
    if folder.is_file():
        return [folder.resolve()]
    return sorted(path.resolve() for path in folder.rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts)


if __name__ == "__main__":
    sys.exit(main())
