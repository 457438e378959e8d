"""A library call in, the state that is no variable which it touches out: files, folder, environment, random numbers."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from nb2pipe.analysis import commands
from nb2pipe.analysis.heap import MISSING, Literal, Value, _Missing
from nb2pipe.analysis.tables import resources as tables

if TYPE_CHECKING:
    from nb2pipe.analysis.frames import Arguments
    from nb2pipe.analysis.state import State

FILE_OBJECTS = frozenset({"builtins.open", "io.open", "gzip.open", "bz2.open", "lzma.open", "codecs.open"})
_PATHS = frozenset({"pathlib.Path", "pathlib.PurePath", "pathlib.PosixPath", "os.path.join", "os.path.abspath"})
_LISTS = ("os.listdir", "os.scandir")  # the working folder, if none is named
_SEEN = ("os.", "glob.", "shutil.")  # what these look at is seen while they run
_ANY = "*"
_MAX_LITERAL = 4096
_REMOTE = ("http://", "https://", "ftp://", "s3://", "gs://", "hdfs://", "abfs://", "sqlite://")


def call(state: State, ref: str, arguments: Arguments) -> None:
    """Note what a library function does to files and the like."""
    table = tables()
    if ref in FILE_OBJECTS:
        _open(state, arguments)
    reads, writes = table.reads.get(ref), table.writes.get(ref)
    if reads:
        path = arguments.at(*reads)
        file(state, Value(literal=".") if path is None and ref in _LISTS else path, write=False)
        if not ref.startswith(_SEEN):
            source(state, path)
    if writes:
        file(state, _with_suffix(ref, arguments.at(*writes)), write=True)
    if ref in ("os.rename", "os.replace", "shutil.move"):
        file(state, arguments.at(0, "src"), write=True)
    process = table.process.get(ref)
    if process:
        kind, way = process
        state.touch(kind, _ANY if kind == "file" else "", write=way == "write")
        for words in commands.simple_commands(commands.of_call(arguments)) if kind == "file" else ():
            if commands.installs(words):
                commands.install(state, words)
    _random(state, ref, arguments)
    if table.outside.get(ref):
        state.effects.setdefault(state.at, set()).add("outside")
    if ref.startswith("os.environ."):
        write = ref.rpartition(".")[2] in ("update", "setdefault", "pop", "clear", "popitem")
        state.touch("env", "", write=write)


_SUFFIXES = {"numpy.save": ".npy", "numpy.savez": ".npz", "numpy.savez_compressed": ".npz"}


def _with_suffix(ref: str, path: Value | None) -> Value | None:
    """The path that is written: NumPy adds its suffix to a name that lacks it."""
    suffix = _SUFFIXES.get(ref)
    if suffix and path is not None and isinstance(path.literal, str) and not path.literal.endswith(suffix):
        return Value(path.objects, literal=path.literal + suffix)
    return path


def _random(state: State, ref: str, arguments: Arguments) -> None:
    table = tables()
    if table.seeds.get(ref):
        state.touch("rng", _generator(ref), write=True)
        state.touch("seed", _generator(ref), write=True)
    elif table.draws.get(ref) and not table.own.get(ref):
        state.touch("rng", _generator(ref), write=True)
        state.vary(_generator(ref), ref)
    elif _default_generator(ref, arguments) and not _constructor(ref):
        state.touch("rng", "numpy", write=True)
        state.vary("numpy", ref)
    elif table.unseeded.get(ref) and _without_seed(arguments):
        state.vary("", ref)


def _without_seed(arguments: Arguments) -> bool:
    return arguments.rest is None and all(value.literal is None for value in arguments.every())


def _constructor(ref: str) -> bool:
    return ref.rpartition(".")[2][:1].isupper()


def _generator(ref: str) -> str:
    root = ref.partition(".")[0]
    return "python" if root in ("random", "uuid") else "numpy" if root in ("seaborn", "scipy", "statsmodels") else root


def _default_generator(ref: str, arguments: Arguments) -> bool:
    """True if the call would draw from NumPy's global generator, since no `random_state` is given."""
    if tables().unless_random_state.get(ref) is None:
        return False
    given, shuffle = arguments.keywords.get("random_state"), arguments.keywords.get("shuffle")
    if shuffle is not None and shuffle.literal is False and not _constructor(ref):
        return False
    return given is None or given.literal is None


def estimator_draws(ref: str, arguments: Arguments) -> str:
    """What the estimator that the call makes does when it is fitted, see `heap.Thing.draws`."""
    if not _default_generator(ref, arguments):
        return ""
    steady = tables().steady.get(ref)
    if steady is None:
        return "varies"
    keyword, *values = steady
    given = arguments.keywords.get(str(keyword))
    moved = given is not None and (not values or given.literal in (MISSING, *values))
    return "varies" if moved else "steady"


def fit(state: State, objects: Iterable[int]) -> None:
    """Estimators are fitted: those that draw do."""
    things = [state.heap.things[number] for number in sorted(objects) if state.heap.things[number].draws]
    if things:
        state.touch("rng", "numpy", write=True)
    for thing in things:
        if thing.draws == "varies":
            state.vary("numpy", thing.origin)


def may_draw(ref: str) -> bool:
    """True for a library function that may let what it is given draw, such as `cross_val_score` its splitter."""
    return ref.partition(".")[0] in ("sklearn", "imblearn") and not _constructor(ref)


