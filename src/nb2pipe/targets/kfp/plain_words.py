"""What Kubernetes, Argo and KFP say of a step that failed in, one sentence for people out."""

from __future__ import annotations

import re
from collections.abc import Sequence

from nb2pipe.model import StepError
from nb2pipe.records import dataclass

_LOOKED_AT = 20_000  # characters of what is said, from its end: pods may say anything, at any length


_GONE = re.compile(r"pods? \S{1,300} not found")  # in place of a log: what became of the step isn't told by that


@dataclass(frozen=True)
class Wanted:
    """What a step asked for, as far as it is known: its name is `step`."""

    step: str
    image: str = ""
    memory: str = ""
    timeout: str = ""


@dataclass(frozen=True)
class _Reason:
    """Words that tell of it, what it is called (`StepError.cause`), the sentence, the fix."""

    words: re.Pattern[str]
    cause: str
    sentence: str
    fix: str


def _reason(words: str, cause: str, sentence: str, fix: str) -> _Reason:
    return _Reason(re.compile(words, re.IGNORECASE), cause, sentence, fix)


_REASONS = (
    _reason(
        r"ImagePullBackOff|ErrImagePull|InvalidImageName|failed to pull (?:and unpack )?image|failing to pull image"
        r"|manifest unknown|pull access denied",
        "start",
        "its image{image} can't be pulled",
        "look at the image's name and tag, and whether the cluster may pull it (`pull-secret:`)",
    ),
    _reason(
        r"OOMKilled|exit (?:code|status):? ?137|signal: killed",
        "killed",
        "out of memory: {memory}",
        "give the step more with `memory:`",
    ),
    _reason(
        r"DeadlineExceeded|exceeded its deadline|longer than the specified deadline",
        "timeout",
        "it took longer than it may{timeout}",
        "give the step more time with `timeout:`",
    ),
    _reason(
        r"(?:Insufficient|insufficient quota for) (?P<what>[a-z0-9./-]{0,59}[a-z0-9])",
        "start",
        "no node of the cluster has enough {what} free",
        "ask for less, or ask the cluster's owner for more",
    ),
    _reason(
        r"exceeded quota",
        "start",
        "the namespace's quota doesn't allow what it asks for",
        "ask for less, or ask the cluster's owner for more",
    ),
    _reason(
        r"node\(s\) (?:had untolerated taint|didn't match Pod's node affinity)",
        "start",
        "no node of the cluster fits its node selector and tolerations",
        "compare `node-selector:` and `tolerate:` with the cluster's nodes",
    ),
    _reason(
        r"(?P<kind>secret|configmap|persistentvolumeclaim|serviceaccount)s?"
        r" \"(?P<what>[a-z0-9./-]{1,253})\" (?:is )?not found",
        "start",
        "the {kind} `{what}` isn't in its namespace",
        "make it there, or correct its name",
    ),
    _reason(
        r"couldn't find key (?P<what>\S{1,253}) in secret",
        "start",
        "its secret has no key `{what}`",
        "correct the key, or add it to the secret",
    ),
    _reason(
        r"low on resource: (?P<what>[a-z-]{1,40})|\bEvicted\b",
        "killed",
        "its node ran out of {what}, and put it out",
        "ask for what it needs (`memory:`, or ephemeral storage), so that it is placed where there is room",
    ),
    _reason(
        r"exec format error",
        "start",
        "its image{image} is for another kind of processor than the node's",
        "build the image for the nodes' processors",
    ),
    _reason(
        r"Argument list too long",
        "start",
        "its program is longer than a command line may be",
        "make the step's cells shorter, or split it",
    ),
    _reason(
        r"workflow is longer than maximum allowed size|etcdserver: request is too large",
        "start",
        "the run takes more of the cluster than KFP keeps of one",
        "make fewer, larger steps; or have Argo offload the status of nodes, which its owner can switch on",
    ),
    _reason(
        r"image will run as root|non-numeric user .{0,99}cannot verify user is non-root",
        "start",
        "the cluster starts no image{image} that runs as root",
        "use an image whose Dockerfile has a `USER 1000`, or ask the cluster's owner",
    ),
    _reason(
        r"\bNodeLost\b|\bNodeNotReady\b|pod deleted|Pod was terminated in response to imminent node shutdown",
        "killed",
        "its pod was removed, or its node was lost",
        "`nb2pipe resume` goes on from here",
    ),
)


def explained(said: Sequence[str], wanted: Wanted) -> StepError:
    """The first known reason in what is said, most telling source first; else the words themselves."""
    for text in said:
        for reason in _REASONS:
            found = reason.words.search(text[-_LOOKED_AT:])
            if found is not None:
                return _told(reason, found.groupdict(), wanted)
    code = _exit_code(said)
    if code:
        message = f"step `{wanted.step}` ended with exit code {code}"
        return StepError("exit", message, hint="`nb2pipe logs` and the run's page show what it printed")
    telling = (text for text in said if text.strip() and not _GONE.search(text))
    words = " ".join(next(telling, "")[-_LOOKED_AT:].split())[-300:].strip()
    why = f": {words}" if words else "; its pod has left no log, and the cluster doesn't say why"
    return StepError("exit", f"step `{wanted.step}` failed{why}", hint="the run's page shows its pod's events and log")


def _told(reason: _Reason, found: dict[str, str | None], wanted: Wanted) -> StepError:
    words = {
        "kind": found.get("kind") or "",
        "what": found.get("what") or "what it needs",
        "image": f" {wanted.image}" if wanted.image else "",
        "memory": f"asked for {wanted.memory}" if wanted.memory else "it asked for no amount of memory",
        "timeout": f" ({wanted.timeout})" if wanted.timeout else "",
    }
    return StepError(reason.cause, f"step `{wanted.step}`: {reason.sentence.format(**words)}", hint=reason.fix)


def _exit_code(said: Sequence[str]) -> str:
    for text in said:
        found = re.search(r"exit (?:code|status):? ?([0-9]{1,3})\b", text[-_LOOKED_AT:])
        if found is not None and found[1] != "0":
            return found[1]
    return ""
