"""From imports to pins: what is installed for a kernel, what each step gets, and what a pod can't have."""

from __future__ import annotations

import venv
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from nb2pipe import api, environment, provisioning
from nb2pipe.errors import BadInput
from nb2pipe.model import At, Severity
from nb2pipe.packages import NAME, RUNTIME, VERSION, Distribution, Environment, StepImports, lock_text, read_lock
from nb2pipe.targets.kfp.packages import image_python, installed, resolve
from nb2pipe.targets.local.kernels import KernelCommand

Write = Callable[..., Path]
VCS = {"url": "https://example.org/a.git", "vcs_info": {"vcs": "git", "commit_id": "1"}}
FOLDER = {"url": "file:///somewhere", "dir_info": {}}
EDITABLE = {"url": "file:///somewhere", "dir_info": {"editable": True}}
FILE = {"url": "https://example.org/a.whl", "archive_info": {}}


def told(*modules: str, **more: Any) -> StepImports:
    return StepImports({name: At(0) for name in modules}, **more)


def found(site: Any, *modules: str, **more: Any) -> Environment:
    return installed(site.kernel, [told(*modules, **more)])


# --- what is installed -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("module", "owners"),
    [
        ("plain", ["plain"]),
        ("plain.sub.Name", ["plain"]),
        ("imported", ["other-name"]),
        ("single", ["single-file"]),
        ("compiled", ["compiled-one"]),
        ("space.first.x", ["space-first"]),
        ("space.second", ["space-second"]),
        ("space.second.Name", ["space-second"]),
        ("grown", ["grown"]),
        ("grown.more.x", ["grown-more"]),
        ("twice", ["twice-a", "twice-b"]),
        ("nothing", []),
        ("plai", []),
        ("spac", []),
    ],
)
def test_owners(site: Any, module: str, owners: list[str]) -> None:
    """By the files that a distribution has installed, never by its name."""
    site.add("plain", files=["plain/__init__.py", "plain/sub.py"])
    site.add("Other.Name", files=["imported/__init__.py"])
    site.add("nothing", files=["something/__init__.py"])
    site.add("single-file", files=["single.py"])
    site.add("compiled-one", files=["compiled.cpython-311-x86_64-linux-gnu.so"])
    site.add("space-first", files=["space/first/__init__.py"])
    site.add("space-second", files=["space/second.py"])
    site.add("grown", files=["grown/__init__.py"])
    site.add("grown-more", files=["grown/more/__init__.py"])
    site.add("twice-a", files=["twice/__init__.py"])
    site.add("twice-b", files=["twice/__init__.py"])
    assert found(site, module).owners_of(module) == tuple(owners)


def test_what_is_required_too(site: Any) -> None:
    """With extras that are asked for, as Linux has it; whatever isn't installed is left to pip."""
    site.add(
        "a", files=["a.py"], requires=["b>=1", "c[fast]", "gone", "win; sys_platform=='win32'", "t; extra=='test'"]
    )
    site.add("b", "2.0", requires=["a"])
    site.add("c", requires=['quick; extra == "fast"', 'slow; extra == "slow"'])
    for name in ("win", "t", "quick", "slow", "unrelated"):
        site.add(name)
    environment = found(site, "a")
    assert environment.with_required(["A"]) == ("a", "b", "c", "quick")
    assert set(environment.distributions) == {"a", "b", "c", "quick", *environment.with_required(RUNTIME)}
    assert environment.distributions["b"].pin == "b==2.0"


def test_python_and_what_runs_steps(site: Any) -> None:
    environment = found(site, "json", "nothing")
    assert environment.standard == {"json"}
    assert environment.python.startswith("3.")
    assert all(name in environment.distributions for name in RUNTIME)


def test_what_runs_steps_is_ours_where_the_kernel_lacks_it(tmp_path: Path, site: Any) -> None:
    """Another environment's interpreter is asked; versions of the two are held against each other."""
    venv.create(tmp_path / "other", with_pip=False)
    python = str(tmp_path / "other" / "bin" / "python")
    site.add("click", "1.0", files=["click.py"])
    kernel = KernelCommand("other", (python, "-m", "ipykernel_launcher"), {"PYTHONPATH": str(site.path)})
    environment = installed(kernel, [told("click", "numpy")])
    assert environment.owners == {"click": ("click",)}
    assert environment.distributions["click"].version == "1.0"
    assert environment.distributions["papermill"].version == metadata.version("papermill")


