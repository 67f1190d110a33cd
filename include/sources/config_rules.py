"""Config's rules as deployments: which questions were being asked at the period's end."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from include.clock import iso
from include.evidence.cell import Cell
from include.evidence.deployment import Deployment, State
from include.evidence.snapshot import SnapshotWriter
from include.sources.base import pages

#: Who makes rules that are another service's own: Security Hub's answers come from Security Hub.
_FOREIGN = {"securityhub.amazonaws.com"}
#: Conformance packs and organisation rules carry an id that differs in every account.
_TRAILING_ID = re.compile(r"-[a-z0-9]{8,}$")


@dataclass(frozen=True)
class Rule:
    """One rule: what it asks, where, since when."""

    name: str
    deployment: Deployment

    @property
    def arn(self) -> str:
        """The rule's ARN, by which deployments of one rule are told apart."""
        return self.deployment.arn

    @property
    def answers(self) -> bool:
        """Whether its results count for the period's end."""
        return self.deployment.state in ("ACTIVE", "STALE", "NOT_RECORDED")


def rules_at_end(
    out: SnapshotWriter, config: Any, cell: Cell, *, recording: bool
) -> Iterator[Rule]:
    """All rules of the cell, in name order."""
    statuses: dict[str, Mapping[str, Any]] = {}
    described: list[Mapping[str, Any]] = []
    for listing in pages(out, config, "DescribeConfigRules", "ConfigRules"):
        described += listing.items
    for listing in pages(
        out,
        config,
        "DescribeConfigRuleEvaluationStatus",
        "ConfigRulesEvaluationStatus",
        {"Limit": 50},
    ):
        statuses |= {status["ConfigRuleName"]: status for status in listing.items}
    for rule in sorted(described, key=lambda rule: str(rule["ConfigRuleName"])):
        if rule.get("CreatedBy") in _FOREIGN:
            continue
        if rule.get("ConfigRuleState", "ACTIVE") in ("DELETING", "DELETING_RESULTS"):
            continue
        status = statuses.get(rule["ConfigRuleName"], {})
        deployment = _deployment(rule, cell)
        state, last = _state(rule, status, cell, recording=recording)
        yield Rule(rule["ConfigRuleName"], replace(deployment, state=state, last_evaluated=last))


def keyword_of(rule: Mapping[str, Any]) -> str:
    """Audit Manager's keyword: the managed rule's identifier, or ``Custom_<rule name>``."""
    source = rule.get("Source", {})
    if source.get("Owner") == "AWS":
        return str(source["SourceIdentifier"])
    name = str(rule["ConfigRuleName"])
    if rule.get("CreatedBy"):
        name = _TRAILING_ID.sub("", name)
    return f"Custom_{name}"


def _deployment(rule: Mapping[str, Any], cell: Cell) -> Deployment:
    scope = rule.get("Scope", {})
    return Deployment(
        source="aws_config",
        keyword=keyword_of(rule),
        account=cell.account,
        region=cell.region,
        state="ACTIVE",
        arn=str(rule["ConfigRuleArn"]),
        parameters=_parameters(rule.get("InputParameters")),
        resource_types=tuple(sorted(scope.get("ComplianceResourceTypes", ()))),
        narrowed=bool(scope.get("TagKey") or scope.get("ComplianceResourceId")),
    )


def _parameters(text: str | None) -> dict[str, Any]:
    """InputParameters: a JSON object as text; Config keeps numbers as text, too."""
    try:
        parameters = json.loads(text or "{}")
    except json.JSONDecodeError:
        return {"InputParameters": text}
    return parameters if isinstance(parameters, dict) else {"InputParameters": parameters}


def _waits_for_changes(rule: Mapping[str, Any]) -> bool:
    """Whether only a change makes the rule run: then an old run is no sign of neglect."""
    details = rule.get("Source", {}).get("SourceDetails", ())
    scheduled = any(d.get("MessageType") == "ScheduledNotification" for d in details)
    return bool(rule.get("Scope")) and not rule.get("MaximumExecutionFrequency") and not scheduled


def _state(
    rule: Mapping[str, Any], status: Mapping[str, Any], cell: Cell, *, recording: bool
) -> tuple[State, str]:
    """The rule's state at the period's end, and when it last ran up to then.

    A periodic rule that was on before the end and has run after it ran through the end: its later
    runs are told as "at the end", so that the answer doesn't depend on the day of collection.
    A rule that waits for changes has stood ready all the time, so no time is told.
    """
    period = cell.period
    activated: datetime | None = status.get("FirstActivatedTime")
    last: datetime | None = status.get("LastSuccessfulEvaluationTime")
    if last is None or (activated is not None and activated >= period.end):
        return "NEVER_EVALUATED", ""
    if not recording:
        return "NOT_RECORDED", ""
    if _waits_for_changes(rule):
        return "ACTIVE", ""
    return ("STALE" if last < period.start else "ACTIVE"), iso(min(last, period.end))
