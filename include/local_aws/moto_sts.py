"""STS: who am I, and roles that are only given to those they trust."""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Mapping
from typing import Any

from include.local_aws.credentials import Credentials
from include.protocol.call import Call, Handler
from include.protocol.errors import ServiceError

_ROLE = re.compile(r"arn:aws:iam::(\d{12}):role/(?:[^/]+/)*([^/]+)")


def handlers(credentials: Credentials) -> dict[str, Handler]:
    """STS's operations that moto answers wrongly or without checking."""

    def get_caller_identity(call: Call) -> dict[str, Any]:
        return {
            "Account": call.account,
            "Arn": call.caller_arn,
            "UserId": credentials.user_id(call.caller_arn),
        }

    def assume_role(call: Call) -> dict[str, Any]:
        arn = call.params["RoleArn"]
        role = _role(arn)
        if role is None or not trusts(
            role.assume_role_policy_document,
            call.caller_arn,
            call.account,
            call.params.get("ExternalId"),
        ):
            raise ServiceError(
                "AccessDenied",
                f"User: {call.caller_arn} is not authorized to perform: sts:AssumeRole on "
                f"resource: {arn}",
                status=403,
            )
        seconds = call.params.get("DurationSeconds", 3600)
        if seconds > int(role.max_session_duration or 3600):
            raise ServiceError(
                "ValidationError",
                "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
                status=400,
            )
        account = role.arn.split(":")[4]
        session = call.params["RoleSessionName"]
        user = {
            "Arn": f"arn:aws:sts::{account}:assumed-role/{role.name}/{session}",
            "AssumedRoleId": f"{role.id}:{session}",
        }
        issued = credentials.issue(account, user["Arn"], user["AssumedRoleId"], seconds)
        return {"Credentials": issued, "AssumedRoleUser": user}

    def get_session_token(call: Call) -> dict[str, Any]:
        seconds = call.params.get("DurationSeconds", 43200)
        return {
            "Credentials": credentials.issue(
                call.account, call.caller_arn, credentials.user_id(call.caller_arn), seconds
            )
        }

    return {
        "AssumeRole": assume_role,
        "GetCallerIdentity": get_caller_identity,
        "GetSessionToken": get_session_token,
    }


#: Operations of moto's that hand out credentials nobody could trace; they answer 501 here.
REFUSED = frozenset({"AssumeRoleWithSAML", "AssumeRoleWithWebIdentity", "GetFederationToken"})


def _role(arn: str) -> Any:
    found = _ROLE.fullmatch(arn)
    if found is None:
        return None
    from moto.iam.models import iam_backends

    for role in iam_backends[found[1]]["aws"].get_roles():
        if role.arn == arn:
            return role
    return None


def trusts(policy: str, caller_arn: str, account: str, external_id: str | None) -> bool:
    """Whether a role's trust policy lets a caller of ``account`` assume it."""
    document = json.loads(policy)
    statements = document.get("Statement", [])
    if isinstance(statements, dict):
        statements = [statements]
    facts = {"sts:externalid": external_id, "aws:principalaccount": account}
    allowed = False
    for statement in statements:
        applies = (
            _names_action(statement.get("Action"))
            and _names_caller(statement.get("Principal"), caller_arn, account)
            and _holds(statement.get("Condition") or {}, facts)
        )
        if applies and statement.get("Effect") == "Deny":
            return False
        allowed = allowed or (applies and statement.get("Effect") == "Allow")
    return allowed


def _listed(value: Any) -> list[str]:
    if value is None:
        return []
    return [value] if isinstance(value, str) else list(value)


def _names_action(action: Any) -> bool:
    return any(fnmatch.fnmatch("sts:assumerole", item.lower()) for item in _listed(action))


def _names_caller(principal: Any, caller_arn: str, account: str) -> bool:
    if principal == "*":
        return True
    if not isinstance(principal, Mapping):
        return False
    names = {caller_arn, account, f"arn:aws:iam::{account}:root", "*"}
    # a session of a role is that role's principal too
    session = re.fullmatch(r"arn:aws:sts::(\d{12}):assumed-role/([^/]+)/.+", caller_arn)
    if session:
        names.add(f"arn:aws:iam::{session[1]}:role/{session[2]}")
    return any(item in names for item in _listed(principal.get("AWS")))


def _holds(conditions: Mapping[str, Any], facts: Mapping[str, str | None]) -> bool:
    """Only string conditions on what we know hold; any other condition is not met."""
    for operator, pairs in conditions.items():
        if operator not in ("StringEquals", "StringLike"):
            return False
        for key, wanted in pairs.items():
            value = facts.get(key.lower())
            if value is None or not any(
                fnmatch.fnmatchcase(value, item) if operator == "StringLike" else value == item
                for item in _listed(wanted)
            ):
                return False
    return True
