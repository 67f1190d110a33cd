"""Files that people and scripts put into a bucket: listed, fetched to local disk, hashed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from tempfile import TemporaryFile
from typing import IO, Any

from botocore.exceptions import ClientError

from include.aws.errors import is_no_bucket, is_no_object
from include.aws.exchange import Answer, traffic_of_one_call
from include.digests import canonical_json
from include.evidence.snapshot import SnapshotWriter
from include.sources.base import Ended, failed_call
from include.sources.s3_objects import objects_below

_CHUNK = 1024 * 1024


@dataclass(frozen=True)
class Stored:
    """One object of a bucket as it is listed; ``modified`` is S3's time (UTC)."""

    key: str
    size: int
    etag: str
    modified: datetime


@dataclass(frozen=True)
class Fetched:
    """One object on local disk, rewound, with what names exactly these bytes."""

    stored: Stored
    file: IO[bytes]
    sha256: str
    version_id: str
    answer: Answer

    def page(self, out: SnapshotWriter, items: int, **more: Any) -> str:
        """Keep a description of the file in place of its bytes; returns the page's name.

        The bytes stay where they were handed in: the description says which they were.
        """
        described = {
            "key": self.stored.key,
            "bytes": self.stored.size,
            "sha256": self.sha256,
            "etag": self.stored.etag.strip('"'),
            "version_id": self.version_id,
            **more,
        }
        return out.page(replace(self.answer, body=canonical_json(described)), items)


def listed(
    out: SnapshotWriter, s3: Any, bucket: str, prefix: str, *, named: bool, deep: bool = True
) -> Iterator[Stored]:
    """The objects below ``prefix``, each once; folders' own marks are left out.

    A bucket that is not there holds nothing, unless the settings name it on purpose (``named``).
    Without ``deep``, folders below are left out.
    """
    seen: set[str] = set()
    try:
        for item in objects_below(out, s3, bucket, prefix, deep=deep):
            out.duplicates += item["Key"] in seen
            if item["Key"] not in seen and not item["Key"].endswith("/"):
                seen.add(item["Key"])
                yield Stored(item["Key"], item["Size"], item["ETag"], item["LastModified"])
    except ClientError as error:
        if not is_no_bucket(error):
            raise
        if named:
            raise Ended(
                "FAILED", f"The bucket {bucket}, which the settings name, does not exist."
            ) from error
        out.note(f"There is no bucket {bucket} yet: nothing was handed in.")


@contextmanager
def fetched(out: SnapshotWriter, s3: Any, bucket: str, stored: Stored) -> Iterator[Fetched | None]:
    """The object on local disk; None when it was taken away since it was listed.

    Memory is bounded by a chunk. Not by :func:`include.sources.base.ask`: the answer is a stream.
    """
    request = {"Bucket": bucket, "Key": stored.key}
    with TemporaryFile() as file:
        digest = hashlib.sha256()
        size = 0
        with traffic_of_one_call() as traffic:
            out.service = "s3"
            try:
                output = s3.get_object(**request)
                while chunk := output["Body"].read(_CHUNK):
                    digest.update(chunk)
                    file.write(chunk)
                    size += len(chunk)
            except ClientError as error:
                if is_no_object(error):
                    output = None
                else:
                    out.failed_call(error, failed_call("s3", "GetObject", request, traffic, error))
                    raise
            finally:
                out.traffic(traffic)
        if output is None:
            yield None
            return
        file.seek(0)
        answer = Answer(
            service="s3",
            operation="GetObject",
            request=request,
            output={},
            body=b"",
            request_id=str(output["ResponseMetadata"].get("RequestId", "")),
            at=traffic.last_date or out.now,
        )
        # As it was fetched: it may have been replaced since it was listed.
        exact = Stored(stored.key, size, output["ETag"], output["LastModified"])
        version = str(output.get("VersionId") or "")
        yield Fetched(exact, file, digest.hexdigest(), version, answer)
