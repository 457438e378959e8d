"""Old runs, records and objects go; what is left never names what is gone, whenever the collector is killed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from nb2pipe import blobs, wire
from nb2pipe.errors import BadInput, EnvironmentProblem
from nb2pipe.files import write_atomic
from nb2pipe.journal import Journal
from nb2pipe.layout import RootDir
from nb2pipe.locks import shared
from nb2pipe.model import RunFinished, RunStarted, RunState
from nb2pipe.processes import identify
from nb2pipe.runs import store
from nb2pipe.runs.collecting import Collected, collect, remove, to_remove, unnamed
from nb2pipe.runs.inventory import Inventory, Record

S, F = RunState.SUCCEEDED, RunState.FAILED


# --- what goes ---------------------------------------------------------------------------------------------------------


def run_of(
    day: int, objects: str = "", *, ok: bool = True, notebook: str = "n", size: int = 10, goes_on: bool = False
) -> Record:
    """A run of that day; each letter is an object."""
    path = Path(f"runs/{day}")
    return Record(path, f"{day}", notebook, size, frozenset(objects), ok, is_run=True, goes_on=goes_on)


def result_of(day: int, objects: str = "", *, step: str = "s", size: int = 1) -> Record:
    """What is kept of a step."""
    return Record(Path(f"steps/{step}/{day}.json"), f"{day}", step, size, frozenset(objects))


@pytest.mark.parametrize(
    ("records", "keep_runs", "max_bytes", "gone", "lost"),
    [
        # nothing is asked for: only what nothing names
        ([run_of(1, "a"), run_of(2, "b")], None, None, [], "c"),
        ([], None, None, [], "abc"),
        # a number of runs, for each notebook
        ([run_of(1, "a"), run_of(2, "ab"), run_of(3, "c")], 2, None, ["runs/1"], ""),
        ([run_of(1, "a"), run_of(2, "b"), run_of(3, "c")], 1, None, ["runs/1", "runs/2"], "ab"),
        ([run_of(1, "a"), run_of(2, "b", notebook="m"), run_of(3, "c")], 1, None, ["runs/1"], "a"),
        # the latest successful one stays, beside the newest
        ([run_of(1, "a"), run_of(2, "b", ok=False), run_of(3, "c", ok=False)], 1, None, ["runs/2"], "b"),
        ([run_of(1, "a"), run_of(2, "b"), run_of(3, "c", ok=False)], 1, None, ["runs/1"], "a"),
        # one that goes on on a cluster stays, whatever is asked for; once it has ended it goes as others do
        ([run_of(1, "a", ok=False, goes_on=True), run_of(2, "b"), run_of(3, "c")], 1, 0, ["runs/2"], "b"),
        ([run_of(1, "a", ok=False), run_of(2, "b"), run_of(3, "c")], 1, 0, ["runs/1", "runs/2"], "ab"),
        # of each step as many results
        ([result_of(1, "a"), result_of(2, "b"), result_of(1, "c", step="t")], 1, None, ["steps/s/1.json"], "a"),
        ([result_of(1, "a"), run_of(2, "b"), result_of(3, "c")], 1, None, ["steps/s/1.json"], "a"),
        # a size: the oldest first, and no more than it takes. An object counts until the last that names it goes
        ([run_of(1, "a"), run_of(2, "b"), run_of(3, "c")], None, 330, [], ""),
        ([run_of(1, "a"), run_of(2, "b"), run_of(3, "c")], None, 329, ["runs/1"], "a"),
        ([run_of(1, "a"), run_of(2, "a"), run_of(3, "bc")], None, 320, ["runs/1"], ""),
        ([run_of(1, "a"), run_of(2, "a"), run_of(3, "bc")], None, 319, ["runs/1", "runs/2"], "a"),
        ([run_of(1, "a"), result_of(1, "a"), result_of(4, "b"), run_of(3, "c")], None, 220, ["runs/1", "steps/s/1.json"], "a"),
        # a step's newest result is old, as nothing changed since: it is what the next run takes
        ([result_of(1, "a"), run_of(2, "b"), run_of(3, "c")], None, 230, ["runs/2"], "b"),
        # what has to stay is more than that
        ([run_of(1, "abc"), run_of(2, ok=False), run_of(3, ok=False)], None, 0, ["runs/2", "runs/3"], ""),
        # both
        ([run_of(1, "a"), run_of(2, "b"), run_of(3, "c")], 2, 0, ["runs/1", "runs/2"], "ab"),
    ],
)  # fmt: skip
def test_what_goes(
    records: Sequence[Record], keep_runs: int | None, max_bytes: int | None, gone: Sequence[str], lost: str
) -> None:
    found = Inventory(tuple(records), dict.fromkeys("abc", 100), {})
    leaving = to_remove(found, keep_runs, max_bytes)
    assert sorted(str(item.path) for item in leaving) == list(gone)
    assert "".join(unnamed(found, leaving)) == lost


# --- on the disk -------------------------------------------------------------------------------------------------------


class Place:
    """A `.nb2pipe/` with runs of one step, as they are written by runs."""

    def __init__(self, path: Path) -> None:
        self.root = RootDir(path)
        self.number = 0

    def object(self, text: str) -> str:
        return blobs.put(self.root, text.encode())

    def run(self, *texts: str, state: RunState | None = S, alive: bool = False) -> str:
        """A run that stored these, and the step's result of it; one without a state never began."""
        self.number += 1
        made = store.create(self.root.path, now=NOW.replace(minute=self.number))
        if state is None:
            return made.id
        objects = [self.object(text) for text in texts]
        files = made.step("s")
        files.path.mkdir()
        write_atomic(files.outputs, json.dumps({"values": {name: {"object": name} for name in objects}}).encode())
        journal = Journal(made.events)
        journal.append(RunStarted(NOW, made.id, "n.ipynb", "d", (("s", "s"),), 1, 1))
        if not alive:
            journal.append(RunFinished(NOW, state))
        journal.close()
        if alive:
            write_atomic(made.supervisor, wire.dumps(wire.encode(identify(os.getpid()))).encode())
        return made.id

    def result(self, run_id: str, *texts: str, of: str = "") -> Path:
        """What is kept of the step of a run, made of object `of`."""
        folder = self.root.traces(self.root.path.parent / "n.ipynb", "s")
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{run_id}.json"
        content = {"outputs": [self.object(text) for text in texts], "ingredients": {"input": {"x": of}}}
        path.write_bytes(b"code\n" + json.dumps(content).encode())
        return path

    @property
    def objects(self) -> set[str]:
        return {blobs.read(self.root, path.name).decode() for path in self.root.objects.glob("??/*")}

    def check(self) -> None:
        """Nothing that is there names what is gone."""
        for path in [*self.root.runs.glob("2*/steps/*/*.json"), *self.root.steps.glob("*/*/*.json")]:
            for name in re.findall(r"sha256-[0-9a-f]{64}", path.read_text().partition('"ingredients"')[0]):
                assert self.root.object(name).is_file(), f"{path} names {name}"


