"""Results to draw pages from: an ordinary one, one with hostile names, one with many rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa

from include.assessment.result import Assessment, FailingResource, RegisterLine
from include.evidence.table import SCHEMA
from include.metrics.compute import compute_metrics
from include.reports.model import ReportModel
from include.workpapers.population import SCHEMA as POPULATION
from tests.include.assessment.estate import row
from tests.include.reports.sample import ACCOUNTS, CONTEXT, REGIONS, assessment, table_of

#: Text as it comes in names, tags and messages: markup, other scripts, line separators, formulas.
HOSTILE = (
    "<script>document.title='ran'</script>",
    "</script><script>document.title='ran'</script>",
    '"><img src="https://example.invalid/x.png" onerror="document.title=\'ran\'">',
    "javascript:document.title='ran'",
    "監査ログ用バケット・本番環境",
    "سجلات التدقيق \u202eabc",
    "🔐🧾 👩‍👩‍👧‍👦",
    "line\u2028separator\u2029and\x00nul",
    '=HYPERLINK("https://example.invalid","x")',
    "{{ 7 * 7 }} {% raw %} ${7*7}",
    "&lt;b&gt;&amp;amp;",
    "arn:aws:elasticloadbalancing:eu-west-1:111111111111:loadbalancer/app/" + "x" * 231,
)


def with_evidence(found: Assessment, tables: Sequence[pa.Table], package: str = "") -> ReportModel:
    """A model over these evidence tables, with a population of what fails, counted as they are."""
    total = sum(table.num_rows for table in tables)
    found = replace(found, evidence=replace(found.evidence, total=total))
    context = replace(
        CONTEXT,
        package=package,
        evidence=lambda: tables,
        population=lambda: [population_of(found)],
    )
    return ReportModel(found, compute_metrics(found), context)


def population_of(found: Assessment) -> pa.Table:
    rows = [
        (
            check.id,
            cell.account,
            cell.region,
            failing.resource,
            failing.resource_type,
            "FAIL",
            " ".join(sorted({f"{f.source}=FAIL" for f in failing.findings})),
        )
        for check in found.checks
        for cell in check.cells
        for failing in cell.failing
    ]
    columns = [
        pa.array([one[at] for one in rows], pa.string()).cast(POPULATION.field(at).type)
        for at in range(len(POPULATION))
    ]
    return pa.table(columns, schema=POPULATION)


def ordinary() -> ReportModel:
    items = [
        row(
            result,
            keyword="IAM_ROOT_ACCESS_KEY_CHECK",
            account=account,
            resource=f"arn:aws:iam::{account}:root",
            severity="CRITICAL",
        )
        for account in ACCOUNTS
        for result in ("PASS", "FAIL")
    ]
    items.append(row("NONE", "cloudtrail", "NOBODYS_EVENT", resource="unmapped"))
    return with_evidence(assessment(), [table_of(items)], package="cis_aws_5.0_2026-10_d868a676")


def hostile() -> ReportModel:
    """The ordinary result, everything that comes from outside replaced by hostile text."""
    found, names = assessment(), _names()
    checks = tuple(
        replace(
            check,
            failing=tuple(dict.fromkeys(renamed.get(r, r) for r in check.failing)),
            cells=tuple(
                replace(
                    cell,
                    failing=tuple(_called(f, renamed[f.resource]) for f in cell.failing),
                    notes=(next(names),) if cell.failing else cell.notes,
                )
                for cell in check.cells
            ),
        )
        for check in found.checks
        for renamed in [
            {f.resource: f"{next(names)} {f.resource}" for c in check.cells for f in c.failing}
        ]
    )
    by_id = {check.id: check for check in checks}
    controls = tuple(
        replace(
            control,
            title=next(names),
            reason=next(names),
            checks=tuple(replace(m, failing=by_id[m.id].failing) for m in control.checks),
        )
        for control in found.controls
    )
    lines = tuple(
        RegisterLine(
            "exceptions", name, name, name, name, name, "2026-01-01", "2026-12-31", "in force"
        )
        for name in HOSTILE
    )
    changed = replace(
        found,
        framework_title=HOSTILE[0] + HOSTILE[4],
        interim=HOSTILE,
        status="INTERIM",
        sets=tuple(replace(one, title=next(names)) for one in found.sets),
        gaps=tuple(replace(gap, message=next(names)) for gap in found.gaps),
        controls=controls,
        checks=checks,
        registers=lines,
    )
    items = [
        row("FAIL", keyword=name, resource=name, resource_type=name, raw_status=name, region=name)
        for name in HOSTILE
    ]
    made = with_evidence(changed, [table_of(items)], package=HOSTILE[1])
    context = replace(
        made.context, environment=HOSTILE[2], assessment_name=HOSTILE[5], s3_location=HOSTILE[11]
    )
    return replace(made, context=context)


def _names() -> Iterator[str]:
    while True:
        yield from HOSTILE


def _called(failing: FailingResource, name: str) -> FailingResource:
    return replace(failing, resource=name)


def many(rows: int) -> ReportModel:
    """``rows`` items: the n-th fails if n is a multiple of 10; the last has a name of its own."""
    return with_evidence(
        assessment(),
        [evidence(start, min(10_000, rows - start), rows) for start in range(0, rows, 10_000)],
    )


def evidence(start: int, count: int, whole: int) -> pa.Table:
    at = np.arange(start, start + count)
    keywords = ("IAM_ROOT_ACCESS_KEY_CHECK", "S3_BUCKET_SSL_REQUESTS_ONLY", "NOBODYS_RULE")
    moment = datetime(2026, 10, 1, tzinfo=UTC)
    values: dict[str, list[object]] = {
        "evidence_id": [int(n).to_bytes(16, "big") for n in at],
        "source": ["security_hub" if n % 2 else "aws_config" for n in at],
        "keyword": [keywords[n % 3] for n in at],
        "account": [ACCOUNTS[n % 3] for n in at],
        "region": [REGIONS[n % 2] for n in at],
        "resource": [
            "arn:the-last-one" if n == whole - 1 else f"arn:aws:s3:::bucket-{n:06d}" for n in at
        ],
        "result": ["FAIL" if n % 10 == 0 else "PASS" for n in at],
        "source_time": [moment + timedelta(seconds=int(n)) for n in at],
        "collected_at": [moment] * count,
        "in_population": [True] * count,
        "offset": [int(n) for n in at],
        "failed": [[]] * count,
        "known": ["CONTEMPORANEOUS"] * count,
        "severity": ["HIGH"] * count,
    }
    columns = []
    for name, kind in zip(SCHEMA.names, SCHEMA.types, strict=True):
        given = values.get(name, [""] * count)
        if pa.types.is_dictionary(kind):
            columns.append(pa.array(given, pa.string()).dictionary_encode())
        else:
            columns.append(pa.array(given, kind))
    return pa.table(columns, schema=SCHEMA)
