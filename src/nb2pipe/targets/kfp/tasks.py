"""A pipeline in, the tasks that KFP runs for it out: one per process, with what each takes and gives."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import field, replace

from nb2pipe import graph
from nb2pipe.model import Pipeline, Step
from nb2pipe.records import dataclass
from nb2pipe.targets.kfp import names
from nb2pipe.targets.kfp.received import needed

FIRST = "hand-out-the-step-program"
"""The task that hands the program on, where no single task comes before all others."""
LAST = "compare-with-notebook-order"
"""The task that compares what all others did, where none of them has waited for all the rest."""


@dataclass(frozen=True)
class Input:
    """An artifact that a task takes: its name there, the task that gives it, and its name there."""

    name: str
    task: str
    key: str


@dataclass(frozen=True)
class Task:
    """`steps` run in one pod. `after`: tasks that it waits for; `waits`: the steps that each of its steps waits for.

    `values` and `outputs`: the name of an artifact to the step that has it, and the variable.
    """

    id: str
    name: str
    steps: tuple[Step, ...]
    after: tuple[str, ...] = ()
    waits: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    inputs: tuple[Input, ...] = ()
    values: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    outputs: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    parameters: tuple[str, ...] = ()
    writes_files: bool = False

    @property
    def records(self) -> tuple[str, ...]:
        """The inputs that hold the records of tasks before. A task that has none brings the program itself."""
        return tuple(item.name for item in self.inputs if item.key == names.RECORD)


def tasks_of(pipeline: Pipeline) -> tuple[Task, ...]:
    """The tasks in notebook order of their first steps.

    Before them the one that hands out the program, behind them the one that compares, if there has to be one.
    """
    home = {step.id: pipeline.process_of(step.id)[0].id for step in pipeline.steps}
    order = [step.id for step in pipeline.steps if home[step.id] == step.id]
    edges = pipeline.edges
    pairs = [(home[edge.source], home[edge.target]) for edge in edges if home[edge.source] != home[edge.target]]
    after = graph.parents(order, pairs)
    writers = {home[step.id] for step in pipeline.steps if writes_files(step)}
    waits = _waits(pipeline, graph.parents([step.id for step in pipeline.steps], [(e.source, e.target) for e in edges]))
    found = [_task(pipeline, home, task, after[task], waits) for task in order]
    found = [_with_files(task, writers, after) for task in found]
    last = _comparing(order, after)
    return (*_handed_out(found), last) if last is not None else _handed_out(found)


def _waits(pipeline: Pipeline, parents: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """For each step those that it waits for, directly or not, in notebook order."""
    place = {step.id: number for number, step in enumerate(pipeline.steps)}
    found: dict[str, frozenset[str]] = {}
    for step in pipeline.steps:  # edges lead down the notebook: what a step waits for is known by now
        found[step.id] = frozenset(parents[step.id]).union(*(found[item] for item in parents[step.id]))
    return {step: tuple(sorted(items, key=place.__getitem__)) for step, items in found.items()}


def _task(
    pipeline: Pipeline,
    home: Mapping[str, str],
    task: str,
    after: tuple[str, ...],
    waits: Mapping[str, tuple[str, ...]],
) -> Task:
    steps = pipeline.process_of(task)
    inputs = [Input(_record_of(item), item, names.RECORD) for item in after]
    values: dict[str, tuple[str, str]] = {}
    for step in steps:
        for need in step.needs:
            for provider in need.providers:
                giver = pipeline.step(provider)
                if home[provider] == task or need.variable not in giver.outputs:
                    continue
                name = names.encode(need.variable)
                if values.get(name, (provider, need.variable)) != (provider, need.variable):
                    name = names.from_step(need.variable, provider)
                if name not in values:
                    values[name] = (provider, need.variable)
                    inputs.append(Input(name, home[provider], output_key(pipeline, giver, need.variable)))
    outputs = {output_key(pipeline, step, name): (step.id, name) for step in steps for name in step.outputs}
    read = dict.fromkeys(name for step in steps for name in step.parameters)
    return Task(
        id=task,
        name=" + ".join(step.name for step in steps),
        steps=steps,
        after=after,
        waits={step.id: waits[step.id] for step in steps},
        inputs=tuple(inputs),
        values=values,
        outputs=outputs,
        parameters=needed(pipeline.parameters, tuple(read)),
    )


def writes_files(step: Step) -> bool:
    """True if the code shows that the step writes files, known by name or not."""
    return any(item.kind == "file" for item in step.writes)


def _with_files(task: Task, writers: Collection[str], after: Mapping[str, tuple[str, ...]]) -> Task:
    """The task with the files of those before it. One that writes files hands on those that it got."""
    found: list[str] = []
    seen: set[str] = set()
    waiting = list(task.after)
    while waiting:
        item = waiting.pop()
        if item in seen:
            continue
        seen.add(item)
        if item in writers:
            found.append(item)
        else:
            waiting += after[item]
    inputs = tuple(Input(f"{names.FILES}-of-{item}", item, names.FILES) for item in sorted(found))
    return replace(task, inputs=(*task.inputs, *inputs), writes_files=task.id in writers)


def output_key(pipeline: Pipeline, step: Step, variable: str) -> str:
    """The name of the artifact with a variable's value: with the step's id if others in the pod have one too."""
    shared = sum(variable in item.outputs for item in pipeline.process_of(step.id)) > 1
    return names.from_step(variable, step.id) if shared else names.encode(variable)


def _record_of(task: str) -> str:
    return f"{names.RECORD}-of-{task}"


def _handed_out(tasks: list[Task]) -> tuple[Task, ...]:
    """The tasks, with one before them if several would have to bring the program."""
    if sum(not task.after for task in tasks) <= 1:
        return tuple(tasks)
    record = Input(_record_of(FIRST), FIRST, names.RECORD)
    waiting = (
        task if task.after else replace(task, after=(FIRST,), inputs=(record, *task.inputs)) for task in tasks
    )  # fmt: skip
    return (Task(FIRST, "hand out the step program", ()), *waiting)


def _comparing(order: list[str], after: Mapping[str, tuple[str, ...]]) -> Task | None:
    """None if one task has waited for all others: it has their records."""
    waited_for = {item for items in after.values() for item in items}
    ends = [task for task in order if task not in waited_for]
    if len(ends) <= 1:
        return None
    inputs = tuple(Input(_record_of(task), task, names.RECORD) for task in ends)
    return Task(LAST, "compare with the notebook's order", (), tuple(ends), {}, inputs, {}, {})
