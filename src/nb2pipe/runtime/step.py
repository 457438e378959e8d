"""The three calls of a step notebook: `begin` (parameters, watch the cells), `load` (values), `end` (store values).

Which step this is comes as data: in a run from the file that the environment variable NB2PIPE_STEP names; by hand,
in a Bundle's folder, from its `pipeline.json`, and the values then cross through the Bundle's `.values/`.
"""

from __future__ import annotations

import importlib
import json
import linecache
import math
import numbers
import os
import re
import sys
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nb2pipe.runtime import ambient

if TYPE_CHECKING:
    from types import ModuleType, TracebackType

SPEC_VARIABLE = "NB2PIPE_STEP"
_SCHEMA = 1
_HISTORY_NAME = re.compile(r"_i?\d*|_i{1,3}|_{1,3}|_[iods]h|In|Out")


class StepProblem(Exception):
    """Something that stops the step and that is not the user's code. The message is for people."""

    def _render_traceback_(self) -> list[str]:
        return [f"nb2pipe: {self}"]


@dataclass
class _Session:
    """The step that runs in this process."""

    plan: Mapping[str, Any]
    definitions: Mapping[str, Mapping[str, Any]]
    parameters: Mapping[str, Any]
    values: Mapping[str, str]
    store: Path
    out: Path
    main: dict[str, Any]
    shell: Any
    folder: str
    environ: Mapping[str, str]
    before: Mapping[str, object] = field(default_factory=dict)
    ambient: Mapping[str, object] = field(default_factory=dict)
    units: list[Any] = field(default_factory=list)
    loaded: dict[str, object] = field(default_factory=dict)
    defined: dict[str, object] = field(default_factory=dict)
    replays: Any = None
    metrics: dict[str, float] = field(default_factory=dict)
    cell_of_file: dict[str, int] = field(default_factory=dict)
    sequence: list[int | None] = field(default_factory=list)
    position: int = 0

    @property
    def cell(self) -> int | None:
        """The notebook's cell that is now running; None for one of ours."""
        return self.sequence[self.position] if self.position < len(self.sequence) else None


_sessions: list[_Session] = []


def begin(step_id: str) -> None:
    """Take on step `step_id`: give it its parameters and watch the cells that follow. Raises StepProblem."""
    spec = _spec_of_run(step_id) or _spec_of_bundle(step_id)
    shell = _shell()
    main = shell.user_ns
    plan = spec["plan"]
    definitions = {item["id"]: item for item in spec.get("definitions", ())}
    session = _Session(
        plan=plan,
        definitions=definitions,
        parameters=spec.get("parameters", {}),
        values={name: spec["values"][name]["object"] for name in spec.get("order", sorted(spec.get("values", {})))},
        store=Path(spec["store"]),
        out=Path(spec["out"]),
        main=main,
        shell=shell,
        folder=spec["folder"],
        environ=dict(os.environ),
        before=dict(main),
    )
    replayed = sorted({definitions[key]["at"]["cell"] for key in plan.get("definitions", ())})
    session.sequence = [None, *replayed, None, *plan["cells"], None]
    main.update(session.parameters)
    if _sessions:
        _stop_watching(_sessions.pop())
    _sessions.append(session)
    _watch(session)
    _restore(session, "env", "path")  # what the replayed imports may look at


def load() -> None:
    """Give the step the values that it needs. Raises StepProblem if one can't be read."""
    session = _session()
    for key in session.plan.get("definitions", ()):
        _note_definition(session, session.definitions[key])
    _import_units()
    from nb2pipe.runtime.replays import Replays

    session.replays = Replays(session.definitions, session.plan, session.main)
    session.replays.note(session.defined)
    _restore(session, "env", "path", "cwd")  # what loading may look at: the modules that the notebook has written
    values = {name: value for name, value in session.values.items() if not name.startswith(ambient.PREFIX)}
    session.units = _load_units(session, values)
    session.loaded = {name: unit.members[name] for unit in session.units for name in unit.wanted}
    session.main.update(session.loaded)
    _restore(session, "rng:python", "rng:numpy")
    session.ambient = ambient.capture(session.folder, session.environ)