def test_versions_of_kernel_and_ours_that_do_not_fit(tmp_path: Path, site: Any) -> None:
    venv.create(tmp_path / "other", with_pip=False)
    python = str(tmp_path / "other" / "bin" / "python")
    site.add("nbformat", "1.0", files=["nbformat/__init__.py"])
    kernel = KernelCommand("other", (python, "-m", "ipykernel_launcher"), {"PYTHONPATH": str(site.path)})
    papermill = installed(kernel, [told("nbformat")]).distributions["papermill"]
    assert [item for item in papermill.misfits if item.endswith("and nbformat==1.0 is installed")]


@pytest.mark.parametrize(
    ("url", "installer", "source"),
    [
        (None, "pip", ""), (VCS, "pip", "vcs"), (FOLDER, "pip", "folder"), (EDITABLE, "pip", "editable"),
        (FILE, "pip", "file"), (FOLDER, "conda", ""),
    ],
)  # fmt: skip
def test_where_a_distribution_is_from(site: Any, url: Any, installer: str, source: str) -> None:
    site.add("a", files=["a.py"], url=url, installer=installer)
    assert found(site, "a").distributions["a"].source == source


def test_an_editable_project_owns_what_lies_in_its_folder(site: Any, tmp_path: Path) -> None:
    project = tmp_path / "my project"
    (project / "src" / "mine").mkdir(parents=True)
    (project / "src" / "mine" / "__init__.py").write_text("", "utf-8")
    site.add("mine-project", files=["mine.pth"], url={"url": project.as_uri(), "dir_info": {"editable": True}})
    site.kernel.env["PYTHONPATH"]  # the kernel finds both folders
    kernel = type(site.kernel)("k", site.kernel.argv, {"PYTHONPATH": f"{site.path}:{project / 'src'}"})
    environment = installed(kernel, [told("mine")])
    assert environment.owners_of("mine") == ("mine-project",)
    assert environment.distributions["mine-project"].source == "editable"


def test_damaged_metadata_is_no_crash(site: Any) -> None:
    site.add("a", files=["a.py"], requires=["!!!", "b (>=1)", "c; nonsense == 1"])
    (site.path / "a-1.0.dist-info" / "direct_url.json").write_text("{", "utf-8")
    site.add("b", "0.5")
    (site.path / "odd-1.dist-info").write_text("", "utf-8")
    environment = found(site, "a")
    assert environment.distributions["a"].misfits == ("a==1.0 requires b>=1, and b==0.5 is installed",)


def test_the_program_is_for_old_interpreters() -> None:
    """It is run by the kernel's Python: nothing of ours, and nothing newer than 3.10."""
    import ast

    text = Path(environment.__file__).read_text("utf-8")
    tree = ast.parse(text, feature_version=(3, 10))
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert imported == {"__future__", "importlib.machinery", "json", "pathlib", "re", "sys", "typing", "urllib.parse"}


# --- what each step gets -----------------------------------------------------------------------------------------------

ENVIRONMENT = Environment(
    "3.11",
    frozenset({"json", "csv"}),
    {
        "pandas": ("pandas",),
        "numpy": ("numpy",),
        "sklearn": ("scikit-learn",),
        "pyarrow": ("pyarrow",),
        "own": ("own",),
    },
    {
        item.name.lower(): item
        for item in (
            Distribution("papermill", "2.7.0", ("click",)),
            Distribution("ipykernel", "7.4.0"),
            Distribution("cloudpickle", "3.1.2"),
            Distribution("click", "8.5.1"),
            Distribution("pandas", "3.1.1", ("numpy",)),
            Distribution("numpy", "2.4.6"),
            Distribution("scikit-learn", "1.9.1", ("numpy",)),
            Distribution("pyarrow", "20.0"),
            Distribution("own", "1.0", source="editable"),
            Distribution("torch", "2.0+cu121"),
        )
    },
)


def provided(write: Write, *cells: tuple[str, str], environment: Environment = ENVIRONMENT) -> Any:
    """Packages and diagnostics of a notebook, with that environment."""
    path = write(*cells)
    path.with_name("note.lock.txt").write_text("", "utf-8")
    analyzed = api.analyze(path)
    assert analyzed.pipeline is not None
    imports = provisioning.analysis.imports(analyzed.notebook, analyzed.pipeline, path.parent)
    return resolve(analyzed.pipeline, imports, environment, provisioning.types_of(analyzed), path.parent)


