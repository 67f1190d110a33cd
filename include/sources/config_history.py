"""Config's memory of compliance: who stood how with which rule, and since when."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from include.assessment.period import Period
from include.aws.errors import error_code
from include.evidence.snapshot import SnapshotWriter
from include.sources.base import ask_once, pages
from include.sources.timeline import GONE, Change

COMPLIANCE_TYPE = "AWS::Config::ResourceCompliance"
_UNKNOWN = {"ResourceNotDiscoveredException"}
#: Keys per BatchGetResourceConfig call.
_BATCH = 100

#: A resource as Config names it: type and id.
Key = tuple[str, str]


@dataclass
class History:
    """The changes of one resource, by rule ARN; ``page`` is where they were read."""

    changes: dict[str, list[Change]] = field(default_factory=dict)
    page: str = ""

    def of(self, rule_arn: str) -> list[Change]:
        """The changes under one rule, oldest first."""
        return self.changes.get(rule_arn, [])


def compliance_history(
    out: SnapshotWriter, config: Any, key: Key, period: Period
) -> History | None:
    """A resource's changes from the period's start (the state then included) until now.

    Config writes one item per transition, listing the resource's standing with every rule. They
    are read newest first, and no further back than to the first one before the period. None when
    Config doesn't know the resource, or doesn't record compliance.
    """
    history = History()
    items: list[Mapping[str, Any]] = []
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
            history.page = history.page or listing.page
            for item in listing.items:
                items.append(item)
                if item["configurationItemCaptureTime"] <= period.start:
                    break
            if items and items[-1]["configurationItemCaptureTime"] <= period.start:
                break
    except ClientError as error:
        if error_code(error) in _UNKNOWN:
            return None
        raise
    standing: dict[str, str] = {}
    for item in reversed(items):
        at = item["configurationItemCaptureTime"]
        now = _standings(item)
        # A rule that an item no longer names has nothing to say of the resource any more.
        for rule, status in ({rule: GONE for rule in standing} | now).items():
            if standing.get(rule) != status:
                history.changes.setdefault(rule, []).append(Change(at, status))
        standing |= {rule: GONE for rule in standing} | now
    return history


def _standings(item: Mapping[str, Any]) -> dict[str, str]:
    if str(item.get("configurationItemStatus", "")).startswith("ResourceDeleted"):
        return {}
    configuration = json.loads(item.get("configuration") or "{}")
    return {
        entry["configRuleArn"]: entry["complianceType"]
        for entry in configuration.get("configRuleList", ())
    }


def identities(out: SnapshotWriter, config: Any, keys: Iterable[Key]) -> dict[Key, str]:
    """The ARNs of resources that exist, as Config recorded them; unknown ones are left out."""
    ordered = sorted(keys)
    found: dict[Key, str] = {}
    for start in range(0, len(ordered), _BATCH):
        waiting = [
            {"resourceType": type_, "resourceId": id_}
            for type_, id_ in ordered[start : start + _BATCH]
        ]
        while waiting:
            answer = ask_once(
                out,
                config,
                "BatchGetResourceConfig",
                {"resourceKeys": waiting},
                items_at="baseConfigurationItems",
            )
            for item in answer.items:
                if item.get("arn"):
                    found[item["resourceType"], item["resourceId"]] = item["arn"]
            left = answer.answer.output.get("unprocessedResourceKeys", [])
            # What is left unprocessed without any progress is unknown, not waiting.
            waiting = left if answer.items and len(left) < len(waiting) else []
    return found


def last_known_arn(out: SnapshotWriter, config: Any, key: Key) -> str:
    """The ARN of a resource that may be deleted, from its last configuration; '' if unknown."""
    request = {"resourceType": key[0], "resourceId": key[1], "limit": 1}
    try:
        listing = ask_once(
            out, config, "GetResourceConfigHistory", request, items_at="configurationItems"
        )
    except ClientError as error:
        if error_code(error) in _UNKNOWN:
            return ""
        raise
    return str(listing.items[0].get("arn") or "") if listing.items else ""


def deleted_resources(
    out: SnapshotWriter, config: Any, resource_types: Iterable[str], period: Period
) -> set[Key]:
    """Resources that were deleted after the period's start: they were in it, or at its end."""
    found: set[Key] = set()
    for resource_type in sorted(resource_types):
        for listing in pages(
            out,
            config,
            "ListDiscoveredResources",
            "resourceIdentifiers",
            {"resourceType": resource_type, "includeDeletedResources": True, "limit": 100},
            token="nextToken",
        ):
            for item in listing.items:
                deleted = item.get("resourceDeletionTime")
                if deleted is not None and deleted >= period.start:
                    found.add((resource_type, item["resourceId"]))
    return found
