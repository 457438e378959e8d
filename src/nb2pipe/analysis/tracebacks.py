"""The notebook's text in; out, whether its code may look at exceptions' tracebacks, which can't leave their process."""

from __future__ import annotations

import re
from collections.abc import Iterable

_WORDS = (
    "traceback", "tb_", "exc_info", "excepthook", "format_exc", "print_exc", ".exception(", "last_value", "cgitb",
    "faulthandler", "pdb", "%tb", "%debug", "%xmode", "rich", "loguru", "stack_data", "inspect",
)  # fmt: skip
_LOOKS = re.compile(
    r"traceback|\btb_\w+|\bexc_info\b|\bexcepthook\b|\bformat_exc\b|\bprint_exc\b|\.exception\(|\blast_value\b|\bcgitb\b"
    r"|\bfaulthandler\b|\bi?pdb\b|%(?:tb|debug|pdb|xmode)\b|\brich\b|\bloguru\b|\bstack_data\b|\binspect\b"
)


def may_look_at(sources: Iterable[str]) -> bool:
    """True if anything in the code has to do with tracebacks. Else exceptions cross without theirs, unseen."""
    text = "\n".join(sources)
    if not any(word in text for word in _WORDS):  # to look for them one by one takes a tenth of the time
        return False
    return _LOOKS.search(text) is not None
