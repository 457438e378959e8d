"""A notebook's sections in; what each cell does, and the pipeline that follows from it, out."""

from nb2pipe.analysis.link import link
from nb2pipe.analysis.parameters import apply, from_text
from nb2pipe.analysis.summary import TOGETHER, Analysis, summarise

__all__ = ["TOGETHER", "Analysis", "apply", "from_text", "link", "summarise"]