def _load_units(session: _Session, values: Mapping[str, str]) -> list[Any]:
    units = _import_units()
    try:
        found: list[Any] = units.load(values, session.store, session.main, lambda ref: _resolve(session, ref))
    except units.OtherVersions as error:
        raise StepProblem(str(error)) from error
    except Exception as error:
        names = ", ".join(sorted(values))
        raise StepProblem(f"a value of {names} can't be loaded: {type(error).__name__}: {error}") from error
    return found


def _restore(session: _Session, *kinds: str) -> None:
    """Bring this process into the state that the steps before left behind, in these respects."""
    names = [ambient.PREFIX + kind for kind in kinds]
    records = _load_units(session, {name: session.values[name] for name in names if name in session.values})
    try:
        ambient.restore({name: unit.members[name] for unit in records for name in unit.wanted}, session.folder)
    except OSError as error:
        raise StepProblem(f"the working directory of the step before can't be entered: {error}") from error


def end() -> None:
    """Store what the step bound or may have changed, and say so in `outputs.json`. Raises StepProblem."""
    session = _session()
    units = _import_units()
    for definition in session.definitions.values():
        if definition["at"]["cell"] in session.plan["cells"]:
            _note_definition(session, definition)
    references = {id(obj): ref for ref, obj in session.defined.items()}
    touched = _touched(session)
    written = frozenset(f"{item['kind']}:{item['name']}" for item in session.plan.get("writes", ()))
    now = ambient.capture(session.folder, session.environ)
    try:
        changed, beside = _changed(session, references, set(touched))
        touched.update((name, session.main[name]) for name in changed)
        changed.update(dict.fromkeys(session.replays.changed(references), True))
        touched.update(ambient.changed(session.ambient, now, written))
        stored, failed = units.save(touched, session.store, session.main, references)
        record = {
            "schema": _SCHEMA,
            "values": {name: asdict(value) for name, value in stored.items()},
            "deleted": _deleted(session),
            "failed": {name: asdict(value) for name, value in failed.items()},
            "changed": changed,
            "beside": beside,
            "metrics": session.metrics,
            "python": ".".join(map(str, sys.version_info[:3])),
        }
        _write_json(session.out / "outputs.json", record)
    except OSError as error:
        raise StepProblem(f"the step's values can't be stored in {session.store}: {error.strerror}") from error
    _stop_watching(session)


# --- which step this is -------------------------------------------------------------------------------------------


def _spec_of_run(step_id: str) -> dict[str, Any] | None:
    path = os.environ.pop(SPEC_VARIABLE, None)
    if path is None:
        return None
    _hide_runtime_path()
    spec: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
    if spec.get("schema") != _SCHEMA or spec.get("step") != step_id:
        raise StepProblem(f"{path} is not for step {step_id!r} of this version of nb2pipe")
    return spec


def _spec_of_bundle(step_id: str) -> dict[str, Any]:
    """The spec when a person runs a Bundle's step notebook: values come from the steps run before by hand."""
    for folder in (Path.cwd(), Path.cwd().parent):
        if (folder / "pipeline.json").is_file():
            break
    else:
        raise StepProblem("there is no pipeline.json here or one folder up: open the notebook in its Bundle's folder")
    pipeline = json.loads((folder / "pipeline.json").read_text(encoding="utf-8"))
    plans = {plan["id"]: plan for plan in pipeline["steps"]}
    if step_id not in plans:
        raise StepProblem(f"{folder / 'pipeline.json'} has no step {step_id!r}")
    if (folder.parent / pipeline["notebook"]).is_file():
        os.chdir(folder.parent)
    values = {}
    for need in plans[step_id].get("needs", ()):
        value = _value_by_hand(folder, need)
        if value is not None:
            values[need["variable"]] = value
    for earlier in plans:
        if earlier == step_id:
            break
        values.update(_ambient_by_hand(folder / ".values" / earlier / "outputs.json"))
    names = plans[step_id].get("parameters", ())
    out = folder / ".values" / step_id
    out.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / ".values" / ".gitignore").write_text("*\n", encoding="utf-8")
    return {
        "plan": plans[step_id],
        "definitions": pipeline.get("definitions", []),
        "parameters": {
            item["name"]: item.get("default") for item in pipeline.get("parameters", ()) if item["name"] in names
        },
        "values": values,
        "store": str(folder / ".values" / "objects"),
        "out": str(out),
        "folder": str(Path.cwd()),
    }


