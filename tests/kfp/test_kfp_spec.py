"""What notebooks compile to: KFP's own messages read it strictly; goldens; KFP's own compiler as an oracle.

`NB2PIPE_UPDATE_GOLDEN=1 pytest tests/kfp/test_kfp_spec.py` writes what is in `golden/` anew.
"""

from __future__ import annotations

import ast
import json
import os
import random
import string
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import workflow
import yaml
from google.protobuf import json_format
from hypothesis import given
from hypothesis import strategies as st
from kfp_runs import notebook

from nb2pipe import api
from nb2pipe.errors import BadInput
from nb2pipe.model import At, Json, Parameter, ParameterType
from nb2pipe.targets.kfp import compiled, limits, make, names
from nb2pipe.targets.kfp.kinds import kind_of
from nb2pipe.targets.kfp.packing import pack, unpack
from nb2pipe.targets.kfp.program import files, lean
from nb2pipe.targets.kfp.received import received, sent
from nb2pipe.targets.kfp.tasks import FIRST, LAST

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = Path(__file__).parent / "golden"
EXAMPLES = sorted(path.stem for path in (ROOT / "examples").glob("*.ipynb"))
UPDATE = os.environ.get("NB2PIPE_UPDATE_GOLDEN") == "1"


def spec_of(*cells: tuple[str, str], **metadata: Any) -> dict[str, Any]:
    """The first document that a notebook compiles to."""
    analyzed = api.analyze_here(json.loads(notebook(*cells, **metadata)), api_limits())
    content = compiled(api.build(analyzed), analyzed.types)
    return dict(next(iter(yaml.safe_load_all(content))))


def api_limits() -> Any:
    from nb2pipe.config import Limits

    return Limits()


def strictly(content: bytes) -> list[Any]:
    """Both documents as KFP's SDK has their messages. Unknown fields and wrong types raise."""
    from kfp.pipeline_spec import pipeline_spec_pb2 as pb

    documents = list(yaml.safe_load_all(content))
    kinds = [pb.PipelineSpec, pb.PlatformSpec]
    return [json_format.ParseDict(document, kind()) for document, kind in zip(documents, kinds, strict=False)]


def shown(content: bytes) -> str:
    """The file without the program, and with what pods are told in words."""
    documents = list(yaml.safe_load_all(content))
    for executor in documents[0]["deploymentSpec"]["executors"].values():
        executor["container"]["command"] = [*executor["container"]["command"][:2], "(the program)"]
        args = executor["container"]["args"]
        args[args.index("--program") + 1] = "(its digest)"
    for task in documents[0]["root"]["dag"]["tasks"].values():
        constant = task["inputs"]["parameters"]["step-data"]["runtimeValue"]
        told: Any = unpack(constant["constant"])
        constant["constant"] = {key: told.get(key) for key in ("steps", "inputs", "outputs", "waits")}
    return str(yaml.safe_dump_all(documents, sort_keys=True, allow_unicode=True))


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples(name: str) -> None:
    analyzed = api.analyze(ROOT / "examples" / f"{name}.ipynb")
    content = compiled(api.build(analyzed), analyzed.types)
    [spec, *_] = strictly(content)
    assert spec.pipeline_info.name == name.replace("_", "-")
    golden = GOLDEN / f"{name}.yaml"
    if UPDATE:
        golden.write_text(shown(content), encoding="utf-8")
    assert shown(content) == golden.read_text(encoding="utf-8")


def test_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    source = ROOT / "examples" / "tabular.ipynb"
    code = (
        "import sys; from pathlib import Path; from nb2pipe import api; from nb2pipe.targets.kfp import compiled;"
        "a = api.analyze(Path(sys.argv[1])); sys.stdout.buffer.write(compiled(api.build(a), a.types))"
    )
    made = [
        subprocess.run(
            [sys.executable, "-c", code, str(source)], env={**os.environ, "PYTHONHASHSEED": seed}, cwd=tmp_path,
            capture_output=True, check=True, timeout=120,
        ).stdout
        for seed in ("1", "2")
    ]  # fmt: skip
    assert made[0] == made[1]
    assert b"tabular" in made[0]


