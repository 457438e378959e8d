"""A notebook's path or content in; what analysis found out: the pipeline, and all that is wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, replace
from pathlib import Path
from typing import TypeVar

from nb2pipe import analysis, bounded, checks, notebook
from nb2pipe.bounded import Cause, Ended, Tell
from nb2pipe.config import Limits
from nb2pipe.errors import BadInput
from nb2pipe.learned import Lessons
from nb2pipe.model import At, Diagnostic, Location, Names, Notebook, Pipeline, Section, Severity
from nb2pipe.notebook import OnScreen, Source
from nb2pipe.records import dataclass

__all__ = ["Analyzed", "Given", "OnScreen", "Source", "analyze", "analyze_here", "within_bounds"]

T = TypeVar("T")

_READING = -1  # told besides the cells that are looked at, and `analysis.TOGETHER`

_GENERATORS = ("python", "numpy")  # the global ones

_HEAVY = ("IPython.core.inputtransformer2",)  # only notebooks with magics need it


@dataclass(frozen=True)
class Analyzed:
    """What analysis found. `pipeline` is None where an error leaves none to speak of.

    `beside`: the Python files beside the notebook that it looked for, there or not. `types`: step and name to the type
    of what the step binds, where the code shows it. `opened`: files that steps read and no step above writes: step,
    path, place.
    """

    notebook: Notebook
    sections: tuple[Section, ...]
    pipeline: Pipeline | None
    diagnostics: tuple[Diagnostic, ...]
    crossings: tuple[checks.Crossing, ...] = ()
    beside: tuple[str, ...] = ()
    types: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    opened: tuple[tuple[str, str, At], ...] = ()

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """The diagnostics that stop `build` and `run`."""
        return tuple(item for item in self.diagnostics if item.severity is Severity.ERROR)


@dataclass(frozen=True)
class Given:
    """What analysis is given besides the notebook, see `analyze`. `bare`: what it found is wanted without `raw`."""

    folder: Path | None = None
    lessons: Lessons = field(default_factory=dict)
    safe: bool = False
    seeded: bool = False
    tags: Mapping[int, tuple[str, ...]] | None = None
    bare: bool = False


def analyze(
    source: Source,
    *,
    limits: Limits | None = None,
    folder: Path | None = None,
    lessons: Lessons | None = None,
    safe: bool = False,
    seeded: bool = False,
    tags: Mapping[int, tuple[str, ...]] | None = None,
) -> Analyzed:
    """Read, split, link and judge a notebook. Nothing of it is executed, and nothing is written.

    `source` is a path, the content of a notebook, or both, so that unsaved work can be analysed. `folder` is where the
    user's tables are looked for, and for content alone also the Python files beside it: by default the notebook's;
    content alone has none. `lessons` are what runs have taught; `safe` makes the serial plan; `seeded` tells that the
    global generators begin at a known place. `tags`, by cell, go before the notebook's own. All is done in a process of
    its own, within the time and memory of `limits`.

    Raises BadInput or EnvironmentProblem only if there is no notebook to speak of, or if that process had to be ended
    (N2P114); all other problems are in `diagnostics`.
    """
    limits = limits or Limits.from_environment()
    return within_bounds(analyze_here, source, limits, Given(folder, lessons or {}, safe, seeded, tags))


def within_bounds(work: Callable[[Source, Limits, Given, Tell], T], source: Source, limits: Limits, given: Given) -> T:
    """What `work` makes of a notebook, in a process of its own. Raises BadInput (N2P114) if that had to be ended."""
    caps = bounded.Caps(limits.max_cpu_s, limits.max_wall_s, limits.max_memory_bytes)
    found = bounded.run(work, notebook.encoded(source), limits, given, caps=caps, modules=_HEAVY)
    if isinstance(found, Ended):
        raise _beyond(notebook.shown_place(source), found, limits)
    return found.value


def analyze_here(
    source: Source,
    limits: Limits,
    given: Given = Given(),  # noqa: B008  # it is frozen
    tell: Tell = lambda _: None,
) -> Analyzed:
    """`analyze` in this process, with no bounds on time and memory. `tell` gets each cell before it is looked at."""
    tell(_READING)
    found = notebook.load(source, limits)
    if given.tags is not None:
        found = notebook.retagged(found, given.tags)
    sections, split_problems = notebook.split(found)
    path = notebook.place(source)
    folder = given.folder or (path.resolve().parent if path is not None else None)
    beside = given.folder if path is None else path.parent
    tables = analysis.user_tables(folder) if folder is not None else analysis.UserTables()
    with analysis.using(tables):
        summary = analysis.summarise(found, sections, tell, given.lessons, beside, _copies(tables))
        pipeline, link_problems = analysis.link(found, sections, summary, _GENERATORS if given.seeded else ())
    if given.safe:
        pipeline = analysis.safe(pipeline)
    walked = checks.walked(summary.trees)
    stuck = [*checks.unmovable(pipeline, walked), *analysis.unmovable(pipeline, found, given.lessons), *summary.stuck]
    stuck += analysis.copied(pipeline, summary.of_modules)
    pipeline, fuse_problems = analysis.fuse(pipeline, stuck)
    judged = checks.check(found, sections, pipeline, walked, summary.names)
    told = checks.with_python(found, analysis.with_costs(found, sections, summary, pipeline))
    linked = checks.with_reasons(found, link_problems)
    problems = [*tables.diagnostics, *split_problems, *told, *linked, *fuse_problems, *judged]
    types = checks.types_known(pipeline, walked)
    crossing = checks.crossings(pipeline, types, analysis.together(summary, pipeline), fuse_problems)
    in_order = tuple(sorted(set(problems), key=_reading_order))
    made = checks.types_of_outputs(pipeline, types)
    opened = _opened(pipeline, summary.names)
    if given.bare:
        found = replace(found, raw={})
    return Analyzed(found, sections, pipeline, in_order, crossing, summary.beside, made, opened)


class _Copies:
    """What analysis gets of `bounded.copies`: what was at hand counts only where the user's tables were the same."""

    def __init__(self, copies: bounded.Copies, tables: analysis.UserTables) -> None:
        self._copies = copies
        self._tables = tables.entries
        before, kept = copies.kept if isinstance(copies.kept, tuple) else (None, None)
        self.kept = kept if before == self._tables else None

    def stay(self, place: int, at_hand: object) -> None:
        self._copies.stay(place, (self._tables, at_hand))


