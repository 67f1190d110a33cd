"""What an assessment found: frozen values that reports, metrics and uploads are made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from pydantic import TypeAdapter

from include.digests import digest_of

Answer = Literal[
    "NO_RESOURCES",
    "ANSWERED",
    "NOT_DEPLOYED",
    "DISABLED",
    "BEYOND_REACH",
    "NOT_RECORDED",
    "NEVER_EVALUATED",
    "STALE",
    "INCOMPLETE",
]
#: From best to worst; a check's answer is the worst of its cells'. Among several sources of which
#: none answered, the one that came nearest (the last in this order) speaks for the cell.
ANSWER_ORDER: tuple[Answer, ...] = (
    "NO_RESOURCES",
    "ANSWERED",
    "NOT_DEPLOYED",
    "DISABLED",
    "BEYOND_REACH",
    "NOT_RECORDED",
    "NEVER_EVALUATED",
    "STALE",
    "INCOMPLETE",
)
#: The answers that settle a check in a cell.
SETTLED: frozenset[str] = frozenset({"ANSWERED", "NO_RESOURCES"})

Status = Literal["COMPLIANT", "NON_COMPLIANT", "INCONCLUSIVE", "NOT_APPLICABLE"]
STATUSES: tuple[Status, ...] = ("COMPLIANT", "NON_COMPLIANT", "INCONCLUSIVE", "NOT_APPLICABLE")
Role = Literal["required", "supporting", "shown"]
#: ``COMPLETE``: every cell was collected. ``INCOMPLETE``: evidence is missing. ``INTERIM``: scope
#: or sources were reduced, or the period has not ended; never the period's final result.
AssessmentStatus = Literal["COMPLETE", "INCOMPLETE", "INTERIM"]


def worst(answers: list[Answer]) -> Answer:
    """The answer that settles least; of none at all, INCOMPLETE."""
    return max(answers, key=ANSWER_ORDER.index, default="INCOMPLETE")


@dataclass(frozen=True)
class Finding:
    """One source's word that a resource fails; ``since`` is when (ISO UTC) or ''.

    ``failed`` are the intervals (start, end) within the period in which it failed by that source;
    an end of '' is still open. What began before the period begins with it here.
    """

    source: str
    region: str
    deployment: str
    raw_status: str
    known: str
    source_time: str
    evidence_id: str
    since: str = ""
    failed: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class FailingResource:
    """A resource in scope that fails at the period's end, and who says so."""

    resource: str
    resource_type: str
    account: str
    region: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Disagreement:
    """Sources that answered one resource differently; the worse answer counted."""

    resource: str
    results: Mapping[str, str]


@dataclass(frozen=True)
class Shown:
    """A resource beside the verdict: failed and fixed within the period, or gone at its end."""

    resource: str
    source: str
    failed: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Proof:
    """What shows that a source looked, also where it found nothing.

    ``deployment`` names the rule, control or call; ``comparison`` says how its parameters stand to
    the check's. ``last_evaluated`` is ISO UTC, or '' for what stands ready for any change. The
    receipts of the same source, account and region name the snapshots it was read from.
    """

    source: str
    region: str
    deployment: str
    comparison: str
    narrowed: bool
    last_evaluated: str


