"""What a verdict went by in; out, whether all of it is as it was: then it holds, and nothing else has to be looked at.

A run that found all steps fresh by comparing everything leaves a *seal*: each question that it asked of this machine,
with the answer. The questions here are cheap, and their answers change when those of the run do; where that is not
sure, there is no seal. It is signed, and kept beside the records of the steps.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from nb2pipe import __version__, keys
from nb2pipe.files import write_atomic
from nb2pipe.folders import digest_of, names_in, shadows
from nb2pipe.layout import RootDir
from nb2pipe.model import Json

SCHEMA = 1
SETTLED_NS = 2_000_000_000  # what changed less than that before we looked may change again within one tick of its clock
_MAX_BYTES = 50_000_000
_CHUNK_BYTES = 1 << 20
_NO_FILES = ("/proc/", "/sys/", "/dev/")  # what is there may change without its stamp
_PREFIXES = ("CONDA_", "IPYTHON", "JUPYTER_", "NB2PIPE_", "PYTHON", "XDG_")
_VARIABLES = frozenset({"HOME", "PATH", "VIRTUAL_ENV"})

ALL_VARIABLES = "*"
"""In place of an environment variable's name: which there are, for code that goes through all of them."""

Facts: TypeAlias = Mapping[str, Mapping[str, Json]]
"""Kind of question (those of `_LOOKS`) -> what is asked of -> the answer."""


def of_file(path: str) -> Json:
    """Its stamp; for what is no regular file, what it is; the system's number of the error if it can't be looked at."""
    try:
        status = os.stat(path)  # noqa: PTH116  # hundreds of them
    except OSError as error:
        return f"errno {error.errno}"
    except ValueError:
        return "no path"
    if not stat.S_ISREG(status.st_mode):
        return stat.S_IFMT(status.st_mode)
    return [status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns]


def of_content(path: str) -> Json:
    """SHA-256 of a regular file's content; empty for what is none or can't be read."""
    digest = hashlib.sha256()
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116
            return ""
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123
            while chunk := file.read(_CHUNK_BYTES):
                digest.update(chunk)
    except (OSError, ValueError):
        return ""
    return digest.hexdigest()


def of_names(path: str) -> Json:
    """The names in a folder that count as its content."""
    return digest_of(names_in(Path(path)))


def of_imports(question: str) -> Json:
    """What imports find in a folder: the question is JSON, the folder and the modules' names."""
    folder, *imported = json.loads(question)
    return digest_of(sorted(shadows(Path(folder), imported)))


def of_entries(path: str) -> Json:
    """All names in a folder: what is installed there, with which version; empty for what is no folder."""
    try:
        return digest_of(sorted(os.listdir(path)))  # noqa: PTH208  # only the names
    except OSError:
        return ""


def of_size(path: str) -> Json:
    """The size of a stored object, which is never written to; -1 for one that isn't there."""
    try:
        status = os.stat(path)  # noqa: PTH116
    except OSError:
        return -1
    return status.st_size if stat.S_ISREG(status.st_mode) else -1


def of_newest(path: str) -> Json:
    """The newest record of a step, which no run writes to again. Another one there: a run has come between."""
    try:
        name = max((name for name in os.listdir(path) if name.endswith(".json") and name[0] != "."), default="")  # noqa: PTH208
        status = os.stat(f"{path}/{name}")  # noqa: PTH116
    except OSError:
        return ""
    return [name, status.st_ino, status.st_size, status.st_mtime_ns]


def of_link(path: str) -> Json:
    """Where a path leads."""
    return os.path.realpath(path)


def of_program(folder: str) -> Json:
    """nb2pipe itself, whose modules are in `folder`, and the Python that runs it."""
    found = [__version__, sys.version, sys.executable, *sys.path]
    for here, names, files in os.walk(folder):
        names[:] = sorted(name for name in names if name != "__pycache__")
        found += [f"{here}/{name} {of_file(f'{here}/{name}')}" for name in sorted(files)]
    return digest_of(found)


_LOOKS: Mapping[str, Callable[[str], Json]] = {
    "program": of_program,
    "content": of_content,
    "file": of_file,
    "beside": of_file,
    "tables": of_file,
    "link": of_link,
    "newest": of_newest,
    "names": of_names,
    "imports": of_imports,
    "entries": of_entries,
    "size": of_size,
}


