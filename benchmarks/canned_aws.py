"""A canned AWS for measuring clients: varied pages prepared once, AWS's documented token buckets.

Far faster than the client it measures, which the local AWS is not. It answers Security Hub's
GetFindings and the few calls around it. Options stand in the endpoint's path, so that one server
plays several services at once, each with buckets of its own:

    http://127.0.0.1:PORT/run=a,pages=240,latency=0.5,rate=3,burst=6

``run`` tells equal options apart; ``pages`` of 100 findings; ``latency`` in seconds per answer;
``rate`` (per second) and ``burst`` replace the documented bucket, ``rate=0`` lifts it; ``fill`` is
the number of findings on a page. The filter ``Keyword = i/n`` is the i-th of n disjoint parts (from
1): it stands for whatever filters split a listing evenly. ``GET /_counts`` tells, by options, the
calls, the throttled ones, the pages and the distinct pages given out.

Usage: python -m benchmarks.canned_aws [--port 0] [--findings 10000]; prints READY and its URL.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import cache
from typing import Any

#: Stands in prepared pages where the page's own number goes: no two pages hold equal ids.
_NUMBER = b"#PAGENO#"
_SCOPE = re.compile(rb"Credential=([^/]+)/\d{8}/([^/]+)/([^/]+)/aws4_request")
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
#: (requests per second, burst) per account and Region, as the service documentation has them.
DOCUMENTED = {
    ("securityhub", "GetFindings"): (3.0, 6.0),
    ("securityhub", ""): (10.0, 30.0),
}
_SEVERITIES = ("INFORMATIONAL", "LOW", "MEDIUM", "HIGH", "CRITICAL")
_KINDS = (
    ("AwsS3Bucket", "s3:::{name}"),
    ("AwsEc2Instance", "ec2:{region}:{account}:instance/i-{hex17}"),
    ("AwsEc2SecurityGroup", "ec2:{region}:{account}:security-group/sg-{hex17}"),
    ("AwsIamUser", "iam::{account}:user/{name}"),
    ("AwsRdsDbInstance", "rds:{region}:{account}:db:{name}"),
    ("AwsKmsKey", "kms:{region}:{account}:key/{uuid}"),
    ("AwsLambdaFunction", "lambda:{region}:{account}:function:{name}"),
)
_VOCABULARY = (
    "access account backup billing bucket cache catalog cluster console customer data delivery "
    "edge event export gateway image index ingest invoice ledger lookup mail media metric order "
    "partner payment pipeline portal queue report reserve search session shop stage stream "
    "tenant token upload vault warehouse worker"
)
_WORDS = tuple(_VOCABULARY.split())


def finding(rng: random.Random, number: int, account: str, region: str) -> dict[str, Any]:
    """One ASFF finding of a Security Hub control, of about 3.2 KB."""
    kind, pattern = rng.choice(_KINDS)
    name = f"{rng.choice(_WORDS)}-{rng.choice(_WORDS)}-{rng.randrange(10**6):06d}"
    hex17 = f"{rng.getrandbits(68):017x}"
    id_ = str(uuid.UUID(int=rng.getrandbits(128), version=4))
    arn = "arn:aws:" + pattern.format(
        name=f"{name}-{_NUMBER.decode()}", region=region, account=account, hex17=hex17, uuid=id_
    )
    family = kind.removeprefix("Aws")[:6].rstrip("BInSDbKFu") or "EC2"
    control = f"{family}.{rng.randrange(1, 60)}"
    standard = f"arn:aws:securityhub:{region}::standards/aws-foundational-security-best-practices"
    created = datetime(2026, 4, 1, tzinfo=UTC) + timedelta(seconds=rng.randrange(180 * 86400))
    updated = created + timedelta(seconds=rng.randrange(30 * 86400))
    failed = rng.random() < 0.3
    severity = rng.choice(_SEVERITIES) if failed else "INFORMATIONAL"
    title, description, rule, requirements = _control(control, account, kind)
    host = "https://docs.aws.amazon.com/console/securityhub"
    product = f"arn:aws:securityhub:{region}::product/aws/securityhub"
    finding_arn = (
        f"arn:aws:securityhub:{region}:{account}:security-control/{control}/finding/"
        f"{id_}-{_NUMBER.decode()}"
    )
    return {
        "SchemaVersion": "2018-10-08",
        "Id": finding_arn,
        "ProductArn": product,
        "ProductName": "Security Hub",
        "CompanyName": "AWS",
        "Region": region,
        "GeneratorId": f"security-control/{control}",
        "AwsAccountId": account,
        "AwsAccountName": f"workload-{account[-4:]}",
        "Types": ["Software and Configuration Checks/Industry and Regulatory Standards"],
        "FirstObservedAt": _iso(created),
        "LastObservedAt": _iso(updated),
        "CreatedAt": _iso(created),
        "UpdatedAt": _iso(updated),
        "ProcessedAt": _iso(updated + timedelta(seconds=rng.randrange(1, 90))),
        "Severity": {
            "Label": severity,
            "Original": severity,
            "Normalized": 70 if failed else 0,
        },
        "Title": title,
        "Description": description,
        "Remediation": {
            "Recommendation": {
                "Text": "For information on how to correct this issue, consult the AWS Security "
                "Hub controls documentation.",
                "Url": f"{host}/{control}/remediation",
            }
        },
        "ProductFields": {
            "RelatedAWSResources:0/name": rule,
            "RelatedAWSResources:0/type": "AWS::Config::ConfigRule",
            "aws/securityhub/ProductName": "Security Hub",
            "aws/securityhub/CompanyName": "AWS",
            "aws/securityhub/annotation": f"{name} was evaluated at {_iso(updated)}.",
            "Resources:0/Id": arn,
            "aws/securityhub/FindingId": f"{product}/{finding_arn}",
        },
        "Resources": [
            {
                "Type": kind,
                "Id": arn,
                "Partition": "aws",
                "Region": region,
                "Tags": {
                    "Name": name,
                    "cost-centre": str(rng.randrange(1000, 9999)),
                    "owner": f"{rng.choice(_WORDS)}@example.com",
                    "stage": rng.choice(("prod", "test", "dev")),
                },
                "Details": {
                    "Other": {
                        "createdAt": _iso(created - timedelta(days=rng.randrange(900))),
                        "ownerId": _owner(account),
                        "configuration": " ".join(rng.choices(_WORDS, k=30)),
                    }
                },
            }
        ],
        "Compliance": {
            "Status": "FAILED" if failed else "PASSED",
            "SecurityControlId": control,
            "AssociatedStandards": [
                {"StandardsId": f"{standard}/v/1.0.0"},
                {"StandardsId": "standards/cis-aws-foundations-benchmark/v/5.0.0"},
            ],
            "RelatedRequirements": requirements,
        },
        "WorkflowState": "NEW",
        "Workflow": {"Status": "NEW" if failed else "RESOLVED"},
        "RecordState": "ACTIVE",
        "FindingProviderFields": {
            "Severity": {"Label": severity, "Original": severity},
            "Types": ["Software and Configuration Checks/Industry and Regulatory Standards"],
        },
    }


@cache
def _control(control: str, account: str, kind: str) -> tuple[str, str, str, list[str]]:
    """A control's title, description, Config rule and requirements, the same in all findings."""
    rng = random.Random(f"{control} {account}")
    title = " ".join(rng.choices(_WORDS, k=7)).capitalize() + " should be restricted"
    description = (
        f"This control checks whether {title.lower()} in {kind}. The control fails "
        f"if {' '.join(rng.choices(_WORDS, k=12))}, or if {' '.join(rng.choices(_WORDS, k=8))} "
        "is not set to the value that the standard demands for production workloads."
    )
    family = control.partition(".")[0].lower()
    words = "-".join(rng.choices(_WORDS, k=2))
    rule = f"securityhub-{family}-{words}-{rng.getrandbits(32):08x}"
    requirements = [
        f"CIS AWS Foundations v5.0.0/{rng.randrange(1, 6)}.{rng.randrange(1, 20)}",
        f"NIST.800-53.r5 AC-{rng.randrange(1, 25)}",
        f"PCI DSS v4.0.1/{rng.randrange(1, 12)}.{rng.randrange(1, 7)}",
    ]
    return title, description, rule, requirements


