"""Kale's notebook metadata (`kubeflow_notebook`, versions 0.x to 2.x) in, options of ours out.

Never an error: what can't be carried over is told in one diagnostic.
"""

from __future__ import annotations

from collections.abc import Mapping

from nb2pipe.model import Diagnostic, Json, Location, Severity
from nb2pipe.notebook.names import shown
from nb2pipe.notebook.options import is_pipeline_name
from nb2pipe.notebook.tags import read_tags
from nb2pipe.notebook.values import OPTIONS, Setting
from nb2pipe.records import dataclass

_IMAGES = ("base_image", "docker_image")  # the newer name first
# What only says where Kale puts its own files, or to whom the pipeline belongs: nothing is lost without it.
_HARMLESS = frozenset(
    {
        "abs_working_dir", "autosnapshot", "enable_caching", "experiment", "experiment_name", "katib_metadata",
        "marshal_path", "output_path", "pipeline_description", "pipeline_name", "snapshot_volumes", "steps_defaults",
        "storage_class_name", "volume_access_mode", "volumes", *_IMAGES,
    }
)  # fmt: skip

_CLUSTER_ONLY = frozenset({"kfp_host", "security_context"})  # no result depends on these


@dataclass(frozen=True)
class KaleOptions:
    """What Kale's metadata mean here. `defaults` hold for every step."""

    name: str | None = None
    defaults: tuple[Setting, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()


def read_kale(metadata: Json, at: Location) -> KaleOptions:
    """The options in a notebook's metadata; empty where Kale never saved any."""
    data = metadata.get("kubeflow_notebook") if isinstance(metadata, Mapping) else None
    if not isinstance(data, Mapping):
        return KaleOptions()
    defaults, left = _defaults(data, at)
    left += sorted(shown(key) for key, value in data.items() if key not in _HARMLESS and value and _says_more(value))
    return KaleOptions(_name(data), tuple(defaults), _report(list(dict.fromkeys(left)), at))


def _name(data: Mapping[str, Json]) -> str | None:
    name = data.get("pipeline_name")
    return name if isinstance(name, str) and is_pipeline_name(name) else None


def _defaults(data: Mapping[str, Json], at: Location) -> tuple[list[Setting], list[str]]:
    """Options for every step, and what could not become one."""
    found: list[Setting] = []
    left: list[str] = []
    image = next((item for item in map(data.get, _IMAGES) if item), None)
    if isinstance(image, str):
        try:
            found.append(OPTIONS["image"].setting(image))
        except ValueError:
            left.append(f"image {shown(image)}")
    for volume in _listed(data.get("volumes")):
        setting = _claim(volume)
        if setting is None:
            left.append("volumes")
        else:
            found.append(setting)
    if data.get("enable_caching") is False:
        found.append(OPTIONS["cache"].setting("off"))
    for tag in _listed(data.get("steps_defaults")):
        text = tag if isinstance(tag, str) else type(tag).__name__
        read = read_tags([text], at)
        found.extend(read.settings)
        if not read.settings and not text.startswith("report:"):
            left.append(f"steps_defaults {shown(text)}")
    return found, left


def _listed(value: Json) -> list[Json]:
    return list(value) if isinstance(value, list | tuple) else [value] if value else []


def _claim(volume: Json) -> Setting | None:
    """A claim that is there already, mounted; None for a volume that Kale would make, clone or snapshot."""
    if not isinstance(volume, Mapping) or volume.get("type") != "pvc" or volume.get("snapshot"):
        return None
    try:
        return OPTIONS["volumes"].setting(f"{volume.get('name')}={volume.get('mount_point')}")
    except ValueError:
        return None


def _says_more(value: Json) -> bool:
    """False for an object that only says that it is switched off."""
    return not (isinstance(value, Mapping) and value.get("enabled") is False)


def _report(left: list[str], at: Location) -> tuple[Diagnostic, ...]:
    if not left:
        return ()
    message = f"settings of Kale that are not carried over: {', '.join(left[:20])}"
    hint = (
        "Kale's settings for volumes that it makes, for security and Katib have no counterpart; the pipeline runs "
        "without them"
    )
    severity = Severity.NOTE if set(left) <= _CLUSTER_ONLY else Severity.WARNING
    return (Diagnostic("N2P150", severity, message, at, hint),)
