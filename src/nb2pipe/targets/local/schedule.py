"""Which step may run when: a pipeline and what has become of its steps in, the next steps out. No I/O."""

from __future__ import annotations

from nb2pipe import graph
from nb2pipe.model import Pipeline, RunState


class Schedule:
    """The ready queue of one run: a step is ready as soon as the steps it waits for have succeeded."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._names = {step.id: step.name for step in pipeline.steps}
        pairs = [(edge.source, edge.target) for edge in pipeline.edges]
        self._waits_for = graph.parents(list(self._names), pairs)
        self.states = dict.fromkeys(self._names, RunState.PENDING)

    @property
    def done(self) -> bool:
        """True if every step has ended, or never will start."""
        return all(state.done for state in self.states.values())

    def ready(self) -> list[str]:
        """The steps that may start now, in notebook order."""
        return [
            step
            for step, state in self.states.items()
            if state is RunState.PENDING
            and all(self.states[source] is RunState.SUCCEEDED for source in self._waits_for[step])
        ]

    def before(self, step: str) -> list[str]:
        """The steps that `step` waits for, directly or not, in notebook order."""
        found = graph.ancestors(self._waits_for, step)
        return [item for item in self.states if item in found]

    def started(self, step: str) -> None:
        """`step` runs now."""
        self.states[step] = RunState.RUNNING

    def ended(self, step: str, state: RunState) -> list[tuple[str, str]]:
        """`step` has ended. Returns the steps that never will start because of it, each with the reason."""
        self.states[step] = state
        if state is RunState.SUCCEEDED:
            return []
        lost = graph.descendants(self._waits_for, step)
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
        if failed in self._waits_for[step]:
            return f"it needs step `{self._names[failed]}`, which failed"
        return f"it needs steps that need `{self._names[failed]}`, which failed"
