"""Kubeflow Pipelines as a target: connections, submitting and following runs."""
