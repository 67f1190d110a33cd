"""Security Hub's controls: definitions, and which are enabled in which standard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from include.local_aws.estate.checks import deployable_checks, idle_checks
from include.local_aws.estate.store import Estate
from include.local_aws.overlay import Call, Handler, ServiceError
from include.local_aws.services.moments import epoch, moment
from include.local_aws.services.paging import Cursor, with_token
from include.local_aws.services.questions import Question, question
from include.local_aws.services.securityhub.hub import BAD_INPUT, asked_size, enabled_since
from include.local_aws.services.securityhub.standards import (
    Standard,
    containing,
    control_arn,
    control_checks,
    standards,
)
from include.local_aws.services.securityhub.switches import Place, place

_UNKNOWN_REASON = "Switched off for this account."


def _severity(asks: Question) -> str:
    """Control severities know no INFORMATIONAL."""
    return asks.severity if asks.severity in ("LOW", "MEDIUM", "HIGH", "CRITICAL") else "LOW"


def remediation_url(control: str) -> str:
    """Where Security Hub sends people for the remedy."""
    return f"https://docs.aws.amazon.com/console/securityhub/{control}/remediation"


def _defaults(control: str) -> Mapping[str, Any]:
    """What Security Hub gives a control that nobody gave anything else."""
    for check in (*deployable_checks(), *idle_checks()):
        if check.keywords.get("security_hub") == control:
            return check.given["security_hub"]
    return {}


def parameters_of(control: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """A control's parameters in BatchGetSecurityControls' shape."""
    answer: dict[str, Any] = {}
    usual = _defaults(control)
    for name, value in given.items():
        if isinstance(value, bool):
            kind = "Boolean"
        elif isinstance(value, int):
            kind = "Integer"
        elif isinstance(value, float):
            kind = "Double"
        elif isinstance(value, list):
            whole = all(isinstance(one, int) for one in value)
            kind = "IntegerList" if whole else "StringList"
        else:
            kind = "String"
        custom = name not in usual or str(usual[name]) != str(value)
        answer[name] = {
            "ValueType": "CUSTOM" if custom else "DEFAULT",
            "Value": {kind: value},
        }
    return answer


def _definition(control: str, asks: Question) -> dict[str, Any]:
    return {
        "SecurityControlId": control,
        "Title": asks.text,
        "Description": asks.text,
        "RemediationUrl": remediation_url(control),
        "SeverityRating": _severity(asks),
    }


def _association(
    call: Call, where: Place, standard: Standard, control: str, at: int, *, summary: bool = False
) -> dict[str, Any]:
    asks = question(control_checks()[control])
    stands = where.association(control, standard, at)
    answer: dict[str, Any] = {
        "StandardsArn": standard.arn(call.region),
        "SecurityControlId": control,
        "SecurityControlArn": control_arn(call, control),
        "AssociationStatus": "ENABLED" if stands.on else "DISABLED",
        "RelatedRequirements": standard.related(control),
        "StandardsControlTitle": asks.text,
        "StandardsControlDescription": asks.text,
    }
    if stands.since is not None:
        answer["UpdatedAt"] = moment(stands.since)
    if stands.reason:
        answer["UpdatedReason"] = stands.reason
    if not summary:
        answer["StandardsControlArns"] = [standard.control(call.account, call.region, control)]
    return answer


def handlers(estate: Estate) -> dict[str, Handler]:
    """The five operations about controls."""

    def describe_standards_controls(call: Call) -> dict[str, Any]:
        enabled_since(estate, call)
        cursor = Cursor.of(call, BAD_INPUT)
        where = place(estate, call.account, call.region)
        asked = call.params["StandardsSubscriptionArn"]
        on = where.subscriptions(cursor.as_of)
        standard = next(
            (one for one in on if one.subscription(call.account, call.region) == asked), None
        )
        if standard is None:
            raise ServiceError(
                "ResourceNotFoundException", f"Standard subscription {asked} not found"
            )
        found = []
        for control, check in control_checks().items():
            if control not in standard.requirements:
                continue
            stands = where.association(control, standard, cursor.as_of)
            answer = _definition(control, question(check))
            del answer["SecurityControlId"]
            rule = standard.rule(control)
            answer["ControlId"] = rule if rule == control else f"CIS.{rule}"
            answer["StandardsControlArn"] = standard.control(call.account, call.region, control)
            answer["ControlStatus"] = "ENABLED" if stands.on else "DISABLED"
            if stands.since is not None:
                answer["ControlStatusUpdatedAt"] = moment(stands.since)
            if not stands.on:
                answer["DisabledReason"] = stands.reason or _UNKNOWN_REASON
            answer["RelatedRequirements"] = standard.related(control)
            found.append(answer)
        page, token = cursor.cut(found, asked_size(call))
        return with_token({"Controls": page}, token)

    def list_security_control_definitions(call: Call) -> dict[str, Any]:
        cursor = Cursor.of(call, BAD_INPUT)
        asked = call.params.get("StandardsArn")
        within = [one for one in standards() if one.arn(call.region) == asked]
        if asked and not within:
            raise ServiceError(BAD_INPUT, f"{asked} is not the ARN of a standard.")
        found = [
            {**_definition(control, question(check)), "CurrentRegionAvailability": "AVAILABLE"}
            for control, check in control_checks().items()
            if not within or control in within[0].requirements
        ]
        page, token = cursor.cut(found, asked_size(call))
        return with_token({"SecurityControlDefinitions": page}, token)

    def batch_get_security_controls(call: Call) -> dict[str, Any]:
        enabled_since(estate, call)
        asked = call.params["SecurityControlIds"]
        if not 1 <= len(asked) <= 100:
            raise ServiceError(BAD_INPUT, "Between 1 and 100 SecurityControlIds are needed.")
        where, at = place(estate, call.account, call.region), epoch(call.now)
        found, unknown = [], []
        for given in asked:
            control = given.rsplit("/", 1)[-1]
            if control not in control_checks():
                unknown.append(
                    {
                        "SecurityControlId": given,
                        "ErrorCode": "NOT_FOUND",
                        "ErrorReason": f"Unknown security control {given}.",
                    }
                )
                continue
            deployed = where.deployed(control, at)
            answer = _definition(control, question(control_checks()[control]))
            answer["SecurityControlArn"] = control_arn(call, control)
            answer["SecurityControlStatus"] = "ENABLED" if where.is_on(control, at) else "DISABLED"
            answer["UpdateStatus"] = "READY"
            answer["Parameters"] = parameters_of(control, deployed.parameters if deployed else {})
            if any(one["ValueType"] == "CUSTOM" for one in answer["Parameters"].values()):
                answer["LastUpdateReason"] = "Our own policy asks for this."
            found.append(answer)
        return {"SecurityControls": found, "UnprocessedIds": unknown}

    def list_standards_control_associations(call: Call) -> dict[str, Any]:
        enabled_since(estate, call)
        cursor = Cursor.of(call, BAD_INPUT)
        control = call.params["SecurityControlId"].rsplit("/", 1)[-1]
        if control not in control_checks():
            raise ServiceError(BAD_INPUT, f"Unknown security control {control}.")
        where = place(estate, call.account, call.region)
        found = [
            _association(call, where, standard, control, cursor.as_of, summary=True)
            for standard in containing(control)
        ]
        page, token = cursor.cut(found, asked_size(call))
        return with_token({"StandardsControlAssociationSummaries": page}, token)

    def batch_get_standards_control_associations(call: Call) -> dict[str, Any]:
        enabled_since(estate, call)
        where, at = place(estate, call.account, call.region), epoch(call.now)
        if not 1 <= len(call.params["StandardsControlAssociationIds"]) <= 100:
            raise ServiceError(BAD_INPUT, "Between 1 and 100 associations are needed.")
        found, unknown = [], []
        for asked in call.params["StandardsControlAssociationIds"]:
            control = asked["SecurityControlId"].rsplit("/", 1)[-1]
            held = {one.arn(call.region): one for one in containing(control)}
            standard = held.get(asked["StandardsArn"])
            if standard is None or control not in control_checks():
                unknown.append(
                    {
                        "StandardsControlAssociationId": dict(asked),
                        "ErrorCode": "NOT_FOUND",
                        "ErrorReason": f"{control} is not a control of {asked['StandardsArn']}.",
                    }
                )
                continue
            found.append(_association(call, where, standard, control, at))
        return {
            "StandardsControlAssociationDetails": found,
            "UnprocessedAssociations": unknown,
        }

    return {
        "DescribeStandardsControls": describe_standards_controls,
        "ListSecurityControlDefinitions": list_security_control_definitions,
        "BatchGetSecurityControls": batch_get_security_controls,
        "ListStandardsControlAssociations": list_standards_control_associations,
        "BatchGetStandardsControlAssociations": batch_get_standards_control_associations,
    }
