"""Config's rules as deployments: which questions were being asked at the period's end."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from include.clock import iso
from include.evidence.cell import Cell
from include.evidence.deployment import Deployment, State
from include.evidence.snapshot import SnapshotWriter
from include.sources.base import pages
from include.sources.config_recorder import Recording

#: Makers of service-linked rules whose results are Config's own to tell. Other services' rules
#: (Security Hub's above all) are told by these services.
_PACKS = "config-conforms.amazonaws.com"
_ORGANIZATION = "config-multiaccountsetup.amazonaws.com"
_OWN_MAKERS = frozenset({_PACKS, _ORGANIZATION})
_LINKED = re.compile(r":config-rule/aws-service-rule/(?P<maker>[^/]+)/")
#: How often a periodic rule runs; it may be a little late.
_HOURS = {"One_Hour": 1, "Three_Hours": 3, "Six_Hours": 6, "Twelve_Hours": 12}
_SLACK = timedelta(hours=1)
#: A pack's and an organisation's rules carry an id that differs in every account.
_TRAILING_ID = re.compile(r"(?<=-conformance-pack)-[a-z0-9]+$|-[a-z0-9]{8,}$")


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


@dataclass
class Rules:
    """A region's rules by ARN, and the ARNs of those that other services made for themselves."""

    by_arn: dict[str, Rule] = field(default_factory=dict)
    foreign: set[str] = field(default_factory=set)

    def named(self, name: str) -> Rule | None:
        """The rule that bears a name now."""
        return next((rule for rule in self.by_arn.values() if rule.name == name), None)


def rules_at_end(out: SnapshotWriter, config: Any, cell: Cell, recorder: Recording) -> Rules:
    """All rules of the cell, by name. Calls: a twenty-fifth and a fiftieth of their number."""
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
    names = {str(rule["ConfigRuleName"]) for rule in described}
    # Two listings of the same rules: one that ended early is seen by the other.
    out.count(
        "rules that Config tells the last run of", len(statuses), len(names & statuses.keys())
    )
    rules = Rules()
    for rule in sorted(described, key=lambda rule: str(rule["ConfigRuleName"])):
        arn, name = str(rule["ConfigRuleArn"]), str(rule["ConfigRuleName"])
        if is_foreign(arn, str(rule.get("CreatedBy") or "")):
            rules.foreign.add(arn)
            continue
        if rule.get("ConfigRuleState", "ACTIVE") in ("DELETING", "DELETING_RESULTS"):
            continue
        if only_proactive(rule):
            continue
        status = statuses.get(name, {})
        deployment = _deployment(rule, cell)
        state, last = _state(rule, status, cell, recorder)
        rules.by_arn[arn] = Rule(name, replace(deployment, state=state, last_evaluated=last))
        if error := status.get("LastErrorCode"):
            text = str(status.get("LastErrorMessage") or "").rstrip(".")
            out.note(f"The rule '{name}' could not be evaluated last: {error}, {text}.")
    return rules


def is_foreign(arn: str, maker: str = "") -> bool:
    """Whether another service made the rule for itself, so that it tells the results."""
    linked = _LINKED.search(arn)
    maker = maker or (linked["maker"] if linked else "")
    return bool(maker) and maker not in _OWN_MAKERS


def only_proactive(rule: Mapping[str, Any]) -> bool:
    """Whether a rule judges what is yet to be deployed, and nothing that exists."""
    modes = {mode.get("Mode") for mode in rule.get("EvaluationModes", ())}
    return modes == {"PROACTIVE"}


def keyword_of(rule: Mapping[str, Any]) -> str:
    """Audit Manager's keyword: the managed rule's identifier, or ``Custom_<rule name>``."""
    source = rule.get("Source", {})
    if source.get("Owner") == "AWS":
        return str(source["SourceIdentifier"])
    name = str(rule["ConfigRuleName"])
    return f"Custom_{without_id(name) if rule.get('CreatedBy') else name}"


def without_id(name: str) -> str:
    """A pack's or an organisation's rule name without the id at its end."""
    return _TRAILING_ID.sub("", name)


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
    rule: Mapping[str, Any], status: Mapping[str, Any], cell: Cell, recorder: Recording
) -> tuple[State, str]:
    """The rule's state at the period's end, and when it last ran up to then.

    A periodic rule that ran as often as it should up to the end, or has run since, is told to have
    run at the end: its exact last run before it is forgotten with the next one, and the answer
    must not depend on the day of collection.
    A rule that waits for changes has stood ready all the time, so no time is told.
    """
    period = cell.period
    activated: datetime | None = status.get("FirstActivatedTime")
    last: datetime | None = status.get("LastSuccessfulEvaluationTime")
    if last is None or (activated is not None and activated >= period.end):
        return "NEVER_EVALUATED", ""
    types = rule.get("Scope", {}).get("ComplianceResourceTypes", ())
    unrecorded = bool(types) and not any(recorder.records(type_) for type_ in types)
    if unrecorded or not recorder.ran_at_end(period):
        return "NOT_RECORDED", ""
    if _failing_since(status, last) and last < period.start:
        return "STALE", iso(last)
    if _waits_for_changes(rule):
        return "ACTIVE", ""
    if last < period.start:
        return "STALE", iso(last)
    hours = _HOURS.get(str(rule.get("MaximumExecutionFrequency")), 24)
    in_time = period.end - last <= timedelta(hours=hours) + _SLACK
    return "ACTIVE", iso(period.end if in_time else last)


def _failing_since(status: Mapping[str, Any], last: datetime) -> bool:
    """Whether the rule tried to run after its last success, and failed."""
    tried = [status.get("LastFailedEvaluationTime"), status.get("LastFailedInvocationTime")]
    return any(at is not None and at > last for at in tried) and bool(status.get("LastErrorCode"))
