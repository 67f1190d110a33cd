"""Named pure functions that judge one configuration item, as an AWS API returned it.

Each takes the item (boto3's members; times may be ISO text), the related items by API keyword
(``iam_ListVirtualMFADevices`` …), the check's parameters by name and the time for which the
answer is wanted. What is missing or malformed is ``UNANSWERED``, never ``PASS``; ``NOT_APPLICABLE``
means that the item is outside the check's population.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import wraps
from typing import Any, Literal

from include.checks.network_exposure import Unreadable, open_to_world, read_ports

Answer = Literal["PASS", "FAIL", "NOT_APPLICABLE", "UNANSWERED"]
Item = Mapping[str, Any]
Related = Mapping[str, Sequence[Item]]
Assertion = Callable[[Item, Related, Mapping[str, Any], datetime], Answer]

#: Every assertion by its name in the catalogue.
ASSERTIONS: dict[str, Assertion] = {}


def _assertion(judge: Assertion) -> Assertion:
    """Register ``judge``; whatever it can't read becomes UNANSWERED."""

    @wraps(judge)
    def guarded(
        configuration: Item, related: Related, parameters: Mapping[str, Any], as_of: datetime
    ) -> Answer:
        if not isinstance(configuration, Mapping):
            return "UNANSWERED"
        try:
            return judge(configuration, related, parameters, as_of)
        except Unreadable:
            return "UNANSWERED"

    ASSERTIONS[judge.__name__] = guarded
    return guarded


def _pass_if(holds: bool) -> Answer:
    return "PASS" if holds else "FAIL"


def _number(item: Item, name: str) -> int:
    value = item.get(name)
    # bool is an int in Python, but not in any of these answers.
    if isinstance(value, bool) or not isinstance(value, int):
        raise Unreadable(name)
    return value


def _flag(item: Item, name: str) -> bool:
    value = item.get(name)
    if not isinstance(value, bool):
        raise Unreadable(name)
    return value


def _text(item: Item, name: str) -> str:
    value = item.get(name)
    if not isinstance(value, str) or not value.strip():
        raise Unreadable(name)
    return value


def _items(source: Mapping[str, Any], name: str) -> list[Item]:
    value = source.get(name)
    if not isinstance(value, (list, tuple)):
        raise Unreadable(name)
    if not all(isinstance(item, Mapping) for item in value):
        raise Unreadable(name)
    return list(value)


# --- the account -------------------------------------------------------------------------------


@_assertion
def alternate_contact_present(
    configuration: Item, related: Related, parameters: Mapping[str, Any], as_of: datetime
) -> Answer:
    """account:GetAlternateContact: the security contact, ``{}`` when there is none."""
    if not configuration:
        return "FAIL"
    if configuration.get("AlternateContactType", "SECURITY") != "SECURITY":
        return "UNANSWERED"
    _text(configuration, "EmailAddress")
    return "PASS"


@_assertion
def root_has_no_access_key(
    configuration: Item, related: Related, parameters: Mapping[str, Any], as_of: datetime
) -> Answer:
    """iam:GetAccountSummary: the SummaryMap."""
    return _pass_if(_number(configuration, "AccountAccessKeysPresent") == 0)


@_assertion
def root_mfa_enabled(
    configuration: Item, related: Related, parameters: Mapping[str, Any], as_of: datetime
) -> Answer:
    """iam:GetAccountSummary: the SummaryMap."""
    return _pass_if(_number(configuration, "AccountMFAEnabled") > 0)


