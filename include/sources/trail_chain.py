"""A trail's digests, read from S3 and checked: is everything there that was delivered?"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from include.aws.exchange import Answer
from include.clock import iso
from include.evidence.snapshot import SnapshotWriter
from include.sources.base import ask_once
from include.sources.s3_objects import read_all
from include.sources.trail_archive import file_line, keep_page
from include.sources.trail_digests import Chain, DigestFile, sha256_of, stamp_of, verify
from include.sources.trail_keys import first_keys, list_keys
from include.sources.trail_places import TrailPlace

#: A digest is delivered within this time after the hour it speaks of.
_DIGEST_LATE = timedelta(hours=3)


def checked_digests(
    out: SnapshotWriter,
    cloudtrail: Any,
    s3: Any,
    place: TrailPlace,
    keys: list[str],
    start: datetime,
    until: datetime,
    now: datetime,
) -> Chain:
    """The digests of the span, checked; with the first one after it when the last ones fail."""
    if not keys and not place.is_validated:
        return Chain()
    public = ask_once(
        out,
        cloudtrail,
        "ListPublicKeys",
        # Up to now: digests that were made later are signed with a later key.
        {"StartTime": start, "EndTime": now},
        items_at="PublicKeyList",
    )
    known = {str(key["Fingerprint"]): bytes(key["Value"]) for key in public.items}
    last = max((stamp for key in keys if (stamp := stamp_of(key))), default=start)
    later: list[str] = []
    if until - last > _DIGEST_LATE:
        # Were the last ones taken away? A digest after the gap names the one before it.
        later = _next_digest(out, s3, place, last, now)
    files: list[DigestFile] = []
    lines: list[dict[str, Any]] = []
    told: Answer | None = None
    for got in read_all(out, s3, [(place.bucket, key) for key in [*keys, *later]]):
        if got.answer is None:
            continue  # gone since it was listed: the next one misses it
        told = got.answer
        files.append(DigestFile(got.bucket, got.key, got.data, got.metadata.get("signature", "")))
        lines.append(file_line(got, sha256_of(got.data)))
    chain = verify(files, known, start, until)
    if place.is_validated and keys and not later and until - last > _DIGEST_LATE:
        chain.missing.append((f"all digests after {iso(last)}", ""))
    elif _begins_anew(chain, files) and not _has_older(out, s3, place, files[0].key):
        # Nothing is kept from before: it has expired, and isn't known any more.
        del chain.missing[0]
    for line, file in zip(lines, files, strict=True):
        line["signature"] = file.signature
        line["verdict"] = chain.verdicts.get(file.key, "after the period")
    keep_page(out, told, place.bucket, place.folder("CloudTrail-Digest"), lines)
    return chain


def _begins_anew(chain: Chain, files: list[DigestFile]) -> bool:
    """Whether the first digest names one before it that isn't there."""
    return bool(chain.missing) and chain.missing[0][1] == files[0].key


def _next_digest(
    out: SnapshotWriter, s3: Any, place: TrailPlace, after: datetime, now: datetime
) -> list[str]:
    """The first digest after a time, if there is one."""
    folder = place.folder("CloudTrail-Digest")
    for key in list_keys(out, s3, place.bucket, folder, after, now):
        stamp = stamp_of(key)
        if stamp and stamp > after and f"_{place.name}_{place.home}_" in key:
            return [key]
    return []


def _has_older(out: SnapshotWriter, s3: Any, place: TrailPlace, key: str) -> bool:
    """Whether a digest of the trail from before this one is kept."""
    before = first_keys(out, s3, place.bucket, place.folder("CloudTrail-Digest"))
    return any(f"_{place.name}_{place.home}_" in one and one < key for one in before)
