"""A row for each notebook of a folder in, one page of HTML out: how many pipelines give their notebook's results."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from urllib.parse import quote

from nb2pipe.markup import Html, element, told
from nb2pipe.verify.page import KINDS, document, when
from nb2pipe.verify.verdicts import FolderRow, Outcome, Verdict

_WORDS = {
    Outcome.SAME: "same",
    Outcome.DIFFERS: "differs",
    Outcome.STOPPED: "pipeline stopped",
    Outcome.REFUSED: "refused",
    Outcome.FAILS: "notebook fails",
}
_EXPLAINED = {
    Outcome.SAME: "The pipeline gives the notebook's results.",
    Outcome.DIFFERS: "The pipeline gives something else than the notebook.",
    Outcome.STOPPED: "The pipeline stopped before its end.",
    Outcome.REFUSED: "nb2pipe found errors before anything ran.",
    Outcome.FAILS: "The notebook itself fails, run from top to bottom.",
}
_KINDS = {
    Outcome.SAME: "same",
    Outcome.DIFFERS: "differs",
    Outcome.STOPPED: "differs",
    Outcome.REFUSED: "varies",
    Outcome.FAILS: "unrun",
}
_ORDER = (Outcome.DIFFERS, Outcome.STOPPED, Outcome.REFUSED, Outcome.FAILS, Outcome.SAME)
"""From what needs a look most."""


def folder_page(rows: Sequence[FolderRow], *, title: str = "", made: datetime | None = None) -> str:
    """The table, what needs a look first. `title`: the folder's name. `made`: when, now if not told."""
    ordered = sorted(rows, key=lambda row: (_ORDER.index(row.outcome), row.name))
    kind = _KINDS[ordered[0].outcome] if ordered else None
    head = element(
        "header",
        element("p", "nb2pipe verify", class_="maker"),
        element("h1", rate(rows), class_=kind),
        element("p", element("strong", title) if title else None, element("span", when(made)), class_="facts"),
        element("div", _bar(ordered), class_="bars") if rows else None,
    )
    body = element("tbody", *(_row(row) for row in ordered))
    names = ("notebook", "", "cells", "seconds")
    heads = element("thead", element("tr", *(element("th", name) for name in names)))
    table = element("section", element("div", element("table", heads, body, class_="folder"), class_="wide"))
    return document(f"{title or 'Notebooks'}: {rate(rows)}", element("div", head, table if rows else None))


def rate(rows: Sequence[FolderRow]) -> str:
    """`41 of 46 notebooks: the pipeline gives the notebook's results`."""
    same = sum(row.outcome is Outcome.SAME for row in rows)
    return f"{same} of {len(rows)} notebook{'s' * (len(rows) != 1)}: the pipeline gives the notebook's results"


def _bar(ordered: Sequence[FolderRow]) -> Html:
    """How many have each outcome: a bar, and the same in words, with zero for those that differ."""
    groups = {outcome: len(list(group)) for outcome, group in groupby(ordered, key=lambda row: row.outcome)}
    there = [Outcome.SAME, *(outcome for outcome in _ORDER[:-1] if outcome in groups or outcome is Outcome.DIFFERS)]
    parts = [
        element("i", class_=_KINDS[outcome], style=f"flex-grow:{groups[outcome]}", title=_EXPLAINED[outcome])
        for outcome in there
        if outcome in groups
    ]
    words = [
        element("span", element("b", str(groups.get(outcome, 0))), f" {_WORDS[outcome]}", class_=_KINDS[outcome])
        for outcome in there
    ]
    return element(
        "div",
        element("span", "notebooks", class_="name"),
        element("span", *parts, class_="bar", role="img", aria_label="notebooks by outcome"),
        element("span", *words, class_="legend"),
        class_="row",
    )


def _row(row: FolderRow) -> Html:
    kind = _KINDS[row.outcome]
    name = element("a", row.name, href=quote(row.link, errors="replace")) if row.link else row.name
    counts = [
        element("span", element("b", str(row.counts[verdict])), f" {verdict.value}", class_=KINDS[verdict])
        for verdict in Verdict
        if row.counts.get(verdict)
    ]
    return element(
        "tr",
        element("td", name, element("div", told(row.problem), class_="about") if row.problem else None),
        element("td", element("span", _WORDS[row.outcome], class_=f"badge {kind}", title=_EXPLAINED[row.outcome])),
        element("td", element("span", *counts, class_="legend")),
        element("td", f"{row.seconds:.0f}" if row.seconds else None, class_="amount"),
        class_=kind,
    )
