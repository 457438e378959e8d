"""Pages that tell a story by notebooks and commands: each command is run in order, and prints what the page says.

In a page, `python NAME.ipynb` after the fence makes a notebook of the block (`# %%` begins a cell, its tags follow on
that line), `python NAME.py` a module, `diff NAME.ipynb` changes one cell, and a `console` block holds commands with
what they print; a line `...` stands for any lines. `python tests/project/test_walkthroughs.py` writes what is printed now into the pages.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = ("how-it-knows.md", "tutorial.md")

_BLOCK = re.compile(r"^```(python|diff|console)(?: (\S+\.(?:ipynb|py)))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ANY = "..."
_VARIES = (
    (re.compile(r"\b\d+(\.\d+)? (ms|s|min( \d+ s)?)\b"), "TIME"),
    (re.compile(r"TIME +cpu TIME +peak [\d.]+ MB"), "TOOK"),
    (re.compile(r"\b\d{2}:\d{2}:\d{2}\b"), "CLOCK"),
    (re.compile(r"\b\d{8}-\d{6}-[0-9a-f]{8}\b"), "RUN"),
    (re.compile(r"\b\d+ at a time\b"), "JOBS"),
    (re.compile(r"\b\d+ files?, [\d.]+ MB"), "COPIED"),
    (re.compile(r"\b\d{9}\b"), "RANDOM"),
)
Block = re.Match[str]


@pytest.mark.kernel
@pytest.mark.timeout(900)
@pytest.mark.parametrize("page", PAGES)
def test_the_commands_of_a_page_print_what_it_says(page: str, tmp_path: Path) -> None:
    for block, printed in played((DOCS / page).read_text(encoding="utf-8"), tmp_path):
        for (command, said), (_, found) in zip(told(block[3]), printed, strict=True):
            assert fits(command, said, found), f"{page}: {command}\n{found}"


@pytest.mark.parametrize(
    ("command", "said", "found", "expected"),
    [
        ("check", "a\nb", "a\nb", True),
        ("check", "a\nb", "b\na", False),
        ("check", "a\n...\nd", "a\nb\nc\nd", True),
        ("check", "a\n...\nd", "a\nb\nc", False),
        ("check", "a", "a\nb", False),
        ("run", "fit SUCCEEDED in 3 s", "fit SUCCEEDED in 1.5 s", True),
        ("runs show", "fit  9.3 s  cpu 11 s   peak 98.1 MB", "fit  12 s   cpu 9.1 s  peak 101 MB", True),
        ("run", "a\nb", "b\na", True),
        ("run", "a\nb", "b\na\nc", False),
        ("run", "a\n...", "b\na\nc", True),
        ("run", "a\na\n...", "b\na\nc", False),
    ],
)
def test_what_fits(command: str, said: str, found: str, expected: bool) -> None:
    assert fits(f"nb2pipe {command} x.ipynb", said, found) is expected


# --- playing a page -----------------------------------------------------------------------------------------------


def played(text: str, folder: Path) -> Iterator[tuple[Block, list[tuple[str, str]]]]:
    """Do what the page's blocks say in `folder`; each console block with its commands and what they print."""
    for source in DOCS.glob("*.ipynb"):
        shutil.copy(source, folder)
    for block in _BLOCK.finditer(text):
        kind, name, body = block.groups()
        if kind == "console":
            yield block, [(command, _run(command, folder)) for command, _ in told(body)]
        elif name and name.endswith(".py"):
            (folder / name).write_text(body, encoding="utf-8")
        elif name and kind == "python":
            _write(folder / name, _cells(body))
        elif name:
            _change(folder / name, body.splitlines())


def told(body: str) -> list[tuple[str, str]]:
    """The commands of a block, each with what the page says that it prints."""
    parts = re.split(r"^\$ (.*)\n", body, flags=re.MULTILINE)[1:]
    return [(command, said.strip("\n")) for command, said in zip(parts[::2], parts[1::2], strict=True)]