NOW = store.started_at("20260504-030000")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / ".nb2pipe")


def test_what_nothing_names_goes_and_nothing_else(place: Place) -> None:
    first, second = place.run("a", "b"), place.run("b", "c")
    place.result(first, "d", of=place.object("ingredient"))
    place.object("nobody's")
    for path in (place.root.objects / ".x.tmp", place.root.run(first).path / ".events.tmp", place.root.path / ".f.tmp"):
        path.write_bytes(b"12345")
    never = place.run(state=None)
    half = place.root.runs / f".gone-{second}"
    half.mkdir()
    (half / "events.jsonl").write_bytes(b"123")
    (place.root.verifications / "old").mkdir(parents=True)
    (place.root.verifications / "old" / "big").write_bytes(bytes(1000))
    before = {path: path.read_bytes() for path in place.root.run(first).path.rglob("*") if path.is_file()}
    del before[place.root.run(first).path / ".events.tmp"]

    told = collect(place.root.path, dry_run=True)
    assert place.objects >= {"nobody's"}, "a dry run removes nothing"
    found = collect(place.root.path)
    assert found == told
    assert (found.runs, found.records, found.objects, found.leftovers, found.kept_runs) == ((), 0, 2, 6, 2)
    assert found.freed_bytes == len("nobody's" + "ingredient") + 15 + 3 + 1000
    assert place.objects == {"a", "b", "c", "d"}
    assert not (place.root.runs / never).exists()
    assert list(place.root.path.rglob("*.tmp")) == []
    assert list(place.root.verifications.iterdir()) == []
    assert {path: path.read_bytes() for path in before} == before
    sizes = sum(path.stat().st_size for path in place.root.path.rglob("*") if path.is_file())
    assert found.kept_bytes == sizes
    assert collect(place.root.path) == Collected((), 0, 0, 0, 0, 2, sizes)


