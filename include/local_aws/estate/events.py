"""CloudTrail events: who did what, in the form of CloudTrail's own records."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from include.clock import from_epoch, iso
from include.local_aws.estate.names import Namer, letters, principal_id, uuid4
from include.local_aws.estate.plan import Act, Planned, filled

#: Services whose events are recorded in us-east-1 only.
GLOBAL_SOURCES = frozenset(
    f"{name}.amazonaws.com" for name in ("iam", "sts", "signin", "account", "organizations")
)
Row = tuple[str, str, str, int, str, str, str, int, str, str]
_AGENTS = ("aws-cli/2.31.4", "console.amazonaws.com", "Boto3/1.44.5", "APN/1.0 HashiCorp/1.0")


class Recorder:
    """Makes the rows of the events table for one account; ids follow from the generator given."""

    def __init__(self, rng: random.Random, account: str, people: random.Random) -> None:
        self.rng = rng
        self.account = account
        namer = Namer(people)
        self.people = [namer.person() for _ in range(8)]

    def identity(self, by: str, user: str = "") -> tuple[dict[str, Any], str]:
        """A userIdentity and the user name that LookupEvents shows."""
        account = self.account
        if by == "root":
            arn = f"arn:aws:iam::{account}:root"
            return (
                {"type": "Root", "principalId": account, "arn": arn, "accountId": account},
                "root",
            )
        if by == "itself":
            return (
                {
                    "type": "IAMUser",
                    "principalId": principal_id(self.rng, "AIDA"),
                    "arn": f"arn:aws:iam::{account}:user/{user}",
                    "accountId": account,
                    "userName": user,
                },
                user,
            )
        person = self.rng.choice(self.people)
        role = "PlatformAdmin" if person < "m" else "Developer"
        return (
            {
                "type": "AssumedRole",
                "principalId": f"AROA22222222{role[:9].upper():A<9}:{person}",
                "arn": f"arn:aws:sts::{account}:assumed-role/{role}/{person}",
                "accountId": account,
                "accessKeyId": "ASIA" + letters(self.rng, 16),
            },
            person,
        )

    def row(
        self,
        at: int,
        region: str,
        act: Act,
        resources: Sequence[Mapping[str, str]] = (),
        *,
        values: Mapping[str, str] | None = None,
        user: str = "",
        read_only: bool = False,
    ) -> Row:
        """One event. ``values`` fill placeholders in the request."""
        identity, username = self.identity(act.by, user)
        event_id = uuid4(self.rng)
        payload = {
            "eventVersion": "1.11",
            "userIdentity": identity,
            "eventTime": iso(from_epoch(at)),
            "eventSource": act.source,
            "eventName": act.name,
            "awsRegion": region,
            "sourceIPAddress": f"203.0.113.{self.rng.randint(1, 254)}",
            "userAgent": self.rng.choice(_AGENTS),
            "requestParameters": filled(act.request, values) if values else act.request or None,
            "responseElements": None,
            "requestID": uuid4(self.rng),
            "eventID": event_id,
            "readOnly": read_only,
            "eventType": "AwsApiCall",
            "managementEvent": True,
            "recipientAccountId": self.account,
            "eventCategory": "Management",
            **(filled(act.extra, values) if values else act.extra),
        }
        return (
            event_id,
            self.account,
            region,
            at,
            act.name,
            act.source,
            username,
            int(read_only),
            json.dumps(list(resources)),
            json.dumps(payload, separators=(",", ":")),
        )

    def changes(self, planned: Planned, values: Mapping[str, str], home: str) -> Iterator[Row]:
        """An event for everything that people did to a resource."""
        r = planned.resource
        named = [{"ResourceType": r.type, "ResourceName": name} for name in _called(planned)]
        for at, act in planned.acts:
            region = home if act.source in GLOBAL_SOURCES else r.region or home
            # A sign-in uses an identity; it changes nothing about it.
            touched = [] if act.name == "ConsoleLogin" else named
            yield self.row(at, region, act, touched, values=values, user=r.resource_name)


def _called(planned: Planned) -> list[str]:
    """What CloudTrail calls the resource: its id, and its name and ARN where they differ.

    EC2's calls go by id and ARN only: every VPC has a group named "default".
    """
    r = planned.resource
    if r.type == "AWS::::Account":
        return [r.resource_id]
    further = (r.arn,) if r.type.startswith("AWS::EC2::") else (r.resource_name, r.arn)
    return list(dict.fromkeys((r.resource_id, *further)))
