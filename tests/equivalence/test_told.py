"""What authors tell in comments, held against runs: what is true gives the notebook's results, what isn't stops."""

from __future__ import annotations

import pytest
from fast import Server, compare

# fmt: off
TOLD: dict[str, tuple[str, list[tuple[str, str]]]] = {
    "updates": ("same", [("a", "x = [1]"), ("b", "getattr(globals()['x'], 'app' + 'end')(2)  # nb2pipe: updates x"), ("c", "print(x)")]),
    "updates an alias": ("same", [("a", "x = [1]\ny = [x]"), ("b", "def f():  # nb2pipe: updates x\n    eval('x.app' + 'end(2)')\nf()"), ("c", "print(y)"), ("d", "print(x is y[0])")]),
    "needs": ("same", [("a", "x = [1]"), ("b", "def f(): return vars(__import__('__main__'))['xyz'[0]]"), ("c", "print(f())  # nb2pipe: needs x")]),
    "pure, and it is": ("same", [("a", "x = [1]"), ("b", "y = getattr(x, 'co' + 'py')()  # nb2pipe: pure"), ("c", "y.append(x)"), ("d", "print(x, y)")]),
    "pure, and it isn't": ("stopped", [("a", "x = [1]"), ("b", "getattr(x, 'app' + 'end')(2)  # nb2pipe: pure"), ("c", "print(x)")]),
    "pure, and it isn't: nobody reads it": ("same", [("a", "x = [1]"), ("b", "getattr(x, 'app' + 'end')(2)  # nb2pipe: pure\nprint(x)"), ("c", "print(1)")]),
    "pure, and it binds": ("stopped", [("a", "x = [1]"), ("b", "# nb2pipe: pure\nexec(''.join(['x', ' = [5]']))"), ("c", "print(x)")]),
    "pure, and it binds: told": ("same", [("a", "x = [1]"), ("b", "# nb2pipe: pure; updates x\nexec(''.join(['x', ' = [5]']))"), ("c", "print(x)")]),
    "pure, and it binds a parameter": ("stopped", [("parameters", "n = 1"), ("b", "# nb2pipe: pure\nexec(''.join(['n', ' = 5']))"), ("c", "print(n)")]),
    "pure, and it deletes": ("stopped", [("a", "x = [1]"), ("b", "# nb2pipe: pure\nexec(''.join(['del ', 'x']))"), ("c", "if 'x' in globals():\n    print(x)")]),
    "pure, and it binds what nobody reads": ("same", [("a", "x = [1]"), ("b", "# nb2pipe: pure\nexec(''.join(['x', ' = [5]']))\nprint(x)"), ("c", "print(1)")]),
    "files": ("same", [("a", "name = 'out'"), ("b", "open(name[::-1][::-1] + '.txt', 'w').write('made')  # nb2pipe: files out.txt"), ("c", "print(open('out.txt').read())")]),
    "barrier lifted": ("same", [("a", "x = [1]"), ("b", "# nb2pipe: pure\nexec('print(' + 'x)')"), ("c", "x.append(2)"), ("d", "print(x)")]),
}
# fmt: on


@pytest.mark.parametrize("case", TOLD)
def test_what_is_told(server: Server, case: str) -> None:
    kind, cells = TOLD[case]
    found = compare(server, cells)
    assert found.kind == kind, found
