"""The three calls of a step notebook: `begin` (parameters, watch the cells), `load` (values), `end` (store values).

Which step this is comes as data: in a run from the file that the environment variable NB2PIPE_STEP names; by hand,
in a Bundle's folder, from its `pipeline.json`, and the values then cross through the Bundle's `.values/`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import asdict
from pathlib import Path
from typing import Any

from nb2pipe.runtime import ambient, cells, counting, demand, spec, special, stars, touched_files
from nb2pipe.runtime.carrying import Carrying
from nb2pipe.runtime.definitions import note, replay_asked, resolve
from nb2pipe.runtime.facts import Facts
from nb2pipe.runtime.fetch import fetch, is_latest, outputs_of
from nb2pipe.runtime.own_modules import OwnModules
from nb2pipe.runtime.session import Session, StepProblem, before_in_process, current, enter, import_units
from nb2pipe.runtime.texts import strings_of
from nb2pipe.runtime.together import go_on


def begin(step_id: str) -> None:
    """Take on step `step_id`: give it its parameters and watch the cells that follow. Raises StepProblem."""
    take_on(spec.spec_of(step_id))


def take_on(told: Mapping[str, Any], *, watched: bool = True) -> None:
    """Take on the step that a spec tells of. Unless it is `watched`, nothing is noted of what its cells do."""
    modules = set(sys.modules)
    shell = _shell()
    main = shell.user_ns
    plan = told["plan"]
    definitions = {item["id"]: item for item in told.get("definitions", ())}
    session = Session(
        plan=plan,
        definitions=definitions,
        parameters={name: told["parameters"][name] for name in plan.get("parameters", ())},
        all_parameters=told["parameters"],
        parameter_places={name: (cell, line) for name, (cell, line) in told["parameter_places"].items()},
        values={name: told["values"][name]["object"] for name in told.get("order", sorted(told.get("values", {})))},
        store=Path(told["store"]),
        out=Path(told["out"]),
        main=main,
        shell=shell,
        folder=told["folder"],
        environ=dict(os.environ),
        earlier=spec.earlier_of(told),
        process=frozenset(told.get("process", ())),
        may_wait=told.get("may_wait", False),
        sent=told.get("sent"),
        unsent=told.get("unsent", ()),
    )
    replayed = sorted({definitions[key]["at"]["cell"] for key in plan.get("definitions", ())})
    session.sequence = [None, *replayed, None, *plan["cells"], None]
    before = before_in_process([earlier.id for earlier in session.earlier if earlier.id in session.process])
    first = plan.get("process", plan["id"])
    if before is None and first != plan["id"] and watched:
        raise StepProblem(f"this step runs in the process of step {first!r}: run that one first, in this kernel")
    if before is not None:
        go_on(session, before)
    session.providers = told.get("providers", {})
    special.keep_tracebacks(wanted=bool(told.get("tracebacks", True)))
    session.options = Carrying(session, lambda name: _record(session, name))
    session.options.begin(before.options.got if before is not None else ())
    _install_demand(session, told.get("builtins", ()))
    session.before = dict(main)
    main.update({name: value for name, value in session.parameters.items() if name not in session.kept})
    enter(session)
    if watched:
        cells.watch(shell)
    _restore(session, "env", "path")  # what the replayed imports may look at
    session.facts = Facts(session.folder, modules)
    session.own_modules = OwnModules(session.facts.is_local, first=before is None)
    if watched:
        session.facts.watch_environment(session.cell_of_file.__contains__)
        touched_files.watch(session.folder, cells.note_file, session.facts)


def _install_demand(session: Session, named: list[str] | None) -> None:
    """Have forgotten names fetched, unless the notebook may replace builtins (`named` is None then)."""
    if named is None:
        return
    known = {name for earlier in session.earlier for name in earlier.names}
    known.update(
        session.all_parameters, session.unsent, *(definition["names"] for definition in session.definitions.values())
    )
    demand.install(session.main, named, known, lambda name: fetch(session, name, load_units, replay_asked))


def load() -> None:
    """Give the step the values that it needs. Raises StepProblem if one can't be read."""
    session = current()
    for key in session.plan.get("definitions", ()):
        note(session, session.definitions[key])
    stars.settle(session)
    import_units().tracking.begin(session.plan["id"])
    from nb2pipe.runtime.replays import Replays

    known = session.replays.bound if session.replays is not None else {}  # by a step before, in this process
    session.replays = Replays(session.definitions, session.plan, session.main)
    session.replays.bound.update((name, value) for name, value in known.items() if session.main.get(name) is value)
    session.replays.note(session.defined)
    _restore(session, "env", "path", "cwd")  # what loading may look at: the modules that the notebook has written
    values = {
        name: value
        for name, value in session.values.items()
        if not name.startswith(ambient.PREFIX) and name not in session.kept
    }
    units = _loaded(session, values)
    found = {name: unit.members[name] for unit in units for name in unit.wanted}
    session.units += units
    session.loaded.update(found)
    session.main.update(found)
    session.seen.update(session.main)
    _restore(session, "rng:python", "rng:numpy")
    session.facts.told(session.plan.get("reads", ()))
    session.facts.named(strings_of(session.main))
    session.runs = True
    session.ambient = ambient.capture(session.folder, session.environ)
    session.options.run()
    counting.go_on(_counted(session))
    session.counters = counting.snapshot(session.main)
    session.own_modules.begin()


