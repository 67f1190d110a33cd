"""What was switched on: the rules, controls and calls that stood ready to answer in one cell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal

from include.clock import iso
from include.evidence.cell import Cell

#: ``ACTIVE`` answers; ``DISABLED`` was switched off; ``NOT_RECORDED``: the recorder leaves out
#: the type; ``NEVER_EVALUATED``: exists but has not run up to the period's end;
#: ``STALE``: exists but did not run within the period; ``BEYOND_REACH``: the past is forgotten.
State = Literal["ACTIVE", "DISABLED", "NOT_RECORDED", "NEVER_EVALUATED", "STALE", "BEYOND_REACH"]


@dataclass(frozen=True)
class Deployment:
    """One rule, control or API call that could answer ``keyword`` at the period's end.

    ``last_evaluated`` is ISO UTC or ''. ``resource_types`` empty means: whatever the rule is for.
    ``narrowed`` is true when a scope (tag, single resource) keeps it from the whole population.
    """

    source: str
    keyword: str
    account: str
    region: str
    state: State
    arn: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    last_evaluated: str = ""
    resource_types: tuple[str, ...] = ()
    narrowed: bool = False

    @classmethod
    def of_keyword(
        cls,
        cell: Cell,
        keyword: str,
        state: State,
        last: datetime | None,
        *,
        narrowed: bool = False,
    ) -> Deployment:
        """A keyword that nobody has to deploy, such as an API call: it is its own deployment.

        ``last`` is when it was answered; told as of the period's end where that is earlier.
        """
        return cls(
            source=cell.source,
            keyword=keyword,
            account=cell.account,
            region=cell.region,
            state=state,
            arn=keyword,
            last_evaluated="" if last is None else iso(min(last, cell.period.end)),
            narrowed=narrowed,
        )

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Deployment:
        """The inverse of :meth:`to_json`."""
        return cls(**{**data, "resource_types": tuple(data.get("resource_types", ()))})
