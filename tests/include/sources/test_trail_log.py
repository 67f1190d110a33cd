"""A log file is unpacked, hashed and split without reading more of a record than is needed."""

from __future__ import annotations

import gzip
import hashlib
import json

import pytest

from include.sources.trail_log import BadFile, records, unpacked

EVENTS = [
    {"eventName": "DeleteTrail", "eventID": "1", "requestParameters": {"name": "täst \u2028"}},
    {"eventName": "ListUsers", "eventID": "2", "readOnly": True, "apiVersion": None},
    {"eventName": "New", "eventID": "3", "unheardOf": [1, {}], "additionalEventData": {"a": 1}},
]
PLAIN = json.dumps({"Records": EVENTS}, ensure_ascii=False).encode()


def test_every_record_comes_with_its_bytes_and_their_digest() -> None:
    found = list(records(unpacked(gzip.compress(PLAIN))))
    assert [json.loads(bytes(raw)) for raw, _, _ in found] == EVENTS
    assert [record.id for _, record, _ in found] == ["1", "2", "3"]
    assert [record.is_read for _, record, _ in found] == [False, True, False]
    for raw, _, sha256 in found:
        assert sha256 == hashlib.sha256(bytes(raw)).digest()
        assert bytes(raw) in PLAIN


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "invalid format"),
        (b"{}", "invalid format"),
        (gzip.compress(PLAIN)[:-9], "invalid format"),
        (gzip.compress(PLAIN) + b"more", "unexpected data after end of compressed stream"),
        (gzip.compress(PLAIN) + gzip.compress(PLAIN), "unexpected data after end"),
        (gzip.compress(b"[]"), "invalid format"),
        (gzip.compress(b'{"Records": [1]}'), "invalid format"),
        (gzip.compress(PLAIN[:-3]), "invalid format"),
    ],
)
def test_what_is_no_log_file_is_refused_with_the_reason(data: bytes, reason: str) -> None:
    with pytest.raises(BadFile, match=reason):
        list(records(unpacked(data)))
