"""Config's current compliance: by rule, by resource, in detail and in summary."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from include.local_aws.estate.store import Estate
from include.local_aws.overlay import Call, Handler, ServiceError
from include.local_aws.services.config.items import COMPLIANCE, worst
from include.local_aws.services.config.rules import (
    BAD_TOKEN,
    BAD_VALUE,
    RULES_PER_PAGE,
    named_rules,
    rules_at,
    run_of,
)
from include.local_aws.services.moments import epoch, last_daily_run, moment
from include.local_aws.services.paging import Cursor, page_size, with_token
from include.local_aws.services.questions import question
from include.local_aws.services.verdicts import Deployed, Verdict, verdicts

#: Counts of contributors stop here and say that there are more.
CONTRIBUTORS_CAP = 25
#: GetComplianceDetailsByResource knows no page size.
RESULTS_PER_RESOURCE_PAGE = 100


def current(
    estate: Estate, call: Call, rules: Iterable[Deployed], at: int, arns: list[str] | None = None
) -> dict[str, list[Verdict]]:
    """The evaluations that stand at ``at``, by check id; deleted resources have none."""
    found: dict[str, list[Verdict]] = {rule.check_id: [] for rule in rules}
    standing = verdicts(
        estate, "aws_config", call.account, call.region, at=at, checks=list(found), arns=arns
    )
    for verdict in standing:
        if verdict.status != "GONE":
            found[verdict.check_id].append(verdict)
    return found


def overall(evaluations: Iterable[Verdict]) -> str:
    """One word for many evaluations: the worst; none at all is INSUFFICIENT_DATA."""
    return worst({kind_of(verdict) for verdict in evaluations})


def kind_of(verdict: Verdict) -> str:
    """An evaluation's result in Config's words."""
    return COMPLIANCE.get(verdict.status, verdict.status)


def capped(count: int) -> dict[str, Any]:
    """A count as Config gives it: at most 25, and whether there were more."""
    return {"CappedCount": min(count, CONTRIBUTORS_CAP), "CapExceeded": count > CONTRIBUTORS_CAP}


def _compliance(evaluations: list[Verdict]) -> dict[str, Any]:
    kind = overall(evaluations)
    answer: dict[str, Any] = {"ComplianceType": kind}
    if kind == "NON_COMPLIANT":
        failing = sum(verdict.status == "FAIL" for verdict in evaluations)
        answer["ComplianceContributorCount"] = capped(failing)
    return answer


def evaluation(call: Call, rule: Deployed, verdict: Verdict, at: int) -> dict[str, Any]:
    """One EvaluationResult. Periodic rules record anew each day, though nothing changed."""
    recorded = verdict.since
    if question(rule.check_id).periodic:
        recorded = last_daily_run(at, recorded, run_of(call, rule))
    return {
        "EvaluationResultIdentifier": {
            "EvaluationResultQualifier": {
                "ConfigRuleName": rule.name,
                "ResourceType": verdict.type,
                "ResourceId": verdict.resource_id,
                "EvaluationMode": "DETECTIVE",
            },
            "OrderingTimestamp": moment(recorded),
        },
        "ComplianceType": kind_of(verdict),
        "ResultRecordedTime": moment(recorded),
        "ConfigRuleInvokedTime": moment(recorded),
    }


def _wanted_types(call: Call) -> set[str] | None:
    wanted = set(call.params.get("ComplianceTypes") or ())
    return wanted or None


def _detail_types(call: Call) -> set[str] | None:
    """Details exist for three types only; INSUFFICIENT_DATA is refused, as Config refuses it."""
    wanted = _wanted_types(call)
    if wanted and "INSUFFICIENT_DATA" in wanted:
        raise ServiceError(BAD_VALUE, "INSUFFICIENT_DATA is not a supported compliance type here.")
    return wanted


def handlers(estate: Estate) -> dict[str, Handler]:
    """The five operations that tell compliance as of now."""

    def describe_compliance_by_config_rule(call: Call) -> dict[str, Any]:
        cursor = Cursor.of(call, BAD_TOKEN)
        wanted = _wanted_types(call)
        rules = named_rules(estate, call, call.params.get("ConfigRuleNames") or (), cursor.as_of)
        found = current(estate, call, rules, cursor.as_of)
        answers = [
            {"ConfigRuleName": rule.name, "Compliance": _compliance(found[rule.check_id])}
            for rule in rules
            if wanted is None or overall(found[rule.check_id]) in wanted
        ]
        page, token = cursor.cut(answers, RULES_PER_PAGE)
        return with_token({"ComplianceByConfigRules": page}, token)

    def get_compliance_details_by_config_rule(call: Call) -> dict[str, Any]:
        cursor = Cursor.of(call, BAD_TOKEN)
        size = page_size(call, member="Limit", default=10, most=100, least=0, error=BAD_VALUE)
        wanted = _detail_types(call)
        rule = named_rules(estate, call, [call.params["ConfigRuleName"]], cursor.as_of)[0]
        standing = [
            verdict
            for verdict in current(estate, call, [rule], cursor.as_of)[rule.check_id]
            if wanted is None or kind_of(verdict) in wanted
        ]
        page, token = cursor.cut(standing, size)
        results = [evaluation(call, rule, verdict, cursor.as_of) for verdict in page]
        return with_token({"EvaluationResults": results}, token)

    def _by_resource(call: Call, at: int) -> dict[tuple[str, str], list[Verdict]]:
        type_, id_ = call.params.get("ResourceType"), call.params.get("ResourceId")
        if id_ and not type_:
            raise ServiceError(BAD_VALUE, "A ResourceId can be given only with its ResourceType.")
        grouped: dict[tuple[str, str], list[Verdict]] = defaultdict(list)
        for standing in current(estate, call, rules_at(estate, call, at), at).values():
            for verdict in standing:
                if (not type_ or verdict.type == type_) and (not id_ or verdict.resource_id == id_):
                    grouped[verdict.type, verdict.resource_id].append(verdict)
        return grouped

    def describe_compliance_by_resource(call: Call) -> dict[str, Any]:
        cursor = Cursor.of(call, BAD_TOKEN)
        size = page_size(call, member="Limit", default=10, most=100, least=0, error=BAD_VALUE)
        wanted = _wanted_types(call)
        answers = [
            {"ResourceType": type_, "ResourceId": id_, "Compliance": _compliance(standing)}
            for (type_, id_), standing in sorted(_by_resource(call, cursor.as_of).items())
            if wanted is None or overall(standing) in wanted
        ]
        page, token = cursor.cut(answers, size)
        return with_token({"ComplianceByResources": page}, token)

    def get_compliance_details_by_resource(call: Call) -> dict[str, Any]:
        cursor = Cursor.of(call, BAD_VALUE)
        wanted = _detail_types(call)
        if not call.params.get("ResourceType") or not call.params.get("ResourceId"):
            raise ServiceError(BAD_VALUE, "ResourceType and ResourceId are both needed.")
        rules = {rule.check_id: rule for rule in rules_at(estate, call, cursor.as_of)}
        results = [
            evaluation(call, rules[verdict.check_id], verdict, cursor.as_of)
            for standing in _by_resource(call, cursor.as_of).values()
            for verdict in standing
            if wanted is None or kind_of(verdict) in wanted
        ]
        page, token = cursor.cut(results, RESULTS_PER_RESOURCE_PAGE)
        return with_token({"EvaluationResults": page}, token)

    def get_compliance_summary_by_config_rule(call: Call) -> dict[str, Any]:
        now = epoch(call.now)
        found = current(estate, call, rules_at(estate, call, now), now)
        kinds = [overall(standing) for standing in found.values()]
        return {
            "ComplianceSummary": {
                "CompliantResourceCount": capped(kinds.count("COMPLIANT")),
                "NonCompliantResourceCount": capped(kinds.count("NON_COMPLIANT")),
                "ComplianceSummaryTimestamp": call.now,
            }
        }

    return {
        "DescribeComplianceByConfigRule": describe_compliance_by_config_rule,
        "GetComplianceDetailsByConfigRule": get_compliance_details_by_config_rule,
        "DescribeComplianceByResource": describe_compliance_by_resource,
        "GetComplianceDetailsByResource": get_compliance_details_by_resource,
        "GetComplianceSummaryByConfigRule": get_compliance_summary_by_config_rule,
    }
