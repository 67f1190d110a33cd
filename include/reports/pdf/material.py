"""What several chapters look up again and again, put in order once per report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from include.assessment.result import ReceiptLine, RegisterLine
from include.reports.facts import Facts, in_order
from include.reports.model import ReportModel, source_name
from include.reports.next_steps import NextSteps

#: More stretches of receipts' numbers than this are counted, not named.
_MOST_STRETCHES = 6


class Material:
    """One report's model with its look-ups; ``listed`` tells where a check's failures stand."""

    def __init__(self, model: ReportModel) -> None:
        self.model = model
        self.facts = Facts(model.assessment)
        self.next_steps = NextSteps(model)
        #: The control under which all resources that fail a check were listed first.
        self.listed: dict[str, str] = {}
        self._failures: dict[tuple[str, str], Mapping[str, Any]] = {
            (one["check"], one["resource"]): one
            for one in model.metrics.non_compliance.get("failures", ())
            if one["state"] == "failing"
        }
        self._over: dict[tuple[str, str], Mapping[str, Any]] = {
            (one["check"], one["resource"]): one
            for one in model.metrics.non_compliance.get("failures", ())
            if one["state"] != "failing"
        }
        self._evidence: dict[str, Mapping[str, Any]] = {
            one["control"]: one for one in model.metrics.evidence.get("by_control", ())
        }
        self._receipts: dict[str, list[int]] = {}
        order = {source: n for n, source in enumerate(in_order(_sources(model)))}
        #: As appendix A numbers them: by source, account and region.
        self.receipts = sorted(
            model.assessment.receipts,
            key=lambda one: (order[one.source], one.account, one.region, one.selection),
        )
        for n, line in enumerate(self.receipts, 1):
            self._receipts.setdefault(line.source, []).append(n)
        self._exceptions: dict[str, RegisterLine] = {
            line.id: line for line in model.assessment.registers if line.register == "exceptions"
        }

    def failure(self, check: str, resource: str) -> Mapping[str, Any]:
        """What the metrics know of a failing resource's past: since when, for how many days."""
        return self._failures.get((check, resource), {})

    def over(self, check: str, resource: str) -> Mapping[str, Any]:
        """The same of one that failed within the period but not at its end."""
        return self._over.get((check, resource), {})

    def evidence_of(self, control: str) -> Mapping[str, Any]:
        """The control's items of evidence, counted; empty where they were not."""
        return self._evidence.get(control, {})

    def exception(self, entry: str) -> RegisterLine | None:
        """A line of the register of exceptions by its id."""
        return self._exceptions.get(entry)

    def receipts_of(self, sources: Sequence[str]) -> str:
        """The numbers that appendix A gives to the receipts of these sources: ``1-6, 13``."""
        numbers = sorted(n for source in set(sources) for n in self._receipts.get(source, ()))
        stretches: list[list[int]] = []
        for n in numbers:
            if stretches and stretches[-1][1] == n - 1:
                stretches[-1][1] = n
            else:
                stretches.append([n, n])
        if len(stretches) > _MOST_STRETCHES:
            return f"{len(numbers):,}, by source"
        return ", ".join(f"{a}" if a == b else f"{a}\N{EN DASH}{b}" for a, b in stretches)


def _sources(model: ReportModel) -> set[str]:
    return {line.source for line in model.assessment.receipts}


def short_name(source: str) -> str:
    """A source's name without whose it is: there is little room in a table."""
    return source_name(source).removeprefix("AWS ").removeprefix("Amazon ")


def ended_well(line: ReceiptLine) -> bool:
    """Whether a cell was collected completely."""
    return line.status in ("COMPLETE", "COMPLETE_EMPTY")
