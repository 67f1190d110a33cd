"""AWS Config: what its rules said of each resource at the period's end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from include.evidence.cell import Cell
from include.evidence.identity import ACCOUNT_TYPE, account_identity
from include.evidence.item import Evidence, Known, Result, SourceName
from include.evidence.snapshot import SnapshotWriter
from include.sources.arns import arn_of
from include.sources.base import Ended, ask_once, known_as, pages
from include.sources.config_history import (
    History,
    Key,
    compliance_history,
    deleted_resources,
    identities,
    last_known_arn,
)
from include.sources.config_rules import Rule, rules_at_end
from include.sources.timeline import at_end

if TYPE_CHECKING:
    from include.aws.sessions import ClientFactory
    from include.checks.catalogue import Check

_RESULTS: Mapping[str, Result] = {
    "COMPLIANT": "PASS",
    "NON_COMPLIANT": "FAIL",
    "NOT_APPLICABLE": "NOT_APPLICABLE",
    "INSUFFICIENT_DATA": "UNANSWERED",
}
_FAILING = frozenset({"NON_COMPLIANT"})


@dataclass
class _Current:
    """What Config says now of one resource under one rule (None: it says nothing any more)."""

    rule: Rule
    key: Key
    status: str | None
    recorded: datetime | None
    page: str
    offset: int
    seen: datetime


class AwsConfig:
    """Collects compliance per rule and resource. Asked for everything, whatever the checks."""

    name: SourceName = "aws_config"
    service = "config"
    settled = True

    def selection(self, checks: Sequence[Check]) -> dict[str, Any]:
        """All rules: one snapshot serves every framework."""
        return {}

    def in_region(self, selection: Mapping[str, Any], *, home: bool) -> dict[str, Any]:
        """The same everywhere."""
        return dict(selection)

    def actions(self, selection: Mapping[str, Any]) -> frozenset[str]:
        """The calls it makes."""
        return frozenset(
            {
                "config:DescribeConfigurationRecorderStatus",
                "config:DescribeConfigRules",
                "config:DescribeConfigRuleEvaluationStatus",
                "config:GetComplianceDetailsByConfigRule",
                "config:GetResourceConfigHistory",
                "config:BatchGetResourceConfig",
                "config:ListDiscoveredResources",
            }
        )

    def collect(
        self, cell: Cell, asked: Mapping[str, Any], clients: ClientFactory, out: SnapshotWriter
    ) -> None:
        """Current results of every rule, then the history of every resource they speak of."""
        config = clients.client("config", cell.region)
        recording = _recording_at_end(out, config, cell)
        rules = list(rules_at_end(out, config, cell, recording=recording))
        for rule in rules:
            out.deploy(rule.deployment)
        by_resource: dict[Key, list[_Current]] = {}
        answering = [rule for rule in rules if rule.answers]
        for rule in answering:
            for current in _current_results(out, config, rule):
                by_resource.setdefault(current.key, []).append(current)
        types = {type_ for type_, _ in by_resource} | {
            type_ for rule in answering for type_ in rule.deployment.resource_types
        }
        gone = deleted_resources(out, config, types - {ACCOUNT_TYPE}, cell.period)
        arns = identities(out, config, (key for key in by_resource if key[0] != ACCOUNT_TYPE))
        regional = set(asked["regional_account_keywords"])
        for key in sorted(by_resource.keys() | gone):
            history = compliance_history(out, config, key, cell.period)
            if key[0] != ACCOUNT_TYPE and key not in arns:
                arns[key] = last_known_arn(out, config, key)
            currents = by_resource.get(key) or _gone_results(answering, key, history, out)
            for current in currents:
                resource = _identity(current, arns, cell, regional)
                if item := _evidence(cell, current, resource, history):
                    out.add(item)


def _recording_at_end(out: SnapshotWriter, config: Any, cell: Cell) -> bool:
    """Whether the recorder ran at the period's end, as far as its last start or stop tells."""
    listing = ask_once(
        out,
        config,
        "DescribeConfigurationRecorderStatus",
        items_at="ConfigurationRecordersStatus",
    )
    if not listing.items:
        raise Ended("NOT_ENABLED", "AWS Config has no recorder in this region.")
    for recorder in listing.items:
        if recorder.get("recording"):
            return True
        stopped = recorder.get("lastStopTime")
        if stopped is not None and stopped >= cell.period.end:
            return True
    out.note("AWS Config's recorder was stopped before the period's end.")
    return False


def _current_results(out: SnapshotWriter, config: Any, rule: Rule) -> Iterator[_Current]:
    for listing in pages(
        out,
        config,
        "GetComplianceDetailsByConfigRule",
        "EvaluationResults",
        # The default of 10 would make ten times the calls.
        {"ConfigRuleName": rule.name, "Limit": 100},
    ):
        for offset, result in enumerate(listing.items):
            qualifier = result["EvaluationResultIdentifier"]["EvaluationResultQualifier"]
            if qualifier.get("EvaluationMode", "DETECTIVE") != "DETECTIVE":
                continue
            yield _Current(
                rule,
                (qualifier["ResourceType"], qualifier["ResourceId"]),
                result["ComplianceType"],
                result["ResultRecordedTime"],
                listing.page,
                offset,
                listing.answer.at,
            )


def _gone_results(
    rules: Sequence[Rule], key: Key, history: History | None, out: SnapshotWriter
) -> list[_Current]:
    """A deleted resource has no current results; its history names the rules."""
    if history is None:
        return []
    return [
        _Current(rule, key, None, None, history.page, 0, out.now)
        for rule in rules
        if history.of(rule.arn)
    ]


def _identity(current: _Current, arns: Mapping[Key, str], cell: Cell, regional: set[str]) -> str:
    type_, id_ = current.key
    if type_ == ACCOUNT_TYPE:
        own_region = current.rule.deployment.keyword in regional
        return account_identity(cell.account, cell.region if own_region else None)
    return arns.get(current.key) or arn_of(type_, id_, cell.account, cell.region)


def _evidence(
    cell: Cell, current: _Current, resource: str, history: History | None
) -> Evidence | None:
    """How the resource stood at the period's end, and how that is known."""
    period = cell.period
    changes = history.of(current.rule.arn) if history else []
    standing = at_end(changes, period, _FAILING)
    known: Known = known_as(current.seen, period)
    if standing is not None:
        status, since = standing.status, standing.since
        if standing.moved_since or (not standing.gone and status != current.status):
            known = "RECONSTRUCTED"
    elif changes or current.status is None or current.recorded is None:
        return None  # it came after the period's end, or was gone before its start
    else:
        # No history. What was recorded before the end and is still current held at the end;
        # what was recorded later may be a repetition or a change.
        status, since = current.status, current.recorded
        if since >= period.end:
            known = "CURRENT_ONLY"
    rule = current.rule.deployment
    return Evidence(
        source="aws_config",
        keyword=rule.keyword,
        account=cell.account,
        region=cell.region,
        event_source="config.amazonaws.com",
        event_name="GetComplianceDetailsByConfigRule",
        resource=resource,
        resource_type=current.key[0],
        result=_RESULTS.get(status, "UNANSWERED"),
        raw_status=status,
        known=known,
        source_time=since,
        collected_at=current.seen,
        in_population=standing is None or not standing.gone,
        deployment=rule.arn,
        parameters=dict(rule.parameters),
        failed=standing.failed if standing else (),
        page=current.page,
        offset=current.offset,
    )
