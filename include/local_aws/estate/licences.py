"""Licences of the estate: what License Manager counts, which instances use them, and since when."""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Iterator, Mapping
from typing import Any

from include.local_aws.estate.events import Recorder, Row
from include.local_aws.estate.parameters import DAY, HOUR, Parameters, moment
from include.local_aws.estate.plan import Act

#: Name, what is counted, how many, whether the number is binding, further rules.
_PRODUCTS: tuple[tuple[str, str, int, bool, list[str]], ...] = (
    ("windows-server-datacenter", "Core", 96, False, ["#allowedTenancy=EC2-DedicatedHost"]),
    ("sql-server-2019-standard", "vCPU", 24, True, ["#honorVcpuOptimization=True"]),
    ("oracle-database-enterprise", "vCPU", 8, False, []),
    ("endpoint-protection", "Instance", 200, False, []),
)
_SOURCE = "license-manager.amazonaws.com"


def fill_licences(connection: sqlite3.Connection, given: Parameters) -> None:
    """Write the licences of every place; the resources have to be there already."""
    places = [
        (account, region)
        for (account,) in connection.execute("SELECT id FROM accounts ORDER BY rowid").fetchall()
        for region in given.region_names
    ]
    for n, (account, region) in enumerate(places):
        # Somewhere it is not set up, unless there is one place only.
        if n and n == len(places) - 1:
            continue
        rng = given.rng("licences", account, region)
        since = given.history_start - 100 * DAY
        connection.execute("INSERT INTO license_places VALUES (?, ?, ?)", (account, region, since))
        recorder = Recorder(rng, account, given.rng("people", account))
        for at, act in _place(connection, given, account, region, rng, since):
            row: Row = recorder.row(at, region, act)
            if at >= given.history_start:
                marks = ", ".join("?" * len(row))
                connection.execute(f"INSERT INTO events VALUES ({marks})", row)


def _place(
    connection: sqlite3.Connection,
    given: Parameters,
    account: str,
    region: str,
    rng: random.Random,
    since: int,
) -> Iterator[tuple[int, Act]]:
    """Write one place's configurations and uses; yields the calls that people made for them."""
    instances = connection.execute(
        "SELECT arn, created, deleted FROM resources"
        " WHERE account = ? AND region = ? AND type = 'AWS::EC2::Instance' ORDER BY arn",
        (account, region),
    ).fetchall()
    for index, (name, counting, count, hard, rules) in enumerate(_PRODUCTS):
        identity = f"lic-{_hexadecimal(rng, 32)}"
        arn = f"arn:aws:license-manager:{region}:{account}:license-configuration:{identity}"
        body = {
            "LicenseConfigurationId": identity,
            "LicenseConfigurationArn": arn,
            "Name": name,
            "Description": f"Licences for {name.replace('-', ' ')}",
            "LicenseCountingType": counting,
            "LicenseRules": rules,
            "LicenseCount": count,
            "LicenseCountHardLimit": hard,
            "DisassociateWhenNotFound": False,
            "Status": "AVAILABLE",
            "OwnerAccountId": account,
        }
        born, changed, gone = since + index * HOUR, None, None
        if index == 2:  # bought within the history
            born = moment(rng, given.history_start, given.now) or born
            yield born, Act("CreateLicenseConfiguration", _SOURCE, {"name": name}, extra=_made(arn))
        if index in (0, 2):  # more were bought
            changed = moment(rng, max(born, given.history_start) + DAY, given.now)
        if index == 3:
            gone = moment(rng, given.history_start + DAY, given.now)
        versions = [(body, born, changed or gone)]
        if changed:
            versions.append(({**body, "LicenseCount": count * 2}, changed, gone))
            request = {"licenseConfigurationArn": arn, "licenseCount": count * 2}
            yield changed, Act("UpdateLicenseConfiguration", _SOURCE, request)
        if gone:
            yield gone, Act("DeleteLicenseConfiguration", _SOURCE, {"licenseConfigurationArn": arn})
        connection.executemany(
            "INSERT INTO licenses VALUES (?, ?, ?, ?, ?, ?, ?)",
            [(arn, account, region, name, json.dumps(b), a, z) for b, a, z in versions],
        )
        yield from _uses(connection, given, arn, instances, rng, born, gone)
        image = f"arn:aws:ec2:{region}::image/ami-{_hexadecimal(rng, 17)}"
        connection.execute(
            "INSERT INTO license_uses VALUES (?, ?, 'EC2_AMI', NULL, ?, ?)",
            (arn, image, born, gone),
        )


def _uses(
    connection: sqlite3.Connection,
    given: Parameters,
    arn: str,
    instances: list[tuple[str, int, int | None]],
    rng: random.Random,
    born: int,
    gone: int | None,
) -> Iterator[tuple[int, Act]]:
    for instance, created, deleted in instances:
        if rng.random() >= 0.4:
            continue
        consumed = rng.choice((2, 4, 8))
        start = max(born, created)
        ends = [end for end in (deleted, gone) if end is not None]
        if rng.random() < 0.3:  # associated by hand, some time later
            at = moment(rng, max(start, given.history_start) + HOUR, given.now)
            if at is not None and all(at < end for end in ends):
                start = at
                yield (
                    at,
                    Act(
                        "UpdateLicenseSpecificationsForResource",
                        _SOURCE,
                        {
                            "resourceArn": instance,
                            "addLicenseSpecifications": [{"licenseConfigurationArn": arn}],
                        },
                    ),
                )
        end = min(ends, default=None)
        if end is None or start < end:
            connection.execute(
                "INSERT INTO license_uses VALUES (?, ?, 'EC2_INSTANCE', ?, ?, ?)",
                (arn, instance, consumed, start, end),
            )


def _made(arn: str) -> Mapping[str, Any]:
    return {"responseElements": {"licenseConfigurationArn": arn}}


def _hexadecimal(rng: random.Random, length: int) -> str:
    return f"{rng.getrandbits(4 * length):0{length}x}"
