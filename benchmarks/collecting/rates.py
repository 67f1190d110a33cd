"""How much of an AWS rate limit is used, what is refused and what is lost on the way.

The canned AWS enforces token buckets and answers late. The floor is what the bucket allows:
(pages - burst) / rate + one answer's time. All sides run at the same time, each against buckets
of its own: they mostly sleep. Small pages, for the same reason.
"""

from __future__ import annotations

import json
import threading
import time
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from benchmarks.collecting.figures import Figure
from benchmarks.collecting.serving import ACCOUNT, REGION, canned_aws, cell, pointed_at
from include.aws.rates import DOCUMENTED, Limiters
from include.aws.sessions import SessionFactory
from include.evidence.snapshot import SnapshotWriter
from include.sources.parallel import parallel_pages

FILL = 5
OPERATION = "GetFindings"


@dataclass(frozen=True)
class Limit:
    """A bucket and how late answers are; ``known`` if it is the documented one."""

    name: str
    known: bool
    rate: float
    burst: float
    latency: float
    cursors: int
    pages: int

    @property
    def floor(self) -> float:
        """Seconds that it takes at least."""
        return (self.pages - self.burst) / self.rate + self.latency

    def endpoint(self, url: str, side: str) -> str:
        """Where a side meets this limit alone."""
        return f"{url}/{self.options(side)}"

    def options(self, side: str) -> str:
        """As the canned AWS takes them."""
        return (
            f"run={side}-{self.known}-{self.rate:g},pages={self.pages},latency={self.latency},rate={self.rate},"
            f"burst={self.burst},fill={FILL}"
        )

    @property
    def requests(self) -> list[dict[str, Any]]:
        """One per cursor: parts that exclude each other and leave nothing out."""
        return [
            {"Filters": {"Keyword": [{"Value": f"{part}/{self.cursors}"}]}, "MaxResults": 100}
            for part in range(1, self.cursors + 1)
        ]


def limits(quick: bool) -> list[Limit]:
    """The cases; quick ones are too short to tell much."""
    rate = DOCUMENTED["securityhub", OPERATION]
    known = [
        Limit(
            f"known {rate.per_second:g}/s at {latency:g} s",
            True,
            rate.per_second,
            rate.burst,
            latency,
            cursors,
            24 if quick else 240,
        )
        for latency, cursors in ((0.05, 1), (0.5, 4), (1.0, 5))
    ]
    unknown = [
        Limit(f"unknown {rate:g}/s at 0.2 s", False, rate, burst, 0.2, 4, 20 if quick else pages)
        for rate, burst, pages in ((1, 1, 100), (3, 6, 240), (10, 10, 600))
    ]
    return known + unknown


def _ours(limit: Limit, endpoint: str) -> Callable[[], tuple[int, int]]:
    with pointed_at(endpoint):
        limiters = Limiters() if limit.known else Limiters({})
        hub = SessionFactory(region=REGION, limiters=limiters).account(ACCOUNT)
        client = hub.client("securityhub", REGION)

    def fetch() -> tuple[int, int]:
        ids: set[str] = set()
        pages = 0
        with SnapshotWriter(cell()) as out:
            for page in parallel_pages(out, client, OPERATION, "Findings", limit.requests):
                pages += 1
                ids.update(finding["Id"] for finding in page.items)
        return pages, len(ids)

    return fetch


def _plain(limit: Limit, endpoint: str) -> Callable[[], tuple[int, int]]:
    with pointed_at(endpoint):
        retries = Config(retries={"mode": "standard"})
        client = boto3.session.Session().client("securityhub", REGION, config=retries)
    ids: set[str] = set()
    pages: list[int] = []
    lock = threading.Lock()

    def follow(request: dict[str, Any]) -> None:
        with suppress(ClientError):  # what came before it is what it has got
            for page in client.get_paginator("get_findings").paginate(**request):
                with lock:
                    pages.append(1)
                    ids.update(finding["Id"] for finding in page["Findings"])

    def fetch() -> tuple[int, int]:
        with ThreadPoolExecutor(limit.cursors) as pool:
            list(pool.map(follow, limit.requests))
        return len(pages), len(ids)

    return fetch


def measure(quick: bool) -> list[Figure]:
    """Ours at known and at unknown limits, and plain boto3 at the same ones."""
    cases = limits(quick)
    makers = {"ours": _ours, "boto3": _plain}
    with canned_aws(500) as url, ThreadPoolExecutor(len(cases) * len(makers)) as pool:
        sides = {
            (limit, side): make(limit, limit.endpoint(url, side))
            for limit in cases
            for side, make in makers.items()
        }
        running = {key: pool.submit(_timed, fetch) for key, fetch in sides.items()}
        found = {key: future.result() for key, future in running.items()}
        with urllib.request.urlopen(f"{url}/_counts") as answer:
            counted = json.load(answer)
    figures = []
    for limit in cases:
        for side in makers:
            seconds, pages, ids = found[limit, side]
            counts = counted[limit.options(side)]
            assert ids == pages * FILL, "a page came twice"
            mine = side == "ours" and not quick
            figures += _figures(limit, side, mine, seconds, pages, counts)
    return figures


def _timed(fetch: Callable[[], tuple[int, int]]) -> tuple[float, int, int]:
    start = time.monotonic()
    pages, ids = fetch()
    return time.monotonic() - start, pages, ids


def _figures(
    limit: Limit, side: str, mine: bool, seconds: float, pages: int, counts: dict[str, int]
) -> list[Figure]:
    refused = 100 * counts["throttled"] / max(counts["calls"], 1)
    least = (0.95 if limit.known else 0.85) if mine else None
    most_refused = 1.0 if mine and limit.known else None
    return [
        Figure(
            f"{limit.name}, {side}: pages lost", limit.pages - pages, "pages", 0 if mine else None
        ),
        Figure(
            "... of the floor",
            limit.floor / seconds if pages == limit.pages else 0.0,
            "",
            least,
            at_most=False,
        ),
        Figure("... refused", refused, "% of calls", most_refused),
    ]