def _run(command: str, folder: Path) -> str:
    program, *arguments = shlex.split(command)
    assert program == "nb2pipe", command
    done = subprocess.run(
        [sys.executable, "-m", "nb2pipe", *arguments],
        cwd=folder,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "120", "PYTHONIOENCODING": "utf-8"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    return "\n".join(line.rstrip() for line in done.stdout.strip("\n").splitlines())


def fits(command: str, said: str, found: str) -> bool:
    """Whether this is what the page says. Steps run side by side, so the lines of runs come in any order."""
    expected, lines = (_steady(text).splitlines() for text in (said, found))
    if shlex.split(command)[1] == "run":
        missing = Counter(line for line in expected if line != _ANY) - Counter(lines)
        return not missing and (_ANY in expected or len(expected) == len(lines))
    return _matches(expected, lines)


def _matches(expected: Sequence[str], lines: Sequence[str]) -> bool:
    if not expected:
        return not lines
    if expected[0] == _ANY:
        return any(_matches(expected[1:], lines[start:]) for start in range(len(lines) + 1))
    return bool(lines) and expected[0] == lines[0] and _matches(expected[1:], lines[1:])


def _steady(text: str) -> str:
    for pattern, word in _VARIES:
        text = pattern.sub(word, text)
    return text


# --- notebooks ----------------------------------------------------------------------------------------------------


def _cells(text: str) -> list[dict[str, Any]]:
    parts = re.split(r"^# %%", text, flags=re.MULTILINE)
    assert not parts[0].strip(), "a notebook begins with `# %%`"
    return [_cell("# %%" + part) for part in parts[1:]]


def _cell(text: str) -> dict[str, Any]:
    first, _, source = text.partition("\n")
    return {
        "cell_type": "code",
        "metadata": {"tags": first.removeprefix("# %%").split()},
        "source": source.strip("\n"),
        "outputs": [],
        "execution_count": None,
    }


def _write(path: Path, cells: list[dict[str, Any]]) -> None:
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 4}
    path.write_text(json.dumps(notebook), encoding="utf-8")


def _change(path: Path, lines: Sequence[str]) -> None:
    """Put the `+` lines where the `-` lines are. They stand in one cell, below its `# %%` and tags."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    old = "\n".join(line[1:] for line in lines if line[:1] in ("-", " "))
    new = "\n".join(line[1:] for line in lines if line[:1] in ("+", " "))
    places = []
    for cell in notebook["cells"]:
        tags = "".join(f" {tag}" for tag in cell["metadata"].get("tags", ()))
        text = f"# %%{tags}\n{''.join(cell['source'])}\n"
        if cell["cell_type"] == "code" and f"\n{old}\n" in f"\n{text}":
            places.append((cell, f"\n{text}".replace(f"\n{old}\n", f"\n{new}\n", 1)[1:]))
    assert len(places) == 1, f"{path.name}: {len(places)} cells have\n{old}"
    [(cell, text)] = places
    changed = _cell(text)
    cell["source"] = changed["source"]
    cell["metadata"]["tags"] = changed["metadata"]["tags"]
    path.write_text(json.dumps(notebook, indent=1), encoding="utf-8")


def _write_anew(page: Path) -> None:
    """Put what the commands print now into the page, where it does not fit what stands there."""
    text = page.read_text(encoding="utf-8")
    parts, end = [], 0
    with tempfile.TemporaryDirectory() as folder:
        for block, printed in played(text, Path(folder)):
            pairs = zip(told(block[3]), printed, strict=True)
            said = [f"$ {command}\n{old if fits(command, old, new) else new}\n" for (command, old), (_, new) in pairs]
            parts += [text[end : block.start(3)], "".join(said).replace("\n\n$", "\n$")]
            end = block.end(3)
    page.write_text("".join([*parts, text[end:]]), encoding="utf-8")


if __name__ == "__main__":
    for chosen in sys.argv[1:] or PAGES:
        _write_anew(DOCS / chosen)
