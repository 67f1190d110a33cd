"""Config rules: which are deployed, with which parameters, and when they last ran."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from include.local_aws.estate.store import Estate
from include.local_aws.overlay import Call, Handler, ServiceError
from include.local_aws.services.moments import daily_run, epoch, last_daily_run, moment
from include.local_aws.services.paging import Cursor, page_size, with_token
from include.local_aws.services.questions import question
from include.local_aws.services.verdicts import Deployed, deployments

#: DescribeConfigRules and DescribeComplianceByConfigRule know no page size: they give 25.
RULES_PER_PAGE = 25
BAD_TOKEN = "InvalidNextTokenException"
BAD_VALUE = "InvalidParameterValueException"


def rules_at(estate: Estate, call: Call, at: int) -> list[Deployed]:
    """The rules deployed in the call's account and region at ``at``, by name."""
    return deployments(estate, "aws_config", call.account, call.region, at=at)


def named_rules(estate: Estate, call: Call, names: Iterable[str], at: int) -> list[Deployed]:
    """The rules asked for, all of them without names; NoSuchConfigRuleException for a stranger."""
    rules = rules_at(estate, call, at)
    wanted = list(dict.fromkeys(names))
    known = {rule.name for rule in rules}
    for name in wanted:
        if name not in known:
            raise ServiceError(
                "NoSuchConfigRuleException",
                f"The ConfigRule '{name}' provided in the request is invalid."
                " Please check the configRule name",
            )
    return [rule for rule in rules if rule.name in wanted] if wanted else rules


def rule_id(rule: Deployed) -> str:
    """``config-rule-…``, the end of the rule's ARN."""
    return rule.arn.rsplit("/", 1)[-1]


def run_of(call: Call, rule: Deployed) -> int:
    """The time of day (seconds) at which a periodic rule runs."""
    return daily_run("aws_config", rule.check_id, call.account, call.region)


def last_run(estate: Estate, call: Call, rule: Deployed, at: int) -> int:
    """When a rule last ran at or before ``at``: daily, or with the last change it recorded."""
    if question(rule.check_id).periodic:
        return last_daily_run(at, rule.from_t, run_of(call, rule))
    row = estate.rows(
        "SELECT MAX(at_t) AS last FROM recordings WHERE source = 'aws_config' AND account = ?"
        " AND region = ? AND keyword = ? AND check_id = ? AND at_t <= ?",
        (call.account, call.region, rule.keyword, rule.check_id, at),
    )[0]
    return max(row["last"] or 0, rule.from_t)


def _as_api_value(value: Any) -> str:
    """Config keeps every rule parameter as text, lists with commas."""
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


#: The services that make rules on behalf of packs and of the organisation.
_MAKERS = {
    "conformance-pack": "config-conforms.amazonaws.com",
    "organization": "config-multiaccountsetup.amazonaws.com",
}


def _source(call: Call, rule: Deployed) -> dict[str, Any]:
    if not rule.keyword.startswith("Custom_"):
        return {"Owner": "AWS", "SourceIdentifier": rule.keyword}
    message = "ConfigurationItemChangeNotification"
    if question(rule.check_id).periodic:
        message = "ScheduledNotification"
    return {
        "Owner": "CUSTOM_LAMBDA",
        "SourceIdentifier": f"arn:aws:lambda:{call.region}:{call.account}:function:{rule.name}",
        "SourceDetails": [{"EventSource": "aws.config", "MessageType": message}],
    }


def describe(call: Call, rule: Deployed) -> dict[str, Any]:
    """A rule in DescribeConfigRules' shape."""
    asks = question(rule.check_id)
    answer: dict[str, Any] = {
        "ConfigRuleName": rule.name,
        "ConfigRuleArn": rule.arn,
        "ConfigRuleId": rule_id(rule),
        "Description": asks.text,
        "Source": _source(call, rule),
        "InputParameters": json.dumps(
            {name: _as_api_value(value) for name, value in rule.parameters.items()}
        ),
        "ConfigRuleState": "ACTIVE",
        "EvaluationModes": [{"Mode": "DETECTIVE"}],
    }
    # A managed rule shows a frequency when it is periodic and a scope when changes trigger it.
    if asks.periodic:
        answer["MaximumExecutionFrequency"] = "TwentyFour_Hours"
    else:
        answer["Scope"] = {"ComplianceResourceTypes": [asks.resource_type]}
    if rule.scope is not None:
        answer["Scope"] = rule.scope
    if rule.owner in _MAKERS:
        answer["CreatedBy"] = _MAKERS[rule.owner]
    return answer


def handlers(estate: Estate) -> dict[str, Handler]:
    """DescribeConfigRules, DescribeConfigRuleEvaluationStatus, StartConfigRulesEvaluation."""

    def describe_config_rules(call: Call) -> dict[str, Any]:
        cursor = Cursor.of(call, BAD_TOKEN)
        rules = named_rules(estate, call, call.params.get("ConfigRuleNames") or (), cursor.as_of)
        if (call.params.get("Filters") or {}).get("EvaluationMode") == "PROACTIVE":
            rules = []
        page, token = cursor.cut(rules, RULES_PER_PAGE)
        return with_token({"ConfigRules": [describe(call, rule) for rule in page]}, token)

    def describe_config_rule_evaluation_status(call: Call) -> dict[str, Any]:
        cursor = Cursor.of(call, BAD_TOKEN)
        size = page_size(call, member="Limit", default=50, most=50, least=0, error=BAD_VALUE)
        rules = named_rules(estate, call, call.params.get("ConfigRuleNames") or (), cursor.as_of)
        page, token = cursor.cut(rules, size)
        statuses = []
        for rule in page:
            ran = moment(last_run(estate, call, rule, cursor.as_of))
            statuses.append(
                {
                    "ConfigRuleName": rule.name,
                    "ConfigRuleArn": rule.arn,
                    "ConfigRuleId": rule_id(rule),
                    "LastSuccessfulInvocationTime": ran,
                    "LastSuccessfulEvaluationTime": ran,
                    "FirstActivatedTime": moment(rule.from_t),
                    "FirstEvaluationStarted": True,
                }
            )
        return with_token({"ConfigRulesEvaluationStatus": statuses}, token)

    def start_config_rules_evaluation(call: Call) -> dict[str, Any]:
        """Accepted; what the rules would find is recorded already."""
        named_rules(estate, call, call.params.get("ConfigRuleNames") or (), epoch(call.now))
        return {}

    return {
        "DescribeConfigRules": describe_config_rules,
        "DescribeConfigRuleEvaluationStatus": describe_config_rule_evaluation_status,
        "StartConfigRulesEvaluation": start_config_rules_evaluation,
    }
