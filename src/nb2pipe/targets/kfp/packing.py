"""JSON data in, a text that passes through YAML, templates and shells unchanged out; and back.

bz2, since its format and its one implementation have not changed in decades: the same data give the same text on every
machine. base64 has no brace, quote or `$` that KFP or Argo could take for a template of theirs.
"""

from __future__ import annotations

import base64
import bz2
import json

from nb2pipe.model import Json

_BLOCK_BYTES = 100_000  # of bz2 at its first level; at its ninth nine times as many


def pack(data: Json) -> str:
    """The data as one word of ASCII letters, digits, `+`, `/` and `=`; keys keep their order."""
    text = json.dumps(data, separators=(",", ":"))
    level = min(9, 1 + len(text) // _BLOCK_BYTES)  # one block for all: a larger one only takes longer to make ready
    return base64.b64encode(bz2.compress(text.encode("ascii"), level)).decode("ascii")


def unpack(text: str) -> Json:
    """What `pack` was given. Raises ValueError, OSError for anything else."""
    found: Json = json.loads(bz2.decompress(base64.b64decode(text, validate=True)))
    return found