def _value_by_hand(folder: Path, need: Mapping[str, Any]) -> Mapping[str, Any] | None:
    for provider in need["providers"]:
        path = folder / ".values" / provider / "outputs.json"
        if not path.is_file():
            if need.get("soft"):
                continue
            raise StepProblem(f"run step {provider!r} first: `{need['variable']}` comes from it")
        outputs = json.loads(path.read_text(encoding="utf-8"))
        if need["variable"] in outputs["deleted"]:
            return None
        value: Mapping[str, Any] | None = outputs["values"].get(need["variable"])
        if value is not None:
            return value
    return None


def _ambient_by_hand(path: Path) -> Mapping[str, Any]:
    if not path.is_file():
        return {}
    values = json.loads(path.read_text(encoding="utf-8"))["values"]
    return {name: value for name, value in values.items() if name.startswith(ambient.PREFIX)}


def _hide_runtime_path() -> None:
    """Take the folder that these files came from out of what the user's code sees."""
    folder = str(Path(__file__).resolve().parents[2])
    parts = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    if parts[0] != folder:
        return
    rest = os.pathsep.join(parts[1:])
    if rest:
        os.environ["PYTHONPATH"] = rest
    else:
        del os.environ["PYTHONPATH"]
    if folder in sys.path:
        sys.path.remove(folder)


def _shell() -> Any:  # noqa: ANN401
    from IPython import get_ipython

    shell = get_ipython()
    if shell is None:
        raise StepProblem("a step notebook runs in a Jupyter kernel, not in plain Python")
    return shell


def _session() -> _Session:
    if not _sessions:
        raise StepProblem("run the step's first cell first: it says which step this is")
    return _sessions[-1]


def _import_units() -> ModuleType:
    try:
        return importlib.import_module("nb2pipe.runtime.units")
    except ModuleNotFoundError as error:
        raise StepProblem(
            f"the kernel's environment lacks {error.name}: {sys.executable} -m pip install {error.name}"
        ) from error


# --- definitions --------------------------------------------------------------------------------------------------


def _note_definition(session: _Session, definition: Mapping[str, Any]) -> None:
    """Remember the functions and classes that travel as a reference."""
    if definition["kind"] not in ("function", "class"):
        return
    for name in definition["names"]:
        if name in session.main:
            session.defined[f"{definition['id']}:{name}"] = session.main[name]


def _resolve(session: _Session, ref: str) -> object:
    """The object of a definition. One that the plan did not replay here is replayed now, hidden from the step."""
    if ref not in session.defined:
        key, _, name = ref.partition(":")
        _replay_hidden(session, key)
        if ref not in session.defined:
            raise StepProblem(f"a value is made of {name!r}, which this pipeline does not define")
    return session.defined[ref]


def _replay_hidden(session: _Session, key: str) -> None:
    definition = session.definitions.get(key)
    if definition is None:
        return
    names = list(definition["names"])
    before = {name: session.main[name] for name in names if name in session.main}
    for needed in definition.get("needs", ()):
        for name in session.definitions[needed]["names"]:
            if name not in session.main:
                _replay_hidden(session, needed)
    at = definition["at"]
    filename = f"cell {at['cell'] + 1} (replayed {key})"
    source = "\n" * (at.get("line", 1) - 1) + definition["source"] + "\n"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    exec(compile(source, filename, "exec"), session.main)  # noqa: S102  # the notebook's own definition, in its kernel
    _note_definition(session, definition)
    if definition["kind"] in ("function", "class"):
        for name in names:
            session.main.pop(name, None)
        session.main.update(before)
    else:
        session.replays.bound.update((name, session.main[name]) for name in names if name in session.main)


# --- what to store ------------------------------------------------------------------------------------------------


def _touched(session: _Session) -> dict[str, object]:
    """Names that the step bound, or may have changed; definitions that later steps replay are left out."""
    outputs = set(session.plan.get("outputs", ()))
    return {
        name: value
        for name, value in _names(session)
        if not session.replays.means(name, value) and _is_new(session, name, value, outputs)
    }


