"""A full-sized result for report tests: the real CIS framework over made-up snapshots."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from random import Random
from typing import Any

import pyarrow as pa

from include.assessment.assess import assess
from include.assessment.registers import Exception_, Registers
from include.assessment.result import Assessment
from include.assessment.scope import Scope
from include.checks.catalogue import load_catalogue
from include.evidence.identity import account_identity
from include.evidence.item import Evidence
from include.evidence.table import SCHEMA, columns_of
from include.frameworks.loader import load_framework
from include.metrics.compute import compute_metrics
from include.metrics.evidence import aggregate
from include.reports.model import ReportContext, ReportModel
from tests.include.assessment.estate import PERIOD, Snap, deployment, row, snap

ACCOUNTS = ("111111111111", "222222222222", "333333333333")
REGIONS = ("eu-west-1", "us-east-1")
CONTEXT = ReportContext(
    environment="demo",
    assessment_name="cis_aws_5.0_2026-10",
    assessment_id="11111111-2222-4333-8444-555555555555",
    s3_location="s3://compliance-reports-demo/cis_aws_5.0_2026-10_1a2b3c4d",
)


def _resources(check: Any, account: str, region: str, each: int) -> list[str]:
    if check.resource_type == "AWS::::Account":
        return [account_identity(account, None if check.locality == "account" else region)]
    kind = check.resource_type.split("::")[-1].lower()
    place = "" if check.locality == "account" else region
    return [
        f"arn:aws:service:{place}:{account}:{kind}/with/a/long/path/and-a-name-{n:04d}"
        for n in range(each)
    ]


def _failed(fails: bool, resource: str) -> tuple[tuple[str, str], ...]:
    if fails:
        return (("2026-10-12T08:30:00Z", ""),)
    fixed = Random(f"fixed {resource}").random() < 0.05
    return (("2026-10-03T10:00:00Z", "2026-10-04T18:20:31Z"),) if fixed else ()


@lru_cache(maxsize=4)
def snapshots(seed: int = 7, each: int = 4, denied: bool = True) -> tuple[Snap, ...]:
    """Three accounts, two regions; one denied cell; some things fail."""
    random = Random(seed)
    framework, catalogue = load_framework("cis_aws_5.0"), load_catalogue()
    snaps: list[Snap] = []
    for account in ACCOUNTS:
        for region in REGIONS:
            for name in ("aws_config", "security_hub", "cloudtrail", "api_calls", "inspector"):
                deployments, rows = [], []
                for check_id in framework.checks_needed():
                    check = catalogue[check_id]
                    if name not in check.by_source or not check.by_source[name].judges:
                        continue
                    if check.locality == "account" and region != REGIONS[0]:
                        continue
                    source = check.by_source[name]
                    arn = f"arn:{name}:{check_id}"
                    deployments.append(
                        deployment(name, source.keyword, arn=arn, parameters=source.parameters)
                    )
                    for resource in _resources(check, account, region, each) * (
                        name != "api_calls"
                    ):
                        fails = Random(resource + check_id).random() < 0.08
                        rows.append(
                            row(
                                "FAIL" if fails else "PASS",
                                name,
                                source.keyword,
                                resource=resource,
                                resource_type=check.resource_type,
                                region=region,
                                deployment=arn,
                                severity=check.severity,
                                known=random.choice(["CONTEMPORANEOUS", "RECONSTRUCTED"]),
                                source_time=datetime(2026, 10, random.randint(1, 31), tzinfo=UTC),
                                failed=_failed(fails, resource),
                            )
                        )
                hidden = denied and (name, account, region) == (
                    "security_hub",
                    ACCOUNTS[1],
                    REGIONS[1],
                )
                snaps.append(
                    snap(
                        name,
                        account=account,
                        region=region,
                        status="DENIED" if hidden else "COMPLETE",
                        deployments=[] if hidden else deployments,
                        rows=[] if hidden else rows,
                        message="Access was denied." if hidden else "",
                        missing_permission="securityhub:GetFindings" if hidden else "",
                    )
                )
    return tuple(snaps)


def judged(population: Callable[[pa.Table], None] | None = None, **more: Any) -> Assessment:
    """The snapshots judged, with one exception; ``population`` takes the judged resources."""
    entry = {
        "id": "EX-7",
        "check": "imdsv2-required",
        "reason": "The vendor supports it next year.",
        "owner": "platform@example.org",
        "approver": "security@example.org",
        "from": "2026-09-01",
        "until": "2026-12-31",
    }
    return assess(
        load_framework("cis_aws_5.0"),
        load_catalogue(),
        Scope(ACCOUNTS, REGIONS),
        PERIOD,
        snapshots(**more),
        Registers(exceptions=(Exception_.model_validate(entry),)),
        population=population,
    )


@lru_cache(maxsize=4)
def assessment(seed: int = 7, each: int = 4, denied: bool = True) -> Assessment:
    """Three accounts, two regions; one denied cell, one exception; some things fail."""
    return judged(seed=seed, each=each, denied=denied)


def streamed(**more: Any) -> ReportModel:
    """The same with all that a report streams; its figures know the evidence and earlier months."""
    population: list[pa.Table] = []
    found = judged(population.append, **more)
    given = sorted(
        snapshots(**more), key=lambda s: (s.receipt.source, s.receipt.account, s.receipt.region)
    )
    context = replace(
        CONTEXT,
        package="0123456789abcdef",
        evidence=lambda: (table_of(one.rows) for one in given if one.rows),
        population=lambda: population,
        receipts=lambda: (one.receipt for one in given),
    )
    return model_of(found, context, evidence=aggregate(context.evidence()), earlier=before(**more))


def before(**more: Any) -> list[Assessment]:
    """Results of the two months before: fewer resources, and in August all could be seen."""
    august = assessment(**{**more, "each": 2, "denied": False})
    september = assessment(**{**more, "each": 3})
    return [
        replace(
            result,
            period=f"2026-{month:02}",
            period_start=f"2026-{month:02}-01T00:00:00Z",
            period_end=f"2026-{month + 1:02}-01T00:00:00Z",
        )
        for month, result in ((8, august), (9, september))
    ]


def model(**more: Any) -> ReportModel:
    return model_of(assessment(**more))


def model_of(found: Assessment, context: ReportContext = CONTEXT, **figures: Any) -> ReportModel:
    """``figures`` are what :func:`compute_metrics` takes besides."""
    return ReportModel(found, compute_metrics(found, **figures), context)


def table_of(items: Sequence[Evidence]) -> pa.Table:
    ids = [bytes.fromhex(item.evidence_id) for item in items]
    return pa.table(columns_of(items, ids), schema=SCHEMA)
