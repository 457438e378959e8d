"""A notebook's sections in; what each cell does, and the pipeline that follows from it, out."""

from nb2pipe.analysis.costs import with_costs
from nb2pipe.analysis.fuse import fuse
from nb2pipe.analysis.imports import always, imports
from nb2pipe.analysis.ipython import parse_cell
from nb2pipe.analysis.link import link
from nb2pipe.analysis.modules import copied
from nb2pipe.analysis.parameters import apply, from_text, is_parameter, parameters_of
from nb2pipe.analysis.safe import safe
from nb2pipe.analysis.sharing import together
from nb2pipe.analysis.summary import TOGETHER, Analysis, summarise
from nb2pipe.analysis.tables import user_tables, using
from nb2pipe.analysis.tables.user import UserTables
from nb2pipe.analysis.taught import unmovable

__all__ = [
    "TOGETHER",
    "Analysis",
    "UserTables",
    "always",
    "apply",
    "copied",
    "from_text",
    "fuse",
    "imports",
    "is_parameter",
    "link",
    "parameters_of",
    "parse_cell",
    "safe",
    "summarise",
    "together",
    "unmovable",
    "user_tables",
    "using",
    "with_costs",
]
