"""What Config delivers to S3: history files each six hours with changes, a snapshot every day.

Form: AWS Config developer guide, "Example configuration history files" and "Example configuration
snapshot from AWS Config". Nothing is kept on disk: an object is made when it is listed or read.
"""

from __future__ import annotations

import gzip
import json
import re
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from include.local_aws.delivered import Body, Delivery, Object
from include.local_aws.estate.store import Estate
from include.local_aws.services.config.items import (
    COMPLIANCE_TYPE,
    compliance_histories,
    configuration_items,
    recorded,
)
from include.local_aws.services.config.recorder import (
    bucket_of,
    recording_group,
    records,
    running_times,
)
from include.local_aws.services.moments import DAY, HOUR, epoch, moment

WINDOW = 6 * HOUR
#: Seconds after which a file is there.
LATE = 300
#: The time of day of the daily snapshot.
SNAPSHOT_AT = 2 * HOUR
_TYPE = {"content-type": "application/json", "content-encoding": "gzip"}
_KEY = re.compile(
    r"AWSLogs/(?P<account>\d{12})/Config/(?P<region>[a-z0-9-]+)/(?P<date>\d{4}/\d+/\d+)/"
    r"(?P<kind>ConfigHistory|ConfigSnapshot)/"
)

#: (captured, item)
Captured = tuple[int, dict[str, Any]]


