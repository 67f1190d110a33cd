"""What the estate's trails deliver to their buckets, and what they say of it."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from include.clock import iso
from include.local_aws.estate.store import Estate
from include.local_aws.services import cloudtrail
from include.local_aws.services.cloudtrail.log_files import TrailFiles
from include.local_aws.services.moments import epoch, moment
from include.protocol.errors import ServiceError
from tests.include.local_aws.services.small_account import fill_account
from tests.include.local_aws.services.small_estate import (
    ACCOUNT,
    AWAY,
    HOME,
    NOW,
    OTHER,
    START,
    Builder,
    asker,
    fill,
    t,
)

STEADY = f"arn:aws:cloudtrail:{AWAY}:{ACCOUNT}:trail/steady"
NAME = "AWSLogs/" + ACCOUNT
OFF, ON = t("2026-10-31T06:00:00"), t("2026-10-31T12:00:00")


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Estate:
    """The small estate, with a trail that has a prefix and that paused."""
    path: Path = tmp_path_factory.mktemp("estate") / "estate.sqlite"
    build = Builder(path)
    fill(build)
    fill_account(build)
    build.resource(STEADY, "AWS::CloudTrail::Trail", AWAY, STEADY, name="steady")
    for name, value in (
        ("IsMultiRegionTrail", True),
        ("LogFileValidationEnabled", True),
        ("S3BucketName", "steady-logs"),
        ("S3KeyPrefix", "audit/trails"),
        ("KmsKeyId", None),
    ):
        build.fact(STEADY, name, value)
    build.fact(STEADY, "Logging", False, OFF, ON)
    build.db.commit()
    build.db.close()
    return Estate(path)


@pytest.fixture(scope="module")
def delivering(estate: Estate) -> Callable[[str], TrailFiles]:
    found = {one.bucket(ACCOUNT): one for one in cloudtrail.deliveries(estate)}

    def by(bucket: str) -> TrailFiles:
        one = found[bucket]
        assert isinstance(one, TrailFiles)
        return one

    return by


def records(delivery: TrailFiles, prefix: str, now: int = epoch(NOW)) -> list[dict[str, Any]]:
    return [
        record
        for one in delivery.keys(ACCOUNT, prefix, now)
        for record in json.loads(gzip.decompress(delivery.body(one[0])[0]))["Records"]
    ]


def test_every_event_is_in_one_file_and_as_looked_up(
    estate: Estate, delivering: Callable[[str], TrailFiles]
) -> None:
    main = delivering("main-logs")
    folder = f"{NAME}/CloudTrail/{HOME}/2026/1"
    found = {one["eventID"]: one for one in records(main, folder)}
    ask = asker(estate)
    looked = ask("cloudtrail", "LookupEvents", StartTime=datetime(2026, 10, 31, 15, tzinfo=UTC))
    first = [
        one for one in looked["Events"] if one["EventTime"] < datetime(2026, 10, 31, 20, tzinfo=UTC)
    ]
    assert len(found) > 100 and first
    for one in first:
        assert found[one["EventId"]] == json.loads(one["CloudTrailEvent"])
    later = records(main, folder, t("2026-10-31T12:00:00"))
    assert 0 < len(later) < len(found)


def test_listings_by_region_month_and_day_agree(
    delivering: Callable[[str], TrailFiles],
) -> None:
    main = delivering("main-logs")
    for kind in ("CloudTrail", "CloudTrail-Digest"):
        folder = f"{NAME}/{kind}/{HOME}/"
        everything = list(main.keys(ACCOUNT, folder, epoch(NOW)))
        assert everything == sorted(everything)
        october = [one for one in everything if "/2026/10/" in one[0]]
        assert list(main.keys(ACCOUNT, f"{folder}2026/10/", epoch(NOW))) == october
        day = [one for one in october if "/2026/10/31/" in one[0]]
        assert list(main.keys(ACCOUNT, f"{folder}2026/10/31/", epoch(NOW))) == day
        assert list(main.keys(ACCOUNT, day[1][0], epoch(NOW))) == [day[1]]
        assert all(len(main.body(key)[0]) == size for key, size, _ in day)


def test_a_trail_delivers_nothing_of_the_time_in_which_it_paused(
    estate: Estate, delivering: Callable[[str], TrailFiles]
) -> None:
    steady = delivering("steady-logs")
    times = [
        one["eventTime"]
        for one in records(steady, f"audit/trails/{NAME}/CloudTrail/{HOME}/2026/10/31")
    ]
    off, on = iso(moment(OFF)), iso(moment(ON))
    assert times and not [at for at in times if off <= at < on]
    digests = list(
        steady.keys(ACCOUNT, f"audit/trails/{NAME}/CloudTrail-Digest/{HOME}/2026/10/31", epoch(NOW))
    )
    told = [json.loads(gzip.decompress(steady.body(key)[0])) for key, _, _ in digests]
    assert 15 <= len(told) <= 18
    [anew] = [one for one in told if one["previousDigestSignature"] is None]
    assert on <= anew["digestStartTime"] < iso(moment(ON + 3600))
    ask = asker(estate)
    status = ask("cloudtrail", "GetTrailStatus", Name=STEADY)
    assert (status["StopLoggingTime"], status["StartLoggingTime"]) == (moment(OFF), moment(ON))
    paused = {"now": moment(OFF + 60)}
    status = ask("cloudtrail", "GetTrailStatus", Name=STEADY, _at=paused)
    assert not status["IsLogging"] and status["StartLoggingTime"] == moment(START)
    [trail] = ask("cloudtrail", "DescribeTrails", trailNameList=[STEADY])["trailList"]
    assert trail["S3KeyPrefix"] == "audit/trails"


def test_the_organisations_trail_sees_every_account_and_shows_each_its_own(
    delivering: Callable[[str], TrailFiles],
) -> None:
    files = delivering(f"organization-trail-logs-{ACCOUNT}")
    keys = [key for key, _, _ in files.keys(ACCOUNT, "AWSLogs/o-", epoch(NOW))]
    assert {key.split("/")[2] for key in keys} == {ACCOUNT, OTHER}
    others = next(key for key in keys if f"/{OTHER}/CloudTrail/" in key)
    assert files.may_read(OTHER, others) and not files.may_read(ACCOUNT, others)
    assert not files.may_read("333333333333", others.replace(OTHER, "333333333333"))
    assert files.body(others)[1]["x-amz-server-side-encryption"] == "aws:kms"


def test_public_keys_are_the_regions_own_and_valid_for_a_time(estate: Estate) -> None:
    ask = asker(estate)
    [here] = ask("cloudtrail", "ListPublicKeys")["PublicKeyList"]
    [there] = ask("cloudtrail", "ListPublicKeys", _at={"region": AWAY})["PublicKeyList"]
    assert here["Fingerprint"] != there["Fingerprint"]
    long_ago = {
        "StartTime": datetime(2020, 1, 1, tzinfo=UTC),
        "EndTime": datetime(2020, 2, 1, tzinfo=UTC),
    }
    assert ask("cloudtrail", "ListPublicKeys", **long_ago)["PublicKeyList"] == []
    with pytest.raises(ServiceError, match="InvalidTimeRangeException"):
        ask("cloudtrail", "ListPublicKeys", StartTime=NOW, EndTime=long_ago["EndTime"])
