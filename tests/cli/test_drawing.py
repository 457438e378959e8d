"""Pipelines as text, Mermaid and SVG; and laws of the placing."""

from __future__ import annotations

import itertools
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nb2pipe.cli import drawing, svg
from nb2pipe.cli.placing import GAP, Arrow, Box, arrange
from nb2pipe.model import At, Kernel, Need, Order, OrderKind, Pipeline, Role, Step


def need(variable: str, *providers: str, written: int = 0, read: int = 1) -> Need:
    return Need(variable, providers, At(read), At(written))


def step(name: str, cells: tuple[int, ...], *needs: Need, orders: tuple[Order, ...] = ()) -> Step:
    return Step(name, name, Role.STEP, cells, needs, orders)


def pipeline(*steps: Step) -> Pipeline:
    return Pipeline("n.ipynb", "", Kernel(), steps)


DIAMOND = pipeline(
    step("load", (0, 1)),
    step("a", (2,), need("df", "load", written=1, read=2)),
    step(
        "b", (3,), need("df", "load", written=1, read=3), orders=(Order("a", OrderKind.AFTER, "`after:a` on cell 4"),)
    ),
    step("join", (4,), need("x", "a", written=2, read=4), need("y", "b", "a", written=3, read=4)),
)


def test_tree() -> None:
    assert drawing.tree(DIAMOND) == (
        "  1  load\n"
        "  2  a\n"
        "  3  b\n"
        "  4  join\n"
        "\n"
        "load     cells 1-2\n"
        "a        cell 3\n"
        "└─ load  `df`: written in cell 2, read in cell 3\n"
        "b        cell 4\n"
        "├─ load  `df`: written in cell 2, read in cell 4\n"
        "└─ a     `after:a` on cell 4\n"
        "join     cell 5\n"
        "├─ a     `x`: written in cell 3, read in cell 5\n"
        "│        `y`: written earlier, read in cell 5\n"
        "└─ b     `y`: written in cell 4, read in cell 5\n"
    )


def test_tree_in_ascii() -> None:
    wide = pipeline(step("a", (0,)), step("b", (1,)), step("c", (2,), need("x", "a", read=2), need("y", "b", read=2)))
    text = drawing.tree(wide, drawing.ASCII)
    assert text.isascii()
    assert "  1  a | b\n  2  c\n" in text


def test_mermaid() -> None:
    assert drawing.mermaid(DIAMOND) == (
        "flowchart TD\n"
        '    s0["load"]\n    s1["a"]\n    s2["b"]\n    s3["join"]\n'
        '    s0 -->|"df"| s1\n'
        '    s0 -->|"df"| s2\n'
        '    s1 -.->|"#96;after:a#96; on cell 4"| s2\n'
        '    s1 -->|"x, y"| s3\n'
        '    s2 -->|"y"| s3\n'
    )


def test_data() -> None:
    found = drawing.data(DIAMOND)
    assert isinstance(found, dict)
    assert [item["wave"] for item in found["steps"]] == [1, 2, 3, 4]  # type: ignore[index,union-attr,call-overload]
    assert found["edges"][2] == {  # type: ignore[index]
        "source": "a",
        "target": "b",
        "kind": "order",
        "variables": (),
        "reasons": ("`after:a` on cell 4",),
    }


HOSTILE = ["</text><script>alert(1)</script>", '"];x', "a\x00\x1b[2Jb", "]]>", "&lt;&amp;", "步骤" * 30, "\u202erev"]


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_text_in_every_drawing(name: str) -> None:
    plan = pipeline(Step(name, "a", Role.STEP, (0,)), Step("b", "b", Role.STEP, (1,), (need(name, "a"),)))
    root = ET.fromstring(svg.draw(plan))  # noqa: S314  # our own text
    tags = {element.tag.removeprefix("{http://www.w3.org/2000/svg}") for element in root.iter()}
    assert tags <= {"svg", "title", "style", "g", "rect", "text", "path"}
    chart = drawing.mermaid(plan)
    assert all(line.count('"') == 2 for line in chart.splitlines()[1:])
    assert not {"<", ">"} & set(chart.replace("-->", ""))
    assert "\x1b" not in chart + drawing.tree(plan) + svg.draw(plan)


def test_svg_is_self_contained_and_the_same_each_time() -> None:
    text = svg.draw(DIAMOND)
    assert svg.draw(DIAMOND) == text
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")
    assert "prefers-color-scheme: dark" in text
    assert text.count('class="edge order"') == 1
    assert "`df`: written in cell 2, read in cell 3" in text  # the tool tip says why


def test_svg_of_nothing() -> None:
    ET.fromstring(svg.draw(pipeline()))  # noqa: S314


def test_many_variables_are_counted() -> None:
    names = [f"variable_number_{number}" for number in range(20)]
    plan = pipeline(step("a", (0,)), step("b", (1,), *(need(name, "a") for name in names)))
    labels = [element.text or "" for element in ET.fromstring(svg.draw(plan)).iter() if element.get("class") == "label"]  # noqa: S314
    assert len(labels) == svg.LABEL_LINES
    assert labels[-1].endswith(" +16")


@st.composite
def dags(draw: st.DrawFn) -> tuple[list[Box], list[Arrow]]:
    count = draw(st.integers(1, 12))
    boxes = [Box(str(number), draw(st.integers(20, 200)), 40) for number in range(count)]
    pairs = list(itertools.combinations(range(count), 2))
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=20)) if pairs else []
    return boxes, [Arrow(str(a), str(b), draw(st.sampled_from([0, 50, 120])), 15) for a, b in chosen]


@given(dags())
def test_nothing_overlaps_and_arrows_go_down(given_dag: tuple[list[Box], list[Arrow]]) -> None:
    boxes, arrows = given_dag
    found = arrange(boxes, arrows)
    assert arrange(boxes, arrows) == found
    places = [*found.boxes.values(), *found.labels]
    for one, other in itertools.combinations(places, 2):
        apart_x = abs(one.x - other.x) >= (one.width + other.width) / 2 + GAP - 1e-6
        apart_y = abs(one.y - other.y) >= (one.height + other.height) / 2
        assert apart_x or apart_y
    for place in places:
        assert place.x - place.width / 2 >= -1e-6
        assert place.x + place.width / 2 <= found.width + 1e-6
        assert place.y + place.height / 2 <= found.height + 1e-6
    for path in found.paths:
        assert all(upper.y < lower.y for upper, lower in itertools.pairwise(path))


def test_three_hundred_steps_are_quick() -> None:
    boxes = [Box(str(number), 80, 40) for number in range(300)]
    arrows = [Arrow(str(number // 3), str(number), 60, 15) for number in range(1, 300)]
    found = arrange(boxes, arrows)
    assert len(found.paths) == 299


def test_steps_that_share_a_process() -> None:
    plan = pipeline(
        Step("open", "open", Role.STEP, (0,), process="open"),
        Step("read", "read", Role.STEP, (1,), (need("f", "open"),), process="open"),
    )
    lines = drawing.tree(plan).splitlines()
    assert [line.partition("cell")[2] for line in lines if line.startswith(("open", "read"))] == [
        " 1",
        " 2, in the process of open",
    ]