def test_what_is_imported_to_compile() -> None:
    """Neither the SDK nor anything that runs notebooks."""
    code = (
        "import sys; from pathlib import Path; from nb2pipe import api; api.compile_notebook(Path(sys.argv[1]));"
        "print(sorted(m for m in ('kfp', 'kfp.dsl', 'kubernetes', 'papermill', 'nbformat', 'requests') if m in sys.modules))"
    )
    source = str(ROOT / "examples" / "kale_style.ipynb")
    done = subprocess.run([sys.executable, "-c", code, source], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.strip() == "[]"


def test_as_the_sdk_compiles_it(tmp_path: Path) -> None:
    """The same pipeline written for KFP's own compiler: parameters, types, edges and wiring are the same."""
    from sdk_pipeline import note

    from kfp import compiler

    file = tmp_path / "sdk.yaml"
    compiler.Compiler().compile(note, str(file))
    theirs = yaml.safe_load(file.read_bytes())
    ours = spec_of(
        ("parameters", "n = 3\nscale = 1.5\nname = \"it's: #1\"\nflag = True\nxs = [1]\nd = {'a': 1}"),
        (
            "step:make",
            (
                "import pandas as pd\nfrom sklearn.linear_model import Ridge\nframe = pd.DataFrame({'a': xs * n})\n"
                "model = Ridge(alpha=scale)\nprint(name, flag, d)"
            ),
        ),
        ("step:use", "total = len(frame)"),
        ("step:late after:use", "print(n)"),
    )
    assert ours["root"]["inputDefinitions"] == theirs["root"]["inputDefinitions"]
    for task in ("make", "use", "late"):
        mine, sdk = ours["root"]["dag"]["tasks"][task], theirs["root"]["dag"]["tasks"][task]
        assert [mine.get(key) for key in ("componentRef", "dependentTasks", "taskInfo")] == [
            sdk.get(key) for key in ("componentRef", "dependentTasks", "taskInfo")
        ]
        assert own(mine.get("inputs", {})) == own(sdk.get("inputs", {}))
        for part in ("inputDefinitions", "outputDefinitions"):
            component, other = ours["components"][f"comp-{task}"], theirs["components"][f"comp-{task}"]
            assert own(component.get(part, {})) == own(other.get(part, {}))
    assert ours["schemaVersion"] == theirs["schemaVersion"]


def own(part: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters and artifacts of the notebook's: nb2pipe's own have a `-` or a `.` in their names."""
    found = {
        kind: {name: item for name, item in items.items() if "-" not in name and "." not in name}
        for kind, items in part.items()
    }
    return {kind: items for kind, items in found.items() if items}


def test_edges_without_data_and_steps_that_are_independent() -> None:
    spec = spec_of(
        ("step:a", "x = [1]"), ("step:b", "y = 2"), ("step:c after:a", "z = 3"), ("step:d", "print(x)")
    )  # fmt: skip
    tasks = spec["root"]["dag"]["tasks"]
    assert {name: task.get("dependentTasks", []) for name, task in tasks.items()} == {
        FIRST: [], "a": [FIRST], "b": [FIRST], "c": ["a"], "d": ["a"], LAST: ["b", "c", "d"],
    }  # fmt: skip
    assert set(tasks["c"]["inputs"]["artifacts"]) == {"run-record-of-a"}


CHAIN = [("step:a", "x = [1]"), ("step:b", "y = x"), ("step:c", "z = y"), ("step:d", "print(x, z)")]
BRANCHES = [("step:a", "x = [1]"), ("step:b", "y = [2]"), ("step:c", "print(x, y)")]


@pytest.mark.parametrize(("cells", "bringing"), [(CHAIN, "a"), (BRANCHES, FIRST), (CHAIN[:1], "a")])
def test_one_container_brings_the_program(cells: list[tuple[str, str]], bringing: str) -> None:
    """KFP has each container five times in its workflow, of which a cluster takes 1 MiB."""
    spec = spec_of(*cells)
    sizes = {
        label.removeprefix("exec-"): sum(map(len, item["container"]["command"]))
        for label, item in spec["deploymentSpec"]["executors"].items()
    }
    assert [name for name, size in sizes.items() if size > 3_000] == [bringing]
    for name, task in spec["root"]["dag"]["tasks"].items():
        args = spec["deploymentSpec"]["executors"][f"exec-{name}"]["container"]["args"]
        records = [item for item in task.get("inputs", {}).get("artifacts", ()) if item.startswith("run-record")]
        assert [f"{{{{$.inputs.artifacts['{item}'].path}}}}" in args for item in records] == [True] * len(records)
        assert bool(records) is (name != bringing)


def test_no_two_containers_are_the_same() -> None:
    """KFP's backend keeps a component under the digest of its container: of two that share one, the first counts."""
    spec = spec_of(*CHAIN, *[(f"step:e{number}", "w = 1") for number in range(3)])
    containers = [json.dumps(item["container"]) for item in spec["deploymentSpec"]["executors"].values()]
    assert len(set(containers)) == len(spec["components"]) == len(spec["root"]["dag"]["tasks"])


def test_pods_of_nb2pipe_s_own_run_where_the_first_step_does() -> None:
    tags = "image:ghcr.io/team/train:1 pull-secret:team node-selector:disk=ssd memory:64Gi gpu:1 env:A=b cache:on"
    content = compiled(api.build(api.analyze_here(json.loads(notebook(
        (f"step:a {tags}", "x = [1]"), ("step:b", "y = 2")
    )), api_limits())))  # fmt: skip
    spec, platform = yaml.safe_load_all(content)
    for name in (FIRST, LAST):
        container = spec["deploymentSpec"]["executors"][f"exec-{name}"]["container"]
        assert set(container) == {"image", "command", "args"}
        assert container["image"] == "ghcr.io/team/train:1"
        settings = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"][f"exec-{name}"]
        assert set(settings) == {"imagePullSecret", "nodeSelector"}
    tasks = spec["root"]["dag"]["tasks"]
    assert {name: task["cachingOptions"] for name, task in tasks.items()} == {
        FIRST: {"enableCache": True}, "a": {"enableCache": True}, "b": {}, LAST: {"enableCache": True},
    }  # fmt: skip


def test_steps_of_one_process_are_one_task() -> None:
    spec = spec_of(
        ("step:a", "it = (i for i in range(3))"), ("step:b", "print(next(it))"), ("step:c", "print(next(it))")
    )  # fmt: skip
    assert {name: task["taskInfo"]["name"] for name, task in spec["root"]["dag"]["tasks"].items()} == {"a": "a + b + c"}


NAMES = ["größe", "変数", "n2p_x", "null", "yes", "no", "__x", "a_b", "𝘈", "ß", "x" * 200]


def test_names_that_yaml_and_kfp_would_take_for_something_else() -> None:
    bound = [name for name in NAMES if name.isidentifier()]
    cells = [
        ("parameters", "\n".join(f"p_{name} = {text!r}" for name, text in zip(bound, TEXTS * 2, strict=False))),
        ("step:Größe-1", "\n".join(f"{name} = [{number}]" for number, name in enumerate(bound))),
        ("step:yes", "\n".join(f"print({name}, p_{name})" for name in bound)),
    ]
    spec = spec_of(*cells)
    tasks = spec["root"]["dag"]["tasks"]
    assert {task["taskInfo"]["name"] for task in tasks.values()} == {"Größe-1", "yes"}
    given = spec["root"]["inputDefinitions"]["parameters"]
    assert {names.decode(name) for name in given} == {f"p_{ascii_form(name)}" for name in bound}
    assert all(name.isascii() for name in given)
    for name, text in zip(bound, TEXTS * 2, strict=False):
        assert given[names.encode(f"p_{ascii_form(name)}")]["defaultValue"] == text


@pytest.mark.parametrize(
    "text", ["08540", "1e3", "5e-1", "+.5", "0o17", "-0o7", "0X1f", "2020-1-5", "9_9.e1", "y", "N"]
)
def test_texts_that_go_s_yaml_would_take_for_something_else(text: str) -> None:
    """YAML of Python's leaves these without quotes; to the YAML of KFP's server they are numbers, times and truths."""
    cells = [
        ("parameters", f"S = {text!r}\nD = {{{text!r}: [{text!r}]}}"),
        ("step:a", "x = len(S), D"),
        ("step:b", "x"),
    ]
    analyzed = api.analyze_here(json.loads(notebook(*cells)), api_limits())
    content = compiled(api.build(analyzed), analyzed.types)
    scalars = [event for event in yaml.parse(content) if isinstance(event, yaml.ScalarEvent)]
    assert len([event for event in scalars if event.value == text]) == 3
    assert all(event.style == "'" for event in scalars if event.value == text)
    assert any(event.style is None for event in scalars if event.value == "step-data")


def ascii_form(name: str) -> str:
    """As Python reads an identifier."""
    import unicodedata

    return unicodedata.normalize("NFKC", name)


TEXTS = ["it's: #1", '"', "\n- a\n", "null", "0x1", "é\u2028", "a\\b", "%TAG ! x", "& * ! | >", " lead"]


@given(st.text(min_size=1, max_size=20))
def test_encoded_names_come_back(text: str) -> None:
    word = "".join(char for char in text if char.isalnum() or char == "_")
    encoded = names.encode(word)
    assert encoded.isascii()
    assert names.decode(encoded) == word


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=8))
def test_packed_data_come_back(data: Json) -> None:
    packed = pack(data)
    assert set(packed) <= set(string.ascii_letters + string.digits + "+/=")
    assert unpack(packed) == data