def path_of(root: RootDir, notebook: Path) -> Path:
    """Where the seal of the notebook at this path lies."""
    return root.results(notebook) / "unchanged.json"


def write(path: Path, content: Mapping[str, Json], key: bytes) -> None:
    """Keep a seal in place of the last one. A help only: nothing is said if it can't be written."""
    data = json.dumps({"schema": SCHEMA, **content}, sort_keys=True).encode("ascii")
    with contextlib.suppress(OSError):
        write_atomic(path, keys.sign(key, data).encode() + b"\n" + data)


def read(path: Path, key: bytes) -> Mapping[str, Any] | None:
    """The seal, if there is one that was signed with the key."""
    try:
        if path.is_symlink() or path.stat().st_size > _MAX_BYTES:
            return None
        code, _, data = path.read_bytes().partition(b"\n")
        if not keys.is_signed(key, data, code.decode("ascii", "replace")):
            return None
        content = json.loads(data)
        return content if isinstance(content, dict) and content.get("schema") == SCHEMA else None
    except (OSError, ValueError, RecursionError):
        return None


def ask(questions: Mapping[str, Iterable[str]]) -> dict[str, dict[str, Json]]:
    """The answers to questions by their kinds, as of now."""
    return {kind: {subject: _LOOKS[kind](subject) for subject in subjects} for kind, subjects in questions.items()}


def holds(facts: Facts) -> bool:
    """True if each question has the answer that it had."""
    return all(_LOOKS[kind](subject) == answer for kind, found in facts.items() for subject, answer in found.items())


def settled(facts: Facts, began_ns: int) -> bool:
    """True if what was looked at had not changed shortly before `began_ns`, nor since: else an answer is not sure.

    The answers of kinds `beside` and `entries` were asked for after the verdict. What isn't there by then must not
    have been there shortly before: the folder above tells.
    """
    latest = began_ns - SETTLED_NS
    stamped = [
        path
        for kind in ("content", "file", "tables")
        for path, answer in facts.get(kind, {}).items()
        if _is_there(answer)
    ]
    later = [path for kind in ("beside", "entries") for path in facts.get(kind, {})]
    if any(path.startswith(_NO_FILES) for path in (*stamped, *later)):
        return False
    return all(_changed_ns(path) < latest for path in (*stamped, *later))


def _is_there(answer: Json) -> bool:
    return isinstance(answer, list) or (isinstance(answer, str) and len(answer) == hashlib.sha256().digest_size * 2)


def _changed_ns(path: str) -> int:
    """When a file or folder changed last; when nothing is there, the nearest folder above."""
    while True:
        try:
            return os.stat(path).st_ctime_ns  # noqa: PTH116
        except (OSError, ValueError):
            above = os.path.dirname(path)  # noqa: PTH120
            if above in ("", path):
                return 0
            path = above


def environment(key: bytes, names: Iterable[str] = ()) -> str:
    """A code for the environment variables of these names, and those that decide where Jupyter and Python look."""
    wanted = {name for name in os.environ if name.startswith(_PREFIXES)} | _VARIABLES | set(names)
    found = [f"{name}={os.environ[name]}" if name in os.environ else name for name in sorted(wanted)]
    if ALL_VARIABLES in wanted:
        found += sorted(os.environ)
    return keys.sign(key, "\0".join(found).encode("utf-8", "surrogateescape"))


def tables_above(folder: Path) -> list[str]:
    """The files that may hold the user's own tables, and what ends the search for them, up to the first."""
    found: list[str] = []
    for here in (folder, *folder.parents):
        own, project, git = (str(here / name) for name in ("nb2pipe.toml", "pyproject.toml", ".git"))
        found += [own, project, git]
        if os.path.isfile(own) or os.path.isfile(project) or os.path.exists(git):  # noqa: PTH113, PTH110
            break
    return found


def sites() -> list[str]:
    """The folders that this program's packages are installed in."""
    return sorted({path for path in sys.path if os.path.basename(path) in ("site-packages", "dist-packages")})  # noqa: PTH119
