"""A notebook, its pipeline and its folder in; out, what each step's code imports: modules, files beside it, installs.

Only what stands in the code is seen, also inside functions and in the user's own modules. Nothing is imported.
"""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from nb2pipe.analysis import commands
from nb2pipe.analysis.ipython import parse_cell
from nb2pipe.analysis.tables import magics
from nb2pipe.model import At, Notebook, Pipeline
from nb2pipe.packages import Install, StepImports
from nb2pipe.syntax import nodes_of
from nb2pipe.tables import read_tables

_IMPORTERS = frozenset({"__import__", "import_module"})
_LOADS = frozenset({"load_ext", "reload_ext"})
_SHELL = frozenset({"system", "getoutput"})
_OPTIONS = re.compile(r"^(\s*-\w+\s*\d*)*\s*(?=\S)")
_MAX_FILES = 500  # of the user's own modules that are read


def imports(notebook: Notebook, pipeline: Pipeline, folder: Path | None) -> Mapping[str, StepImports]:
    """By step id. `folder` is the notebook's: files there go before what is installed."""
    own = _Own(folder)
    trees = {cell.index: parse_cell(cell.source) for cell in notebook.cells}
    definitions = {item.id: item for item in pipeline.definitions}
    found: dict[str, StepImports] = {}
    for step in pipeline.steps:
        reading = _Reading(own)
        for index in step.cells:
            tree = trees[index]
            if isinstance(tree, ast.Module):
                reading.code(tree, lambda node, index=index: At(index, getattr(node, "lineno", 1)))
        for key in step.definitions:
            item = definitions[key]
            tree = parse_cell(item.source.strip("\n") if item.source[:1] == "\n" else item.source)
            if isinstance(tree, ast.Module):
                reading.code(tree, lambda _, item=item: item.at)
        found[step.id] = reading.finish()
    return found


def always() -> Mapping[str, Sequence[str]]:
    """Modules that a library imports if they are there, and that its values may be made of."""
    found: Mapping[str, Sequence[str]] = _table()["always"]
    return found


@cache
def _table() -> Mapping[str, Any]:
    return read_tables(Path(__file__).with_name("companions.toml"))


def _companions(modules: Iterable[str], called: set[str]) -> frozenset[str]:
    """What these modules import if it is there: always, or by the methods that are called."""
    found: set[str] = set()
    table = _table()
    for top in {name.partition(".")[0] for name in modules}:
        found.update(table["always"].get(top, ()))
        for method in called & table["calls"].get(top, {}).keys():
            found.update(table["calls"][top][method])
    return frozenset(found)


class _Own:
    """The user's own modules: Python files in the notebook's folder."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self._trees: dict[str, ast.Module | None] = {}

    def files(self, module: str) -> list[str]:
        """The files that `import module` runs, if its first part is the user's; relative, with `/`. Empty if not."""
        if self.folder is None:
            return []
        found: list[str] = []
        parts = module.split(".")
        if not all(part.isidentifier() for part in parts):
            return []
        for length in range(1, len(parts) + 1):
            path = "/".join(parts[:length])
            if self.is_file(f"{path}/__init__.py"):
                found.append(f"{path}/__init__.py")
            elif self.is_file(f"{path}.py"):
                return [*found, f"{path}.py"]
            elif not self._is_namespace(path):
                break
        return found

    def tree(self, path: str) -> ast.Module | None:
        """The file's tree; None if it can't be read, or too many have been."""
        if path not in self._trees:
            self._trees[path] = None
            if self.folder is not None and len(self._trees) <= _MAX_FILES:
                try:
                    parsed = parse_cell((self.folder / path).read_text("utf-8"))
                except (OSError, ValueError):
                    return None
                self._trees[path] = parsed if isinstance(parsed, ast.Module) else None
        return self._trees[path]

    def is_file(self, path: str) -> bool:
        """True if there is a file at that path below the folder."""
        return self.folder is not None and (self.folder / path).is_file()

    def _is_namespace(self, path: str) -> bool:
        """A folder without `__init__.py` that holds Python files."""
        place = self.folder / path if self.folder is not None else None
        return place is not None and place.is_dir() and next(place.rglob("*.py"), None) is not None


