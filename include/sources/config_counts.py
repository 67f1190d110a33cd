"""What was read of Config, compared with counts that Config makes itself."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from include.aws.errors import error_code
from include.evidence.snapshot import SnapshotWriter
from include.sources.base import pages
from include.sources.config_current import Tally
from include.sources.config_items import NO_QUERY
from include.sources.config_recorder import COMPLIANCE_TYPE
from include.sources.config_rules import Rule

_COUNTED = (
    "SELECT configuration.targetResourceType, configuration.complianceType, COUNT(*)"
    f" WHERE resourceType = '{COMPLIANCE_TYPE}'"
    " GROUP BY configuration.targetResourceType, configuration.complianceType"
)
_KINDS = ("COMPLIANT", "NON_COMPLIANT", "INSUFFICIENT_DATA")


def compare_standings(out: SnapshotWriter, config: Any, tally: Tally) -> None:
    """Compare the rows with Config's own count of them. One call; another where they differ."""
    found = Counter[str]()
    for (_, kind), number in tally.rows.items():
        found[kind] += number
    expected = _counted(out, config)
    if expected is None:
        return
    explanation = ""
    if expected != found:
        again = _counted(out, config)
        # A second count unlike the first shows that compliance was changing meanwhile.
        explanation = "compliance was changing while it was read" if again != expected else ""
    for kind in sorted({*expected, *found, *_KINDS} - {""}):
        out.count(f"AWS Config: {kind} resources", expected[kind], found[kind], explanation)


def _counted(out: SnapshotWriter, config: Any) -> Counter[str] | None:
    counted = Counter[str]()
    try:
        for listing in pages(
            out, config, "SelectResourceConfig", "Results", {"Expression": _COUNTED}
        ):
            for text in listing.items:
                row = json.loads(text)
                kind = str(member(row, "configuration.complianceType") or "")
                counted[kind] += int(member(row, "COUNT(*)") or 0)
    except ClientError as error:
        if error_code(error) not in NO_QUERY:
            raise
        out.note(f"AWS Config did not count its compliance results: {error_code(error)}.")
        return None
    return counted


def compare_inventory(
    out: SnapshotWriter, config: Any, rules: Iterable[Rule], tally: Tally
) -> None:
    """Compare judged resources with the recorder's inventory, type by type. One call.

    Only for types that a rule judges as a whole. A resource without a result is one to which no
    rule applies, or which came after the rules' last run; results without a resource are of one
    that was just deleted.
    """
    types = {
        type_
        for rule in rules
        if rule.deployment.state == "ACTIVE" and not rule.deployment.narrowed
        for type_ in rule.deployment.resource_types
    }
    if not types:
        return
    inventory = Counter[str]()
    for listing in pages(
        out,
        config,
        "GetDiscoveredResourceCounts",
        "resourceCounts",
        {"limit": 100},
        token="nextToken",
    ):
        for one in listing.items:
            inventory[one["resourceType"]] += one["count"]
    judged = Counter[str]()
    for (type_, _), number in tally.rows.items():
        judged[type_] += number
    for type_ in sorted(types):
        expected, found = inventory[type_], judged[type_]
        explanation = ""
        if found < expected:
            explanation = "no rule applies to the others, or they came after the rules' last run"
        elif found > expected:
            explanation = "the others were being deleted"
        out.count(f"AWS Config inventory: {type_}", expected, found, explanation)


def member(row: Mapping[str, Any], path: str) -> Any:
    """A selected value: aggregated rows hold it under its whole name, others in its place."""
    if path in row:
        return row[path]
    value: Any = row
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value
