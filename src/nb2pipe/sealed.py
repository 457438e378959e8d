"""A notebook and what is asked in; out, a run whose steps are all fresh, if a seal says so: no analysis, no kernel.

It writes what a run that compares everything writes, from the record of the last one that did (see `seal`): only the
id, the times and the process are its own. Whatever is not as the seal says, or can't be written, is left to the run
that compares everything.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from nb2pipe import __file__ as program
from nb2pipe import keys, seal, wire
from nb2pipe.asked import Asked
from nb2pipe.files import write_atomic
from nb2pipe.layout import RootDir, RunDir
from nb2pipe.locks import open_lock, shared, try_lock
from nb2pipe.model import Diagnostic, Json, Run, RunEvent
from nb2pipe.records import dataclass
from nb2pipe.runs import store
from nb2pipe.runs.events import Reduction

_MADE = ("request.json", "pipeline.json", "events.jsonl", "merged.ipynb")  # in the run's directory


class SealedRun:
    """A run that was over when it began. It is followed like any other, see `running.LocalPipelineRun`."""

    def __init__(self, run: RunDir, events: Sequence[RunEvent], diagnostics: tuple[Diagnostic, ...]) -> None:
        self.id = run.id
        self.merged = run.merged
        self.diagnostics = diagnostics
        self._told = Reduction()
        self._events = events

    @property
    def record(self) -> Run | None:
        """The run as the events so far tell; None before the first."""
        return self._told.run

    def events(self) -> Iterator[RunEvent]:
        """All events to the last."""
        for event in self._events:
            self._told.add(event)
            yield event

    def again(self) -> None:
        """It did not fail: no run goes on in its place."""

    def cancel(self, by: str) -> None:
        """Nothing is under way."""

    def forwarding_signals(self) -> contextlib.AbstractContextManager[None]:
        """Nothing is under way that a signal would have to stop."""
        return contextlib.nullcontext()


@dataclass(frozen=True)
class Before:
    """What was asked, and how things were before the notebook was read."""

    asked: str
    facts: Mapping[str, Mapping[str, Json]]
    began_ns: int


def before(source: Path, asked: Asked) -> Before | None:
    """To be had before a run is planned, and given to `keep`; None for a run that leaves no seal."""
    if not _is_plain(asked):
        return None
    began_ns = time.time_ns()
    return Before(_what(source, asked), seal.ask(_outside(source, asked)), began_ns)


def keep(
    source: Path,
    asked: Asked,
    known: Before,
    run: RunDir,
    *,
    facts: seal.Facts,
    variables: Sequence[str],
    beside: Sequence[str],
    diagnostics: Sequence[Diagnostic],
) -> None:
    """Seal a run that compared everything and found all fresh, and whose record is written. Raises nothing of its own.

    `facts` and `variables` are what its target went by, `beside` the files that analysis looked for in the folder.
    """
    folder = Path(os.path.abspath(source)).parent  # noqa: PTH100  # as analysis sees it: links are not followed
    try:
        all_facts = {**facts, **seal.ask(_outside(source, asked))}
        if any(all_facts[kind] != found for kind, found in known.facts.items()):
            return
        looked = seal.ask({"beside": [str(folder / path) for path in beside]})["beside"]
        all_facts["entries"] = {**facts.get("entries", {}), **seal.ask({"entries": seal.sites()})["entries"]}
        all_facts["beside"] = {**facts.get("beside", {}), **looked}
        if not seal.settled(all_facts, known.began_ns):
            return
        made = {name: (run.path / name).read_bytes() for name in _MADE}
        places = [found.start() for found in re.finditer(run.id.encode(), made["merged.ipynb"])]
        key = keys.user_key()
        content: dict[str, Json] = {
            "asked": known.asked,
            "facts": cast("Json", all_facts),
            "variables": list(variables),
            "environment": seal.environment(key, variables),
            "run": run.id,
            "made": {name: hashlib.sha256(data).hexdigest() for name, data in made.items()},
            "places": cast("Json", places),
            "diagnostics": [wire.encode(item) for item in diagnostics],
        }
        if len(places) == 1:
            seal.write(seal.path_of(run.root, _place(source)), content, key)
    except (OSError, ValueError):
        return  # a help only


def run(source: Path, asked: Asked) -> SealedRun | None:
    """The run, its record written; None if all has to be compared, or something is not to be had here."""
    if not _is_plain(asked):
        return None
    root = RootDir((asked.run_dir or store.default_root(source)).resolve())
    try:
        path = seal.path_of(root, _place(source))
        if not path.is_file():
            return None
        key = keys.user_key()
        with shared(root.in_use):
            lock = open_lock(root.lock(_place(source)))
            try:
                if not try_lock(lock, f"process {os.getpid()}, which finds nothing to run"):
                    return None
                found = seal.read(path, key)
                if found is None or not _holds(found, source, asked, key):
                    return None
                return _made(root, found, asked)
            finally:
                os.close(lock)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _holds(found: Mapping[str, Any], source: Path, asked: Asked, key: bytes) -> bool:
    return (
        found["asked"] == _what(source, asked)
        and found["environment"] == seal.environment(key, found["variables"])
        and seal.holds(found["facts"])
        and _may_write(source, asked.output)
    )


def _made(root: RootDir, found: Mapping[str, Any], asked: Asked) -> SealedRun | None:
    """Write the record of a run like the one that left the seal. Raises OSError, ValueError: then there is none."""
    model = root.run(found["run"])
    made = {name: (model.path / name).read_bytes() for name in _MADE}
    if any(hashlib.sha256(data).hexdigest() != found["made"][name] for name, data in made.items()):
        return None
    diagnostics = tuple(wire.read(Diagnostic, item) for item in found["diagnostics"])
    jobs = max(1, asked.jobs or os.cpu_count() or 1)
    run = store.create(root.path)
    try:
        request = _request(made["request.json"], run.id, jobs)
        merged = made["merged.ipynb"]
        for place in found["places"]:
            merged = merged[:place] + run.id.encode() + merged[place + len(run.id) :]
        lines = _events(made["events.jsonl"], run.id, jobs)
        events = [cast("RunEvent", wire.decode(RunEvent, line)) for line in lines]
        text = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)
        write_atomic(run.pipeline, made["pipeline.json"], durable=False)
        write_atomic(run.request, request)
        write_atomic(run.merged, merged)
        write_atomic(run.events, text.encode("ascii"))
        if asked.output is not None:
            write_atomic(asked.output, merged)
    except BaseException:
        import shutil  # as good as never

        shutil.rmtree(run.path, ignore_errors=True)
        raise
    return SealedRun(run, events, diagnostics)


def _request(content: bytes, run_id: str, jobs: int) -> bytes:
    """A request with another run's id. In this form of JSON a line begins so for the outermost fields alone."""
    lines = [
        line for line in content.split(b"\n") if not line.startswith((b'  "run": ', b'  "sockets": ', b'  "jobs": '))
    ]
    own = {"run": run_id, "sockets": os.urandom(16).hex(), **({"jobs": jobs} if jobs > 1 else {})}
    lines[1:1] = [f'  "{name}": {json.dumps(value)},'.encode() for name, value in own.items()]
    return b"\n".join(lines)


