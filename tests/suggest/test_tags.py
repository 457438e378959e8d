"""Tables of notebooks, and the tags that are suggested for them."""

from __future__ import annotations

import pytest
from untagged import notebook, suggested, tags_of

from nb2pipe.errors import BadInput

LOOP = "for i in range(1000):\n    print(i ** i)\n"  # work for a step of its own

CASES: dict[str, tuple[list[str], list[str]]] = {
    # --- headings
    "a section is a step": (
        ["#: # Study", "import csv", "#: ## Load the data", "rows = list(csv.reader(open('a.csv')))", "print(rows)",
         "#: ## Fit a model", "model = fit(rows)", "#: ## 3. Évaluation", "print(model.score(rows))"],
        ["imports", "step:load_data", "", "step:fit_model", "step:évaluation"],
    ),
    "text is no heading": (
        ["x = load()", "#: Now we look at it.\n\n    # indented", "y = x + 1", "#: ```\n# code\n```", "print(y)"],
        ["step:load_x", "", ""],
    ),
    "headings of all levels 1: no title": (
        ["#: # Load", f"x = load()\n{LOOP}", "#: # Report", f"print(x)\n{LOOP}"],
        ["step:load", "step:report"],
    ),
    "a title names no step": (
        ["#: # My study of wine", f"x = load()\n{LOOP}", "#: ## Report", f"print(x)\n{LOOP}"],
        ["step:load_x", "step:report"],
    ),
    "subsections that hardly do anything stay in their section": (
        ["#: # T", "#: ## Load", f"x = load()\n{LOOP}", "#: ### Look", "print(x)", "#: ### Count", "len(x)", "#: ## End",
         f"print(x)\n{LOOP}"],
        ["step:load", "", "", "step:end"],
    ),
    "two sections with one name": (
        ["#: # T", "#: ## Model: A", f"a = f()\n{LOOP}", "#: ## Model: B", f"b = f()\n{LOOP}", "#: ## Model: B",
         f"print(a, b)\n{LOOP}"],
        ["step:model", "step:model_b", "step:model_b_2"],
    ),
    "a heading of which no name can be made": (
        ["#: # $x^2$", f"x = load()\n{LOOP}", "#: # !!!", f"print(x)\n{LOOP}"],
        ["step:load_x", "step:part_2"],
    ),
    # --- roles
    "imports and set-up": (
        ["import pandas as pd", "%matplotlib inline\npd.set_option('display.max_rows', 5)", f"df = pd.read_csv('a')\n{LOOP}"],
        ["imports", "", "step:load_df"],
    ),
    "imports beside code are part of the step": (
        ["import pandas as pd\ndf = pd.read_csv('a')"],
        ["step:load_df"],
    ),
    "imports further down stay in their step": (
        ["#: # A", f"x = load()\n{LOOP}", "#: # B", "import json", f"print(json.dumps(x))\n{LOOP}"],
        ["step:a", "step:b", ""],
    ),
    "constants at the top": (
        ["import csv", "seed = 7\nfeatures = ['a', 'b']", "x = load(seed)\nprint(features)"],
        ["imports", "parameters", "step:load_x"],
    ),
    "a constant that changes is no parameter": (
        ["import csv", "features = ['a', 'b']", "features.append('c')", "x = load(features)"],
        ["imports", "step:load_x", "", ""],
    ),
    "a constant that is bound anew is no parameter": (
        ["n = 3", "print(n)", "n = 4", "print(n)"],
        ["step:n", "", "", ""],
    ),
    "a constant that a function may change is no parameter": (
        ["import csv", "features = ['a', 'b']", "x = load(features)"],
        ["imports", "step:load_x", ""],
    ),
    "data are no parameter": (
        [f"data = {list(range(100))}", "print(sum(data))"],
        ["step:data", ""],
    ),
    "constants below the top are no parameters": (
        ["#: # A", f"x = load()\n{LOOP}", "#: # B", "trees = 100", f"print(x, trees)\n{LOOP}"],
        ["step:a", "step:b", ""],
    ),
    "definitions before a step": (
        ["#: # A", f"x = load()\n{LOOP}", "#: # B", "def f(a):\n    return a", f"print(f(x))\n{LOOP}"],
        ["step:a", "functions", "step:b"],
    ),
    "definitions inside a step stay": (
        ["#: # A", f"x = load()\n{LOOP}", "def f(a):\n    return a", "y = f(x)", "#: # B", f"print(f(y))\n{LOOP}"],
        ["step:a", "", "", "step:b"],
    ),
    "nothing but definitions": (["import os", "def f(): ...", "class A: ..."], ["imports", "functions", ""]),
    "nothing at all": (["", "# a comment"], ["", ""]),
    # --- data flow
    "three models, compared further down": (
        ["import pandas as pd\nfrom sklearn.svm import SVC", "df = pd.read_csv('a.csv')", "df = df.dropna()", "df.head()",
         "train, test = df[:100], df[100:]", "a = SVC(C=1)\na.fit(train)\na_score = a.score(test)",
         "b = SVC(C=2)\nb.fit(train)\nb_score = b.score(test)", "c = SVC(C=3)\nc.fit(train)\nc_score = c.score(test)",
         "scores = {'a': a_score, 'b': b_score, 'c': c_score}", "print(max(scores))"],
        ["imports", "step:load_df", "", "", "", "step:fit_a", "step:fit_b", "step:fit_c", "step:scores", ""],
    ),
    "three models, of which each needs the one before": (
        ["import pandas as pd\nfrom sklearn.svm import SVC", "df = pd.read_csv('a.csv')",
         "a = SVC(C=1)\na.fit(df)\na_score = a.score(df)", "b = SVC(C=a_score)\nb.fit(df)\nb_score = b.score(df)",
         "c = SVC(C=b_score)\nc.fit(df)\nc_score = c.score(df)", "print(c_score)"],
        ["imports", "step:fit_a", "", "", "", ""],
    ),
    "three models below one heading are named after themselves": (
        ["#: # Data", "from sklearn.svm import SVC\nx = load()\nfor i in x: print(i)", "#: # Models",
         "a = SVC(C=1)\na.fit(x)\na_score = a.score(x)", "b = SVC(C=2)\nb.fit(x)\nb_score = b.score(x)", "#: # Compare",
         "print(a_score, b_score)"],
        ["step:data", "step:fit_a", "step:fit_b", "step:compare"],
    ),
    "a plot stays with what it shows": (
        ["#: # Data", f"x = load()\n{LOOP}", "#: # Model", f"m = fit(x)\n{LOOP}", "plt.plot(m)", "#: # End",
         f"print(m, x)\n{LOOP}"],
        ["step:data", "step:model", "", "step:end"],
    ),
    "plots below a heading are a step": (
        ["#: # Data", f"x = load()\n{LOOP}", "#: # Model", f"m = fit(x)\n{LOOP}", "#: # Plots", f"plt.plot(m)\n{LOOP}",
         "plt.hist(x)", "#: # End", f"print(m, x)\n{LOOP}"],
        ["step:data", "step:model", "step:plots", "", "step:end"],
    ),
    "what can't leave its process stays together": (
        ["import sqlite3", "#: # Connect", "con = sqlite3.connect('a.db')", "#: # Read",
         f"rows = con.execute('select 1').fetchall()\n{LOOP}", "#: # Report", f"print(rows)\n{LOOP}"],
        ["imports", "step:connect_and_read", "", "step:report"],
    ),
    "what can leave it may be cut": (
        ["import sqlite3", "#: # Connect", f"con = [1, 2]\n{LOOP}", "#: # Read", f"rows = con[1:]\n{LOOP}", "#: # Report",
         f"print(rows)\n{LOOP}"],
        ["imports", "step:connect", "step:read", "step:report"],
    ),
    # --- cells that are not valid, or not Python
    "a cell that isn't valid": (
        ["#: # A", f"x = load()\n{LOOP}", "#: # B", "y = (", f"print(x)\n{LOOP}"],
        ["step:a", "step:b", ""],
    ),
    "a cell of shell commands": (
        ["!pip install x", "import csv", f"x = load()\n{LOOP}"],
        ["step:load_x", "", ""],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_suggested_tags(case: str) -> None:
    cells, tags = CASES[case]
    assert tags_of(suggested(notebook(*cells))) == tags


KEPT: dict[str, tuple[dict[int, list[str]], list[str]]] = {
    "no tags": ({}, ["parameters", "step:load", "step:fit", "step:report"]),
    "papermill's parameters": ({0: ["parameters"]}, ["parameters", "step:load", "step:fit", "step:report"]),
    "tags of other tools": (
        {1: ["hide-input"], 3: ["raises-exception"]},
        ["parameters", "step:load hide-input", "step:fit", "step:report raises-exception"],
    ),
    "options": ({2: ["memory:8Gi"]}, ["parameters", "step:load", "step:fit memory:8Gi", "step:report"]),
    "a skipped cell": ({2: ["skip"]}, ["parameters", "step:load", "skip", "step:report"]),
    "metrics": ({3: ["metrics"]}, ["parameters", "step:load", "step:fit", "step:report metrics"]),
}
FOUR = [
    "n = 3",
    "#: # Load",
    f"x = load(n)\n{LOOP}",
    "#: # Fit",
    f"m = fit(x)\n{LOOP}",
    "#: # Report",
    f"print(x)\n{LOOP}",
]


@pytest.mark.parametrize("case", KEPT)
def test_tags_that_say_nothing_of_steps_stay(case: str) -> None:
    given, expected = KEPT[case]
    assert tags_of(suggested(notebook(*FOUR, tags=given))) == expected


@pytest.mark.parametrize("tag", ["step:a", "block:a", "imports", "functions", "after:a", "prev:a"])
def test_steps_that_are_there_are_left_alone(tag: str) -> None:
    content = notebook(*FOUR, tags={1: ["cpu:2", tag]})
    with pytest.raises(BadInput) as error:
        suggested(content)
    assert [(item.code, item.location.cell) for item in error.value.diagnostics] == [("N2P161", 1)]
    assert tags_of(suggested(content, again=True)) == ["parameters", "step:load cpu:2", "step:fit", "step:report"]


def test_a_metrics_cell_inside_a_step_says_which() -> None:
    cells = ["#: # Load", f"x = load()\n{LOOP}", "print('rows:', len(x))", "y = x + 1", "#: # End", f"print(y)\n{LOOP}"]
    found = suggested(notebook(*cells, tags={1: ["metrics"]}))
    assert tags_of(found) == ["step:load", "step:load metrics", "", "step:end"]
    assert found.analyzed.pipeline is not None
    assert [step.name for step in found.analyzed.pipeline.steps] == ["load", "end"]
