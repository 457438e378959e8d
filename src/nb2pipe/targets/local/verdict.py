"""The facts of a step's end in; out, why it failed, in words for people, or None."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from typing import Any

from nb2pipe.layout import StepDir
from nb2pipe.model import Pipeline, Step, StepError
from nb2pipe.processes import signal_name
from nb2pipe.records import dataclass
from nb2pipe.targets.local.request import Outcome
from nb2pipe.targets.local.stored import AMBIENT, Outputs, bypassing, readers

OURS = frozenset({"about", "begin", "load", "end"})  # roles of a step notebook's cells that hold no user code

_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_CELL_LINE = re.compile(r"Cell In\s?\[\d+\], line (\d+)")
_LACKING = re.compile(r"No module named '?([A-Za-z0-9_.]+)'?")
_LONGEST = 300
_LESS = "use less at a time, or a larger machine; fewer `--jobs` leave more for each"
_NO_MEMORY = frozenset({"MemoryError", "_ArrayMemoryError", "ArrowMemoryError", "OutOfMemoryError"})
_MUCH = 0.5  # of the memory: a kernel killed above that was hardly killed by a person


@dataclass(frozen=True)
class Ending:
    """What the supervisor saw of a step's end, besides the runner's own account (`outcome`, None if there is none)."""

    outcome: Outcome | None
    worker_exit: int = 0
    timed_out: bool = False
    cell: int | None = None
    log: str = ""
    python: str = ""


def judge(step: Step, ending: Ending, files: StepDir) -> StepError | None:
    """Why the notebook did not come to its end; None if every cell ran."""
    outcome = ending.outcome
    if ending.timed_out:
        return _timeout(step, ending)
    if outcome is None:
        return _worker_died(step, ending)
    match outcome.kind:
        case "completed":
            return None
        case "error":
            return _raised(step, outcome, files)
        case "dead":
            return _dead(step, outcome, ending.cell)
        case "start":
            return _no_start(step, outcome, ending)
        case "store":
            return not_saved(step, files, outcome.evalue)
        case _:
            message = f"step `{step.name}`: nb2pipe failed: {_one_line(outcome.evalue)}"
            return StepError("error", message, ending.cell, hint=f"please report it; details: {files.log}")


def not_saved(step: Step, files: StepDir, reason: str) -> StepError:
    """For a step whose cells all ran and whose values are not safely on disk."""
    message = f"step `{step.name}`: its values are not safely stored: {reason}"
    return StepError("store", message, hint=f"look at the disk of {files.path}: is it full or read-only?")


def unstorable(pipeline: Pipeline, step: Step, outputs: Outputs) -> StepError | None:
    """For a step that could not store what a later one needs; None if nobody needs it."""
    for variable, why in sorted(outputs.failed.items()):
        needing = readers(pipeline, step.id, variable, soft=False)
        if needing:
            names = ", ".join(f"`{item.name}`" for item in needing)
            where = next(need.written for item in needing for need in item.needs if need.variable == variable)
            hint = (
                f"make `{variable}` anew in {names}, or put the cells that make and use it into one step, "
                f"or pass on what it is made from"
            )
            message = (
                f"step `{step.name}`: `{variable}` ({why.type}) can't be stored: {_one_line(why.reason)}; "
                f"needed by {names}"
            )
            own = where.cell if where.cell in step.cells else None
            return StepError("value", message, own, where.line if own is not None else None, hint=hint)
    return None


def unforeseen(pipeline: Pipeline, step: Step, outputs: Outputs) -> StepError | None:
    """For a step that did more to a variable than the plan foresaw, which a later step gets as it was."""
    changed = {variable: "changed" for variable, certain in outputs.changed.items() if certain}
    planned = {*step.outputs, *step.deletes}
    known = {*planned, *outputs.changed, *outputs.doubtful}
    known |= set(outputs.shared)  # `serial` looks at what becomes of these copies
    bound = {name: "bound" for name in (*outputs.variables, *outputs.failed) if name not in known}
    deleted = {name: "deleted" for name in outputs.deleted if name not in planned}
    for variable, did in sorted({**changed, **bound, **deleted}.items()):
        later = bypassing(pipeline, step, variable)
        if later:
            return _passed_by(step, variable, did, ", ".join(f"`{item.name}`" for item in later))
    return None


def fetched(step: Step, outputs: Outputs, names: Mapping[str, str]) -> list[str]:
    """A warning for each variable that the step read without the plan's knowledge. `names`: of the steps, by id."""
    return [
        f"step `{step.name}` read `{variable}`, which its code does not show: fetched from "
        f"{f'step `{names[asked.step]}`' if asked.step else 'the definitions'}; "
        f"`# nb2pipe: needs {variable}` tells it beforehand"
        for variable, asked in sorted(outputs.asked.items())
        if asked.step is not None
    ]