@_assertion
def root_mfa_is_hardware(
    configuration: Item, related: Related, parameters: Mapping[str, Any], as_of: datetime
) -> Answer:
    """The root user has MFA, and no virtual device is the root user's.

    AWS lists virtual devices only, so "hardware" is what remains.
    """
    if _number(configuration, "AccountMFAEnabled") == 0:
        return "FAIL"
    unclear = False
    for device in _items(related, "iam_ListVirtualMFADevices"):
        owner = device.get("User")
        arn = owner.get("Arn") if isinstance(owner, Mapping) else None
        serial = device.get("SerialNumber")
        if isinstance(arn, str) and arn.endswith(":root"):
            return "FAIL"
        if isinstance(serial, str) and serial.endswith(":mfa/root-account-mfa-device"):
            return "FAIL"
        # A device in use whose owner isn't told could be the root user's.
        in_use = owner is not None or device.get("EnableDate") is not None
        unclear |= not isinstance(serial, str) or (in_use and not isinstance(arn, str))
    return "UNANSWERED" if unclear else "PASS"


@_assertion
def password_policy_minimum_length(
    configuration: Item, related: Related, parameters: Mapping[str, Any], as_of: datetime
) -> Answer:
    """iam:GetAccountPasswordPolicy: the PasswordPolicy, ``{}`` when none is set."""
    wanted = _number(parameters, "MinimumPasswordLength")
    if not configuration:
        return "FAIL"
    return _pass_if(_number(configuration, "MinimumPasswordLength") >= wanted)


@_assertion
def password_policy_reuse_prevention(
    configuration: Item, related: Related, parameters: Mapping[str, Any], as_of: datetime
) -> Answer:
    """iam:GetAccountPasswordPolicy: IAM leaves the member out when reuse is not limited."""
    wanted = _number(parameters, "PasswordReusePrevention")
    if not configuration:
        return "FAIL"
    if configuration.get("PasswordReusePrevention") is None:
        _number(configuration, "MinimumPasswordLength")  # so it is a policy, only without a limit
        return "FAIL"
    return _pass_if(_number(configuration, "PasswordReusePrevention") >= wanted)


# --- IAM users: one row of the credential report -----------------------------------------------


def _yes(row: Item, name: str) -> bool:
    """A column of the credential report; ``N/A`` means that the user has no such thing."""
    value = str(row.get(name, "")).strip().lower()
    if value not in ("true", "false", "n/a"):
        raise Unreadable(name)
    return value == "true"


def _is_root(row: Item) -> bool:
    return _text(row, "user") == "<root_account>"


@_assertion
def console_user_has_mfa(
    configuration: Item, related: Related, parameters: Mapping[str, Any], as_of: datetime
) -> Answer:
    """iam:GenerateCredentialReport: users without a console password are outside the population."""
    if _is_root(configuration):
        return "NOT_APPLICABLE"
    if not _yes(configuration, "password_enabled"):
        return "NOT_APPLICABLE"
    return _pass_if(_yes(configuration, "mfa_active"))


@_assertion
def at_most_one_active_key(
    configuration: Item, related: Related, parameters: Mapping[str, Any], as_of: datetime
) -> Answer:
    """iam:GenerateCredentialReport: IAM allows two keys per user; both must not be active."""
    if _is_root(configuration):
        return "NOT_APPLICABLE"
    active = [_yes(configuration, f"access_key_{n}_active") for n in (1, 2)]
    return _pass_if(not all(active))


# --- regional account settings -----------------------------------------------------------------


@_assertion
def external_analyzer_active(
    configuration: Item, related: Related, parameters: Mapping[str, Any], as_of: datetime
) -> Answer:
    """access-analyzer:ListAnalyzers, all of the region as ``{"analyzers": [...]}``.

    Analyzers of unused or internal access are other types and don't count.
    """
    analyzers = _items(configuration, "analyzers")
    for analyzer in analyzers:
        external = analyzer.get("type") in ("ACCOUNT", "ORGANIZATION")
        if external and analyzer.get("status") == "ACTIVE":
            return "PASS"
    for analyzer in analyzers:
        _text(analyzer, "type")
        _text(analyzer, "status")
    return "FAIL"


