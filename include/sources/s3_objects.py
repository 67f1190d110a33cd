"""Objects of a bucket: listed to the end, and read several at a time, in order."""

from __future__ import annotations

import contextvars
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
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
from include.sources.base import failed_call, pages

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


def objects_below(
    out: SnapshotWriter, s3: Any, bucket: str, prefix: str, *, deep: bool = True
) -> Iterator[Mapping[str, Any]]:
    """What S3 lists below ``prefix`` (``Key``, ``Size`` …); without ``deep``, no folders below.

    A listing that says that there is more, but not how to go on, makes the cell PARTIAL.
    """
    request = {"Bucket": bucket, "Prefix": prefix}
    if not deep:
        request["Delimiter"] = "/"
    for listing in pages(
        out,
        s3,
        "ListObjectsV2",
        "Contents",
        request,
        token="ContinuationToken",
        next_token="NextContinuationToken",
    ):
        output = listing.answer.output
        if output.get("IsTruncated") and not output.get("NextContinuationToken"):
            out.stop_short(
                f"The listing of s3://{bucket}/{prefix} says that there is more, but not how "
                "to go on."
            )
        yield from listing.items


def read_all(out: SnapshotWriter, s3: Any, wanted: Iterable[tuple[str, str]]) -> Iterator[Got]:
    """Every (bucket, key), in the order given; what isn't there has no answer.

    Raises what S3 answers otherwise (a refusal, also of ``kms:Decrypt``).
    """
    waiting: deque[tuple[str, str, Future[_Read]]] = deque()
    pool = ThreadPoolExecutor(READERS, thread_name_prefix="s3")
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
