"""A Verification in, one page of HTML out that needs no other file, loads nothing and runs nothing of the notebook."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.resources import files

from nb2pipe.markup import Html, element, joined, told
from nb2pipe.model import Diagnostic, Severity
from nb2pipe.verify.compared import side_by_side
from nb2pipe.verify.rendered import folded, highlighted, render
from nb2pipe.verify.verdicts import CellReport, Cut, Outcome, ValueReport, Verdict, Verification, counted

KINDS = {
    Verdict.SAME: "same",
    Verdict.DIFFERS: "differs",
    Verdict.NONDETERMINISTIC: "varies",
    Verdict.NOT_RUN: "unrun",
    Verdict.NOT_COMPARED: "unrun",
}
OUTCOMES = {
    Outcome.SAME: "same",
    Outcome.DIFFERS: "differs",
    Outcome.REFUSED: "varies",
    Outcome.FAILS: "differs",
    Outcome.STOPPED: "differs",
}
_EXPLAINED = {
    Verdict.SAME: "The pipeline shows what the notebook shows.",
    Verdict.DIFFERS: "The pipeline shows something else than the notebook.",
    Verdict.NONDETERMINISTIC: "Two runs of the notebook differ already, so nobody can tell.",
    Verdict.NOT_RUN: "At least one of the runs did not come to it.",
    Verdict.NOT_COMPARED: "There is no telling whether two of these are the same.",
}
MAX_PAGE = 40_000_000
"""Characters; above, what cells show is left out, of those that are the same first."""

_ORDER = (Verdict.DIFFERS, Verdict.NONDETERMINISTIC, Verdict.NOT_RUN, Verdict.NOT_COMPARED, Verdict.SAME)


def page(verification: Verification, *, made: datetime | None = None) -> str:
    """The report. `made`: when, now if not told."""
    title = f"{verification.notebook}: {headline(verification)}"
    parts = [
        _top(verification, made),
        _cut(verification.cut),
        _problems(verification),
        _steps(verification),
        _values("Variables", "variable", verification.variables),
        _values("Files", "file", verification.files),
        _remarks(verification),
        _cells(verification),
    ]
    return document(title, joined(*parts))


def document(title: str, body: Html) -> str:
    """A whole page: the style, the one script and the policy that lets no other run."""
    style, script = _resource("page.css"), _resource("page.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; font-src data:; script-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'"
    )
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="referrer", content="no-referrer"),
        element("title", title),
        element("style", Html(style)),
    )
    shown = element("body", element("main", body), element("script", Html(script)))
    return f"<!DOCTYPE html>\n{element('html', head, shown, lang='en')}\n"


def when(made: datetime | None) -> str:
    """`3 May 2026, 12:01 UTC`; now if not told."""
    at = made or datetime.now(UTC)
    return f"{at.day} {at:%B %Y, %H:%M} UTC"


def _resource(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def headline(verification: Verification) -> str:
    """The verdict as a sentence without a full stop."""
    if verification.outcome is Outcome.SAME:
        return "The pipeline gives the notebook's results"
    if verification.outcome is Outcome.REFUSED:
        return "The notebook has errors, so nothing was run"
    if verification.outcome is Outcome.FAILS:
        return "The notebook itself fails, run from top to bottom"
    if verification.outcome is Outcome.STOPPED:
        return "The pipeline stopped before its end"
    kinds = (("cell", verification.cells), ("variable", verification.variables), ("file", verification.files))
    found = [(name, _differing(items), len(items)) for name, items in kinds if _differing(items)]
    parts = [f"{number} of {total} {name}{'s' * (total != 1)}" for name, number, total in found]
    if not parts:
        return "The pipeline does not give the notebook's results"
    several = len(parts) > 1 or found[0][1] > 1
    return f"{_listed(parts)} {'differ' if several else 'differs'}"


def _differing(items: Sequence[CellReport] | Sequence[ValueReport]) -> int:
    return counted(item.verdict for item in items)[Verdict.DIFFERS]


def _listed(words: Sequence[str]) -> str:
    return " and ".join([*([", ".join(words[:-1])] if len(words) > 1 else []), words[-1]])


def _top(found: Verification, made: datetime | None) -> Html:
    """The verdict, what was compared, and how it went."""
    facts = [when(made), *(f"{name} {version}" for name, version in found.versions.items())]
    facts += [f"{name}: {_seconds(taken)}" for name, taken in found.seconds.items()]
    kinds = (("cells", found.cells), ("variables", found.variables), ("files", found.files))
    bars = [_bar(name, counted(item.verdict for item in items)) for name, items in kinds if items]
    return element(
        "header",
        element("p", "nb2pipe verify", class_="maker"),
        element("h1", headline(found), class_=OUTCOMES[found.outcome]),
        element("p", told(found.problem), class_="problem") if found.problem else None,
        element("p", element("strong", found.notebook), *(element("span", fact) for fact in facts), class_="facts"),
        element("div", *bars, class_="bars") if bars else None,
    )


def _seconds(taken: float) -> str:
    return f"{taken:.1f} s" if taken < 120 else f"{taken // 60:.0f} min {taken % 60:.0f} s"


def _bar(name: str, counts: Mapping[Verdict, int]) -> Html:
    """How many have each verdict: a bar, and the same in words."""
    there = [verdict for verdict in (*_ORDER[-1:], *_ORDER[:-1]) if counts[verdict]]
    parts = [
        element("i", class_=KINDS[verdict], style=f"flex-grow:{counts[verdict]}", title=_EXPLAINED[verdict])
        for verdict in there
    ]
    words = [
        element("span", element("b", str(counts[verdict])), f" {verdict.value}", class_=KINDS[verdict])
        for verdict in there
    ]
    return element(
        "div",
        element("span", name, class_="name"),
        element("span", *parts, class_="bar", role="img", aria_label=f"{name} by verdict"),
        element("span", *words, class_="legend"),
        class_="row",
    )


def _cut(cut: Cut | None) -> Html:
    """Where the results come apart, why, and what helps."""
    if cut is None:
        return Html("")
    names = _listed([f"`{name}`" for name in cut.variables]) if cut.variables else ""
    between = [
        "They come apart between step ",
        element("b", cut.before),
        " and step ",
        element("b", cut.after),
        ", cells ",
        element("a", str(cut.cells[0] + 1), href=f"#cell-{cut.cells[0] + 1}"),
        " and ",
        element("a", str(cut.cells[1] + 1), href=f"#cell-{cut.cells[1] + 1}"),
        ".",
    ]
    return element(
        "section",
        element("h2", "Where the results come apart"),
        element("p", *between),
        element("p", told(f"What differs there: {names}.")) if names else None,
        element("p", told(cut.cause)) if cut.cause else None,
        element("p", element("b", "Fix: "), told(cut.fix), class_="fix") if cut.fix else None,
        class_="cut",
    )


def _problems(found: Verification) -> Html:
    """A line for each thing that differs, with a link to it."""
    lines = [
        element(
            "li",
            element("a", f"Cell {item.cell + 1}", href=f"#cell-{item.cell + 1}"),
            element("span", told(item.difference)),
        )
        for item in found.cells
        if item.verdict is Verdict.DIFFERS
    ]
    for what, items in (("variable", found.variables), ("file", found.files)):
        lines += [
            element("li", element("a", item.name, href=f"#{what}-{number}"), element("span", told(item.difference)))
            for number, item in enumerate(items)
            if item.verdict is Verdict.DIFFERS
        ]
    if not lines:
        return Html("")
    return element("section", element("h2", "What differs"), element("ul", *lines, class_="problems"))


def _steps(found: Verification) -> Html:
    """The steps in notebook order, each with the worst verdict of its cells."""
    if not found.steps:
        return Html("")
    chips = []
    for step in found.steps:
        cells = [item for item in found.cells if item.step == step]
        verdict = min((item.verdict for item in cells), key=_ORDER.index, default=Verdict.SAME)
        at = f"#cell-{cells[0].cell + 1}" if cells else None
        number = f"{len(cells)} cell{'s' * (len(cells) != 1)}"
        chips.append(element("li", element("a", step, element("small", number), href=at, class_=KINDS[verdict])))
    return element("section", element("h2", "Steps"), element("ol", *chips, class_="steps"))


def _values(title: str, what: str, items: Sequence[ValueReport]) -> Html:
    """A table; those that are the same are folded."""
    if not items:
        return Html("")
    numbered = sorted(enumerate(items), key=lambda pair: (_ORDER.index(pair[1].verdict), pair[0]))
    sides = any(item.straight or item.pipeline for item in items)
    rows = [(item, _value(item, f"{what}-{number}", sides=sides)) for number, item in numbered]
    open_ = [row for item, row in rows if item.verdict is not Verdict.SAME]
    same = [row for item, row in rows if item.verdict is Verdict.SAME]
    folded_ = element("summary", f"{len(same)} {'are' if len(same) != 1 else 'is'} the same")
    return element(
        "section",
        element("h2", title),
        _table(open_, sides=sides) if open_ else None,
        element("details", folded_, _table(same, sides=sides)) if same else None,
    )


def _table(rows: Sequence[Html], *, sides: bool) -> Html:
    heads = ("", "type", "verdict", *(("in the notebook", "in the pipeline") if sides else ()))
    head = element("thead", element("tr", *(element("th", name) for name in heads)))
    return element("div", element("table", head, element("tbody", *rows), class_="values"), class_="wide")


def _value(item: ValueReport, place: str, *, sides: bool) -> Html:
    cells = [element("td", element("code", item.name)), element("td", item.type), element("td", _badge(item.verdict))]
    if sides:
        cells += [element("td", element("code", side) if side else None) for side in (item.straight, item.pipeline)]
    row = element("tr", *cells, id=place, class_=KINDS[item.verdict])
    if not item.difference:
        return row
    return joined(row, element("tr", element("td", told(item.difference), colspan=str(len(cells))), class_="why"))


def _badge(verdict: Verdict) -> Html:
    return element("span", verdict.value, class_=f"badge {KINDS[verdict]}", title=_EXPLAINED[verdict])


def _remarks(found: Verification) -> Html:
    """What was taken for granted, and what nb2pipe says of the notebook."""
    if not found.notes and not found.diagnostics:
        return Html("")
    notes = [element("li", told(note)) for note in found.notes]
    said = [_diagnostic(item) for item in found.diagnostics]
    errors = any(item.severity is Severity.ERROR for item in found.diagnostics)
    title = f"What nb2pipe says of the notebook: {len(said)} remark{'s' * (len(said) != 1)}"
    listed = element("details", element("summary", title), element("ul", *said), open=errors) if said else None
    return element(
        "section",
        element("h2", "Remarks"),
        element("ul", *notes) if notes else None,
        listed,
        class_="remarks",
    )


def _diagnostic(item: Diagnostic) -> Html:
    where = str(item.location)
    kind = "differs" if item.severity is Severity.ERROR else "varies" if item.severity is Severity.WARNING else "unrun"
    return element(
        "li",
        element("span", item.severity.value, class_=f"badge {kind}"),
        f" {where}: " if where else " ",
        element("code", item.code),
        " ",
        told(item.message),
        element("div", element("b", "Fix: "), told(item.hint), class_="fix") if item.hint else None,
    )


def _cells(found: Verification) -> Html:
    """The notebook's code cells in order. The box hides those that are the same, without a script."""
    if not found.cells:
        return Html("")
    others = len(found.cells) - found.counts[Verdict.SAME]
    choice = element(
        "label",
        element("input", type="checkbox", id="only"),
        f" only the {others} that {'are' if others != 1 else 'is'} not the same",
    )
    head = element("div", element("h2", "Cells"), choice if others else None, class_="head")
    shown: dict[int, Html] = {}
    room = MAX_PAGE
    for item in sorted(found.cells, key=lambda cell: _ORDER.index(cell.verdict)):
        shown[item.cell] = _cell(item, outputs=room > 0)
        room -= len(shown[item.cell])
    return element("section", head, *(shown[item.cell] for item in found.cells), class_="cells")


