"""Whether a trail's log files are all there and as they were delivered: its signed digests. Pure.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-custom-validation.html
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec

from include.clock import from_iso
from include.sources.trail_log import BadFile, unpacked

_STAMP = re.compile(r"_(\d{8}T\d{6}Z)(_backfill)?\.json\.gz$")
Span = tuple[datetime, datetime]


class _Log(msgspec.Struct, rename={"bucket": "s3Bucket", "key": "s3Object"}, gc=False):
    bucket: str
    key: str
    sha256: str = msgspec.field(name="hashValue")


class _Digest(msgspec.Struct):
    start: str = msgspec.field(name="digestStartTime")
    end: str = msgspec.field(name="digestEndTime")
    bucket: str = msgspec.field(name="digestS3Bucket")
    key: str = msgspec.field(name="digestS3Object")
    fingerprint: str = msgspec.field(name="digestPublicKeyFingerprint")
    previous_signature: str | None = msgspec.field(name="previousDigestSignature")
    previous_key: str | None = msgspec.field(name="previousDigestS3Object", default=None)
    previous_sha256: str | None = msgspec.field(name="previousDigestHashValue", default=None)
    logs: list[_Log] = msgspec.field(name="logFiles", default_factory=list)


_decoder = msgspec.json.Decoder(_Digest)


@dataclass(frozen=True)
class DigestFile:
    """A digest as it lies in the bucket, with its signature (hexadecimal) from its metadata."""

    bucket: str
    key: str
    data: bytes
    signature: str


@dataclass
class Chain:
    """What a run of digests proves.

    ``verdicts``: by key, 'valid' or what is wrong. ``missing``: keys that a later digest names and
    that are not there, with that digest's key. ``spans``: the times that valid digests vouch for.
    ``gaps``: times between digests in which validation was off (the chain began anew). ``logs``:
    the SHA-256 of every log file that a valid digest names, by bucket and key.
    """

    verdicts: dict[str, str] = field(default_factory=dict)
    missing: list[tuple[str, str]] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    gaps: list[Span] = field(default_factory=list)
    logs: dict[tuple[str, str], str] = field(default_factory=dict)

    @property
    def valid(self) -> int:
        """How many digests are valid."""
        return sum(verdict == "valid" for verdict in self.verdicts.values())


def sha256_of(data: bytes) -> str:
    """Over what is in a gzip file, as digests have it; '' for what is none."""
    try:
        return hashlib.sha256(unpacked(data)).hexdigest()
    except BadFile:
        return ""


def stamp_of(key: str) -> datetime | None:
    """When the hour of a digest ended, by its key; None for another object."""
    found = _STAMP.search(key)
    return datetime.strptime(found[1], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC) if found else None


def is_backfill(key: str) -> bool:
    """Whether it is a digest made later, for log files that were delivered late."""
    return key.endswith("_backfill.json.gz")


def verify(
    files: Iterable[DigestFile], keys: Mapping[str, bytes], since: datetime, until: datetime
) -> Chain:
    """Check digests, oldest first, against the region's public keys (DER, by fingerprint).

    A digest that ended by ``since`` may be absent, a later one isn't. Digests that end after
    ``until`` are there to tell whether what comes before them is whole; they count for nothing
    else.
    """
    chain = Chain()
    last: tuple[_Digest, str, str] | None = None  # the digest before, its SHA-256 and signature
    ended: datetime | None = None
    there: set[str] = set()
    for file in files:
        there.add(file.key)
        counts = (stamp_of(file.key) or since) <= until
        try:
            digest, plain_sha256 = _read(file, keys)
        except BadFile as error:
            chain.verdicts[file.key] = str(error)
            last, ended = None, stamp_of(file.key) or ended
            continue
        start, end = from_iso(digest.start), from_iso(digest.end)
        if counts:
            chain.verdicts[file.key] = "valid"
        if not is_backfill(file.key):
            _check_link(chain, digest, last, there, since)
            if digest.previous_key is None and ended is not None and ended < start:
                chain.gaps.append((ended, start))
            last, ended = (digest, plain_sha256, file.signature), end
        if counts:
            chain.spans.append((start, end))
            chain.logs.update({(log.bucket, log.key): log.sha256 for log in digest.logs})
    return chain


def _check_link(
    chain: Chain,
    digest: _Digest,
    last: tuple[_Digest, str, str] | None,
    there: set[str],
    since: datetime,
) -> None:
    """Compare a digest with what the one after it says of it."""
    named = digest.previous_key
    if named is None:
        return
    if named not in there:
        stamp = stamp_of(named)
        if stamp is None or stamp > since:
            chain.missing.append((named, digest.key))
        return
    if last is None or last[0].key != named:
        return
    before, sha256, signature = last
    if digest.previous_sha256 not in (None, sha256) or digest.previous_signature != signature:
        if before.key in chain.verdicts:
            chain.verdicts[before.key] = "is not the one that the next digest follows"
        chain.spans = [span for span in chain.spans if span != _span(before)]
        for log in before.logs:
            chain.logs.pop((log.bucket, log.key), None)


def _span(digest: _Digest) -> Span:
    return from_iso(digest.start), from_iso(digest.end)


def _read(file: DigestFile, keys: Mapping[str, bytes]) -> tuple[_Digest, str]:
    """The digest and the SHA-256 of its text, if it is where it was put and signed."""
    plain = unpacked(file.data)
    try:
        digest = _decoder.decode(plain)
        from_iso(digest.start), from_iso(digest.end)
    except (msgspec.MsgspecError, ValueError) as error:
        raise BadFile("invalid format") from error
    if (digest.bucket, digest.key) != (file.bucket, file.key):
        raise BadFile("has been moved from its original location")
    if digest.fingerprint not in keys:
        raise BadFile(f"public key not found for fingerprint {digest.fingerprint}")
    sha256 = hashlib.sha256(plain).hexdigest()
    previous = digest.previous_signature or "null"
    told = f"{digest.end}\n{file.bucket}/{file.key}\n{sha256}\n{previous}"
    if not _is_signed(told.encode(), file.signature, keys[digest.fingerprint]):
        raise BadFile("signature verification failed")
    return digest, sha256


def _is_signed(text: bytes, signature: str, public_key: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    try:
        _loaded(public_key).verify(bytes.fromhex(signature), text, PKCS1v15(), SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True


def _loaded(public_key: bytes) -> Any:
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    return load_der_public_key(public_key)
