"""What one evidence row says of one check: PASS, FAIL, unanswered, or nothing at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Literal

from include.assessment.period import Period
from include.checks.assertions import ASSERTIONS
from include.checks.check import Check, CheckSource
from include.checks.parameters import Comparison, compare_parameters
from include.clock import from_iso
from include.evidence.deployment import Deployment
from include.evidence.item import Evidence

#: ``GONE``: shown with its days, not in the verdict. ``CURRENT``: speaks of today only and
#: decides nothing about the past. ``SILENT``: outside the check's population, or no judgement.
Word = Literal["PASS", "FAIL", "UNANSWERED", "GONE", "CURRENT", "SILENT"]
_SEVERITIES = frozenset({"CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL"})
Related = Mapping[str, Sequence[Mapping[str, Any]]]


class Judge:
    """Judges rows against checks for one period. ``past``: the period is over."""

    def __init__(self, period: Period, *, past: bool, whole_period: bool = False) -> None:
        self._period = period
        self._past = past
        self._whole_period = whole_period
        self._compared: dict[tuple[str, str, str], Comparison] = {}

    def compare(self, check: Check, deployment: Deployment) -> Comparison:
        """How a deployment's parameters stand to the check's; an API call has none of its own."""
        if check.by_source[deployment.source].answers != "verdict":
            return "equal"
        key = (check.id, deployment.source, deployment.arn)
        if key not in self._compared:
            self._compared[key] = compare_parameters(
                check, deployment.parameters, deployment.source
            )
        return self._compared[key]

    def word(
        self,
        check: Check,
        source: CheckSource,
        row: Evidence,
        deployment: Deployment | None,
        related: Related,
        related_is_current: bool,
    ) -> Word:
        """The row's word on the check; ``deployment`` is what judged, None when it isn't known."""
        if not source.judges:
            return "SILENT"
        if source.answers == "assertion" and row.resource_type != check.resource_type:
            return "SILENT"
        if source.answers == "verdict" and (
            row.result in ("NONE", "NOT_APPLICABLE") or self._other(check, row, deployment)
        ):
            return "SILENT"
        if not row.in_population:
            return "GONE"
        if self._past and (row.known == "CURRENT_ONLY" or related_is_current):
            return "CURRENT"
        if source.answers == "verdict":
            return self._verdict(check, row, deployment)
        if source.answers == "assertion":
            return self._assertion(check, source, row, related)
        if source.answers == "threshold":
            return self._threshold(check, row)
        return self._event(source, row)

    def _other(self, check: Check, row: Evidence, deployment: Deployment | None) -> bool:
        """Judged by something that asks another question, or that was not working at the end."""
        if deployment is None:
            return compare_parameters(check, row.parameters, row.source) == "other"
        return deployment.state != "ACTIVE" or self.compare(check, deployment) == "other"

    def _verdict(self, check: Check, row: Evidence, deployment: Deployment | None) -> Word:
        comparison = (
            self.compare(check, deployment)
            if deployment
            else compare_parameters(check, row.parameters, row.source)
        )
        result = row.result
        if self._whole_period and row.failed:
            result = "FAIL"
        if result == "PASS":
            return "UNANSWERED" if comparison == "weaker" else "PASS"
        if result == "FAIL":
            return "UNANSWERED" if comparison == "stricter" else "FAIL"
        return "UNANSWERED"

    def _assertion(
        self, check: Check, source: CheckSource, row: Evidence, related: Related
    ) -> Word:
        configuration = row.attributes.get("configuration")
        if configuration is None:
            return "UNANSWERED"
        answer = ASSERTIONS[source.assertion](
            configuration, related, check.parameter_values, self._period.end
        )
        return "SILENT" if answer == "NOT_APPLICABLE" else answer

    def _threshold(self, check: Check, row: Evidence) -> Word:
        """Fails a finding that is open, of the severity asked for, and older than allowed.

        What is of no known severity (UNTRIAGED, a word of tomorrow) may be of that one.
        """
        wanted = check.parameter_values
        if row.result in ("PASS", "NOT_APPLICABLE"):
            return "PASS" if row.result == "PASS" else "SILENT"
        if row.result == "UNANSWERED" or row.severity.upper() not in _SEVERITIES:
            return "UNANSWERED"
        if str(wanted.get("severity", row.severity)).upper() != row.severity.upper():
            return "PASS"
        if str(row.attributes.get("fix_available", "YES")).upper() in ("NO", "FALSE"):
            return "PASS"
        opened = row.attributes.get("first_observed")
        try:
            since = from_iso(opened) if isinstance(opened, str) else None
            days = float(str(wanted.get("days", 0)))
        except ValueError:
            return "UNANSWERED"
        if since is None:
            return "UNANSWERED"
        return "FAIL" if self._period.end - since > timedelta(days=days) else "PASS"

    def _event(self, source: CheckSource, row: Evidence) -> Word:
        """Activity within the period: it fails what it is about, or is what had to happen."""
        if row.source_time not in self._period:
            return "SILENT"
        return "FAIL" if source.expected == "absent" else "PASS"
