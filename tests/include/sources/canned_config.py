"""A canned AWS Config (and its delivery bucket) over HTTP: as large, or as odd, as a test wants it.

It answers from plain attributes, counts what it is asked, and knows AWS's page sizes. The local
AWS answers from an estate instead; this is for sizes and oddities that an estate does not have.
"""

from __future__ import annotations

import gzip
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from include.assessment.period import parse_period
from include.aws.sessions import RetryPolicy, SessionFactory
from include.clock import from_iso
from include.evidence.cell import Cell
from include.evidence.item import Evidence
from include.evidence.snapshot import SnapshotWriter
from include.sources.aws_config import AwsConfig
from include.sources.base import Ended

ACCOUNT, REGION = "111111111111", "us-east-1"
COMPLIANCE = "AWS::Config::ResourceCompliance"
SG = "AWS::EC2::SecurityGroup"
BUCKET = "config-bucket"
Answer = dict[str, Any]


class Refused(Exception):
    """An error answer: its code."""


def arn(name: str) -> str:
    return f"arn:aws:config:{REGION}:{ACCOUNT}:config-rule/config-rule-{name}"


def managed(name: str, identifier: str = "", **more: Any) -> Answer:
    """A change-triggered managed rule as DescribeConfigRules gives it."""
    return {
        "ConfigRuleName": name,
        "ConfigRuleArn": arn(name),
        "Source": {"Owner": "AWS", "SourceIdentifier": identifier or name.upper()},
        "Scope": {"ComplianceResourceTypes": [SG]},
        "ConfigRuleState": "ACTIVE",
        "EvaluationModes": [{"Mode": "DETECTIVE"}],
    } | more