def _passed_by(step: Step, variable: str, did: str, names: str) -> StepError:
    how = {"changed": f"changed `{variable}` in place", "bound": f"bound `{variable}` anew"}.get(
        did, f"deleted `{variable}`"
    )
    message = f"step `{step.name}` {how}, which its code does not show; {names} would get the value from before"
    if did == "deleted":
        return StepError("value", message, hint=f"delete it where it can be seen: `del {variable}`")
    hint = (
        f"write `# nb2pipe: updates {variable}` on the line of `{step.name}` that does it, "
        f"or assign it there (`{variable} = {variable}`): then {names} takes it from there"
    )
    return StepError("value", message, hint=hint)


def doubtful(pipeline: Pipeline, step: Step, outputs: Outputs) -> list[str]:
    """A warning for each value that the step perhaps changed, and that a later step gets as it was."""
    return [
        f"step `{step.name}` may have changed `{variable}` in place: {', '.join(f'`{item.name}`' for item in later)} "
        f"gets it as it was before; if the change matters, write `# nb2pipe: updates {variable}` on its line, "
        f"or assign it there (`{variable} = {variable}`)"
        for variable, certain in sorted(outputs.changed.items())
        if not certain and (later := bypassing(pipeline, step, variable))
    ]


def not_stored(pipeline: Pipeline, step: Step, outputs: Outputs) -> list[str]:
    """A warning for each value that could not be stored, and that a later step perhaps reads."""
    found = []
    for variable, why in sorted(outputs.failed.items()):
        later = readers(pipeline, step.id, variable, soft=True)
        if later:
            names = ", ".join(f"`{reader.name}`" for reader in later)
            found.append(f"`{variable}` ({why.type}) can't be stored: {why.reason}; {names} will not have it")
    return found


def holds_secret(step: Step, variables: list[str]) -> StepError:
    """For a step that would have left a secret's value on the disk."""
    shown = ("an environment variable that it set" if name.startswith(AMBIENT) else f"`{name}`" for name in variables)
    message = f"step `{step.name}`: {', '.join(shown)} holds the value of a secret, which is never written down"
    hint = "read it from `os.environ` in each step that needs it, under its own name, and `del` it before the step ends"
    return StepError("value", message, hint=hint)


def _raised(step: Step, outcome: Outcome, files: StepDir) -> StepError:
    if outcome.role in OURS:
        return _own_cell(step, outcome)
    place = _place(files)
    cell = place.get("cell", outcome.cell)
    line = place.get("line") or _last_line(outcome.traceback)
    where = f"cell {cell + 1}" if isinstance(cell, int) else "a cell"
    if isinstance(line, int):
        where += f" line {line}"
    if outcome.ename == "SystemExit":
        message = f"step `{step.name}` ended early in {where}: SystemExit({_one_line(outcome.evalue)})"
        hint = "a step is done when its last cell is; take the exit out, or put what follows under an `if`"
        return StepError("exit", message, cell, line, hint=hint)
    reason = f"{outcome.ename}: {_one_line(outcome.evalue)}" if outcome.evalue else outcome.ename
    if outcome.ename == "StepProblem":
        reason = _one_line(outcome.evalue)
    starved = outcome.starved or outcome.ename in _NO_MEMORY
    message = f"step `{step.name}` failed in {where}: {reason}"
    return StepError("error", message, cell, line, outcome.traceback, hint=_out_of_memory(outcome) if starved else None)