def _counted(session: Session) -> dict[str, int]:
    """How far the steps before this one have taken libraries' counters, as far as they have ended."""
    found: dict[str, int] = {}
    for earlier in session.earlier:
        outputs = outputs_of(session, earlier, "", wait=False)
        if outputs is not None:
            found.update({key: after for key, (_, after, _) in outputs.get("counted", {}).items()})
    return found


def load_units(session: Session, values: Mapping[str, str]) -> list[Any]:
    """The units that hold these names (name -> object id). Raises StepProblem."""
    units = import_units()
    try:
        found: list[Any] = units.load(values, session.store, session.main, lambda ref: resolve(session, ref))
    except units.OtherVersions as error:
        raise StepProblem(str(error)) from error
    except Exception as error:
        session.unloadable, session.damaged = _unloadable(session, values)
        names = ", ".join(session.unloadable or sorted(values))
        why = str(error).partition("\n")[0]
        raise StepProblem(f"a value of {names} can't be loaded: {type(error).__name__}: {why}") from error
    return found


def _loaded(session: Session, values: Mapping[str, str]) -> list[Any]:
    """The same. A step without cells, which only looks at what there is, goes without what can't be loaded."""
    try:
        return load_units(session, values)
    except StepProblem:
        if session.plan["cells"] or not session.unloadable:
            raise
    return load_units(session, {name: source for name, source in values.items() if name not in session.unloadable})