def _events(content: bytes, run_id: str, jobs: int) -> list[dict[str, Any]]:
    at = datetime.now(UTC).isoformat()
    found = [{**json.loads(line), "at": at} for line in content.splitlines()]
    found[0] |= {"run": run_id, "jobs": jobs, "pid": os.getpid()}
    return found


def _is_plain(asked: Asked) -> bool:
    """True for a run that takes what it can. A pipe can be read once only: what is in it is not looked at here."""
    file = asked.parameters_file
    special = asked.isolated or asked.force or asked.only or asked.since is not None
    return not special and (file is None or file.is_file())


def _what(source: Path, asked: Asked) -> str:
    """What decides of a run's plan besides what is looked at. The number of jobs does not."""
    file = asked.parameters_file
    what: dict[str, Json] = {
        "notebook": str(source),
        "folder": str(_place(source).parent),
        "parameters": dict(asked.parameters),
        "values": dict(asked.values),
        "file": None if file is None else os.path.abspath(file),  # noqa: PTH100
        "kernel": asked.kernel,
        "safe": asked.safe,
    }
    return json.dumps(what)


def _outside(source: Path, asked: Asked) -> dict[str, list[str]]:
    """The questions that are asked before and after: what is read to plan."""
    root = RootDir((asked.run_dir or store.default_root(source)).resolve())
    contents = [str(_place(source)), str(root.learned(_place(source)))]
    if asked.parameters_file is not None:
        contents.append(os.path.abspath(asked.parameters_file))  # noqa: PTH100
    return {
        "program": [os.path.dirname(os.path.abspath(program))],  # noqa: PTH100, PTH120
        "content": contents,
        "tables": seal.tables_above(_place(source).parent),
    }


def _place(source: Path) -> Path:
    return source.resolve()


def _may_write(source: Path, output: Path | None) -> bool:
    """As `running` asks before a run, which also says why not."""
    if output is None:
        return True
    if output.exists() and output.resolve() == source.resolve():
        return False
    return not output.is_dir() and output.resolve().parent.is_dir()