@dataclass
class CannedConfig:
    """What it answers. ``standing(resource, rule name)`` is None where a rule has no say."""

    now: str = "2026-11-03T06:00:00Z"
    resources: list[tuple[str, str]] = field(default_factory=list)
    rules: list[Answer] = field(default_factory=list)
    standing: Callable[[int, str], str | None] = lambda number, rule: "COMPLIANT"
    captured: Callable[[int], str] = lambda number: "2026-08-01T00:00:00Z"
    recorder: Answer = field(default_factory=dict)
    status: Answer = field(default_factory=dict)
    evaluated: dict[str, Answer] = field(default_factory=dict)
    #: GetResourceConfigHistory's items by resource id, newest first.
    histories: dict[str, list[Answer]] = field(default_factory=dict)
    deleted: list[tuple[str, str]] = field(default_factory=list)
    retention: int = 0
    objects: dict[str, bytes] = field(default_factory=dict)
    #: Answers instead of the usual ones: from the request to the answer, or raising Refused.
    instead: dict[str, Callable[[Answer], Answer]] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)

    def answer(self, operation: str, asked: Answer) -> Answer:
        self.calls[operation] += 1
        if operation in self.instead:
            return self.instead[operation](asked)
        return getattr(self, f"_{operation}")(asked)

    def _page(self, items: list[Any], asked: Answer, size: int, token: str) -> tuple[Any, Answer]:
        start = int(asked.get(token) or 0)
        more = {token: str(start + size)} if start + size < len(items) else {}
        return items[start : start + size], more

    def _DescribeConfigurationRecorders(self, asked: Answer) -> Answer:
        group = {"allSupported": True, "includeGlobalResourceTypes": True}
        return {"ConfigurationRecorders": [{"name": "default", "recordingGroup": group}
                                           | self.recorder]}  # fmt: skip

    def _DescribeConfigurationRecorderStatus(self, asked: Answer) -> Answer:
        status = {"name": "default", "recording": True, "lastStartTime": seconds("2025-01-01")}
        return {"ConfigurationRecordersStatus": [status | self.status]}

    def _DescribeConfigRules(self, asked: Answer) -> Answer:
        rules, more = self._page(self.rules, asked, 25, "NextToken")
        return {"ConfigRules": rules, **more}

    def _DescribeConfigRuleEvaluationStatus(self, asked: Answer) -> Answer:
        rules, more = self._page(self.rules, asked, min(50, asked.get("Limit", 50)), "NextToken")
        usual = {
            "FirstActivatedTime": seconds("2025-01-01"),
            "LastSuccessfulEvaluationTime": seconds("2026-11-02"),
        }
        return {
            "ConfigRulesEvaluationStatus": [
                {"ConfigRuleName": rule["ConfigRuleName"], "ConfigRuleArn": rule["ConfigRuleArn"]}
                | usual
                | self.evaluated.get(rule["ConfigRuleName"], {})
                for rule in rules
            ],
            **more,
        }

    def said(self, number: int) -> list[Answer]:
        """A resource's configRuleList."""
        return [
            {
                "configRuleName": rule["ConfigRuleName"],
                "configRuleArn": rule["ConfigRuleArn"],
                "complianceType": status,
            }
            for rule in self.rules
            if (status := self.standing(number, rule["ConfigRuleName"]))
        ]

    def row(self, number: int) -> Answer:
        """A resource's row of the advanced query."""
        type_, id_ = self.resources[number]
        said = self.said(number)
        kinds = {one["complianceType"] for one in said}
        worst = next((k for k in ("NON_COMPLIANT", "COMPLIANT") if k in kinds), "INSUFFICIENT_DATA")
        return {
            "resourceId": f"{type_}/{id_}",
            "configurationItemCaptureTime": self.captured(number),
            "configuration": {
                "targetResourceType": type_,
                "targetResourceId": id_,
                "complianceType": worst,
                "configRuleList": said,
            },
        }

    def _SelectResourceConfig(self, asked: Answer) -> Answer:
        expression = asked["Expression"]
        if "GROUP BY configuration" in expression:
            rows = map(self.row, range(len(self.resources)))
            kinds = Counter(
                (row["configuration"]["targetResourceType"], row["configuration"]["complianceType"])
                for row in rows
            )
            found = [
                {
                    "configuration.targetResourceType": type_,
                    "configuration.complianceType": kind,
                    "COUNT(*)": number,
                }
                for (type_, kind), number in sorted(kinds.items())
            ]
            return {"Results": [json.dumps(one) for one in found]}
        if "GROUP BY resourceType" in expression:
            found = [
                {"resourceType": t, "resourceId": i, "arn": f"arn:of:{i}", "COUNT(*)": 1}
                for t, i in self.resources
                if f"'{t}'" in expression
            ]
            rows, more = self._page(found, asked, min(500, asked.get("Limit", 500)), "NextToken")
            return {"Results": [json.dumps(one) for one in rows], **more}
        numbers, more = self._page(
            list(range(len(self.resources))), asked, asked.get("Limit") or 25, "NextToken"
        )
        return {"Results": [json.dumps(self.row(number)) for number in numbers], **more}

    def _GetComplianceDetailsByConfigRule(self, asked: Answer) -> Answer:
        wanted = asked.get("ComplianceTypes")
        results = [
            {
                "EvaluationResultIdentifier": {
                    "EvaluationResultQualifier": {
                        "ConfigRuleName": asked["ConfigRuleName"],
                        "ResourceType": type_,
                        "ResourceId": id_,
                        "EvaluationMode": "DETECTIVE",
                    }
                },
                "ComplianceType": status,
                "ResultRecordedTime": seconds(self.captured(number)),
            }
            for number, (type_, id_) in enumerate(self.resources)
            if (status := self.standing(number, asked["ConfigRuleName"]))
            and (not wanted or status in wanted)
        ]
        page, more = self._page(results, asked, asked.get("Limit") or 10, "NextToken")
        return {"EvaluationResults": page, **more}

    def _GetDiscoveredResourceCounts(self, asked: Answer) -> Answer:
        counts = Counter(type_ for type_, _ in self.resources)
        return {"resourceCounts": [{"resourceType": t, "count": n} for t, n in counts.items()]}

    def _ListDiscoveredResources(self, asked: Answer) -> Answer:
        if asked["resourceType"] != COMPLIANCE:
            return {"resourceIdentifiers": []}
        found = [{"resourceType": COMPLIANCE, "resourceId": f"{t}/{i}"} for t, i in self.resources]
        found += [
            {
                "resourceType": COMPLIANCE,
                "resourceId": f"{type_}/{id_}",
                "resourceDeletionTime": self.histories[id_][0]["configurationItemCaptureTime"],
            }
            for type_, id_ in self.deleted
        ]
        page, more = self._page(found, asked, asked.get("limit") or 100, "nextToken")
        return {"resourceIdentifiers": page, **more}

    def _GetResourceConfigHistory(self, asked: Answer) -> Answer:
        items = self.histories.get(asked["resourceId"].rpartition("/")[2])
        if not items:
            raise Refused("ResourceNotDiscoveredException")
        page, more = self._page(items, asked, asked.get("limit") or 10, "nextToken")
        return {"configurationItems": page, **more}

    def _DescribeRetentionConfigurations(self, asked: Answer) -> Answer:
        kept = [{"Name": "default", "RetentionPeriodInDays": self.retention}]
        return {"RetentionConfigurations": kept if self.retention else []}

    def _DescribeDeliveryChannels(self, asked: Answer) -> Answer:
        return {"DeliveryChannels": [{"name": "default", "s3BucketName": BUCKET}]}

    def _DescribeConfigurationAggregators(self, asked: Answer) -> Answer:
        return {"ConfigurationAggregators": []}

    def listed(self, prefix: str) -> bytes:
        """ListObjectsV2's answer."""
        keys = "".join(
            f"<Contents><Key>{key}</Key><Size>{len(data)}</Size></Contents>"
            for key, data in sorted(self.objects.items())
            if key.startswith(prefix)
        )
        return (
            '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"<IsTruncated>false</IsTruncated>{keys}</ListBucketResult>"
        ).encode()


