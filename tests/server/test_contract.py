"""What the OpenAPI document says holds, whatever is sent: no failure of ours, and answers as they are described."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from asking import content
from hypothesis import HealthCheck, Phase, settings
from outside import TOKEN, Outside
from schemathesis import checks

from nb2pipe_jupyter.openapi import document

SCHEMA = schemathesis.openapi.from_dict(json.loads(json.dumps(document())))
PATH = "train.ipynb"
HELD = [
    checks.not_a_server_error,
    schemathesis.specs.openapi.checks.status_code_conformance,
    schemathesis.specs.openapi.checks.content_type_conformance,
    schemathesis.specs.openapi.checks.response_schema_conformance,
]
DONE_BY_PROCESSES = ("/nb2pipe/verifications",)  # one is enough


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server whose one notebook has an error, so that nothing of it is run."""
    folder = tmp_path_factory.mktemp("contract")
    root: Path = folder / "root"
    root.mkdir()
    (root / PATH).write_text(json.dumps(content(("step:fit", "print(never_defined)"))), encoding="utf-8")
    server = Outside(root, folder / "state")
    yield f"http://127.0.0.1:{server.port}"
    server.close()
    assert "Traceback" not in (folder / "state" / "server.log").read_text(encoding="utf-8")


def of_the_notebook(case: Any) -> None:
    """Half of the questions are about the notebook that is there."""
    if case.operation.path in DONE_BY_PROCESSES:
        return
    if isinstance(case.body, dict) and isinstance(case.body.get("path"), str) and len(case.body["path"]) % 2:
        case.body["path"] = PATH
    if case.query and len(str(case.query.get("path", ""))) % 2:
        case.query["path"] = PATH


@SCHEMA.parametrize()
@settings(
    max_examples=12, phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck), deadline=None
)
def test_the_document_holds(case: Any, address: str) -> None:
    of_the_notebook(case)
    headers = {"Authorization": f"token {TOKEN}"}
    case.call_and_validate(base_url=address, headers=headers, checks=HELD, timeout=60)
