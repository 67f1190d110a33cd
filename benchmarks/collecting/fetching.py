"""CPU of fetching pages of 100 Security Hub findings, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec
import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from benchmarks.collecting.figures import Figure, in_turn, ratio
from benchmarks.collecting.serving import (
    ACCOUNT,
    REGION,
    canned_aws,
    cell,
    our_clients,
    plain_client,
    pointed_at,
    service,
)
from include.evidence.snapshot import SnapshotWriter
from include.sources.base import ask

try:
    from orjson import loads
except ImportError:  # the next fastest reader
    loads = msgspec.json.decode

#: As a collector asks: a whole filter and the largest page.
REQUEST = {
    "Filters": {
        "ProductName": [{"Value": "Security Hub", "Comparison": "EQUALS"}],
        "AwsAccountId": [{"Value": ACCOUNT, "Comparison": "EQUALS"}],
        "Region": [{"Value": REGION, "Comparison": "EQUALS"}],
    },
    "MaxResults": 100,
}


class _Compliance(msgspec.Struct, frozen=True, gc=False):
    Status: str = ""
    SecurityControlId: str = ""


class _Resource(msgspec.Struct, frozen=True, gc=False):
    Type: str
    Id: str


class _Workflow(msgspec.Struct, frozen=True, gc=False):
    Status: str = ""


class _Finding(msgspec.Struct, frozen=True, gc=False):
    """The members that evidence is made of."""

    Id: str
    ProductArn: str
    CreatedAt: datetime
    UpdatedAt: datetime
    Resources: list[_Resource]
    Compliance: _Compliance = _Compliance()
    Workflow: _Workflow = _Workflow()
    RecordState: str = ""
    GeneratorId: str = ""


class _Page(msgspec.Struct, frozen=True, gc=False):
    Findings: list[_Finding]
    NextToken: str | None = None


def ours(decode: type[msgspec.Struct] | None) -> Callable[[], int]:
    """Through our clients; each answer's bytes are at hand for archiving."""
    hub = our_clients().client("securityhub", REGION)

    def fetch() -> int:
        with SnapshotWriter(cell()) as out:
            request, pages = dict(REQUEST), 0
            while True:
                answer = ask(out, hub, "GetFindings", request, decode=decode)
                assert len(answer.output["Findings"]) == 100 and answer.body
                pages += 1
                if not answer.output.get("NextToken"):
                    return pages
                request["NextToken"] = answer.output["NextToken"]

    return fetch


def plain() -> Callable[[], int]:
    """boto3's paginator, as everyone uses it."""
    hub = plain_client()

    def fetch() -> int:
        pages = 0
        for page in hub.get_paginator("get_findings").paginate(**REQUEST):
            assert len(page["Findings"]) == 100
            pages += 1
        return pages

    return fetch


def limit(endpoint: str) -> Callable[[], int]:
    """urllib3, a signature and a fast JSON reader: what Python can do at best."""
    signer = SigV4Auth(Credentials(ACCOUNT, "canned"), "securityhub", REGION)
    pool = urllib3.PoolManager()

    def fetch() -> int:
        asked: dict[str, Any] = dict(REQUEST)
        pages = 0
        while True:
            request = AWSRequest("POST", f"{endpoint}/findings", data=json.dumps(asked))
            request.headers["Content-Type"] = "application/json"
            signer.add_auth(request)
            answer = pool.request(
                "POST", request.url, body=request.data, headers=dict(request.headers.items())
            )
            page = loads(answer.data)
            assert len(page["Findings"]) == 100
            pages += 1
            if not page.get("NextToken"):
                return pages
            asked["NextToken"] = page["NextToken"]

    return fetch


def measure(quick: bool) -> list[Figure]:
    """Ours against the limit and against plain boto3."""
    pages, rounds = (5, 1) if quick else (50, 7)
    with canned_aws(1_000 if quick else 5_000) as url:
        endpoint = service(url, "fetch", pages)
        with pointed_at(endpoint):
            bulk, whole, best = "ours", "ours, whole", "limit"
            found = in_turn(
                {best: limit(endpoint), bulk: ours(_Page), whole: ours(None), "boto3": plain()},
                rounds,
            )
    rounds_of = {name: values for name, (_, values) in found.items()}
    return [
        Figure("a page fetched, ours (what evidence needs)", found[bulk][0], "CPU ms", 1.0),
        Figure("a page fetched, ours (whole output as botocore's)", found[whole][0], "CPU ms"),
        Figure(f"a page fetched, urllib3 + {loads.__module__} + SigV4", found[best][0], "CPU ms"),
        Figure("a page fetched, plain boto3 paginator", found["boto3"][0], "CPU ms"),
        Figure(
            "throughput, ours : urllib3 + fast JSON + SigV4",
            ratio(rounds_of[best], rounds_of[bulk]),
            "times",
            0.9,
            at_most=False,
        ),
        Figure(
            "throughput, ours : plain boto3",
            ratio(rounds_of["boto3"], rounds_of[bulk]),
            "times",
            8.0,
            at_most=False,
        ),
    ]
