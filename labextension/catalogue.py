"""The panel's sources in, the texts that people see out; and the catalogues of translations, brought in step with them.

`python labextension/catalogue.py` writes the English catalogue, orders the others, takes from them what nobody asks for any
more, and prints what they lack: fill it in. They are in the form that JupyterLab reads. The texts of settings are not among
them: JupyterLab takes those from its language packs alone.
"""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

HERE = Path(__file__).parent
LOCALES = HERE.parent / "jupyter_ext" / "nb2pipe_jupyter" / "locale"
ENGLISH = "en"
Texts: TypeAlias = Mapping[str, Sequence[str]]
_STRING = r"""'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*\""""
_CALL = re.compile(r"\.(__|_n)\(")
_ONE = re.compile(rf"\s*({_STRING})\s*(?=[,)])")
_TWO = re.compile(rf"\s*({_STRING})\s*,\s*({_STRING})\s*,")


class NotPlain(Exception):
    """A text that is put together at run time can't be looked up in a catalogue."""


def texts(folder: Path = HERE / "src") -> dict[str, tuple[str, ...]]:
    """Each text with its English forms: itself, and how many there are if it counts something."""
    found: dict[str, tuple[str, ...]] = {}
    for path in sorted(folder.rglob("*.ts*")):
        if ".test." not in path.name:
            for forms in _texts_of(path.name, path.read_text(encoding="utf-8")):
                found[forms[0]] = max(forms, found.get(forms[0], ()), key=len)
    return found


def _texts_of(name: str, source: str) -> Iterator[tuple[str, ...]]:
    for call in _CALL.finditer(source):
        match = (_ONE if call[1] == "__" else _TWO).match(source, call.end())
        if match is None:
            line = source.count("\n", 0, call.start()) + 1
            raise NotPlain(f"{name} line {line}: a text for people is not written out")
        yield tuple(ast.literal_eval(text) for text in match.groups())


def languages() -> list[str]:
    """Those that there is a catalogue of."""
    return sorted(path.name for path in LOCALES.iterdir() if path.is_dir())


def path_of(language: str) -> Path:
    """The file of a catalogue."""
    return LOCALES / language / "LC_MESSAGES" / "nb2pipe.json"


def read(language: str) -> dict[str, Any]:
    """A catalogue: its head under the empty text, and the translated forms of each text."""
    data: dict[str, Any] = json.loads(path_of(language).read_text(encoding="utf-8"))
    return data


def complaints(known: Mapping[str, Any], wanted: Texts) -> list[str]:
    """What is wrong with a catalogue: what lacks, what nobody asks for, and what has other forms or places for values."""
    forms = int(known[""]["plural_forms"].removeprefix("nplurals=").split(";")[0])
    found = [f"nobody asks for {text!r}" for text in known if text and text not in wanted]
    for text, english in wanted.items():
        translated = known.get(text, [])
        if not all(translated) or not translated:
            found.append(f"lacks {text!r}")
        elif len(translated) != (1 if len(english) == 1 else forms):
            found.append(f"has {len(translated)} forms of {text!r}")
        elif not _places(*translated) <= _places(*english) or (len(english) == 1 and _places(*translated) != _places(text)):
            found.append(f"has other places for values in {text!r}")
    return found


def _places(*forms: str) -> set[str]:
    return {place for text in forms for place in re.findall(r"%\d", text)}


def main() -> None:
    """Bring all catalogues in step with the sources."""
    wanted = texts()
    for language in languages():
        known = read(language)
        if language == ENGLISH:
            known.update({text: list(forms) for text, forms in wanted.items()})
        kept = {text: known[text] for text in sorted(known) if not text or text in wanted}
        path_of(language).write_text(json.dumps(kept, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        sys.stdout.write("".join(f"{language} {complaint}\n" for complaint in complaints(kept, wanted)))


if __name__ == "__main__":
    main()
