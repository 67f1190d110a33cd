"""IAM's account-wide reads: summary, password policy, virtual MFA devices with the root user's."""

from __future__ import annotations

from typing import Any

from include.evidence.identity import account_identity
from include.local_aws.estate.store import Estate
from include.local_aws.overlay import Call, Handler, ServiceError
from include.local_aws.services.configuration import facts_of
from include.local_aws.services.iam.users import (
    BAD_MARKER,
    CERTIFICATE,
    describe_user,
    mfa_serial,
    page,
    since,
    users,
)
from include.local_aws.services.moments import epoch, moment
from include.local_aws.services.paging import Cursor

#: What AWS allows an account by default.
_QUOTAS = {
    "UsersQuota": 5000,
    "GroupsQuota": 300,
    "ServerCertificatesQuota": 20,
    "UserPolicySizeQuota": 2048,
    "GroupPolicySizeQuota": 5120,
    "GroupsPerUserQuota": 10,
    "SigningCertificatesPerUserQuota": 2,
    "AccessKeysPerUserQuota": 2,
    "AttachedPoliciesPerGroupQuota": 10,
    "AttachedPoliciesPerRoleQuota": 10,
    "AttachedPoliciesPerUserQuota": 10,
    "PoliciesQuota": 1500,
    "PolicySizeQuota": 6144,
    "PolicyVersionsInUseQuota": 10000,
    "VersionsPerPolicyQuota": 5,
    "GlobalEndpointTokenVersion": 1,
    "AssumeRolePolicySizeQuota": 2048,
    "InstanceProfilesQuota": 1000,
    "RolePolicySizeQuota": 10240,
    "RolesQuota": 1000,
}


def account_created(estate: Estate, account: str) -> int:
    """When the account was made (epoch seconds): with its own row, or with the organisation's."""
    rows = estate.rows(
        "SELECT created FROM resources WHERE arn = ?"
        " UNION ALL SELECT joined FROM accounts WHERE id = ?",
        (account_identity(account), account),
    )
    return min(int(row[0]) for row in rows if row[0] is not None)


def handlers(estate: Estate) -> dict[str, Handler]:
    """GetAccountSummary, GetAccountPasswordPolicy and ListVirtualMFADevices."""

    def get_account_summary(call: Call) -> dict[str, Any]:
        now = epoch(call.now)
        root = estate.facts(account_identity(call.account), now)

        def count(type_: str) -> int:
            return len(estate.resources(call.account, [type_], at=now))

        everyone = [user.arn for user in users(estate, call.account, now)]
        with_mfa = sum(bool(facts.get("Mfa")) for facts in facts_of(estate, everyone, now).values())
        virtual_root = root.get("RootMfa") == "virtual"
        return {
            "SummaryMap": {
                **_QUOTAS,
                "Users": count("AWS::IAM::User"),
                "Groups": 0,
                "Roles": count("AWS::IAM::Role"),
                "Policies": count("AWS::IAM::Policy"),
                "PolicyVersionsInUse": count("AWS::IAM::Policy"),
                "ServerCertificates": count(CERTIFICATE),
                "InstanceProfiles": 0,
                "Providers": 0,
                "MFADevices": with_mfa + virtual_root,
                "MFADevicesInUse": with_mfa + virtual_root,
                "AccountMFAEnabled": int(root.get("RootMfa", "none") != "none"),
                "AccountAccessKeysPresent": int(bool(root.get("RootAccessKey"))),
                "AccountPasswordPresent": 1,
                "AccountSigningCertificatesPresent": 0,
            }
        }

    def get_account_password_policy(call: Call) -> dict[str, Any]:
        policy = estate.facts(account_identity(call.account), epoch(call.now)).get("PasswordPolicy")
        if not policy:
            raise ServiceError(
                "NoSuchEntity",
                f"The Password Policy with domain name {call.account} cannot be found.",
                status=404,
            )
        return {"PasswordPolicy": policy}

    def list_virtual_mfa_devices(call: Call) -> dict[str, Any]:
        cursor = Cursor.of(call, BAD_MARKER, member="Marker")
        at = cursor.as_of
        identity = account_identity(call.account)
        devices: list[dict[str, Any]] = []
        if estate.facts(identity, at).get("RootMfa") == "virtual":
            root = {
                "UserId": call.account,
                "Arn": f"arn:aws:iam::{call.account}:root",
                "CreateDate": moment(account_created(estate, call.account)),
            }
            devices.append(
                {
                    "SerialNumber": mfa_serial(call.account, "root-account-mfa-device"),
                    "User": root,
                    "EnableDate": moment(since(estate, identity, "RootMfa", at)),
                }
            )
        everyone = users(estate, call.account, at)
        configurations = facts_of(estate, (user.arn for user in everyone), at)
        for user in everyone:
            facts = configurations[user.arn]
            if facts.get("Mfa"):
                devices.append(
                    {
                        "SerialNumber": mfa_serial(call.account, user.resource_name),
                        "User": describe_user(user, facts),
                        "EnableDate": moment(since(estate, user.arn, "Mfa", at)),
                    }
                )
        # Every device of the estate is assigned to somebody.
        if call.params.get("AssignmentStatus") == "Unassigned":
            devices = []
        return page(cursor, call, "VirtualMFADevices", devices)

    return {
        "GetAccountSummary": get_account_summary,
        "GetAccountPasswordPolicy": get_account_password_policy,
        "ListVirtualMFADevices": list_virtual_mfa_devices,
    }