def test_each_step_gets_what_it_imports_and_what_its_values_need(write: Write) -> None:
    pandas = ("numpy==2.4.6", "pandas==3.1.1", "pyarrow==20.0")
    packages, problems = provided(
        write,
        ("imports", "import pandas as pd\nimport json, csv\nfrom sklearn.svm import SVC"),
        ("step:load", "df = pd.DataFrame({'a': [1, 2]})"),
        ("step:fit", "model = SVC()\nmodel.fit(df, [0, 1])\nrate = 0.5"),
        ("step:score", "s = model.score(df, [0, 1])"),
        ("step:note", "print(rate, json.dumps(rate))"),
        ("step:count", "n = len(df)"),
    )
    assert packages.steps == {
        "load": pandas,
        "fit": (*pandas, "scikit-learn==1.9.1"),
        "score": (*pandas, "scikit-learn==1.9.1"),  # the model may hold anything that its step has
        "note": (),
        "count": pandas,
    }
    assert packages.runtime == ("click==8.5.1", "cloudpickle==3.1.2", "ipykernel==7.4.0", "papermill==2.7.0")
    assert (packages.image, packages.python) == ("python:3.11", "3.11")
    assert problems == ()


def test_steps_of_one_process_get_the_same(write: Write) -> None:
    packages, _ = provided(
        write, ("step:a", "import numpy\ng = (i for i in [1])"), ("step:b", "import pandas\nprint(next(g))")
    )
    assert (
        packages.steps["a"]
        == packages.steps["b"]
        == (
            "numpy==2.4.6",
            "pandas==3.1.1",
            "pyarrow==20.0",
        )
    )


@pytest.mark.parametrize(
    ("source", "code", "severity", "word"),
    [
        ("import nowhere.sub", "N2P551", Severity.ERROR, "`nowhere` is imported"),
        (
            "import own",
            "N2P552",
            Severity.ERROR,
            "`own` 1.0, which is installed from a folder of this machine, in place",
        ),
        ("!pip install torch", "N2P552", Severity.ERROR, "of a version that no index has"),
        ("!pip install nowhere", "N2P553", Severity.WARNING, "`nowhere`"),
        ("!pip install -r more.txt", "N2P553", Severity.WARNING, "`-r more.txt`"),
        ("try:\n    import nowhere\nexcept ImportError:\n    nowhere = None", None, None, ""),
        ("!pip install numpy", None, None, ""),
        ("import json", None, None, ""),
    ],
)
def test_what_a_pod_cannot_have(
    write: Write, source: str, code: str | None, severity: Severity | None, word: str
) -> None:
    _, problems = provided(write, ("step:s", f"x = 1\n{source}"))
    if code is None:
        assert problems == ()
        return
    (problem,) = problems
    assert (problem.code, problem.severity) == (code, severity)
    assert word in problem.message
    if code != "N2P552":
        assert (problem.location.cell, problem.location.line) == (0, 2)


def test_a_module_that_a_cell_installs_is_a_warning(write: Write) -> None:
    """It can't be known which distribution it is of."""
    _, problems = provided(write, ("step:s", "!pip install nowhere\nimport nowhere"))
    assert [(item.code, item.severity) for item in problems] == [
        ("N2P553", Severity.WARNING),
        ("N2P551", Severity.WARNING),
    ]


def test_an_installed_package_of_a_cell_is_pinned(write: Write) -> None:
    packages, _ = provided(write, ("step:s", "!pip install scikit-learn>=1"))
    assert packages.steps["s"] == ("numpy==2.4.6", "scikit-learn==1.9.1")


def test_modules_beside_the_notebook_travel_and_are_never_asked_for(write: Write, tmp_path: Path) -> None:
    """Even one that is named like a package of an index."""
    (tmp_path / "sklearn").mkdir()
    (tmp_path / "sklearn" / "__init__.py").write_text("x = 1\n", "utf-8")
    (tmp_path / "sklearn" / "data.json").write_text("{}", "utf-8")
    (tmp_path / "sklearn" / "__pycache__").mkdir()
    (tmp_path / "sklearn" / "__pycache__" / "a.pyc").write_text("", "utf-8")
    packages, problems = provided(write, ("step:s", "import sklearn\nprint(sklearn.x)"), ("step:t", "print(2)"))
    assert problems == ()
    assert packages.steps == {"s": (), "t": ()}
    assert {step: [file.path for file in files] for step, files in packages.files.items()} == {
        "s": ["sklearn/__init__.py", "sklearn/data.json"]
    }


def test_too_much_to_travel(write: Write, tmp_path: Path) -> None:
    (tmp_path / "big").mkdir()
    (tmp_path / "big" / "__init__.py").write_text("#" * 1_000_001, "utf-8")
    _, (problem,) = provided(write, ("step:s", "import big"))
    assert (problem.code, problem.severity) == ("N2P557", Severity.ERROR)


