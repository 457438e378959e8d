"""A library's name in; out, its options as data, and what has changed of them; or changes in, and the library has them.

No library is imported here: who asks sees to it that it is (`loaded`).
"""

from __future__ import annotations

import copy
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Options = Mapping[str, object]

QUIET = frozenset({"warnings", "logging"})
"""What packages change of these when they are imported is theirs to change anew: only what the plan tells is kept."""


@dataclass(frozen=True)
class _Library:
    """How a library's options are read and set. `read` gives copies: what is changed later doesn't change them."""

    read: Callable[[Any], dict[str, object]]
    write: Callable[[Any, Options], None]


def known(module: str) -> bool:
    """True for a module whose options are known here."""
    return module in _LIBRARIES


def loaded() -> list[str]:
    """The libraries that this process has imported to the end, of those whose options are known here."""
    return [name for name in _LIBRARIES if name in sys.modules and not _is_underway(sys.modules[name])]


def _is_underway(module: object) -> bool:
    return bool(getattr(getattr(module, "__spec__", None), "_initializing", False))


def read(library: str) -> dict[str, object] | None:
    """All options of an imported library; None if this version of it doesn't tell them."""
    try:
        found = _LIBRARIES[library].read(sys.modules[library])
    except Exception:  # noqa: BLE001  # whatever a library of another time may raise
        return None
    return {name: copy.deepcopy(value) if isinstance(value, _MUTABLE) else value for name, value in found.items()}


_MUTABLE = (list, dict, set)
_ABSENT = object()
_LEVEL = "level "


def difference(before: Options, now: Options) -> dict[str, object]:
    """What of `now` was not so before."""
    changed = {name: value for name, value in now.items() if not _same(before.get(name, _first(name)), value)}
    if _FILTERS in changed:
        changed[_FILTERS] = _moved(_listed(before.get(_FILTERS)), _listed(now[_FILTERS]))
    return changed


def _first(name: str) -> object:
    """What an option was before it was there: a logger that is new has no level."""
    return 0 if name.startswith(_LEVEL) else _ABSENT


def write(library: str, changes: Options) -> None:
    """Set these options of an imported library. Raises whatever the library raises."""
    if changes:
        _LIBRARIES[library].write(sys.modules[library], changes)


def _same(one: object, other: object) -> bool:
    try:
        return type(one) is type(other) and bool(one == other)
    except Exception:  # noqa: BLE001  # whatever `==` of somebody's object raises
        return False


# --- warnings: a list, of which a step changes parts ---------------------------------------------------------------

_FILTERS = "filters"