@_assertion
def ebs_encrypted_by_default(
    configuration: Item, related: Related, parameters: Mapping[str, Any], as_of: datetime
) -> Answer:
    """ec2:GetEbsEncryptionByDefault."""
    return _pass_if(_flag(configuration, "EbsEncryptionByDefault"))


# --- trails ------------------------------------------------------------------------------------


@_assertion
def multi_region_trail_exists(
    configuration: Item, related: Related, parameters: Mapping[str, Any], as_of: datetime
) -> Answer:
    """cloudtrail:DescribeTrails, all trails of the account as ``{"trailList": [...]}``."""
    trails = _items(configuration, "trailList")
    if any(trail.get("IsMultiRegionTrail") is True for trail in trails):
        return "PASS"
    for trail in trails:
        _flag(trail, "IsMultiRegionTrail")
    return "FAIL"


@_assertion
def trail_validates_log_files(
    configuration: Item, related: Related, parameters: Mapping[str, Any], as_of: datetime
) -> Answer:
    """cloudtrail:DescribeTrails, one trail."""
    return _pass_if(_flag(configuration, "LogFileValidationEnabled"))


@_assertion
def trail_is_kms_encrypted(
    configuration: Item, related: Related, parameters: Mapping[str, Any], as_of: datetime
) -> Answer:
    """cloudtrail:DescribeTrails, one trail; CloudTrail leaves ``KmsKeyId`` out when none is set."""
    _text(configuration, "TrailARN")
    if configuration.get("KmsKeyId") in (None, ""):
        return "FAIL"
    _text(configuration, "KmsKeyId")
    return "PASS"


# --- network -----------------------------------------------------------------------------------


@_assertion
def vpc_has_active_flow_log(
    configuration: Item, related: Related, parameters: Mapping[str, Any], as_of: datetime
) -> Answer:
    """ec2:DescribeVpcs, one VPC, with ec2:DescribeFlowLogs.

    A log of accepted traffic only doesn't show who was turned away, so it doesn't count; neither
    does one that can't deliver.
    """
    vpc = _text(configuration, "VpcId")
    unclear = False
    for log in _items(related, "ec2_DescribeFlowLogs"):
        if _text(log, "ResourceId") != vpc:
            continue
        status, traffic = log.get("FlowLogStatus"), log.get("TrafficType")
        unclear |= not isinstance(status, str) or not isinstance(traffic, str)
        delivers = log.get("DeliverLogsStatus") != "FAILED"
        if status == "ACTIVE" and traffic in ("ALL", "REJECT") and delivers:
            return "PASS"
    return "UNANSWERED" if unclear else "FAIL"


def _ports_closed(group: Item, ports: Any, versions: tuple[int, ...]) -> Answer:
    """No port open from all addresses. An opening that is certain outweighs what is unclear."""
    wanted = read_ports(ports)
    _text(group, "GroupId")
    rules = _items(group, "IpPermissions")
    findings = [open_to_world(rules, port, version) for port in wanted for version in versions]
    if True in findings:
        return "FAIL"
    return "UNANSWERED" if None in findings else "PASS"


@_assertion
def no_port_open_to_world(
    configuration: Item, related: Related, parameters: Mapping[str, Any], as_of: datetime
) -> Answer:
    """ec2:DescribeSecurityGroups, one group; parameter ``ports``, IPv4 and IPv6."""
    return _ports_closed(configuration, parameters.get("ports"), (4, 6))


@_assertion
def no_port_open_to_world_ipv4(
    configuration: Item, related: Related, parameters: Mapping[str, Any], as_of: datetime
) -> Answer:
    """ec2:DescribeSecurityGroups, one group; parameter ``restrictPorts``, IPv4 only."""
    return _ports_closed(configuration, parameters.get("restrictPorts"), (4,))