def _changed(
    session: _Session, references: Mapping[int, str], touched: AbstractSet[str]
) -> tuple[dict[str, bool], dict[str, dict[str, object]]]:
    """What was loaded, was not expected to change, and is no longer what was stored: name -> is it certain?

    And the same of what came along in a unit, though this step did not ask for it: a later step may.
    """
    units = _import_units()
    found: dict[str, bool] = {}
    beside: dict[str, dict[str, object]] = {}
    for unit in session.units:
        names = {name for name in unit.wanted - touched if name in session.loaded}
        names = {name for name in names if session.main.get(name) is session.loaded[name]}
        others = set(unit.members) - unit.wanted
        if not names and not others:
            continue
        verdicts = units.changes(unit, session.store, session.main, references, lambda ref: _resolve(session, ref))
        certain = {name: verdict.name == "CHANGED" for name, verdict in sorted(verdicts.items()) if verdict}
        found.update((name, certain[name]) for name in sorted(names & set(certain)))
        for name in sorted(others & set(certain)):
            beside[name] = {"object": unit.id, "certain": certain[name]}
    return found, beside


def _is_new(session: _Session, name: str, value: object, outputs: AbstractSet[str]) -> bool:
    if name in outputs:
        return True
    if name in session.loaded:
        return session.loaded[name] is not value
    if name in session.parameters:
        return session.parameters[name] is not value
    return name not in session.before or session.before[name] is not value


def _names(session: _Session) -> Iterator[tuple[str, object]]:
    """The user's names: not IPython's own, not dunders."""
    for name, value in list(session.main.items()):
        if name.startswith("__") and name.endswith("__"):
            continue
        if not _HISTORY_NAME.fullmatch(name):
            yield name, value


def _deleted(session: _Session) -> list[str]:
    given = {*session.loaded, *session.parameters, *session.plan.get("deletes", ())}
    return sorted(name for name in given if name not in session.main)


def _write_json(path: Path, content: object) -> None:
    temporary = path.with_name(f".{path.name}.tmp")
    with temporary.open("w", encoding="utf-8") as file:
        json.dump(content, file, sort_keys=True, ensure_ascii=False)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


# --- the cells that run -------------------------------------------------------------------------------------------


def _watch(session: _Session) -> None:
    """Number the cells as in the notebook, note where an error is, and read metrics after their cell."""
    history = getattr(session.shell, "history_manager", None)
    if history is not None:
        history.enabled = False  # our numbers may come twice, and a step is not the user's history
    session.shell.events.register("pre_run_cell", _before_cell)
    session.shell.events.register("post_run_cell", _after_cell)


def _stop_watching(session: _Session) -> None:
    for event, function in (("pre_run_cell", _before_cell), ("post_run_cell", _after_cell)):
        if function in session.shell.events.callbacks[event]:
            session.shell.events.unregister(event, function)


def _before_cell(info: Any) -> None:  # noqa: ANN401
    session = _session()
    if session.cell is not None:
        code = info.raw_cell
        session.cell_of_file[session.shell.compile.get_code_name(code, code, session.cell + 1)] = session.cell


def _after_cell(result: Any) -> None:  # noqa: ANN401
    session = _session()
    error = result.error_before_exec or result.error_in_exec
    if error is not None:
        _write_json(session.out / "error.json", _describe_error(session, error))
    for metric in session.plan.get("metrics", ()):
        if metric["cell"] == session.cell and metric.get("variable") in session.main:
            session.metrics.update(_numbers(metric["name"], session.main[metric["variable"]]))
    session.position += 1
    if session.cell is not None:
        session.shell.execution_count = session.cell + 1


def _describe_error(session: _Session, error: BaseException) -> dict[str, Any]:
    """Where it happened: the innermost frame that is in a cell of the notebook."""
    cell, line, function = session.cell, None, None
    if isinstance(error, SyntaxError):
        line = error.lineno
    trace: TracebackType | None = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if code.co_filename in session.cell_of_file:
            cell, line, function = session.cell_of_file[code.co_filename], trace.tb_lineno, code.co_name
        trace = trace.tb_next
    return {
        "cell": cell,
        "line": line,
        "function": None if function == "<module>" else function,
        "ename": type(error).__name__,
        "evalue": str(error),
    }


def _numbers(name: str, value: object) -> dict[str, float]:
    """`value` as metrics: a number under `name`, or each number of a dict under its own key."""
    candidates = value.items() if isinstance(value, Mapping) else [(name, value)]
    found = {str(key): _as_number(item) for key, item in candidates}
    return {key: number for key, number in found.items() if number is not None}


def _as_number(value: object) -> float | None:
    if type(value) is bool or not isinstance(value, numbers.Real):
        return None
    return float(value) if math.isfinite(float(value)) else None