def _listed(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else []


def _moved(before: Sequence[object], now: Sequence[object]) -> dict[str, list[object]]:
    """How one list came from the other: what is new in front of what was left of it, and behind; what is gone."""
    for size in range(len(now), -1, -1):
        for start in range(len(now) - size + 1):
            left = now[start : start + size]
            if _is_part(left, before):
                front, back = now[:start], now[start + size :]
                return {"front": list(front), "back": list(back), "gone": [item for item in before if item not in left]}
    raise AssertionError("an empty list is part of any")


def _is_part(items: Sequence[object], whole: Sequence[object]) -> bool:
    """True if `items` is what is left of `whole` when some are taken out."""
    rest = iter(whole)
    return all(any(item == other for other in rest) for item in items)


def _write_filters(module: Any, changes: Options) -> None:  # noqa: ANN401  # a module
    moved = changes[_FILTERS]
    assert isinstance(moved, dict)  # noqa: S101  # `difference` made it
    new = [*moved["front"], *moved["back"]]
    kept = [item for item in module.filters if item not in moved["gone"] and item not in new]
    module.filters[:] = [*moved["front"], *kept, *moved["back"]]
    with module.catch_warnings():  # lets go of what was remembered of the old filters
        pass


# --- libraries whose options are a mapping --------------------------------------------------------------------------


def _read_pandas(_: Any) -> dict[str, object]:  # noqa: ANN401
    from pandas._config import config  # `get_option` warns of some

    found: dict[str, object] = {}
    for name in config._registered_options:
        value: Any = config._global_config
        for part in name.split("."):
            value = value[part]
        found[name] = value
    return found


def _write_pandas(module: Any, changes: Options) -> None:  # noqa: ANN401
    from pandas._config import config

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an option may be deprecated
        for name, value in changes.items():
            if name in config._registered_options:  # else a package's own, that isn't imported here
                module.set_option(name, value)


def _read_numpy(module: Any) -> dict[str, object]:  # noqa: ANN401
    return {
        **{f"print {name}": value for name, value in module.get_printoptions().items()},
        **{f"errors {name}": value for name, value in module.geterr().items()},
        "errors call": module.geterrcall(),
    }


def _write_numpy(module: Any, changes: Options) -> None:  # noqa: ANN401
    if "errors call" in changes:
        module.seterrcall(changes["errors call"])
    printing = _of("print ", changes)
    if printing:  # what isn't given is not always left as it is
        module.set_printoptions(**{**module.get_printoptions(), **printing})
    module.seterr(**{name: value for name, value in _of("errors ", changes).items() if name != "call"})


_NO_RC = ("backend", "interactive", "toolbar")  # to set these drops figures
_SHORT_COLORS = "bgrcmykw"


def _read_matplotlib(module: Any) -> dict[str, object]:  # noqa: ANN401
    settings = {name: value for name, value in dict.items(module.rcParams) if not name.startswith(_NO_RC)}
    colors = getattr(module, "colors", None)  # seaborn changes what "b" means
    known = colors.colorConverter.colors if colors is not None else {}
    return {**settings, **{f"color {name}": known[name] for name in _SHORT_COLORS if name in known}}


def _write_matplotlib(module: Any, changes: Options) -> None:  # noqa: ANN401
    colors = _of("color ", changes)
    dict.update(module.rcParams, {name: value for name, value in changes.items() if not name.startswith("color ")})
    if colors:
        from matplotlib.colors import colorConverter

        colorConverter.colors.update(colors)
        colorConverter.cache.clear()


_DECIMAL = ("prec", "rounding", "Emin", "Emax", "capitals", "clamp")


def _read_decimal(module: Any) -> dict[str, object]:  # noqa: ANN401
    context = module.getcontext()
    traps = {f"trap {signal.__name__}": on for signal, on in context.traps.items()}
    return {**{name: getattr(context, name) for name in _DECIMAL}, **traps}


def _write_decimal(module: Any, changes: Options) -> None:  # noqa: ANN401
    context = module.getcontext()
    for name in _DECIMAL:
        if name in changes:
            setattr(context, name, changes[name])
    for name, on in _of("trap ", changes).items():
        context.traps[getattr(module, name)] = on


_LOCALES = ("LC_CTYPE", "LC_COLLATE", "LC_MONETARY", "LC_NUMERIC", "LC_TIME", "LC_MESSAGES")


def _read_locale(module: Any) -> dict[str, object]:  # noqa: ANN401
    return {name: module.setlocale(getattr(module, name)) for name in _LOCALES if hasattr(module, name)}


def _write_locale(module: Any, changes: Options) -> None:  # noqa: ANN401
    for name, value in changes.items():
        module.setlocale(getattr(module, name), value)


def _read_sys(module: Any) -> dict[str, object]:  # noqa: ANN401
    found: dict[str, object] = {
        "setrecursionlimit": module.getrecursionlimit(),
        "setswitchinterval": module.getswitchinterval(),
    }
    if hasattr(module, "get_int_max_str_digits"):
        found["set_int_max_str_digits"] = module.get_int_max_str_digits()
    socket = module.modules.get("socket")
    found["setdefaulttimeout"] = socket.getdefaulttimeout() if socket is not None else None
    return found


def _write_sys(module: Any, changes: Options) -> None:  # noqa: ANN401
    import socket

    for name, value in changes.items():
        getattr(socket if name == "setdefaulttimeout" else module, name)(value)


def _read_logging(module: Any) -> dict[str, object]:  # noqa: ANN401
    loggers = {"": module.root, **module.root.manager.loggerDict}
    levels = {_LEVEL + name: item.level for name, item in loggers.items() if hasattr(item, "level")}
    return {**levels, "disable": module.root.manager.disable}


def _write_logging(module: Any, changes: Options) -> None:  # noqa: ANN401
    for name, level in _of(_LEVEL, changes).items():
        module.getLogger(name).setLevel(level)
    if "disable" in changes:
        module.disable(changes["disable"])


def _formatter() -> Any:  # noqa: ANN401
    from IPython import get_ipython

    return get_ipython().display_formatter.formatters["text/plain"]


def _write_ipython(_: Any, changes: Options) -> None:  # noqa: ANN401
    _formatter().float_precision = changes["precision"]


def _of(start: str, options: Options) -> dict[str, Any]:
    return {name[len(start) :]: value for name, value in options.items() if name.startswith(start)}


_LIBRARIES: Mapping[str, _Library] = {
    "IPython": _Library(lambda _: {"precision": _formatter().float_precision}, _write_ipython),  # sets NumPy's as well
    "numpy": _Library(_read_numpy, _write_numpy),
    "pandas": _Library(_read_pandas, _write_pandas),
    "matplotlib": _Library(_read_matplotlib, _write_matplotlib),
    "sklearn": _Library(lambda module: module.get_config(), lambda module, changes: module.set_config(**changes)),
    "decimal": _Library(_read_decimal, _write_decimal),
    "locale": _Library(_read_locale, _write_locale),
    "sys": _Library(_read_sys, _write_sys),
    "logging": _Library(_read_logging, _write_logging),
    "warnings": _Library(lambda module: {_FILTERS: list(module.filters)}, _write_filters),
}
