"""Names for steps, and the headings that they are made of."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from untagged import notebook

from nb2pipe.notebook.names import is_name
from nb2pipe.suggest.headings import headings, in_text
from nb2pipe.suggest.naming import LONGEST, deed, fresh, name_of

NAMES = {
    "Load": "load",
    "1. Load the data": "load_data",
    "**Exploring** the data with `pandas`": "exploring_data_with_pandas",
    "Step 3: Train a model": "train_model",
    "I. Introduction": "introduction",
    "IV estimation": "iv_estimation",  # no number
    "2 stages": "stages",
    "2": "2",
    "Model 2": "model_2",
    "Données d'entrée": "données_d_entrée",
    "Fair's Affair data": "fairs_affair_data",
    "加载数据": "加载数据",
    "हिन्दी": "हिन्दी",
    "Autoregressive Moving Average (ARMA): Sunspots": "autoregressive_moving_average",
    "(only in brackets)": "only_in_brackets",
    "OLS vs. WLS": "ols_vs_wls",
    "Results and": "results",
    "[Link](http://x.y) to it": "link_to_it",
    "<a name='x'></a>Fit": "fit",
    "🚀 Launch!": "launch",
    "`load_iris`": "load_iris",
    "A": "a",
    "The": "the",
    "$x^2$": "",
    "!!!": "",
    "": "",
    "one two three four five six": "one_two_three_four",
    "x" * 100: "x" * LONGEST,
}


@pytest.mark.parametrize("text", NAMES)
def test_the_name_of_a_heading(text: str) -> None:
    assert name_of(text) == NAMES[text]


def test_the_whole_heading() -> None:
    assert name_of("GLM: Gamma response", whole=True) == "glm_gamma_response"


@pytest.mark.parametrize(
    ("verb", "variable", "name"),
    [
        ("fit", "forest", "fit_forest"),
        ("fit", "a", "fit_a"),
        ("load", "", "load"),
        ("", "X_train", "x_train"),
        ("", "_", ""),
        ("fit", "x" * 30, "fit"),
    ],
)
def test_the_name_of_a_deed(verb: str, variable: str, name: str) -> None:
    assert deed(verb, variable) == name


@given(st.text())
def test_whatever_the_heading_its_name_is_valid(text: str) -> None:
    for name in (name_of(text), name_of(text, whole=True)):
        assert name == "" or (is_name(name) and len(name) <= LONGEST)


@given(st.lists(st.sampled_from(["a", "A", "a_b", "a-b", "a_2", "é"]), max_size=8))
def test_no_two_names_are_alike(names: list[str]) -> None:
    taken: list[str] = []
    for name in names:
        taken.append(fresh(name, taken))
    assert len({name.casefold().replace("-", "_") for name in taken}) == len(taken)


TEXTS = {
    "# A": [("A", 1)],
    "## A ##": [("A", 2)],
    "#A": [],
    "####### A": [],
    "text\n### A\ntext": [("A", 3)],
    "A\n===": [("A", 1)],
    "A\n---": [("A", 2)],
    "\n---": [],
    "- A\n---": [],
    "| A |\n---": [],
    "<h2>A</h2>": [("A", 2)],
    '<h2 style="x">A</h2>': [("A", 2)],
    "<h2>A": [],
    "```\n# A\n```\n# B": [("B", 1)],
    "~~~\n# A\n```\n# B\n~~~": [],
    "    # A": [],
    "# " + "a" * 400: [],
}


@pytest.mark.parametrize("text", TEXTS)
def test_headings_in_a_text(text: str) -> None:
    assert [(found.text, found.level) for found in in_text(text)] == TEXTS[text]


RANKS = {
    "a title, and sections": (["# T", "## A", "### a", "## B"], [None, 0, 1, 0]),
    "no title": (["# A", "## a", "# B"], [0, 1, 0]),
    "a title that isn't first is none": (["## A", "# B", "## C"], [0, 0, 0]),
    "one heading": (["# A"], [0]),
    "a lone section, with parts": (["# T", "## A", "### a", "### b"], [None, 0, 0, 0]),
}


@pytest.mark.parametrize("case", RANKS)
def test_ranks(case: str) -> None:
    texts, ranks = RANKS[case]
    cells = [part for text in texts for part in (f"#: {text}", "x = 1")]
    found = headings(notebook(*cells))
    assert [heading.rank for group in found for heading in group] == ranks