@pytest.mark.parametrize(
    ("image", "codes"),
    [
        ("team/train:1", ["N2P555"]),
        ("python:3.11-slim", ["N2P555"]),
        ("python:3.12", ["N2P554", "N2P555"]),
    ],
)
def test_images(write: Write, image: str, codes: list[str]) -> None:
    """Nothing is installed in an image that a step names: what it imports need not be known."""
    packages, problems = provided(write, (f"step:s image:{image}", "import pandas, own"))
    assert packages.steps == {"s": ()}
    assert [item.code for item in problems] == codes


@pytest.mark.parametrize(
    ("image", "minor"),
    [
        ("python:3.11", "3.11"), ("python:3.11.4-slim", "3.11"), ("docker.io/library/python:3.12@sha256:ab", "3.12"),
        ("python:3", None), ("python:latest", None), ("python", None), ("team/python-base:3.11", None),
        ("localhost:5000/x", None),
    ],
)  # fmt: skip
def test_the_python_of_an_image(image: str, minor: str | None) -> None:
    assert image_python(image) == minor


def test_versions_that_do_not_fit_each_other(write: Write) -> None:
    odd = {
        **ENVIRONMENT.distributions,
        "pandas": Distribution("pandas", "3.1.1", (), "", ("pandas==3.1.1 requires x",)),
    }
    environment = Environment("3.11", ENVIRONMENT.standard, ENVIRONMENT.owners, odd)
    _, (problem,) = provided(write, ("step:s", "import pandas"), environment=environment)
    assert (problem.code, problem.severity) == ("N2P556", Severity.WARNING)


# --- the lock file -----------------------------------------------------------------------------------------------------


def test_a_lock_file_says_all_that_pins_need() -> None:
    owners = {**ENVIRONMENT.owners, "space.a": ("click",), "space.b.c": ("numpy",), "pandas.io": ("pandas",)}
    whole = Environment("3.11", ENVIRONMENT.standard, owners, ENVIRONMENT.distributions)
    kept = {name: item for name, item in whole.distributions.items() if name not in ("own", "torch")}
    text = lock_text("note.ipynb", Environment("3.11", whole.standard, owners, kept))
    again = read_lock(text)
    assert lock_text("note.ipynb", again) == text
    assert again.owners_of("space.a.x") == ("click",)
    assert again.owners_of("space.b.c") == ("numpy",)
    assert again.owners_of("pandas.core") == ("pandas",)
    assert again.with_required(["pandas"]) == ("numpy", "pandas")
    assert (again.python, again.standard) == ("3.11", ENVIRONMENT.standard)


@pytest.mark.parametrize(
    "text",
    [
        "", "pandas==1\n", "# python: 3\n", "# python: 3.11\npandas\n", "# python: 3.11\npandas>=1\n",
        "# python: 3.11\n-r other.txt\n", "# python: 3.11\npandas==1; rm -rf\n", "# python: 3.11\n$(x)==1\n",
        "# python: 3.11\npandas==1+local\n", "# python: 3.11\n--index-url=x==1\n",
    ],
)  # fmt: skip
def test_what_is_no_lock_file(text: str) -> None:
    with pytest.raises(ValueError, match=r"\d"):
        read_lock(text)


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("a", True),
        ("a-b.c_D1", True),
        ("-a", False),
        ("a-", False),
        ("a b", False),
        ("a;b", False),
        ("ä", False),
        ("", False),
    ],
)
def test_names(text: str, *, fits: bool) -> None:
    assert (NAME.fullmatch(text) is not None) is fits


@pytest.mark.parametrize(
    ("text", "fits"),
    [("1.0", True), ("1!2.0.post1", True), ("1.0+cu121", False), ("1 0", False), ("1;", False), ("", False)],
)
def test_versions(text: str, *, fits: bool) -> None:
    assert (VERSION.fullmatch(text) is not None) is fits


# --- the commands ------------------------------------------------------------------------------------------------------


