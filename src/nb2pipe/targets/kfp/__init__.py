"""Kubeflow Pipelines as a target: a pipeline in; a compiled pipeline, and what a cluster can't honour of it, out."""

from __future__ import annotations

from nb2pipe.targets.kfp.checking import check

name = "kfp"

__all__ = ["check", "name"]
