"""Conformance packs: the rules they deployed, and how these stand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from include.local_aws.estate.store import Estate
from include.local_aws.overlay import Call, Handler, ServiceError
from include.local_aws.services.config.compliance import current, evaluation, kind_of, overall
from include.local_aws.services.config.rules import BAD_TOKEN, BAD_VALUE, rules_at
from include.local_aws.services.moments import moment
from include.local_aws.services.paging import Cursor, page_size, with_token
from include.local_aws.services.verdicts import Deployed

BAD_LIMIT = "InvalidLimitException"
MARK = "-conformance-pack-"


def packs_at(estate: Estate, call: Call, at: int) -> dict[str, list[Deployed]]:
    """The packs of the call's account and region by name, each with its rules."""
    found: dict[str, list[Deployed]] = {}
    for rule in rules_at(estate, call, at):
        if rule.owner == "conformance-pack":
            found.setdefault(f"pack-{rule.name.rsplit(MARK, 1)[-1]}", []).append(rule)
    return found


def handlers(estate: Estate) -> dict[str, Handler]:
    """DescribeConformancePacks, their status and their compliance."""

    def named(call: Call, at: int, member: str = "ConformancePackNames") -> dict[str, Any]:
        packs = packs_at(estate, call, at)
        wanted: Sequence[str] = call.params.get(member) or ()
        for name in wanted:
            if name not in packs:
                raise ServiceError(
                    "NoSuchConformancePackException",
                    f"Cannot find conformance pack with the specified name '{name}'.",
                )
        return {name: packs[name] for name in sorted(packs) if not wanted or name in wanted}

    def describe_conformance_packs(call: Call) -> dict[str, Any]:
        cursor = Cursor.of(call, BAD_TOKEN)
        size = page_size(call, member="Limit", default=10, most=20, least=0, error=BAD_LIMIT)
        details = [
            {
                "ConformancePackName": name,
                "ConformancePackArn": f"arn:aws:config:{call.region}:{call.account}:"
                f"conformance-pack/{name}/{_id(rules)}",
                "ConformancePackId": _id(rules),
                "ConformancePackInputParameters": [],
                "LastUpdateRequestedTime": moment(min(rule.from_t for rule in rules)),
            }
            for name, rules in named(call, cursor.as_of).items()
        ]
        page, token = cursor.cut(details, size)
        return with_token({"ConformancePackDetails": page}, token)

    def describe_conformance_pack_status(call: Call) -> dict[str, Any]:
        cursor = Cursor.of(call, BAD_TOKEN)
        size = page_size(call, member="Limit", default=10, most=20, least=0, error=BAD_LIMIT)
        details = [
            {
                "ConformancePackName": name,
                "ConformancePackId": _id(rules),
                "ConformancePackArn": f"arn:aws:config:{call.region}:{call.account}:"
                f"conformance-pack/{name}/{_id(rules)}",
                "ConformancePackState": "CREATE_COMPLETE",
                "StackArn": f"arn:aws:cloudformation:{call.region}:{call.account}:stack/"
                f"awsconfigconforms-{name}-{_id(rules)}/00000000-0000-0000-0000-000000000000",
                "LastUpdateRequestedTime": moment(min(rule.from_t for rule in rules)),
                "LastUpdateCompletedTime": moment(min(rule.from_t for rule in rules)),
            }
            for name, rules in named(call, cursor.as_of).items()
        ]
        page, token = cursor.cut(details, size)
        return with_token({"ConformancePackStatusDetails": page}, token)

    def describe_conformance_pack_compliance(call: Call) -> dict[str, Any]:
        cursor = Cursor.of(call, BAD_TOKEN)
        size = page_size(call, member="Limit", default=1000, most=1000, least=0, error=BAD_LIMIT)
        name = call.params["ConformancePackName"]
        rules = _one(named(call, cursor.as_of, ""), name)
        found = current(estate, call, rules, cursor.as_of)
        listed = [
            {
                "ConfigRuleName": rule.name,
                "ComplianceType": overall(found[rule.check_id]),
                "Controls": [],
            }
            for rule in _filtered(call, rules)
        ]
        page, token = cursor.cut(listed, size)
        return with_token(
            {"ConformancePackName": name, "ConformancePackRuleComplianceList": page}, token
        )

    def get_conformance_pack_compliance_details(call: Call) -> dict[str, Any]:
        cursor = Cursor.of(call, BAD_TOKEN)
        size = page_size(call, member="Limit", default=10, most=100, least=0, error=BAD_LIMIT)
        name = call.params["ConformancePackName"]
        rules = _one(named(call, cursor.as_of, ""), name)
        filters = call.params.get("Filters") or {}
        found = current(estate, call, rules, cursor.as_of)
        results = []
        for rule in _filtered(call, rules):
            for verdict in found[rule.check_id]:
                if filters.get("ComplianceType") not in (None, kind_of(verdict)):
                    continue
                if filters.get("ResourceType") not in (None, verdict.type):
                    continue
                if verdict.resource_id not in filters.get("ResourceIds", (verdict.resource_id,)):
                    continue
                results.append(evaluation(call, rule, verdict, cursor.as_of))
        page, token = cursor.cut(results, size)
        answer = {
            "ConformancePackName": name,
            "ConformancePackRuleEvaluationResults": page,
        }
        return with_token(answer, token)

    def get_conformance_pack_compliance_summary(call: Call) -> dict[str, Any]:
        cursor = Cursor.of(call, BAD_TOKEN)
        size = page_size(call, member="Limit", default=10, most=20, least=0, error=BAD_LIMIT)
        wanted = call.params["ConformancePackNames"]
        if not 1 <= len(wanted) <= 5:
            raise ServiceError(BAD_VALUE, "Between 1 and 5 conformance packs can be named.")
        listed = []
        for name, rules in named(call, cursor.as_of).items():
            found = current(estate, call, rules, cursor.as_of)
            kinds = {overall(found[rule.check_id]) for rule in rules}
            status = next(
                (kind for kind in ("NON_COMPLIANT", "COMPLIANT") if kind in kinds),
                "INSUFFICIENT_DATA",
            )
            listed.append({"ConformancePackName": name, "ConformancePackComplianceStatus": status})
        page, token = cursor.cut(listed, size)
        return with_token({"ConformancePackComplianceSummaryList": page}, token)

    return {
        "DescribeConformancePacks": describe_conformance_packs,
        "DescribeConformancePackStatus": describe_conformance_pack_status,
        "DescribeConformancePackCompliance": describe_conformance_pack_compliance,
        "GetConformancePackComplianceDetails": get_conformance_pack_compliance_details,
        "GetConformancePackComplianceSummary": get_conformance_pack_compliance_summary,
    }


def _id(rules: Sequence[Deployed]) -> str:
    return f"conformance-pack-{rules[0].name.rsplit(MARK, 1)[-1]}"


def _one(packs: dict[str, list[Deployed]], name: str) -> list[Deployed]:
    if name not in packs:
        raise ServiceError(
            "NoSuchConformancePackException",
            f"Cannot find conformance pack with the specified name '{name}'.",
        )
    return packs[name]


def _filtered(call: Call, rules: list[Deployed]) -> list[Deployed]:
    names = (call.params.get("Filters") or {}).get("ConfigRuleNames") or ()
    for name in names:
        if name not in {rule.name for rule in rules}:
            raise ServiceError(
                "NoSuchConfigRuleInConformancePackException",
                f"The conformance pack has no rule '{name}'.",
            )
    return [rule for rule in rules if not names or rule.name in names]
