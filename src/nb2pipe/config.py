"""Limits that keep any input within bounds. Each can be set by an environment variable, `NB2PIPE_` + its name."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields

from nb2pipe.errors import BadInput


@dataclass(frozen=True)
class Limits:
    """Caps on a notebook. Bytes count UTF-8."""

    max_file_bytes: int = 100_000_000
    max_depth: int = 100
    max_cells: int = 5_000
    max_cell_bytes: int = 1_000_000
    max_code_bytes: int = 4_000_000

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Limits:
        """The limits with `NB2PIPE_MAX_CELLS` and the like applied. Raises BadInput on a value that is no count."""
        given: dict[str, int] = {}
        for item in fields(cls):
            variable = f"NB2PIPE_{item.name.upper()}"
            text = environ.get(variable)
            if text is None:
                continue
            if not (text.isascii() and text.isdigit() and int(text) > 0):
                raise BadInput.of(
                    "N2P101",
                    f"the environment variable {variable} is {text!r}, not a positive whole number",
                    hint=f"unset {variable}, or give it a number such as {item.default}",
                )
            given[item.name] = int(text)
        return cls(**given)
