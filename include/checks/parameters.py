"""Whether a deployed rule asks what a check asks: equal, stricter, weaker or something else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from include.checks.check import Check

#: ``equal`` counts fully; ``stricter``: only its PASS; ``weaker``: only its FAIL; ``other``: not.
Comparison = Literal["equal", "stricter", "weaker", "other"]

#: Parameters beyond the check's own that make a rule ask more, whatever their value.
_ASKS_MORE: Mapping[str, frozenset[str]] = {
    "IAM_PASSWORD_POLICY": frozenset(
        {
            "minimumpasswordlength",
            "passwordreuseprevention",
            "maxpasswordage",
            "requireuppercasecharacters",
            "requirelowercasecharacters",
            "requiresymbols",
            "requirenumbers",
        }
    ),
    "EFS_ENCRYPTED_CHECK": frozenset({"kmskeyid"}),
    "EFS_FILESYSTEM_CT_ENCRYPTED": frozenset({"kmskeyarns"}),
    "RDS_STORAGE_ENCRYPTED": frozenset({"kmskeyid"}),
    "EC2_INSTANCE_PROFILE_ATTACHED": frozenset({"iaminstanceprofilearnlist"}),
    "IAM_POLICY_IN_USE": frozenset({"policyusagetype"}),
    "MULTI_REGION_CLOUD_TRAIL_ENABLED": frozenset(
        {"s3bucketname", "snstopicarn", "cloudwatchlogsloggrouparn"}
    ),
}
#: … and those that let something pass which the check would not let pass.
_ASKS_LESS: Mapping[str, frozenset[str]] = {
    "S3_BUCKET_LEVEL_PUBLIC_ACCESS_PROHIBITED": frozenset({"excludedpublicbuckets"}),
    "IAM_POLICY_BLACKLISTED_CHECK": frozenset({"exceptionlist"}),
    "VPC_SG_PORT_RESTRICTION_CHECK": frozenset({"protocoltype"}),
}
#: The value a parameter has anyway; naming it changes nothing.
_USUAL: Mapping[str, Mapping[str, str]] = {
    "IAM_POLICY_IN_USE": {"policyusagetype": "any"},
    "VPC_SG_PORT_RESTRICTION_CHECK": {
        "protocoltype": "all",
        "excludeexternalsecuritygroups": "true",
    },
}
#: Switches that are on unless the deployment turns them off.
_ON_BY_DEFAULT: Mapping[str, frozenset[str]] = {
    "S3_ACCOUNT_LEVEL_PUBLIC_ACCESS_BLOCKS_PERIODIC": frozenset(
        {"ignorepublicacls", "blockpublicpolicy", "blockpublicacls", "restrictpublicbuckets"}
    ),
}


#: The older way to give RESTRICTED_INCOMING_TRAFFIC its ports, one by one, and AWS's own ones.
_BLOCKED = {1: "20", 2: "21", 3: "3389", 4: "3306", 5: "4333"}


def compare_parameters(
    check: Check, deployed: Mapping[str, Any], source: str = "aws_config"
) -> Comparison:
    """Compare what a deployed rule or control was given with what the check asks.

    ``deployed`` is Config's ``InputParameters`` as a mapping (values are strings there) or a
    Security Hub control's ``Parameters`` (plain values, or ``{"ValueType", "Value"}`` as the API
    returns them). Names are compared without regard to case. A parameter that a Config rule
    wasn't given has AWS's default for that rule (IAM_PASSWORD_POLICY has none in the catalogue: a
    rule that wasn't given a parameter must not pass for having looked at it). One that a Security
    Hub control wasn't given is as Security Hub fixed it: the check's own value, except in a
    variant, whose source says it.
    """
    answering = check.by_source.get(source)
    # What else can be given to a Security Hub control is what its Config rule takes.
    rule = check.by_source.get("aws_config") or answering
    keyword = rule.keyword if rule else ""
    given = _with_ports({name.lower(): value for name, value in _plain(deployed)})
    found: set[Comparison] = set()
    for name, wanted in check.parameters.items():
        value = given.pop(name.lower(), None)
        if value is None:
            fixed = answering.parameters if answering and source == "security_hub" else {}
            value = fixed.get(name, wanted.value) if source == "security_hub" else wanted.default
        if wanted.stricter == "any" or (value is None and wanted.optional):
            continue
        found.add("other" if value is None else _compare(wanted.value, value, wanted.stricter))
    found |= {_extra(keyword, name, value) for name, value in given.items()}
    found.discard("equal")
    if not found:
        return "equal"
    # Stricter in one thing and weaker in another: neither its PASS nor its FAIL says anything.
    return found.pop() if len(found) == 1 else "other"


def _with_ports(given: dict[str, Any]) -> dict[str, Any]:
    """``blockedPort1`` to ``blockedPort5`` as the list that takes their place."""
    one_by_one = {n: given.pop(f"blockedport{n}", None) for n in _BLOCKED}
    if any(one_by_one.values()) and "blockedports" not in given:
        ports = [str(port or _BLOCKED[n]) for n, port in one_by_one.items()]
        return {**given, "blockedports": ",".join(ports)}
    return given


def _plain(deployed: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    for name, value in deployed.items():
        if isinstance(value, Mapping):
            if value.get("ValueType") == "DEFAULT":
                continue
            inner = value.get("Value", {})
            value = next(iter(inner.values()), None) if isinstance(inner, Mapping) else inner
        if value is not None:
            yield str(name), value


def _compare(wanted: Any, value: Any, stricter: str) -> Comparison:
    if stricter in ("higher", "lower"):
        try:
            difference = float(str(value).strip()) - float(wanted)
        except ValueError:
            return "other"
        if difference == 0:
            return "equal"
        return "stricter" if (difference > 0) == (stricter == "higher") else "weaker"
    ours, theirs = _members(wanted), _members(value)
    if ours == theirs:
        return "equal"
    if not theirs or stricter not in ("superset", "subset"):
        return "other"
    if theirs > ours:
        return "stricter" if stricter == "superset" else "weaker"
    if theirs < ours:
        return "weaker" if stricter == "superset" else "stricter"
    return "other"


def _members(value: Any) -> frozenset[str]:
    """A list, or the comma-separated text by which Config spells one, without order and case."""
    parts = value if isinstance(value, (list, tuple)) else str(value).split(",")
    return frozenset(text for part in parts if (text := str(part).strip().lower()))


def _extra(keyword: str, name: str, value: Any) -> Comparison:
    """What a parameter does that the check doesn't name. Unknown ones make the rule another."""
    text = str(value).strip().lower()
    if not text or text == _USUAL.get(keyword, {}).get(name):
        return "equal"
    if name in _ON_BY_DEFAULT.get(keyword, ()):
        return "equal" if text == "true" else "weaker"
    if name in _ASKS_MORE.get(keyword, ()):
        return "equal" if text == "false" else "stricter"
    return "weaker" if name in _ASKS_LESS.get(keyword, ()) else "other"
