"""What is open over all frameworks of a period: exceptions, missing evidence, awaited people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from include.metrics.exceptions import line_of
from include.metrics.model import Row

if TYPE_CHECKING:
    from include.metrics.portfolio import Result


def exceptions_of(results: Sequence[Result]) -> Row:
    """The exceptions of all frameworks, each once, with the controls they excuse in each."""
    applied: dict[str, dict[str, Any]] = {}
    found: dict[str, Row] = {}
    soon: set[str] = set()
    ended: set[str] = set()
    within = 0
    for one in results:
        framework, told = one.assessment.framework, one.metrics.exceptions
        within = max(within, told["expiring_within_days"])
        soon |= set(told["expiring"])
        ended |= {row["id"] for row in told["expired"]}
        for line in one.assessment.registers:
            if line.register == "exceptions":
                found[line.id] = line_of(line)
        for row in told["applied"]:
            entry = applied.setdefault(row["id"], {"controls": {}, "resources": set()})
            entry["days_left"], entry["expires_soon"] = row["days_left"], row["expires_soon"]
            entry["controls"][framework] = list(row["controls"])
            entry["resources"] |= set(row["resources"])
    return {
        "expiring_within_days": within,
        "applied": [
            {**found[name], **applied[name], "resources": sorted(applied[name]["resources"])}
            for name in sorted(applied)
        ],
        "expiring": [found[name] for name in sorted(soon)],
        "expired": [found[name] for name in sorted(ended)],
    }


def gaps_of(results: Sequence[Result]) -> list[Row]:
    """Each place where evidence is missing once; blocking ones first, then the widest."""
    found: dict[tuple[str, str, str, str], dict[str, Any]] = {}
    for one in results:
        for gap in one.assessment.gaps:
            entry = found.setdefault(
                (gap.source, gap.account, gap.region, gap.status),
                {
                    "source": gap.source,
                    "account": gap.account,
                    "region": gap.region,
                    "status": gap.status,
                    "message": gap.message,
                    "blocking": False,
                    "decision": "",
                    "controls": {},
                },
            )
            entry["blocking"] |= gap.blocking
            entry["decision"] = entry["decision"] or gap.decision
            entry["controls"][one.assessment.framework] = len(gap.controls)
    return sorted(
        found.values(),
        key=lambda row: (
            not row["blocking"],
            -sum(row["controls"].values()),
            row["source"],
            row["account"],
            row["region"],
            row["status"],
        ),
    )


def awaiting_of(results: Sequence[Result]) -> list[Row]:
    """The controls that are inconclusive for want of evidence from people."""
    return [
        {
            "framework": one.assessment.framework,
            "control": control.id,
            "title": control.title,
            "asked": control.manual.asked,
            "state": control.manual.state,
        }
        for one in results
        for control in one.assessment.controls
        if control.status == "INCONCLUSIVE"
        and control.manual is not None
        and not control.manual.settled
    ]