class ConfigFiles(Delivery):
    """Everything Config delivers of an estate; each account has one bucket for all regions."""

    def __init__(self, estate: Estate) -> None:
        self._estate = estate
        self._history = lru_cache(maxsize=32)(self._all_items)
        self._files = lru_cache(maxsize=256)(self._files_of_day)
        self._snapshot = lru_cache(maxsize=16)(self._snapshot_at)

    def bucket(self, account: str) -> str:
        """The account's own bucket; '' where Config was never switched on."""
        on = any(running_times(self._estate, account, region) for region in self._estate.regions)
        return bucket_of(account) if on else ""

    def keys(self, account: str, prefix: str, now: int) -> Iterator[Object]:
        """Files delivered by ``now`` under a prefix, by key."""
        for region in sorted(self._estate.regions):
            root = f"AWSLogs/{account}/Config/{region}/"
            if not (prefix.startswith(root) or root.startswith(prefix)):
                continue
            found = [
                one
                for day, folder in self._days(root, account, region, prefix, now)
                for one in self._of_day(account, region, day, folder, prefix)
                if one.modified <= now and one.key.startswith(prefix)
            ]
            yield from sorted(found, key=lambda one: one.key)

    def body(self, key: str) -> Body:
        """The gzipped JSON."""
        match = _KEY.search(key)
        assert match, key
        account, region = match["account"], match["region"]
        day = int(datetime.strptime(match["date"], "%Y/%m/%d").replace(tzinfo=UTC).timestamp())
        if match["kind"] == "ConfigSnapshot":
            return Body(self._snapshot(account, region, day + SNAPSHOT_AT), _TYPE)
        return Body(self._files(account, region, day)[key], _TYPE)

    def _days(
        self, root: str, account: str, region: str, prefix: str, now: int
    ) -> Iterator[tuple[int, str]]:
        times = running_times(self._estate, account, region)
        began = self._estate.meta("history_start")
        if not times:
            return
        first = max(times[0][0], began) if began else times[0][0]
        for day in range(first - first % DAY, now + 1, DAY):
            at = moment(day)
            folder = f"{root}{at.year}/{at.month}/{at.day}/"
            if folder.startswith(prefix) or prefix.startswith(folder):
                yield day, folder

    def _of_day(
        self, account: str, region: str, day: int, folder: str, prefix: str
    ) -> Iterator[Object]:
        history, snapshot = f"{folder}ConfigHistory/", f"{folder}ConfigSnapshot/"
        if history.startswith(prefix) or prefix.startswith(history):
            for key, data in self._files(account, region, day).items():
                yield Object(key, len(data), _end_of(key) + LATE)
        if snapshot.startswith(prefix) or prefix.startswith(snapshot):
            at = day + SNAPSHOT_AT
            if any(s <= at and (e is None or at < e) for s, e in self._running(account, region)):
                data = self._snapshot(account, region, at)
                mark = uuid.uuid5(uuid.NAMESPACE_URL, f"{folder}{at}")
                name = f"{account}_Config_{region}_ConfigSnapshot_{_stamp(at)}_{mark}.json.gz"
                yield Object(f"{snapshot}{name}", len(data), at + LATE)

    def _running(self, account: str, region: str) -> tuple[tuple[int, int | None], ...]:
        return running_times(self._estate, account, region)

    def _all_items(self, account: str, region: str, until: int) -> dict[str, list[Captured]]:
        """Every item captured before ``until``, by type, oldest first."""
        group = recording_group(self._estate, account, region, until)
        found: dict[str, list[Captured]] = {}
        for resource in recorded(self._estate, account, region, until):
            for one in configuration_items(self._estate, account, region, resource, until):
                found.setdefault(resource.type, []).append(_captured(one))
        if records(group, COMPLIANCE_TYPE):
            for items in compliance_histories(self._estate, account, region, until):
                found.setdefault(COMPLIANCE_TYPE, []).extend(map(_captured, items))
        for captured in found.values():
            captured.sort(key=lambda pair: (pair[0], str(pair[1]["resourceId"])))
        return found

    def _files_of_day(self, account: str, region: str, day: int) -> dict[str, bytes]:
        """The history files of one day's windows, by key."""
        # What is captured later doesn't matter to this day, so one answer serves a whole month.
        month = moment(day)
        until = epoch(datetime(month.year + month.month // 12, month.month % 12 + 1, 1, tzinfo=UTC))
        items = self._history(account, region, until)
        folder = (
            f"AWSLogs/{account}/Config/{region}/{month.year}/{month.month}/{month.day}/"
            "ConfigHistory/"
        )
        files = {}
        for start in range(day, day + DAY, WINDOW):
            for type_ in sorted(items):
                mine = [one for at, one in items[type_] if start <= at < start + WINDOW]
                if mine:
                    key = (
                        f"{folder}{account}_Config_{region}_ConfigHistory_{type_}_"
                        f"{_stamp(start)}_{_stamp(start + WINDOW)}_1.json.gz"
                    )
                    files[key] = _packed({"fileVersion": "1.0", "configurationItems": mine})
        return files

    def _snapshot_at(self, account: str, region: str, at: int) -> bytes:
        """The newest item of everything that existed at ``at``."""
        newest: dict[tuple[str, str], dict[str, Any]] = {}
        for type_, items in sorted(self._history(account, region, at + 1).items()):
            for _, one in items:
                newest[type_, one["resourceId"]] = one
        alive = [
            one for one in newest.values() if one["configurationItemStatus"] != "ResourceDeleted"
        ]
        mark = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{account}/{region}/{at}"))
        return _packed(
            {"fileVersion": "1.0", "configSnapshotId": mark, "configurationItems": alive}
        )


def _captured(item: dict[str, Any]) -> Captured:
    """An item as the files write it, with the second it was captured."""
    written = {
        name: value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else value
        for name, value in item.items()
    }
    written["awsAccountId"] = written.pop("accountId")
    written["configurationItemVersion"] = written.pop("version")
    if "arn" in written:
        written["ARN"] = written.pop("arn")
    written["configuration"] = json.loads(written.get("configuration") or "{}")
    return epoch(item["configurationItemCaptureTime"]), written


def _packed(document: dict[str, Any]) -> bytes:
    return gzip.compress(json.dumps(document, separators=(",", ":")).encode(), 6, mtime=0)


def _stamp(at: int) -> str:
    return f"{moment(at):%Y%m%dT%H%M%SZ}"


def _end_of(key: str) -> int:
    end = key.rsplit("_", 2)[1]
    return int(datetime.strptime(end, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp())
