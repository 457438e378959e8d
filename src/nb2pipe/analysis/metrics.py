"""The trees of `metrics` cells in; out, the run's metrics: names of numbers, of confusion matrices, of ROC curves."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence

from nb2pipe.analysis.scopes import bound_names
from nb2pipe.model import Metric, MetricKind
from nb2pipe.syntax import nodes_of


def metrics_of(cells: Iterable[int], trees: Mapping[int, ast.Module]) -> tuple[Metric, ...]:
    """The metrics of these cells: what they print, then what they assign; a cell with neither is read as text."""
    found: dict[tuple[int, str], Metric] = {}
    for cell in cells:
        if cell not in trees:
            continue
        for metric in _curves(cell, trees[cell]):
            found.setdefault((cell, metric.name), metric)
        for name in _names(trees[cell]):
            found.setdefault((cell, name), Metric(name, cell, name))
        if any(_printed_expression(item) for item in nodes_of(trees[cell])):
            found.setdefault((cell, ""), Metric("", cell, None))
    return tuple(found.values())


def _curves(cell: int, tree: ast.Module) -> Iterator[Metric]:
    """What is assigned from `confusion_matrix(y, p)`, and from `roc_curve(y, score)` to three names."""
    for node in nodes_of(tree):
        if not (isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and len(node.targets) == 1):
            continue
        target, call = node.targets[0], node.value
        function = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", None)
        if function == MetricKind.CONFUSION_MATRIX and isinstance(target, ast.Name):
            told = [item.value for item in call.keywords if item.arg == "labels"] or call.args[:2]
            parts = _plain(told) if len(_plain(told)) == len(told) else ()
            yield Metric(target.id, cell, target.id, MetricKind.CONFUSION_MATRIX, parts)
        elif function == MetricKind.ROC_CURVE and isinstance(target, ast.Tuple):
            names = _plain(target.elts)
            if len(names) == len(target.elts) == 3:
                yield Metric(names[0], cell, names[0], MetricKind.ROC_CURVE, names[1:])


def _plain(nodes: Sequence[ast.expr]) -> tuple[str, ...]:
    return tuple(node.id for node in nodes if isinstance(node, ast.Name))


def _names(tree: ast.Module) -> list[str]:
    names: list[str] = []
    for statement in tree.body:
        for node in ast.walk(statement):
            if _is_print(node):
                names.extend(_printed(node))
        names.extend(sorted(_assigned(statement)))
    return list(dict.fromkeys(names))


def _is_print(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"


def _printed(node: ast.AST) -> list[str]:
    """Names that stand alone in a print: `print(acc)`, `print("acc:", acc)`, `print(f"acc: {acc:.2f}")`."""
    found: list[str] = []
    for item in getattr(node, "args", ()):
        if isinstance(item, ast.Name):
            found.append(item.id)
        elif isinstance(item, ast.JoinedStr):
            found.extend(
                part.value.id
                for part in item.values
                if isinstance(part, ast.FormattedValue) and isinstance(part.value, ast.Name)
            )
    return found


def _printed_expression(node: ast.AST) -> bool:
    """True for a print of something that has no name, such as `print("acc:", model.score(X, y))`."""
    if not _is_print(node):
        return False
    for item in getattr(node, "args", ()):
        parts = item.values if isinstance(item, ast.JoinedStr) else [item]
        for part in parts:
            value = part.value if isinstance(part, ast.FormattedValue) else part
            if not isinstance(value, ast.Name | ast.Constant):
                return True
    return False


def _assigned(statement: ast.stmt) -> set[str]:
    if isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign):
        return bound_names([statement])
    return set()
