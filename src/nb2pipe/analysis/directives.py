"""A cell's comments `# nb2pipe: ...` in, what they tell of its statements out: what only the author can know.

    # nb2pipe: needs a, b; updates x; pure; files out/*.csv; reads in/*.csv

The cell's `metadata.nb2pipe` tells the same of the whole cell. Comments are found by Python's tokenizer, so that a
string that looks like one is none.
"""

from __future__ import annotations

import ast
import io
import keyword
import re
import tokenize
import unicodedata
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import replace

from nb2pipe.analysis.suggest import closest
from nb2pipe.model import Json
from nb2pipe.records import dataclass

MARK = "nb2pipe"
_FORMS = {
    "needs": "`needs a, b`",
    "updates": "`updates x`",
    "pure": "`pure`",
    "files": "`files out/*.csv`",
    "reads": "`reads in/*.csv`",
}
_MARKED = re.compile(r"\s*nb2pipe\b\s*(:?)\s*(.*)", re.IGNORECASE | re.DOTALL)
_ROOT = re.compile(r"[^\W\d]\w*")


class Remark(ast.TypeIgnore):
    """A comment of ours. It lives in the tree's `type_ignores`, so that it moves with the tree's lines.

    `alone`: nothing stands left of it.
    """

    alone: bool = False


@dataclass(frozen=True)
class Told:
    """What the author tells of a statement, or of a function's every call. Lines are those of the comments."""

    needs: tuple[tuple[str, int], ...] = ()
    updates: tuple[tuple[str, int], ...] = ()
    reads: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    pure: bool = False

    def __add__(self, other: Told) -> Told:
        return Told(
            self.needs + other.needs,
            self.updates + other.updates,
            self.reads + other.reads,
            self.files + other.files,
            self.pure or other.pure,
        )

    @property
    def effects(self) -> bool:
        """True if the statement does more than its code shows."""
        return self != Told(pure=self.pure)


@dataclass(frozen=True)
class Complaint:
    """What is wrong with a comment, and how to mend it."""

    line: int
    message: str
    hint: str


@dataclass(frozen=True)
class Directives:
    """All that the comments of one tree tell: of its statements, and (`rest`) of what comes below the last."""

    told: dict[ast.AST, Told]
    rest: Told
    complaints: tuple[Complaint, ...]


# --- comments out of source ---------------------------------------------------------------------------------------


def remarks(source: str) -> list[ast.TypeIgnore]:
    """The comments of ours in source that is valid Python."""
    if MARK not in source.lower():
        return []
    found: list[ast.TypeIgnore] = []
    try:
        # Universal newlines: a line is a line to the tokenizer where it is one to the parser.
        for token in tokenize.generate_tokens(io.StringIO(source, newline=None).readline):
            if token.type == tokenize.COMMENT and MARK in token.string.lower():
                remark = Remark(token.start[0], token.string)
                remark.alone = not token.line[: token.start[1]].strip()
                found.append(remark)
    except (tokenize.TokenError, SyntaxError):
        return found  # it isn't what the parser took it for: what stands above still counts
    return found


# --- what they say ------------------------------------------------------------------------------------------------


def read(tree: ast.Module) -> Directives:
    """What the tree's comments tell. Each is about the statement on its line; one that stands alone, the one below."""
    found: dict[ast.AST, Told] = {}
    rest = Told()
    complaints: list[Complaint] = []
    places = _Places(tree) if tree.type_ignores else None
    for remark in tree.type_ignores:
        if places is None or not isinstance(remark, Remark):
            continue
        told, wrong = _parse(remark)
        complaints += wrong
        statements = places.about(remark)
        for statement in statements:
            found[statement] = found.get(statement, Told()) + told
        if not statements:
            rest += replace(told, pure=False)
            if told.pure:
                message = "`pure` is said of the statement below this comment, and there is none"
                complaints.append(Complaint(remark.lineno, message, "write it on the statement's line, or above it"))
    return Directives(found, rest, tuple(complaints))


def _parse(remark: Remark) -> tuple[Told, list[Complaint]]:
    told, complaints = Told(), []
    for comment in remark.tag.split("#"):
        marked = _MARKED.match(comment)
        if marked is None:
            continue
        colon, text = marked.groups()
        if not colon:
            if text.split(None, 1)[:1] and text.split(None, 1)[0] in _FORMS:
                hint = f"write `# {MARK}: {text.strip()[:60]}`"
                complaints.append(Complaint(remark.lineno, f"this comment lacks the colon after `{MARK}`", hint))
            continue
        for clause in text.split(";"):
            if clause.strip() or not text.strip():
                more, wrong = _clause(clause.strip(), remark.lineno)
                told += more
                complaints += [Complaint(remark.lineno, *item) for item in wrong]
    return told, complaints


