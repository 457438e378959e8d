"""The report: well-formed, needs no other file, runs nothing of the notebook, and shows what it is for."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import pytest

from nb2pipe.model import Diagnostic, Location, Severity
from nb2pipe.verify import page as pages
from nb2pipe.verify import rendered
from nb2pipe.verify.compared import lines, side_by_side
from nb2pipe.verify.folder import folder_page, rate
from nb2pipe.verify.page import headline, page
from nb2pipe.verify.rendered import highlighted, render
from nb2pipe.verify.verdicts import CellReport, Cut, FolderRow, Outcome, ValueReport, Verdict, Verification

V = Verdict
WHEN = datetime(2026, 5, 3, 12, 1, tzinfo=UTC)
VOID = {"meta", "img", "br", "col", "input"}
OURS = {
    "html", "head", "meta", "title", "style", "body", "main", "header", "section", "article", "div", "p", "span", "h1", "h2",
    "a", "b", "i", "strong", "small", "code", "pre", "ul", "ol", "li", "table", "colgroup", "col", "thead", "tbody", "tr",
    "th", "td", "details", "summary", "label", "input", "iframe", "img", "figure", "mark", "script",
}  # fmt: skip


@dataclass
class Seen(HTMLParser):
    """What is on a page: tags with their attributes, text, and whether each tag is closed where it should be."""

    tags: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    text: str = ""
    open: list[str] = field(default_factory=list)
    scripts: list[str] = field(default_factory=list)
    styles: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "script":
            self.scripts.append(data)
        elif self.open and self.open[-1] == "style":
            self.styles.append(data)
        else:
            self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def parsed(content: str) -> Seen:
    seen = Seen()
    seen.feed(content)
    seen.close()
    assert seen.open == []
    return seen


def words(content: str) -> str:
    return " ".join(parsed(content).text.split())


def out(text: str, name: str = "stdout") -> dict[str, Any]:
    return {"output_type": "stream", "name": name, "text": text}


def shows(**data: Any) -> dict[str, Any]:
    names = {
        "plain": "text/plain",
        "html": "text/html",
        "png": "image/png",
        "svg": "image/svg+xml",
        "latex": "text/latex",
    }
    names |= {"script": "application/javascript", "markdown": "text/markdown", "json": "application/json"}
    names |= {"widget": "application/vnd.jupyter.widget-view+json", "plotly": "application/vnd.plotly.v1+json"}
    return {"output_type": "display_data", "data": {names[key]: value for key, value in data.items()}, "metadata": {}}


def raised(name: str, message: str, *traceback: str) -> dict[str, Any]:
    return {"output_type": "error", "ename": name, "evalue": message, "traceback": list(traceback)}


PIXEL = base64.b64encode(
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x02\x00\x00\x00\x03\x08\x02\x00\x00\x00"
).decode()
OTHER_PIXEL = base64.b64encode(base64.b64decode(PIXEL) + b"\x01").decode()

SAME = CellReport(0, V.SAME, "load", "", "x = 1", (out("one\n"),), (), (out("one\n"),))
DIFFERS = CellReport(
    1, V.DIFFERS, "fit", "line 1 of what is printed: `0.93` ...", "print(x)", (out("0.93"),), (), (out("0.91"),)
)
VARIES = CellReport(2, V.NONDETERMINISTIC, "fit", "line 1 ...", "time()", (out("1st"),), (out("2nd"),), (out("3rd"),))
UNRUN = CellReport(3, V.NOT_RUN, None, "tagged `skip`", "1 / 0", (raised("ZeroDivisionError", "division by zero"),))
FULL = Verification(
    "train.ipynb",
    Outcome.DIFFERS,
    "",
    (SAME, DIFFERS, VARIES, UNRUN),
    (
        ValueReport("x", V.SAME, "int", "", "1", "1"),
        ValueReport("score", V.DIFFERS, "float", "by 0.02", "0.93", "0.91"),
    ),
    (ValueReport("out/a.csv", V.DIFFERS, "file", "line 3"),),
    Cut("load", "fit", (0, 1), ("rng",), "`rng` is drawn from twice", "pass `random_state=`"),
    ("cell 4 is meant to raise",),
    (Diagnostic("N2P304", Severity.NOTE, "random numbers", Location("train.ipynb", 1, 2), "seed them"),),
    {"straight": 12.34, "pipeline": 125.0},
    {"python": "3.12.1"},
    ("load", "fit"),
)


# --- the page as a whole --------------------------------------------------------------------------------------------


def test_the_page_tells_what_was_found() -> None:
    content = page(FULL, made=WHEN)
    text = words(content)
    for told in (
        "1 of 4 cells, 1 of 2 variables and 1 of 1 file differ",
        "train.ipynb3 May 2026, 12:01 UTCpython 3.12.1straight: 12.3 spipeline: 2 min 5 s",
        "They come apart between step load and step fit, cells 1 and 2.",
        "What differs there: rng.",
        "rng is drawn from twice",
        "Fix: pass random_state=",
        "Cell 2line 1 of what is printed: 0.93 ...",
        "scorefloatdiffers0.930.91by 0.02",
        "out/a.csvfilediffersline 3",
        "1 is the same",
        "cell 4 is meant to raise",
        "note train.ipynb cell 2 line 2: N2P304 random numbers",
        "Fix: seed them",
        "only the 3 that are not the same",
    ):
        assert told in text.replace("`", ""), told
    assert page(FULL, made=WHEN) == content
    assert page(FULL)


def test_links_of_the_page_lead_to_its_own_places() -> None:
    seen = parsed(page(FULL))
    places = [attributes["id"] for _, attributes in seen.tags if "id" in attributes]
    assert len(places) == len(set(places))
    links = {attributes["href"] for attributes in seen.all("a") if "href" in attributes}
    assert links <= {f"#{place}" for place in places}
    assert {"#cell-2", "#variable-1", "#file-0"} <= links


def test_a_cell_of_no_step_says_so() -> None:
    told = "replayed where it is needed"
    for cell, said in (
        (replace(SAME, step=None), True),
        (SAME, False),
        (UNRUN, False),
        (replace(SAME, step=None, source=" "), False),
    ):
        assert (told in page(Verification("a", Outcome.SAME, cells=(cell,)))) is said


def test_sides_are_those_of_the_verdict() -> None:
    articles = dict(zip(range(4), page(FULL).split("<article")[1:], strict=True))
    assert articles[0].count("one") == 1
    assert "0.93" in articles[1]
    assert "0.91" in articles[1]
    assert "pipeline" in articles[1]
    assert "1st" in articles[2]
    assert "2nd" in articles[2]
    assert "3rd" not in articles[2]
    assert "division by zero" in articles[3]


HEADLINES = {
    "same": (Verification("a", Outcome.SAME, cells=(SAME,)), "The pipeline gives the notebook's results"),
    "refused": (Verification("a", Outcome.REFUSED), "The notebook has errors, so nothing was run"),
    "fails": (Verification("a", Outcome.FAILS), "The notebook itself fails, run from top to bottom"),
    "stopped": (Verification("a", Outcome.STOPPED), "The pipeline stopped before its end"),
    "one": (Verification("a", Outcome.DIFFERS, cells=(SAME, DIFFERS)), "1 of 2 cells differs"),
    "two": (Verification("a", Outcome.DIFFERS, cells=(DIFFERS, DIFFERS)), "2 of 2 cells differ"),
    "file": (Verification("a", Outcome.DIFFERS, cells=(SAME,), files=FULL.files), "1 of 1 file differs"),
    "nothing told": (Verification("a", Outcome.DIFFERS), "The pipeline does not give the notebook's results"),
}


@pytest.mark.parametrize(("found", "expected"), HEADLINES.values(), ids=HEADLINES)
def test_headline(found: Verification, expected: str) -> None:
    assert headline(found) == expected
    assert expected in words(page(replace(found, problem="for `this` reason")))


# --- nothing of the notebook runs, nothing is loaded ---------------------------------------------------------------

FAR = "http://example.invalid/"
HOSTILE = (
    "</iframe><script>alert(1)</script>",
    '"><script>alert(1)</script>',
    "' onerror='alert(1)",
    '" onload="alert(1)" x="',
    "<img src=x onerror=alert(1)>",
    f"<script src={FAR}></script>",
    f'<link rel="stylesheet" href="{FAR}"><style>@import url({FAR});</style>',
    f'<meta http-equiv="refresh" content="0;url={FAR}">',
    f'<base href="{FAR}"><iframe src="{FAR}"></iframe><object data="{FAR}"></object>',
    f'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script><image href="{FAR}"/></svg>',
    "</body></html></main>",
    "</pre></td></table></article></title></style></script>",
    "<!-- ",
    "]]>",
    "&lt;script&gt;&#60;script&#62;",
    "\ud800\udc00 \udfff \u202e \x00 \x1b[31m \x07 \x1b]0;title\x07",
    "`unclosed",
    "%s {0} {name} \\u003cscript",
)


def hostile(text: str) -> Verification:
    mimes = ("html", "plain", "png", "svg", "latex", "script", "markdown", "json", "widget", "plotly")
    shown = (
        *(shows(**{mime: text}) for mime in mimes),
        *(shows(**{mime: {text: text}}) for mime in ("json", "widget", "plotly")),
        {"output_type": "display_data", "data": {text: text}},
        out(text),
        out(text, "stderr"),
        out(text, text),
        raised(text, text, text),
        {"output_type": text, "data": text},
        text,
        None,
    )
    cells = [CellReport(at, verdict, text, text, text, shown, shown[::-1], shown[3:]) for at, verdict in enumerate(V)]
    value = ValueReport(text, V.DIFFERS, text, text, text, text)
    return Verification(
        *(text, Outcome.DIFFERS, text, cells, [value, replace(value, verdict=V.SAME)], [value]),
        Cut(text, text, (0, 1), (text,), text, text),
        (text,),
        (Diagnostic(text, Severity.ERROR, text, Location(text, 1, 2), text),),
        {text: 1.0},
        {text: text},
        (text,),
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text(text: str) -> None:
    content = page(hostile(text))
    content.encode("utf-8")
    _harmless(content)
    assert "\x00" not in content


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_folder(text: str) -> None:
    rows = [FolderRow(text, outcome, {V.SAME: 1}, 1.0, text, text) for outcome in Outcome]
    content = folder_page(rows, title=text)
    content.encode("utf-8")
    seen = parsed(content)
    links = [attributes["href"] or "" for attributes in seen.all("a")]
    assert all(re.fullmatch(r"[\w./%~-]*", link) for link in links)
    _harmless(re.sub(r' href="[^"#]*"', "", content))


def _harmless(content: str) -> None:
    """Only our tags, one script by its digest, no event handler, nothing to load; frames that can do nothing."""
    seen = parsed(content)
    assert {tag for tag, _ in seen.tags} <= OURS
    for _, attributes in seen.tags:
        assert not [name for name in attributes if name.startswith("on")]
        assert (attributes.get("src") or "data:image/").startswith("data:image/")
        assert (attributes.get("href") or "#").startswith("#")
    (script,) = seen.scripts
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = seen.all("meta")[1]
    assert policy["http-equiv"] == "Content-Security-Policy"
    assert f"script-src 'sha256-{digest}';" in (policy["content"] or "")
    assert (policy["content"] or "").startswith("default-src 'none'; img-src data:;")
    (style,) = seen.styles
    assert not re.search(r"url\(|@import", style)
    for frame in seen.all("iframe"):
        assert frame["sandbox"] == "allow-same-origin"
        inside = frame["srcdoc"] or ""
        assert inside.startswith(
            '<!DOCTYPE html><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" '
            'content="default-src &#x27;none&#x27;; img-src data:;'
        )
        assert "script-src" not in inside.split(">", 4)[2]


# --- what cells show ------------------------------------------------------------------------------------------------

RENDERED = {
    "stream": ([out("a<b>\n")], "a<b>", set()),
    "colours": ([out("\x1b[31mred\x1b[0m")], "red", {"pre", "span"}),
    "progress": ([out("10 %\r100 %\n")], "100 %", set()),
    "pieces": ([out("a"), out("b")], "ab", set()),
    "error without traceback": ([raised("KeyError", "'a'")], "KeyError: 'a'", set()),
    "error": ([raised("KeyError", "'a'", "Traceback", "line 1")], "Traceback line 1", set()),
    "picture before its text": ([shows(png=PIXEL, plain="<Figure>")], "", {"img"}),
    "SVG is a picture": ([shows(svg="<svg/>", plain="<Figure>")], "", {"img"}),
    "damaged picture": ([shows(png="a b!")], "A picture that is damaged is not shown.", {"p"}),
    "HTML before its text": ([shows(html="<b>1</b>", plain="1")], "", {"iframe"}),
    "HTML before its picture": ([shows(html="<b>1</b>", png=PIXEL)], "", {"iframe"}),
    "picture before what a script draws": ([shows(html="<script>1</script>", png=PIXEL)], "", {"img"}),
    "drawn by a script": (
        [shows(html="<div></div><script>1</script>", plain="Chart")],
        f"Chart{rendered._INTERACTIVE}",
        {"p"},
    ),
    "widget": (
        [shows(widget={"model_id": "1"}, plain="IntSlider(value=0)")],
        "IntSlider(value=0)A widget. Its text was compared, its state was not.",
        {"p"},
    ),
    "plotly": ([shows(plotly={"data": []})], rendered._INTERACTIVE, {"p"}),
    "LaTeX's text": ([shows(latex="$x$", plain="x")], "x", set()),
    "LaTeX alone": ([shows(latex="$x$")], "$x$", set()),
    "JSON": ([shows(json={"a": 1}, plain="<IPython.core.display.JSON object>")], '{ "a": 1 }', set()),
    "markdown": ([shows(markdown="**a**", plain="<Markdown>")], "", {"iframe"}),
    "unknown": ([{"output_type": "display_data", "data": {"text/x": "1"}}], "Not shown: text/x", {"p"}),
    "nothing": ([out("\n"), shows()], "", set()),
    "no output": ([None, "a"], "", set()),
}


@pytest.mark.parametrize(("outputs", "text", "tags"), RENDERED.values(), ids=RENDERED)
def test_render(outputs: list[Any], text: str, tags: set[str]) -> None:
    content = render(outputs)
    assert words(content) == text
    assert tags <= {tag for tag, _ in parsed(content).tags}


def test_markdown_and_html_are_in_the_frame() -> None:
    frames = [
        parsed(render([shows(**shown)])).all("iframe")[0] for shown in ({"markdown": "**a**"}, {"html": "<i>b</i>"})
    ]
    assert "<strong>a</strong>" in (frames[0]["srcdoc"] or "")
    assert (frames[1]["srcdoc"] or "").endswith("<body><i>b</i></body>")


@pytest.mark.parametrize(("html", "white"), [("<b style='color: red'>1</b>", True), ("<b>1</b>", False)])
def test_what_has_colours_of_its_own_is_on_white(html: str, *, white: bool) -> None:
    frame = parsed(render([shows(html=html)])).all("iframe")[0]
    assert (frame.get("class") == "paper") is white


def test_what_is_large_is_cut_and_says_so() -> None:
    most = rendered.MAX_TEXT
    for outputs in ([out("a" * most * 2)], [shows(html="a" * most * 2)], [shows(markdown="a" * most * 2)]):
        content = render(outputs)
        assert len(content) < most * 1.1
        assert f"Cut here: {most * 2:,} characters" in words(content)
    assert words(render([shows(png="A" * 8_000_000)])) == "A picture of 6 MB is not shown."
    assert words(render([shows(svg="A" * 8_000_000)])) == "A picture of 8 MB is not shown."
    assert words(render([shows(plain="1")] * 100)).endswith(f"{100 - rendered.MAX_OUTPUTS} more outputs are not shown.")
    assert len(highlighted("x = 1\n" * most)) < most * 1.1


def test_a_page_that_is_large_leaves_out_what_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "MAX_PAGE", 100)
    text = words(page(FULL))
    assert "0.93" in text
    assert "0.91" in text
    assert "What it shows is left out: the page is large." in text
    assert "one" not in text.split()


@pytest.mark.timeout(10)
@pytest.mark.parametrize("piece", ["<script>", "<!--", "-->", "<", "<style scoped>", "<b ", "</script>", "<iframe "])
def test_broken_html_takes_no_longer_than_its_length(piece: str) -> None:
    render([shows(html=piece * (rendered.MAX_TEXT // len(piece)))])


def test_long_texts_are_folded() -> None:
    assert "<details" in render([out("a\n" * 100)])
    assert "<details" not in render([out("a\n" * 10)])


# --- both sides -----------------------------------------------------------------------------------------------------

NAMES = ("notebook", "pipeline")


def marks(content: str) -> list[str]:
    return re.findall(r"<mark>(.*?)</mark>", content)


def test_words_that_differ_are_marked() -> None:
    content = lines("epoch 1  loss 0.93\nend", "epoch 1  loss 0.911\nend")
    assert marks(content) == ["0.93", "0.911"]
    assert words(content) == "1epoch 1 loss 0.931epoch 1 loss 0.9112end2end"


def test_addresses_are_not_marked_as_different() -> None:
    assert marks(lines("<f at 0x7f0000000001>\n1", "<f at 0x7f0000000002>\n2")) == ["1", "2"]


def test_lines_that_are_the_same_are_counted() -> None:
    one = [f"line {number}" for number in range(40)]
    other = [*one[:20], "other", *one[20:]]
    assert words(lines("\n".join(one), "\n".join(other))).count("lines are the same") == 2
    assert "17 lines are the same" in words(lines("\n".join(one), "\n".join(other)))


def test_a_difference_far_down_is_shown() -> None:
    one = [f"line {number}" for number in range(5000)]
    content = lines("\n".join(one), "\n".join([*one[:4000], "other", *one[4001:]]))
    assert "other" in content
    assert ">4001<" in content


def test_long_lines_are_cut() -> None:
    assert len(lines("a" * 10_000, "b" * 10_000)) < 2000


def test_pairs_of_displays() -> None:
    same, one, other = shows(plain="same"), shows(html="<b>1</b>", plain="1"), shows(html="<b>2</b>", plain="2")
    content = side_by_side([same, one], [same, other], NAMES)
    assert words(content).startswith("notebookpipelinesamethe same on both sides")
    assert len(parsed(content).all("iframe")) == 2
    assert marks(content) == ["1", "2"]
    assert "nothing" in words(side_by_side([], [same], NAMES))
    assert marks(side_by_side([raised("E", "1")], [raised("E", "2")], NAMES)) == ["1", "2"]


def test_pictures_of_one_size_are_laid_over_each_other() -> None:
    overlaid = side_by_side([shows(png=PIXEL)], [shows(png=OTHER_PIXEL)], NAMES)
    assert len(parsed(overlaid).all("img")) == 4
    assert len(parsed(side_by_side([shows(png=PIXEL)], [shows(png="AAAA")], NAMES)).all("img")) == 2


def test_stderr_is_shown_beside_it() -> None:
    assert "warned" in words(side_by_side([out("1"), out("warned", "stderr")], [out("2")], NAMES))


# --- the folder -----------------------------------------------------------------------------------------------------


def test_folder() -> None:
    rows = [
        FolderRow("b.ipynb", Outcome.SAME, {V.SAME: 3, V.NONDETERMINISTIC: 1}, 12.4, "b.html"),
        FolderRow("sub/a 1.ipynb", Outcome.SAME, {V.SAME: 2}, 3.0, "sub/a 1.html"),
        FolderRow("c.ipynb", Outcome.REFUSED, problem="cell 3: `df`"),
    ]
    content = folder_page(rows, title="notebooks", made=WHEN)
    assert words(content) == (
        "notebooks: 2 of 3 notebooks: the pipeline gives the notebook's results"
        "nb2pipe verify2 of 3 notebooks: the pipeline gives the notebook's resultsnotebooks3 May 2026, 12:01 UTC"
        "notebooks2 same0 differs1 refusednotebookcellsseconds"
        "c.ipynbcell 3: dfrefusedb.ipynbsame3 same1 nondeterministic12sub/a 1.ipynbsame2 same3"
    )
    assert [link["href"] for link in parsed(content).all("a")] == ["b.html", "sub/a%201.html"]
    assert rate([]) == "0 of 0 notebooks: the pipeline gives the notebook's results"
    assert folder_page([])
