"""Where a pipeline runs: one package per target, each behind the protocol of `base`."""
