"""The credential report: one CSV row per user, the root user first, as IAM writes it."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

from include.evidence.identity import account_identity
from include.local_aws.estate.store import Estate, Resource
from include.local_aws.overlay import Call, Handler
from include.local_aws.services.configuration import facts_of, home_region
from include.local_aws.services.iam.account import account_created
from include.local_aws.services.iam.users import users
from include.local_aws.services.moments import DAY, epoch, moment

COLUMNS = (
    "user",
    "arn",
    "user_creation_time",
    "password_enabled",
    "password_last_used",
    "password_last_changed",
    "password_next_rotation",
    "mfa_active",
    "access_key_1_active",
    "access_key_1_last_rotated",
    "access_key_1_last_used_date",
    "access_key_1_last_used_region",
    "access_key_1_last_used_service",
    "access_key_2_active",
    "access_key_2_last_rotated",
    "access_key_2_last_used_date",
    "access_key_2_last_used_region",
    "access_key_2_last_used_service",
    "cert_1_active",
    "cert_1_last_rotated",
    "cert_2_active",
    "cert_2_last_rotated",
)
NONE = "N/A"


def _time(seconds: int | None, otherwise: str = NONE) -> str:
    return moment(seconds).isoformat() if seconds is not None else otherwise


def _key_columns(keys: list[Mapping[str, Any]], region: str) -> dict[str, str]:
    columns: dict[str, str] = {}
    for number in (1, 2):
        key = keys[number - 1] if len(keys) >= number else None
        used = key.get("LastUsed") if key else None
        columns |= {
            f"access_key_{number}_active": str(bool(key and key["Status"] == "Active")).lower(),
            f"access_key_{number}_last_rotated": _time(key["CreateDate"] if key else None),
            f"access_key_{number}_last_used_date": _time(used),
            f"access_key_{number}_last_used_region": region if used is not None else NONE,
            f"access_key_{number}_last_used_service": "s3" if used is not None else NONE,
            f"cert_{number}_active": "false",
            f"cert_{number}_last_rotated": NONE,
        }
    return columns


def _root_row(estate: Estate, account: str, at: int) -> dict[str, str]:
    facts = estate.facts(account_identity(account), at)
    created = account_created(estate, account)
    keys: list[Mapping[str, Any]] = []
    if facts.get("RootAccessKey"):
        rows = estate.rows(
            "SELECT from_t FROM facts WHERE arn = ? AND property = 'RootAccessKey'"
            " AND from_t <= ? ORDER BY from_t DESC LIMIT 1",
            (account_identity(account), at),
        )
        keys = [{"Status": "Active", "CreateDate": rows[0]["from_t"], "LastUsed": None}]
    return {
        "user": "<root_account>",
        "arn": f"arn:aws:iam::{account}:root",
        "user_creation_time": _time(created),
        "password_enabled": "not_supported",
        "password_last_used": "no_information",
        "password_last_changed": "not_supported",
        "password_next_rotation": "not_supported",
        "mfa_active": str(facts.get("RootMfa", "none") != "none").lower(),
        **_key_columns(keys, NONE),
    }


def _user_row(
    user: Resource, facts: Mapping[str, Any], policy: Mapping[str, Any], region: str
) -> dict[str, str]:
    console = bool(facts.get("Console"))
    # The estate gives a password with the user and never changes it.
    rotation = NONE
    if console and policy.get("MaxPasswordAge"):
        rotation = _time(user.created + policy["MaxPasswordAge"] * DAY)
    return {
        "user": user.resource_name,
        "arn": user.arn,
        "user_creation_time": _time(user.created),
        "password_enabled": str(console).lower(),
        "password_last_used": _time(facts.get("PasswordLastUsed"), "no_information")
        if console
        else NONE,
        "password_last_changed": _time(user.created if console else None),
        "password_next_rotation": rotation,
        "mfa_active": str(bool(facts.get("Mfa"))).lower(),
        **_key_columns(list(facts.get("AccessKeys") or ()), region),
    }


def credential_report(estate: Estate, account: str, at: int) -> str:
    """The whole report as CSV text, as of ``at``."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerow(_root_row(estate, account, at))
    policy = estate.facts(account_identity(account), at).get("PasswordPolicy") or {}
    everyone = users(estate, account, at)
    configurations = facts_of(estate, (user.arn for user in everyone), at)
    for user in everyone:
        row = _user_row(user, configurations[user.arn], policy, home_region(estate))
        writer.writerow(row)
    return text.getvalue().rstrip("\n")


def handlers(estate: Estate) -> dict[str, Handler]:
    """GenerateCredentialReport, which is done at once, and GetCredentialReport."""

    def generate(call: Call) -> dict[str, Any]:
        return {"State": "COMPLETE"}

    def get(call: Call) -> dict[str, Any]:
        return {
            "Content": credential_report(estate, call.account, epoch(call.now)).encode(),
            "ReportFormat": "text/csv",
            "GeneratedTime": call.now.replace(microsecond=0),
        }

    return {"GenerateCredentialReport": generate, "GetCredentialReport": get}
