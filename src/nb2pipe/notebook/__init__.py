"""Stage 1: a notebook in, its cells, kernel, tags, options and sections out. Nothing of it is run."""

from nb2pipe.notebook.cutting import Cut, cut
from nb2pipe.notebook.files import shown_path
from nb2pipe.notebook.names import slug
from nb2pipe.notebook.options import schema
from nb2pipe.notebook.read import parse, read
from nb2pipe.notebook.sections import START, pipeline_name, split
from nb2pipe.notebook.tags import grammar, near_miss

__all__ = [
    "START", "Cut", "cut", "grammar", "near_miss", "parse", "pipeline_name", "read", "schema", "shown_path", "slug",
    "split",
]  # fmt: skip
