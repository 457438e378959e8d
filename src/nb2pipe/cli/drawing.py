"""A Pipeline in, text out: a tree for the terminal, or a Mermaid flow chart. Each edge says why it is there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nb2pipe import graph
from nb2pipe.cli import show
from nb2pipe.model import Edge, Json, Pipeline
from nb2pipe.records import dataclass


@dataclass(frozen=True)
class Lines:
    """The strokes of a tree."""

    branch: str
    last: str
    more: str
    separator: str


UNICODE = Lines("├─ ", "└─ ", "│  ", " · ")
ASCII = Lines("|- ", "`- ", "|  ", " | ")


def waits_for(pipeline: Pipeline) -> dict[str, tuple[str, ...]]:
    """Step id to the ids of the steps that it waits for."""
    return graph.parents([step.id for step in pipeline.steps], [(edge.source, edge.target) for edge in pipeline.edges])


def tree(pipeline: Pipeline, lines: Lines = UNICODE) -> str:
    """Each step in notebook order and, below it, the steps that it waits for with the reasons.

    >>> load        cells 2-3
    >>> fit         cell 4
    >>> └─ load     `df`: written in cell 3, read in cell 4
    """
    names = {step.id: show.one_line(step.name) for step in pipeline.steps}
    incoming: dict[str, list[Edge]] = {step.id: [] for step in pipeline.steps}
    for edge in pipeline.edges:
        incoming[edge.target].append(edge)
    width = max((len(name) for name in names.values()), default=0) + len(lines.branch) + 2
    found = [shape(pipeline, names, lines), ""]
    for step in pipeline.steps:
        found.append(f"{names[step.id]:<{width}}{show.cells(step.cells)}")
        if step.process not in (None, step.id):
            found[-1] += f", in the process of {names[step.process]}"
        edges = incoming[step.id]
        for position, edge in enumerate(edges):
            is_last = position == len(edges) - 1
            head = (lines.last if is_last else lines.branch) + names[edge.source]
            rest = "   " if is_last else lines.more
            found += _reasons(head, rest, edge.reasons, width)
    return "\n".join(found) + "\n"


def shape(pipeline: Pipeline, names: Mapping[str, str], lines: Lines) -> str:
    """The order in which steps can start: a line per wave, steps of one wave beside each other."""
    waves: dict[int, list[str]] = {}
    for step_id, level in graph.levels(waits_for(pipeline)).items():
        waves.setdefault(level, []).append(step_id)
    order = {step.id: position for position, step in enumerate(pipeline.steps)}
    rows = []
    for level in sorted(waves):
        together = [names[step_id] for step_id in sorted(waves[level], key=order.__getitem__)]
        rows.append(f"{level + 1:>3}  {lines.separator.join(together)}")
    return "\n".join(rows)


def _reasons(head: str, rest: str, reasons: Sequence[str], width: int) -> list[str]:
    return [f"{head if number == 0 else rest:<{width}}{show.one_line(text)}" for number, text in enumerate(reasons)]


def mermaid(pipeline: Pipeline) -> str:
    """A Mermaid flow chart, as GitHub and JupyterLab show it in Markdown."""
    numbers = {step.id: position for position, step in enumerate(pipeline.steps)}
    found = ["flowchart TD"]
    found += [f'    s{numbers[step.id]}["{_mermaid_text(step.name)}"]' for step in pipeline.steps]
    for edge in pipeline.edges:
        ends = (numbers[edge.source], numbers[edge.target])
        if edge.variables:
            found.append(f'    s{ends[0]} -->|"{_mermaid_text(", ".join(edge.variables))}"| s{ends[1]}')
        else:
            found.append(f'    s{ends[0]} -.->|"{_mermaid_text("; ".join(edge.reasons))}"| s{ends[1]}')
    return "\n".join(found) + "\n"


def _mermaid_text(text: str) -> str:
    """Mermaid's own entities: everything that is no letter, digit or harmless sign becomes `#code;`."""
    return "".join(
        character if character.isalnum() or character in " _-.,:/" else f"#{ord(character)};"
        for character in show.one_line(text)
    )


def data(pipeline: Pipeline) -> dict[str, Json]:
    """Steps with their wave (steps of one wave can run at the same time), and edges with their reasons."""
    levels = graph.levels(waits_for(pipeline))
    return {
        "schema": 1,
        "notebook": pipeline.notebook,
        "steps": [
            {
                "id": step.id,
                "name": step.name,
                "role": step.role.value,
                "cells": step.cells,
                "wave": levels[step.id] + 1,
            }
            for step in pipeline.steps
        ],
        "edges": [
            {
                "source": edge.source,
                "target": edge.target,
                "kind": edge.kind.value,
                "variables": edge.variables,
                "reasons": edge.reasons,
            }
            for edge in pipeline.edges
        ],
    }
