"""What is kept of a trail's files in a snapshot: what they were, and the events taken from them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from include.aws.exchange import Answer
from include.evidence.snapshot import SnapshotWriter
from include.sources.s3_objects import Got


def file_line(got: Got, sha256: str) -> dict[str, Any]:
    """Which object it was; ``sha256`` is over what is in it."""
    return {
        "bucket": got.bucket,
        "key": got.key,
        "version": got.version,
        "etag": got.etag,
        "size": len(got.data),
        "sha256": sha256,
    }


def keep_page(
    out: SnapshotWriter,
    answer: Answer | None,
    bucket: str,
    folder: str,
    lines: list[dict[str, Any]],
    events: Sequence[Sequence[msgspec.Raw]] = (),
) -> str:
    """A page of JSON Lines: a line per file, after each the events taken from it, as they were."""
    if answer is None:
        return ""
    body = bytearray()
    taken = events or [()] * len(lines)
    for line, raws in zip(lines, taken, strict=True):
        body += msgspec.json.encode(line) + b"\n"
        for raw in raws:
            # A line each: CloudTrail writes none inside a record, and none can be in a JSON text.
            body += bytes(raw).replace(b"\n", b" ") + b"\n"
    kept = Answer(
        service="s3",
        operation="GetObject",
        request={"Bucket": bucket, "Folder": folder, "Files": len(lines)},
        output={},
        body=bytes(body),
        request_id=answer.request_id,
        at=answer.at,
    )
    return out.page(kept, sum(map(len, taken)))