def test_lock_and_check(write: Write, site: Any, call: Any) -> None:
    """A lock file is made once, checked, goes stale with the environment, and is what `image` goes by."""
    site.add("alpha", "1.0", files=["alpha.py"])
    site.install_kernel("team")
    path = write(("step:s", "import alpha, json"), kernel="team")
    code, _, err = call("lock", "--check", path)
    assert (code, "there is no lock file" in err) == (2, True)
    code, out, _ = call("lock", path)
    assert code == 0
    lock = path.with_name("note.lock.txt")
    assert out.startswith(f"{lock}: ")
    assert "alpha==1.0  # imports alpha\n" in lock.read_text("utf-8")
    assert call("lock", "--check", path)[0] == 0
    (site.path / "alpha-1.0.dist-info").rename(site.path / "alpha-2.0.dist-info")
    metadata = site.path / "alpha-2.0.dist-info" / "METADATA"
    metadata.write_text(metadata.read_text("utf-8").replace("1.0", "2.0"), "utf-8")
    code, _, err = call("lock", "--check", path)
    assert (code, "N2P559" in err) == (2, True)
    code, out, _ = call("image", path)
    assert (code, '"alpha==1.0"' in out) == (0, True)
    lock.unlink()
    assert '"alpha==2.0"' in call("image", path)[1]


def test_a_lock_file_needs_no_kernel_and_goes_stale_with_the_notebook(write: Write, call: Any) -> None:
    path = write(("step:s", "import pandas"), kernel="not-here")
    lock = path.with_name("note.lock.txt")
    lock.write_text(lock_text("note.ipynb", Environment("3.11", frozenset(), ENVIRONMENT.owners, {
        name: item for name, item in ENVIRONMENT.distributions.items() if name not in ("own", "torch")
    })), "utf-8")  # fmt: skip
    code, out, _ = call("image", path)
    assert (code, "FROM python:3.11" in out, '"pandas==3.1.1"' in out) == (0, True, True)
    path = write(("step:s", "import pandas, newer"), kernel="not-here")
    code, _, err = call("image", path)
    assert (code, "N2P558" in err, "nb2pipe lock" in err) == (2, True, True)
    lock.write_text("garbage\n", "utf-8")
    code, _, err = call("image", path)
    assert (code, "line 1: this is no lock file" in err) == (2, True)


def test_what_has_no_version_is_not_locked(write: Write, site: Any, call: Any) -> None:
    site.add("alpha", "1.0", files=["alpha.py"], url=EDITABLE)
    site.install_kernel("team")
    path = write(("step:s", "import alpha"), kernel="team")
    code, _, err = call("lock", path)
    assert (code, "N2P552" in err) == (2, True)
    assert not path.with_name("note.lock.txt").exists()


@pytest.mark.parametrize(
    ("base", "code"),
    [
        ("python:3.11-slim", 0),
        ("ghcr.io/team/base:1", 0),
        ("python:3.9", 2),
        ("a b", 2),
        ("x\nRUN rm -rf /", 2),
        ("$(x)", 2),
    ],
)
def test_the_base_of_an_image(write: Write, base: str, code: int) -> None:
    path = write(("step:s", "import pandas"), kernel="not-here")
    text = lock_text("n", Environment("3.11", frozenset(), {"pandas": ("pandas",)}, {
        name: ENVIRONMENT.distributions[name] for name in ("pandas", "numpy", *RUNTIME, "click")
    }))  # fmt: skip
    path.with_name("note.lock.txt").write_text(text, "utf-8")
    if code == 0:
        assert f"\nFROM {base}\n" in api.image(path, base=base).text
    else:
        with pytest.raises(BadInput):
            api.image(path, base=base)


def test_the_dockerfile(write: Write, tmp_path: Path, call: Any) -> None:
    """Word for word: nothing in it is read by a shell, and each instruction goes on to its end, or Docker refuses it."""
    path = write(("step:s image:team/x:1", "import pandas"), kernel="not-here", name="no\nRUN te.ipynb")
    text = lock_text("n", Environment("3.11", frozenset(), {"pandas": ("pandas",)}, {
        name: ENVIRONMENT.distributions[name] for name in ("pandas", "numpy", *RUNTIME, "click")
    }))  # fmt: skip
    path.with_name("no\nRUN te.lock.txt").write_text(text, "utf-8")
    code, _, _ = call("image", path, "-o", tmp_path / "Dockerfile")
    assert code == 0
    assert (tmp_path / "Dockerfile").read_text("utf-8") == (
        "# What the steps of no?RUN te.ipynb need. Made by `nb2pipe image`.\n"
        "FROM python:3.11\n"
        "ENV PIP_ROOT_USER_ACTION=ignore\n"
        'RUN ["python3", "-m", "pip", "install", "--no-cache-dir", "--disable-pip-version-check", \\\n'
        '     "click==8.5.1", \\\n     "cloudpickle==3.1.2", \\\n     "ipykernel==7.4.0", \\\n'
        '     "numpy==2.4.6", \\\n     "pandas==3.1.1", \\\n     "papermill==2.7.0"]\n'
    )
