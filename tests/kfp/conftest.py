"""The tests' own module `kfp_runs` is found, and what all of them share."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from kfp_runs import Ran, Run, by_kfp, notebook

from nb2pipe import api
from nb2pipe.model import Pipeline
from nb2pipe.targets.kfp import compiled


@pytest.fixture
def run_by_kfp(tmp_path: Path) -> Run:
    """Compile a notebook (its cells, or the path of one) and have KFP's local runner run the file.

    `apart`: each step in a new folder, as in pods. `change`: of the plan.
    """

    def run(
        *cells: tuple[str, str],
        source: Path | None = None,
        parameters: Mapping[str, Any] | None = None,
        apart: bool = False,
        change: Callable[[Pipeline], Pipeline] = lambda pipeline: pipeline,
    ) -> Ran:
        folder = tmp_path / "folder"
        folder.mkdir()
        if source is None:
            source = tmp_path / "note.ipynb"
            source.write_bytes(notebook(*cells))
        file = tmp_path / "pipeline.yaml"
        bundle = api.build(source)
        file.write_bytes(compiled(replace(bundle, pipeline=change(bundle.pipeline))))
        return by_kfp(file, folder, parameters or {}, apart=apart)

    return run