@dataclass(frozen=True)
class CellAnswer:
    """The answer of one check for one account (``region`` '' when locality is the account).

    ``sources`` answered completely, in ``answered_in``, which ``proof`` shows. ``blocked`` is true
    when a source that could hide a failure was not collected completely, or answered last period
    and is gone now. Counts are of resources.
    """

    account: str
    region: str
    answer: Answer
    sources: tuple[str, ...] = ()
    answered_in: tuple[str, ...] = ()
    passing: int = 0
    failing: tuple[FailingResource, ...] = ()
    unanswered: tuple[str, ...] = ()
    disagreements: tuple[Disagreement, ...] = ()
    fixed: tuple[Shown, ...] = ()
    gone: tuple[Shown, ...] = ()
    blocked: bool = False
    evidence: int = 0
    proof: tuple[Proof, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def settled(self) -> bool:
        """Whether nothing is left open here."""
        return self.answer in SETTLED

    @property
    def population(self) -> int:
        """The resources that were looked at: passing, failing and unanswered."""
        return self.passing + len(self.failing) + len(self.unanswered)


@dataclass(frozen=True)
class CheckResult:
    """One check over all its cells. ``judges`` is false when its sources only show evidence."""

    id: str
    question: str
    severity: str
    resource_type: str
    locality: str
    judges: bool
    answer: Answer
    sources: tuple[str, ...]
    failing: tuple[str, ...]
    cells: tuple[CellAnswer, ...]


@dataclass(frozen=True)
class Excused:
    """A failing resource that an exception of the register covers."""

    check: str
    resource: str
    exception: str


@dataclass(frozen=True)
class MappedCheck:
    """A check as one control maps it; ``failing`` is raw, ``excused`` the part of it excepted."""

    id: str
    role: Role
    failing: tuple[str, ...] = ()
    excused: tuple[Excused, ...] = ()


@dataclass(frozen=True)
class ManualState:
    """Evidence that people have to provide: what is asked, what is there, what was accepted.

    ``lacking`` are the accounts that none of what was accepted is about, while some is.
    """

    asked: str
    present: tuple[str, ...] = ()
    accepted: tuple[str, ...] = ()
    lacking: tuple[str, ...] = ()

    @property
    def settled(self) -> bool:
        """Whether something was accepted for every account."""
        return bool(self.accepted) and not self.lacking

    @property
    def state(self) -> str:
        """In words: accepted (for all or some accounts), present but not reviewed, or missing."""
        if self.accepted:
            return f"not accepted for {', '.join(self.lacking)}" if self.lacking else "accepted"
        return "present, not reviewed" if self.present else "missing"


@dataclass(frozen=True)
class ControlResult:
    """One control's status with the sentence that explains it."""

    id: str
    set: str
    title: str
    status: Status
    reason: str
    level: str = ""
    checks: tuple[MappedCheck, ...] = ()
    manual: ManualState | None = None
    decision: str = ""
    by_account: Mapping[str, Status] = field(default_factory=dict)


@dataclass(frozen=True)
class ControlSet:
    """A control set's id and title, in the framework's order."""

    id: str
    title: str


@dataclass(frozen=True)
class Gap:
    """Evidence that is missing. ``blocking`` gaps keep the run from ending as a success."""

    source: str
    account: str
    region: str
    status: str
    message: str
    controls: tuple[str, ...]
    blocking: bool = True
    decision: str = ""


@dataclass(frozen=True)
class ReceiptLine:
    """One cell's receipt in short, with the snapshot it belongs to.

    ``calls`` are answered requests; ``retries`` and ``throttles`` come on top.
    """

    source: str
    account: str
    region: str
    selection: str
    status: str
    items: int
    pages: int
    retries: int
    throttles: int
    cursor_exhausted: bool
    started: str
    ended: str
    message: str = ""
    missing_permission: str = ""
    uri: str = ""
    digest: str = ""
    content_digest: str = ""
    calls: int = 0


@dataclass(frozen=True)
class RegisterLine:
    """One entry of a register as the report lists it."""

    register: str
    id: str
    what: str
    reason: str
    owner: str
    approver: str
    start: str
    until: str
    state: Literal["in force", "expired", "not yet in force"]
    used: bool = False


@dataclass(frozen=True)
class EvidenceCounts:
    """How many items the snapshots hold, and how many of them speak to the framework's checks."""

    total: int
    mapped: int
    by_source: Mapping[str, int]
    by_known: Mapping[str, int]
    by_source_and_known: Mapping[str, Mapping[str, int]]
    by_result: Mapping[str, int]


@dataclass(frozen=True)
class Earlier:
    """The earlier result that this one stands on: its period and its content digest."""

    period: str
    content_digest: str


@dataclass(frozen=True)
class Assessment:
    """Everything one assessment found. Times ISO 8601 UTC; ``as_of`` is the newest snapshot's.

    ``earlier`` is the last period's result, an input: what answered then and is gone now is seen
    by it. None for the first one.
    """

    framework: str
    framework_title: str
    framework_version: str
    period: str
    period_start: str
    period_end: str
    accounts: tuple[str, ...]
    regions: tuple[str, ...]
    status: AssessmentStatus
    interim: tuple[str, ...]
    as_of: str
    sets: tuple[ControlSet, ...]
    controls: tuple[ControlResult, ...]
    checks: tuple[CheckResult, ...]
    gaps: tuple[Gap, ...]
    receipts: tuple[ReceiptLine, ...]
    registers: tuple[RegisterLine, ...]
    evidence: EvidenceCounts
    earlier: Earlier | None = None

    @cached_property
    def check_by_id(self) -> Mapping[str, CheckResult]:
        """The checks by their id."""
        return {check.id: check for check in self.checks}

    @cached_property
    def content_digest(self) -> str:
        """Over all that was found, nothing about the collecting: equal for equal evidence."""
        data = self.to_json()
        for about_collecting in ("as_of", "receipts"):
            del data[about_collecting]
        return digest_of(data)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        data: dict[str, Any] = _ADAPTER.dump_python(self, mode="json")
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Assessment:
        """The inverse of :meth:`to_json`."""
        return _ADAPTER.validate_python(dict(data))


_ADAPTER: TypeAdapter[Assessment] = TypeAdapter(Assessment)