@cache
def _owner(account: str) -> str:
    """The canonical user id that S3 shows for an account."""
    return f"{random.Random(account).getrandbits(256):064x}"


def _iso(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


class Pages:
    """Prepared bodies, without their token; ``body`` puts number and token in."""

    def __init__(self, findings: int, seed: int = 7) -> None:
        self._seed, self._findings = seed, findings
        self._made: dict[int, list[bytes]] = {}

    def body(self, fill: int, number: int, token: str) -> bytes:
        """The page ``number`` with ``fill`` findings and, unless '', a token."""
        if fill not in self._made:
            rng = random.Random(self._seed)
            self._made[fill] = [
                json.dumps(
                    [
                        finding(rng, number, "111111111111", "us-east-1")
                        for number in range(start, start + fill)
                    ],
                    separators=(",", ":"),
                ).encode()
                for start in range(0, self._findings, max(fill, 1))
            ]
        prepared = self._made[fill][number % len(self._made[fill])]
        tail = b',"NextToken":"' + token.encode() + b'"}' if token else b"}"
        return b'{"Findings":' + prepared.replace(_NUMBER, b"%08d" % number) + tail


@dataclass
class Bucket:
    """AWS's token bucket: full at first, refilled steadily; a refused request takes nothing."""

    rate: float
    burst: float
    tokens: float = 0.0
    at: float = 0.0

    def __post_init__(self) -> None:
        self.tokens, self.at = self.burst, time.monotonic()

    def take(self) -> bool:
        """Whether a request may pass now."""
        if self.rate <= 0:
            return True
        now = time.monotonic()
        self.tokens = min(self.burst, self.tokens + (now - self.at) * self.rate)
        self.at = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


@dataclass
class Run:
    """One set of options: its buckets and what it counted."""

    options: dict[str, str]
    buckets: dict[tuple[str, ...], Bucket] = field(default_factory=dict)
    calls: int = 0
    throttled: int = 0
    pages: int = 0
    given: set[int] = field(default_factory=set)

    def bucket(self, account: str, region: str, service: str, operation: str) -> Bucket:
        """The bucket that a call takes from."""
        own = (service, operation) in DOCUMENTED
        key = (account, region, service, operation if own else "")
        if key not in self.buckets:
            rate, burst = DOCUMENTED.get((service, operation if own else ""), (0.0, 0.0))
            if own or "rate" not in self.options:
                rate = float(self.options.get("rate", rate))
                burst = float(self.options.get("burst", burst))
            self.buckets[key] = Bucket(rate, burst)
        return self.buckets[key]

    def counts(self) -> dict[str, int]:
        """As ``/_counts`` shows them."""
        return {
            "calls": self.calls,
            "throttled": self.throttled,
            "pages": self.pages,
            "distinct_pages": len(self.given),
        }


class Server:
    """The answers, whatever carries them."""

    def __init__(self, findings: int) -> None:
        self.pages = Pages(findings)
        self.runs: dict[str, Run] = {}

    def answer(self, path: str, head: bytes, body: bytes) -> tuple[float, int, bytes, str]:
        """(seconds to wait, HTTP status, body, error code) of one request."""
        if path == "/_counts":
            counts = {name: run.counts() for name, run in self.runs.items()}
            return 0, 200, json.dumps(counts).encode(), ""
        name, path = _options_of(path)
        run = self.runs.get(name)
        if run is None:
            options = dict(part.split("=", 1) for part in name.split(",") if "=" in part)
            run = self.runs[name] = Run(options)
        scope = _SCOPE.search(head)
        account, region, service = (
            (part.decode() for part in scope.groups()) if scope else ("",) * 3
        )
        latency = float(run.options.get("latency", 0))
        if service == "sts":
            return latency, 200, _STS, ""
        operation = _operation(path)
        run.calls += 1
        if not run.bucket(account, region, service, operation).take():
            run.throttled += 1
            return latency, 429, b'{"message":"Rate exceeded"}', "ThrottlingException"
        if operation == "GetFindings":
            return latency, *self._findings(run, json.loads(body or b"{}"))
        if operation in _CANNED:
            return latency, 200, _CANNED[operation], ""
        return latency, 501, b'{"message":"not canned"}', "NotImplemented"

    def _findings(self, run: Run, asked: dict[str, Any]) -> tuple[int, bytes, str]:
        part = (asked.get("Filters") or {}).get("Keyword") or [{"Value": "1/1"}]
        i, n = (int(number) for number in part[0]["Value"].split("/"))
        total = int(run.options.get("pages", 100))
        numbers = range(i - 1, total, n)
        position = 0
        if token := asked.get("NextToken"):
            belongs, _, at = token.partition(".")
            if belongs != f"{i}-{n}" or not at.isdigit() or int(at) >= len(numbers):
                return 400, b'{"message":"Invalid NextToken"}', "InvalidInputException"
            position = int(at)
        more = position + 1 < len(numbers)
        run.pages += 1
        if not numbers:
            return 200, b'{"Findings":[]}', ""
        run.given.add(numbers[position])
        fill = int(run.options.get("fill", 100))
        body = self.pages.body(fill, numbers[position], f"{i}-{n}.{position + 1}" if more else "")
        return 200, body, ""


def _options_of(path: str) -> tuple[str, str]:
    first, slash, rest = path.removeprefix("/").partition("/")
    return (first, slash + rest) if "=" in first else ("", path)


_OPERATIONS = {
    "/findings": "GetFindings",
    "/accounts": "DescribeHub",
    "/findingHistory/get": "GetFindingHistory",
    "/standards/get": "GetEnabledStandards",
    "/securityControls/definitions": "ListSecurityControlDefinitions",
    "/securityControls/batchGet": "BatchGetSecurityControls",
    "/associations/batchGet": "BatchGetStandardsControlAssociations",
    "/members": "ListMembers",
    "/administrator": "GetAdministratorAccount",
    "/findingAggregator/list": "ListFindingAggregators",
}


def _operation(path: str) -> str:
    return _OPERATIONS.get(path, "GetInsightResults" if path.startswith("/insights/") else "")


_CANNED = {
    "ListMembers": b'{"Members":[]}',
    "GetAdministratorAccount": b"{}",
    "ListFindingAggregators": b'{"FindingAggregators":[]}',
    "GetInsightResults": b'{"InsightResults":{"InsightArn":"arn:aws:securityhub:::insight/x",'
    b'"GroupByAttribute":"ProductArn","ResultValues":[]}}',
    "DescribeHub": b'{"HubArn":"arn:aws:securityhub:us-east-1:111111111111:hub/default",'
    b'"SubscribedAt":"2025-01-01T00:00:00.000Z","AutoEnableControls":true,'
    b'"ControlFindingGenerator":"SECURITY_CONTROL"}',
    "GetFindingHistory": b'{"Records":[]}',
    "GetEnabledStandards": b'{"StandardsSubscriptions":[]}',
    "ListSecurityControlDefinitions": b'{"SecurityControlDefinitions":[]}',
    "BatchGetSecurityControls": b'{"SecurityControls":[]}',
    "BatchGetStandardsControlAssociations": b'{"StandardsControlAssociationDetails":[]}',
}
_STS = (
    b'<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
    b"<GetCallerIdentityResult><Arn>arn:aws:iam::111111111111:root</Arn>"
    b"<UserId>111111111111</UserId><Account>111111111111</Account></GetCallerIdentityResult>"
    b"<ResponseMetadata><RequestId>canned</RequestId></ResponseMetadata>"
    b"</GetCallerIdentityResponse>"
)


class Connection(asyncio.Protocol):
    """HTTP/1.1, kept alive; one request at a time, as clients send them."""

    def __init__(self, server: Server, loop: asyncio.AbstractEventLoop) -> None:
        self._server, self._loop = server, loop
        self._read = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport) or hasattr(transport, "write")
        self._transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        self._read += data
        end = self._read.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(self._read[:end])
        length = _LENGTH.search(head)
        whole = end + 4 + (int(length[1]) if length else 0)
        if len(self._read) < whole:
            return
        body = bytes(self._read[end + 4 : whole])
        del self._read[:whole]
        path = head.split(b" ", 2)[1].decode().partition("?")[0]
        wait, status, answer, code = self._server.answer(path, head, body)
        if wait:
            self._loop.call_later(wait, self._send, status, answer, code)
        else:
            self._send(status, answer, code)

    def _send(self, status: int, body: bytes, code: str) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        kind = "text/xml" if body[:1] == b"<" else "application/json"
        error = f"x-amzn-ErrorType: {code}\r\n" if code else ""
        head = (
            f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
            f"x-amzn-RequestId: {uuid.uuid4()}\r\n{error}"
            f"Date: {format_datetime(datetime.now(UTC), usegmt=True)}\r\n\r\n"
        )
        self._transport.writelines([head.encode(), body])


async def serve(port: int, findings: int) -> None:
    """Answer on 127.0.0.1 until cancelled."""
    loop = asyncio.get_running_loop()
    server = Server(findings)
    server.pages.body(100, 0, "")
    listening = await loop.create_server(lambda: Connection(server, loop), "127.0.0.1", port)
    print(f"READY http://127.0.0.1:{listening.sockets[0].getsockname()[1]}", flush=True)
    async with listening:
        await listening.serve_forever()


def main() -> None:
    """Parse the options and serve."""
    parser = argparse.ArgumentParser(description="A canned AWS for measuring clients.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--findings", type=int, default=10_000, help="distinct findings prepared")
    asked = parser.parse_args()
    try:
        import uvloop
    except ImportError:
        uvloop = None  # type: ignore[assignment]
    run = uvloop.run if uvloop else asyncio.run
    run(serve(asked.port, asked.findings))


if __name__ == "__main__":
    main()
