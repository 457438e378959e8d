"""Stage: a notebook whose cells are understood in, a draft of steps out. Nothing is analysed, read or written here."""

from nb2pipe.suggest.draft import Draft, Part, draft
from nb2pipe.suggest.facts import Facts, facts_of

__all__ = ["Draft", "Facts", "Part", "draft", "facts_of"]
