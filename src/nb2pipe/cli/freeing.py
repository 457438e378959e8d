"""The command that frees room: gc."""

from __future__ import annotations

import re
from pathlib import Path

import click

from nb2pipe import api
from nb2pipe.cli.crossing import size
from nb2pipe.cli.history import given, place_option

_SIZE = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,6})?)([kKMGT]?)(i?)B?")
_POWERS = {"": 0, "k": 1, "K": 1, "M": 2, "G": 3, "T": 4}


def _bytes(_context: click.Context, _option: click.Parameter, value: str | None) -> int | None:
    """`500M`, `5G`, `1.5GiB` as a number: as in the tag `memory:`, but B may follow."""
    if value is None:
        return None
    found = _SIZE.fullmatch(value.strip())
    if found is None:
        raise click.BadParameter(f"{value[:40]!r} is no size; write it like 500M, 5G or 1.5GiB")
    return int(float(found[1]) * (1024 if found[3] else 1000) ** _POWERS[found[2]])


@click.command(short_help="Free the room of old runs and of what nothing needs.")
@place_option
@click.option(
    "--keep-runs",
    type=click.IntRange(min=1),
    metavar="N",
    help="Keep the newest N runs of each notebook, and N results of each step, for later runs.",
)
@click.option("--max-size", callback=_bytes, metavar="SIZE", help="Remove the oldest until all fits, such as 5G.")
@click.option("--dry-run", is_flag=True, help="Say what would be removed.")
def gc(place: Path | None, keep_runs: int | None, max_size: int | None, *, dry_run: bool) -> None:
    """Free the room of what nothing needs any more: values that no run and no kept result names, and what killed
    processes left. With --keep-runs or --max-size also of old runs and results.

    The latest successful run of each notebook and the newest result of each step always stay.

    \b
    nb2pipe gc
    nb2pipe gc --keep-runs 5
    nb2pipe gc --max-size 5G --dry-run
    """
    found = api.collect(given(place), keep_runs=keep_runs, max_bytes=max_size, dry_run=dry_run)
    would = "would be " if dry_run else ""
    for run_id in found.runs:
        click.echo(f"run {run_id} {would or 'was '}removed")
    what = [
        _counted(len(found.runs), "run"),
        _counted(found.records, "result of a step", "results of steps"),
        _counted(found.objects, "stored value or file", "stored values and files"),
        _counted(found.leftovers, "leftover of killed processes", "leftovers of killed processes"),
    ]
    shown = ", ".join(filter(None, what))
    click.echo(f"{size(found.freed_bytes)} {would}freed: {shown}" if shown else "there is nothing to free")
    left = _counted(found.kept_runs, "run") or "no run"
    click.echo(f"{size(found.kept_bytes)} {'would ' if dry_run else ''}stay, with {left}")
    if max_size is not None and found.kept_bytes > max_size:
        click.echo(
            f"that is more than {size(max_size)}: the latest successful run of each notebook and the newest result "
            "of each step are never removed",
            err=True,
        )


def _counted(number: int, one: str, more: str | None = None) -> str:
    return f"{number} {one if number == 1 else more or one + 's'}" if number else ""
