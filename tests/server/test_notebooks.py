"""Questions about a notebook: what is on the screen is analysed, and nothing is written."""

from __future__ import annotations

from asking import TWO_STEPS, Server, content

import nb2pipe


async def test_what_this_server_can_do(server: Server) -> None:
    found = await server.get("status")
    assert (found["version"], found["local"], found["local_hint"]) == (nb2pipe.__version__, True, "")
    assert [row["form"] for row in found["grammar"]][:2] == ["step:NAME", "after:NAME"]
    assert found["grammar"][0]["allowed"] == found["name_rule"]


async def test_the_pipeline_of_what_is_on_the_screen(server: Server) -> None:
    file = server.save("a/train.ipynb", content(("", "old = 1")))
    found = await server.post("analyze", {"path": "a/train.ipynb", "content": TWO_STEPS})
    assert (found["sound"], found["problems"]) == (True, [])
    assert [(cell["index"], cell["section"], cell["step"]) for cell in found["cells"]] == [
        (0, "load", "load"),
        (1, "fit", "fit"),
    ]
    load, fit = found["steps"]
    assert [(item["name"], item["steps"]) for item in load["outputs"]] == [("x", ["fit"])]
    assert [(item["name"], item["steps"], item["cell"]) for item in fit["inputs"]] == [("x", ["load"], 1)]
    assert found["edges"][0]["reasons"] == ["`x`: written in cell 1, read in cell 2"]
    assert [item.name for item in server.root.rglob("*")] == ["a", "train.ipynb"]
    assert "old" in file.read_text(encoding="utf-8")


async def test_the_pipeline_as_it_is_saved(server: Server) -> None:
    server.save("train.ipynb", TWO_STEPS)
    found = await server.post("analyze", {"path": "train.ipynb"})
    assert [step["name"] for step in found["steps"]] == ["load", "fit"]


async def test_problems_are_told_with_their_places(server: Server) -> None:
    found = await server.post("analyze", {"path": "train.ipynb", "content": content(("step:fit", "print(y)"))})
    told = found["problems"][0]["diagnostic"]
    assert (told["code"], told["location"]["cell"], found["sound"]) == ("N2P201", 0, False)


async def test_a_question_that_a_newer_one_has_overtaken_ends_nothing(server: Server) -> None:
    async def status(client: str, turn: int) -> int:
        asked = {"path": "train.ipynb", "content": TWO_STEPS, "client": client, "turn": turn}
        return (await server.ask("POST", "analyze", asked))[0]

    assert await status("one", 2) == 200
    assert await status("one", 1) == 409  # it was sent before, and comes after
    assert await status("other", 1) == 200
    assert await status("", 0) == 200  # who doesn't say who asks is never overtaken
    assert await status("one", 3) == 200


NO_QUESTIONS: list[tuple[bytes, str]] = [
    (b"", "N2P801"),
    (b"{", "N2P801"),
    (b"[]", "N2P801"),
    (b"null", "N2P801"),
    (b'{"path": "\xff"}', "N2P801"),
    (b"{}", "N2P801"),
    (b'{"path": 1}', "N2P801"),
    (b'{"path": "a.ipynb", "more": 1}', "N2P801"),
    (b'{"path": "a.ipynb", "content": 1}', "N2P801"),
    (b'{"path": "a.ipynb", "content": ' + b"[" * 100_000 + b"}", "N2P801"),
    (b'{"path": "a.ipynb", "content": {}}', "N2P108"),
    (b'{"path": "a.ipynb", "content": {"nbformat": 4, "cells": 1}}', "N2P108"),
]


async def test_a_body_that_is_none(server: Server) -> None:
    found = []
    for body, _ in NO_QUESTIONS:
        status, told = await server.ask("POST", "analyze", body)
        found.append((body, status, told["diagnostics"][0]["code"]))
    assert found == [(body, 400, code) for body, code in NO_QUESTIONS]


async def test_steps_are_suggested(server: Server) -> None:
    data = content(("", "import math"), ("", "rows = [math.sqrt(i) for i in range(9)]"), ("", "print(sum(rows))"))
    found = await server.post("suggest", {"path": "train.ipynb", "content": data})
    assert found["analysis"]["sound"]
    assert set(found["tags"]) <= {"0", "1", "2"}
    status, refused = await server.ask("POST", "suggest", {"path": "train.ipynb", "content": TWO_STEPS})
    assert (status, refused["diagnostics"][0]["code"]) == (400, "N2P161")
    again = await server.post("suggest", {"path": "train.ipynb", "content": TWO_STEPS, "again": True})
    assert again["analysis"]["cells"]


async def test_which_steps_have_to_run(server: Server) -> None:
    asked = {"path": "train.ipynb", "content": TWO_STEPS}
    found = await server.post("freshness", asked)
    assert [(item["name"], bool(item["reasons"]), item["run"]) for item in found["steps"]] == [
        ("load", True, ""),
        ("fit", True, ""),
    ]
    status, refused = await server.ask("POST", "fresh", {**asked, "steps": ["load"]})
    assert (status, refused["diagnostics"][0]["code"]) == (409, "N2P617")
    status, refused = await server.ask("POST", "fresh", {**asked, "steps": ["other"]})
    assert (status, refused["diagnostics"][0]["code"]) == (400, "N2P610")


async def test_a_file_for_kfp(server: Server) -> None:
    found = await server.post("compile", {"path": "a b/train.ipynb", "content": TWO_STEPS}, 404)
    (server.root / "a b").mkdir()
    found = await server.post("compile", {"path": "a b/train.ipynb", "content": TWO_STEPS})
    assert found["name"] == "train.yaml"
    assert "sdkVersion: nb2pipe" in found["content"]


async def test_parameters_are_texts_as_typed(server: Server) -> None:
    asked = {"path": "train.ipynb", "content": content(("parameters", "depth = 3"), ("step:fit", "print(depth)"))}
    for given, status in [({"depth": "5"}, 200), ({"depth": "many"}, 400), ({"dpeth": "5"}, 400)]:
        await server.post("compile", {**asked, "parameters": given}, status)