def test_old_runs_and_results_go(place: Place) -> None:
    ids = [place.run(text, state=state) for text, state in zip("abcd", (S, S, F, F), strict=True)]
    for run_id, text in zip(ids, "aefg", strict=True):
        place.result(run_id, text)
    found = collect(place.root.path, keep_runs=1)
    assert found.runs == (ids[0], ids[2])
    assert (found.records, found.kept_runs) == (3, 2)
    assert place.objects == {"b", "d", "g"}
    assert sorted(store.ids(place.root.path)) == [ids[1], ids[3]]
    place.check()


def test_objects_that_only_events_name_stay(place: Place) -> None:
    """A run that was taken whole from earlier ones stores nothing itself."""
    run_id = place.run()
    name = place.object("taken")
    with place.root.run(run_id).events.open("a") as file:
        file.write(json.dumps({"values": {"x": {"object": name}}}) + "\n")
    collect(place.root.path)
    assert place.objects == {"taken"}


def test_a_damaged_run_keeps_what_it_names(place: Place) -> None:
    place.run("good")
    damaged = place.run("bad")
    place.root.run(damaged).events.write_bytes(b"nonsense\n")
    assert collect(place.root.path).objects == 0
    assert collect(place.root.path, keep_runs=1).kept_runs == 2, "of another notebook, for all that is known"
    assert remove(place.root.path, [damaged]) == (damaged,)
    collect(place.root.path)
    assert place.objects == {"good"}


def test_nothing_is_removed_beside_a_run(place: Place) -> None:
    place.object("being written")
    run_id = place.run("a", alive=True)
    with pytest.raises(BadInput, match=f"run {run_id} is under way"):
        collect(place.root.path)
    with pytest.raises(BadInput, match="is under way"):
        remove(place.root.path, [run_id])
    place.root.run(run_id).supervisor.unlink()
    with shared(place.root.in_use), shared(place.root.in_use), pytest.raises(BadInput, match="another nb2pipe"):
        collect(place.root.path)
    assert place.objects == {"a", "being written"}
    collect(place.root.path)
    assert place.objects == {"a"}


def test_runs_are_removed_by_id(place: Place) -> None:
    ids = [place.run("a"), place.run("b"), place.run("c")]
    place.result(ids[0], "d")
    with pytest.raises(BadInput, match="there is no run `1999`"):
        remove(place.root.path, [ids[0], "1999"])
    with pytest.raises(BadInput, match="any of 3 runs"):
        remove(place.root.path, ["2026"])
    assert len(store.ids(place.root.path)) == 3, "all or none"
    assert remove(place.root.path, [ids[0], "latest", ids[0][-8:]]) == (ids[0], ids[2])
    assert store.ids(place.root.path) == [ids[1]]
    collect(place.root.path)
    assert place.objects == {"b", "d"}, "what later runs can take from a step stays"


def test_no_directory_no_work(tmp_path: Path) -> None:
    assert collect(tmp_path / ".nb2pipe").kept_bytes == 0
    assert list(tmp_path.iterdir()) == []


def test_what_can_not_be_read_keeps_all(place: Place) -> None:
    """What it names is not known."""
    path = place.result(place.run("a"), "b")
    place.object("c")
    path.unlink()
    path.mkdir()  # also root can't read this as a file
    with pytest.raises(EnvironmentProblem, match="can't be read"):
        collect(place.root.path)
    assert place.objects == {"a", "b", "c"}


_KILLED = """
import os, sys
from pathlib import Path
from nb2pipe.runs.collecting import collect
left = int(sys.argv[2])
def watch(event, arguments):
    global left
    if event in {"os.remove", "os.rename", "os.rmdir", "shutil.rmtree"}:
        left -= 1
        if left < 0:
            os._exit(9)
sys.addaudithook(watch)
collect(Path(sys.argv[1]), keep_runs=1)
"""


def test_killed_before_any_of_its_operations_it_leaves_nothing_dangling(tmp_path: Path) -> None:
    """And the next one ends the work."""
    for number in range(100):
        place = Place(tmp_path / str(number) / ".nb2pipe")
        for texts in ("ab", "bc", "cd"):
            place.result(place.run(*texts), texts[0], texts)
        place.run(state=None)
        (place.root.objects / ".x.tmp").touch()
        done = subprocess.run([sys.executable, "-c", _KILLED, str(place.root.path), str(number)], check=False)
        place.check()
        collect(place.root.path, keep_runs=1)
        place.check()
        assert place.objects == {"c", "d", "cd"}
        assert len(list(place.root.runs.iterdir())) == 1
        if done.returncode == 0:
            assert number > 20
            return
        assert done.returncode == 9
    raise AssertionError("it never came to its end")