def parameter(
    name: str, kind: str, default: Json, expression: str | None = None, uses: tuple[str, ...] = ()
) -> Parameter:
    return Parameter(name, ParameterType(kind), default, At(0), expression, uses, default is None)


RECEIVED = [
    ([parameter("n", "int", 3)], {"n": 4.0}, {"n": 4}),
    ([parameter("x", "float", 3.0)], {"x": 4}, {"x": 4.0}),
    ([parameter("xs", "list", [1, 2.0])], {"xs": [1.0, 2.0]}, {"xs": [1, 2.0]}),
    ([parameter("xs", "list", [1.5])], {"xs": [1, 2]}, {"xs": [1.0, 2.0]}),
    ([parameter("xs", "list", [1])], {"xs": [2.0, True]}, {"xs": [2, True]}),
    ([parameter("d", "dict", {"a": 1})], {"d": {"a": 1.0}}, {"d": {"a": 1}}),
    ([parameter("b", "list", [True])], {"b": [1]}, {"b": [1]}),
    ([parameter("n", "int", 3), parameter("m", "int", 6, "n * 2", ("n",))], {"n": 5, "m": ""}, {"n": 5, "m": 10}),
    ([parameter("n", "int", 3), parameter("m", "int", 6, "n * 2", ("n",))], {"n": 5, "m": "7"}, {"n": 5, "m": 7}),
    ([parameter("s", "any", None)], {"s": ""}, {"s": None}),
    ([parameter("s", "any", None)], {"s": "[1, 2.0]"}, {"s": [1, 2.0]}),
    ([parameter("s", "any", None)], {"s": "plain words"}, {"s": "plain words"}),
    ([parameter("s", "str", "a", "'a'")], {"s": "null"}, {"s": "null"}),
    ([parameter("s", "str", "a", "'a'")], {"s": ""}, {"s": "a"}),
]  # fmt: skip


