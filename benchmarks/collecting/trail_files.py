"""CPU of reading a trail's log files: from gzip to the events asked for, a digest of each event."""

from __future__ import annotations

import gzip
import hashlib
import json
import random
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks.collecting.figures import Figure, in_turn, ratio
from include.sources.s3_objects import Got
from include.sources.trail_digests import Chain
from include.sources.trail_files import LogFiles, read_file
from include.sources.trail_patterns import PATTERNS, Wanted
from include.sources.trail_places import TrailPlace

ACCOUNT, REGION = "111111111111", "eu-west-1"
_START = datetime(2026, 5, 1, tzinfo=UTC)
_NAMES = (
    "DescribeInstances", "GetObject", "AssumeRole", "DescribeVolumes", "ListKeys", "DescribeTags",
    "GetBucketAcl", "Decrypt", "DescribeRegions", "CreateRoute", "PutBucketPolicy",
)  # fmt: skip
_WRITES = frozenset({"CreateRoute", "PutBucketPolicy"})


def measure(quick: bool) -> list[Figure]:
    """Ours, and gzip + json + dicts doing the same: match, hash each event, keep what matched."""
    files = [_file(random.Random(n), 2_000 if quick else 5_000) for n in range(4)]
    sides = {"ours": lambda: _ours(files), "plain": lambda: _plain(files)}
    found = in_turn(sides, 2 if quick else 7)
    per_second = {name: 1000 / median for name, (median, _) in found.items()}
    plain = sum(len(gzip.decompress(got.data)) for got in files)
    count = sum(len(json.loads(gzip.decompress(got.data))["Records"]) for got in files)
    return [
        Figure("an event in a log file", plain / count, "bytes"),
        Figure("compressed", plain / sum(len(got.data) for got in files), "times"),
        Figure(
            "events read, matched and hashed",
            per_second["ours"],
            "a CPU second",
            target=150_000,
            at_most=False,
        ),
        Figure("... with gzip, json and dicts", per_second["plain"], "a CPU second"),
        Figure("... ratio", ratio(found["plain"][1], found["ours"][1]), "times"),
    ]


def _ours(files: list[Got]) -> int:
    """As the collector does for each file."""
    wanted = Wanted(PATTERNS)
    place = TrailPlace("", "main", REGION, ACCOUNT, REGION, "logs", "", False, None)
    log_files = LogFiles(place, Chain(), [], _START, _START + timedelta(days=1))
    count = 0
    for got in files:
        line, taken = read_file(
            log_files,
            got,
            place,
            "2026-05-01T00:00:00Z",
            "2026-06-01T00:00:00Z",
            lambda record: bool(wanted.of(record)),
        )
        assert taken
        count += line["events"]
    return count


def _plain(files: list[Got]) -> int:
    """What a script would do."""
    names = frozenset().union(*(pattern.names for pattern in PATTERNS.values()))
    count = 0
    for got in files:
        text = gzip.decompress(got.data)
        hashlib.sha256(text).hexdigest()
        for event in json.loads(text)["Records"]:
            count += 1
            hashlib.sha256(json.dumps(event, sort_keys=True).encode()).hexdigest()
            refused = "Unauthorized" in (event.get("errorCode") or "")
            root = event["userIdentity"]["type"] == "Root"
            if (event["eventName"] in names and not event["readOnly"]) or root or refused:
                json.dumps(event)
    return count


def _file(rng: random.Random, events: int) -> Got:
    """A log file as a busy account has them; about 1.3 KB an event."""
    records = [_record(rng, number) for number in range(events)]
    data = gzip.compress(json.dumps({"Records": records}, separators=(",", ":")).encode())
    return Got("logs", f"logs/{rng.random()}.json.gz", data, {}, "", "", None)


def _record(rng: random.Random, number: int) -> dict[str, Any]:
    name = rng.choice(_NAMES)
    person = f"person-{number % 90}"
    role = f"arn:aws:iam::{ACCOUNT}:role/Developer"
    return {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "AssumedRole",
            "principalId": f"AROA{rng.randrange(10**17):017d}:{person}",
            "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/Developer/{person}",
            "accountId": ACCOUNT,
            "accessKeyId": f"ASIA{rng.randrange(10**16):016d}",
            "sessionContext": {
                "sessionIssuer": {"type": "Role", "arn": role, "userName": "Developer"},
                "attributes": {"creationDate": "2026-05-01T00:00:00Z", "mfaAuthenticated": "true"},
            },
        },
        "eventTime": f"2026-05-01T{number % 24:02d}:{number % 60:02d}:00Z",
        "eventSource": "ec2.amazonaws.com" if name != "PutBucketPolicy" else "s3.amazonaws.com",
        "eventName": name,
        "awsRegion": REGION,
        "sourceIPAddress": f"203.0.113.{number % 255}",
        "userAgent": "aws-sdk-go-v2/1.30.3 os/linux lang/go#1.22 md/GOOS#linux api/ec2#1.173.0",
        "requestParameters": {
            "instancesSet": {
                "items": [{"instanceId": f"i-{rng.randrange(16**17):017x}"} for _ in range(3)]
            },
            "filterSet": {},
        },
        "responseElements": None,
        "requestID": str(uuid.UUID(int=rng.getrandbits(128))),
        "eventID": str(uuid.UUID(int=rng.getrandbits(128))),
        "readOnly": name not in _WRITES,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
        "tlsDetails": {
            "tlsVersion": "TLSv1.3",
            "cipherSuite": "TLS_AES_128_GCM_SHA256",
            "clientProvidedHostHeader": f"ec2.{REGION}.amazonaws.com",
        },
    }
