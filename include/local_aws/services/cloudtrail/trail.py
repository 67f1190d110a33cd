"""A trail and what was true of it when: where it delivers, what it covers, whether it logged."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from include.digests import sha256
from include.local_aws.estate.store import Estate
from include.local_aws.services.moments import DAY

TRAIL = "AWS::CloudTrail::Trail"
#: The trail of the whole organisation, in estates of more than one account.
ORGANIZATION_TRAIL = "organization-trail"

#: A value a property has in [from, to); an open end is None.
Held = tuple[int, int | None, Any]


@dataclass(frozen=True)
class Trail:
    """One trail; ``account`` owns it, ``home`` is its region. Times are epoch seconds."""

    arn: str
    name: str
    account: str
    home: str
    created: int
    deleted: int | None
    is_organization: bool = False
    properties: Mapping[str, Sequence[Held]] = field(default_factory=dict, hash=False)

    def at(self, name: str, at: int, default: Any = None) -> Any:
        """What the property ``name`` was at ``at``."""
        for since, to, value in self.properties.get(name, ()):
            if since <= at and (to is None or at < to):
                return value
        return default

    def exists(self, at: int) -> bool:
        """Whether there is such a trail at ``at``."""
        return self.created <= at and (self.deleted is None or at < self.deleted)

    def logs(self, at: int) -> bool:
        """Whether it exists and logs at ``at``."""
        return self.exists(at) and bool(self.at("Logging", at, True))

    def covers(self, account: str, region: str, at: int) -> bool:
        """Whether what happens in ``account`` and ``region`` at ``at`` goes to this trail."""
        if account != self.account and not self.is_organization:
            return False
        return region == self.home or bool(self.at("IsMultiRegionTrail", at))

    def logging_since(self, at: int) -> tuple[int | None, int | None]:
        """When logging was last started and last stopped, as of ``at``."""
        stops = [held for held in self.properties.get("Logging", ()) if held[2] is False]
        begun = [since for since, _, _ in stops if since <= at]
        ended = [to for _, to, _ in stops if to is not None and to <= at]
        return max(ended, default=self.created), max(begun, default=None)

    @property
    def bucket(self) -> str:
        """The bucket it delivers to (a trail of the estate never changes it)."""
        held = self.properties.get("S3BucketName") or ((0, None, ""),)
        return str(held[-1][2])

    @property
    def prefix(self) -> str:
        """The prefix of its keys; '' or one that ends with a slash."""
        held = self.properties.get("S3KeyPrefix")
        return f"{held[-1][2]}/" if held and held[-1][2] else ""


@lru_cache(maxsize=64)
def trails(estate: Estate) -> tuple[Trail, ...]:
    """All trails there ever were in the estate."""
    rows = estate.rows("SELECT * FROM resources WHERE type = ? ORDER BY arn", (TRAIL,))
    facts = estate.rows(
        "SELECT arn, property, value, from_t, to_t FROM facts WHERE arn IN"
        " (SELECT arn FROM resources WHERE type = ?) ORDER BY from_t",
        (TRAIL,),
    )
    held: dict[str, dict[str, list[Held]]] = {}
    for fact in facts:
        value = json.loads(fact["value"])
        of_trail = held.setdefault(fact["arn"], {})
        of_trail.setdefault(fact["property"], []).append((fact["from_t"], fact["to_t"], value))
    found = [
        Trail(
            arn=row["arn"],
            name=row["resource_name"],
            account=row["account"],
            home=row["region"],
            created=row["created"],
            deleted=row["deleted"],
            is_organization=any(
                value for _, _, value in held.get(row["arn"], {}).get("IsOrganizationTrail", ())
            ),
            properties=held.get(row["arn"], {}),
        )
        for row in rows
    ]
    if len(estate.accounts) > 1 and not any(trail.is_organization for trail in found):
        found.append(_organization_trail(estate))
    return tuple(found)


def _organization_trail(estate: Estate) -> Trail:
    """One that sees the home region of every account, encrypted, in the management account."""
    account, home = estate.accounts[0], estate.regions[0]
    since = history_start(estate) - 30 * DAY
    key = sha256(f"{estate.meta('seed')}:{ORGANIZATION_TRAIL}".encode())
    key_id = f"{key[:8]}-{key[8:12]}-4{key[13:16]}-a{key[17:20]}-{key[20:32]}"
    always = {
        "IsMultiRegionTrail": False,
        "LogFileValidationEnabled": True,
        "S3BucketName": f"{ORGANIZATION_TRAIL}-logs-{account}",
        "KmsKeyId": f"arn:aws:kms:{home}:{account}:key/{key_id}",
    }
    return Trail(
        arn=f"arn:aws:cloudtrail:{home}:{account}:trail/{ORGANIZATION_TRAIL}",
        name=ORGANIZATION_TRAIL,
        account=account,
        home=home,
        created=since,
        deleted=None,
        is_organization=True,
        properties={name: ((since, None, value),) for name, value in always.items()},
    )


@lru_cache(maxsize=64)
def history_start(estate: Estate) -> int:
    """The midnight before the estate's first event (epoch seconds); nothing is delivered before."""
    found = estate.rows("SELECT min(at_t) AS first FROM events")
    first = int(found[0]["first"] or 0) if found else 0
    return first - first % DAY


@lru_cache(maxsize=64)
def main_trail(estate: Estate, account: str) -> str | None:
    """The ARN of the account's own trail in the home region, which selects data events.

    It is the one that is, or once was, a multi-region trail.
    """
    home = estate.regions[0]
    own = [
        trail
        for trail in trails(estate)
        if trail.account == account and trail.home == home and not trail.is_organization
    ]
    wide = [
        trail
        for trail in own
        if any(value for _, _, value in trail.properties.get("IsMultiRegionTrail", ()))
    ]
    chosen = wide or own
    return chosen[0].arn if chosen else None