def fit_draws() -> frozenset[str]:
    """The methods at which such an object draws."""
    return tables().fit_draws


def method(state: State, name: str, base: Value, arguments: Arguments) -> None:
    """Note what a method does to files and the like."""
    table = tables()
    for places, write in ((table.method_reads, False), (table.method_writes, True)):
        if name not in places:
            continue
        position, keyword = places[name]
        if position >= 0:
            file(state, arguments.at(position, keyword), write=write)
        elif isinstance(base.literal, str):
            file(state, base, write=write)
        elif not base.objects:
            file(state, Value(), write=write)
    if name == "open" and not base.objects:
        _open(state, arguments, base)
    given = arguments.keywords.get("random_state")
    if name in table.method_draws and base.objects and (given is None or given.literal is None):
        origins = {state.heap.things[number].origin for number in base.objects}
        if not any(origin.startswith(("random.", "numpy.random.default_rng")) for origin in origins):
            state.touch("rng", "numpy", write=True)
            state.vary("numpy", f".{name}")


def _open(state: State, arguments: Arguments, base: Value | None = None) -> None:
    path = arguments.at(0, "file") if base is None else base
    mode = arguments.at(1 if base is None else 0, "mode")
    text = mode.literal if mode is not None else "r"
    if not isinstance(text, str):
        text = "r+"
    if set(text) & set("wax+"):
        file(state, path, write=True)
    if "r" in text or "+" in text:
        file(state, path, write=False)


def file(state: State, path: Value | None, *, write: bool) -> None:
    """A file is read or written. None: no file is named (`df.to_csv()` gives a string)."""
    if path is None:
        return
    if isinstance(path.literal, str):
        if path.literal.startswith(_REMOTE):
            state.effects.setdefault(state.at, set()).add("outside")
        else:
            known = not state.moved or path.literal.startswith("/")
            state.touch("file", normal(path.literal) if known else _ANY, write=write)
    elif path.literal is MISSING and not _is_buffer(state, path):
        state.touch("file", _ANY, write=write)


def source(state: State, path: Value | None) -> None:
    """A file, or all in a folder, is read, maybe by code that opens it unseen. It asks for no order of its own."""
    if path is None or not isinstance(path.literal, str) or path.literal.startswith(_REMOTE):
        return
    if not state.moved or path.literal.startswith("/"):
        state.touch("source", normal(path.literal), write=False)


def _is_buffer(state: State, path: Value) -> bool:
    origins = {state.heap.things[number].origin for number in path.objects}
    return bool(origins) and origins <= {"io.StringIO", "io.BytesIO", *FILE_OBJECTS}


def normal(path: str) -> str:
    """A path as resources name it."""
    return posixpath.normpath(path.replace("\\", "/")) if path else "."


def conflict(one: str, other: str) -> bool:
    """True if two file resources may be the same file, or one holds the other. Names may hold `*`, `?` and `**`."""
    if _ANY in (one, other) or one == other or "." in (one, other):
        return True
    ours, theirs = _parts(one), _parts(other)
    if (
        one.startswith("/") == other.startswith("/")
        and ".." not in one[:2] + other[:2]
        and "~" not in one[0] + other[0]
    ):
        return _meet(ours, theirs)
    return any(_meet(ours[start:], theirs) for start in range(len(ours))) or any(
        _meet(ours, theirs[start:]) for start in range(len(theirs))
    )  # where one lies to the other isn't known


def _parts(path: str) -> list[str]:
    parts = [part for part in path.split("/") if part]
    while parts and (parts[0] == ".." or parts[0].startswith("~")):
        parts.pop(0)
    return parts


def _meet(ours: list[str], theirs: list[str]) -> bool:
    """True if two paths with one beginning may be one file, or one the folder of the other."""
    for one, other in zip(ours, theirs, strict=False):
        if "**" in (one, other):
            return True
        wild = [part for part in (one, other) if set(part) & set("*?[")]
        if one != other and len(wild) < 2 and not (wild and fnmatchcase(other if wild[0] == one else one, wild[0])):
            return False
    return True


# --- constants folded for paths ------------------------------------------------------------------------------------


def fold_call(ref: str, arguments: Arguments) -> Literal | _Missing:
    """The constant that a call gives, for calls that make paths."""
    if ref in ("builtins.str", "os.fspath", "os.path.expanduser") and arguments.positional:
        found = arguments.positional[0].literal
        return found if isinstance(found, str) else MISSING
    if ref not in _PATHS or not arguments.positional or arguments.rest or arguments.keywords:
        return MISSING
    parts = [value.literal for value in arguments.positional]
    if not all(isinstance(part, str) for part in parts):
        return MISSING
    return posixpath.join(*(str(part) for part in parts))[:_MAX_LITERAL]


def fold_join(left: Literal | _Missing, right: Literal | _Missing, separator: str) -> Literal | _Missing:
    """`left + right` for strings, and `left / right` for paths."""
    if not isinstance(left, str) or not isinstance(right, str) or len(left) + len(right) > _MAX_LITERAL:
        return MISSING
    return posixpath.join(left, right) if separator else left + right


def is_setup(ref: str) -> bool:
    """True for a library call that sets up the process and holds no value."""
    return tables().setup.get(ref) is not None


def is_getter(ref: str) -> bool:
    """True for a library call that gives an option's value, or the one object of its name in each process."""
    return tables().gets.get(ref) is not None
