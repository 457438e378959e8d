"""All routes of the server extension, as data: the handlers and the OpenAPI document are made from this table."""

from __future__ import annotations

import re

from nb2pipe.records import dataclass
from nb2pipe_jupyter import answers

BASE = "nb2pipe"  # below the server's base address
JSON, TEXT, HTML, NEWS = "application/json", "text/plain", "text/html", "text/event-stream"


@dataclass(frozen=True)
class Query:
    """A value in an address's query. `kind`: a JSON Schema type."""

    name: str
    meaning: str
    required: bool = False
    kind: str = "string"
    least: int | None = None
    most: int | None = None


@dataclass(frozen=True)
class Route:
    """One method of one address: `path` is below BASE, with `{name}` where it varies.

    `asked`: the class of the body. `answer`: a class, a media type, or None for an answer without a body. `streams`:
    the answer also comes as server-sent events, to those who accept them.
    """

    verb: str
    path: str
    summary: str
    asked: type | None = None
    answer: type | str | None = JSON
    status: int = 200
    query: tuple[Query, ...] = ()
    streams: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """What varies in the path, in order."""
        return tuple(re.findall(r"\{(\w+)\}", self.path))


_PATH = Query("path", "The notebook, relative to the server's root.", required=True)
_RUN, _STEP = "runs/{run}", "runs/{run}/steps/{step}"

ROUTES: tuple[Route, ...] = (
    Route("GET", "status", "What this server can do, and the tag grammar.", answer=answers.Capabilities),
    Route("GET", "openapi.json", "This document."),
    Route("POST", "analyze", "The pipeline of a notebook, and its problems.", answers.NotebookAsked, answers.Analysis),
    Route("POST", "suggest", "Steps for a notebook that has none.", answers.SuggestAsked, answers.Suggested),
    Route("POST", "freshness", "Which steps have to run, and why.", answers.StatusAsked, answers.Freshnesses),
    Route("POST", "fresh", "Take last results as they are.", answers.FreshAsked, answers.Freshnesses),
    Route(
        "GET",
        "runs",
        "The runs of a notebook, newest first.",
        answer=answers.Runs,
        query=(_PATH, Query("most", "How many at most.", kind="integer", least=1, most=500)),
    ),
    Route("POST", "runs", "Run a notebook. Answers once the run has an id.", answers.RunAsked, answers.RunView, 201),
    Route("GET", _RUN, "One run.", answer=answers.RunView, query=(_PATH,)),
    Route("DELETE", _RUN, "Remove a run that has ended.", answer=None, status=204, query=(_PATH,)),
    Route(
        "GET",
        f"{_RUN}/events",
        "What happened since an event.",
        answer=answers.News,
        query=(_PATH, Query("after", "The `next` of an earlier answer.", kind="integer", least=0)),
        streams=True,
    ),
    Route("POST", f"{_RUN}/cancel", "Stop a run.", answers.RunNamed, answers.RunView),
    Route("POST", f"{_RUN}/resume", "Go on with a run that has failed.", answers.ResumeAsked, answers.RunView, 201),
    Route("GET", f"{_RUN}/notebook", "The notebook with all outputs of a run.", query=(_PATH,)),
    Route("GET", f"{_STEP}/notebook", "A step's notebook with its outputs, as far as it got.", query=(_PATH,)),
    Route(
        "GET",
        f"{_STEP}/log",
        "What a step printed, then what its process wrote outside of cells.",
        answer=TEXT,
        query=(_PATH, Query("tail", "How many lines at most, from the end.", kind="integer", least=1)),
    ),
    Route(
        "POST", f"{_STEP}/debug", "Write a live notebook with a step's inputs.", answers.RunNamed, answers.Opened, 201
    ),
    Route("POST", "compile", "The notebook as a pipeline file for KFP.", answers.CompileAsked, answers.CompiledView),
    Route("GET", "targets", "All connections to clusters.", answer=answers.Targets),
    Route("POST", "targets", "Keep a connection.", answers.TargetAsked, answers.Targets, 201),
    Route("DELETE", "targets/{target}", "Forget a connection.", answer=None, status=204),
    Route("GET", "targets/{target}/status", "Whether a target answers.", answer=answers.TargetStatus),
    Route("POST", "verifications", "Begin a verification.", answers.VerifyAsked, answers.VerificationView, 201),
    Route("GET", "verifications/{verification}", "One verification.", answer=answers.VerificationView, query=(_PATH,)),
    Route(
        "POST",
        "verifications/{verification}/cancel",
        "Stop a verification.",
        answers.RunNamed,
        answers.VerificationView,
    ),
    Route("GET", "verifications/{verification}/report", "The report's page.", answer=HTML, query=(_PATH,)),
)
