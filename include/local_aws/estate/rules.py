"""Firewall rules as EC2 shows them: states of security groups and network ACLs for the plan."""

from __future__ import annotations

from typing import Any

from include.local_aws.estate.plan import Act, State

WORLD4, WORLD6 = "0.0.0.0/0", "::/0"
OFFICE = "203.0.113.0/24"


def permission(
    first: int | None, last: int | None = None, *, v4: str = "", v6: str = "", group: str = ""
) -> dict[str, Any]:
    """One IpPermission; TCP ports ``first`` to ``last``, or all protocols when first is None."""
    ports: dict[str, Any] = {"IpProtocol": "-1"}
    if first is not None:
        ports = {"IpProtocol": "tcp", "FromPort": first, "ToPort": first if last is None else last}
    return {
        **ports,
        "IpRanges": [{"CidrIp": v4}] if v4 else [],
        "Ipv6Ranges": [{"CidrIpv6": v6}] if v6 else [],
        "PrefixListIds": [],
        "UserIdGroupPairs": [{"GroupId": group, "UserId": "{account}"}] if group else [],
    }


ALL_OUT = permission(None, v4=WORLD4)


def _group(inbound: list[dict[str, Any]], violates: str = "", *, shut: bool = False) -> State:
    call = "RevokeSecurityGroupIngress" if not violates else "AuthorizeSecurityGroupIngress"
    return State(
        {"IpPermissions": inbound, "IpPermissionsEgress": [] if shut else [ALL_OUT]},
        tuple(violates.split()),
        Act(call, "ec2.amazonaws.com", {"groupId": "{id}"}),
    )


_V4, _V6, _CIFS = "sg-no-open-admin-ipv4", "sg-no-open-admin-ipv6", "sg-no-open-cifs"

#: (good, bad) of an ordinary security group.
GROUP_STATES: tuple[tuple[State, ...], tuple[State, ...]] = (
    (
        _group([]),
        _group([permission(443, v4=WORLD4, v6=WORLD6)]),
        _group([permission(22, v4=OFFICE), permission(8080, 8089, v4="10.0.0.0/8")]),
        _group([permission(5432, v4="10.0.0.0/8"), permission(445, v4="10.0.0.0/8")]),
    ),
    (
        _group([permission(22, v4=WORLD4)], _V4),
        _group([permission(3389, v6=WORLD6)], _V6),
        _group([permission(20, 25, v4=WORLD4, v6=WORLD6)], f"{_V4} {_V6}"),
        _group([permission(445, v4=WORLD4)], _CIFS),
        _group([permission(440, 450, v6=WORLD6), permission(443, v4=WORLD4)], _CIFS),
        _group([permission(None, v4=WORLD4)], f"{_V4} {_CIFS}"),
        _group([permission(0, 65535, v4=WORLD4, v6=WORLD6)], f"{_V4} {_V6} {_CIFS}"),
    ),
)

_DEFAULT = "default-sg-closed"

#: (good, bad) of a VPC's default group; the first bad one is how AWS makes it.
DEFAULT_GROUP_STATES: tuple[tuple[State, ...], tuple[State, ...]] = (
    (_group([], shut=True),),
    (
        _group([permission(None, group="{id}")], _DEFAULT),
        _group([permission(5432, v4="10.0.0.0/8")], _DEFAULT, shut=True),
        _group([permission(22, v4=WORLD4)], f"{_DEFAULT} {_V4}"),
    ),
)


def _entry(
    number: int,
    action: str,
    ports: tuple[int, int] | None,
    *,
    egress: bool = False,
    cidr: str = WORLD4,
) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "RuleNumber": number,
        "Protocol": "-1" if ports is None else "6",
        "RuleAction": action,
        "Egress": egress,
    }
    entry["Ipv6CidrBlock" if ":" in cidr else "CidrBlock"] = cidr
    if ports is not None:
        entry["PortRange"] = {"From": ports[0], "To": ports[1]}
    return entry


_LAST = (_entry(32767, "deny", None), _entry(32767, "deny", None, egress=True))
_OUT = _entry(100, "allow", None, egress=True)


def _acl(entries: list[dict[str, Any]], violates: str = "") -> State:
    call = "CreateNetworkAclEntry" if violates else "ReplaceNetworkAclEntry"
    return State(
        {"Entries": [*entries, _OUT, *_LAST]},
        tuple(violates.split()),
        Act(call, "ec2.amazonaws.com", {"networkAclId": "{id}", "egress": False}),
    )


_NACL = "nacl-no-open-admin-ports"

#: (good, bad) of a network ACL. The lowest rule number that matches decides.
NETWORK_ACL_STATES: tuple[tuple[State, ...], tuple[State, ...]] = (
    (
        _acl([_entry(100, "allow", (443, 443))]),
        _acl([_entry(90, "deny", (3389, 3389)), _entry(100, "allow", (1024, 65535))]),
        _acl([_entry(100, "allow", None, cidr="10.0.0.0/8")]),
    ),
    (
        _acl([_entry(100, "allow", None)], _NACL),
        _acl([_entry(100, "allow", (22, 22))], _NACL),
        _acl(
            [_entry(100, "allow", (443, 443)), _entry(110, "allow", (3000, 4000), cidr=WORLD6)],
            _NACL,
        ),
    ),
)
