"""Config's memory of compliance: who stood how with which rule, and since when."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from include.assessment.period import Period
from include.aws.errors import error_code
from include.evidence.snapshot import SnapshotWriter
from include.sources.base import pages
from include.sources.config_items import UNKNOWN
from include.sources.config_recorder import COMPLIANCE_TYPE
from include.sources.config_shelf import Key
from include.sources.timeline import GONE, Change


@dataclass
class History:
    """The changes of one resource, by rule ARN; ``page`` is where they were read.

    ``names`` are the rules' names as the items give them. ``whole`` is false when the items don't
    reach back to the period's start: Config has forgotten, or never saw, what came before.
    """

    changes: dict[str, list[Change]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    page: str = ""
    whole: bool = True

    def of(self, rule_arn: str) -> list[Change]:
        """The changes under one rule, oldest first."""
        return self.changes.get(rule_arn, [])


def history_from(items: Iterable[tuple[datetime, Mapping[str, str]]], page: str = "") -> History:
    """A history out of items (captured, standing by rule ARN), oldest first."""
    history = History(page=page)
    standing: dict[str, str] = {}
    for at, now in items:
        # A rule that an item no longer names has nothing to say of the resource any more.
        whole = {rule: GONE for rule in standing} | dict(now)
        for rule, status in whole.items():
            if standing.get(rule) != status:
                history.changes.setdefault(rule, []).append(Change(at, status))
        standing = whole
    return history


def compliance_history(
    out: SnapshotWriter, config: Any, key: Key, period: Period
) -> History | None:
    """A resource's changes from the period's start (the state then included) until now.

    Config writes one item per transition, listing the resource's standing with every rule. They
    are read newest first, and no further back than to the first one before the period. None when
    Config doesn't know the resource, or doesn't record compliance.
    """
    items: list[tuple[datetime, dict[str, str]]] = []
    names: dict[str, str] = {}
    first = ""
    whole = False
    request = {
        "resourceType": COMPLIANCE_TYPE,
        "resourceId": f"{key[0]}/{key[1]}",
        "chronologicalOrder": "Reverse",
        "limit": 100,
    }
    try:
        for listing in pages(
            out,
            config,
            "GetResourceConfigHistory",
            "configurationItems",
            request,
            token="nextToken",
        ):
            first = first or listing.page
            for item in listing.items:
                items.append((item["configurationItemCaptureTime"], standings(item, names)))
                whole = item["configurationItemCaptureTime"] <= period.start
                whole = whole or item.get("configurationItemStatus") == "ResourceDiscovered"
                if item["configurationItemCaptureTime"] <= period.start:
                    break
            if items and items[-1][0] <= period.start:
                break
    except ClientError as error:
        if error_code(error) in UNKNOWN:
            return None
        raise
    history = history_from(reversed(items), first)
    history.names, history.whole = names, whole
    return history


def standings(item: Mapping[str, Any], names: dict[str, str]) -> dict[str, str]:
    """A compliance item's standing with each rule, by ARN; the rules' names go into ``names``."""
    if str(item.get("configurationItemStatus", "")).startswith("ResourceDeleted"):
        return {}
    configuration = item.get("configuration") or {}
    if isinstance(configuration, str):
        configuration = json.loads(configuration)
    said = {}
    for entry in configuration.get("configRuleList", ()):
        said[entry["configRuleArn"]] = entry["complianceType"]
        names[entry["configRuleArn"]] = entry.get("configRuleName", "")
    return said
