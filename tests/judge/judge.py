"""Judges an estate from its ground truth alone, by the roll-up rules of the design.

It imports nothing of the product. It reads the ground truth, the catalogue of checks and the
framework as data, and says for each control its status and for each check what fails, at the
end of a period. What the product reports must be the same.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml


@dataclass(frozen=True)
class Verdict:
    """What is true at the period's end."""

    controls: dict[str, str]
    failing: dict[str, list[str]]
    answered: dict[str, bool]


def judge(
    truth_file: Path,
    framework_file: Path,
    catalogue_file: Path,
    *,
    start: str,
    end: str,
    accounts: list[str] | None = None,
    regions: list[str] | None = None,
) -> Verdict:
    """``start`` and ``end`` bound the half-open period as ``2026-10-01T00:00:00Z``.

    Times in that form order as text, so they are compared as text.
    """
    truth = json.loads(truth_file.read_text())
    framework = yaml.safe_load(framework_file.read_text())
    catalogue = {c["id"]: c for c in yaml.safe_load(catalogue_file.read_text())["checks"]}
    accounts = accounts or [_id(account) for account in truth["accounts"]]
    regions = regions or [_id(region) for region in truth["regions"]]
    there = {
        r["arn"]: r
        for r in truth["resources"]
        if r["account"] in accounts
        and r["created"] < end
        and (r["deleted"] is None or r["deleted"] >= end)
    }
    deployed: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for rule in truth["rules"]:
        if rule["deployed_from"] < end and (
            rule["deployed_to"] is None or rule["deployed_to"] >= end
        ):
            deployed[rule["check"], rule["account"], rule["region"]].add(rule["source"])
    failing: dict[str, list[str]] = {}
    answered: dict[str, bool] = {}
    by_check = defaultdict(list)
    for violation in truth["violations"]:
        by_check[violation["check"]].append(violation)
    for check_id, check in catalogue.items():
        account_wide = check["locality"] == "account"

        def sources(
            account: str, region: str | None, check_id: str = check_id, wide: bool = account_wide
        ) -> set[str]:
            places = regions if wide or region is None else [region]
            return set().union(*(deployed[check_id, account, place] for place in places))

        cells = (
            [(a, None) for a in accounts]
            if account_wide
            else [(a, r) for a in accounts for r in regions]
        )
        answered[check_id] = all(sources(account, region) for account, region in cells)
        found = set()
        for violation in by_check[check_id]:
            resource = there.get(violation["arn"])
            if resource is None or not (
                violation["from"] < end and (violation["to"] is None or violation["to"] >= end)
            ):
                continue
            if resource["region"] is not None and resource["region"] not in regions:
                continue
            watching = sources(resource["account"], resource["region"])
            recorded = violation["recorded_at"]
            if any(
                source == "api_calls" or recorded.get(source, "9999") < end for source in watching
            ):
                found.add(violation["arn"])
        failing[check_id] = sorted(found)
    return Verdict(
        {
            c["id"]: _status(c, failing, answered)
            for s in framework["control_sets"]
            for c in s["controls"]
        },
        failing,
        answered,
    )


def _status(
    control: dict[str, Any], failing: dict[str, list[str]], answered: dict[str, bool]
) -> str:
    mapped = control.get("checks") or []
    if any(failing[entry["check"]] for entry in mapped):
        return "NON_COMPLIANT"
    required = [entry["check"] for entry in mapped if entry["role"] == "required"]
    if required and not control.get("manual") and all(answered[check] for check in required):
        return "COMPLIANT"
    return "INCONCLUSIVE"


def _id(entry: Any) -> str:
    """Accounts and regions may be plain strings or objects with an id or name."""
    return entry if isinstance(entry, str) else str(entry.get("id") or entry.get("name"))
