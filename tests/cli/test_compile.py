"""`nb2pipe compile`: what it writes, and what it leaves alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Call = Callable[..., Any]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    cells = [
        {"cell_type": "code", "id": f"c{number}", "metadata": {"tags": [tag]}, "source": text, "outputs": [], "execution_count": None}
        for number, (tag, text) in enumerate([("parameters", "n = 1"), ("step:a", "x = n"), ("step:b", "print(x)")])
    ]  # fmt: skip
    path = tmp_path / "note.ipynb"
    path.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}), encoding="utf-8")
    return path


def test_the_file_is_written_and_checked(call: Call, source: Path) -> None:
    file = source.with_suffix(".yaml")
    assert call("compile", source, "--to", "kfp", "--check").code == 2
    assert not file.exists()
    assert call("compile", source, "--to", "kfp").code == 0
    assert call("compile", source, "--to", "kfp", "--check").code == 0
    source.write_text(source.read_text(encoding="utf-8").replace("x = n", "x = n + 1"), encoding="utf-8")
    stale = call("compile", source, "--to", "kfp", "--check")
    assert stale.code == 2
    assert f"the pipeline in {file} is out of date" in stale.err
    assert call("compile", source, "--to", "kfp").code == 0
    assert call("compile", source, "--to", "kfp", "--check").code == 0


@pytest.mark.parametrize("content", ["n: 3\n", "", "sdkVersion: kfp-2.17.0\n"])
def test_a_file_of_the_user_s_is_left_alone(call: Call, source: Path, content: str) -> None:
    file = source.with_suffix(".yaml")
    file.write_text(content, encoding="utf-8")
    refused = call("compile", source, "--to", "kfp")
    assert refused.code == 2
    assert f"{file} is there already, and nb2pipe did not write it" in refused.err
    assert file.read_text(encoding="utf-8") == content
    assert call("compile", source, "--to", "kfp", "-o", file).code == 0  # it was asked for by name
