"""Verifications of notebooks in real kernels: what is the same, what differs, where it comes apart."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from nb2pipe import api
from nb2pipe import notebook as reading
from nb2pipe.config import Limits
from nb2pipe.model import RunFinished, RunState
from nb2pipe.observing import Laboratory, Settings
from nb2pipe.verify.normal import normal
from nb2pipe.verify.verdicts import Outcome, Verdict, Verification
from nb2pipe.verifying import Asked

pytestmark = pytest.mark.kernel

Write: TypeAlias = Callable[..., Path]

SAME, DIFFERS, RANDOM, NOT_RUN, CLOSED = (
    Verdict.SAME, Verdict.DIFFERS, Verdict.NONDETERMINISTIC, Verdict.NOT_RUN, Verdict.NOT_COMPARED,
)  # fmt: skip

FORGETFUL = "from forgetful import Forgetful\nit = Forgetful(3)\nit.notes['k'] = 1"


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A library whose class leaves out when it is pickled what cells look at. It is taken at its word."""
    folder = tmp_path / "site-packages"
    folder.mkdir()
    monkeypatch.setenv("PYTHONPATH", str(folder))
    (folder / "forgetful.py").write_text(
        "class Forgetful:\n"
        "    def __init__(self, x):\n"
        "        self.x, self.notes = x, {}\n"
        "    def __getstate__(self):\n"
        "        return {'x': self.x, 'notes': {}}\n"
        "class Unloadable:\n"
        "    def __reduce__(self):\n"
        "        return int, ('no number',)\n"
    )


def cells(found: Verification) -> list[Verdict]:
    return [item.verdict for item in found.cells]


def named(found: Verification, kind: str = "variables") -> dict[str, Verdict]:
    return {item.name: item.verdict for item in getattr(found, kind)}


def test_all_that_is_compared(write: Write) -> None:
    path = write(
        ("imports", "import random\nimport pickle\nimport numpy as np\nimport matplotlib.pyplot as plt"),
        ("parameters", "n = 4"),
        ("step:make", "x = np.arange(float(n))\npair = [[x], [x]]\nprint(x, '\\r', object())"),
        ("step:plot", "fig, ax = plt.subplots()\nax.plot(x)\nplt.show()"),
        ("step:draw", "dice = random.random()\nprint('drew', dice)\nopen('dice.txt', 'w').write(str(dice))"),
        ("step:write", "total = x.sum()\nopen('total.txt', 'w').write(str(total))\npickle.dump({'x': x}, open('x.pkl', 'wb'))\ntotal"),
        ("skip", "total = 'only by hand'"),
        ("step:last", "gen = (i for i in x)\nprint(total, np.get_printoptions()['precision'])"),
    )  # fmt: skip
    (path.parent / "data.csv").write_text("a,b\n")
    before = {item: item.read_bytes() for item in path.parent.iterdir() if item.is_file()}
    found = api.verify(path, Asked(Settings(jobs=2)))
    assert (found.outcome, found.problem, found.cut) == (Outcome.SAME, "", None)
    assert cells(found) == [SAME, SAME, SAME, SAME, RANDOM, SAME, NOT_RUN, SAME]
    values = named(found)
    assert {name: verdict for name, verdict in values.items() if verdict is not SAME} == {
        "dice": RANDOM, "ax": CLOSED, "gen": CLOSED,
    }  # fmt: skip
    assert {"n", "x", "total", "fig", "pair"} <= values.keys()
    assert "print" not in values
    assert named(found, "files") == {"dice.txt": RANDOM, "total.txt": SAME, "x.pkl": SAME}
    assert found.versions["numpy"]
    assert found.steps == ("make", "plot", "draw", "write", "last")
    assert {item: item.read_bytes() for item in path.parent.iterdir() if item.is_file()} == before
    assert list((path.parent / ".nb2pipe" / "verify").iterdir()) == []