class _Reading:
    """The imports of one step while its code is read."""

    def __init__(self, own: _Own) -> None:
        self._own = own
        self._modules: dict[str, At] = {}
        self._sure: set[str] = set()
        self._called: set[str] = set()
        self._files: dict[str, None] = {}
        self._installs: list[Install] = []

    def code(self, tree: ast.Module, place: Any) -> None:  # noqa: ANN401  # a node to its At
        """One cell or definition, and the user's modules that it imports."""
        self._read(tree, place, "")

    def finish(self) -> StepImports:
        optional = frozenset(self._modules) - self._sure
        modules = {name: self._modules[name] for name in sorted(self._modules)}
        companions = _companions(modules, self._called)
        return StepImports(modules, optional, companions, tuple(sorted(self._files)), tuple(self._installs))

    def _read(self, tree: ast.Module, place: Any, package: str) -> None:  # noqa: ANN401
        maybe = {id(node) for part in nodes_of(tree) for node in _tried(part)}
        for node in nodes_of(tree):
            for name in _imported(node, package):
                self._module(name, place, node, sure=id(node) not in maybe)
            if isinstance(node, ast.Attribute):
                self._called.add(node.attr)
            if isinstance(node, ast.Call):
                self._call(node, place)

    def _module(self, name: str, place: Any, node: ast.AST, *, sure: bool) -> None:  # noqa: ANN401
        files = self._own.files(name)
        if not files:
            self._modules.setdefault(name, place(node))
            if sure:
                self._sure.add(name)
        for path in files:
            if path not in self._files:
                self._files[path] = None
                tree = self._own.tree(path)
                if tree is not None:
                    at = place(node)
                    parent = path.removesuffix("/__init__.py").removesuffix(".py").replace("/", ".")
                    package = parent if path.endswith("/__init__.py") else parent.rpartition(".")[0]
                    self._read(tree, lambda _, at=at: at, package)

    def _call(self, node: ast.Call, place: Any) -> None:  # noqa: ANN401
        """A magic, a shell line, or a command that is run."""
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        words = [item.value for item in node.args if isinstance(item, ast.Constant) and isinstance(item.value, str)]
        if name == "run_line_magic" and len(words) > 1:
            if words[0] in _LOADS and words[1].strip().replace(".", "").isidentifier():
                self._module(words[1].strip(), place, node, sure=False)
            if words[0] in ("pip", "uv"):
                self._install(f"{words[0]} {words[1]}", place(node))
            if words[0] in magics().python_line:
                self._body(words[1], place, node)
            if words[0] == "run":
                self._script(words[1].split()[0], place, node)
        elif name in _SHELL and words:
            self._install(words[0], place(node))
        elif name == "run_cell_magic" and len(words) > 2 and words[0] in ("bash", "sh", "!", "system", "sx"):
            self._install(words[2], place(node))
        elif name == "run_cell_magic" and len(words) > 2 and words[0] in magics().python_cell:
            self._body(f"{words[1] if words[0] == 'timeit' else ''}\n{words[2]}", place, node)
        elif name in ("run", "check_call", "check_output", "call", "Popen") and node.args:
            command = node.args[0]
            if isinstance(command, ast.List | ast.Tuple):
                self._install(" ".join(_words(command.elts)), place(node))

    def _body(self, source: str, place: Any, node: ast.AST) -> None:  # noqa: ANN401
        """Python inside a magic."""
        tree = parse_cell(_OPTIONS.sub("", source))
        if isinstance(tree, ast.Module):
            at = place(node)
            self._read(tree, lambda _: at, "")

    def _script(self, path: str, place: Any, node: ast.AST) -> None:  # noqa: ANN401
        """A Python file of the user's that the step runs."""
        path = posixpath.normpath(path if path.endswith(".py") else f"{path}.py")
        if path not in self._files and not path.startswith(("/", "..")) and self._own.is_file(path):
            self._files[path] = None
            tree = self._own.tree(path)
            if tree is not None:
                at = place(node)
                self._read(tree, lambda _: at, "")

    def _install(self, text: str, at: At) -> None:
        for words in commands.simple_commands(text):
            if commands.installs(words) and any(word.startswith("pip") or word.endswith("pip") for word in words):
                self._installs.append(_requirements(words[words.index("install") + 1 :], at))


def _words(nodes: Iterable[ast.expr]) -> Iterator[str]:
    for node in nodes:
        yield node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else "python"


_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?:\[[A-Za-z0-9._,-]*\])?(?:[<>=!~]=?=?[A-Za-z0-9.*+!,<>=~-]+)?")
_VALUED = frozenset({"-r", "-c", "-e", "-i", "-f", "-t"})


def _requirements(words: list[str], at: At) -> Install:
    """The words after `pip install`; those of options that take a value are read with it."""
    wanted: list[str] = []
    odd: list[str] = []
    position = 0
    while position < len(words):
        word = words[position]
        position += 1
        if word in _VALUED or (word in ("--requirement", "--editable", "--index-url", "--extra-index-url")):
            value = words[position] if position < len(words) else ""
            position += 1
            odd.append(f"{word} {value}")
        elif word.startswith("-"):
            if "=" in word or word.startswith(("--index", "--extra")):
                odd.append(word)
        elif word.startswith(("#", ">", "2>", "|", "&")):
            break
        elif _PLAIN.fullmatch(word) and not word.endswith((".whl", ".gz", ".zip")):
            wanted.append(word)
        else:
            odd.append(word)
    return Install(at, tuple(wanted), tuple(odd))


def _imported(node: ast.AST, package: str) -> list[str]:
    """The dotted names that a node imports; `package` is what relative imports start from."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        base = node.module or ""
        if node.level:
            parts = package.split(".") if package else []
            if node.level > len(parts):
                return []
            parts = parts[: len(parts) - node.level + 1]
            base = ".".join([*parts, *([base] if base else [])])
        names = [alias.name for alias in node.names if alias.name != "*"]
        return [f"{base}.{name}" for name in names if base] or ([base] if base else [])
    if isinstance(node, ast.Call) and node.args:
        func = node.func
        called = func.id if isinstance(func, ast.Name) else func.attr if isinstance(func, ast.Attribute) else ""
        first = node.args[0]
        if called in _IMPORTERS and isinstance(first, ast.Constant) and isinstance(first.value, str):
            name = first.value
            return [name] if all(part.isidentifier() for part in name.split(".")) else []
    return []


def _tried(node: ast.AST) -> Iterator[ast.AST]:
    """Imports that the code is ready to do without: in a `try:` with handlers for ImportError or all."""
    if not isinstance(node, ast.Try) or not any(_catches_import(handler) for handler in node.handlers):
        return
    for statement in (*node.body, *(item for handler in node.handlers for item in handler.body)):
        yield from ast.walk(statement)


def _catches_import(handler: ast.ExceptHandler) -> bool:
    names = (
        {item.id for item in ast.walk(handler.type) if isinstance(item, ast.Name)} if handler.type else {"Exception"}
    )
    return bool(names & {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})
