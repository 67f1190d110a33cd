"""ARNs of the resources that Config names by type and id: told by their form, or looked up."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from botocore.exceptions import ClientError

from include.aws.errors import error_code
from include.evidence.snapshot import SnapshotWriter
from include.sources.base import ask_once, pages
from include.sources.config_items import NO_QUERY, UNKNOWN
from include.sources.config_shelf import Key, Shelf

#: Types whose ARN follows from the resource id alone, as Config gives it.
TOLD_BY_ID = frozenset(
    {
        "AWS::EC2::Instance",
        "AWS::EC2::SecurityGroup",
        "AWS::EC2::VPC",
        "AWS::EC2::Subnet",
        "AWS::EC2::Volume",
        "AWS::EC2::NetworkAcl",
        "AWS::S3::Bucket",
        "AWS::KMS::Key",
        "AWS::EFS::FileSystem",
        "AWS::CloudTrail::Trail",
    }
)
#: Keys per BatchGetResourceConfig call.
_BATCH = 100
#: Types per query: an expression holds 4,096 characters.
_TYPES = 40


def look_up_arns(out: SnapshotWriter, config: Any, shelf: Shelf, skipped: Iterable[str]) -> int:
    """Put the ARNs of existing resources on the shelf, where the id alone doesn't tell them.

    A query that groups gives 500 resources per call; where it can't be used, a hundred. Returns
    how many calls it took.
    """
    types = shelf.types() - TOLD_BY_ID - set(skipped)
    if not types:
        return 0
    calls = 0
    ordered = sorted(types)
    try:
        for start in range(0, len(ordered), _TYPES):
            calls += _select_arns(out, config, shelf, ordered[start : start + _TYPES])
    except ClientError as error:
        if error_code(error) not in NO_QUERY:
            raise
    return calls + _look_up_by_key(out, config, shelf, frozenset(types))


def _select_arns(out: SnapshotWriter, config: Any, shelf: Shelf, types: Sequence[str]) -> int:
    listed = ", ".join(f"'{type_}'" for type_ in types)
    expression = (
        f"SELECT resourceType, resourceId, arn, COUNT(*) WHERE resourceType IN ({listed})"
        " GROUP BY resourceType, resourceId, arn"
    )
    calls = 0
    # No Limit: a page then holds 500 groups, with one at most 100.
    for listing in pages(
        out, config, "SelectResourceConfig", "Results", {"Expression": expression}
    ):
        calls += 1
        for text in listing.items:
            row = json.loads(text)
            if row.get("arn"):
                shelf.put_arn((row["resourceType"], row["resourceId"]), row["arn"])
    return calls


def _look_up_by_key(out: SnapshotWriter, config: Any, shelf: Shelf, types: frozenset[str]) -> int:
    calls = 0
    keys = [key for key in shelf.keys_without_arn(types) if not key[1].startswith("arn:")]
    for start in range(0, len(keys), _BATCH):
        waiting = [
            {"resourceType": type_, "resourceId": id_}
            for type_, id_ in keys[start : start + _BATCH]
        ]
        while waiting:
            answer = ask_once(
                out,
                config,
                "BatchGetResourceConfig",
                {"resourceKeys": waiting},
                items_at="baseConfigurationItems",
            )
            items = [item for item in answer.items if item]
            for item in items:
                if item.get("arn"):
                    shelf.put_arn((item["resourceType"], item["resourceId"]), item["arn"])
            calls += 1
            left = answer.answer.output.get("unprocessedResourceKeys", [])
            # What is left unprocessed without any progress is unknown, not waiting.
            waiting = left if items and len(left) < len(waiting) else []
    return calls


def last_known_arn(out: SnapshotWriter, config: Any, key: Key) -> str:
    """The ARN of a resource that may be deleted, from its last configuration; '' if unknown."""
    request = {"resourceType": key[0], "resourceId": key[1], "limit": 1}
    try:
        for listing in pages(
            out,
            config,
            "GetResourceConfigHistory",
            "configurationItems",
            request,
            token="nextToken",
        ):
            # The first page may be empty and have a token all the same.
            for item in listing.items:
                return str(item.get("arn") or "")
    except ClientError as error:
        if error_code(error) not in UNKNOWN:
            raise
    return ""
