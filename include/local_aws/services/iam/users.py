"""IAM users and what belongs to them: keys, MFA devices; and server certificates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from include.local_aws.estate.store import Estate, Resource
from include.local_aws.overlay import Call, Handler, ServiceError
from include.local_aws.services.configuration import facts_of, home_region
from include.local_aws.services.moments import epoch, moment
from include.local_aws.services.paging import Cursor, page_size

USER = "AWS::IAM::User"
CERTIFICATE = "AWS::IAM::ServerCertificate"
BAD_MARKER = "ValidationError"


def no_such(kind: str, name: str) -> ServiceError:
    """NoSuchEntity, as IAM words it."""
    return ServiceError("NoSuchEntity", f"The {kind} with name {name} cannot be found.", status=404)


def users(estate: Estate, account: str, at: int) -> list[Resource]:
    """The account's users at ``at``, by name."""
    found = estate.resources(account, [USER], at=at)
    return sorted(found, key=lambda user: user.resource_name)


def named_user(estate: Estate, call: Call, at: int) -> Resource:
    """The user a call names; NoSuchEntity for a stranger, ValidationError without a name."""
    name = call.params.get("UserName")
    if not name:
        raise ServiceError(
            "ValidationError",
            "Must specify userName when calling with non-User credentials",
            status=400,
        )
    for user in users(estate, call.account, at):
        if user.resource_name == name:
            return user
    raise no_such("user", name)


def page(cursor: Cursor, call: Call, member: str, items: Sequence[Any]) -> dict[str, Any]:
    """One page of an IAM listing: MaxItems, IsTruncated and Marker."""
    size = page_size(call, member="MaxItems", default=100, most=1000, error=BAD_MARKER)
    shown, token = cursor.cut(items, size)
    answer: dict[str, Any] = {member: shown, "IsTruncated": token is not None}
    return {**answer, "Marker": token} if token else answer


def describe_user(user: Resource, facts: dict[str, Any]) -> dict[str, Any]:
    """A user in IAM's shape; PasswordLastUsed only once there was a sign-in."""
    answer: dict[str, Any] = {
        "Path": "/",
        "UserName": user.resource_name,
        "UserId": user.resource_id,
        "Arn": user.arn,
        "CreateDate": moment(user.created),
    }
    if facts.get("Console") and facts.get("PasswordLastUsed") is not None:
        answer["PasswordLastUsed"] = moment(facts["PasswordLastUsed"])
    return answer


def mfa_serial(account: str, user_name: str) -> str:
    """The serial number (ARN) of a user's virtual MFA device."""
    return f"arn:aws:iam::{account}:mfa/{user_name}"


def since(estate: Estate, arn: str, name: str, at: int) -> int:
    """Since when a property has the value it has at ``at``."""
    rows = estate.rows(
        "SELECT from_t FROM facts WHERE arn = ? AND property = ? AND from_t <= ?"
        " ORDER BY from_t DESC LIMIT 1",
        (arn, name, at),
    )
    return int(rows[0]["from_t"]) if rows else at


def handlers(estate: Estate) -> dict[str, Handler]:
    """Reads of users, their keys and devices, and of server certificates."""

    def list_users(call: Call) -> dict[str, Any]:
        cursor = Cursor.of(call, BAD_MARKER, member="Marker")
        # All of the estate's users lie at the root path.
        shown = users(estate, call.account, cursor.as_of)
        if call.params.get("PathPrefix", "/") != "/":
            shown = []
        configurations = facts_of(estate, (user.arn for user in shown), cursor.as_of)
        items = [describe_user(user, configurations[user.arn]) for user in shown]
        return page(cursor, call, "Users", items)

    def get_user(call: Call) -> dict[str, Any]:
        now = epoch(call.now)
        user = named_user(estate, call, now)
        return {"User": describe_user(user, estate.facts(user.arn, now))}

    def list_access_keys(call: Call) -> dict[str, Any]:
        cursor = Cursor.of(call, BAD_MARKER, member="Marker")
        user = named_user(estate, call, cursor.as_of)
        items = [
            {
                "UserName": user.resource_name,
                "AccessKeyId": key["AccessKeyId"],
                "Status": key["Status"],
                "CreateDate": moment(key["CreateDate"]),
            }
            for key in estate.facts(user.arn, cursor.as_of).get("AccessKeys") or ()
        ]
        return page(cursor, call, "AccessKeyMetadata", items)

    def get_access_key_last_used(call: Call) -> dict[str, Any]:
        now, asked = epoch(call.now), call.params["AccessKeyId"]
        everyone = users(estate, call.account, now)
        configurations = facts_of(estate, (user.arn for user in everyone), now)
        for user in everyone:
            for key in configurations[user.arn].get("AccessKeys") or ():
                if key["AccessKeyId"] == asked:
                    used: dict[str, Any] = {"ServiceName": "N/A", "Region": "N/A"}
                    if key.get("LastUsed") is not None:
                        used = {
                            "LastUsedDate": moment(key["LastUsed"]),
                            "ServiceName": "s3",
                            "Region": home_region(estate),
                        }
                    return {"UserName": user.resource_name, "AccessKeyLastUsed": used}
        raise no_such("Access Key", asked)

    def list_mfa_devices(call: Call) -> dict[str, Any]:
        cursor = Cursor.of(call, BAD_MARKER, member="Marker")
        user = named_user(estate, call, cursor.as_of)
        items = []
        if estate.facts(user.arn, cursor.as_of).get("Mfa"):
            items = [
                {
                    "UserName": user.resource_name,
                    "SerialNumber": mfa_serial(call.account, user.resource_name),
                    "EnableDate": moment(since(estate, user.arn, "Mfa", cursor.as_of)),
                }
            ]
        return page(cursor, call, "MFADevices", items)

    def list_server_certificates(call: Call) -> dict[str, Any]:
        cursor = Cursor.of(call, BAD_MARKER, member="Marker")
        found = estate.resources(call.account, [CERTIFICATE], at=cursor.as_of)
        if call.params.get("PathPrefix", "/") != "/":
            found = []
        configurations = facts_of(estate, (one.arn for one in found), cursor.as_of)
        items = [
            {
                "Path": "/",
                "ServerCertificateName": one.resource_name,
                "ServerCertificateId": one.resource_id,
                "Arn": one.arn,
                "UploadDate": moment(one.created),
                "Expiration": moment(configurations[one.arn]["Expiration"]),
            }
            for one in sorted(found, key=lambda one: one.resource_name)
        ]
        return page(cursor, call, "ServerCertificateMetadataList", items)

    return {
        "ListUsers": list_users,
        "GetUser": get_user,
        "ListAccessKeys": list_access_keys,
        "GetAccessKeyLastUsed": get_access_key_last_used,
        "ListMFADevices": list_mfa_devices,
        "ListServerCertificates": list_server_certificates,
    }
