"""The docs are held to the code. `python tests/project/test_docs.py` writes the generated pages anew."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click
import jsonschema
import pytest

from nb2pipe import api, wire
from nb2pipe.cli import drawing, svg
from nb2pipe.cli.app import app
from nb2pipe.model import Pipeline

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*.ipynb"))

_CODE = re.compile(r"N2P[0-9]{3}")
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


def generated() -> dict[str, str]:
    """The files that are made from the code: path -> text."""
    return {
        "docs/pipeline.schema.json": wire.dumps(api.schema()),
        "docs/commands.md": _commands_page(),
        "docs/img/tabular.svg": svg.draw(_pipeline(ROOT / "examples" / "tabular.ipynb")),
    }


def _pipeline(path: Path) -> Pipeline:
    pipeline = api.analyze(path).pipeline
    assert pipeline is not None
    return replace(pipeline, notebook=path.relative_to(ROOT).as_posix())  # not where this checkout lies


def _commands_page() -> str:
    parts = [
        "# Commands\n\nWhat `nb2pipe COMMAND --help` prints. [Exit codes](exit-codes.md) are explained on their own page.\n"
    ]
    parts += [f"## {name}\n\n```text\n{text}\n```\n" for name, text in _helps(app, None, "nb2pipe")]
    return "\n".join(parts)


def _helps(command: click.Command, parent: click.Context | None, name: str) -> Iterator[tuple[str, str]]:
    settings = {"terminal_width": 100, **command.context_settings}
    context = click.Context(command, parent=parent, info_name=name, **settings)
    yield context.command_path, command.get_help(context).rstrip()
    if isinstance(command, click.Group):
        for child in command.list_commands(context):
            found = command.get_command(context, child)
            assert found is not None
            yield from _helps(found, context, child)


@pytest.mark.parametrize("path", sorted(generated()))
def test_generated_pages_are_up_to_date(path: str) -> None:
    assert (ROOT / path).read_text(encoding="utf-8") == generated()[path], "run: python tests/project/test_docs.py"


def test_every_code_has_its_section_and_every_section_its_code() -> None:
    files = [*(ROOT / "src").rglob("*.py"), *(ROOT / "jupyter_ext" / "nb2pipe_jupyter").glob("*.py")]
    used = {code for path in files for code in _CODE.findall(path.read_text(encoding="utf-8"))}
    sections = re.findall(
        r"^## (N2P[0-9]{3})$", (ROOT / "docs" / "diagnostics.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert sections == sorted(used)


def test_every_section_says_how_to_fix_it_and_shows_it() -> None:
    text = (ROOT / "docs" / "diagnostics.md").read_text(encoding="utf-8")
    for section in text.split("\n## ")[1:]:
        code = section[:6]
        assert "**Fix:**" in section, code
        assert f"{code} " in section.partition("```text")[2], code


def test_the_readmes_test_command_is_what_ci_runs() -> None:
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    run, tests = (block.strip() for block in blocks[:2])
    assert (
        run == "python3 -m venv .venv && .venv/bin/pip install '.[examples,lab]' "
        "&& .venv/bin/nb2pipe run examples/tabular.ipynb"
    )
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    commands = [line for line in lines if line and not line.startswith(("#", "set ", "cd "))]
    assert commands == [tests]
    assert (ROOT / tests).stat().st_mode & 0o111


def _pages() -> list[Path]:
    done = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return [ROOT / name for name in done.stdout.split()] or [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]


def _anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", _pages(), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    for link in _LINK.findall(page.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert target.is_relative_to(ROOT), link
        if anchor:
            assert anchor in _anchors(target), link


@pytest.mark.parametrize("path", sorted(generated()))
def test_generated_pages_hold_no_path_of_this_machine(path: str) -> None:
    assert str(ROOT) not in generated()[path]


def test_every_page_is_in_the_readmes_index() -> None:
    links = _LINK.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    assert [page.name for page in sorted((ROOT / "docs").glob("*.md")) if f"docs/{page.name}" not in links] == []


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_a_bundle_fits_the_schema(path: Path) -> None:
    bundle = api.build(path)
    data = json.loads(next(file.content for file in bundle.files if file.path == "pipeline.json"))
    jsonschema.Draft202012Validator(api.schema()).validate(data)


@pytest.mark.parametrize("damage", [{"schema": "1"}, {"unknown": 1}, {"steps": [{"name": "a"}]}])
def test_the_schema_refuses_what_is_no_pipeline(damage: dict[str, object]) -> None:
    data = {**json.loads(api.build(EXAMPLES[0]).files[0].content), **damage}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(api.schema()).validate(data)


def test_the_readmes_picture_has_every_step_of_the_example() -> None:
    pipeline = _pipeline(ROOT / "examples" / "tabular.ipynb")
    picture = (ROOT / "docs" / "img" / "tabular.svg").read_text(encoding="utf-8")
    assert [step.name for step in pipeline.steps if f">{step.name}<" not in picture] == []
    assert drawing.tree(pipeline)


if __name__ == "__main__":
    for name, content in generated().items():
        (ROOT / name).write_text(content, encoding="utf-8")