def _unloadable(session: Session, values: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """Which of these names are of a unit that can't be loaded, and the objects that are damaged or gone."""
    units, names, damaged = import_units(), [], []
    for name, source in sorted(values.items()):
        try:
            units.load({name: source}, session.store, session.main, lambda ref: resolve(session, ref))
        except units.objects.StoreError:
            damaged.append(source)
        except Exception:  # noqa: BLE001  # whatever unpickling may raise
            names.append(name)
    return names, sorted(set(damaged))


def _restore(session: Session, *kinds: str) -> None:
    """Bring this process into the state that the steps before left behind, in these respects."""
    names = [ambient.PREFIX + kind for kind in kinds]
    records = load_units(session, {name: session.values[name] for name in names if _is_newer(session, name)})
    try:
        ambient.restore({name: unit.members[name] for unit in records for name in unit.wanted}, session.folder)
    except OSError as error:
        raise StepProblem(f"the working directory of the step before can't be entered: {error}") from error


def _record(session: Session, name: str) -> object:
    """A record that the step was given."""
    [unit] = load_units(session, {name: session.values[name]})
    return unit.members[name]


def _is_newer(session: Session, record: str) -> bool:
    """True if the step got a record, and no step of its process has changed that state since."""
    if record not in session.values:
        return False
    for earlier in reversed(session.earlier):
        if earlier.id == session.providers.get(record):
            return True
        outputs = outputs_of(session, earlier, "", wait=False) if earlier.id in session.process else None
        if outputs is not None and record in outputs["values"]:
            return False
    return True


def end() -> None:
    """Store what the step bound or may have changed, and say so in `outputs.json`. Raises StepProblem."""
    session = current()
    if session.problem is not None:
        raise StepProblem(session.problem)
    units = import_units()
    session.facts.named(strings_of(session.main))
    for definition in session.definitions.values():
        if definition["at"]["cell"] in session.plan["cells"]:
            note(session, definition)
    references = {id(obj): ref for ref, obj in session.defined.items()}
    touched = _touched(session)
    written = frozenset(f"{item['kind']}:{item['name']}" for item in session.plan.get("writes", ()))
    session.runs = False
    modules = session.own_modules.end()
    now = ambient.capture(session.folder, session.environ)
    try:
        changed, altered = _changed(session, references, set(touched))
        touched.update((name, _value(session, name)) for name in changed)
        changed.update(dict.fromkeys(session.replays.changed(references), True))
        touched.update(ambient.changed(session.ambient, now, written))
        stored, failed = units.save(touched, session.store, session.main, references, _given(session, touched))
        records, told = session.options.end(written, references)
        stored.update(units.save(records, session.store, session.main, references)[0])  # apart from all variables
        record = {
            "schema": spec.SCHEMA,
            "values": {name: asdict(value) for name, value in stored.items()},
            "deleted": _deleted(session),
            "failed": {name: asdict(value) for name, value in failed.items()},
            "changed": changed,
            "shared": sorted(set(stored).difference(touched)),
            "altered": sorted(altered),
            "loaded": {name: unit.id for unit in session.units for name in unit.wanted - session.kept},
            "options": told,
            "state": {name: source for name, source in session.values.items() if name.startswith(ambient.PREFIX)},
            "seen": cells.what_was_seen(session),
            "modules": modules,
            "counted": counting.advanced(session.counters, session.main),
            "metrics": session.metrics,
            "facts": {**session.facts.of_step(session.main), "definitions": sorted(session.replayed)},
            "python": ".".join(map(str, sys.version_info[:3])),
        }
        cells.write_json(session.out / "outputs.json", record)
    except OSError as error:
        raise StepProblem(f"the step's values can't be stored in {session.store}: {error.strerror}") from error
    cells.stop_watching(session.shell)


# --- parts -------------------------------------------------------------------------------------------------------


def _shell() -> Any:  # noqa: ANN401
    from IPython import get_ipython

    shell = get_ipython()
    if shell is None:
        raise StepProblem("a step notebook runs in a Jupyter kernel, not in plain Python")
    return shell


# --- what to store ------------------------------------------------------------------------------------------------


def _touched(session: Session) -> dict[str, object]:
    """Names that the step bound, or may have changed; definitions that later steps replay are left out."""
    outputs = set(session.plan.get("outputs", ()))
    found = {
        name: value
        for name, value in _names(session)
        if not session.replays.means(name, value) and _is_new(session, name, value, outputs)
    }
    found.update((name, value) for name, value in _beside(session).items() if name in outputs)
    return found


def _beside(session: Session) -> dict[str, object]:
    """Names that came along with those that the step loaded: they share objects, so it may have changed them too."""
    return {
        name: value
        for unit in session.units
        for name, value in unit.members.items()
        if name not in session.seen and is_latest(session, name, unit.id)
    }


def _given(session: Session, touched: Mapping[str, object]) -> dict[str, object]:
    """What the step was given and left as it was: stored again where it shares an object with what is stored."""
    given = {**session.parameters, **session.loaded}
    kept = {name: value for name, value in given.items() if session.main.get(name) is value}
    return {name: value for name, value in {**_beside(session), **kept}.items() if name not in touched}


def _value(session: Session, name: str) -> object:
    return session.main[name] if name in session.main else _beside(session)[name]


def _changed(
    session: Session, references: Mapping[int, str], touched: AbstractSet[str]
) -> tuple[dict[str, bool], set[str]]:
    """What was loaded and is no longer what was stored.

    First what was not expected to change: name -> is it certain? Then what was, though it may be bound anew by now.
    """
    units = import_units()
    beside = _beside(session)
    found: dict[str, bool] = {}
    altered: set[str] = set()
    for unit in session.units:
        names = {name for name in unit.wanted - touched if name in session.loaded}
        names = {name for name in names if session.main.get(name) is session.loaded[name]}
        names |= unit.members.keys() & beside.keys() - touched
        expected = unit.members.keys() & touched
        if not names and not expected:
            continue
        verdicts = units.changes(unit, session.store, session.main, references, lambda ref: resolve(session, ref))
        found.update((name, verdicts[name].name == "CHANGED") for name in sorted(names) if verdicts[name])
        altered |= {name for name in expected if verdicts[name].name in ("CHANGED", "UNKNOWN")}
    return found, altered


def _is_new(session: Session, name: str, value: object, outputs: AbstractSet[str]) -> bool:
    if name in outputs:
        return True
    if name in session.loaded:
        return session.loaded[name] is not value
    if name in session.parameters:
        return session.parameters[name] is not value
    return name not in session.before or session.before[name] is not value


def _names(session: Session) -> Iterator[tuple[str, object]]:
    """The user's names: not IPython's own, not dunders."""
    for name, value in list(session.main.items()):
        if not demand.is_own(name):
            yield name, value


def _deleted(session: Session) -> list[str]:
    gone = {*session.seen, *session.plan.get("deletes", ())}.difference(session.main)
    return sorted(name for name in gone if not demand.is_own(name))
