"""What a cell displays in; text that two runs can be compared by out. For the forks of `fast`.

A shell of `shell_class` keeps what it would show, as a kernel does; a picture is kept as the digest of what is seen.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode
from collections.abc import Iterator
from typing import Any

BACKEND = "module://matplotlib_inline.backend_inline"


def shell_class() -> Any:
    """The class, once matplotlib may know of IPython. Libraries look for a kernel's shell by its name."""
    from IPython.core.displayhook import DisplayHook
    from IPython.core.displaypub import DisplayPublisher
    from IPython.core.interactiveshell import InteractiveShell

    class Hook(DisplayHook):
        def write_output_prompt(self) -> None: ...

        def write_format_data(self, format_dict: dict[str, Any], md_dict: Any = None) -> None:  # noqa: ARG002  # IPython calls it
            self.shell.shown.append(lasting(format_dict))

        def finish_displayhook(self) -> None: ...

    class Publisher(DisplayPublisher):
        def publish(self, data: dict[str, Any], *args: Any, **keywords: Any) -> None:  # noqa: ARG002  # IPython calls it
            self.shell.shown.append(lasting(data))

        def clear_output(self, wait: bool = False) -> None: ...

    class ZMQInteractiveShell(InteractiveShell):
        displayhook_class = Hook
        display_pub_class = Publisher

        def __init__(self, *args: Any, **keywords: Any) -> None:
            self.shown: list[dict[str, str]] = []
            super().__init__(*args, **keywords)

        def enable_gui(self, gui: Any = None) -> None: ...

    return ZMQInteractiveShell


def lasting(bundle: dict[str, Any]) -> dict[str, str]:
    """What is displayed, as text by mime type."""
    return {mime: _text(mime, content) for mime, content in sorted(bundle.items())}


def _text(mime: str, content: Any) -> str:
    if not mime.startswith("image/") or mime == "image/svg+xml":
        return content if isinstance(content, str) else json.dumps(content, sort_keys=True, default=str)
    seen: bytes = b64decode(content) if isinstance(content, str) else content
    if mime == "image/png":  # its other chunks tell who made it, and when
        seen = b"".join(chunk for kind, chunk in _chunks(seen) if kind in (b"IHDR", b"PLTE", b"IDAT"))
    return f"{mime} {hashlib.sha256(seen).hexdigest()[:16]}"


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    position = 8
    while position < len(png):
        length = int.from_bytes(png[position : position + 4])
        yield png[position + 4 : position + 8], png[position + 8 : position + 8 + length]
        position += 12 + length
