"""The tests' own module `kfp_runs` is found, and what all of them share."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from kfp_runs import Ran, Run, by_kfp, notebook

from nb2pipe import api
from nb2pipe.targets.kfp import compiled


@pytest.fixture
def run_by_kfp(tmp_path: Path) -> Run:
    """Compile a notebook (its cells, or the path of one) and have KFP's local runner run the file."""

    def run(*cells: tuple[str, str], source: Path | None = None, parameters: Mapping[str, Any] | None = None) -> Ran:
        folder = tmp_path / "folder"
        folder.mkdir()
        if source is None:
            source = tmp_path / "note.ipynb"
            source.write_bytes(notebook(*cells))
        file = tmp_path / "pipeline.yaml"
        file.write_bytes(compiled(api.build(source)))
        return by_kfp(file, folder, parameters or {})

    return run
