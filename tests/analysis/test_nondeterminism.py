"""What gives something else in each run: a note where it does, and none where it only might seem to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

SKLEARN = "from sklearn.{module} import {name}\n"
FITTED = [
    ("ensemble", "RandomForestClassifier", "", True),
    ("ensemble", "RandomForestClassifier", "random_state=0", False),
    ("ensemble", "RandomForestClassifier", "random_state=SEED", False),
    ("ensemble", "RandomForestClassifier", "random_state=None", True),
    ("cluster", "KMeans", "n_clusters=2", True),
    ("linear_model", "SGDClassifier", "", True),
    ("linear_model", "LogisticRegression", "", False),
    ("linear_model", "LogisticRegression", "max_iter=500", False),
    ("linear_model", "LogisticRegression", "solver='saga'", True),
    ("linear_model", "LogisticRegression", "solver=chosen", True),
    ("linear_model", "Ridge", "", False),
    ("linear_model", "Ridge", "solver='sag'", True),
    ("linear_model", "Lasso", "alpha=1", False),
    ("linear_model", "Lasso", "selection='random'", True),
    ("svm", "SVC", "", False),
    ("svm", "SVC", "probability=True", True),
    ("svm", "SVC", "probability=True, random_state=1", False),
    ("decomposition", "PCA", "2", False),
    ("decomposition", "PCA", "2, svd_solver='randomized'", True),
    ("gaussian_process", "GaussianProcessRegressor", "", False),
    ("gaussian_process", "GaussianProcessRegressor", "n_restarts_optimizer=3", True),
    ("linear_model", "LinearRegression", "", False),
]


@pytest.mark.parametrize(("module", "name", "arguments", "noted"), FITTED)
def test_an_estimator_is_noted_only_if_its_result_varies(
    cells: Callable, module: str, name: str, arguments: str, noted: bool
) -> None:
    source = SKLEARN.format(module=module, name=name) + f"model = {name}({arguments})"
    found = cells(
        ("start", "chosen = input_name\nSEED = 1"), ("make", source), ("fit", "model.fit([[1], [2]], [0, 1])")
    )
    notes = [item for item in found.diagnostics if item.code == "N2P304"]
    assert [item.location.cell for item in notes] == ([2] if noted else [])
    assert all(name in item.message and item.hint == "pass `random_state=0`" for item in notes)


DRAWS = [
    ("import numpy as np\nx = np.random.rand(3)", "numpy.random.rand"),
    ("import numpy as np\nnp.random.seed(0)\nx = np.random.rand(3)", None),
    ("import numpy as np\nx = np.random.default_rng().normal()", "numpy.random.default_rng"),
    ("import numpy as np\nx = np.random.default_rng(None).normal()", "numpy.random.default_rng"),
    ("import numpy as np\nx = np.random.default_rng(7).normal()", None),
    ("import random\nr = random.Random()", "Random"),
    ("import random\nr = random.Random(3)", None),
    ("import random\nx = random.choice([1, 2])", "random.choice"),
    ("import pandas as pd\nx = pd.DataFrame().sample(2)", ".sample"),
    ("import pandas as pd\nx = pd.DataFrame().sample(2, random_state=1)", None),
    ("from sklearn.model_selection import train_test_split\na = train_test_split([1])", "sklearn"),
    ("from sklearn.model_selection import train_test_split\na = train_test_split([1], shuffle=False)", None),
    ("from sklearn.model_selection import KFold, cross_val_score\nx = cross_val_score(m, [], cv=KFold(3))", None),
    (
        "from sklearn.model_selection import KFold, cross_val_score\nx = cross_val_score(m, [], cv=KFold(3, shuffle=True))",
        "KFold",
    ),
    ("import uuid\nx = uuid.uuid4()", None),  # N2P305, see tests/checks
]


@pytest.mark.parametrize(("source", "what"), DRAWS)
def test_draws(cells: Callable, source: str, what: str | None) -> None:
    found = [item for item in cells(("start", "m = 1"), ("a", source)).diagnostics if item.code == "N2P304"]
    assert len(found) == (what is not None)
    assert all(f"`{what}" in item.message for item in found)


def test_one_note_per_step_at_its_first_draw(cells: Callable) -> None:
    draw = "x = random.random()\ny = random.random()"
    found = cells(("start", "import random"), ("a", draw), ("b", draw), ("b", draw))
    assert [item.location.cell for item in found.diagnostics if item.code == "N2P304"] == [1, 2]


@pytest.mark.parametrize(("seed", "refused"), [("", False), ("np.random.seed(0)", True)])
def test_cells_that_draw_may_change_places_unless_seeded(cells: Callable, seed: str, refused: bool) -> None:
    found = cells(
        ("start", f"import numpy as np\n{seed}"),
        ("a", "x = np.random.rand()"),
        ("b", "y = np.random.rand()"),
        ("a", "z = np.random.rand()"),
    )
    assert ("N2P308" in found.codes) == refused


REPLAYED = [
    ("import pandas as pd", "x = pd.Timestamp.now()", False),
    ("import pandas as pd", "x = pd.Timestamp(2020, 1, 1)", True),
    ("from datetime import datetime as dt", "x = dt.now()", False),
    ("from datetime import timedelta as td", "x = td(days=1)", True),
    ("from time import time as clock", "x = clock()", False),
    ("import pandas as pd\ndef now():\n    return pd.Timestamp.now()", "x = now()", False),
    ("import pandas as pd\ndef then():\n    return pd.Timestamp(0)", "x = then()", True),
    ("import requests", "x = requests.get('http://a.b').text", False),
    ("import pandas as pd", "x = pd.read_csv('https://a.b/c.csv')", False),
    ("import numpy as np", "x = np.empty(3)", False),
    ("import numpy as np", "x = np.zeros(3)", True),
    ("import uuid as u", "x = u.uuid4()", False),
]


@pytest.mark.parametrize(("before", "source", "replayed"), REPLAYED)
def test_what_differs_each_time_is_computed_once(cells: Callable, before: str, source: str, replayed: bool) -> None:
    found = cells(("imports", f"{before}\n{source}"), ("a", "print(x)"), ("b", "print(x)"))
    assert any("x" in item.names for item in found.pipeline.definitions) == replayed
    assert (found.edges == "imports>a:x imports>b:x") != replayed


def test_a_library_that_draws_from_numpys_generator_waits_for_its_seed(steps: Callable[..., Any]) -> None:
    draw = "from statsmodels.tsa.arima_process import arma_generate_sample as draw\ny = draw([1], [1], 5)"
    assert steps("import numpy as np\nnp.random.seed(1)", draw).edges == "a>b"