@pytest.mark.parametrize(("parameters", "told", "expected"), RECEIVED)
def test_parameters_are_what_the_notebook_has(
    parameters: list[Parameter], told: Mapping[str, Json], expected: Mapping[str, Json]
) -> None:
    found = received(parameters, told)
    assert json.dumps(found) == json.dumps(expected)  # 1 is not 1.0


@pytest.mark.parametrize("value", ["", "null", "None", '"', '""', '"a"', "a b", "é", "[1]"])
def test_a_text_that_is_sent_is_received(value: str) -> None:
    computed = parameter("s", "str", "a", "'a'")
    assert received([computed], {"s": sent(computed, value)}) == {"s": value}


@pytest.mark.parametrize("value", [0, 1.0, True, None, "", "null", [1, 2.5], {"a": None}])
def test_any_value_that_is_sent_is_received(value: Json) -> None:
    anything = parameter("s", "any", None)
    assert json.dumps(received([anything], {"s": sent(anything, value)})) == json.dumps({"s": value})


REFUSED = [
    ("n = 2 ** 60", "N2P522", "2**53"),
    ("s = '{{workflow.name}}'", "N2P522", "template"),
    ("xs = [1, 'a {{b']", "N2P522", "template"),
    ("s = 'a\\ud800'", "N2P522", "surrogate"),
]


