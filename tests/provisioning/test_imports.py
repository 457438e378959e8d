"""What steps import, as their code tells: one row per way to import, and twins that import nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from nb2pipe import analysis, api
from nb2pipe.packages import Install, StepImports

Write = Callable[..., Path]


def imports(path: Path) -> dict[str, StepImports]:
    analyzed = api.analyze(path)
    assert analyzed.pipeline is not None
    return dict(analysis.imports(analyzed.notebook, analyzed.pipeline, path.parent))


@pytest.mark.parametrize(
    ("source", "modules", "optional"),
    [
        ("import a", ["a"], []),
        ("import a.b as c, d", ["a.b", "d"], []),
        ("from a.b import c, d as e", ["a.b.c", "a.b.d"], []),
        ("from a import *", ["a"], []),
        ("def f():\n    import a\nf()", ["a"], []),
        ("class K:\n    def f(self):\n        from a import b", ["a.b"], []),
        ("if x():\n    import a", ["a"], []),
        ("try:\n    import a\nexcept ImportError:\n    a = None", ["a"], ["a"]),
        ("try:\n    import a\nexcept ImportError:\n    import b as a", ["a", "b"], ["a", "b"]),
        ("try:\n    import a\nexcept KeyError:\n    pass", ["a"], []),
        ("try:\n    import a\nexcept ImportError:\n    pass\nimport a", ["a"], []),
        ("import importlib\nm = importlib.import_module('a.b')", ["a.b", "importlib"], []),
        ("m = __import__('a')", ["a"], []),
        ("%load_ext a.b", ["a.b"], ["a.b"]),
        ("%%time\nimport a", ["a"], []),
        ("%%timeit -n 1 import a\nimport b", ["a", "b"], []),
        ("%time import a", ["a"], []),
        ("%%bash\nimport a", [], []),
        ("import_module = 3\ntext = 'import a'", [], []),
        ("m = __import__('a b')", [], []),
        ("from . import a", [], []),
    ],
)
def test_ways_to_import(write: Write, source: str, modules: list[str], optional: list[str]) -> None:
    cell = f"x = bool\n{source}" if not source.startswith("%%") else source
    (found,) = imports(write(("step:s", cell))).values()
    assert list(found.modules) == modules
    assert found.optional == frozenset(optional)


def test_each_step_has_its_own(write: Write) -> None:
    """Replayed definitions count where they are replayed, with what they import inside."""
    path = write(
        ("imports", "import a\nimport b"),
        ("functions", "def f(v):\n    import c\n    return b.g(v)"),
        ("step:one", "x = a.load()"),
        ("step:two", "y = f(3)"),
    )
    found = imports(path)
    assert {step: list(item.modules) for step, item in found.items()} == {"one": ["a"], "two": ["b", "c"]}
    at = found["two"].modules["b"]
    assert (at.cell, at.line) == (0, 2)


def test_modules_beside_the_notebook(write: Write, tmp_path: Path) -> None:
    """They are files, and what they import is the step's, across packages and relative imports."""
    (tmp_path / "helpers.py").write_text("import a\nfrom pkg.sub import thing\n", "utf-8")
    (tmp_path / "pkg" / "deep").mkdir(parents=True)
    (tmp_path / "pkg" / "__init__.py").write_text("from . import other\n", "utf-8")
    (tmp_path / "pkg" / "other.py").write_text("import b\n", "utf-8")
    (tmp_path / "pkg" / "sub.py").write_text("from .deep.low import d\nfrom ..no import e\n", "utf-8")
    (tmp_path / "pkg" / "deep" / "low.py").write_text("import helpers, c\n", "utf-8")
    (tmp_path / "unused.py").write_text("import nothing\n", "utf-8")
    (found,) = imports(write(("step:s", "from helpers import f\nimport d"))).values()
    assert list(found.modules) == ["a", "b", "c", "d"]
    assert found.own == ("helpers.py", "pkg/__init__.py", "pkg/deep/low.py", "pkg/other.py", "pkg/sub.py")


def test_scripts_that_are_run(write: Write, tmp_path: Path) -> None:
    (tmp_path / "prepare.py").write_text("import a\n", "utf-8")
    (found,) = imports(write(("step:s", "%run prepare.py\n%run ../other.py"))).values()
    assert (list(found.modules), found.own) == (["a"], ("prepare.py",))


def test_a_folder_without_python_is_no_module(write: Write, tmp_path: Path) -> None:
    (tmp_path / "pandas").mkdir()
    (tmp_path / "pandas" / "data.csv").write_text("1\n", "utf-8")
    (found,) = imports(write(("step:s", "import pandas"))).values()
    assert (list(found.modules), found.own) == (["pandas"], ())


@pytest.mark.parametrize(
    ("source", "wanted", "odd"),
    [
        ("!pip install a", ["a"], []),
        ("%pip install -q a==1.2 'b[c]>=2' --upgrade", ["a==1.2", "b[c]>=2"], []),
        ("pip install a", ["a"], []),
        ("!{sys.executable} -m pip install a", ["a"], []),
        ("import subprocess, sys\nsubprocess.check_call([sys.executable, '-m', 'pip', 'install', 'a'])", ["a"], []),
        ("%%bash\npip3 install a && pip install b\n", ["a"], []),
        ("!pip install -r requirements.txt", [], ["-r requirements.txt"]),
        ("!pip install -e .", [], ["-e ."]),
        ("!pip install git+https://example.org/a.git", [], ["git+https://example.org/a.git"]),
        ("!pip install ./a-1.0.whl", [], ["./a-1.0.whl"]),
        ("!pip install a --index-url https://example.org", ["a"], ["--index-url https://example.org"]),
        ("!pip install a > log.txt", ["a"], []),
    ],
)
def test_installs(write: Write, source: str, wanted: list[str], odd: list[str]) -> None:
    (found,) = imports(write(("step:s", source))).values()
    first = found.installs[0]
    assert (list(first.wanted), list(first.odd)) == (wanted, odd)


@pytest.mark.parametrize(
    "source", ["!pip list", "!pip --version", "!conda install a", "!echo pip install a", "x = 'pip install a'"]
)
def test_what_installs_nothing(write: Write, source: str) -> None:
    (found,) = imports(write(("step:s", source))).values()
    assert found.installs == ()


@pytest.mark.parametrize(
    ("source", "companions"),
    [
        ("import pandas as pd\nd = pd.read_parquet('x')", {"pyarrow", "fastparquet", "numexpr", "bottleneck"}),
        ("import pandas as pd\nd = pd.DataFrame()", {"pyarrow", "numexpr", "bottleneck"}),
        ("import numpy as np\nd = np.read_parquet('x')", set()),
    ],
)
def test_companions(write: Write, source: str, companions: set[str]) -> None:
    """What a library uses if it is there: results may hang on it."""
    (found,) = imports(write(("step:s", source))).values()
    assert found.companions == companions


def test_the_place_of_an_install(write: Write) -> None:
    (found,) = imports(write(("step:s", "x = 1\n!pip install a"))).values()
    (only,) = found.installs
    assert isinstance(only, Install)
    assert (only.at.cell, only.at.line) == (0, 2)