@pytest.mark.usefixtures("installed")
def test_the_step_where_results_come_apart_is_found(write: Write) -> None:
    path = write(
        ("step:a", "xs = [1]"),
        ("step:b", FORGETFUL),
        ("step:c", "ys = [it.x, *xs]\nprint(ys)"),
        ("step:d", "print(it.notes, ys)\nopen('notes.txt', 'w').write(str(it.notes))"),
        ("step:e", "print('end', ys)"),
    )
    found = api.verify(path)
    assert found.outcome is Outcome.DIFFERS
    assert cells(found) == [SAME, SAME, SAME, DIFFERS, SAME]
    assert found.cells[3].difference.startswith(
        "line 1 of what is printed: `{'k': 1} [3, 1]` in the notebook, `{} [3, 1]`"
    )
    assert named(found) == {"Forgetful": SAME, "it": SAME, "xs": SAME, "ys": SAME}  # but for what its class leaves out
    assert named(found, "files") == {"notes.txt": DIFFERS}
    assert found.cut is not None
    assert (found.cut.before, found.cut.after, found.cut.cells, found.cut.variables) == ("c", "d", (2, 3), ("it",))
    assert ".notes: {'k': 1}, now {}" in found.cut.cause


@pytest.mark.usefixtures("installed")
def test_a_value_that_can_be_stored_and_not_loaded_is_not_compared(write: Write) -> None:
    """It stops no pipeline that does not need it, and the other variables are looked at."""
    found = api.verify(
        write(("step:a", "from forgetful import Unloadable\nit, x = Unloadable(), 1"), ("step:b", "y = x"))
    )
    assert (found.outcome, found.notes) == (Outcome.SAME, ()), found
    assert named(found) == {"Unloadable": SAME, "it": CLOSED, "x": SAME, "y": SAME}


@pytest.mark.usefixtures("installed")
def test_of_several_steps_that_differ_the_first_is_told(write: Write) -> None:
    path = write(
        ("step:a", FORGETFUL),
        ("step:b", "xs = [1]"),
        ("step:c", "print(xs, it.notes)"),
        ("step:d", "print(it.notes)"),
        ("step:e", "print(len(it.notes))"),
    )
    found = api.verify(path)
    assert cells(found) == [SAME, SAME, DIFFERS, DIFFERS, DIFFERS]
    assert found.cut is not None
    assert (found.cut.before, found.cut.after, found.cut.variables) == ("b", "c", ("it",))


@pytest.mark.usefixtures("installed")
def test_a_trial_plan_that_stops_counts_as_differing(write: Write) -> None:
    """`c` stops only if `a` and `b` share a process and `c` has another: no run but the first trial does that."""
    path = write(
        ("imports", "import os"),
        ("step:a", "pids = [os.getpid()]"),
        ("step:b", f"{FORGETFUL}\nan = Forgetful(2)\nan.notes['n'] = 1\npids = [*pids, os.getpid()]"),
        ("step:c", "pids = [*pids, os.getpid()]\nassert len(set(pids)) != 2"),
        ("step:d", "print(it.notes)"),
    )
    found = api.verify(path)
    assert found.outcome is Outcome.DIFFERS, found.problem
    assert found.cut is not None
    assert (found.cut.before, found.cut.after, found.cut.variables) == (
        "c",
        "d",
        ("it", "an"),
    )  # what `d` reads is first


def test_a_final_value_that_no_cell_shows_differs_too(write: Write) -> None:
    found = api.verify(write(("step:a", "it = iter({'a': 1})"), ("step:b", "y = 1")))
    assert found.outcome is Outcome.DIFFERS
    assert (cells(found), named(found)) == ([SAME, SAME], {"it": DIFFERS, "y": SAME})
    assert found.cut is not None
    assert (found.cut.before, found.cut.after, found.cut.variables) == ("a", "", ("it",))


