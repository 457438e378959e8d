"""Calls on `get_ipython()` in, as IPython makes them of magics and shell lines; what they do out."""

from __future__ import annotations

import ast
import re

from nb2pipe.analysis import commands, resources, setups, staying
from nb2pipe.analysis.frames import Arguments, Frames
from nb2pipe.analysis.heap import IMMUTABLE, Value
from nb2pipe.analysis.ipython import Problem, parse_body
from nb2pipe.analysis.scopes import bound_names
from nb2pipe.analysis.tables import magics
from nb2pipe.model import Severity

_BRACES = re.compile(r"\{([^{}]*)\}|\$(\w+)")
_MAX_SCRIPTS = 50  # that a notebook runs: a script may run others, or itself
_SCRIPT = -1  # stands for a script among the functions that are walked
_CAPTURED = re.compile(r"^\s*((?:--no-\w+\s+)*)([^\W\d]\w*)\s*$")
_REMARK = re.compile(r"#\s*nb2pipe\s*:", re.IGNORECASE)  # only to warn that it isn't read
_REDIRECT = re.compile(r">|\btee\b|\|\s*xargs|\b-o\s")
_SHELLS = frozenset({"!", "bash", "sh", "system", "sx"})
_SILENT = frozenset({"echo", "pwd", "date", "printf", "true", "whoami", "hostname", "nvidia-smi"})  # read no file
_SHELL_CALLS = frozenset({"system", "getoutput", "run_line_magic", "run_cell_magic", "magic", "getsource"})


