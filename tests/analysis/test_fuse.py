"""Which steps come to share a process, and what keeps them apart."""

from __future__ import annotations

import pytest

from nb2pipe.analysis import fuse
from nb2pipe.model import At, Kernel, Need, Pipeline, Role, Secret, Step, StepOptions, Unmovable


def pipeline(*edges: str, options: dict[str, StepOptions] | None = None) -> Pipeline:
    """Steps a to f; `ab`: b needs something of a."""
    needs = {
        name: tuple(Need(f"x{edge}", (edge[0],), At(1), At(0)) for edge in edges if edge[1] == name)
        for name in "abcdef"
    }
    made = [
        Step(name, name, Role.STEP, (number,), needs=needs[name], options=(options or {}).get(name, StepOptions()))
        for number, name in enumerate("abcdef")
    ]
    return Pipeline(None, "", Kernel(), tuple(made))


def pair(text: str) -> Unmovable:
    return Unmovable("v", "a generator", At(0), text[0], text[1])


@pytest.mark.parametrize(
    ("edges", "pairs", "expected"),
    [
        (["ab"], ["ab"], ["ab"]),
        (["ab", "bc"], ["ac"], ["abc"]),
        (["ab", "ac", "bd"], ["ac"], ["ac"]),
        (["ab", "cd"], ["ab", "cd"], ["ab", "cd"]),
        (["ab", "bc", "cd"], ["ad", "bc"], ["abcd"]),
        (["ac", "bd", "cd"], ["ad", "bc"], ["abcd"]),
        (["ab", "bc"], ["ab", "bc"], ["abc"]),
        (["ab", "bc", "cd", "df"], ["af"], ["abcdf"]),
        (["ab"], [], []),
    ],
)
def test_processes(edges: list[str], pairs: list[str], expected: list[str]) -> None:
    found, notes = fuse(pipeline(*edges), [pair(text) for text in pairs])
    members = {step.process: "" for step in found.steps if step.process}
    for step in found.steps:
        if step.process:
            members[step.process] += step.id
    assert list(members.values()) == expected
    assert [item.code for item in notes] == ["N2P403"] * len(pairs)


@pytest.mark.parametrize(
    ("a", "b", "code"),
    [
        (StepOptions(env=(("K", "1"),)), StepOptions(), "N2P401"),
        (StepOptions(env=(("K", "1"),)), StepOptions(env=(("K", "1"),)), "N2P403"),
        (StepOptions(), StepOptions(secrets=(Secret("s", "k", "E"),)), "N2P401"),
        (StepOptions(image="one"), StepOptions(image="two"), "N2P401"),
        (StepOptions(timeout_s=3), StepOptions(retries=1), "N2P403"),
    ],
)
def test_a_process_has_one_environment(a: StepOptions, b: StepOptions, code: str) -> None:
    found, (note,) = fuse(pipeline("ab", options={"a": a, "b": b}), [pair("ab")])
    assert note.code == code
    assert [step.process for step in found.steps[:2]] == (["a", "a"] if code == "N2P403" else [None, None])