@pytest.mark.parametrize(("source", "code", "word"), REFUSED)
def test_values_that_kfp_would_change_are_refused(source: str, code: str, word: str) -> None:
    name = source.partition(" ")[0]
    with pytest.raises(BadInput) as caught:
        spec_of(("parameters", source), ("step:a", f"print({name})"))
    [problem] = caught.value.diagnostics
    assert problem.code == code
    assert word in problem.message


def test_a_step_that_does_not_fit() -> None:
    letters = random.Random(1)
    data = "".join(letters.choice(string.ascii_letters) for _ in range(200_000))
    with pytest.raises(BadInput) as caught:
        spec_of(("step:a", f"x = '{data}'"))
    [problem] = caught.value.diagnostics
    assert (problem.code, problem.location.step) == ("N2P524", "a")
    assert "131,071" in problem.message


def test_parameters_that_do_not_fit() -> None:
    """KFP tells a pod their values in the same argument: those that its steps read, and no others."""
    cells = [("parameters", f"S = {'ab' * 70_000!r}"), ("step:a", "x = 1"), ("step:b", "print(len(S), x)")]
    with pytest.raises(BadInput) as caught:
        spec_of(*cells)
    [problem] = caught.value.diagnostics
    assert (problem.code, problem.location.step) == ("N2P524", "b")
    assert "140,002" in problem.message
    assert "parameter" in (problem.hint or "")


@pytest.mark.parametrize("letter", ["a", "<", "&", "\n", "é"])
def test_values_are_counted_as_kfp_writes_them(letter: str) -> None:
    """Some of its servers write six letters for one: what just fits as letters does not as these."""
    fits = 15_000 if letter != "a" else 90_000
    spec_of(("parameters", f"S = {letter * fits!r}"), ("step:a", "print(len(S))"))
    with pytest.raises(BadInput):
        spec_of(
            ("parameters", f"S = {letter * (140_000 // {'a': 1, '<': 6, '&': 6}.get(letter, 2))!r}"),
            ("step:a", "print(len(S))"),
        )


def workflow_of(*cells: tuple[str, str]) -> tuple[int, int, Sequence[Any]]:
    """What a run would take of a cluster: as it is, as we say, and what is said of it."""
    analyzed = api.analyze_here(json.loads(notebook(*cells)), api_limits())
    made = make(api.build(analyzed), analyzed.types)
    spec = next(iter(yaml.load_all(made.content, Loader=yaml.CSafeLoader)))
    return workflow.sizes(made.content)[1], limits.workflow_bytes(spec), made.diagnostics


