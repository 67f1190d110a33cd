"""The life of a control finding: result, record state and workflow over time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from include.local_aws.services.moments import DAY
from include.local_aws.services.securityhub.switches import Span

#: Archived findings are deleted when they have not been updated for 30 days.
ARCHIVED_KEPT = 30 * DAY
_STATUS = {"PASS": "PASSED", "FAIL": "FAILED"}


@dataclass(frozen=True, slots=True)
class Suppression:
    """Somebody put a finding out of sight in a span of time."""

    span: Span
    note: str
    by: str

    def covers(self, at: int) -> bool:
        """Whether it is suppressed at ``at``."""
        start, end = self.span
        return start <= at and (end is None or at < end)


@dataclass(frozen=True, slots=True)
class State:
    """What a finding says from ``at`` on. ``by``: who changed it; '' is Security Hub itself."""

    at: int
    status: str
    archived: bool
    workflow: str
    by: str = ""
    note: str = ""

    @property
    def says(self) -> tuple[str, bool, str]:
        """What a change shows in."""
        return self.status, self.archived, self.workflow


def life(
    recorded: Sequence[tuple[int, str]],
    running: Sequence[Span],
    suppressed: Iterable[Suppression],
    until: int,
) -> list[State]:
    """The states of one finding up to ``until``, oldest first; empty when there is none.

    ``recorded`` are (time, PASS | FAIL | GONE | the control's own word), oldest first; ``running``
    is when what makes the finding was switched on. A finding that stayed archived for 30 days is
    forgotten; if the control finds the resource again, that is a new finding.
    """
    suppressions = list(suppressed)
    edges = {at for at, _ in recorded} | {at for span in running for at in span if at is not None}
    edges |= {at for one in suppressions for at in one.span if at is not None}
    states: list[State] = []
    position, status, gone = 0, "", False
    for at in sorted(edge for edge in edges if edge <= until):
        while position < len(recorded) and recorded[position][0] <= at:
            word = recorded[position][1]
            gone = word == "GONE"
            status = status if gone else _STATUS.get(word, word)
            position += 1
        archived = gone or not _covers(running, at)
        if not status or (archived and not states):
            continue
        by = next((one for one in suppressions if one.covers(at)), None)
        own = "RESOLVED" if archived or status == "PASSED" else "NEW"
        state = State(
            at,
            status,
            archived,
            "SUPPRESSED" if by else own,
            note=by.note if by else "",
            by=_changed_by(states[-1] if states else None, at, suppressions),
        )
        if states and states[-1].archived and states[-1].at + ARCHIVED_KEPT < at:
            states = []
            if archived:
                continue
        if not states or states[-1].says != state.says:
            states.append(state)
    if states and states[-1].archived and states[-1].at + ARCHIVED_KEPT < until:
        return []
    return states


def _changed_by(before: State | None, at: int, suppressions: Sequence[Suppression]) -> str:
    if before is None:
        return ""
    return next((one.by for one in suppressions if at in one.span), "")


def _covers(spans: Sequence[Span], at: int) -> bool:
    return any(start <= at and (end is None or at < end) for start, end in spans)
