"""Limits that keep any input within bounds. Each can be set by an environment variable, `NB2PIPE_` + its name."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import fields

from nb2pipe.errors import BadInput
from nb2pipe.records import dataclass

_MAX_DIGITS = 15


@dataclass(frozen=True)
class Limits:
    """Caps on a notebook, and on what its analysis may take. Bytes of text count UTF-8.

    `max_cpu_s` and `max_memory_bytes` hold where the system can cap them; `max_wall_s` is for a machine that is busy
    with other things, and for those systems that can't.
    """

    max_file_bytes: int = 100_000_000
    max_depth: int = 100
    max_cells: int = 5_000
    max_cell_bytes: int = 1_000_000
    max_code_bytes: int = 4_000_000
    max_cpu_s: int = 10
    max_wall_s: int = 60
    max_memory_bytes: int = 1 << 30

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Limits:
        """The limits with `NB2PIPE_MAX_CELLS` and the like applied. Raises BadInput on a value that is no count."""
        given: dict[str, int] = {}
        for item in fields(cls):
            variable = f"NB2PIPE_{item.name.upper()}"
            text = environ.get(variable)
            if text is None:
                continue
            if not (text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS and int(text) > 0):
                raise BadInput.of(
                    "N2P101",
                    f"the environment variable {variable} is {text[:40]!r}, not a positive whole number that fits",
                    hint=f"unset {variable}, or give it a number such as {item.default}",
                )
            given[item.name] = int(text)
        return cls(**given)
