"""What a step's code touches, while it runs, in; out, all that its results depend on besides code and variables.

Files by their content, as it was before the step changed it; the names in folders that were listed; the user's own
modules; the packages that were imported; environment variables that the notebook's own code asked for. A later run
compares them, to see whether the step has to run again.
"""

from __future__ import annotations

import glob
import hashlib
import itertools
import os
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

from nb2pipe.runtime.demand import is_own
from nb2pipe.runtime.forks import Forks
from nb2pipe.runtime.texts import SIGNS, fixed, is_path, variables_of, words_of
from nb2pipe.runtime.touched_files import Place, Touch, unseen

CHANGING = "changing"  # in place of a digest: it became another while the step ran, and the step did not do it
FOLDER = "folder"  # in place of a digest
_MOST_NAMES = 5_000  # of one folder
_MOST_NAMED = 5_000  # texts that may name a file
_NAMED_BYTES = 1 << 26  # of a larger file that is only named, size and time will do
_CHUNK_BYTES = 1 << 20
_LEAST_DEPTH = 2  # folders that a pattern names before its first sign: what is all over the disk is none
_INSTALLED = ("site-packages", "dist-packages")
_NOT_THEIRS = frozenset({"nb2pipe", "__main__", "builtins", "IPython", "ipykernel"})  # what shows, not what computes
_ASIDE = ("os.py", "<frozen os>", "_collections_abc.py", "<frozen _collections_abc>")
_EXPANDS = ("posixpath.py", "<frozen posixpath>")
_ALL_VARIABLES = "*"  # which there are

_Stamp = tuple[int, int, int, int]

_loaded: dict[str, str | None] = {}  # the user's files of code, as they were when this process executed them


