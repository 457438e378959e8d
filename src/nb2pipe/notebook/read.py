"""A path, or a notebook's content, in; a `Notebook` out. The source notebook is never written to.

nbformat 4 is read as the JSON that it is; only what the pipeline is made of is checked: cells, sources, tags, kernel.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from nb2pipe.config import Limits
from nb2pipe.errors import BadInput, Nb2pipeError
from nb2pipe.model import Cell, Json, Kernel, Location, Notebook
from nb2pipe.notebook.decode import decode, encode
from nb2pipe.notebook.files import read_bytes, shown_path
from nb2pipe.notebook.names import shown
from nb2pipe.notebook.upgrade import as_v4

_PYTHONS = ("python", "ipython")
_SURROGATE = re.compile("[\ud800-\udfff]")
_MAY_HOLD_SURROGATES = re.compile(rb"\\u[dD]")  # bytes that are UTF-8 hold none but as escapes


def read(path: Path, limits: Limits) -> Notebook:
    """The notebook in a file. `Notebook.path` is `path` as given.

    Raises BadInput for what is no Python notebook, EnvironmentProblem for a file that the system won't read.
    """
    return parse(read_bytes(path, limits), shown_path(path), limits)


def parse(content: bytes | Mapping[str, Json], name: str | None, limits: Limits) -> Notebook:
    """The notebook in an .ipynb file's bytes, or in its JSON data (unsaved work). `name` is what people are shown.

    `Notebook.raw` is a copy in nbformat 4's in-memory form: texts joined, fields that a cell must have filled in.
    Raises BadInput.
    """
    at = Location(notebook=name)
    if not isinstance(content, bytes):
        content = encode(content, at)
    mend = _mended if _MAY_HOLD_SURROGATES.search(content) else _as_it_is
    data = as_v4(decode(content, limits, at), at)
    metadata = data["metadata"] = _object(mend(data.get("metadata")) or {}, "`metadata`", at)
    kernel = _kernel(metadata, at)
    raw_cells = data.get("cells")
    if not isinstance(raw_cells, list):
        raise _wrong("`cells`", raw_cells, "a list", at)
    _require(len(raw_cells) <= limits.max_cells, f"the notebook has more than {limits.max_cells:,} cells", "CELLS", at)
    cells: list[Cell] = []
    for position, raw in enumerate(raw_cells):
        raw_cells[position], cell = _cell(raw, position, len(cells), at, mend)
        if cell is not None:
            cells.append(cell)
    _require_sizes(cells, limits, at)
    if not isinstance(data.get("nbformat_minor"), int):
        data["nbformat_minor"] = 0
    options = _object(metadata.get("nb2pipe") or {}, "`metadata.nb2pipe`", at, "N2P140")
    return Notebook(path=name, cells=tuple(cells), kernel=kernel, options=options, raw=data)


def _kernel(metadata: dict[str, Any], at: Location) -> Kernel:
    """What the metadata say about the kernel. Raises BadInput for another language than Python."""
    spec = _object(metadata.get("kernelspec") or {}, "`metadata.kernelspec`", at)
    info = _object(metadata.get("language_info") or {}, "`metadata.language_info`", at)
    # language_info is what the kernel itself said when the notebook last ran; the kernelspec only what was asked for.
    language = next((item for item in (info.get("name"), spec.get("language")) if item and isinstance(item, str)), "")
    if language and not language.lower().startswith(_PYTHONS):
        raise BadInput.of(
            "N2P111",
            f"the notebook's language is {shown(language)}; nb2pipe runs Python notebooks",
            at=at,
            hint="choose a Python kernel (Kernel > Change Kernel) and save, if the code is Python",
        )
    return Kernel(name=_text(spec.get("name")), display_name=_text(spec.get("display_name")), language=language)


def _cell(
    raw: object, position: int, index: int, notebook: Location, mend: Callable[[Any], Any]
) -> tuple[dict[str, Any], Cell | None]:
    """The cell at `position` of the file in in-memory form, and as a `Cell` if it holds code."""
    where = f"cell {position + 1} of the file (Markdown cells counted)"
    given = _object(raw, where, notebook)
    kind = given.get("cell_type")
    if not isinstance(kind, str):
        raise _wrong(f"`cell_type` of {where}", kind, "text", notebook)
    if kind == "code":
        at = Location(notebook=notebook.notebook, cell=index)
        tags = _object(given.get("metadata") or {}, "`metadata`", at).get("tags")
        if mend is _mended:
            _require_unicode([given.get("source"), tags], at)
    else:
        at = notebook
    data: dict[str, Any] = mend(given)
    data["source"] = _joined(data.get("source"))
    if not isinstance(data["source"], str):
        raise _wrong(f"`source` of {where}", data["source"], "text", at)
    metadata = data["metadata"] = _object(data.get("metadata") or {}, f"`metadata` of {where}", at)
    if kind != "code":
        return data, None
    data["outputs"] = [_output(item, at) for item in _list(data.get("outputs"), "`outputs`", at)]
    count = data.setdefault("execution_count", None)
    return data, Cell(
        index=index,
        source=data["source"].replace("\r\n", "\n").replace("\r", "\n"),
        tags=_tags(metadata.get("tags"), at),
        position=position,
        id=_text(data.get("id")) or None,
        execution_count=count if isinstance(count, int) and not isinstance(count, bool) else None,
        has_error_output=any(output.get("output_type") == "error" for output in data["outputs"]),
        told=metadata.get("nb2pipe"),
    )


def _tags(value: object, at: Location) -> tuple[str, ...]:
    """A cell's tags, each once, in order."""
    tags = _list(value, "`metadata.tags`", at)
    for tag in tags:
        if not isinstance(tag, str):
            raise _wrong("a tag", tag, "text", at)
    return tuple(dict.fromkeys(tags))


