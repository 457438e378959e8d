"""What each step does to names, in notebook order, in; who provides a name to a step out.

The provider is the last earlier step that may bind, delete or change the name. A step that only may bind it leaves
the one before it a provider too.
"""

from __future__ import annotations

from dataclasses import field

from nb2pipe.model import At, Names
from nb2pipe.records import dataclass


@dataclass(frozen=True)
class Touch:
    """A step touched a name. `whole`: whoever reads later needs no earlier step; `gone`: surely deleted."""

    step: str
    at: At
    whole: bool
    gone: bool = False


@dataclass(frozen=True)
class Found:
    """Where a name comes from: steps, latest first; `gone`: where it was deleted; `settled`: no earlier source.

    `guessed`: nothing binds it that can be seen; the providers are steps that may bind any name.
    """

    providers: tuple[str, ...] = ()
    written: At | None = None
    gone: At | None = None
    settled: bool = False
    guessed: bool = False


@dataclass
class History:
    """All touches of each name so far."""

    touches: dict[str, list[Touch]] = field(default_factory=dict)
    unknowable: list[Touch] = field(default_factory=list)  # steps that may bind any name

    def find(self, name: str) -> Found:
        """Who provides the name to a step that comes now."""
        providers: list[str] = []
        written: At | None = None
        for touch in reversed(self.touches.get(name, ())):
            if touch.gone:
                return Found(tuple(providers), written, None if providers else touch.at, settled=True)
            providers.append(touch.step)
            written = written or touch.at
            if touch.whole:
                return Found(tuple(providers), written, settled=True)
        if not self.touches.get(name):
            providers = [touch.step for touch in reversed(self.unknowable)]
            return Found(tuple(providers), self.unknowable[-1].at if providers else None, guessed=True)
        return Found(tuple(providers), written)

    def add(self, step: str, names: Names, skip: frozenset[str], known: frozenset[str]) -> None:
        """A step ran. `skip` are definitions, which no step provides; `known` the parameters."""
        if names.barrier is not None:
            self.unknowable.append(Touch(step, names.barrier[0], whole=False))
        for name in sorted({*names.binds, *names.deletes, *names.updates} - skip):
            bound, deleted = names.binds.get(name), names.deletes.get(name)
            if bound is None and deleted is None:
                if name in self.touches or name in known:
                    self._put(name, Touch(step, names.updates[name], whole=True))
            elif name in names.settled and bound is None and deleted is not None:
                self._put(name, Touch(step, deleted, whole=True, gone=True))
            else:
                at = max(place for place in (bound, deleted, names.updates.get(name)) if place is not None)
                # A step that loads the name has it in the end, whether or not it binds it.
                loaded = name in names.needs or name in names.soft
                has = loaded and deleted is None and (name in self.touches or name in known)
                self._put(name, Touch(step, at, whole=name in names.settled or has))

    def _put(self, name: str, touch: Touch) -> None:
        self.touches.setdefault(name, []).append(touch)