class Shell(Frames):
    """What magics and shell lines do."""

    def __init__(self) -> None:
        super().__init__()
        self._scripts = 0

    def is_shell(self, func: ast.Attribute) -> bool:
        """True for `get_ipython().system` and the like."""
        base = func.value
        if func.attr not in _SHELL_CALLS:
            return False
        named = isinstance(base, ast.Call) and isinstance(base.func, ast.Name) and base.func.id == "get_ipython"
        kept = isinstance(base, ast.Name) and "builtins.get_ipython()" in self.lookup(base.id).refs
        return named or kept

    def shell_call(self, node: ast.Call, name: str) -> Value:
        """One magic or shell line."""
        words = [item.value for item in node.args if isinstance(item, ast.Constant) and isinstance(item.value, str)]
        if len(words) != len(node.args) or not words:
            for item in node.args:
                self.evaluate(item)
            self.unknowable("a magic whose text is made while the notebook runs")
            return self.unknown()
        if name in ("system", "getoutput"):
            self._interpolate(words[0])
            self._command(words[0])
            return self.heap.value("list") if name == "getoutput" else IMMUTABLE
        if name == "run_cell_magic":
            return self._cell_magic(words[0], words[1] if len(words) > 1 else "", words[2] if len(words) > 2 else "")
        head, _, tail = " ".join(words).partition(" ")
        return self._line_magic(head.lstrip("%"), tail)

    def unknowable(self, reason: str) -> None:
        """A barrier: what runs here may read and bind any name. If the author tells that it changes none: only read."""
        self.read_everything()
        if self.state.pure:
            return
        self.state.barrier(reason)
        self.state.say(
            "N2P301",
            Severity.WARNING,
            f"{reason}: this step runs after all earlier ones and before all later ones",
            hint="write it as plain Python; or, if it changes no variable, say so: `# nb2pipe: pure`",
        )

    def read_everything(self) -> None:
        """Each live name is read, perhaps."""
        for name in list(self.state.names):
            self.state.read_maybe(name)

    # --- shell lines ----------------------------------------------------------------------------------------------

    def _interpolate(self, text: str) -> None:
        for name in self._names_in(text):
            self.state.read_maybe(name)

    def _names_in(self, text: str) -> list[str]:
        """The notebook's names whose values IPython puts into the text: `{x}` and `$x`."""
        found: set[str] = set()
        for braces, dollar in _BRACES.findall(text):
            tree = parse_body(braces.strip(), self.state.at.line) if not dollar else None
            if isinstance(tree, ast.Module):
                found.update(item.id for item in ast.walk(tree) if isinstance(item, ast.Name))
            found.add(dollar)
        return sorted(found & self.state.names.keys())

    def _command(self, text: str) -> None:
        if _REMARK.search(text):
            self._say_unread()
        for words in commands.simple_commands(text):
            if commands.installs(words):
                commands.install(self.state, words)
            elif _REDIRECT.search(text) or not (words[0] in magics().shell_reads or commands.is_listing(words)):
                self.state.touch("file", "*", write=True)
                self.state.touch("file", "*", write=False)
            elif words[0] in magics().shell_reads - _SILENT:
                self.state.touch("file", "*", write=False)

    def _say_unread(self) -> None:
        self.state.say(
            "N2P230",
            Severity.WARNING,
            "a comment inside a shell command is the shell's: nb2pipe doesn't read it",
            hint="write it on a line of its own, above a `!` line",
        )

    # --- magics ---------------------------------------------------------------------------------------------------

    def _line_magic(self, name: str, rest: str) -> Value:
        table = magics()
        self._interpolate(rest)
        if name in table.python_line:
            self._python(re.sub(r"^(\s*-\w+\s*\d*)*\s*", "", rest), self.state.at.line)
        elif name in table.environment:
            self._command(f"{name} {rest}")
        elif name in table.reads_all:
            self.read_everything()
        elif name in ("pinfo", "pinfo2", "psearch"):
            root = rest.strip().partition(".")[0]
            if root in self.state.names:
                self.state.read_maybe(root)
        elif name == "run":
            self._run_script(rest)
        elif name in self.own_magics:
            return self._own_magic(name, Value(literal=rest))
        elif not self._process_magic(name, rest) and name not in table.harmless | table.interactive:
            self._unknown_magic(f"`%{name}`")
        return IMMUTABLE

    def _write_text(self, path: str, text: str | None) -> None:
        """The notebook writes a file: what it imports or runs from there is that."""
        if text is None or self.state.moved or set(path) & set("{$*"):
            self.beside.forget(path)
        else:
            self.beside.write(path, text, len(self.state.file_writes))
        self.modules.forget()

    def _run_script(self, rest: str) -> None:
        """`%run x.py`: the file's top level is code of this cell, if the file is known."""
        words = rest.split()
        options = {word for word in words if word.startswith("-")}
        path = resources.normal(_path_word(rest))
        path = path if path.endswith((".py", ".ipynb", ".ipy")) else f"{path}.py"
        writes = self.state.file_writes[self.beside.since(path) :]
        changed = any(resources.conflict(path, item) for item in writes)
        tree = None
        self._scripts += 1
        plain = options <= {"-i", "-e", "-n"} and not set(rest) & set("{}$")
        if plain and self._scripts <= _MAX_SCRIPTS and not self.state.moved and not changed:
            tree = self.beside.tree(path)
        if tree is None:
            self.unknowable(f"`%run {path}` runs a file that can't be read here")
            return
        resources.file(self.state, Value(literal=path), write=False)
        before, start = set(self.state.setups), len(self.heap.things)
        self.active.append(_SCRIPT)  # its lines are not the cell's
        try:
            self.run_tree(tree)
        finally:
            self.active.pop()
        self.state.setups &= before  # to run the script again would do all of it again
        if "-i" not in options:
            self._own_globals(tree, start)

    def _own_globals(self, tree: ast.Module, start: int) -> None:
        """The functions of a script keep the script's own globals, whatever becomes of the notebook's names."""
        names = sorted(bound_names(tree.body) & self.state.names.keys())
        values = frozenset().union(*(self.state.names[name].objects for name in names))
        codes = frozenset(number for number in self.known if number >= start)
        self.state.hold(codes, values)
        for name in names:
            found = self.state.names[name]
            if any(self.known[number].scope.global_binds for number in found.objects & codes):
                self.bind(name, self.heap.value("unknown", owns=values))  # to call it changes what it keeps

    def _own_magic(self, name: str, *texts: Value) -> Value:
        """A magic that the notebook itself has registered: its function is called."""
        return self.apply(self.evaluate(ast.Name(name, ast.Load())), Arguments(list(texts)))

    def _process_magic(self, name: str, rest: str) -> bool:
        """A line magic that touches files, the folder, the environment or the shell's set-up; False for any other."""
        table, state = magics(), self.state
        if name in ("cd", "pushd", "popd"):
            if name != "popd":
                resources.file(state, Value(literal=_path_word(rest)), write=False)
            state.touch("cwd", "", write=True)
        elif name in ("env", "set_env"):
            state.touch("env", "", write="=" in rest or len(rest.split()) > 1)
            variable, _, given = rest.replace("=", " ").strip().partition(" ")
            staying.environment(state, variable, given or "inline")  # one that is only shown sets nothing
        elif name in table.writes_file:
            resources.file(state, Value(literal=_path_word(rest)), write=True)
        elif name in ("rm", "mv", "cp", "mkdir", "rmdir", "sx", "system"):
            self._command(f"{name} {rest}")
        elif name in table.setup:
            staying.magic(state, name, rest)
            if name == "pylab":
                setups.pylab(state)
            values = self._names_in(rest)
            if values or name == "precision":
                state.touch("options", f"IPython.{name}", write=True)
            if not values:
                state.setups.add(state.at)
        else:
            return False
        return True

    def _cell_magic(self, name: str, rest: str, body: str) -> Value:
        table = magics()
        line = self.state.at.line + 1
        if name in table.python_cell:
            self._python_cell(name, rest, body, line)
        elif name in table.writes_file:
            append = "-a" in rest.split()
            resources.file(self.state, Value(literal=_path_word(rest)), write=True)
            self._write_text(resources.normal(_path_word(rest)), None if append else body)
            if append:
                resources.file(self.state, Value(literal=_path_word(rest)), write=False)
        elif name in table.display_cell:
            self._interpolate(rest)
        elif name in table.foreign_cell:
            self._interpolate(rest)
            self._foreign(name, rest, body)
        elif name in self.own_magics:
            self._interpolate(f"{rest}\n{body}")
            return self._own_magic(name, Value(literal=rest), Value(literal=body))
        else:
            self._unknown_magic(f"`%%{name}`")
        return IMMUTABLE

    def _foreign(self, name: str, rest: str, body: str) -> None:
        for word, option in zip(rest.split(), rest.split()[1:], strict=False):
            if word in ("--out", "--err", "--proc", "-o") and option.isidentifier():
                self.bind(option, self.unknown())
        match = re.match(r"\s*([^\W\d]\w*)\s*<<", rest)
        if match:
            self.bind(match.group(1), self.heap.value("fresh", "pandas.DataFrame"))
        for word in sorted(set(re.findall(r"[:{$]\s*([^\W\d]\w*)", f"{rest}\n{body}")) & self.state.names.keys()):
            self.state.read_maybe(word)
        self._command(body if name in _SHELLS else "")
        self.state.touch("file", "*", write=True)
        self.state.touch("file", "*", write=False)

    def _python_cell(self, name: str, rest: str, body: str, line: int) -> None:
        if name == "timeit":
            self._python(re.sub(r"^(\s*-\w+\s*\d*)*\s*", "", rest), line - 1)
        if name in ("time", "timeit", "prun", "memit") and not body.strip():
            return
        if name == "timeit":  # its body runs in a function of its own: what it binds is gone afterwards
            before = dict(self.state.status)
            self.state.begin()
            self._python(body, line)
            self.state.end()
            self.state.status = before
        else:
            self._python(body, line)
        captured = _CAPTURED.match(rest) if name == "capture" else None
        if captured:
            self.bind(captured.group(2), self.heap.value("fresh", "IPython.capture"))

    def _python(self, source: str, line: int) -> None:
        tree = parse_body(source, line)
        if isinstance(tree, Problem):
            self.state.say("N2P203", Severity.ERROR, tree.message, hint="run the cell in Jupyter to see what is wrong")
        else:
            self.run_tree(tree)

    def _unknown_magic(self, name: str) -> None:
        self.read_everything()
        if self.state.pure:
            return
        self.state.barrier(f"{name} is a magic that nb2pipe doesn't know")
        self.state.say(
            "N2P302",
            Severity.WARNING,
            f"{name} is a magic that nb2pipe doesn't know: its step runs after all earlier and before all later ones",
            hint="write it as plain Python; or, if it changes no variable, say so above: `# nb2pipe: pure`",
        )


def _path_word(text: str) -> str:
    words = [word for word in text.split() if not word.startswith("-")]
    return words[0].strip("\"'") if words else "*"
