"""Which step may run when: a pipeline and what has become of its steps in, the next steps out. No I/O."""

from __future__ import annotations

from collections.abc import Collection

from nb2pipe import graph
from nb2pipe.model import Pipeline, RunState


class Schedule:
    """The ready queue of one run: a step is ready as soon as the steps it waits for have succeeded.

    Steps that share a process start with the first of them, once all that they wait for outside has succeeded.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        self._names = {step.id: step.name for step in pipeline.steps}
        pairs = [(edge.source, edge.target) for edge in pipeline.edges]
        self._waits_for = graph.parents(list(self._names), pairs)
        self._process = {step.id: [item.id for item in pipeline.process_of(step.id)] for step in pipeline.steps}
        self.states = dict.fromkeys(self._names, RunState.PENDING)

    @property
    def done(self) -> bool:
        """True if every step has ended, or never will start."""
        return all(state.done for state in self.states.values())

    def ready(self) -> list[str]:
        """The steps that may start now, in notebook order: of those that share a process, the first."""
        return [
            step
            for step, state in self.states.items()
            if state is RunState.PENDING
            and step == self._process[step][0]
            and all(self.states[source] is RunState.SUCCEEDED for source in self._outside(step))
        ]

    def _outside(self, step: str) -> list[str]:
        members = self._process[step]
        return [source for member in members for source in self._waits_for[member] if source not in members]

    def before(self, step: str) -> list[str]:
        """The steps that `step` waits for, directly or not, in notebook order."""
        found = graph.ancestors(self._waits_for, step)
        return [item for item in self.states if item in found]

    def around(self, step: str) -> list[str]:
        """The steps before `step`, in notebook order, that it or another one of its process waits for."""
        found = set().union(*(graph.ancestors(self._waits_for, member) for member in self._process[step]))
        names = list(self.states)
        return [item for item in names[: names.index(step)] if item in found]

    def leave_out(self, wanted: Collection[str] | None) -> list[str]:
        """Skip all steps but these, and return them; none for None. What a wanted one waits for has to be wanted."""
        skipped = [step for step in self.states if wanted is not None and step not in wanted]
        for step in skipped:
            self.states[step] = RunState.SKIPPED
        return skipped

    def started(self, step: str) -> None:
        """`step` runs now."""
        self.states[step] = RunState.RUNNING

    def ended(self, step: str, state: RunState) -> list[tuple[str, str]]:
        """`step` has ended. Returns the steps that never will start because of it, each with the reason."""
        self.states[step] = state
        if state is RunState.SUCCEEDED:
            return []
        beside = self._process[step]
        gone = [step, *beside[beside.index(step) + 1 :]]
        lost = {item for lost in gone for item in (lost, *graph.descendants(self._waits_for, lost))}
        skipped = [item for item in self.states if item in lost and self.states[item] is RunState.PENDING]
        for item in skipped:
            self.states[item] = RunState.SKIPPED
        return [(item, self._reason(item, step)) for item in skipped]

    def cancel(self) -> list[str]:
        """The run is cancelled: the steps that never will start."""
        canceled = [step for step, state in self.states.items() if state is RunState.PENDING]
        for step in canceled:
            self.states[step] = RunState.CANCELED
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
