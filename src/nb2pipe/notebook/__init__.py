"""Stage 1: a notebook in, its cells, kernel, tags, options and sections out. Nothing of it is run."""

from nb2pipe.notebook.cutting import Cut, cut
from nb2pipe.notebook.files import read_bytes, shown_path
from nb2pipe.notebook.names import slug
from nb2pipe.notebook.options import schema
from nb2pipe.notebook.read import parse, read
from nb2pipe.notebook.sections import START, pipeline_name, split
from nb2pipe.notebook.source import Content, OnScreen, Source, as_saved, encoded, load, place, shown_place
from nb2pipe.notebook.splice import with_tags
from nb2pipe.notebook.tagging import retagged, roles_of, splits, without_splits
from nb2pipe.notebook.tags import grammar, near_miss

__all__ = [
    "START",
    "Content",
    "Cut",
    "OnScreen",
    "Source",
    "as_saved",
    "cut",
    "encoded",
    "grammar",
    "load",
    "near_miss",
    "parse",
    "pipeline_name",
    "place",
    "read",
    "read_bytes",
    "retagged",
    "roles_of",
    "schema",
    "shown_path",
    "shown_place",
    "slug",
    "split",
    "splits",
    "with_tags",
    "without_splits",
]
