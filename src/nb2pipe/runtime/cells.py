"""IPython's events in; out, what is known of the cells that run: their numbers, errors, metrics, names.

The cells are numbered as in the notebook, so that tracebacks read as they would there.
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
import json
import math
import numbers
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nb2pipe.runtime.curves import curve
from nb2pipe.runtime.demand import StepBuiltins
from nb2pipe.runtime.session import Session, current
from nb2pipe.runtime.touched_files import Touch

if TYPE_CHECKING:
    from types import TracebackType


def watch(shell: Any) -> None:  # noqa: ANN401
    """Number the cells as in the notebook, note where an error is, and read metrics after their cell."""
    stop_watching(shell)
    history = getattr(shell, "history_manager", None)
    if history is not None:
        history.enabled = False  # our numbers may come twice, and a step is not the user's history
    shell.events.register("pre_run_cell", _before_cell)
    shell.events.register("post_run_cell", _after_cell)


def stop_watching(shell: Any) -> None:  # noqa: ANN401
    """Let IPython's events be."""
    for event, function in (("pre_run_cell", _before_cell), ("post_run_cell", _after_cell)):
        if function in shell.events.callbacks[event]:
            shell.events.unregister(event, function)


def _before_cell(info: Any) -> None:  # noqa: ANN401
    session = current()
    if session.cell is not None:
        session.options.before_cell(session.cell)
        code = info.raw_cell
        session.facts.cell(code)
        session.sources[session.cell] = hashlib.sha256(code.encode("utf-8", "surrogatepass")).hexdigest()
        session.cell_of_file[session.shell.compile.get_code_name(code, code, session.cell + 1)] = session.cell
        if "del" in code:
            _before_deleting(session, session.shell.transform_cell(code))


def _after_cell(result: Any) -> None:  # noqa: ANN401
    session = current()
    session.seen.update(session.main)
    error = result.error_before_exec or result.error_in_exec
    if error is not None:
        write_json(session.out / "error.json", {**_describe_error(session, error), "seen": what_was_seen(session)})
    for metric in session.plan.get("metrics", ()):
        if metric["cell"] != session.cell or metric.get("variable") not in session.main:
            continue
        if "kind" not in metric:
            session.metrics.update(_numbers(metric["name"], session.main[metric["variable"]]))
        elif (found := curve(metric, session.main)) is not None:
            session.curves[metric["name"]] = found
    session.position += 1
    if session.cell is not None:
        session.shell.execution_count = session.cell + 1


def what_was_seen(session: Session) -> dict[str, Any]:
    """What the code of each cell did that it need not show, as data for the record: names asked for, files opened."""
    return {
        "asked": session.asked,
        "unloadable": session.unloadable,
        "damaged": session.damaged,
        "sources": {str(cell): digest for cell, digest in session.sources.items()},
        "files": {str(cell): found for cell, found in session.files.items()},
    }


def note_file(touch: Touch) -> None:
    """The running cell, or a definition that is replayed, touches a file."""
    session = current()
    session.facts.touched(touch)
    if session.runs and session.cell is not None:
        found = session.files.setdefault(session.cell, {})
        found[touch.path] = found.get(touch.path, False) or touch.written


def _before_deleting(session: Session, source: str) -> None:
    """A `del` asks for no name that is missing, so it is asked for here. Once deleted, it isn't fetched again."""
    try:
        names = [item for item in ast.walk(ast.parse(source)) if isinstance(item, ast.Name)]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return  # the cell itself will say what is wrong with it
    stored = {item.id for item in names if isinstance(item.ctx, ast.Store)}
    deleted = {item.id for item in names if isinstance(item.ctx, ast.Del)}
    asked = session.main["__builtins__"]
    for name in sorted(deleted - stored - session.main.keys()):
        if isinstance(asked, StepBuiltins):
            asked.fetch(name)
    session.seen |= deleted


def _describe_error(session: Session, error: BaseException) -> dict[str, Any]:
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


def private(path: str, flags: int) -> int:
    """For `open`: a new file is its owner's alone, whatever the umask says."""
    return os.open(path, flags, 0o600)


def write_json(path: Path, content: object) -> None:
    """Write a record durably, whole or not at all. Raises OSError."""
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        with open(temporary, "w", encoding="utf-8", opener=private) as file:  # pathlib has no opener
            json.dump(content, file, sort_keys=True, ensure_ascii=False)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
