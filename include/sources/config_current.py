"""What Config's rules say now: one advanced query for all, or rule by rule where that can't be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from include.evidence.snapshot import SnapshotWriter
from include.sources.base import pages
from include.sources.config_history import standings
from include.sources.config_items import selected
from include.sources.config_recorder import COMPLIANCE_TYPE
from include.sources.config_rules import Rule
from include.sources.config_shelf import Detail, Key, Row, Shelf

#: Every resource's standing with every rule: a row per resource, not per evaluation.
STANDINGS = (
    "SELECT resourceId, configurationItemCaptureTime, configuration.targetResourceType,"
    " configuration.targetResourceId, configuration.complianceType, configuration.configRuleList"
    f" WHERE resourceType = '{COMPLIANCE_TYPE}'"
)


#: GetComplianceDetailsByConfigRule takes no longer names, though rules may have them (packs').
LONGEST_NAME = 64


@dataclass
class Tally:
    """What was read: rows by (type, overall result), failing results by rule, names of rules.

    ``evaluations`` are results of all kinds, a rule's about a resource each.
    """

    rows: Counter[tuple[str, str]] = field(default_factory=Counter)
    failing: Counter[str] = field(default_factory=Counter)
    names: dict[str, str] = field(default_factory=dict)
    evaluations: int = 0

    @property
    def non_compliant(self) -> int:
        """Failing results under all rules."""
        return sum(self.failing.values())


def read_standings(out: SnapshotWriter, config: Any, shelf: Shelf) -> Tally:
    """Put every resource's newest compliance item on the shelf: a hundred resources per call."""
    return shelve(out, selected(out, config, STANDINGS), shelf)


def shelve(out: SnapshotWriter, rows: Iterator[Mapping[str, Any]], shelf: Shelf) -> Tally:
    """Put rows of :data:`STANDINGS` on the shelf, each resource once."""
    tally = Tally()
    for row in rows:
        said = standings(row, tally.names)
        kept = shelf.put(
            Row(
                key=_target(row),
                captured=row["configurationItemCaptureTime"],
                seen=row["seen"],
                page=row["page"],
                offset=row["offset"],
                said=said,
            )
        )
        if not kept:
            out.duplicates += 1
            continue
        overall = str((row.get("configuration") or {}).get("complianceType") or "")
        tally.rows[_target(row)[0], overall] += 1
        tally.evaluations += len(said)
        tally.failing.update(arn for arn, status in said.items() if status == "NON_COMPLIANT")
    return tally


def read_details(
    out: SnapshotWriter, config: Any, rule: Rule, shelf: Shelf, *, only_failing: bool = False
) -> Iterator[Detail]:
    """Put a rule's evaluation results on the shelf, a hundred per call; those that are new.

    Evaluations of what is yet to be deployed (proactive) are no evidence of what exists. A rule
    whose name is too long for the call can't be read this way: then the cell is PARTIAL.
    """
    if len(rule.name) > LONGEST_NAME:
        out.stop_short(
            f"The rule '{rule.name}' can't be read by itself: "
            f"AWS Config takes at most {LONGEST_NAME} characters there."
        )
        return
    request: dict[str, Any] = {"ConfigRuleName": rule.name, "Limit": 100}
    if only_failing:
        request["ComplianceTypes"] = ["NON_COMPLIANT"]
    for listing in pages(
        out, config, "GetComplianceDetailsByConfigRule", "EvaluationResults", request
    ):
        for offset, result in enumerate(listing.items):
            qualifier = result["EvaluationResultIdentifier"]["EvaluationResultQualifier"]
            if qualifier.get("EvaluationMode", "DETECTIVE") != "DETECTIVE":
                continue
            recorded: datetime = result["ResultRecordedTime"]
            detail = Detail(
                rule.arn,
                (qualifier["ResourceType"], qualifier["ResourceId"]),
                result["ComplianceType"],
                recorded,
                listing.page,
                offset,
                listing.answer.at,
            )
            if shelf.put_detail(detail):
                yield detail
            else:
                out.duplicates += 1


def _target(row: Mapping[str, Any]) -> Key:
    """The resource a compliance item speaks of; its own id is ``<type>/<id>``."""
    configuration = row.get("configuration") or {}
    type_, _, id_ = str(row["resourceId"]).partition("/")
    return (
        str(configuration.get("targetResourceType") or type_),
        str(configuration.get("targetResourceId") or id_),
    )
