"""Which step may run when: a pipeline and what has become of its steps in, the next steps out. No I/O."""

from __future__ import annotations

import heapq
from bisect import bisect_left, insort
from collections.abc import Collection

from nb2pipe import graph
from nb2pipe.model import Pipeline, RunState


class Schedule:
    """The ready queue of one run: a step is ready as soon as the steps it waits for have succeeded.

    Steps that share a process start with the first of them, once all that they wait for outside has succeeded. What a
    step costs here does not depend on how many there are, but for those whose answer names others.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        self._names = {step.id: step.name for step in pipeline.steps}
        self._place = {step: place for place, step in enumerate(self._names)}
        pairs = [(edge.source, edge.target) for edge in pipeline.edges]
        self._waits_for = graph.parents(list(self._names), pairs)
        self._process = {step.id: [item.id for item in pipeline.process_of(step.id)] for step in pipeline.steps}
        self.states = dict.fromkeys(self._names, RunState.PENDING)
        self._left = len(self.states)
        self._needed_by: dict[str, list[str]] = {step: [] for step in self._names}
        self._missing: dict[str, int] = {}  # first step of each process -> how many have to succeed before
        for first in (step for step in self._names if step == self._process[step][0]):
            outside = self._outside(first)
            self._missing[first] = len(outside)
            for source in outside:
                self._needed_by[source].append(first)
        self._ready = [self._place[step] for step, missing in self._missing.items() if not missing]  # sorted
        self._arrived = list(self._ready)  # a heap
        self._ids = list(self._names)

    @property
    def done(self) -> bool:
        """True if every step has ended, or never will start."""
        return not self._left

    def ready(self) -> list[str]:
        """The steps that may start now, in notebook order: of those that share a process, the first."""
        return [self._ids[place] for place in self._ready]

    def first(self) -> str | None:
        """The first of those that may start now."""
        return self._ids[self._ready[0]] if self._ready else None

    def arrived(self) -> str | None:
        """The first of those that may start now and that this has not given before."""
        while self._arrived:
            step = self._ids[heapq.heappop(self._arrived)]
            if self.states[step] is RunState.PENDING:
                return step
        return None

    def _outside(self, step: str) -> set[str]:
        """What the steps of its process wait for, outside of it."""
        members = self._process[step]
        return {source for member in members for source in self._waits_for[member]} - set(members)

    def _set(self, step: str, state: RunState) -> None:
        """Each step passes here whenever its state is another one."""
        before, self.states[step] = self.states[step], state
        self._left += before.done - state.done
        if before is RunState.PENDING and self._missing.get(step) == 0:
            del self._ready[bisect_left(self._ready, self._place[step])]
        for waiting in self._needed_by[step] if state is RunState.SUCCEEDED else ():
            self._missing[waiting] -= 1
            if not self._missing[waiting] and self.states[waiting] is RunState.PENDING:
                insort(self._ready, self._place[waiting])
                heapq.heappush(self._arrived, self._place[waiting])

    def before(self, step: str) -> list[str]:
        """The steps that `step` waits for, directly or not, in notebook order."""
        found = graph.ancestors(self._waits_for, step)
        return [item for item in self.states if item in found]

    def around(self, step: str) -> list[str]:
        """The steps before `step`, in notebook order, that it or another one of its process waits for."""
        found = set().union(*(graph.ancestors(self._waits_for, member) for member in self._process[step]))
        return [item for item in self._ids[: self._place[step]] if item in found]

    def leave_out(self, wanted: Collection[str] | None) -> list[str]:
        """Skip all steps but these, and return them; none for None. What a wanted one waits for has to be wanted."""
        skipped = [step for step in self.states if wanted is not None and step not in wanted]
        for step in skipped:
            self._set(step, RunState.SKIPPED)
        return skipped

    def started(self, step: str) -> None:
        """`step` runs now."""
        self._set(step, RunState.RUNNING)

    def ended(self, step: str, state: RunState) -> list[tuple[str, str]]:
        """`step` has ended. Returns the steps that never will start because of it, each with the reason."""
        self._set(step, state)
        if state is RunState.SUCCEEDED:
            return []
        beside = self._process[step]
        gone = [step, *beside[beside.index(step) + 1 :]]
        lost = {item for lost in gone for item in (lost, *graph.descendants(self._waits_for, lost))}
        skipped = [item for item in self.states if item in lost and self.states[item] is RunState.PENDING]
        for item in skipped:
            self._set(item, RunState.SKIPPED)
        return [(item, self._reason(item, step)) for item in skipped]

    def cancel(self) -> list[str]:
        """The run is cancelled: the steps that never will start."""
        canceled = [step for step, state in self.states.items() if state is RunState.PENDING]
        for step in canceled:
            self._set(step, RunState.CANCELED)
        return canceled

    def result(self) -> RunState:
        """The state of a run whose steps are done."""
        states = set(self.states.values())
        for state in (RunState.CANCELED, RunState.FAILED):
            if state in states:
                return state
        return RunState.SUCCEEDED

    def _reason(self, step: str, failed: str) -> str:
        if failed in self._process[step]:
            return f"it runs in the process of step `{self._names[failed]}`, which failed"
        if failed in self._waits_for[step]:
            return f"it needs step `{self._names[failed]}`, which failed"
        return f"it needs steps that need `{self._names[failed]}`, which failed"
