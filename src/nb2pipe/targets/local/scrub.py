"""Text, JSON and events in; out, the same without the values of secrets."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from nb2pipe.model import Printed, RunEvent, RunStarted, StepError, StepFinished, Warned

MASK = "***"
SHORTEST = 4  # a shorter value would be found, and masked, all over innocent text

_CHUNK = 1 << 20


class Scrubber:
    """Masks the given values, also as Python and JSON write them inside quotes."""

    def __init__(self, values: Iterable[str]) -> None:
        self.values = tuple(sorted({value for value in values if len(value) >= SHORTEST}))
        forms: set[str] = set()
        for value in self.values:
            forms |= {value, repr(value)[1:-1], json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]}
        self._forms = tuple(sorted(forms, key=lambda form: (-len(form), form)))  # a form that holds another goes first

    def __bool__(self) -> bool:
        return bool(self._forms)

    def text(self, text: str) -> str:
        """The text with every value masked."""
        for form in self._forms:
            text = text.replace(form, MASK)
        return text

    def data(self, data: Any) -> Any:  # noqa: ANN401  # JSON data of any shape, the same shape out
        """JSON data with every value masked, in keys too."""
        if not self._forms:
            return data
        if isinstance(data, str):
            return self.text(data)
        if isinstance(data, Mapping):
            return {self.text(str(key)): self.data(item) for key, item in data.items()}
        if isinstance(data, list | tuple):
            return [self.data(item) for item in data]
        return data

    def held_back(self, text: str) -> int:
        """How many characters at the text's end may be the beginning of a value."""
        longest = max((len(form) for form in self._forms), default=1) - 1
        for size in range(min(longest, len(text)), 0, -1):
            if any(form.startswith(text[-size:]) for form in self._forms):
                return size
        return 0

    def found_in(self, path: Path) -> bool:
        """True if the bytes of a value, as they stand, are in the file. Raises OSError."""
        needles = [value.encode() for value in self.values]
        if not needles:
            return False
        overlap = max(len(needle) for needle in needles) - 1
        tail = b""
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                window = tail + chunk
                if any(needle in window for needle in needles):
                    return True
                tail = window[-overlap:] if overlap else b""
        return False


class StreamScrubber:
    """Masks values in text that comes in pieces, a value's end perhaps in a later one."""

    def __init__(self, scrubber: Scrubber) -> None:
        self._scrubber = scrubber
        self._rest = ""

    def feed(self, text: str) -> str:
        """What can be shown by now."""
        if not self._scrubber:
            return text
        text = self._scrubber.text(self._rest + text)
        held = self._scrubber.held_back(text)
        self._rest = text[len(text) - held :]
        return text[: len(text) - held]

    def flush(self) -> str:
        """What is still held back: no more text comes."""
        rest, self._rest = self._rest, ""
        return rest


def scrubbed(event: RunEvent, scrubber: Scrubber) -> RunEvent:
    """The event with secrets masked wherever text of the user's may be."""
    if not scrubber:
        return event
    match event:
        case RunStarted():
            return replace(event, parameters=scrubber.data(event.parameters))
        case Printed():
            return replace(event, text=scrubber.text(event.text))
        case Warned():
            return replace(event, message=scrubber.text(event.message))
        case StepFinished(error=StepError() as error):
            return replace(
                event,
                error=replace(
                    error,
                    message=scrubber.text(error.message),
                    traceback=scrubber.text(error.traceback),
                    hint=scrubber.text(error.hint) if error.hint else error.hint,
                ),
            )
        case _:
            return event