def seconds(text: str) -> float:
    """Epoch seconds of a date or an ISO time, as the JSON protocol writes times."""
    return from_iso(text if "T" in text else f"{text}T00:00:00Z").timestamp()


def history_item(at: str, said: dict[str, str], status: str = "OK") -> Answer:
    """A compliance item of GetResourceConfigHistory: standing by rule name."""
    listed = [
        {"configRuleName": name, "configRuleArn": arn(name), "complianceType": kind}
        for name, kind in said.items()
    ]
    return {
        "configurationItemCaptureTime": seconds(at),
        "configurationItemStatus": status,
        "resourceType": COMPLIANCE,
        "configuration": json.dumps({"configRuleList": listed}),
    }


def packed(items: list[Answer]) -> bytes:
    """A delivered file."""
    return gzip.compress(json.dumps({"fileVersion": "1.0", "configurationItems": items}).encode())


@contextmanager
def serving(config: CannedConfig) -> Iterator[str]:
    """Its endpoint."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        #: Head and body leave together: apart, the second waits 40 ms for the first to be seen.
        wbufsize = 1 << 16

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            operation = self.headers["X-Amz-Target"].partition(".")[2]
            try:
                self._send(200, json.dumps(config.answer(operation, json.loads(body))).encode())
            except Refused as refused:
                code = str(refused)
                self._send(400, json.dumps({"__type": code, "message": f"{code} said."}).encode())

        def do_GET(self) -> None:
            url = urlsplit(self.path)
            if "list-type" in url.query:
                config.calls["s3:ListObjectsV2"] += 1
                prefix = parse_qs(url.query).get("prefix", [""])[0]
                self._send(200, config.listed(prefix), "application/xml")
                return
            config.calls["s3:GetObject"] += 1
            key = unquote(url.path).removeprefix(f"/{BUCKET}/")
            self._send(200, config.objects[key], "application/octet-stream")

        def _send(self, status: int, body: bytes, kind: str = "application/x-amz-json-1.1") -> None:
            self.send_response_only(status)
            self.send_header("Date", format_datetime(from_iso(config.now), usegmt=True))
            self.send_header("Content-Type", kind)
            self.send_header("x-amzn-RequestId", "0000")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Silence."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


class Kept(SnapshotWriter):
    """A writer that also holds what it was given, for looking at."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.given: list[Evidence] = []
        self.ending = "COMPLETE"

    def add(self, item: Evidence) -> None:
        self.given.append(item)
        super().add(item)

    @property
    def by_resource(self) -> dict[str, Evidence]:
        """The items by the last part of their resource's name."""
        return {item.resource.rsplit("/", 1)[-1]: item for item in self.given}

    @property
    def deployments(self) -> dict[str, Any]:
        """Deployments by keyword."""
        return {one.keyword: one for one in self._deployments.values()}

    @property
    def said(self) -> str:
        """All notes."""
        return " ".join(self.notes)


@contextmanager
def collected(
    config: CannedConfig, monkeypatch: Any, period: str = "2026-10", region: str = REGION
) -> Iterator[Kept]:
    """Collect a cell from it."""
    with serving(config) as endpoint:
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCOUNT)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        cell = Cell("aws_config", ACCOUNT, region, parse_period(period), "0" * 64)
        clients = SessionFactory(retry=RetryPolicy(attempts=2)).base()
        asked = {"home_region": REGION, "regional_account_keywords": []}
        with Kept(cell) as out:
            try:
                AwsConfig().collect(cell, asked, clients, out)
            except Ended as ended:
                out.ending = ended.status
                out.note(ended.message)
            yield out
