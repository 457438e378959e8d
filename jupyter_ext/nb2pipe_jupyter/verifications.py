"""Questions about verifications in, answers out."""

from __future__ import annotations

from pathlib import PurePath

from nb2pipe import api
from nb2pipe.errors import BadInput, EnvironmentProblem
from nb2pipe_jupyter.answers import RunNamed, VerificationView, VerifyAsked
from nb2pipe_jupyter.service import Service


def begin(service: Service, asked: VerifyAsked) -> VerificationView:
    """Begin one, of the notebook as it is saved."""
    if not service.settings.local_runs:
        message = "runs on this machine are switched off by the administrator of this server"
        raise BadInput.of("N2P803", message, hint="verify it elsewhere: `nb2pipe verify`")
    place = service.places.notebook(asked.path)
    if not place.is_file():
        raise BadInput.of("N2P802", f"`{asked.path}` isn't saved", hint="save the notebook: what is saved is verified")
    which = api.begin_verify(place, jobs=asked.jobs, seeded=asked.seeded)
    return one(service, which, asked.path)


def one(service: Service, verification: str, path: str) -> VerificationView:
    """One, as it is now."""
    root = service.root(path)
    found = api.verification(root, verification)
    if found.notebook != PurePath(path).name:
        message = f"verification {verification} is of another notebook: {found.notebook}"
        raise BadInput.of("N2P602", message, hint="begin one of this notebook")
    return VerificationView(
        id=verification,
        path=path,
        state=found.state.value,
        lines=found.lines,
        outcome=found.found.outcome,
        problem=found.found.problem,
        counts=found.found.counts,
        has_report=api.verification_report(root, verification) is not None,
    )


def cancel(service: Service, verification: str, asked: RunNamed) -> VerificationView:
    """Stop one."""
    one(service, verification, asked.path)
    api.cancel_verification(service.root(asked.path), verification)
    return one(service, verification, asked.path)


def report(service: Service, verification: str, path: str) -> str:
    """The page of one that has ended."""
    one(service, verification, path)
    page = api.verification_report(service.root(path), verification)
    if page is None:
        message = f"verification {verification} has no report so far"
        raise BadInput.of("N2P805", message, hint="it is written when the verification has come to an end")
    most = service.settings.max_answer_bytes
    try:
        if page.stat().st_size > most:
            raise BadInput.of("N2P804", f"the report has more than {most:,} bytes", hint=f"open {page} in a browser")
        return page.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise EnvironmentProblem.of("N2P605", f"the report can't be read: {error.strerror or error}") from error
