"""Results as runs leave them in the bucket: judged, computed, published."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import boto3
from moto import mock_aws

from include.assessment.period import parse_period
from include.assessment.result import Assessment
from include.clock import iso
from include.metrics.compute import compute_metrics
from include.runs.plan import Plan
from include.runs.published import record_published
from include.runs.workspace import Reference, Workspace
from tests.include.runs.test_publishing import PLAN

BUCKET = "audit-reports"


@contextmanager
def bucket() -> Iterator[Any]:
    """An S3 client with the bucket of the results."""
    with mock_aws():
        client = boto3.client(
            "s3", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
        )
        client.create_bucket(Bucket=BUCKET)
        yield client


def plan_of(found: Assessment) -> Plan:
    period = parse_period(found.period)
    return replace(
        PLAN,
        framework=found.framework,
        label=period.label,
        start=iso(period.start),
        end=iso(period.end),
        accounts=found.accounts,
        regions=found.regions,
    )


def leave(
    runs: Workspace,
    found: Assessment,
    *,
    earlier: Sequence[Assessment] = (),
    published: bool = True,
) -> Reference:
    """Put a result where its run would; ``published`` also what its reports are noted by."""
    folder = runs.below(plan_of(found).key)
    reference = folder.put_json("assessment", found.to_json())
    if published:
        metrics = folder.put_json("metrics", compute_metrics(found, earlier=earlier).to_json())
        package = f"s3://{BUCKET}/packages/{plan_of(found).key}/0123456789abcdef"
        record_published(folder, reference, metrics, package)
    return reference