def _output(value: object, at: Location) -> dict[str, Any]:
    """An output in in-memory form."""
    output = _object(value, "an output", at)
    if "text" in output:
        output["text"] = _joined(output["text"])
    data = output.get("data")
    if isinstance(data, dict):
        output["data"] = {mime: item if mime.endswith("json") else _joined(item) for mime, item in data.items()}
    return output


def _require_unicode(value: Any, at: Location) -> None:  # noqa: ANN401  # JSON of any kind
    """Half a character in code or a tag: Python can't read it, and it can't be guessed what stood there."""
    if isinstance(value, list):
        for item in value:
            _require_unicode(item, at)
    elif isinstance(value, str) and not value.isascii() and _SURROGATE.search(value):
        raise BadInput.of(
            "N2P106",
            "the cell's code or a tag holds half a character (a lone surrogate)",
            at=at,
            hint="delete the broken character, perhaps one half of an emoji",
        )


def _mended(value: Any) -> Any:  # noqa: ANN401  # JSON in, JSON out; its depth is within bounds by now
    """A copy with U+FFFD in place of lone surrogates: a program may print half a character, no file can hold it."""
    if isinstance(value, str):
        return value if value.isascii() else _SURROGATE.sub("\ufffd", value)
    if isinstance(value, list):
        return [_mended(item) for item in value]
    if isinstance(value, dict):
        return {_mended(key): _mended(item) for key, item in value.items()}
    return value


def _as_it_is(value: Any) -> Any:  # noqa: ANN401  # JSON in, JSON out
    return value


def _joined(value: object) -> object:
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        return "".join(value)
    return value


def _require_sizes(cells: list[Cell], limits: Limits, at: Location) -> None:
    total = 0
    for cell in cells:
        size = len(cell.source.encode())
        total += size
        here = Location(notebook=at.notebook, cell=cell.index)
        message = f"the cell has more than {limits.max_cell_bytes:,} bytes of source"
        _require(size <= limits.max_cell_bytes, message, "CELL_BYTES", here)
    message = f"the notebook has more than {limits.max_code_bytes:,} bytes of code"
    _require(total <= limits.max_code_bytes, message, "CODE_BYTES", at)


def _require(holds: bool, message: str, limit: str, at: Location) -> None:
    if not holds:
        hint = f"move data out of the code into files, or set NB2PIPE_MAX_{limit}"
        raise BadInput.of("N2P105", message, at=at, hint=hint)


def _object(value: object, what: str, at: Location, code: str = "N2P108") -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _wrong(what, value, "an object", at, code)
    return value


def _list(value: object, what: str, at: Location) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise _wrong(what, value, "a list", at)
    return value


def _wrong(what: str, value: object, expected: str, at: Location, code: str = "N2P108") -> Nb2pipeError:
    message = f"not a valid notebook: {what} is {_type(value)}, not {expected}"
    return BadInput.of(code, message, at=at, hint="open the notebook in Jupyter and save it")


def _text(value: object) -> str:
    """A label that others show: empty where it isn't text."""
    return _SURROGATE.sub("\ufffd", value) if isinstance(value, str) else ""


def _type(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "a string", bool: "a truth value", type(None): "missing"}
    return names.get(type(value), "a number")
