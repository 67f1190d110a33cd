"""The chain of hourly digests of one trail, account and region, each signed over the one before.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from include.clock import iso
from include.local_aws.services.cloudtrail.signing import fingerprint, sign
from include.local_aws.services.cloudtrail.trail import Trail
from include.local_aws.services.moments import HOUR, moment


class LogFile(NamedTuple):
    """A log file; ``sha256`` is over what is in it, ``modified`` when it was delivered."""

    key: str
    data: bytes
    modified: int
    sha256: str
    oldest: str
    newest: str


class Digest(NamedTuple):
    """A digest of what was delivered in the hour before ``end`` (epoch seconds)."""

    key: str
    data: bytes
    end: int
    modified: int
    sha256: str
    signature: str


class Chain:
    """All digests, made in their order as far as they are asked for.

    A digest is made for every hour in which the trail logs and validation is on, also when
    nothing was delivered; after a pause the chain starts anew.
    """

    def __init__(
        self,
        *,
        seed: Any,
        trail: Trail,
        account: str,
        region: str,
        path: str,
        since: int,
        files: Callable[[int, int], Iterable[LogFile]],
    ) -> None:
        self._seed, self._trail = seed, trail
        self._account, self._region, self._path = account, region, path
        self._files = files
        # Digests don't end on the full hour: each trail has a minute of its own.
        drawn = hashlib.sha256(f"{trail.arn}:{region}".encode()).digest()
        offset = int.from_bytes(drawn[:2], "big") % HOUR
        first = max(since, trail.created)
        self._next = first - first % HOUR + offset
        self._made: list[Digest] = []
        self._by_key: dict[str, Digest] = {}
        self._last: Digest | None = None

    def until(self, end: int) -> Iterator[Digest]:
        """All digests that end before ``end``."""
        while self._next + HOUR < end:
            self._make(self._next, self._next + HOUR)
            self._next += HOUR
        return (digest for digest in self._made if digest.end < end)

    def digest(self, key: str) -> Digest:
        """One that was listed before."""
        return self._by_key[key]

    def _make(self, start: int, end: int) -> None:
        trail = self._trail
        if not (
            trail.logs(start)
            and trail.logs(end - 1)
            and trail.covers(self._account, self._region, start)
            and trail.at("LogFileValidationEnabled", start)
            and trail.at("LogFileValidationEnabled", end - 1)
        ):
            self._last = None
            return
        at = moment(end)
        name = (
            f"{self._account}_CloudTrail-Digest_{self._region}_{trail.name}_{trail.home}_"
            f"{at:%Y%m%dT%H%M%SZ}.json.gz"
        )
        key = f"{self._path}{at:%Y/%m/%d}/{name}"
        files = list(self._files(start, end))
        last = self._last
        document = {
            "awsAccountId": self._account,
            "digestStartTime": iso(moment(start)),
            "digestEndTime": iso(at),
            "digestS3Bucket": trail.bucket,
            "digestS3Object": key,
            "digestPublicKeyFingerprint": fingerprint(self._seed, self._region),
            "digestSignatureAlgorithm": "SHA256withRSA",
            "newestEventTime": max((file.newest for file in files), default=None),
            "oldestEventTime": min((file.oldest for file in files), default=None),
            "previousDigestS3Bucket": trail.bucket if last else None,
            "previousDigestS3Object": last.key if last else None,
            "previousDigestHashValue": last.sha256 if last else None,
            "previousDigestHashAlgorithm": "SHA-256" if last else None,
            "previousDigestSignature": last.signature if last else None,
            "logFiles": [
                {
                    "s3Bucket": trail.bucket,
                    "s3Object": file.key,
                    "hashValue": file.sha256,
                    "hashAlgorithm": "SHA-256",
                    "newestEventTime": file.newest,
                    "oldestEventTime": file.oldest,
                }
                for file in files
            ],
        }
        plain = json.dumps(document, separators=(",", ":")).encode()
        hashed = hashlib.sha256(plain).hexdigest()
        previous = last.signature if last else "null"
        told = f"{document['digestEndTime']}\n{trail.bucket}/{key}\n{hashed}\n{previous}"
        signature = sign(self._seed, self._region, told.encode())
        # delivered a few minutes after the hour it speaks of
        data = gzip.compress(plain, 6, mtime=0)
        self._last = Digest(key, data, end, end + 300, hashed, signature)
        self._made.append(self._last)
        self._by_key[key] = self._last
