"""Whole notebooks in real kernels: streams, results, pictures and errors, cell by cell, as in a straight run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fast import notebook_of

from nb2pipe import api
from nb2pipe.model import RunState

pytestmark = pytest.mark.kernel

EXPLORING = [
    ("", "import numpy as np\nimport pandas as pd\nimport matplotlib.pyplot as plt\n%matplotlib inline\nplt.style.use('ggplot')\nplt.rcParams['figure.figsize'] = (3, 2)"),
    ("", "import warnings\nwarnings.filterwarnings('ignore')\npd.set_option('display.max_columns', 6)\npd.options.display.float_format = '{:.2f}'.format"),
    ("load", "from sklearn.datasets import load_wine\ndf = load_wine(as_frame=True).frame\ndf.head()"),
    ("load", "df.info()"),
    ("clean", "df.columns = [c.replace('/', '_') for c in df.columns]\ndf.loc[::17, 'ash'] = np.nan\ndf['ash'] = df['ash'].fillna(df['ash'].median())\ndf.describe().T"),
    ("features", "df['band'] = pd.cut(df.alcohol, bins=[0, 12, 13, 20], labels=['low', 'mid', 'high'])\ndf.groupby(['target', 'band'], observed=True).size().unstack(fill_value=0)"),
    ("plots", "fig, axes = plt.subplots(1, 2)\ndf['alcohol'].hist(ax=axes[0])\naxes[1].set_title('empty')\nplt.show()"),
    ("more", "axes[1].plot(df['ash'])\nfig"),
    ("more", "1 / (len(fig.axes) - 2)"),
    ("last", "import sys\nprint('to stderr', file=sys.stderr)\ndf['band'].value_counts()"),
]  # fmt: skip

MAGICS = [
    ("a", "!echo hello > greet.txt\ntext = !cat greet.txt\ntext"),
    ("b", "name = 'world'\n!echo \"$name {len(text)}\"\n!cat greet.txt"),
    ("c", "%%capture cap\nprint('captured', name)"),
    ("d", "print(cap.stdout)"),
    ("e", "%%writefile helper.py\ndef triple(x):\n    return 3 * x"),
    ("f", "from helper import triple\ntriple(2)"),
    ("g", "triple(3)"),
    ("h", "%%bash\nls *.py"),
    ("i", "%env MY_FLAG=yes"),
    ("j", "import os\nos.environ['MY_FLAG']"),
    ("k", "os.makedirs('sub', exist_ok=True)\n%cd -q sub"),
    ("l", "os.path.basename(os.getcwd())"),
    ("l", "from IPython.display import display, Markdown\ndisplay(Markdown('*x*'), {'a': 1})"),
]


@pytest.mark.parametrize(
    ("cells", "failing"), [(EXPLORING, "more"), (MAGICS, None)], ids=["exploring a table", "magics and commands"]
)
def test_a_notebook(
    tmp_path: Path,
    cells: list[tuple[str, str]],
    failing: str | None,
    straight_run: Callable[..., list[Any]],
    shown: Callable[[Path], list[Any]],
) -> None:
    content = notebook_of(cells)
    for cell, (step, _) in zip(content["cells"], cells, strict=True):
        if step == failing:  # nbclient goes on after its errors, and so do we
            cell["metadata"]["tags"].append("raises-exception")
    paths = [tmp_path / folder / "case.ipynb" for folder in ("straight", "pipeline")]
    for path in paths:
        path.parent.mkdir()
        path.write_text(json.dumps(content), encoding="utf-8")
    run = api.run(paths[1], api.RunAsked(jobs=2))
    events = list(run.events())
    assert run.record is not None
    assert run.record.state is RunState.SUCCEEDED, events
    assert shown(run.merged) == straight_run(paths[0])