class Facts:
    """What is noted of one step. `folder` is the notebook's."""

    def __init__(self, folder: str, modules: Collection[str]) -> None:
        self._folder = Path(folder)
        self._place = Place(folder)
        self._modules_before = frozenset(modules)
        self._sites = tuple(_sites())
        self._python = tuple(_python_itself())
        self._before: dict[str, tuple[_Stamp | None, str | None]] = {}  # path -> its stamp, its digest if it was needed
        self._read: set[str] = set()
        self._written: set[str] = set()
        self._named: dict[str, _Stamp | None] = {}
        self.listed: dict[str, list[str]] = {}
        self.variables: set[str] = set()
        self.imported: set[str] = set()  # top-level names, found or not
        self._executed: set[str] = set()  # files of code
        self._patterns: set[str] = set()
        self._forks = Forks()
        self._over = False  # the step is done, and it is we who look at files

    def touched(self, touch: Touch) -> None:
        """The running cell is about to touch a file, or a process that it has forked."""
        if self._over:
            return
        known = self._known(touch.path)
        self._touched(touch)
        if self._forks.is_forked() and self._known(touch.path) != known:
            self._forks.tell([touch.path, *self._known(touch.path)])

    def _known(self, path: str) -> tuple[Any, ...]:
        return self.listed.get(path), self._before.get(path), path in self._read, path in self._written

    def forking(self) -> None:
        """The process is about to fork: what others told need not be told again."""
        if not self._over and not self._forks.is_forked():
            self._of_forks()

    def _of_forks(self) -> None:
        """What forked processes have touched."""
        for path, names, before, read, written in self._forks.told():
            if names is not None:
                self.listed.setdefault(path, names)
            if before is not None:
                stamp, digest = before
                self._before.setdefault(path, (None if stamp is None else tuple(stamp), digest))
                self._read.update([path] if read else ())
                self._written.update([path] if written else ())

    def _touched(self, touch: Touch) -> None:
        if touch.listed:
            self.listed.setdefault(touch.path, self._names(touch.path))
            return
        full = self._folder / touch.path
        if full.is_dir() and not touch.written:
            return
        if touch.path not in self._before:
            self._before[touch.path] = (_stamp(full), None)
        if touch.read and touch.path not in self._written:
            self._read.add(touch.path)
        if touch.written:
            stamp, known = self._before[touch.path]
            if touch.path in self._read and known is None and touch.path not in self._written:
                self._before[touch.path] = (stamp, _digest(full) if _stamp(full) == stamp else CHANGING)
            self._written.add(touch.path)

    def executed(self, file: str) -> None:
        """Code of this file is executed: that of a module, mostly. It may be edited before the step ends."""
        if not file.endswith(".py"):
            return
        path = os.path.abspath(file)  # noqa: PTH100  # links stay as they are
        self._executed.add(path)
        if self.is_local(path):
            now = _digest(Path(path))
            _loaded[path] = now if _loaded.get(path, now) == now else CHANGING

    def imports(self, module: str) -> None:
        """A module that was not there is looked for."""
        self.imported.add(module.partition(".")[0])

    def cell(self, source: str) -> None:
        """A cell is about to run."""
        self.named(words_of(source))
        self.variables.update(variables_of(source))

    def named(self, texts: Iterator[str]) -> None:
        """Files that these texts may name: a library's own C code or a command reads or writes them, unseen."""
        for text in texts:
            path, _ = self._place.of(os.path.expanduser(text) if text[:1] == "~" else text, named=True)  # noqa: PTH111
            if path not in (None, ".") and path not in self._before and len(self._named) < _MOST_NAMED:
                self._named.setdefault(str(path), _stamp(self._folder / str(path)))
            if any(sign in text for sign in SIGNS) and text not in self._patterns and is_path(text):
                self._patterns.add(text)
                self._named_by(text)

    def _named_by(self, pattern: str) -> None:
        """Files that a text names as a pattern, for a command or a library: most texts with a `*` are none."""
        full = os.path.normpath(os.path.join(os.getcwd(), os.path.expanduser(pattern)))  # noqa: PTH109, PTH111, PTH118
        base = fixed(full)
        shown, inside = self._place.of(base)
        if (inside or "**" not in pattern) and base.count("/") >= _LEAST_DEPTH and os.path.isdir(base):  # noqa: PTH112
            self._matching(base, full, even_none=shown != ".")

    def told(self, patterns: Iterable[str]) -> None:
        """Files that the plan says are read, by path or pattern; of a folder, all that is in it."""
        for pattern in patterns:
            if (self._folder / pattern).is_dir():
                base, inside = pattern, f"{glob.escape(pattern)}/**"
            elif any(sign in pattern for sign in SIGNS):
                base, inside = fixed(pattern), pattern
            else:
                self.named(iter([os.path.join(self._folder, pattern)]))  # noqa: PTH118
                continue
            full = os.path.join(glob.escape(str(self._folder)), inside)  # noqa: PTH118
            self._matching(str(self._folder / base), full, even_none=True)

    def _matching(self, base: str, pattern: str, *, even_none: bool) -> None:
        """Files that match now are named, and the folders that they and later ones lie in are listed."""
        with unseen():
            found = list(itertools.islice(glob.iglob(pattern, recursive=True), _MOST_NAMED))  # noqa: PTH207
        places = [base] if found or even_none else []
        for path in found:
            self.named(iter([path]))
            places.append(path if os.path.isdir(path) else os.path.dirname(path))  # noqa: PTH112, PTH120
        for place in dict.fromkeys(places):  # a file that comes there may be meant as well
            shown, _ = self._place.of(place)
            if shown is not None:
                self.listed.setdefault(shown, self._names(shown))

    def watch_environment(self, is_own: Callable[[str], bool]) -> None:
        """From now on, note the environment variables that code for which `is_own` holds asks for, by its file."""
        data: Any = getattr(os.environ, "_data", None)
        if isinstance(data, dict):
            _Asked.note = lambda name: self._asked(name, is_own)
            if not isinstance(data, _Asked):
                os.environ._data = _Asked(data)  # type: ignore[attr-defined]
                if os.supports_bytes_environ:
                    os.environb._data = os.environ._data  # type: ignore[attr-defined]

    def _asked(self, name: str, is_own: Callable[[str], bool]) -> None:
        frame: FrameType | None = sys._getframe(3)
        while frame is not None and _is_aside(frame):
            frame = frame.f_back
        if frame is not None and (is_own(frame.f_code.co_filename) or self.is_local(frame.f_code.co_filename)):
            self.variables.add(name)

    def of_step(self, main: Mapping[str, object]) -> dict[str, Any]:
        """All of it, as data for the record: what was read as it was before, what was written as it is now."""
        self._over = True
        self._of_forks()
        self._forks.close()
        return {
            "read": {path: self._as_before(path) for path in sorted(self._read)},
            "wrote": {path: _content(self._folder / path) for path in sorted({*self._left(), *self._made_unseen()})},
            "named": self._still_named(),
            "listed": self.listed,
            "sought": sorted(self._sought()),
            "overwritten": sorted(path for path in self._made_unseen() if self._named[path] is not None),
            "modules": self._modules(),
            "imported": sorted(self.imported),
            "shadows": shadows(self._import_folders(), self.imported),
            "packages": self._packages(main),
            "sites": list(self._sites),
            "variables": sorted(self.variables),
        }

    # --- files -----------------------------------------------------------------------------------------------------

    def _as_before(self, path: str) -> str | None:
        stamp, known = self._before[path]
        if known is not None or stamp is None:
            return known
        full = self._folder / path
        return _digest(full) if _stamp(full) == stamp else CHANGING

    def _left(self) -> Iterator[str]:
        """What was written, but for what was not there before and is gone again."""
        for path in self._written:
            if self._before[path][0] is not None or (self._folder / path).exists():
                yield path

    def _made_unseen(self) -> Iterator[str]:
        """Files that are named, and are others than when the name was first met: commands make some."""
        for path, stamp in self._named.items():
            full = self._folder / path
            now = _stamp(full)
            if path not in self._before and now not in (None, stamp) and full.is_file():
                yield path

    def _still_named(self) -> dict[str, str]:
        found = {}
        for path, stamp in self._named.items():
            full = self._folder / path
            if path not in self._before and full.is_dir() and stamp is not None:
                found[path] = FOLDER
            elif path not in self._before and stamp is not None and _stamp(full) == stamp and full.is_file():
                large = stamp[1] > _NAMED_BYTES
                found[path] = f"stamp:{stamp[1]}:{stamp[2]}" if large else (_digest(full) or CHANGING)
        return found

    def _sought(self) -> Iterator[str]:
        """Files that are named, and never were there: the step may have looked for them."""
        for path, stamp in self._named.items():
            if stamp is None and path not in self._before and is_path(path) and _stamp(self._folder / path) is None:
                yield path

    def _names(self, path: str) -> list[str]:
        try:
            names = os.listdir(self._folder / path)  # noqa: PTH208  # only the names
            found = sorted(name for name in names if not name.startswith(".") and name != "__pycache__")
        except OSError:
            return []
        return found if len(found) <= _MOST_NAMES else [hashlib.sha256("\0".join(found).encode()).hexdigest()]

    # --- code ------------------------------------------------------------------------------------------------------

    def _modules(self) -> dict[str, str | None]:
        """The source files of the user's own modules: in the notebook's folder, on PYTHONPATH, installed editable."""
        files = {getattr(module, "__file__", None) for module in list(sys.modules.values())} | self._executed
        found = {path: self._code(path) for path in sorted(filter(None, files)) if self.is_local(path)}
        return {path: digest for path, digest in found.items() if digest or path not in self._executed}

    def _code(self, path: str) -> str | None:
        """The digest of a file of code as it was executed; as it is now if the step itself has written it."""
        shown, _ = self._place.of(path)
        return _digest(Path(path)) if path not in _loaded or shown in self._written else _loaded[path]

    def _import_folders(self) -> list[str]:
        """The user's own folders that modules are looked for in."""
        paths = [os.path.abspath(path or os.curdir) for path in sys.path if isinstance(path, str)]  # noqa: PTH100
        return [path for path in dict.fromkeys(paths) if self.is_local(path + os.sep) and os.path.isdir(path)]  # noqa: PTH112

    def is_local(self, file: object) -> bool:
        """True for a file of the user's own code: neither Python's, nor a package's that is installed, nor ours."""
        if not isinstance(file, str) or not os.path.isabs(file):  # noqa: PTH117
            return False
        return not file.startswith(self._python) and not any(site in file for site in _INSTALLED)

    def _packages(self, main: Mapping[str, object]) -> list[str]:
        """The installed packages that this step imported, or whose things it has."""
        new = {name.partition(".")[0] for name in set(sys.modules) - self._modules_before}
        for value in [value for name, value in list(main.items()) if not is_own(name)]:
            module = value.__name__ if isinstance(value, ModuleType) else getattr(type(value), "__module__", "")
            if isinstance(module, str):
                new.add(module.partition(".")[0])
        found = []
        for name in sorted(new - _NOT_THEIRS):
            file = getattr(sys.modules.get(name), "__file__", None)
            if isinstance(file, str) and file.startswith(self._sites):
                found.append(name)
        return found


