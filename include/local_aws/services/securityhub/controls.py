"""Security Hub's controls: definitions, and which are enabled in which standard."""

from __future__ import annotations

from typing import Any

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
    enabled_controls,
    standards,
)
from include.local_aws.services.verdicts import Deployed


def _severity(asks: Question) -> str:
    """Control severities know no INFORMATIONAL."""
    return asks.severity if asks.severity in ("LOW", "MEDIUM", "HIGH", "CRITICAL") else "LOW"


def remediation_url(control: str) -> str:
    """Where Security Hub sends people for the remedy."""
    return f"https://docs.aws.amazon.com/console/securityhub/{control}/remediation"


def parameters_of(control: Deployed | None) -> dict[str, Any]:
    """A control's parameters in BatchGetSecurityControls' shape."""
    answer: dict[str, Any] = {}
    for name, value in (control.parameters if control else {}).items():
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
        answer[name] = {"ValueType": "DEFAULT", "Value": {kind: value}}
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
    call: Call, standard: Standard, control: str, deployed: Deployed | None
) -> dict[str, Any]:
    asks = question(control_checks()[control])
    answer: dict[str, Any] = {
        "StandardsArn": standard.arn(call.region),
        "SecurityControlId": control,
        "SecurityControlArn": control_arn(call, control),
        "AssociationStatus": "ENABLED" if deployed and standard.enabled else "DISABLED",
        "RelatedRequirements": standard.related(control),
        "StandardsControlTitle": asks.text,
        "StandardsControlDescription": asks.text,
    }
    if deployed:
        answer["UpdatedAt"] = moment(deployed.from_t)
    return answer


def handlers(estate: Estate) -> dict[str, Handler]:
    """The five operations about controls."""

    def describe_standards_controls(call: Call) -> dict[str, Any]:
        enabled_since(estate, call)
        cursor = Cursor.of(call, BAD_INPUT)
        asked = call.params["StandardsSubscriptionArn"]
        known = {one.subscription(call.account, call.region): one for one in standards()}
        standard = known.get(asked)
        if standard is None or not standard.enabled:
            raise ServiceError(
                "ResourceNotFoundException", f"Standard subscription {asked} not found"
            )
        on = enabled_controls(estate, call, cursor.as_of)
        found = []
        for control, check in control_checks().items():
            if control not in standard.requirements:
                continue
            answer = _definition(control, question(check))
            answer["ControlId"] = answer.pop("SecurityControlId")
            path = asked.split(":subscription/", 1)[1]
            answer["StandardsControlArn"] = (
                f"arn:aws:securityhub:{call.region}:{call.account}:control/{path}/{control}"
            )
            answer["ControlStatus"] = "ENABLED" if control in on else "DISABLED"
            if control in on:
                answer["ControlStatusUpdatedAt"] = moment(on[control].from_t)
            else:
                answer["DisabledReason"] = "Switched off for this account."
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
        on = enabled_controls(estate, call, epoch(call.now))
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
            answer = _definition(control, question(control_checks()[control]))
            answer["SecurityControlArn"] = control_arn(call, control)
            answer["SecurityControlStatus"] = "ENABLED" if control in on else "DISABLED"
            answer["UpdateStatus"] = "READY"
            answer["Parameters"] = parameters_of(on.get(control))
            found.append(answer)
        return {"SecurityControls": found, "UnprocessedIds": unknown}

    def list_standards_control_associations(call: Call) -> dict[str, Any]:
        enabled_since(estate, call)
        cursor = Cursor.of(call, BAD_INPUT)
        control = call.params["SecurityControlId"].rsplit("/", 1)[-1]
        if control not in control_checks():
            raise ServiceError(BAD_INPUT, f"Unknown security control {control}.")
        on = enabled_controls(estate, call, cursor.as_of)
        found = [
            _association(call, standard, control, on.get(control))
            for standard in containing(control, enabled=False)
        ]
        page, token = cursor.cut(found, asked_size(call))
        return with_token({"StandardsControlAssociationSummaries": page}, token)

    def batch_get_standards_control_associations(call: Call) -> dict[str, Any]:
        enabled_since(estate, call)
        on = enabled_controls(estate, call, epoch(call.now))
        found, unknown = [], []
        for asked in call.params["StandardsControlAssociationIds"]:
            control = asked["SecurityControlId"].rsplit("/", 1)[-1]
            held = {one.arn(call.region): one for one in containing(control, enabled=False)}
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
            found.append(_association(call, standard, control, on.get(control)))
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
