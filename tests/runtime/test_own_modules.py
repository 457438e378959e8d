"""What of a module's state counts as changed, in a process of its own; and what is only a cache."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

MODULE = """
import functools, itertools, logging, random, re, threading
import numpy as np
ITEMS, SEEN, N, LAST, NAMES = [], {}, 0, None, {"b", "a"}
ids, rng, table = itertools.count(), random.Random(1), np.zeros(3)
_cache, _memo, log, lock = {}, [], logging.getLogger("t"), threading.Lock()
big = np.zeros(1_000_000)
def stream():
    n = 0
    while True:
        n += 1
        yield n
source = stream()
def default(x, seen=[]): seen.append(x)
def count(): count.calls = getattr(count, "calls", 0) + 1
def closed():
    n = 0
    def add():
        nonlocal n
        n += 1
    return add
add = closed()
@functools.lru_cache
def memo(x): return x
class Box:
    made = 0
    kept = []
    def put(self, x): self.x = x
box = Box()
class Lazy:
    @functools.cached_property
    def value(self): return 5
def rebind():
    global N
    N += 1
"""
HEAD = """
import json, sys
from nb2pipe.runtime.facts import Facts
from nb2pipe.runtime.own_modules import OwnModules
own = OwnModules(Facts(sys.argv[1], ()).is_local, first=True)
sys.path.insert(0, sys.argv[1])
"""
CHANGES = [
    ("m.ITEMS.append(1)", ["ITEMS"]),
    ("m.SEEN['x'] = 1", ["SEEN"]),
    ("m.rebind()", ["N"]),
    ("m.LAST = 3", ["LAST"]),
    ("m.new = 3", ["new"]),
    ("del m.N", ["N"]),
    ("next(m.ids)", ["ids"]),
    ("next(m.source); next(m.source)", ["source"]),
    ("m.rng.random()", ["rng"]),
    ("m.table[1] = 5", ["table"]),
    ("m.default(1)", ["default()"]),
    ("m.count()", ["count()"]),
    ("m.add()", ["add()"]),
    ("m.Box.made += 1", ["Box.made"]),
    ("m.Box.kept.append(1)", ["Box.kept"]),
    ("m.box.put(1)", ["box"]),
    ("m.memo(1); m.log.setLevel(10); m.lock.acquire()", []),
    ("m._cache[1] = 2; m._memo.append(1)", []),
    ("m.re.compile('x'); m.random.random()", []),
    ("len(m.ITEMS); m.N; sorted(m.NAMES); m.Box().put(1)", []),
    ("m.NAMES = {'a', 'b'}; m.ITEMS = []", []),
    ("m.big[3] = 1", []),  # too large to be looked at in no time
]


@pytest.mark.parametrize("early", [True, False])
@pytest.mark.parametrize(("change", "names"), CHANGES, ids=[row[0] for row in CHANGES])
def test_what_counts(tmp_path: Path, change: str, names: list[str], early: bool) -> None:
    """`early`: the module was there before the step's cells; else they import it, and change it at once."""
    (tmp_path / "m.py").write_text(MODULE)
    body = f"import m\nown.begin()\n{change}" if early else f"own.begin()\nimport m\n{change}"
    script = f"{HEAD}{body}\nprint(json.dumps(own.end()))"
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)["m"]
    assert told["changed"] == names
    assert (told["found"] != told["left"]) == bool(names)


def test_a_package_that_fills_itself_while_it_is_imported(tmp_path: Path) -> None:
    """What the imports of one statement do is not what the cells do; installed packages are not looked at."""
    package = tmp_path / "pkg"
    package.mkdir()
    (package / "__init__.py").write_text("from pkg import registry, plugin")
    (package / "registry.py").write_text("ALL = []")
    (package / "plugin.py").write_text("from pkg import registry\nregistry.ALL.append('plugin')")
    script = f"{HEAD}own.begin()\nimport pkg, numpy, json\nnumpy.mine = 3\nprint(json.dumps(own.end()))"
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    assert {name: item["changed"] for name, item in told.items()} == {"pkg": [], "pkg.registry": [], "pkg.plugin": []}