def _is_aside(frame: FrameType) -> bool:
    """True for a function that looks at the environment on behalf of who calls it."""
    code = frame.f_code
    expands = code.co_name == "expandvars" and code.co_filename.endswith(_EXPANDS)
    return expands or code.co_filename.endswith(_ASIDE)


class _Asked(dict[Any, Any]):
    """What is behind `os.environ`, and tells which names are asked for. `*`: all that there are."""

    note: Callable[[str], None] = staticmethod(lambda _: None)

    def __getitem__(self, key: Any) -> Any:  # noqa: ANN401
        _Asked.note(os.fsdecode(key))
        return super().__getitem__(key)

    def __iter__(self) -> Iterator[Any]:
        _Asked.note(_ALL_VARIABLES)
        return super().__iter__()

    def __contains__(self, key: object) -> bool:
        if isinstance(key, str | bytes):
            _Asked.note(os.fsdecode(key))
        return super().__contains__(key)


def shadows(folders: Iterable[str], imported: Collection[str]) -> dict[str, list[str]]:
    """What in these folders an import of these names may find: files and folders, by their names."""
    found = {}
    for folder in folders:
        try:
            with os.scandir(folder) as entries:
                names = sorted(item.name for item in entries if _is_module(item) and _stem(item.name) in imported)
        except OSError:
            continue
        found[folder] = names
    return found


