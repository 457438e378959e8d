"""JSON data in, a text that passes through YAML, templates and shells unchanged out; and back.

bz2, since its format and its one implementation have not changed in decades: the same data give the same text on every
machine. base64 has no brace, quote or `$` that KFP or Argo could take for a template of theirs.
"""

from __future__ import annotations

import base64
import bz2
import json

from nb2pipe.model import Json


def pack(data: Json) -> str:
    """The data as one word of ASCII letters, digits, `+`, `/` and `=`; keys keep their order."""
    text = json.dumps(data, separators=(",", ":"))
    return base64.b64encode(bz2.compress(text.encode("ascii"))).decode("ascii")


def unpack(text: str) -> Json:
    """What `pack` was given. Raises ValueError, OSError for anything else."""
    found: Json = json.loads(bz2.decompress(base64.b64decode(text, validate=True)))
    return found
