"""Text of an output in, the text without what changes from process to process out: two tables of rules.

Each rule is bound to the form that one library prints, so that a user's own numbers stay: an address is what follows
`at 0x`, a clock is read off in the line that `%time` writes. What is replaced leaves a word in its place.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Flag, auto


class Where(Flag):
    """The kinds of text that a rule is for. PRINTED: streams, text/plain, errors. MARKUP: HTML, LaTeX, scripts."""

    PRINTED = auto()
    MARKUP = auto()
    DATA = auto()
    SVG = auto()
    ANY = PRINTED | MARKUP | DATA | SVG


@dataclass(frozen=True)
class Rule:
    """Where all `marks` are in the text (that is quick), what `pattern` finds is replaced."""

    marks: tuple[str, ...]
    pattern: re.Pattern[str]
    replacement: str
    where: Where = Where.ANY


@dataclass(frozen=True)
class Renaming:
    """Where one of `marks` is in the text, the ids that `defined` finds are numbered in the order of their definition.

    `used` says where they stand: group 1 is what is before an id, group 2 the id. Numbers, in place of one word for
    all, keep apart which is which.
    """

    marks: tuple[str, ...]
    defined: re.Pattern[str]
    used: re.Pattern[str]
    where: Where


def quiet(text: str, where: Where) -> str:
    """`text`, which is of the kind `where`, with all rules carried out."""
    for rule in RULES:
        if rule.where & where and all(mark in text for mark in rule.marks):
            text = rule.pattern.sub(rule.replacement, text)
    for renaming in RENAMINGS:
        if renaming.where & where and any(mark in text for mark in renaming.marks):
            text = _renamed(text, renaming)
    return text


def _renamed(text: str, renaming: Renaming) -> str:
    numbers: dict[str, str] = {}
    for found in renaming.defined.finditer(text):
        numbers.setdefault(found[1], f"id-{len(numbers) + 1}")
    return renaming.used.sub(lambda found: found[1] + numbers.get(found[2], found[2]), text) if numbers else text


_UNIT = r"(?:ns|us|µs|μs|ms|s|min|h|d)"
_SPAN = rf"\d[\d.e+-]{{0,15}} ?{_UNIT}(?: \d{{1,3}} ?{_UNIT}){{0,4}}"  # bounded: it is looked for at each digit
_CLOCK = r"(?:\d+:)?\d\d:\d\d"
_UUID = r"(?<![0-9a-zA-Z])[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(?![0-9a-zA-Z])"
# Between a word and its value in statsmodels' tables: spaces, the cells of an HTML or LaTeX table.
_COLUMN = r"(?:\s|&|\}|</?t[hd]\b[^<>]{0,60}>)*"


def _line(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"^{pattern}", re.MULTILINE)


RULES = (
    # Objects that say where they are, `<function f at 0x7f12...>`: 6 digits at least, unless a table cut them off.
    Rule(("at 0x",), re.compile(r"\bat 0x(?:[0-9a-fA-F]{6,}\b|[0-9a-fA-F]*(?=\.\.\.|…))"), "at 0x(address)"),
    Rule(("<cdata",), re.compile(r"(<cdata '[^'\n]{1,200}' )0x[0-9a-fA-F]+\b"), r"\g<1>0x(address)"),
    # The names that IPython gives a cell: process, number, digest.
    Rule(("ipykernel_",), re.compile(r"\bipykernel_\d+([/\\])\d+\.py\b"), r"ipykernel\1cell.py"),
    Rule(("ipython-input-",), re.compile(r"\bipython-input-\d+-[0-9a-f]{6,}\b"), "ipython-input"),
    Rule(("In",), re.compile(r"\b(Cell|Input) In ?\[\d+\]"), r"\1 In[n]"),
    Rule(("-",), re.compile(_UUID), "(uuid)"),
    Rule(("IPY_MODEL_",), re.compile(r"\bIPY_MODEL_[0-9a-f]{32}\b"), "IPY_MODEL"),
    # Threads and tasks are counted from the start of the process.
    Rule(("Thread-",), re.compile(r"(<\w*Thread\(Thread-)\d+"), r"\1n"),
    Rule((", started ",), re.compile(r"(<\w*Thread\([^<>\n]{1,80}, started (?:daemon )?)\d+(?=\)>)"), r"\1(id)"),
    Rule(("<Task ",), re.compile(r"(<Task \w{1,20} name='Task-)\d+"), r"\1n"),
    # %time, %timeit, %memit. Lines that are only there if something took long, or was uneven, go.
    Rule(
        ("CPU times: ",),
        _line(rf"CPU times: (?:user {_SPAN}, sys: {_SPAN}, )?total: {_SPAN}$"),
        "CPU times: (time)",
        Where.PRINTED,
    ),
    Rule(("Wall time: ",), _line(rf"Wall time: {_SPAN}$"), "Wall time: (time)", Where.PRINTED),
    Rule((" : ",), _line(rf"(?:Compiler|Parser  ) : {_SPAN}(?:\n|$)"), "", Where.PRINTED),
    Rule(("Compiler time: ",), _line(r"Compiler time: \d[\d.]* s(?:\n|$)"), "", Where.PRINTED),
    Rule(
        ("The slowest run took ",),
        _line(r"The slowest run took \d[\d.]* times longer than the fastest\.[^\n]*(?:\n|$)"),
        "",
        Where.PRINTED,
    ),
    Rule(
        (" per loop (mean ",),
        re.compile(rf"{_SPAN} ± {_SPAN} per loop \(mean ± std\. dev\. of (\d+) runs?, [\d,]+ loops? each\)"),
        r"(time) per loop (mean of \1 runs)",
        Where.PRINTED,
    ),
    Rule(
        (", best of ",),
        re.compile(rf"\b\d{{1,12}} loops?, best of (\d+): {_SPAN} per loop\b"),
        r"best of \1: (time) per loop",
        Where.PRINTED,
    ),
    Rule(
        ("peak memory: ",),
        _line(r"peak memory: \d[\d.]* MiB, increment: -?\d[\d.]* MiB$"),
        "peak memory: (size)",
        Where.PRINTED,
    ),
    # Progress bars (tqdm, Keras): the clock and the rate go, the count and what the user adds stay.
    Rule(
        ("[",),
        re.compile(
            rf"(?<= \[){_CLOCK}(?:<(?:\?|{_CLOCK}))?, *(?:\?|\d[\d.]*[kMGTPEZY]?)"
            r"(?:[^\[\],\d\n/]{0,30}/s|s/[^\[\],\d\n/]{1,30})(?=[\],])"
        ),
        "(time)",
        Where.PRINTED,
    ),
    Rule(
        ("/",),
        re.compile(r"(?<= )(?:(?:\d+:)?\d+:\d\d|\d+(?:s|ms|us)) \d+(?:s|ms|us)/(step|epoch|sample)\b"),
        r"(time)/\1",
        Where.PRINTED,
    ),
    # When statsmodels made a summary: as text, HTML, LaTeX.
    Rule(
        ("Variable:", "Date:"),
        re.compile(
            rf"(\bDate:{_COLUMN})"
            r"(?:[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4}|\d{4}-\d\d-\d\d \d\d:\d\d)(?!\w|:\d)"
        ),
        r"\1(date)",
    ),
    Rule(("Variable:", "Time:"), re.compile(rf"(\bTime:{_COLUMN})\d\d:\d\d:\d\d(?!\w)"), r"\1(time)"),
    # Ids that libraries make up for the page: scikit-learn's diagrams, Altair, folium.
    Rule(
        ("sk-",),
        re.compile(r"""(#|["'])sk-(container|estimator)-id-(?:\d+|\(uuid\))"""),
        r"\1sk-\2-id",
        Where.MARKUP,
    ),
    Rule(("altair-viz-",), re.compile(r"\baltair-viz-[0-9a-f]{32}\b"), "altair-viz", Where.MARKUP),
    # How long a minimum of iminuit took, which it tells from a tenth of a second on: as text, HTML.
    Rule(
        ("│ EDM = ",),
        re.compile(r"(│ EDM = [^│\n]{1,60}│)(?: +time = \d+\.\d sec)? +(?=│$)", re.MULTILINE),
        r"\1 (time) ",
        Where.PRINTED,
    ),
    Rule(
        ('title="Total run time of algorithms"',),
        re.compile(r'(title="Total run time of algorithms"> ?)(?:time = \d+\.\d sec)? *(?=</td>)'),
        r"\1(time)",
        Where.MARKUP,
    ),
    Rule(("<FMin ", " time="), re.compile(r"(<FMin [^<>\n]{1,600} time=)\d[\d.e+-]*(?=>)"), r"\1(time)", Where.PRINTED),
    # How Panel and HoloViews name the channel between a plot and its page.
    Rule(
        ("comm_id",),
        re.compile(r'("(?:client_)?comm_id": ?")[0-9a-f]{32}(?=")'),
        r"\1comm",
        Where.MARKUP | Where.DATA,
    ),
    # Panel's links between widgets and plots name what they link by its `id()`.
    Rule(
        ('"tags":',),
        re.compile(r'("tags": ?\[\[)\d{12,15}(?=, ?\[(?:null|"))'),
        r"\1(id)",
        Where.MARKUP | Where.DATA,
    ),
    Rule(("leaflet",), re.compile(r"\b([a-z][a-z_]{1,40})_[0-9a-f]{32}\b"), r"\1_id", Where.MARKUP),
    Rule(("<dc:date>",), re.compile(r"<dc:date>[^<]*</dc:date>"), "<dc:date/>", Where.SVG | Where.MARKUP),
)

