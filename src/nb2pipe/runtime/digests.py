"""The name of a hash algorithm in, a hasher out: which one a step's objects are named by.

The run decides, for all its kernels, see `targets.local.kernels`: what one of them stores, each other one can load.
Who is told nothing takes SHA-256, which is everywhere.
"""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import PurePath
from typing import Any, Protocol

USUAL = "sha256"
QUICK = "blake3"
WORTHWHILE_BYTES = 1 << 20  # below, the import alone would take longer than SHA-256

_EMPTY = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"  # BLAKE3 of no bytes


class Hasher(Protocol):
    """What hashlib's hashers and BLAKE3's have in common."""

    def update(self, data: Any, /) -> object:  # noqa: ANN401  # any buffer
        """Take in more bytes."""

    def hexdigest(self) -> str:
        """The digest of all bytes so far."""


_chosen = [USUAL]


def use(algorithm: str) -> None:
    """What is stored from now on is named by this one, as far as it is here and worth its import."""
    _chosen[0] = algorithm if algorithm in {USUAL, QUICK} else USUAL


def for_size(size_bytes: int) -> str:
    """The algorithm for a new object of this size."""
    return QUICK if _chosen[0] == QUICK and size_bytes >= WORTHWHILE_BYTES and _blake3() is not None else USUAL


def hasher(algorithm: str) -> Hasher | None:
    """A new hasher; None where the algorithm isn't known, or not here."""
    if algorithm == USUAL:
        return hashlib.sha256()
    made = _blake3() if algorithm == QUICK else None
    return None if made is None else made()


_found: list[Any] = []


def _blake3() -> Any | None:  # noqa: ANN401  # an optional package
    """The installed package's class. A `blake3.py` beside the notebook is the user's, and is never run for this."""
    if not _found:
        _found.append(_import())
    return _found[0]


def _import() -> Any | None:  # noqa: ANN401
    try:
        spec = importlib.util.find_spec(QUICK)
        if spec is None or not {"site-packages", "dist-packages"} & set(PurePath(spec.origin or "").parts):
            return None
        made: Any = importlib.import_module(QUICK).blake3
    except Exception:  # noqa: BLE001  # whatever a damaged installation raises: there is another algorithm
        return None
    return made if made().hexdigest() == _EMPTY else None
