"""A Pipeline in, a self-contained SVG out: no script, no font, no link; readable on light and on dark pages."""

from __future__ import annotations

import unicodedata
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from itertools import pairwise

from nb2pipe.cli import show
from nb2pipe.cli.placing import Arrow, Box, Place, arrange
from nb2pipe.model import Edge, EdgeKind, Pipeline, Step

MARGIN = 14.0
NAME_SIZE, NOTE_SIZE, LABEL_SIZE = 14.0, 11.0, 11.0
LABEL_LINES = 4
LABEL_CHARACTERS = 26
NAME_CHARACTERS = 32

_STYLE = """
text { font-family: ui-sans-serif, system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; text-anchor: middle }
.step { fill: #ffffff; stroke: #3b6fb6; stroke-width: 1.5 }
.name { fill: #1b2430; font-size: 14px; font-weight: 600 }
.note { fill: #5b6675; font-size: 11px }
.edge { fill: none; stroke: #8592a3; stroke-width: 1.4 }
.order { stroke-dasharray: 4 4 }
.head { fill: #8592a3 }
.label { fill: #31577f; font-size: 11px; font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace }
.plate { fill: #eef3f9 }
@media (prefers-color-scheme: dark) {
  .step { fill: #1d2733; stroke: #6ea3e8 }
  .name { fill: #eaf0f7 }
  .note { fill: #a3b0c0 }
  .edge { stroke: #7c8a9c }
  .head { fill: #7c8a9c }
  .label { fill: #b6d2f3 }
  .plate { fill: #243343 }
}
"""


def draw(pipeline: Pipeline) -> str:
    """The picture: a box for each step, an arrow for each edge with the variables that cross; dashed: order only."""
    edges = pipeline.edges
    labels = [_label(edge) for edge in edges]
    boxes = [_box(step) for step in pipeline.steps]
    arrows = [
        Arrow(edge.source, edge.target, _width(lines, LABEL_SIZE, 0.61) + 10 if lines else 0.0, 15.0 * len(lines))
        for edge, lines in zip(edges, labels, strict=True)
    ]
    drawing = arrange(boxes, arrows)
    width, height = drawing.width + 2 * MARGIN, drawing.height + 2 * MARGIN
    size = {"width": _number(width), "height": _number(height), "viewBox": f"0 0 {_number(width)} {_number(height)}"}
    root = ET.Element("svg", {"xmlns": "http://www.w3.org/2000/svg", **size, "role": "img"})
    ET.SubElement(root, "title").text = show.one_line(f"Pipeline of {pipeline.notebook or 'a notebook'}")
    ET.SubElement(root, "style").text = _STYLE
    canvas = ET.SubElement(root, "g", {"transform": f"translate({_number(MARGIN)} {_number(MARGIN)})"})
    for edge, path in zip(edges, drawing.paths, strict=True):
        _arrow(canvas, edge, path)
    for edge, lines, place in zip(edges, labels, drawing.labels, strict=True):
        _plate(canvas, edge, lines, place)
    for step in pipeline.steps:
        _step(canvas, step, drawing.boxes[step.id])
    ET.indent(root)
    return ET.tostring(root, encoding="unicode") + "\n"


def _label(edge: Edge) -> list[str]:
    """The variables, a few on a line; what doesn't fit is counted, and the tool tip tells all."""
    lines: list[str] = []
    for position, variable in enumerate(edge.variables):
        name = _shorten(variable, LABEL_CHARACTERS)
        if lines and len(lines[-1]) + len(name) + 2 <= LABEL_CHARACTERS:
            lines[-1] += f", {name}"
        elif len(lines) == LABEL_LINES:
            lines[-1] += f" +{len(edge.variables) - position}"
            break
        else:
            lines.append(name)
    return lines


def _shorten(text: str, length: int) -> str:
    text = show.one_line(text)
    return text if len(text) <= length else text[: length - 1] + "…"


def _width(lines: Sequence[str], size: float, ratio: float) -> float:
    """A guess that errs on the wide side: wide (East Asian) characters count twice, combining ones not at all."""

    def units(character: str) -> float:
        if unicodedata.combining(character):
            return 0.0
        return 2.0 if unicodedata.east_asian_width(character) in "WF" else 1.0

    return max((sum(units(character) for character in line) for line in lines), default=0.0) * size * ratio


def _box(step: Step) -> Box:
    name = _width([_shorten(step.name, NAME_CHARACTERS)], NAME_SIZE, 0.62)
    note = _width([show.cells(step.cells)], NOTE_SIZE, 0.58)
    return Box(step.id, max(name, note, 60.0) + 28.0, 46.0)


def _step(canvas: ET.Element, step: Step, place: Place) -> None:
    group = ET.SubElement(canvas, "g")
    ET.SubElement(group, "title").text = show.one_line(step.name)
    corner = {"x": _number(place.x - place.width / 2), "y": _number(place.y - place.height / 2)}
    size = {"width": _number(place.width), "height": _number(place.height), "rx": "8"}
    ET.SubElement(group, "rect", {"class": "step", **corner, **size})
    _text(group, "name", place.x, place.y - 3, _shorten(step.name, NAME_CHARACTERS))
    _text(group, "note", place.x, place.y + 14, show.cells(step.cells))


def _arrow(canvas: ET.Element, edge: Edge, path: Sequence[Place]) -> None:
    """A smooth line through the middles of the places on its way, vertical at both ends, with a head."""
    points = [(path[0].x, path[0].y + path[0].height / 2)]
    for place in path[1:-1]:
        points.append((place.x, place.y - place.height / 2))
        if place.height:
            points.append((place.x, place.y + place.height / 2))
    points.append((path[-1].x, path[-1].y - path[-1].height / 2 - 7))
    found = [f"M{_number(points[0][0])} {_number(points[0][1])}"]
    for (x, y), (to_x, to_y) in pairwise(points):
        middle = _number((y + to_y) / 2)
        found.append(f"C{_number(x)} {middle} {_number(to_x)} {middle} {_number(to_x)} {_number(to_y)}")
    style = "edge order" if edge.kind is EdgeKind.ORDER else "edge"
    ET.SubElement(canvas, "path", {"class": style, "d": " ".join(found)})
    x, y = points[-1]
    tip = f"M{_number(x - 4)} {_number(y)}L{_number(x + 4)} {_number(y)}L{_number(x)} {_number(y + 7)}Z"
    ET.SubElement(canvas, "path", {"class": "head", "d": tip})


def _plate(canvas: ET.Element, edge: Edge, lines: Sequence[str], place: Place) -> None:
    if not lines:
        return
    group = ET.SubElement(canvas, "g")
    ET.SubElement(group, "title").text = "\n".join(show.one_line(reason) for reason in edge.reasons)
    corner = {"x": _number(place.x - place.width / 2), "y": _number(place.y - place.height / 2)}
    size = {"width": _number(place.width), "height": _number(place.height), "rx": "4"}
    ET.SubElement(group, "rect", {"class": "plate", **corner, **size})
    for number, line in enumerate(lines):
        _text(group, "label", place.x, place.y - place.height / 2 + 11 + 15 * number, line)


def _text(parent: ET.Element, style: str, x: float, y: float, text: str) -> None:
    ET.SubElement(parent, "text", {"class": style, "x": _number(x), "y": _number(y)}).text = text


def _number(value: float) -> str:
    """One decimal, no trailing zero, no negative zero: the same bytes everywhere."""
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text
