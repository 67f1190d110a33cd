"""Insights: findings counted by an attribute. Security Hub's own ones; nobody made others here."""

from __future__ import annotations

from collections import Counter
from typing import Any

from include.local_aws.estate.store import Estate
from include.local_aws.overlay import Call, Handler, ServiceError
from include.local_aws.services.moments import epoch
from include.local_aws.services.paging import Cursor, with_token
from include.local_aws.services.securityhub.hub import BAD_INPUT, asked_size, enabled_since
from include.local_aws.services.securityhub.organisation import seen_from
from include.local_aws.services.securityhub.search import TEXTS, tests_of

_OPEN = {
    "RecordState": [{"Value": "ACTIVE", "Comparison": "EQUALS"}],
    "WorkflowStatus": [
        {"Value": "NEW", "Comparison": "EQUALS"},
        {"Value": "NOTIFIED", "Comparison": "EQUALS"},
    ],
}
_FAILED_TODAY = {
    **_OPEN,
    "ComplianceStatus": [{"Value": "FAILED", "Comparison": "EQUALS"}],
    "UpdatedAt": [{"DateRange": {"Value": 1, "Unit": "DAYS"}}],
}
#: Managed insights by the number in their ARN: name, what they group by, filters.
_MANAGED: dict[str, tuple[str, str, dict[str, Any]]] = {
    "1": ("AWS resources with the most findings", "ResourceId", _OPEN),
    "27": ("Top accounts by counts of findings", "AwsAccountId", _OPEN),
    "28": ("Top products by counts of findings", "ProductArn", _OPEN),
    "29": ("Severity by counts of findings", "SeverityLabel", _OPEN),
    "36": ("Resources with the most failed security checks", "ResourceId", _FAILED_TODAY),
}
_PREFIX = "arn:aws:securityhub:::insight/securityhub/default/"
#: GetInsightResults gives the greatest groups only.
_GROUPS = 100


def _managed(arn: str) -> tuple[str, str, dict[str, Any]]:
    known = _MANAGED.get(arn.removeprefix(_PREFIX)) if arn.startswith(_PREFIX) else None
    if known is None:
        raise ServiceError("ResourceNotFoundException", f"Insight {arn} was not found.")
    return known


def handlers(estate: Estate) -> dict[str, Handler]:
    """GetInsights and GetInsightResults."""

    def get_insights(call: Call) -> dict[str, Any]:
        enabled_since(estate, call)
        cursor = Cursor.of(call, BAD_INPUT)
        # Without ARNs the service lists the account's own insights; managed ones are asked for.
        found = []
        for arn in call.params.get("InsightArns") or ():
            name, attribute, filters = _managed(arn)
            found.append(
                {
                    "InsightArn": arn,
                    "Name": name,
                    "Filters": filters,
                    "GroupByAttribute": attribute,
                }
            )
        page, token = cursor.cut(found, asked_size(call))
        return with_token({"Insights": page}, token)

    def get_insight_results(call: Call) -> dict[str, Any]:
        enabled_since(estate, call)
        arn = call.params["InsightArn"]
        _, attribute, filters = _managed(arn)
        at = epoch(call.now)
        tests = tests_of(filters, at)
        counts = Counter(
            value
            for finding in seen_from(estate, call.account, call.region, at)
            if all(test(finding) for test in tests)
            for value in TEXTS[attribute](finding)
        )
        ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:_GROUPS]
        return {
            "InsightResults": {
                "InsightArn": arn,
                "GroupByAttribute": attribute,
                "ResultValues": [
                    {"GroupByAttributeValue": value, "Count": count} for value, count in ordered
                ],
            }
        }

    return {"GetInsights": get_insights, "GetInsightResults": get_insight_results}