RENAMINGS = (
    # pandas' Styler
    Renaming(
        ('id="T_',),
        re.compile(r'<table id="T_([0-9a-f]{5,32})"'),
        re.compile(r'((?:#|id=")T_)([0-9a-f]{5,32})(?![0-9a-zA-Z])'),
        Where.MARKUP,
    ),
    # great_tables
    Renaming(
        ("gt_table",),
        re.compile(r'<div id="([a-z]{10})" style="'),
        re.compile(r'(#|\bid=")([a-z]{10})(?![0-9a-zA-Z_-])'),
        Where.MARKUP,
    ),
    # Whatever has a random number of 128 bits for an id: displaCy, for one
    Renaming(
        (' id="',),
        re.compile(r'\bid="([\w-]{0,40}[0-9a-f]{32}[\w-]{0,40})"'),
        re.compile(r'(\bid="|\bfor="|#)([\w-]{32,112})'),
        Where.MARKUP,
    ),
    # Bokeh counts its models from the start of the process
    Renaming(
        ("Bokeh", "data-root-id="),
        re.compile(r'(?:"id": ?|\bdata-root-id=)"(p\d{4,})"'),
        re.compile(r'(")(p\d{4,})(?=")'),
        Where.MARKUP | Where.DATA,
    ),
    # Panel names what it makes by class and number, counted from the start of the process
    Renaming(
        ('"attributes":',),
        re.compile(r'"attributes": ?\{"name": ?"([A-Z][A-Za-z]{0,40}\d{5})"'),
        re.compile(r'(")([A-Z][A-Za-z]{0,40}\d{5})(?=")'),
        Where.MARKUP | Where.DATA,
    ),
    # Altair counts views and parameters likewise
    Renaming(
        ("vega",),
        re.compile(r'"name": ?"((?:param|view)_\d+)"'),
        re.compile(r"(\b)((?:param|view)_\d+)\b"),
        Where.MARKUP | Where.DATA,
    ),
    # matplotlib's SVG within a page: its ids end with ten digits of a hash that is salted at random
    Renaming(
        ("<clipPath id=",),
        re.compile(r'<(?:clipPath|path|pattern|image|g|use)\b[^<>]{0,200}?\bid="(\w{0,20}[0-9a-f]{10})"'),
        re.compile(r'(\bid="|url\(#|href="#)(\w{1,30})(?=["\)])'),
        Where.MARKUP,
    ),
    # matplotlib's and others' SVG: each id, and what points to it. Colours are `#` too, and stay.
    Renaming(
        (' id="',),
        re.compile(r'\bid="([^"]+)"'),
        re.compile(r'(\bid="|url\(#|href="#)([^"()]+)'),
        Where.SVG,
    ),
)
