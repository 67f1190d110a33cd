"""What trails deliver to S3: a log file for every five minutes with events, signed digests hourly.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-examples.html and
cloudtrail-log-file-validation-digest-file-structure.html. Nothing is kept on disk: an object is
made when it is listed or read, and always has the same bytes.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from include.clock import iso
from include.local_aws.delivered import Body, Delivery, Object
from include.local_aws.estate.store import Estate
from include.local_aws.services.cloudtrail.digests import Chain, LogFile
from include.local_aws.services.cloudtrail.records import own_check, record_of
from include.local_aws.services.cloudtrail.trail import Trail, history_start
from include.local_aws.services.moments import DAY, HOUR, moment

#: Events reach the bucket after this many seconds at the latest; most do within ten minutes.
LATEST = 2 * HOUR
_SLOT = 300
_KEY = re.compile(
    r"AWSLogs/(?:o-[a-z0-9]+/)?(?P<account>\d{12})/(?P<kind>CloudTrail(?:-Digest)?)/"
    r"(?P<region>[a-z0-9-]+)/(?P<date>\d{4}/\d\d/\d\d)/"
)


class Folder(NamedTuple):
    """One kind of objects of one account and region: ``…/CloudTrail/eu-west-1/``."""

    kind: str
    account: str
    region: str


class TrailFiles(Delivery):
    """Everything that one trail delivers."""

    def __init__(self, estate: Estate, trail: Trail) -> None:
        self._estate = estate
        self._trail = trail
        self._chains: dict[Folder, Chain] = {}
        self._day = lru_cache(maxsize=512)(self._files_of_day)

    def bucket(self, account: str) -> str:
        """The trail's bucket, in the account that owns the trail."""
        return self._trail.bucket if account == self._trail.account else ""

    def may_read(self, caller: str, key: str) -> bool:
        """Members of the organisation read what is about them."""
        if not self._trail.is_organization or caller not in self._estate.accounts:
            return False
        return key.startswith(f"{self._root()}{caller}/")

    def keys(self, account: str, prefix: str, now: int) -> Iterator[Object]:
        """Log files and digests delivered by ``now``."""
        for folder, at in sorted((self._path(folder), folder) for folder in self._folders()):
            if not (prefix.startswith(folder) or folder.startswith(prefix)):
                continue
            for day in self._days(prefix[len(folder) :], now):
                delivered = self._delivered(at, day, now)
                yield from (one for one in delivered if one.key.startswith(prefix))

    def body(self, key: str) -> Body:
        """The gzipped JSON."""
        found = _KEY.search(key)
        assert found, key
        folder = Folder(found["kind"], found["account"], found["region"])
        day = int(datetime.strptime(found["date"], "%Y/%m/%d").replace(tzinfo=UTC).timestamp())
        if folder.kind == "CloudTrail":
            file = self._day(folder.account, folder.region, day)[key]
            kms = self._trail.at("KmsKeyId", file.modified)
            encryption = {"x-amz-server-side-encryption": "AES256"}
            if kms:
                encryption = {
                    "x-amz-server-side-encryption": "aws:kms",
                    "x-amz-server-side-encryption-aws-kms-key-id": kms,
                }
            return Body(file.data, {**_TYPE, **encryption})
        digest = self._chain(folder).digest(key)
        return Body(
            digest.data,
            {
                **_TYPE,
                "x-amz-server-side-encryption": "AES256",
                "x-amz-meta-signature": digest.signature,
                "x-amz-meta-signature-algorithm": "SHA256withRSA",
            },
        )

    def _folders(self) -> Iterator[Folder]:
        estate, trail = self._estate, self._trail
        accounts = estate.accounts if trail.is_organization else [trail.account]
        for account in accounts:
            for region in estate.regions:
                if any(_overlaps(trail, account, region)):
                    yield Folder("CloudTrail", account, region)
                    yield Folder("CloudTrail-Digest", account, region)

    def _since(self) -> int:
        """The day from which on files are kept: the one before the estate's history."""
        return history_start(self._estate) - DAY

    def _root(self) -> str:
        organization = f"{organization_id(self._trail.account)}/"
        return f"{self._trail.prefix}AWSLogs/{organization if self._trail.is_organization else ''}"

    def _path(self, folder: Folder) -> str:
        return f"{self._root()}{folder.account}/{folder.kind}/{folder.region}/"

    def _days(self, under: str, now: int) -> Iterator[int]:
        """The days (epoch seconds) whose folders ``under`` may lie in: ``2026/07/`` is a month."""
        parts = under.split("/")[:3]
        first = max(self._since(), self._trail.created)
        for day in range(first - first % DAY, now + 1, DAY):
            date = f"{moment(day):%Y/%m/%d}".split("/")
            if all(d.startswith(p) for d, p in zip(date, parts, strict=False)):
                yield day

    def _delivered(self, folder: Folder, day: int, now: int) -> Iterator[Object]:
        if folder.kind == "CloudTrail":
            for key, file in self._day(folder.account, folder.region, day).items():
                if file.modified <= now:
                    yield Object(key, len(file.data), file.modified)
            return
        for digest in self._chain(folder).until(min(day + DAY, now + 1)):
            if day <= digest.end < day + DAY and digest.modified <= now:
                yield Object(digest.key, len(digest.data), digest.modified)

    def _chain(self, folder: Folder) -> Chain:
        if folder not in self._chains:
            self._chains[folder] = Chain(
                seed=self._estate.meta("seed"),
                trail=self._trail,
                account=folder.account,
                region=folder.region,
                path=self._path(folder),
                since=self._since(),
                files=lambda start, end: self._files(folder, start, end),
            )
        return self._chains[folder]

    def _files(self, folder: Folder, start: int, end: int) -> Iterator[LogFile]:
        """Log files delivered within [start, end)."""
        for day in range(start - start % DAY, end, DAY):
            for file in self._day(folder.account, folder.region, day).values():
                if start <= file.modified < end:
                    yield file

    def _files_of_day(self, account: str, region: str, day: int) -> dict[str, LogFile]:
        """The day's log files by key, in its order."""
        trail = self._trail
        rows = self._estate.rows(
            "SELECT * FROM events WHERE account = ? AND region = ? AND at_t >= ? AND at_t < ?"
            " ORDER BY at_t, event_id",
            (account, region, day - LATEST, day + DAY),
        )
        slots: dict[int, list[dict[str, Any]]] = {}
        for row in rows:
            at = row["at_t"]
            slot = delivered_at(row["event_id"], at)
            if day <= slot < day + DAY and trail.logs(at) and trail.covers(account, region, at):
                slots.setdefault(slot, []).append(record_of(row))
        before = day + DAY - HOUR
        if day == self._since() and trail.logs(before) and trail.covers(account, region, before):
            slots[before] = [own_check(account, region, trail.bucket, before - _SLOT)]
        path = self._path(Folder("CloudTrail", account, region))
        made = (self._file(path, account, region, at, slots[at]) for at in sorted(slots))
        return {file.key: file for file in made}

    def _file(
        self, path: str, account: str, region: str, at: int, records: list[dict[str, Any]]
    ) -> LogFile:
        told = f"{self._trail.arn}:{account}:{region}:{at}"
        unique = base64.b32encode(hashlib.sha256(told.encode()).digest()).decode()[:16]
        name = f"{account}_CloudTrail_{region}_{moment(at):%Y%m%dT%H%MZ}_{unique}.json.gz"
        plain = json.dumps({"Records": records}, separators=(",", ":")).encode()
        times = [str(record.get("eventTime", iso(moment(at)))) for record in records]
        return LogFile(
            key=f"{path}{moment(at):%Y/%m/%d}/{name}",
            data=gzip.compress(plain, 6, mtime=0),
            modified=at,
            sha256=hashlib.sha256(plain).hexdigest(),
            oldest=min(times),
            newest=max(times),
        )


_TYPE = {"Content-Type": "application/json", "Content-Encoding": "gzip"}


def delivered_at(event_id: str, at: int) -> int:
    """When an event that happened at ``at`` is in the bucket: within minutes, some much later."""
    drawn = int.from_bytes(hashlib.sha256(event_id.encode()).digest()[:4], "big")
    delay = 120 + drawn % 480 if drawn % 50 else LATEST // 2 + drawn % (LATEST // 2 - 2 * _SLOT)
    return -(-(at + delay) // _SLOT) * _SLOT


def organization_id(management: str) -> str:
    """The organisation's id, which is moto's."""
    from moto.organizations.models import organizations_backends

    organization = organizations_backends[management]["aws"].org
    return str(organization.id) if organization is not None else "o-local00000"


def _overlaps(trail: Trail, account: str, region: str) -> Iterator[bool]:
    """Whether the trail covers a place at any time."""
    yield trail.covers(account, region, trail.created)
    for since, _, _ in trail.properties.get("IsMultiRegionTrail", ()):
        yield trail.covers(account, region, since)
