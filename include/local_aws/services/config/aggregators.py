"""The organisation's aggregator: other accounts' Config seen from one place.

It lives in the management account's home region and takes in every account whose setting
``ConfigAggregation`` (a fact of the regional account) isn't false: one that did not authorise it
is left out of every answer without a word.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

from include.local_aws.estate.store import Estate
from include.local_aws.overlay import Call, Handler, ServiceError
from include.local_aws.services.config.compliance import capped, current, evaluation, kind_of
from include.local_aws.services.config.compliance import overall as overall_of
from include.local_aws.services.config.inventory import BAD_LIMIT
from include.local_aws.services.config.items import recorded
from include.local_aws.services.config.recorder import setting, state_at
from include.local_aws.services.config.rules import BAD_TOKEN, rules_at
from include.local_aws.services.config.select import MOST, answer, default_size, parsed, rows_of
from include.local_aws.services.configuration import home_region
from include.local_aws.services.moments import epoch, moment
from include.local_aws.services.paging import Cursor, page_size, with_token

NAME = "organization"
#: Rules or resources that a summary counts up to.
_UNCAPPED = 10_000


def _is_home(estate: Estate, call: Call) -> bool:
    return call.account == estate.accounts[0] and call.region == home_region(estate)


def sources(estate: Estate, at: int) -> list[tuple[str, str]]:
    """(account, region) of everything that is aggregated, in order."""
    return [
        (account, region)
        for account in estate.accounts
        for region in estate.regions
        if setting(estate, account, region, "ConfigAggregation", at) is not False
        and state_at(estate, account, region, at) is not None
    ]


def handlers(estate: Estate) -> dict[str, Handler]:
    """Aggregators, their sources, and the questions they answer."""

    def require(call: Call, name: str | None) -> None:
        if name is not None and (name != NAME or not _is_home(estate, call)):
            raise ServiceError(
                "NoSuchConfigurationAggregatorException",
                f"The configuration aggregator does not exist: '{name}'.",
            )

    def describe_configuration_aggregators(call: Call) -> dict[str, Any]:
        Cursor.of(call, BAD_TOKEN)
        for name in call.params.get("ConfigurationAggregatorNames") or ():
            require(call, name)
        if not _is_home(estate, call):
            return {"ConfigurationAggregators": []}
        began = moment(estate.meta("history_start") or 0)
        aggregator = {
            "ConfigurationAggregatorName": NAME,
            "ConfigurationAggregatorArn": f"arn:aws:config:{call.region}:{call.account}:"
            "config-aggregator/config-aggregator-organiz1",
            "OrganizationAggregationSource": {
                "RoleArn": f"arn:aws:iam::{call.account}:role/ConfigAggregator",
                "AllAwsRegions": True,
            },
            "CreationTime": began,
            "LastUpdatedTime": began,
        }
        return {"ConfigurationAggregators": [aggregator]}

    def describe_configuration_aggregator_sources_status(call: Call) -> dict[str, Any]:
        require(call, call.params["ConfigurationAggregatorName"])
        cursor = Cursor.of(call, BAD_TOKEN)
        size = page_size(call, member="Limit", default=100, most=100, least=0, error=BAD_LIMIT)
        known = set(sources(estate, cursor.as_of))
        wanted = set(call.params.get("UpdateStatus") or ())
        listed = []
        for account in estate.accounts:
            for region in estate.regions:
                ok = (account, region) in known
                status: dict[str, Any] = {
                    "SourceId": account,
                    "SourceType": "ORGANIZATION",
                    "AwsRegion": region,
                    "LastUpdateStatus": "SUCCEEDED" if ok else "FAILED",
                    "LastUpdateTime": moment(cursor.as_of),
                }
                if not ok:
                    status["LastErrorCode"] = "AccessDenied"
                    status["LastErrorMessage"] = "The source account is not authorized."
                if not wanted or status["LastUpdateStatus"] in wanted:
                    listed.append(status)
        page, token = cursor.cut(listed, size)
        return with_token({"AggregatedSourceStatusList": page}, token)

    def describe_aggregation_authorizations(call: Call) -> dict[str, Any]:
        Cursor.of(call, BAD_TOKEN)
        home, manager = home_region(estate), estate.accounts[0]
        given = setting(estate, call.account, call.region, "ConfigAggregation", epoch(call.now))
        if call.account == manager or given is False:
            return {"AggregationAuthorizations": []}
        authorization = {
            "AggregationAuthorizationArn": f"arn:aws:config:{call.region}:{call.account}:"
            f"aggregation-authorization/{manager}/{home}",
            "AuthorizedAccountId": manager,
            "AuthorizedAwsRegion": home,
            "CreationTime": moment(estate.meta("history_start") or 0),
        }
        return {"AggregationAuthorizations": [authorization]}

    def select_aggregate_resource_config(call: Call) -> dict[str, Any]:
        require(call, call.params["ConfigurationAggregatorName"])
        query = parsed(call)
        cursor = Cursor.of(call, BAD_TOKEN)
        member = "MaxResults" if call.params.get("MaxResults") else "Limit"
        size = page_size(
            call, member=member, default=default_size(query), most=MOST, least=0, error=BAD_LIMIT
        )

        def rows() -> Iterator[dict[str, Any]]:
            for account, region in sources(estate, cursor.as_of):
                yield from rows_of(estate, account, region, cursor.as_of, query.types)

        return answer(call, query, rows(), cursor, size)

    def filtered_sources(call: Call, at: int) -> list[Call]:
        filters = call.params.get("Filters") or {}
        return [
            replace(call, account=account, region=region)
            for account, region in sources(estate, at)
            if filters.get("AccountId", account) == account
            and filters.get("AwsRegion", filters.get("Region", region)) == region
        ]

    def describe_aggregate_compliance_by_config_rules(call: Call) -> dict[str, Any]:
        require(call, call.params["ConfigurationAggregatorName"])
        cursor = Cursor.of(call, BAD_TOKEN)
        size = page_size(call, member="Limit", default=1000, most=1000, least=0, error=BAD_LIMIT)
        filters = call.params.get("Filters") or {}
        listed = []
        for place in filtered_sources(call, cursor.as_of):
            rules = rules_at(estate, place, cursor.as_of)
            found = current(estate, place, rules, cursor.as_of)
            for rule in rules:
                kind = overall_of(found[rule.check_id])
                if filters.get("ConfigRuleName", rule.name) != rule.name:
                    continue
                if filters.get("ComplianceType", kind) != kind:
                    continue
                failing = sum(one.status == "FAIL" for one in found[rule.check_id])
                compliance: dict[str, Any] = {"ComplianceType": kind}
                if kind == "NON_COMPLIANT":
                    compliance["ComplianceContributorCount"] = capped(failing)
                listed.append(
                    {
                        "ConfigRuleName": rule.name,
                        "Compliance": compliance,
                        "AccountId": place.account,
                        "AwsRegion": place.region,
                    }
                )
        page, token = cursor.cut(listed, size)
        return with_token({"AggregateComplianceByConfigRules": page}, token)

    def get_aggregate_compliance_details_by_config_rule(call: Call) -> dict[str, Any]:
        require(call, call.params["ConfigurationAggregatorName"])
        cursor = Cursor.of(call, BAD_TOKEN)
        size = page_size(call, member="Limit", default=50, most=100, least=0, error=BAD_LIMIT)
        place = replace(call, account=call.params["AccountId"], region=call.params["AwsRegion"])
        results = []
        if (place.account, place.region) in sources(estate, cursor.as_of):
            rules = [
                rule
                for rule in rules_at(estate, place, cursor.as_of)
                if rule.name == call.params["ConfigRuleName"]
            ]
            # Config counts what complies only when it is asked for nothing else.
            wanted = call.params.get("ComplianceType") or "NON_COMPLIANT"
            for rule in rules:
                for verdict in current(estate, place, [rule], cursor.as_of)[rule.check_id]:
                    if kind_of(verdict) == wanted:
                        results.append(
                            {
                                **evaluation(place, rule, verdict, cursor.as_of),
                                "AccountId": place.account,
                                "AwsRegion": place.region,
                            }
                        )
        page, token = cursor.cut(results, size)
        return with_token({"AggregateEvaluationResults": page}, token)

    def get_aggregate_config_rule_compliance_summary(call: Call) -> dict[str, Any]:
        require(call, call.params["ConfigurationAggregatorName"])
        cursor = Cursor.of(call, BAD_TOKEN)
        size = page_size(call, member="Limit", default=1000, most=1000, least=0, error=BAD_LIMIT)
        by = call.params.get("GroupByKey")
        counts: dict[str, Counter[str]] = {}
        for place in filtered_sources(call, cursor.as_of):
            found = current(estate, place, rules_at(estate, place, cursor.as_of), cursor.as_of)
            group = {"ACCOUNT_ID": place.account, "AWS_REGION": place.region}.get(by or "", "")
            counts.setdefault(group, Counter()).update(map(overall_of, found.values()))
        listed = []
        for group, kinds in sorted(counts.items()):
            summary = {
                "CompliantResourceCount": _count(kinds["COMPLIANT"]),
                "NonCompliantResourceCount": _count(kinds["NON_COMPLIANT"]),
                "ComplianceSummaryTimestamp": moment(cursor.as_of),
            }
            named = {"GroupName": group} if group else {}
            listed.append({**named, "ComplianceSummary": summary})
        page, token = cursor.cut(listed, size)
        about = {"GroupByKey": by} if by else {}
        return with_token({**about, "AggregateComplianceCounts": page}, token)

    def get_aggregate_discovered_resource_counts(call: Call) -> dict[str, Any]:
        require(call, call.params["ConfigurationAggregatorName"])
        cursor = Cursor.of(call, BAD_TOKEN)
        size = page_size(call, member="Limit", default=1000, most=1000, least=0, error=BAD_LIMIT)
        wanted = (call.params.get("Filters") or {}).get("ResourceType")
        by = call.params.get("GroupByKey")
        counts: Counter[str] = Counter()
        for place in filtered_sources(call, cursor.as_of):
            listed = partial(recorded, estate, place.account, place.region, cursor.as_of)
            for resource in listed(types=[wanted] if wanted else None):
                if resource.exists(cursor.as_of):
                    group = {
                        "RESOURCE_TYPE": resource.type,
                        "ACCOUNT_ID": place.account,
                        "AWS_REGION": place.region,
                    }.get(by or "", "")
                    counts[group] += 1
        groups = [{"GroupName": group, "ResourceCount": n} for group, n in sorted(counts.items())]
        page, token = cursor.cut(groups if by else [], size)
        answered: dict[str, Any] = {"TotalDiscoveredResources": sum(counts.values())}
        if by:
            answered |= {"GroupByKey": by, "GroupedResourceCounts": page}
        return with_token(answered, token)

    return {
        "DescribeConfigurationAggregators": describe_configuration_aggregators,
        "DescribeConfigurationAggregatorSourcesStatus": (
            describe_configuration_aggregator_sources_status
        ),
        "DescribeAggregationAuthorizations": describe_aggregation_authorizations,
        "SelectAggregateResourceConfig": select_aggregate_resource_config,
        "DescribeAggregateComplianceByConfigRules": describe_aggregate_compliance_by_config_rules,
        "GetAggregateComplianceDetailsByConfigRule": (
            get_aggregate_compliance_details_by_config_rule
        ),
        "GetAggregateConfigRuleComplianceSummary": get_aggregate_config_rule_compliance_summary,
        "GetAggregateDiscoveredResourceCounts": get_aggregate_discovered_resource_counts,
    }


def _count(number: int) -> dict[str, Any]:
    return {"CappedCount": min(number, _UNCAPPED), "CapExceeded": number > _UNCAPPED}
