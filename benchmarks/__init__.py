"""Measurements, run by hand: `python -m benchmarks`. Each is a ratio to a baseline that is measured in the same run."""
