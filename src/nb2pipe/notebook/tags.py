"""A cell's tags in, what they ask for out. `GRAMMAR` is the one place that says which tags there are.

The panel, the docs and the migration from Kale are derived from it (`grammar`). A tag of another tool is never an
error; what looks like a tag of ours, mistyped, is a warning with the tag that was perhaps meant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from enum import StrEnum

from nb2pipe.model import Diagnostic, Json, Location, Role, Severity
from nb2pipe.notebook.names import NAME_RULE, is_name, normal, shown, suggest_name
from nb2pipe.notebook.values import OPTIONS, Setting
from nb2pipe.records import dataclass


class Kind(StrEnum):
    """What a tag does. KALE: read, understood, and without a counterpart here."""

    STEP = "step"
    ORDER = "order"
    ROLE = "role"
    OPTION = "option"
    KALE = "kale"


@dataclass(frozen=True)
class TagRule:
    """One row of the grammar. `head` is the tag, or what stands before its first colon (`has_value`)."""

    head: str
    form: str
    kind: Kind
    meaning: str
    examples: tuple[str, ...]
    role: Role | None = None
    option: str | None = None
    also: tuple[str, ...] = ()
    origin: str = "nb2pipe"
    instead: str | None = None
    lost: bool = False  # KALE: the pipeline lacks something without it

    @property
    def has_value(self) -> bool:
        """True if a colon and a value follow the head."""
        return ":" in self.form

    @property
    def allowed(self) -> str:
        """Which values may follow, for people."""
        return OPTIONS[self.option].allowed if self.option else NAME_RULE if self.has_value else ""


def _role(
    head: str, role: Role, meaning: str, origin: str = "nb2pipe", instead: str | None = None, also: tuple[str, ...] = ()
) -> TagRule:
    return TagRule(head, head, Kind.ROLE, meaning, (head,), role=role, origin=origin, instead=instead, also=also)


def _option(head: str, value: str, meaning: str, *more: str, option: str = "", also: tuple[str, ...] = ()) -> TagRule:
    rule = OPTIONS[option or head]
    examples = tuple(f"{head}:{text}" for text in (rule.example, *more))
    return TagRule(head, f"{head}:{value}", Kind.OPTION, meaning, examples, option=rule.option, also=also)


GRAMMAR: tuple[TagRule, ...] = (
    TagRule("step", "step:NAME", Kind.STEP, "this cell starts step NAME, or goes on with it", ("step:load",)),
    TagRule(
        "after",
        "after:NAME",
        Kind.ORDER,
        "this step waits for step NAME, besides what the data say",
        ("after:load",),
        also=("after:NAME:NAME",),
    ),
    _role("parameters", Role.PARAMETERS, "the constants of this cell are the pipeline's parameters"),
    _role("imports", Role.IMPORTS, "this cell is replayed in each later step that needs it", also=("block:imports",)),
    _role(
        "functions",
        Role.FUNCTIONS,
        "the definitions of this cell are replayed in each later step that needs them",
        also=("block:functions",),
    ),
    _role("metrics", Role.METRICS, "the numbers printed or assigned in this cell are the run's metrics"),
    _role("skip", Role.SKIP, "this cell is not part of the pipeline"),
    _option("cpu", "N", "cores that the step needs", "500m"),
    _option("memory", "SIZE", "memory that the step needs", "512Mi"),
    _option("gpu", "N", "GPUs that the step needs", "nvidia.com/gpu:1", also=("gpu:RESOURCE:N",)),
    _option("retries", "N", "how often a failed step is tried again"),
    _option("timeout", "TIME", "how long the whole step may run", "1h30m", "90"),
    _option(
        "cache", "on|off", "whether the step's earlier results may be used again", also=("cache:enabled|disabled",)
    ),
    _option("image", "REF", "the container image of the step, on a cluster"),
    _option("env", "K=V", "an environment variable of the step"),
    _option(
        "secret",
        "NAME/KEY=ENV",
        "a secret that the step gets as an environment variable, and that is never written down",
        option="secrets",
        also=("secret:NAME:KEY:ENV",),
    ),
    _option("label", "K=V", "a label of the step, on a cluster", option="labels", also=("label:K:V",)),
    _option(
        "annotation", "K=V", "an annotation of the step, on a cluster", option="annotations", also=("annotation:K:V",)
    ),
    _option(
        "node-selector",
        "K=V",
        "the step runs on nodes with this label, on a cluster",
        option="node_selector",
        also=("node-selector:K:V",),
    ),
    _option(
        "tolerate",
        "K=V:EFFECT",
        "the step may run on nodes with this taint, on a cluster",
        "dedicated",
        option="tolerations",
        also=("tolerate:K", "tolerate:K=V", "tolerate:K:EFFECT"),
    ),
    _option(
        "volume",
        "CLAIM=PATH",
        "a persistent volume claim of the cluster that the step finds at PATH",
        option="volumes",
    ),
    _option(
        "pull-secret",
        "NAME",
        "the secret with which the cluster pulls the step's image",
        option="pull_secrets",
    ),
    _option(
        "pull-policy",
        "Always|IfNotPresent|Never",
        "when the cluster pulls the step's image",
        option="pull_policy",
    ),
    TagRule(
        "block",
        "block:NAME",
        Kind.STEP,
        "the same as step:NAME",
        ("block:load",),
        origin="Kale",
        instead="step:NAME",
    ),
    TagRule(
        "prev",
        "prev:NAME",
        Kind.ORDER,
        "the same as after:NAME",
        ("prev:load", "prev:load:clean"),
        also=("prev:NAME:NAME",),
        origin="Kale",
        instead="after:NAME",
    ),
    _role("pipeline-parameters", Role.PARAMETERS, "the same as parameters", "Kale", "parameters"),
    _role("pipeline-metrics", Role.METRICS, "the same as metrics", "Kale", "metrics"),
    _role("skip-execution", Role.SKIP, "the same as skip", "nbclient", "skip"),
    TagRule(
        "limit",
        "limit:RESOURCE:N",
        Kind.OPTION,
        "the same as cpu:N, memory:SIZE or gpu:RESOURCE:N",
        ("limit:nvidia.com/gpu:1", "limit:memory:8Gi"),
        origin="Kale",
        instead="cpu:N, memory:SIZE, gpu:RESOURCE:N",
    ),
    TagRule(
        "report",
        "report:enabled|disabled",
        Kind.KALE,
        "nothing: a run always keeps each step's executed notebook",
        ("report:enabled",),
        origin="Kale",
    ),
    TagRule(
        "notebook",
        "notebook:NAME",
        Kind.KALE,
        "nothing: a pipeline is made of one notebook",
        ("notebook:training",),
        origin="Kale",
        lost=True,
    ),
)
"""Every tag that means something here."""

_RULES: Mapping[str, TagRule] = {rule.head: rule for rule in GRAMMAR}
# The first versions of Kale wrote roles like steps: `block:imports`.
_WHOLE: Mapping[str, TagRule] = {form: rule for rule in GRAMMAR if rule.kind is Kind.ROLE for form in rule.also}
_GPU_WORDS = ("/", "gpu")
_SYNONYMS = {"params": "parameters", "param": "parameters", "steps": "step", "mem": "memory", "skipped": "skip"}
_NEAR = tuple(rule.head for rule in GRAMMAR if rule.head not in ("report", "notebook", "limit"))
_SHORTEST_NEAR = 4  # shorter words are one edit away from too much


def grammar() -> tuple[dict[str, Json], ...]:
    """The grammar as plain data, for the panel and the docs: one object per tag."""
    return tuple(
        {
            "tag": rule.form,
            "also": list(rule.also),
            "kind": rule.kind.value,
            "meaning": rule.meaning,
            "examples": list(rule.examples),
            "allowed": rule.allowed,
            "origin": rule.origin,
            "instead": rule.instead,
        }
        for rule in GRAMMAR
    )


@dataclass(frozen=True)
class CellTags:
    """What the tags of one cell ask for, each in the order of the tags. `nameless`: a `step:` tag without a name."""

    steps: tuple[str, ...] = ()
    roles: tuple[Role, ...] = ()
    after: tuple[str, ...] = ()
    settings: tuple[Setting, ...] = ()
    nameless: bool = False
    ours: tuple[str, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = field(default=())


def rule_of(tag: str) -> TagRule | None:
    """The row of the grammar that a tag is written by; None for a tag of another tool, or one that is mistyped."""
    head, colon, _ = tag.partition(":")
    rule = _WHOLE.get(tag) or _RULES.get(head)
    return rule if rule is not None and (rule.has_value is bool(colon) or tag in _WHOLE) else None


def read_tags(tags: Sequence[str], at: Location) -> CellTags:
    """What the tags mean. Problems are listed in `diagnostics`, at `at`; an option that has one counts for nothing."""
    found = _Reading(at)
    for tag in tags:
        found.tag(tag)
    return CellTags(
        steps=tuple(dict.fromkeys(found.steps)),
        roles=tuple(dict.fromkeys(found.roles)),
        after=tuple(dict.fromkeys(found.after)),
        settings=tuple(found.settings),
        nameless=found.nameless,
        ours=tuple(found.ours),
        diagnostics=tuple(found.diagnostics),
    )


@dataclass
class _Reading:
    """The tags of one cell while they are read."""

    at: Location
    steps: list[str] = field(default_factory=list)
    roles: list[Role] = field(default_factory=list)
    after: list[str] = field(default_factory=list)
    settings: list[Setting] = field(default_factory=list)
    nameless: bool = False
    ours: list[str] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)

    def tag(self, tag: str) -> None:
        plain = tag.strip()
        head, _, value = plain.partition(":")
        rule = rule_of(plain)
        if rule is None:
            self._foreign(plain)
            return
        self.ours.append(plain)
        match rule.kind:
            case Kind.ROLE if rule.role is not None:
                self.roles.append(rule.role)
            case Kind.STEP:
                self._step(plain, head, value)
            case Kind.ORDER:
                self._order(plain, head, value)
            case Kind.OPTION:
                self._option(plain, rule, value)
            case _:
                severity = Severity.WARNING if rule.lost else Severity.NOTE
                self._report("N2P151", severity, f"Kale's tag `{shown(plain)}` does {rule.meaning}", None)

    def _step(self, tag: str, head: str, name: str) -> None:
        if not name:  # Kale's way to say: the cell goes on with the step above
            self.nameless = True
        elif is_name(normal(name)):
            self.steps.append(normal(name))
        else:
            self.steps.extend(self._bad_name(tag, head, name))

    def _order(self, tag: str, head: str, names: str) -> None:
        for name in filter(None, names.split(":")):
            if is_name(normal(name)):
                self.after.append(normal(name))
            else:
                self.after.extend(self._bad_name(tag, head, name))

    def _bad_name(self, tag: str, head: str, name: str) -> list[str]:
        """Report it. The valid name that is nearest counts, if any, so that one mistake is not followed by others."""
        near = suggest_name(name)
        hint = f"did you mean `{head}:{near}`?" if near else f"a name is made of {NAME_RULE}: `{head}:load`"
        self._report(
            "N2P122", Severity.ERROR, f"the tag `{shown(tag)}` has no valid step name: {NAME_RULE} are allowed", hint
        )
        return [near] if near else []

    def _option(self, tag: str, rule: TagRule, value: str) -> None:
        option, text = (rule.option, value) if rule.option else _limit(value)
        if option is None:
            message = f"Kale's tag `{shown(tag)}` has no counterpart here and is not carried over"
            self._report("N2P151", Severity.WARNING, message, "use `cpu:`, `memory:` or `gpu:`, or remove the tag")
            return
        try:
            self.settings.append(OPTIONS[option].setting(text))
        except ValueError as error:
            hint = f"for example `{rule.examples[0]}`"
            self._report("N2P120", Severity.ERROR, f"the tag `{shown(tag)}` has a wrong value; allowed: {error}", hint)

    def _foreign(self, tag: str) -> None:
        near = near_miss(tag)
        if near is not None:
            message = f"the tag `{shown(tag)}` means nothing to nb2pipe and is ignored"
            self._report("N2P121", Severity.WARNING, message, f"did you mean `{near}`?")

    def _report(self, code: str, severity: Severity, message: str, hint: str | None) -> None:
        self.diagnostics.append(Diagnostic(code, severity, message, self.at, hint))


def _limit(value: str) -> tuple[str | None, str]:
    """Kale's `limit:RESOURCE:N` as an option of ours and its text."""
    resource, _, amount = value.rpartition(":")
    if resource in ("cpu", "memory"):
        return resource, amount
    if any(word in resource for word in _GPU_WORDS):
        return "gpu", value
    return None, value


