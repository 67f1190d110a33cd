"""Objects of a trail in S3: listed by their dates, read several at a time, in order."""

from __future__ import annotations

import contextvars
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    IncompleteReadError,
    ReadTimeoutError,
    ResponseStreamingError,
)

from include.aws.errors import is_no_object
from include.aws.exchange import Answer, Traffic, call, traffic_of_one_call
from include.evidence.snapshot import SnapshotWriter
from include.sources.base import ask_once, failed_call, pages

#: Objects asked for at the same time; as many are held in memory at most.
READERS = 8
#: A body that breaks off is asked for again: the client's own retries end with the headers.
_TRIES = 3
_BROKEN = (IncompleteReadError, ReadTimeoutError, ResponseStreamingError)


@dataclass(frozen=True)
class Got:
    """One object; ``answer`` is None, and ``data`` empty, when there is none under that key."""

    bucket: str
    key: str
    data: bytes
    metadata: dict[str, str]
    etag: str
    version: str
    answer: Answer | None


def list_keys(
    out: SnapshotWriter, s3: Any, bucket: str, folder: str, start: datetime, end: datetime
) -> Iterator[str]:
    """Keys in the dated folders of ``[start, end]``: whole days, so some lie outside."""
    for date in date_folders(start, end):
        request = {"Bucket": bucket, "Prefix": f"{folder}{date}/"}
        listing = pages(
            out,
            s3,
            "ListObjectsV2",
            "Contents",
            request,
            token="ContinuationToken",
            next_token="NextContinuationToken",
        )
        for page in listing:
            yield from (str(item["Key"]) for item in page.items)


def first_keys(out: SnapshotWriter, s3: Any, bucket: str, folder: str) -> list[str]:
    """The oldest objects that are kept (a thousand at most): below folders, keys have dates."""
    request = {"Bucket": bucket, "Prefix": folder}
    listing = ask_once(out, s3, "ListObjectsV2", request, items_at="Contents")
    return [str(item["Key"]) for item in listing.items if item]


def date_folders(start: datetime, end: datetime) -> Iterator[str]:
    """``2026/07`` for each whole month in ``[start, end]``, ``2026/08/01`` for other days (UTC).

    A call lists a thousand keys, so few folders mean few calls.
    """
    day = start.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    while day <= end:
        following = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
        if day.day == 1 and following <= end:
            yield f"{day:%Y/%m}"
            day = following
        else:
            yield f"{day:%Y/%m/%d}"
            day += timedelta(days=1)


def read_all(out: SnapshotWriter, s3: Any, wanted: Iterable[tuple[str, str]]) -> Iterator[Got]:
    """Every (bucket, key), in the order given; what isn't there has no answer.

    Raises what S3 answers otherwise (a refusal, also of ``kms:Decrypt``).
    """
    waiting: deque[tuple[str, str, Future[_Read]]] = deque()
    pool = ThreadPoolExecutor(READERS, thread_name_prefix="trail")
    try:
        for bucket, key in wanted:
            context = contextvars.copy_context()
            waiting.append((bucket, key, pool.submit(context.run, _read, s3, bucket, key)))
            if len(waiting) >= READERS:
                yield _taken(out, *waiting.popleft())
        while waiting:
            yield _taken(out, *waiting.popleft())
    finally:
        pool.shutdown(cancel_futures=True)


@dataclass(frozen=True)
class _Read:
    got: Got | None
    traffic: Traffic
    error: Exception | None = None


def _read(s3: Any, bucket: str, key: str) -> _Read:
    request = {"Bucket": bucket, "Key": key}
    with traffic_of_one_call() as traffic:
        for left in reversed(range(_TRIES)):
            try:
                answer = call(s3, "GetObject", request, traffic)
                data = answer.output["Body"].read()
                break
            except ClientError as error:
                if is_no_object(error):
                    return _Read(Got(bucket, key, b"", {}, "", "", None), traffic)
                return _Read(None, traffic, error)
            except _BROKEN as error:
                if not left:
                    return _Read(None, traffic, error)
            except BotoCoreError as error:
                return _Read(None, traffic, error)
    output = answer.output
    got = Got(
        bucket,
        key,
        data,
        dict(output.get("Metadata") or {}),
        str(output.get("ETag", "")).strip('"'),
        str(output.get("VersionId") or ""),
        answer,
    )
    return _Read(got, traffic)


def _taken(out: SnapshotWriter, bucket: str, key: str, reading: Future[_Read]) -> Got:
    read = reading.result()
    out.service = "s3"
    out.traffic(read.traffic)
    if read.got is None:
        assert read.error is not None
        request = {"Bucket": bucket, "Key": key}
        told = failed_call("s3", "GetObject", request, read.traffic, read.error)
        out.failed_call(read.error, told)
        raise read.error
    return read.got
