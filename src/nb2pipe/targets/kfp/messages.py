"""KFP's own protobuf messages: the door to `kfp-pipeline-spec`. The kfp SDK is never imported, even if it is there."""

from __future__ import annotations

import importlib.util
import sys
from functools import cache
from importlib import metadata
from typing import TYPE_CHECKING

from nb2pipe.errors import EnvironmentProblem

if TYPE_CHECKING:
    from types import ModuleType

_DISTRIBUTION = "kfp-pipeline-spec"
_FILE = "kfp/pipeline_spec/pipeline_spec_pb2.py"
_NAME = "nb2pipe_kfp_pipeline_spec_pb2"


@cache
def pipeline_spec() -> ModuleType:
    """The module of messages. Raises EnvironmentProblem (N2P521) if it isn't installed.

    It is loaded by its file: its package is the SDK's too, which would import all of itself first.
    """
    try:
        path = metadata.distribution(_DISTRIBUTION).locate_file(_FILE)
        spec = importlib.util.spec_from_file_location(_NAME, str(path))
        if spec is None or spec.loader is None:
            raise ImportError(f"{path} is no module")  # noqa: TRY301
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    except (metadata.PackageNotFoundError, ImportError, OSError) as error:
        raise EnvironmentProblem.of(
            "N2P521",
            f"KFP's messages can't be loaded: {error}",
            hint=f"run: {sys.executable} -m pip install {_DISTRIBUTION} googleapis-common-protos",
        ) from error
    return module
