"""A step's notebook while it runs: outputs in, masked and capped; the executed notebook on disk out."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nb2pipe.files import write_atomic
from nb2pipe.targets.local.request import Report, Tell
from nb2pipe.targets.local.scrub import Scrubber, StreamScrubber

MAX_PRINTED_BYTES = 10_000_000
SAVE_EVERY_S = 2.0

_SAVE_SHARE = 0.1  # of the time, at most, goes into saving


class ExecutedNotebook:
    """The notebook that a step's run fills with outputs."""

    def __init__(self, notebook: Any, path: Path, scrubber: Scrubber) -> None:  # noqa: ANN401  # nbformat has no types
        self.scrubber = scrubber
        self._notebook = notebook
        self.path = path
        self._streams: dict[str, StreamScrubber] = {}
        self._cell: int | None = None
        self._tell: Tell | None = None
        self._printed_bytes = 0
        self._changed = True

    def begin_cell(self, cell: int | None, tell: Tell) -> None:
        """Text that comes now is of this cell of the notebook; None for one of ours."""
        self._cell, self._tell = cell, tell
        self._streams = {}

    def printed(self, stream: str, text: str) -> str:
        """Tell what was printed, masked; returns what goes into the notebook: nothing, once the cap is reached."""
        return self._keep(stream, self._streams.setdefault(stream, StreamScrubber(self.scrubber)).feed(text))

    def join(self, outputs: list[Any]) -> None:
        """Make the last output part of the one before if both are text of one stream.

        Text stays a list of pieces until it is saved: joining at each message would take quadratic time.
        """
        if len(outputs) < 2:
            return
        before, last = outputs[-2:]
        if (last["output_type"], last.get("name")) != ("stream", before.get("name")):
            return
        pieces = before["text"] if isinstance(before["text"], list) else [before["text"]]
        pieces.append(last["text"])
        before["text"] = pieces
        outputs.pop()

    def end_cell(self, outputs: list[Any]) -> None:
        """The cell has ended: what was held back, as it might have become a secret, is text after all."""
        for stream, scrubber in self._streams.items():
            text = self._keep(stream, scrubber.flush())
            if text:
                outputs.append(type(self._notebook)(output_type="stream", name=stream, text=text))
                self.join(outputs)
        self._streams = {}

    def changed(self) -> None:
        """There is something new to save."""
        self._changed = True

    async def keep_saved(self) -> None:
        """Save what is new, at once and then at most every two seconds, until cancelled.

        So a step that is killed leaves what it had shown. A disk that can't take it is the final save's business.
        """
        pause_s = SAVE_EVERY_S
        while True:
            if self._changed:
                self._changed = False
                started = time.monotonic()
                with contextlib.suppress(OSError):
                    write_atomic(self.path, self._content(), durable=False)
                pause_s = max(SAVE_EVERY_S, (time.monotonic() - started) / _SAVE_SHARE)
            await asyncio.sleep(pause_s)

    def save(self) -> None:
        """Save for good. Raises OSError."""
        write_atomic(self.path, self._content())

    def _keep(self, stream: str, text: str) -> str:
        room = MAX_PRINTED_BYTES - self._printed_bytes
        if not text or room < 0:
            return ""
        content = text.encode(errors="surrogatepass")
        self._printed_bytes += len(content)
        if len(content) > room:
            text = content[:room].decode(errors="ignore")
            text += f"\n[nb2pipe: this step printed more than {MAX_PRINTED_BYTES // 10**6} MB; the rest is not kept]\n"
        if self._tell is not None:
            self._tell(Report(cell=self._cell, text=text, stream=stream))
        return text

    def _content(self) -> bytes:
        text = json.dumps(_plain(self._notebook), ensure_ascii=False, indent=1, sort_keys=True)
        return (text + "\n").encode("utf-8", "backslashreplace")  # a lone surrogate has no UTF-8


def _plain(data: Any) -> Any:  # noqa: ANN401
    """JSON data without papermill's metadata, whose words on what ran are not true; pieces of text joined."""
    if isinstance(data, Mapping):
        found = {key: _plain(item) for key, item in data.items() if key != "papermill"}
        if data.get("output_type") == "stream" and isinstance(data.get("text"), list):
            found["text"] = "".join(data["text"])
        return found
    if isinstance(data, list):
        return [_plain(item) for item in data]
    return data
