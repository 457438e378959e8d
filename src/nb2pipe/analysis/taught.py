"""What runs have taught about cells in; out, what the cells do to names and files with that added."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from nb2pipe.learned import Lesson, Lessons, digest
from nb2pipe.model import At, Diagnostic, Location, Names, Notebook, Pipeline, Resource, Severity, Step, Unmovable


def taught(notebook: Notebook, cell: int, names: Names, lessons: Lessons) -> Names:
    """The names of a cell, with what runs of the same source have shown."""
    lesson = lessons.get(digest(notebook.cells[cell].source))
    if lesson is None:
        return names
    at = At(cell)
    read = {*lesson.reads, *lesson.updates, *lesson.deletes} - names.settled
    written = {*lesson.binds, *lesson.deletes} - names.settled
    return replace(
        names,
        soft=_with(names.soft, read, at),
        updates=_with(names.updates, lesson.updates, at),
        binds=_with(names.binds, set(lesson.binds) & written, at),
        deletes=_with(names.deletes, set(lesson.deletes) & written, at),
        reads=_with_files(names.reads, lesson.files_read, at),
        writes=_with_files(names.writes, lesson.files_written, at),
    )


def notes(notebook: Notebook, steps: Mapping[int, str], lessons: Lessons) -> list[Diagnostic]:
    """One note per cell whose source does not show what a run has seen. `steps`: cell -> its step's id."""
    found = []
    for cell in notebook.cells:
        lesson = lessons.get(digest(cell.source))
        if lesson is None or cell.index not in steps:
            continue
        did = [(verb, names) for verb, names in _shown(lesson) if names]
        if did:
            what = "; ".join(f"{verb} {', '.join(f'`{name}`' for name in names)}" for verb, names in did)
            place = Location(notebook.path, cell.index, 1, steps[cell.index])
            hint = "nothing need be done here; for other machines, say it in the cell: " + " ".join(
                f"`# nb2pipe: {'needs' if verb == 'reads' else 'updates'} {', '.join(names)}`" for verb, names in did
            )
            found.append(Diagnostic("N2P208", Severity.NOTE, f"a run has shown that this cell {what}", place, hint))
    return found


def unmovable(pipeline: Pipeline, notebook: Notebook, lessons: Lessons) -> list[Unmovable]:
    """The values that a run could not store and that a later step surely reads."""
    found = []
    for step in pipeline.steps:
        for need in step.needs:
            if not need.soft:
                found += [
                    Unmovable(
                        need.variable, f"of type {kind}, which a run could not store", At(cell), provider, step.id
                    )
                    for provider in need.providers
                    for cell, kind in _failed(pipeline.step(provider), notebook, need.variable, lessons)
                ]
    return found


def _failed(step: Step, notebook: Notebook, variable: str, lessons: Lessons) -> Sequence[tuple[int, str]]:
    kinds = [(cell, lessons.get(digest(notebook.cells[cell].source), Lesson()).unmovable) for cell in step.cells]
    return [(cell, kind[variable]) for cell, kind in kinds if variable in kind][-1:]


def _shown(lesson: Lesson) -> list[tuple[str, tuple[str, ...]]]:
    changed = tuple(sorted({*lesson.updates, *lesson.binds, *lesson.deletes}))
    return [("reads", lesson.reads), ("changes", changed)]


def _with(places: Mapping[str, At], names: Sequence[str] | set[str], at: At) -> dict[str, At]:
    return dict(sorted({**dict.fromkeys(names, at), **places}.items()))


def _with_files(places: Mapping[Resource, At], paths: Sequence[str], at: At) -> dict[Resource, At]:
    return dict(
        sorted({**{Resource("file", path): at for path in paths}, **places}.items(), key=lambda item: str(item[0]))
    )