def _is_module(entry: os.DirEntry[str]) -> bool:
    return entry.name.endswith((".py", ".so", ".pyd")) or ("." not in entry.name and entry.is_dir())


def _stem(name: str) -> str:
    return name.partition(".")[0]


def _stamp(path: Path) -> _Stamp | None:
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _digest(path: Path) -> str | None:
    """SHA-256 of a file's content; None for one that isn't there, or is none."""
    digest = hashlib.sha256()
    try:
        if not path.is_file():
            return None
        with path.open("rb", buffering=0) as file:
            while chunk := file.read(_CHUNK_BYTES):
                digest.update(chunk)
    except OSError:
        return None
    return digest.hexdigest()


def _content(path: Path) -> str | None:
    return FOLDER if path.is_dir() else _digest(path)


def _sites() -> Iterator[str]:
    """The folders that packages are installed in."""
    for path in dict.fromkeys(sys.path):
        if os.path.basename(path.rstrip(os.sep)) in _INSTALLED:  # noqa: PTH119
            yield path.rstrip(os.sep) + os.sep


def _python_itself() -> Iterator[str]:
    import sysconfig

    paths = sysconfig.get_paths()
    for key in ("stdlib", "platstdlib"):
        yield os.path.realpath(paths[key]) + os.sep
        yield paths[key] + os.sep
    yield str(Path(__file__).resolve().parents[1]) + os.sep