def _cell(item: CellReport, *, outputs: bool) -> Html:
    """A cell: what it shows once if it is the same, else on both sides."""
    head = element(
        "div",
        element("a", f"Cell {item.cell + 1}", href=f"#cell-{item.cell + 1}", class_="at"),
        element("span", item.step or _no_step(item), class_="step"),
        _badge(item.verdict),
        class_="title",
    )
    source = element("pre", highlighted(item.source), class_="source")
    return element(
        "article",
        head,
        folded(source, item.source.count("\n") + 1) if item.source.strip() else None,
        element("p", told(item.difference), class_="difference") if item.difference else None,
        _shown(item) if outputs else element("p", "What it shows is left out: the page is large.", class_="remark"),
        id=f"cell-{item.cell + 1}",
        class_=f"cell {KINDS[item.verdict]}",
    )


def _no_step(item: CellReport) -> str | None:
    """What stands in the place of a step's name: definitions run in many steps, or in none."""
    return "replayed where it is needed" if item.verdict is Verdict.SAME and item.source.strip() else None


def _shown(item: CellReport) -> Html:
    if item.verdict is Verdict.DIFFERS:
        return side_by_side(item.straight, item.pipeline, ("notebook", "pipeline"))
    if item.verdict is Verdict.NONDETERMINISTIC:
        return side_by_side(item.straight, item.again, ("notebook, first run", "notebook, second run"))
    outputs = render(item.straight or item.pipeline)
    return element("div", outputs, class_="outputs") if outputs else Html("")