@_assertion
def no_port_open_to_world_ipv6(
    configuration: Item, related: Related, parameters: Mapping[str, Any], as_of: datetime
) -> Answer:
    """ec2:DescribeSecurityGroups, one group; parameter ``restrictPorts``, IPv6 only."""
    return _ports_closed(configuration, parameters.get("restrictPorts"), (6,))


@_assertion
def default_group_is_closed(
    configuration: Item, related: Related, parameters: Mapping[str, Any], as_of: datetime
) -> Answer:
    """ec2:DescribeSecurityGroups, one group; only groups named ``default`` are asked about."""
    if _text(configuration, "GroupName") != "default":
        return "NOT_APPLICABLE"
    rules = _items(configuration, "IpPermissions") + _items(configuration, "IpPermissionsEgress")
    return _pass_if(not rules)


# --- instances ---------------------------------------------------------------------------------


def _is_gone(instance: Item) -> bool:
    """EC2 lists terminated instances for about an hour; they are no longer resources."""
    _text(instance, "InstanceId")
    state = instance.get("State")
    if state is None:
        return False
    if not isinstance(state, Mapping):
        raise Unreadable("State")
    return state.get("Name") in ("shutting-down", "terminated")


@_assertion
def instance_has_profile(
    configuration: Item, related: Related, parameters: Mapping[str, Any], as_of: datetime
) -> Answer:
    """ec2:DescribeInstances, one instance; EC2 leaves the member out when there is no profile."""
    if _is_gone(configuration):
        return "NOT_APPLICABLE"
    profile = configuration.get("IamInstanceProfile")
    if profile is None:
        return "FAIL"
    if not isinstance(profile, Mapping):
        return "UNANSWERED"
    _text(profile, "Arn")
    return "PASS"


@_assertion
def imdsv2_required(
    configuration: Item, related: Related, parameters: Mapping[str, Any], as_of: datetime
) -> Answer:
    """ec2:DescribeInstances, one instance: session tokens are ``required``, not ``optional``."""
    if _is_gone(configuration):
        return "NOT_APPLICABLE"
    options = configuration.get("MetadataOptions")
    tokens = options.get("HttpTokens") if isinstance(options, Mapping) else None
    if tokens not in ("required", "optional"):
        return "UNANSWERED"
    return _pass_if(tokens == "required")


# --- licences ----------------------------------------------------------------------------------


def _limit(configuration: Item) -> int | None:
    """How many licences there are; License Manager leaves it out where nobody said."""
    _text(configuration, "LicenseCountingType")
    if configuration.get("LicenseCount") is None:
        return None
    return _number(configuration, "LicenseCount")


@_assertion
def licence_limit_is_set(
    configuration: Item, related: Related, parameters: Mapping[str, Any], as_of: datetime
) -> Answer:
    """license-manager:ListLicenseConfigurations, one configuration."""
    return _pass_if(_limit(configuration) is not None)


@_assertion
def licence_limit_is_enforced(
    configuration: Item, related: Related, parameters: Mapping[str, Any], as_of: datetime
) -> Answer:
    """license-manager:ListLicenseConfigurations, one configuration that has a limit."""
    if _limit(configuration) is None:
        return "NOT_APPLICABLE"
    return _pass_if(_flag(configuration, "LicenseCountHardLimit"))


@_assertion
def licences_within_limit(
    configuration: Item, related: Related, parameters: Mapping[str, Any], as_of: datetime
) -> Answer:
    """license-manager:ListLicenseConfigurations, one configuration that has a limit.

    ``ConsumedLicenses`` is what was in use at the time; where only part of it is known, the source
    says ``ConsumedLicensesAtLeast``, which can show too many but never few enough.
    """
    limit = _limit(configuration)
    if limit is None:
        return "NOT_APPLICABLE"
    if "ConsumedLicensesAtLeast" in configuration:
        return "FAIL" if _number(configuration, "ConsumedLicensesAtLeast") > limit else "UNANSWERED"
    return _pass_if(_number(configuration, "ConsumedLicenses") <= limit)
