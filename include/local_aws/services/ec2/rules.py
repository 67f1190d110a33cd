"""EC2's security group rules, one by one, as the groups of the estate have them."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

from include.local_aws.estate.store import Estate
from include.local_aws.overlay import Call, Handler
from include.local_aws.services.configuration import facts_of
from include.local_aws.services.ec2.listing import cursor_of, paged, passes, require_known

_GROUP = "AWS::EC2::SecurityGroup"
#: A permission's lists of peers: (member, the rule's member, the key that holds it).
_PEERS = (
    ("IpRanges", "CidrIpv4", "CidrIp"),
    ("Ipv6Ranges", "CidrIpv6", "CidrIpv6"),
    ("PrefixListIds", "PrefixListId", "PrefixListId"),
)


def _rules(
    group: str, account: str, permissions: list[dict[str, Any]], *, egress: bool
) -> list[dict[str, Any]]:
    found = []
    for permission in permissions:
        peers = [
            {named: peer[key]}
            for member, named, key in _PEERS
            for peer in permission.get(member) or ()
        ]
        peers += [
            {"ReferencedGroupInfo": {"GroupId": pair["GroupId"], "UserId": account}}
            for pair in permission.get("UserIdGroupPairs") or ()
            if "GroupId" in pair
        ]
        for peer in peers:
            rule = {
                "GroupId": group,
                "GroupOwnerId": account,
                "IsEgress": egress,
                "IpProtocol": str(permission["IpProtocol"]),
                "FromPort": permission.get("FromPort", -1),
                "ToPort": permission.get("ToPort", -1),
                **peer,
            }
            # The same opening has the same id as long as it stands.
            name = sha256(json.dumps(rule, sort_keys=True).encode()).hexdigest()[:17]
            found.append({"SecurityGroupRuleId": f"sgr-{name}", **rule, "Tags": []})
    return found


def handlers(estate: Estate) -> dict[str, Handler]:
    """DescribeSecurityGroupRules."""

    def describe_security_group_rules(call: Call) -> dict[str, Any]:
        cursor = cursor_of(call)
        groups = estate.resources(call.account, [_GROUP], region=call.region, at=cursor.as_of)
        configurations = facts_of(estate, (one.arn for one in groups), cursor.as_of)
        rules: dict[str, dict[str, Any]] = {}
        for one in groups:
            facts = configurations[one.arn]
            for member, egress in (("IpPermissions", False), ("IpPermissionsEgress", True)):
                for rule in _rules(
                    one.resource_id, one.account, facts.get(member) or [], egress=egress
                ):
                    rules[rule["SecurityGroupRuleId"]] = rule
        asked = require_known(
            call, "SecurityGroupRuleIds", "InvalidSecurityGroupRuleId.NotFound", set(rules)
        )
        filters = call.params.get("Filters") or []
        items = [
            rule
            for id_, rule in sorted(rules.items())
            if (asked is None or id_ in asked)
            and passes({"group-id": [rule["GroupId"]], "security-group-rule-id": [id_]}, filters)
        ]
        return paged(call, cursor, "SecurityGroupRules", items)

    return {"DescribeSecurityGroupRules": describe_security_group_rules}
