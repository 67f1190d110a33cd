"""Config's history files in the delivery bucket: the past of many resources at a few S3 reads.

The last snapshot before the period tells how everything stood then, the history files what
changed since (one per type and six hours, where something did). Config's own calls are spent
only on what is newer than the last file.
https://docs.aws.amazon.com/config/latest/developerguide/config-s3-object-lock.html names the form
``<prefix>/AWSLogs/<account>/Config/<region>/<Y>/<M>/<D>/ConfigHistory/…`` (months and days without
leading zeros).
"""

from __future__ import annotations

import re
import zlib
from codecs import getincrementaldecoder
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from json import JSONDecodeError, JSONDecoder
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from include.aws.errors import classify
from include.evidence.cell import Cell
from include.evidence.snapshot import SnapshotWriter
from include.sources.base import ask_once
from include.sources.config_history import standings
from include.sources.config_recorder import COMPLIANCE_TYPE
from include.sources.config_shelf import Shelf
from include.sources.s3_objects import Got, objects_below, read_all

#: How far before the period a snapshot is looked for: they are delivered daily or more often.
_BEFORE = 2
_NAME = re.compile(
    r"_ConfigHistory_(?P<type>AWS::[\w:]+)_(?P<start>\d{8}T\d{6}Z)_(?P<end>\d{8}T\d{6}Z)_\d+\.json"
)
_SNAPSHOT = re.compile(r"_ConfigSnapshot_(?P<at>\d{8}T\d{6}Z)_[^/]+\.json")
_DECODER = JSONDecoder()
_SEPARATORS = re.compile(r"[\s,]*")
#: Bytes decompressed at once.
_PIECE = 1 << 18


@dataclass(frozen=True)
class Delivered:
    """What lies in the bucket for one cell: a snapshot to start from, files to go on with.

    ``until`` is the end of the last delivery of any type: what changed before it is in the files.
    """

    bucket: str
    snapshot: str
    files: tuple[str, ...]
    until: datetime


def days_to_list(period_start: datetime, now: datetime) -> int:
    """How many day folders there are to look into."""
    return (now - period_start).days + 1 + _BEFORE


def find_delivered(out: SnapshotWriter, config: Any, s3: Any, cell: Cell) -> Delivered | None:
    """The files that tell the past of the cell; None (with a note) where there are none to use."""
    channels = ask_once(out, config, "DescribeDeliveryChannels", items_at="DeliveryChannels").items
    channel = next((one for one in channels if one and one.get("s3BucketName")), None)
    if channel is None:
        return None
    prefix = f"{channel['s3KeyPrefix']}/" if channel.get("s3KeyPrefix") else ""
    root = f"{prefix}AWSLogs/{cell.account}/Config/{cell.region}/"
    bucket = str(channel["s3BucketName"])
    start, now = cell.period.start, out.now
    try:
        snapshot, taken = _last_snapshot(out, s3, bucket, root, start)
        if not snapshot:
            out.note("The delivery bucket holds no snapshot from before the period.")
            return None
        until = taken
        files: list[str] = []
        for day in _days(taken, now):
            for item in objects_below(out, s3, bucket, f"{root}{day}/ConfigHistory/"):
                key = str(item["Key"])
                name = _NAME.search(key)
                if name is None or _moment(name["end"]) <= taken:
                    continue
                until = max(until, _moment(name["end"]))
                if name["type"] == COMPLIANCE_TYPE:
                    files.append(key)
    except (ClientError, BotoCoreError) as error:
        _say_unreadable(out, bucket, error)
        return None
    return Delivered(bucket, snapshot, tuple(files), until)


