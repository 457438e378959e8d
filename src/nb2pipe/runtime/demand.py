"""Names that the plan forgot: fetched when they are first read, from the step that the notebook's order says.

A name that isn't in a function's globals is looked up in `__builtins__`, by cells, functions, classes and `eval` alike.
So a step's `__builtins__` is a dict that asks for what it lacks: all but the builtins that the notebook gives no other
meaning. CPython looks up quickest in plain dicts, which that one isn't. So the builtins that the notebook's code names
stand in the step's namespace itself, put there beforehand.
"""

from __future__ import annotations

import builtins
import re
import sys
import threading
from collections.abc import Callable, Collection, Iterable
from typing import Any

_HISTORY_NAME = re.compile(r"_i?\d*|_i{1,3}|_{1,3}|_[iods]h|In|Out")


class StepBuiltins(dict[str, object]):
    """`__builtins__` of a step: what `fetch` puts into `main`, else the builtins as they are now."""

    def __init__(self, main: dict[str, Any], bound: Collection[str], fetch: Callable[[str], bool]) -> None:
        super().__init__((name, value) for name, value in vars(builtins).items() if name not in bound)
        self._main = main
        self.fetch = fetch
        self._lock = threading.RLock()

    def __missing__(self, name: str) -> object:
        # `eval(text, {})` takes these builtins along, but must see no name of the notebook
        if sys._getframe(1).f_globals is self._main and not is_own(name):
            with self._lock:
                if self.fetch(name):
                    return self._main[name]
        return vars(builtins)[name]  # the KeyError becomes a NameError


def install(main: dict[str, Any], named: Iterable[str], bound: Collection[str], fetch: Callable[[str], bool]) -> None:
    """Let `fetch` be asked for names that `main` lacks. It puts the value into `main`, or returns False.

    `named`: builtins that stand in `main` from now on. `bound`: names that the notebook gives a meaning of its own.
    """
    found = {name: vars(builtins)[name] for name in named if name in vars(builtins) and name not in main}
    main["__builtins__"] = StepBuiltins(main, bound, fetch)
    main.update(found)


def is_own(name: str) -> bool:
    """True for names that are Python's or IPython's, not the notebook's."""
    return bool(name.startswith("__") and name.endswith("__")) or _HISTORY_NAME.fullmatch(name) is not None