def _own_cell(step: Step, outcome: Outcome) -> StepError:
    """begin, load or end failed: what the user gets is the reason, not a traceback of ours."""
    lacking = _LACKING.search(outcome.evalue)
    if outcome.ename in {"ModuleNotFoundError", "ImportError"} and lacking:
        message = f"step `{step.name}`: the kernel's environment lacks {lacking[1]}"
        return StepError("start", message, hint=f"install {lacking[1]} there")
    cause = "store" if outcome.role == "end" else "value" if outcome.role == "load" else "start"
    reason = outcome.evalue if outcome.ename == "StepProblem" else f"{outcome.ename}: {outcome.evalue}"
    return StepError(cause, f"step `{step.name}`: {_one_line(reason)}")


def _dead(step: Step, outcome: Outcome, cell: int | None) -> StepError:
    cell = outcome.cell if outcome.cell is not None else cell
    where = f" in cell {cell + 1}" if cell is not None else ""
    code = outcome.exit_code
    if code is not None and code < 0:
        hint = _out_of_memory(outcome) if signal_name(-code) == "SIGKILL" else None
        why = ": memory ran out" if outcome.starved else ""
        message = f"step `{step.name}`: its kernel was killed by {signal_name(-code)}{where}{why}"
        return StepError("killed", message, cell, hint=hint)
    told = "" if code is None else f" with exit code {code}"
    message = f"step `{step.name}`: its kernel ended by itself{told}{where}"
    hint = "look for os._exit(), exit() or quit(); a step is done when its last cell is"
    return StepError("exit", message, cell, hint=hint)


def _out_of_memory(outcome: Outcome) -> str:
    """What to do about it, and how sure it is."""
    had = f"it had had up to {outcome.peak_bytes / 2**30:.1f} of {outcome.memory_bytes / 2**30:.1f} GiB"
    if outcome.starved:
        return f"the system killed a process of it, as memory ran out: {had}; {_LESS}"
    if outcome.ename:  # Python said so
        return f"memory ran out: {had}; {_LESS}"
    if outcome.peak_bytes > outcome.memory_bytes * _MUCH:
        return f"most likely memory ran out: {had}; {_LESS}"
    return f"the system does this when memory runs out ({had}); else somebody killed it"


def _no_start(step: Step, outcome: Outcome, ending: Ending) -> StepError:
    lacking = _LACKING.search(ending.log)
    if lacking:
        package = lacking[1].partition(".")[0].replace("ipykernel_launcher", "ipykernel")
        message = f"step `{step.name}`: its kernel did not start: its environment lacks {package}"
        return StepError("start", message, hint=f"run: {ending.python or sys.executable} -m pip install {package}")
    last = ending.log.strip().rpartition("\n")[2]
    reason = _one_line(last or outcome.evalue)
    return StepError("start", f"step `{step.name}`: its kernel did not start: {reason}", traceback=ending.log)


_BESIDE = {
    "begin": "; it was about to begin",
    "load": "; its inputs were being loaded",
    "end": "; its values were being stored",
}


def _timeout(step: Step, ending: Ending) -> StepError:
    limit = step.options.timeout_s or 0.0
    role = ending.outcome.role if ending.outcome else ""
    where = f"; it was in cell {ending.cell + 1}" if ending.cell is not None else _BESIDE.get(role, "")
    message = f"step `{step.name}` ran longer than its `timeout:` of {_duration(limit)}{where}"
    traceback = ending.outcome.traceback if ending.outcome and role not in _BESIDE else ""  # none of ours
    return StepError("timeout", message, ending.cell, traceback=traceback, hint="give it a longer `timeout:`")


def _worker_died(step: Step, ending: Ending) -> StepError:
    code = ending.worker_exit
    how = f"was killed by {signal_name(-code)}" if code < 0 else f"ended with exit code {code}"
    where = f" in cell {ending.cell + 1}" if ending.cell is not None else ""
    return StepError("killed", f"step `{step.name}`: the process that ran it {how}{where}", ending.cell)


def _place(files: StepDir) -> dict[str, Any]:
    """Where the runtime saw the error; empty if it saw none, or nb2pipe can't read it."""
    try:
        found = json.loads(files.error.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _last_line(traceback: str) -> int | None:
    found = _CELL_LINE.findall(_ANSI.sub("", traceback))
    return int(found[-1]) if found else None


def _one_line(text: str) -> str:
    line = _ANSI.sub("", text).strip().partition("\n")[0]
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


def _duration(seconds: float) -> str:
    for size, unit in ((3600, "h"), (60, "m")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:.0f}{unit}"
    return f"{seconds:g}s"