def shelve_delivered(
    out: SnapshotWriter, s3: Any, delivered: Delivered, shelf: Shelf, names: dict[str, str]
) -> bool:
    """Put the compliance items of all files on the shelf; False when one can't be read.

    Bodies are archived as received, decompressed and decoded item by item: memory is bounded by
    one compressed object and one item.
    """
    wanted = [(delivered.bucket, key) for key in (delivered.snapshot, *delivered.files)]
    try:
        for got in read_all(out, s3, wanted):
            if got.answer is None:
                out.note(f"{got.key} was listed, but is not there.")
                return False
            page = _archived(out, got)
            for item in items_in(got.data):
                if item.get("resourceType") == COMPLIANCE_TYPE:
                    _shelve(shelf, item, names, page)
    except (ClientError, BotoCoreError) as error:
        _say_unreadable(out, delivered.bucket, error)
        return False
    except (ValueError, zlib.error) as error:
        out.note(f"A file in the delivery bucket {delivered.bucket} is damaged: {error}.")
        return False
    return True


def _say_unreadable(out: SnapshotWriter, bucket: str, error: Exception) -> None:
    """Note why the files are not used: Config tells the same. Credentials must be renewed first."""
    failure = classify(error, "s3")
    if failure.status == "EXPIRED":
        raise error
    out.note(f"The delivery bucket {bucket} was not used: {failure.code}.")


def items_in(data: bytes) -> Iterator[dict[str, Any]]:
    """The configuration items of a (gzipped) file, decoded one by one.

    Raises ValueError for what isn't such a file, also for one that ends early.
    """
    text = _text(data)
    held = ""
    while '"configurationItems"' not in held:
        held += _next(text, "there are no items in it")
    held = held.split('"configurationItems"', 1)[1].lstrip(" :\n\r\t").removeprefix("[")
    at = 0
    while True:
        at = _SEPARATORS.match(held, at).end()  # type: ignore[union-attr]
        if held.startswith("]", at):
            return
        try:
            item, at = _DECODER.raw_decode(held, at)
        except JSONDecodeError:
            held, at = held[at:] + _next(text, "it ends early"), 0
            continue
        yield item


def _next(text: Iterator[str], otherwise: str) -> str:
    for piece in text:
        return piece
    raise ValueError(otherwise)


def _text(data: bytes) -> Iterator[str]:
    """The text of a file in pieces, whether gzipped or not."""
    if data[:2] != b"\x1f\x8b":
        yield data.decode()
        return
    unpacking, decoder = zlib.decompressobj(31), getincrementaldecoder("utf-8")()
    held = data
    while held:
        yield decoder.decode(unpacking.decompress(held, _PIECE))
        held = unpacking.unconsumed_tail
    if not unpacking.eof:
        raise ValueError("it ends early")


def _shelve(shelf: Shelf, item: Mapping[str, Any], names: dict[str, str], page: str) -> None:
    type_, _, id_ = str(item["resourceId"]).partition("/")
    captured = datetime.fromisoformat(str(item["configurationItemCaptureTime"]))
    born = item.get("configurationItemStatus") == "ResourceDiscovered"
    shelf.put_item((type_, id_), captured, standings(item, names), page, born=born)


def _archived(out: SnapshotWriter, got: Got) -> str:
    assert got.answer is not None
    return out.page(replace(got.answer, output={}, body=got.data), 1)


def _last_snapshot(
    out: SnapshotWriter, s3: Any, bucket: str, root: str, start: datetime
) -> tuple[str, datetime]:
    """The newest snapshot taken at or before ``start``, and when; '' when there is none."""
    for back in range(_BEFORE + 1):
        day = next(_days(start - timedelta(days=back), start - timedelta(days=back)))
        taken = [
            (_moment(name["at"]), str(item["Key"]))
            for item in objects_below(out, s3, bucket, f"{root}{day}/ConfigSnapshot/")
            if (name := _SNAPSHOT.search(item["Key"])) and _moment(name["at"]) <= start
        ]
        if taken:
            at, key = max(taken)
            return key, at
    return "", start


def _days(start: datetime, end: datetime) -> Iterator[str]:
    """``2026/7/1`` for each day (UTC) from ``start`` to ``end``."""
    day = start.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    while day <= end:
        yield f"{day.year}/{day.month}/{day.day}"
        day += timedelta(days=1)


def _moment(stamp: str) -> datetime:
    return datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
