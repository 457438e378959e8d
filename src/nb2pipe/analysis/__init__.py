"""A notebook's sections in; what each cell does, and the pipeline that follows from it, out."""

from nb2pipe.analysis.costs import with_costs
from nb2pipe.analysis.link import link
from nb2pipe.analysis.parameters import apply, from_text
from nb2pipe.analysis.sharing import together
from nb2pipe.analysis.summary import Analysis, summarise

__all__ = ["Analysis", "apply", "from_text", "link", "summarise", "together", "with_costs"]