def _copies(tables: analysis.UserTables) -> bounded.Copies | None:
    found = bounded.copies.get()
    return _Copies(found, tables) if found is not None else None


def _opened(pipeline: Pipeline, names: Sequence[Names]) -> tuple[tuple[str, str, At], ...]:
    """Files that steps read and no step above writes, as far as the code names them: step, path, place."""
    written: set[str] = set()
    found: dict[tuple[str, str], At] = {}
    for step in pipeline.steps:
        for cell in step.cells:
            read = {item.name: at for item, at in names[cell].reads.items() if item.kind in ("file", "source")}
            for path, at in sorted(read.items()):
                if path not in written and path != "*" and "://" not in path:
                    found.setdefault((step.id, path), at)
            written.update(item.name for item in names[cell].writes if item.kind == "file")
    return tuple((step, path, at) for (step, path), at in found.items())


def _reading_order(item: Diagnostic) -> tuple[object, ...]:
    where = item.location
    cell = -1 if where.cell is None else where.cell
    return (cell, where.line or 0, item.code, item.message, item.hint or "", where.step or "", where.variable or "")


def _beyond(at: Location, ended: Ended, limits: Limits) -> BadInput:
    """The one diagnostic of a notebook whose analysis was ended."""
    cell = ended.at if ended.at is not None and ended.at >= 0 else None
    if cell is not None:
        doing, what = "looked at this cell", "split the cell, or take what is generated out of it"
    else:
        doing = "connected the steps" if ended.at == analysis.TOGETHER else "read the notebook"
        what = "make the notebook smaller: fewer cells, less code, no outputs"
    message, variable = {
        Cause.TIME: (f"took more than {limits.max_cpu_s} seconds of CPU time", "NB2PIPE_MAX_CPU_S"),
        Cause.LATE: (f"took more than {limits.max_wall_s} seconds", "NB2PIPE_MAX_WALL_S"),
        Cause.MEMORY: (f"took more than {limits.max_memory_bytes:,} bytes of memory", "NB2PIPE_MAX_MEMORY_BYTES"),
        Cause.DEPTH: ("met code that is nested too deeply", ""),
        Cause.CRASH: (f"brought the interpreter down ({ended.detail})", ""),
    }[ended.cause]
    return BadInput.of(
        "N2P114",
        f"analysis {message} while it {doing}, and was ended",
        at=replace(at, cell=cell),
        hint=f"{what}; or set {variable} higher" if variable else what,
    )