def near_miss(tag: str) -> str | None:
    """The tag of ours that a foreign one perhaps should be, or None. At most one edit away, cheap for any text."""
    head, separator, value = tag.partition(":")
    for other in ("：", "=", ";", " "):
        if not separator and head.partition(other)[0].casefold() in ("step", "after", "block", "prev"):
            head, separator, value = tag.partition(other)
    word = head.strip().casefold()
    word = _SYNONYMS.get(word, word)
    found = next((known for known in _NEAR if known == word), None)
    if found is None and len(word) >= _SHORTEST_NEAR:
        found = next((known for known in _NEAR if one_edit(word, known)), None)
    if found is None:
        return None
    rule = _RULES[found]
    if not rule.has_value:
        return found
    if not separator:  # a bare `gpu` or `image` may well be another tool's
        return rule.form if rule.kind is Kind.STEP else None
    text = value.strip()
    if rule.kind is Kind.STEP:
        text = suggest_name(text) or "NAME"
    return f"{found}:{shown(text)}"


def one_edit(a: str, b: str) -> bool:
    """True if one letter added, left out, changed, or two neighbours swapped make `b` of `a`. Linear."""
    if a == b or abs(len(a) - len(b)) > 1:
        return False
    start = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    rest_a, rest_b = a[start:], b[start:]
    return (
        rest_a[1:] == rest_b[1:]
        or rest_a[1:] == rest_b
        or rest_a == rest_b[1:]
        or (rest_a[1::-1] == rest_b[:2] and rest_a[2:] == rest_b[2:])
    )
