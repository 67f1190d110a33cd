"""Whether security group rules open a port to all addresses of IPv4 or IPv6."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any


class Unreadable(Exception):
    """A member is missing or has a form that can't be judged."""


#: Where EC2 keeps the ranges of each version, and under which name a range stands there.
_RANGES: Mapping[int, tuple[str, str]] = {
    4: ("IpRanges", "CidrIp"),
    6: ("Ipv6Ranges", "CidrIpv6"),
}
#: Protocols with ports, as names and as numbers; EC2 gives other protocols by number.
_WITH_PORTS = frozenset({"tcp", "6", "udp", "17"})
_ALL_PROTOCOLS = "-1"


def read_ports(value: Any) -> list[int]:
    """Ports as a list of numbers or as Config spells them (``"22,3389"``). Raises Unreadable."""
    parts = value if isinstance(value, (list, tuple)) else str(value).split(",")
    try:
        ports = [int(str(part).strip()) for part in parts]
    except ValueError:
        raise Unreadable("ports") from None
    if not ports or not all(0 <= port <= 65535 for port in ports):
        raise Unreadable("ports")
    return ports


def open_to_world(rules: Sequence[Mapping[str, Any]], port: int, version: int) -> bool | None:
    """Whether ``rules`` (EC2's IpPermissions) let all addresses of ``version`` reach ``port``.

    None: can't be told, because a rule that might matter is malformed or names a prefix list,
    whose addresses the answer doesn't contain. Rules that together cover all addresses
    (``0.0.0.0/1`` and ``128.0.0.0/1``) count as one that does. Referenced groups never count.
    """
    ranges: list[Any] = []
    unclear = False
    for rule in rules:
        reaches = _reaches(rule, port)
        if reaches is None:
            unclear = True
        elif reaches:
            found, complete = _read_ranges(rule, version)
            ranges += found
            unclear |= not complete
    if any(network.prefixlen == 0 for network in ipaddress.collapse_addresses(ranges)):
        return True
    return None if unclear else False


def _reaches(rule: Mapping[str, Any], port: int) -> bool | None:
    protocol = rule.get("IpProtocol")
    if not isinstance(protocol, (str, int)) or isinstance(protocol, bool):
        return None
    name = str(protocol).lower()
    if name == _ALL_PROTOCOLS:
        return True
    if name not in _WITH_PORTS:
        return False
    first, last = rule.get("FromPort"), rule.get("ToPort")
    if any(isinstance(end, bool) or not isinstance(end, int) for end in (first, last)):
        return None
    assert isinstance(first, int) and isinstance(last, int)
    return (first, last) == (-1, -1) or first <= port <= last


def _read_ranges(rule: Mapping[str, Any], version: int) -> tuple[list[Any], bool]:
    """The networks of a rule, and whether these are certainly all."""
    member, name = _RANGES[version]
    complete = not rule.get("PrefixListIds")
    entries = rule.get(member)
    if entries is None:
        return [], complete
    if not isinstance(entries, (list, tuple)):
        return [], False
    networks = []
    for entry in entries:
        text = entry.get(name) if isinstance(entry, Mapping) else None
        try:
            if not isinstance(text, str):
                raise ValueError
            network = ipaddress.ip_network(text.strip(), strict=False)
        except ValueError:
            complete = False
            continue
        if network.version == version:
            networks.append(network)
        else:
            complete = False
    return networks, complete
