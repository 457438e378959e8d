"""An attribute that can't be stored in; out, what stands in its place, and says so when somebody uses it.

Libraries hang things on frames that pandas itself leaves behind when it pickles them. That one of them can't be stored
is no reason not to store the frame: most are never looked at again.
"""

from __future__ import annotations

from typing import Any

from nb2pipe.runtime.session import StepProblem


class Left:
    """In the place of an attribute that stayed in its step. To use it is a StepProblem; to hand it on is none."""

    def __init__(self, why: str) -> None:
        vars(self)["_why"] = why

    def __reduce__(self) -> Any:  # noqa: ANN401
        return (Left, (vars(self)["_why"],))

    def __repr__(self) -> str:
        raise StepProblem(vars(self)["_why"])

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        if name.startswith("__") and name.endswith("__"):  # Python and libraries ask any object for these
            raise AttributeError(name)
        raise StepProblem(vars(self)["_why"])

    def _used(self, *_: object) -> Any:  # noqa: ANN401
        raise StepProblem(vars(self)["_why"])

    __bool__ = __call__ = __len__ = __iter__ = __getitem__ = __contains__ = __eq__ = __lt__ = __add__ = __array__ = (
        _used
    )
    __hash__ = None  # type: ignore[assignment]  # as for all that can be compared
