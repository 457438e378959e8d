"""Kubeflow Pipelines as a target: a pipeline in; a compiled pipeline, and what a cluster can't honour of it, out."""

from __future__ import annotations

from nb2pipe.targets.kfp.checking import check
from nb2pipe.targets.kfp.compiling import compiled, make, places
from nb2pipe.targets.kfp.limits import not_there
from nb2pipe.targets.kfp.local_runs import run as run_locally

name = "kfp"

__all__ = ["check", "compiled", "make", "name", "not_there", "places", "run_locally"]
