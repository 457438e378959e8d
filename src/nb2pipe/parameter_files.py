"""A file of parameters in, names and values out: JSON or YAML, read as data and within bounds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from nb2pipe.errors import BadInput
from nb2pipe.model import Json

_MAX_BYTES = 1_000_000
_MAX_VALUES = 100_000  # YAML's aliases make much of little
_MAX_DEPTH = 100


class _Twice(ValueError):
    """A name given twice: which of the two is meant can't be known."""


def read_parameters(path: Path) -> Mapping[str, Json]:
    """The mapping that the file holds. Raises BadInput (N2P160)."""
    text = _text(path)
    try:
        content = _loads_json(text) if path.suffix.lower() == ".json" else _loads_yaml(text)
    except _Twice as error:
        raise _wrong(path, f"gives `{error}` twice", "keep one of the two") from error
    except (ValueError, RecursionError, _yaml_error()) as error:
        line = str(error).strip().splitlines()[0]
        raise _wrong(path, f"is no valid JSON or YAML: {line}") from error
    if content is None:
        return {}
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise _wrong(path, "holds no mapping of names to values", "write one `name: value` a line")
    if not _is_within_bounds(content):
        raise _wrong(path, f"holds more than {_MAX_VALUES:,} values, or nests them too deeply", "move data to a file")
    try:
        return cast("Mapping[str, Json]", json.loads(json.dumps(content, allow_nan=False)))
    except (TypeError, ValueError) as error:
        raise _wrong(path, f"holds a value that is no JSON: {error}") from error


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:  # may be a pipe, `--params-file <(...)`; a device may have no end
            raw = file.read(_MAX_BYTES + 1)
        text = raw.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise _wrong(path, f"can't be read: {reason}") from error
    if len(raw) > _MAX_BYTES:
        raise _wrong(path, f"has more than {_MAX_BYTES:,} bytes")
    return text


def _wrong(path: Path, what: str, hint: str | None = None) -> BadInput:
    return BadInput.of("N2P160", f"the parameters file {path} {what}", hint=hint)


def _loads_json(text: str) -> Any:  # noqa: ANN401  # data of any kind
    return json.loads(text, object_pairs_hook=_object)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _Twice(key)
        found[key] = value
    return found


def _loads_yaml(text: str) -> Any:  # noqa: ANN401  # data of any kind
    import yaml

    class Loader(yaml.SafeLoader):
        """Plain data; a key that stands twice in one mapping is refused."""

        def construct_mapping(self, node: Any, deep: bool = False) -> Any:  # noqa: ANN401  # as in yaml
            seen: set[tuple[str, str]] = set()
            for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
                if isinstance(key, yaml.ScalarNode) and (key.tag, key.value) in seen:
                    raise _Twice(key.value)
                if isinstance(key, yaml.ScalarNode):
                    seen.add((key.tag, key.value))
            return super().construct_mapping(node, deep=deep)

    return yaml.load(text, Loader)  # noqa: S506  # a SafeLoader


def _yaml_error() -> type[Exception]:
    import yaml

    return yaml.YAMLError


def _is_within_bounds(content: object) -> bool:
    """Without recursion, and to an end even if a value holds itself."""
    waiting: list[tuple[object, int]] = [(content, 0)]
    count = 0
    while waiting:
        value, depth = waiting.pop()
        items = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else ()
        count += len(items)
        if count > _MAX_VALUES or depth > _MAX_DEPTH:
            return False
        waiting.extend((item, depth + 1) for item in items)
    return True
