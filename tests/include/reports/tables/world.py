"""A report over made-up evidence, population and receipts, hostile texts among them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from include.assessment.registers import Exception_, Registers
from include.assessment.result import Assessment
from include.evidence.item import Evidence
from include.evidence.receipt import Count, FailedCall, Receipt
from include.metrics.compute import compute_metrics
from include.reports.model import ReportContext, ReportModel
from include.workpapers.population import SCHEMA as POPULATION
from tests.include.assessment.estate import BOTH, config, control, hub, hub_row, judged, row
from tests.include.reports.sample import table_of

HOSTILE = (
    '=cmd|"/C calc"!A0',
    "+1",
    "-2+3",
    "@SUM(A1:A9)",
    "＝1＋1",  # noqa: RUF001
    "\ttab first",
    "\rreturn first",
    "\nline first",
    "quote \" comma , semicolon ; apostrophe '",
    "two\nlines\r\nand\rthree",
    "\x00nul \x01 \x1b[31m \x7f",
    "<r>bold</r>",
    "<b>&amp;</b> ]]>",
    "_x0041_ is no A",
    "東京の監査 \U0001f512",
    "تقرير الامتثال",
    " leading and trailing ",
    "https://example.org/#frag",
    "123456789012345678",
    "1e5",
    "TRUE",
    "\ufffe\uffff",
    "{=1+1}",
    "",
)
LONG = "長" * 20_000 + "\U0001f512" * 20_000


def items_with(texts: Iterable[str]) -> list[Evidence]:
    """An item each: the text as resource, as keyword's neighbour and in the attributes."""
    return [
        row(
            "FAIL" if n % 2 else "PASS",
            resource=text,
            resource_type=text,
            event_name=text,
            deployment=text,
            raw_status=text,
            page=text,
            offset=n,
            source_time=datetime(2026, 10, 20, 8, 0, n % 60, n * 1000, tzinfo=UTC),
            in_population=bool(n % 3),
            failed=((text, ""), ("2026-10-01T00:00:00Z", text)) if n % 2 else (),
            attributes={"id": str(n), "text": text, "inner": {"b": 1, "a": [text, None, True]}},
            parameters={"z": text, "a": 1.5},
        )
        for n, text in enumerate(texts)
    ]


def population_of(lines: Sequence[Sequence[str]]) -> pa.Table:
    """Rows of the population, each in the order of its columns."""
    columns = [list(column) for column in zip(*lines, strict=True)] or [[] for _ in POPULATION]
    arrays = [
        pa.array(column, pa.string()).cast(kind.type)
        for column, kind in zip(columns, POPULATION, strict=True)
    ]
    return pa.table(arrays, schema=POPULATION)


def small(hostile: str = "=1+1") -> Assessment:
    """Two controls; one resource fails, excused by an exception with a hostile reason."""
    entry = {
        "id": "EX-1",
        "check": "both",
        "reason": hostile,
        "owner": "owner@example.org",
        "approver": "approver@example.org",
        "from": "2026-09-01",
        "until": "2026-11-10",
    }
    found = judged(
        config(row("FAIL", resource=hostile or "x", failed=(("2026-10-12T08:30:00Z", ""),))),
        hub(hub_row("PASS")),
        checks=(BOTH,),
        controls=[control("1.1", "both"), control("1.2", manual="A policy.")],
        registers=Registers(exceptions=(Exception_.model_validate(entry),)),
    )
    first = replace(found.controls[0], title=hostile, reason=hostile)
    return replace(found, controls=(first, *found.controls[1:]))


def receipts_of(found: Assessment, text: str) -> list[Receipt]:
    """A whole receipt for each of the assessment's lines."""
    return [
        Receipt(
            source=line.source,
            account=line.account,
            region=line.region,
            period=found.period,
            selection=line.selection,
            status="COMPLETE",
            started=line.started,
            ended=line.ended,
            caller_arn=text,
            endpoint="https://example.org",
            client=text,
            clock_skew_seconds=-1.25,
            cursor_exhausted=True,
            items=line.items,
            retries=0,
            throttles=0,
            counts=(Count("rules", 3, 2, "one is retired"), Count("items", 5, 5)),
            excluded={"b": "2", "a": text},
            duplicates=3,
            resumed=1,
            failed_call=FailedCall("GetFindings", {}, 3, 403, "AccessDenied", "r-1", ""),
        )
        for line in found.receipts
    ]


def report(
    found: Assessment,
    items: Sequence[Evidence] = (),
    population: Sequence[Sequence[str]] = (),
    text: str = "",
    **figures: Any,
) -> ReportModel:
    """A model that streams these; ``figures`` stand in for metrics."""
    context = ReportContext(
        environment="test",
        assessment_name="small",
        package="0123456789abcdef",
        evidence=lambda: [table_of(items)],
        population=lambda: [population_of(population)] if population else [],
        receipts=lambda: receipts_of(found, text),
    )
    return ReportModel(found, replace(compute_metrics(found), **figures), context)