def chain(length: int, variables: int = 5) -> list[tuple[str, str]]:
    """Steps in a row, each with this many variables of the step before."""
    return [
        (
            f"step:s{step}",
            "\n".join(
                f"v{step}_{item} = {f'v{step - 1}_{item} + ' if step else ''}[{item}]" for item in range(variables)
            ),
        )
        for step in range(length)
    ]


@pytest.mark.parametrize(
    ("cells", "fits"),
    [(chain(2), True), (chain(8), True), (chain(12), True), (chain(25), True), (chain(50), False), (chain(30, 15), False)],
    ids=["2", "8", "12", "25", "50", "30 with much data"],
)  # fmt: skip
def test_what_a_run_takes_of_a_cluster(cells: list[tuple[str, str]], *, fits: bool) -> None:
    there, said, problems = workflow_of(*cells)
    assert there * 0.97 <= said <= there * 1.2
    assert [item.code for item in problems] == ([] if fits else ["N2P527"])
    if problems:
        assert f"these {len(cells)} tasks would take about {said / 1e6:.2f} MB" in problems[0].message


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_fit_into_a_cluster(name: str) -> None:
    found = api.compile_notebook(ROOT / "examples" / f"{name}.ipynb")
    assert workflow.sizes(found.content)[1] < limits.MAX_WORKFLOW_BYTES
    assert "N2P527" not in [item.code for item in found.diagnostics]


def test_the_program_brings_all_that_it_imports(tmp_path: Path) -> None:
    shipped = files()
    known = {path.removesuffix(".py").replace("/", ".").removesuffix(".__init__") for path in shipped}
    for path, text in shipped.items():
        tree = ast.parse(text)
        wanted = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
        wanted |= {item.name for node in ast.walk(tree) if isinstance(node, ast.Import) for item in node.names}
        missing = {name for name in wanted if name.partition(".")[0] == "nb2pipe" and name not in known}
        assert not missing, path
    for path, text in shipped.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import nb2pipe.targets.kfp.pod.main as m;"
        "import nb2pipe.runtime.step, nb2pipe.runtime.units, nb2pipe.targets.local.papermill_runner; print(m.__file__)"
    )
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.startswith(str(tmp_path))


@pytest.mark.parametrize("name", sorted(files()))
def test_the_program_is_the_modules_without_their_comments(name: str) -> None:
    text = files()[name]
    assert parts(lean(text)) == parts(text)


def parts(text: str) -> list[tuple[int, str]]:
    """Statements by line; what is there for people left out."""
    tree = ast.parse(text)
    return [
        (node.lineno, ast.dump(without_texts(node)))
        for node in ast.walk(tree)
        if isinstance(node, ast.stmt) and not is_text(node)
    ]


def is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def without_texts(statement: ast.stmt) -> ast.stmt:
    for node in ast.walk(statement):
        for field in ("body", "orelse", "finalbody"):
            if isinstance(getattr(node, field, None), list):
                setattr(node, field, [item for item in getattr(node, field) if not is_text(item)])
    return statement


KINDS = [
    ("pandas.DataFrame", "system.Dataset"),
    ("numpy.ndarray", "system.Dataset"),
    ("sklearn.LogisticRegression", "system.Model"),
    ("sklearn.Pipeline", "system.Model"),
    ("sklearn.KFold", "system.Artifact"),
    ("sklearn.Bunch", "system.Dataset"),
    ("xgboost.XGBClassifier", "system.Model"),
    ("xgboost.DMatrix", "system.Dataset"),
    ("torch.Linear", "system.Model"),
    ("list", "system.Artifact"),
    ("matplotlib.Figure", "system.Artifact"),
    ("model", "system.Artifact"),
    ("", "system.Artifact"),
]


@pytest.mark.parametrize(("type_name", "kind"), KINDS)
def test_kinds_of_artifacts(type_name: str, kind: str) -> None:
    assert kind_of(type_name) == kind