@pytest.mark.parametrize(
    ("made", "outcome", "verdicts", "problem"),
    [
        ([("step:a", "x = 1\nprint(y)"), ("step:b", "y = x")], Outcome.REFUSED, [], "N2P207 `y`"),
        (
            [("step:a", "x = 1"), ("step:b", "print(x)\n1 / (x - 1)"), ("step:c", "print(2)")],
            Outcome.FAILS,
            [SAME, SAME, NOT_RUN],
            "the notebook itself failed in cell 2",
        ),
        (
            [("step:a", "import os\npid = os.getpid()"), ("step:b", "assert os.getpid() == pid"), ("step:c", "print(pid)")],
            Outcome.STOPPED,
            None,  # the third cell ran or did not: it depends on which step was first
            "step `b`",
        ),
    ],
    ids=["refused", "fails", "stopped"],
)  # fmt: skip
def test_what_is_no_simple_verdict(
    write: Write, made: list[tuple[str, str]], outcome: Outcome, verdicts: list[Verdict] | None, problem: str
) -> None:
    found = api.verify(write(*made))
    assert found.outcome is outcome, found
    assert problem in found.problem
    assert verdicts is None or cells(found) == verdicts


def test_a_run_that_stops_and_teaches_something_is_planned_again(write: Write) -> None:
    path = write(
        ("step:a", "x = [1]\ny = [x]"),
        ("step:b", "getattr(x, 'app' + 'end')(2)  # nb2pipe: pure"),
        ("step:c", "getattr(y, 'app' + 'end')(3)  # nb2pipe: pure"),
        ("step:d", "print(y)"),
    )
    found = api.verify(path)
    assert (found.outcome, cells(found)) == (Outcome.SAME, [SAME] * 4), found
    stops = [note for note in found.notes if note.startswith("a run stopped and taught")]
    assert "step `b`" in stops[0]
    assert found.notes[-1] == "what was learned is kept, and the next run here is planned with it"
    run = api.run(path)  # as it says
    *_, last = run.events()
    assert isinstance(last, RunFinished)
    assert last.state is RunState.SUCCEEDED
    again = api.verify(path)
    assert (again.outcome, again.notes) == (Outcome.SAME, ())


def test_a_cell_whose_stored_output_is_an_error_was_meant_to_raise_it(write: Write) -> None:
    path = write(("step:a", "x = 1"), ("", "1 / 0"), ("step:b", "print(x)"), failed=1)
    found = api.verify(path)
    assert (found.outcome, cells(found)) == (Outcome.SAME, [SAME, SAME, SAME])
    assert any("cell 2" in note for note in found.notes)


def test_what_others_write_into_the_folder_meanwhile_is_no_difference(write: Write) -> None:
    """The runs begin with the same files: a log that grows beside the notebook isn't the notebook's."""
    path = write(("step:a", ""), ("step:b", "y = open('log.txt').read()\nprint(y)"))
    log = path.parent / "log.txt"
    log.write_text("begun ")
    content = json.loads(path.read_text())
    content["cells"][0]["source"] = f"open({str(log)!r}, 'a').write('more ')"
    path.write_text(json.dumps(content))
    found = api.verify(path, Asked())
    assert (found.outcome, cells(found), found.files) == (Outcome.SAME, [SAME, SAME], ())
    assert "more more" in log.read_text()


def test_what_lies_beside_the_folder_is_not_there(write: Write) -> None:
    path = write(("step:a", "print(open('../beside.txt').read())"))
    (path.parent.parent / "beside.txt").write_text("x")
    found = api.verify(path)
    assert found.outcome is Outcome.FAILS
    assert "use an absolute path" in found.problem


def test_seeded(write: Write) -> None:
    """What is random begins at a known place, and goes on from step to step."""
    path = write(
        ("imports", "import random\nimport numpy as np"),
        ("step:a", "print(random.random(), np.random.rand())"),
        ("step:b", "x = np.random.rand()\nprint(x)"),
        ("step:c", "print(random.random())"),
    )
    assert cells(api.verify(path)) == [SAME, RANDOM, RANDOM, RANDOM]
    seeded = api.verify(path, Asked(Settings(seeded=True)))
    assert (seeded.outcome, cells(seeded)) == (Outcome.SAME, [SAME, SAME, SAME, SAME])


def test_state_compares_values_after_one_straight_run(write: Write) -> None:
    found = api.verify(write(("step:a", "x = 1"), ("step:b", "y = x + 1\nprint(y)")), Asked(state=True))
    assert (found.outcome, found.cells) == (Outcome.SAME, ())
    assert named(found) == {"x": SAME, "y": SAME}


