"""Statements that call a library for what that does to it: later steps that use it share the process, or don't."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

A = "import seaborn as sns, keras, networkx as nx, numpy as np, random, json\ng = nx.Graph()\n"


@pytest.mark.parametrize(
    ("statement", "use", "together"),
    [
        ("keras.mixed_precision.set_global_policy('f')", "keras.Model()", True),
        ("sns.palettes._patch_colormap_display()", "sns.color_palette('x')", True),
        ("sns.palettes._patch_colormap_display()", "np.ones(1)", False),  # of another library
        ("sns.palettes._patch_colormap_display()  # nb2pipe: pure", "sns.color_palette('x')", False),
        ("p = sns.palettes._private()", "sns.color_palette('x')", False),  # called for its result
        ("sns.set_theme()", "sns.color_palette('x')", False),  # it is replayed
        ("sns.despine()", "sns.color_palette('x')", False),  # sets nothing up
        ("nx.set_node_attributes(g, 1, 'a')", "nx.draw(g)", False),  # it changes what it is given
        ("random.seed(1)\nnp.random.seed(1)", "random.random() + np.random.rand()", False),  # state that crosses
        ("json._private()", "json.dumps(1)", False),  # Python's own
    ],
)
def test_who_stays_together(steps: Callable[..., Any], statement: str, use: str, together: bool) -> None:
    stuck = steps(A + statement, use, "print(1)").analysis.stuck
    assert [(item.provider, item.reader) for item in stuck] == ([("a", "b")] if together else [])
