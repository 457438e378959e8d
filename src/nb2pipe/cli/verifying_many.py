"""`nb2pipe verify --folder`: a folder of notebooks in; a line for each, a page for each, and the rate out.

Each notebook is verified by a process of its own (`nb2pipe verify NOTEBOOK --json`): none can harm another.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import click

from nb2pipe import api
from nb2pipe.cli import show
from nb2pipe.cli.app import emit_json
from nb2pipe.cli.verifying import OUTCOME_STYLES, counts_text, write_page
from nb2pipe.errors import BadInput, RunFailed, many
from nb2pipe.processes import die_with_parent, prepare_death_signal
from nb2pipe.verify.verdicts import FolderRow, Outcome, Verdict, counted

_LEFT_OUT = frozenset({".nb2pipe", ".ipynb_checkpoints", ".git", ".venv", "node_modules", "__pycache__"})


def verify_folder(folder: Path, page: Path | None, options: Sequence[str], jobs: int, *, as_json: bool) -> int:
    """Verify all notebooks below `folder`, `jobs` at a time. `page`: the index of the reports."""
    notebooks = list(_notebooks(folder))
    if not notebooks:
        raise BadInput.of("N2P615", f"there is no notebook in {folder}", hint="give a folder with .ipynb files in it")
    index = page or folder / ".nb2pipe" / "verify" / "index.html"
    rows: list[FolderRow] = []
    with ThreadPoolExecutor(jobs) as pool:
        verifying = {pool.submit(_verify, path, folder, index.parent, options): path for path in notebooks}
        try:
            for done in as_completed(verifying):
                rows.append(done.result())
                if not as_json:
                    click.echo(_line(rows[-1]), color=show.colours_wanted())
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    rows.sort(key=lambda row: row.name)
    write_page(index, api.verification_index(rows))
    if as_json:
        emit_json({"schema": 1, "notebooks": rows})
    else:
        click.echo(_rate(rows))
        click.echo(f"report: {show.near(index)}")
    outcomes = {row.outcome for row in rows}
    if outcomes <= {Outcome.SAME}:
        return 0
    return BadInput.exit_code if outcomes <= {Outcome.SAME, Outcome.REFUSED} else RunFailed.exit_code


def _notebooks(folder: Path) -> Iterator[Path]:
    if not folder.is_dir():
        raise BadInput.of("N2P615", f"{folder} is no folder", hint="give the folder that the notebooks are in")
    for here, names, files in os.walk(folder):
        names[:] = sorted(name for name in names if name not in _LEFT_OUT)
        yield from (Path(here) / name for name in sorted(files) if name.endswith(".ipynb"))


def _verify(path: Path, folder: Path, pages: Path, options: Sequence[str]) -> FolderRow:
    name = path.relative_to(folder).as_posix()
    link = f"{name}.html"  # never `index.html`, and another for each
    prepare_death_signal()
    parent = os.getpid()
    started = time.monotonic()
    command = [sys.executable, "-P", "-m", "nb2pipe", "verify", str(path), "--json", "--html", str(pages / link)]
    done = subprocess.run(  # noqa: S603  # our own module, no shell
        [*command, "--jobs", "1", *options],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        preexec_fn=lambda: die_with_parent(parent, 15),
    )
    return _row(name, link, done, time.monotonic() - started)


def _row(name: str, link: str, done: subprocess.CompletedProcess[bytes], seconds: float) -> FolderRow:
    try:
        found: Mapping[str, Any] = json.loads(done.stdout)
        verdicts = [Verdict(cell["verdict"]) for cell in found["cells"]] if "cells" in found else []
        others = [Verdict(item["verdict"]) for key in ("variables", "files") for item in found.get(key, ())]
        differing = counted(others)[Verdict.DIFFERS]
        problem = str(found.get("problem", "")) or (_differing(differing) if differing else "")
        return FolderRow(name, Outcome(found["outcome"]), counted(verdicts), seconds, link, problem)
    except (ValueError, KeyError, TypeError):
        last = done.stderr.decode(errors="replace").strip().partition("\n")[0]
        outcome = Outcome.REFUSED if done.returncode == BadInput.exit_code else Outcome.STOPPED
        return FolderRow(name, outcome, counted(()), seconds, "", last or f"exit code {done.returncode}")


def _differing(number: int) -> str:
    return f"{number} variables and files differ" if number > 1 else "1 variable or file differs"


def _line(row: FolderRow) -> str:
    word = click.style(row.outcome.value.ljust(8), fg=OUTCOME_STYLES[row.outcome])
    counts = counts_text(row.counts)  # none with --state
    detail = show.one_line(row.problem) or (f"cells: {counts}" if counts else "")
    return f"{word} {show.seconds(row.seconds):>8}  {show.one_line(row.name)}  {detail[:120]}".rstrip()


def _rate(rows: Sequence[FolderRow]) -> str:
    numbers = {outcome: sum(row.outcome is outcome for row in rows) for outcome in Outcome}
    told = ", ".join(f"{number} {outcome.value}" for outcome, number in numbers.items() if number)
    ran = len(rows) - numbers[Outcome.FAILS]
    share = (
        f"{numbers[Outcome.SAME] / ran:.1%} of the {ran} that are not known to fail by themselves are the same"
        if ran
        else ""
    )
    return f"{many(len(rows), 'notebook')}: {told}" + (f"; {share}" if share else "")