def command(*words: object, **options: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "nb2pipe", *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,  # type: ignore[call-overload]
    )


def test_the_command(write: Write, tmp_path: Path) -> None:
    path = write(("step:a", "xs = {'a', 'b', 'c', 'd', 'e'}"), ("step:b", "print(len(xs))"), ("step:c", "print(xs)"))
    page = tmp_path / "new" / "report.html"
    done = command("verify", path, "--html", page)
    out, err = done.communicate(timeout=120)
    assert done.returncode == 0, err
    assert "cell 3: nondeterministic: line 1 of what is printed" in out
    assert "cells      3  2 same, 1 nondeterministic" in out
    assert "SAME: the pipeline gives the notebook's results\n" in out
    assert "works in copies of the folder: 1 files" in err
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_a_folder(write: Write) -> None:
    path = write(("", "x = 1"), ("", "print(x)"))
    write(("step:a", "print(y)"), ("step:b", "y = 1"), name="wrong.ipynb")
    (path.parent / "no.ipynb").write_text("no notebook")
    (path.parent / "a").mkdir()
    for name in ("index.ipynb", "a/b.ipynb", "a--b.ipynb"):
        write(("step:a", "print(y)"), name=name)
    done = command("verify", "--folder", path.parent, "--cut", "cells", "--json")
    out, err = done.communicate(timeout=120)
    assert done.returncode == 2, err
    rows = {row["name"]: row for row in json.loads(out)["notebooks"]}
    assert {name: row["outcome"] for name, row in rows.items()} == {
        "a--b.ipynb": "refused", "a/b.ipynb": "refused", "index.ipynb": "refused",
        "no.ipynb": "refused", "note.ipynb": "same", "wrong.ipynb": "refused",
    }  # fmt: skip
    assert rows["note.ipynb"]["counts"]["same"] == 2
    pages = path.parent / ".nb2pipe" / "verify"
    for name, row in rows.items():  # each has a page of its own
        assert name == "no.ipynb" or f"<strong>{name.rpartition('/')[2]}<" in (pages / row["link"]).read_text(), name
    assert "1 of 6 notebooks" in (pages / "index.html").read_text(encoding="utf-8")


def test_canceled(write: Write) -> None:
    """All processes end, and nothing is left."""
    path = write(("step:a", "import time\nopen('began', 'w').close()\ntime.sleep(120)"))
    work = path.parent / ".nb2pipe" / "verify"
    done = command("verify", path, start_new_session=True)
    deadline = time.monotonic() + 60
    while not list(work.glob("*/folder/began")):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    os.killpg(done.pid, signal.SIGINT)
    _, err = done.communicate(timeout=60)
    assert done.returncode == 130, err
    assert "canceled" in err
    assert list(work.iterdir()) == []


def test_a_straight_run_is_what_a_kernel_makes_of_the_notebook(write: Write) -> None:
    """Whoever looks sees nothing of nb2pipe: history, names, environment, paths."""
    import nbclient
    import nbformat

    path = write(
        ("", "x = 5\nx"),
        ("", "print(_, _1, Out, In, len(In), get_ipython().execution_count)"),
        ("", "print(sorted(name for name in globals() if name not in ('quit', 'exit')), __name__)"),
        ("", "import os, sys\nprint([p for p in sys.path if 'nb2pipe' in p and 'src' not in p])"),
        (
            "",
            "print([name for name in os.environ if 'NB2PIPE' in name and 'KEY' not in name], 'runtime' in os.environ.get('PYTHONPATH', ''))",
        ),
        ("", "1 +"),
    )
    notebook = nbformat.read(path, as_version=4)
    expected = nbclient.NotebookClient(notebook, allow_errors=True).execute()
    read = reading.read(path, Limits())
    (path.parent / "lab").mkdir()
    laboratory = Laboratory(path.parent / "lab", path.parent, read, "note.ipynb", Settings())
    found = laboratory.straight(range(len(read.cells)), 1)
    for index, cell in enumerate(expected.cells):
        assert normal(found.outputs[index]) == normal(cell.outputs), index