def _clause(text: str, line: int) -> tuple[Told, list[tuple[str, str]]]:
    word, rest = [*text.split(None, 1), "", ""][:2]
    items = [item.strip() for item in rest.split(",") if item.strip()]
    if word not in _FORMS:
        near = closest(word, _FORMS)
        hint = f"did you mean `{near}`?" if near else f"write one of {', '.join(_FORMS.values())}"
        what = f"says `{word[:60]}`, which nb2pipe doesn't know" if word else "says nothing"
        return Told(), [(f"this comment {what}", hint)]
    if word == "pure":
        wrong = [(f"`pure` stands alone, and `{rest[:60]}` follows it", "put a `;` between two clauses")]
        return Told(pure=True), wrong if items else []
    if not items:
        return Told(), [(f"this comment says `{word}`, but not what", f"write for example {_FORMS[word]}")]
    return _items(word, items, line)


def of_cell(data: Json) -> tuple[Told, list[tuple[str, str]]]:
    """What a cell's `metadata.nb2pipe` tells of all its statements; what is wrong with it, and how to mend that."""
    where = "the cell's `metadata.nb2pipe`"
    if data is None:
        return Told(), []
    if not isinstance(data, Mapping):
        return Told(), [(f"{where} is no object", 'write for example {"needs": ["a", "b"]}')]
    told, wrong = Told(), []
    for key, value in data.items():
        if key not in _FORMS:
            near = closest(key, _FORMS)
            hint = f"did you mean `{near}`?" if near else f"known are {', '.join(sorted(_FORMS))}"
            wrong.append((f"{where} has an unknown key `{key[:60]}`", hint))
        elif key == "pure":
            if isinstance(value, bool):
                told += Told(pure=value)
            else:
                wrong.append((f"`pure` in {where} is neither true nor false", "write `true`, or take it out"))
        elif isinstance(value, str) or not isinstance(value, Sequence) or not all(isinstance(i, str) for i in value):
            wrong.append((f"`{key}` in {where} is no list of texts", f'write for example {{"{key}": ["a", "b"]}}'))
        else:
            more, complaints = _items(key, [str(item).strip() for item in value], 1)
            told += more
            wrong += [(message.replace("this comment", where), hint) for message, hint in complaints]
    return told, wrong


def _items(word: str, items: list[str], line: int) -> tuple[Told, list[tuple[str, str]]]:
    """What a clause with these names or patterns tells."""
    if word in ("files", "reads"):
        wrong = [_bad_pattern(item) for item in items if not item or set(item) & set("{}")]
        patterns = tuple(item.strip("\"'") for item in items if item and not set(item) & set("{}"))
        return (Told(files=patterns) if word == "files" else Told(reads=patterns)), wrong
    names = [unicodedata.normalize("NFKC", item) for item in items]
    wrong = [_bad_name(name) for name in names if not _is_name(name)]
    good = tuple((name, line) for name in names if _is_name(name))
    return (Told(needs=good) if word == "needs" else Told(updates=good)), wrong


def _is_name(text: str) -> bool:
    return text.isidentifier() and not keyword.iskeyword(text)


def _bad_name(text: str) -> tuple[str, str]:
    root = _ROOT.match(text)
    if len(text.split()) > 1:
        hint = "put commas between names, and a `;` between two clauses"
    elif root and root.group() != text and _is_name(root.group()):
        hint = f"did you mean `{root.group()}`? A variable is told of as a whole"
    else:
        hint = "write the names of variables, with commas between them"
    return f"this comment names `{text[:60]}`, which is no variable's name", hint


def _bad_pattern(text: str) -> tuple[str, str]:
    return f"this comment names the file `{text[:60]}`: braces are not worked out here", "write each file, or use `*`"


# --- the statements that they are about ---------------------------------------------------------------------------


class _Places:
    """The statements of a tree by their lines."""

    def __init__(self, tree: ast.Module) -> None:
        self._starting: dict[int, list[ast.stmt]] = {}  # the outermost ones that start on a line
        self._simple: dict[int, ast.stmt] = {}
        self._headers: dict[int, ast.stmt] = {}
        ends: dict[int, tuple[int, int]] = {}
        for node in ast.walk(tree):  # parents before their parts
            if not isinstance(node, ast.stmt):
                continue
            start, end = first_line(node), (node.end_lineno or node.lineno, node.end_col_offset or 0)
            if end > ends.get(start, (0, 0)):
                ends[start] = end
                self._starting.setdefault(start, []).append(node)
            inner = _first_inside(node)
            lines, last = (self._simple, end[0]) if inner is None else (self._headers, max(start, inner - 1))
            lines.update(dict.fromkeys(range(start, last + 1), node))
        self._starts = sorted(self._starting)

    def about(self, remark: Remark) -> list[ast.stmt]:
        """The statements that a comment is about; none if it stands below the last."""
        line = remark.lineno
        if line in self._starting:
            return self._starting[line]
        around = self._simple.get(line) or (None if remark.alone else self._headers.get(line))
        if around is not None:
            return [around]
        below = bisect_right(self._starts, line)
        return self._starting[self._starts[below]] if below < len(self._starts) else []


def first_line(node: ast.stmt) -> int:
    """The line on which a statement starts, decorators included."""
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(item.lineno for item in decorators)])


def _first_inside(node: ast.stmt) -> int | None:
    """The first line below a compound statement's header; None for a simple statement."""
    if isinstance(node, ast.Match):
        return node.cases[0].pattern.lineno
    return min((first_line(item) for item in getattr(node, "body", ())), default=None)
