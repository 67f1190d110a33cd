"""License Manager as the estate answers it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from include.local_aws.estate.store import Estate
from include.protocol.errors import ServiceError
from tests.include.local_aws.services.small_estate import (
    ACCOUNT,
    AWAY,
    HOME,
    Ask,
    Builder,
    all_pages,
    asker,
    t,
)

SERVICE = "license-manager"
SQL, OLD = (
    f"arn:aws:license-manager:{HOME}:{ACCOUNT}:license-configuration:lic-{n}" for n in ("1", "2")
)
IN_SEPTEMBER = {"now": datetime(2026, 9, 10, tzinfo=UTC)}


def body(arn: str, count: int, *, hard: bool) -> str:
    return json.dumps(
        {
            "LicenseConfigurationArn": arn,
            "Name": arn[-5:],
            "LicenseCountingType": "vCPU",
            "LicenseCount": count,
            "LicenseCountHardLimit": hard,
        }
    )


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    path: Path = tmp_path_factory.mktemp("licences") / "estate.sqlite"
    build = Builder(path)
    build.insert("accounts", ACCOUNT, "one", "a@example.com", 0)
    for n, region in enumerate((HOME, AWAY)):
        build.insert("regions", region, n)
    build.insert("license_places", ACCOUNT, HOME, t("2026-01-01"))
    october = t("2026-10-05T10:00:00")
    build.insert("licenses", SQL, ACCOUNT, HOME, "sql", body(SQL, 4, hard=True), 0, october)
    build.insert("licenses", SQL, ACCOUNT, HOME, "sql", body(SQL, 8, hard=True), october, None)
    build.insert("licenses", OLD, ACCOUNT, HOME, "old", body(OLD, 1, hard=False), 0, october)
    for n, (start, end) in enumerate(((1, None), (october, None), (1, october))):
        use = f"arn:aws:ec2:{HOME}:{ACCOUNT}:instance/i-{n}", "EC2_INSTANCE", 4
        build.insert("license_uses", SQL, *use, start, end)
    image = f"arn:aws:ec2:{HOME}::image/ami-1"
    build.insert("license_uses", SQL, image, "EC2_AMI", None, 1, None)
    build.db.commit()
    build.db.close()
    yield asker(Estate(path))


def listed(ask: Ask, **params: Any) -> list[dict[str, Any]]:
    return all_pages(ask, SERVICE, "ListLicenseConfigurations", "LicenseConfigurations", **params)


def test_configurations_have_the_counts_of_the_moment(ask: Ask) -> None:
    now = listed(ask)
    assert [(one["LicenseCount"], one["ConsumedLicenses"]) for one in now] == [(8, 8)]
    before = listed(ask, _at=IN_SEPTEMBER, MaxResults=1)
    assert [(one["LicenseCount"], one["ConsumedLicenses"]) for one in before] == [(4, 8), (1, 0)]
    exceeded = {"Filters": [{"Name": "usagelimitExceeded", "Values": ["TRUE"]}]}
    assert not listed(ask, **exceeded)
    assert len(listed(ask, _at=IN_SEPTEMBER, **exceeded)) == 1


def test_usage_and_associations_differ_by_what_consumes_nothing(ask: Ask) -> None:
    usage = all_pages(
        ask, SERVICE, "ListUsageForLicenseConfiguration", "LicenseConfigurationUsageList",
        LicenseConfigurationArn=SQL, MaxResults=1,
    )  # fmt: skip
    assert [one["ResourceArn"][-3:] for one in usage] == ["i-0", "i-1"]
    associated = all_pages(
        ask, SERVICE, "ListAssociationsForLicenseConfiguration",
        "LicenseConfigurationAssociations", LicenseConfigurationArn=SQL,
    )  # fmt: skip
    assert {one["ResourceType"] for one in associated} == {"EC2_INSTANCE", "EC2_AMI"}


@pytest.mark.parametrize(
    ("operation", "params", "code", "said"),
    [
        ("ListLicenseConfigurations", {"_at": {"region": AWAY}}, "AccessDenied", "role not found"),
        ("GetServiceSettings", {"_at": {"region": AWAY}}, "AccessDenied", "role not found"),
        ("ListLicenseConfigurations", {"NextToken": "x"}, "InvalidParameterValue", "token"),
        (
            "ListLicenseConfigurations",
            {"Filters": [{"Name": "colour", "Values": ["x"]}]},
            "InvalidParameterValue",
            "colour",
        ),
        ("GetLicenseConfiguration", {"LicenseConfigurationArn": OLD}, "InvalidParameter", "lic-2"),
    ],
)
def test_refusals_are_the_services_own(
    ask: Ask, operation: str, params: dict[str, Any], code: str, said: str
) -> None:
    with pytest.raises(ServiceError, match=said) as refused:
        ask(SERVICE, operation, **params)
    assert refused.value.code.startswith(code)
