"""What runs have taught about cells in; out, what the cells do to names and files with that added."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from nb2pipe.learned import Lesson, Lessons, digest
from nb2pipe.model import At, Diagnostic, Location, Names, Need, Notebook, Pipeline, Resource, Severity, Unmovable


def lesson_of(notebook: Notebook, cell: int, lessons: Lessons) -> Lesson | None:
    """What runs have shown of a cell with this source, if anything."""
    return lessons.get(digest(notebook.cells[cell].source)) if lessons else None


def taught(names: Names, cell: int, lesson: Lesson) -> Names:
    """The names of a cell, with what runs have shown of it."""
    at = At(cell)
    read = {*lesson.reads, *lesson.updates, *lesson.deletes} - names.settled
    return replace(
        names,
        soft=_with(names.soft, read - names.needs.keys(), at),
        updates=_with(names.updates, lesson.updates, at),
        binds=_with(names.binds, lesson.binds, at),
        deletes=_with(names.deletes, set(lesson.deletes) - names.settled, at),
        reads=_touching(names.reads, lesson.files_read, lesson.options_seen, at),
        writes={
            **{Resource("rng", generator): at for generator in lesson.draws},
            **_touching(names.writes, lesson.files_written, lesson.options_set, at),
        },
    )


def note(notebook: Notebook, cell: int, step: str | None, lesson: Lesson) -> list[Diagnostic]:
    """N2P219, if names are among what a run has shown."""
    changed = sorted({*lesson.updates, *lesson.binds, *lesson.deletes})
    did = [("reads", "needs", lesson.reads), ("changes", "updates", changed)]
    shown = "; ".join(f"{verb} {', '.join(f'`{name}`' for name in names)}" for verb, _, names in did if names)
    if not shown:
        return []
    words = [f"`# nb2pipe: {word} {', '.join(names)}`" for _, word, names in did if names]
    hint = f"the plan knows it now; to let other machines know, write {' and '.join(words)} in the cell"
    place = Location(notebook.path, cell, 1, step)
    return [Diagnostic("N2P219", Severity.NOTE, f"a run has shown that this cell {shown}", place, hint)]


def unmovable(pipeline: Pipeline, notebook: Notebook, lessons: Lessons) -> list[Unmovable]:
    """The values that a run could not store and that a later step surely reads, or did read then."""
    found: list[Unmovable] = []
    for step in pipeline.steps if lessons else ():
        known = [lesson_of(notebook, cell, lessons) for cell in step.cells]
        read = {name for lesson in known if lesson is not None for name in lesson.reads}
        for need in step.needs:
            for provider in () if need.soft and need.variable not in read else _origins(pipeline, need):
                for cell in pipeline.step(provider).cells:
                    lesson = lesson_of(notebook, cell, lessons)
                    if lesson is not None and need.variable in lesson.unmovable:
                        what = f"of type {lesson.unmovable[need.variable]}, which a run here could not store"
                        found.append(Unmovable(need.variable, what, At(cell), provider, step.id))
    return found


def _origins(pipeline: Pipeline, need: Need) -> list[str]:
    """The steps that may have bound or changed the variable, and those that they have it from."""
    found: list[str] = []
    waiting = list(need.providers)
    while waiting:
        provider = waiting.pop()
        if provider not in found:
            found.append(provider)
            needs = pipeline.step(provider).needs
            waiting += [other for item in needs if item.variable == need.variable for other in item.providers]
    return found


def _with(places: Mapping[str, At], names: Iterable[str], at: At) -> dict[str, At]:
    return dict(sorted({**dict.fromkeys(names, at), **places}.items()))


def counting(names: Names, cell: int, libraries: Iterable[str]) -> Names:
    """The names of a cell that uses libraries which, as a run has shown, name what they make by counting."""
    return replace(names, writes={**{Resource("counter", name): At(cell) for name in libraries}, **names.writes})


def _touching(
    places: Mapping[Resource, At], paths: Iterable[str], libraries: Iterable[str], at: At
) -> dict[Resource, At]:
    added = {Resource("file", path): at for path in paths}
    added.update((Resource("options", library), at) for library in libraries)
    return dict(sorted({**added, **places}.items(), key=lambda item: str(item[0])))
