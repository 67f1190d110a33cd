"""The page's three long tables: failing resources, population and evidence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from include.evidence.item import SOURCE_NAMES
from include.reports.html.columns import Column, Head, Words, renamed, short_column, table_json
from include.reports.links import links_of
from include.reports.model import ReportModel, words

#: Above so many rows a table is not part of the page, which says so and names the file.
MOST_ROWS = 200_000

RESULTS = {
    "PASS": "Pass",
    "FAIL": "Fail",
    "NOT_APPLICABLE": "Not applicable",
    "UNANSWERED": "Unanswered",
    "NONE": "Does not judge",
}
KNOWN = {
    "CONTEMPORANEOUS": "Contemporaneous",
    "RECONSTRUCTED": "Reconstructed",
    "CURRENT_ONLY": "Current only",
}
SEVERITIES = {name: words(name) for name in ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL")}

_EVIDENCE = (
    Head("result", "Result", shown="always", labels=RESULTS),
    Head("resource", "Resource", shown="always"),
    Head("severity", "Severity", filter="severity", order=tuple(SEVERITIES), labels=SEVERITIES),
    Head("source", "Source", filter="source", labels=SOURCE_NAMES),
    Head("keyword", "Rule, control or event"),
    Head("account", "Account", filter="account"),
    Head("region", "Region", filter="region"),
    Head("source_time", "Source time, UTC", "time"),
    Head("known", "How it is known", labels=KNOWN),
    Head("resource_type", "Resource type", shown="detail"),
    Head("raw_status", "The source's own word", shown="detail"),
    Head("in_population", "In the population", shown="detail"),
    Head("collected_at", "Collected, UTC", "time", shown="detail"),
    Head("event_source", "Event source", shown="detail"),
    Head("event_name", "Event name", shown="detail"),
    Head("deployment", "Rule or control, by its ARN", shown="detail"),
    Head("page", "Raw page", shown="detail"),
    Head("offset", "Offset in the page", "number", shown="detail"),
)
_CHECKS = Head("checks", "Checks", shown="detail")
_CONTROLS = Head("controls", "Controls", filter="controls")
_EVIDENCE_ID = Head("evidence_id", "Evidence id", "id", shown="detail")
_POPULATION = (
    Head("result", "Result", shown="always", labels=RESULTS),
    Head("resource", "Resource", shown="always"),
    Head("check", "Check"),
    Head("resource_type", "Resource type", shown="detail"),
    Head("account", "Account", filter="account"),
    Head("region", "Region", filter="region", labels={"": "account-wide"}),
    Head("sources", "Each source's answer", filter="source"),
)
_SEVERITY = Head(
    "severity", "Severity", filter="severity", order=tuple(SEVERITIES), labels=SEVERITIES
)
_SINCE_WORDS = {
    "within_period": "",
    "before_period": "before the period",
    "earlier_periods": "",
    "unknown": "unknown",
}


@dataclass(frozen=True)
class Embedded:
    """A table for the page: ``data``, or None where its ``rows`` are more than the page takes.

    ``expected`` is how many rows the result counts, where it does.
    """

    rows: int
    data: Mapping[str, Any] | None
    expected: int | None = None

    @property
    def short_by(self) -> int:
        """How many rows that the result counts are not here."""
        return 0 if self.expected is None else self.expected - self.rows


def evidence(model: ReportModel, most: int = MOST_ROWS) -> Embedded:
    """Every evidence item, in the order of the package's evidence."""
    expected = int(model.metrics.evidence["total_evidence_items"])
    if expected > most:
        return Embedded(expected, None, expected)
    found = _gathered(model.context.evidence(), _EVIDENCE, most)
    if found.columns is None:
        return Embedded(found.rows, None, expected)
    columns = dict(found.columns)
    flag = columns["in_population"]
    columns["in_population"] = flag.derived(flag.head, {True: "yes", False: "no"})
    checks, controls = _links(model, columns["source"], columns["keyword"])
    shown = [columns.pop(head.key) for head in _EVIDENCE if head.shown != "detail"]
    ids = Column(_EVIDENCE_ID, ids=found.ids)
    whole = [*shown, controls, ids, checks, *columns.values()]
    return Embedded(found.rows, table_json(found.rows, "evidence.csv", whole), expected)


def population(model: ReportModel, most: int = MOST_ROWS) -> Embedded:
    """Every resource that a check judged, and how, in the order of the package's population."""
    found = _gathered(model.context.population(), _POPULATION, most)
    if found.columns is None:
        return Embedded(found.rows, None)
    columns = found.columns
    checks = columns["check"]
    severity = {check.id: check.severity for check in model.assessment.checks}
    controls = {check: " ".join(ids) for check, ids in model.controls_by_check.items()}
    whole = [
        *columns.values(),
        checks.derived(_SEVERITY, severity),
        checks.derived(_CONTROLS, controls),
    ]
    return Embedded(found.rows, table_json(found.rows, "population.csv", whole))


def failing(model: ReportModel, most: int = MOST_ROWS) -> Embedded:
    """Every resource that fails a counting check, in the order of the metrics' ranking."""
    rows = model.metrics.failing_resources
    if len(rows) > most:
        return Embedded(len(rows), None)
    sources = {check.id: check.sources for check in model.assessment.checks}

    def column(head: Head, values: Iterable[Any]) -> Column:
        return short_column(head, list(values))

    columns = [
        column(Head("rank", "Rank", "number"), (row["rank"] for row in rows)),
        column(Head("resource", "Resource", shown="always"), (row["resource"] for row in rows)),
        column(
            Head(
                "severity",
                "Severity",
                shown="always",
                filter="severity",
                order=tuple(SEVERITIES),
                labels=SEVERITIES,
            ),
            (row["severity"] for row in rows),
        ),
        column(
            Head("controls", "Controls it breaks", filter="controls"),
            (" ".join(row["controls"]) for row in rows),
        ),
        column(Head("account", "Account", filter="account"), (row["account"] for row in rows)),
        column(Head("region", "Region", filter="region"), (row["region"] for row in rows)),
        column(Head("since", "Failing since, UTC"), (since_text(row) for row in rows)),
        column(Head("days", "Days in the period", "number"), (row["days"] for row in rows)),
        column(
            Head("excused", "Exception"),
            ("all excepted" if row["excused"] else "" for row in rows),
        ),
        column(
            Head("resource_type", "Resource type", shown="detail"),
            (row["resource_type"] for row in rows),
        ),
        column(
            Head("checks", "Checks it fails", shown="detail"),
            (" ".join(row["checks"]) for row in rows),
        ),
        column(
            Head("sources", "Sources of these checks", shown="detail", filter="source"),
            (
                " ".join(sorted({s for c in row["checks"] for s in sources.get(c, ())}))
                for row in rows
            ),
        ),
    ]
    return Embedded(len(rows), table_json(len(rows), "failing.csv", columns))


def since_text(row: Mapping[str, Any]) -> str:
    """Since when a resource fails, as far as it is known."""
    known = row.get("since_known", "unknown")
    if known == "before_period" or not row.get("since"):
        return _SINCE_WORDS.get(known) or "unknown"
    return str(row["since"])[:19].replace("T", " ").rstrip("Z")


@dataclass(frozen=True)
class _Gathered:
    rows: int
    columns: Mapping[str, Column] | None
    ids: str = ""


def _gathered(tables: Iterable[pa.Table], heads: Sequence[Head], most: int) -> _Gathered:
    """The columns of streamed tables; above ``most`` rows only their number."""
    columns = {head: Words() for head in heads}
    ids: list[str] = []
    rows = 0
    for table in tables:
        rows += table.num_rows
        if rows > most:
            columns.clear()
            ids.clear()
            continue
        for head, gathered in columns.items():
            gathered.add(_plain(table[head.key]))
        if "evidence_id" in table.schema.names:
            ids += [_hex(chunk) for chunk in table["evidence_id"].chunks]
    if rows > most:
        return _Gathered(rows, None)
    return _Gathered(
        rows, {head.key: one.column(head) for head, one in columns.items()}, "".join(ids)
    )


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Times as whole seconds; everything else as it is."""
    if pa.types.is_timestamp(column.type):
        return column.cast(pa.timestamp("s", tz="UTC"), safe=False).cast(pa.int64())
    return column


def _hex(chunk: pa.Array) -> str:
    width = chunk.type.byte_width
    start = chunk.offset * width
    return bytes(chunk.buffers()[1][start : start + len(chunk) * width]).hex()


def _links(model: ReportModel, source: Column, keyword: Column) -> tuple[Column, Column]:
    """The checks and controls that items speak to, looked up once per source and keyword."""
    links = links_of(model)
    pairs = source.codes * max(len(keyword.words), 1) + keyword.codes
    distinct, codes = np.unique(pairs, return_inverse=True)
    places = (divmod(pair, max(len(keyword.words), 1)) for pair in distinct.tolist())
    found = [links(source.words[of], keyword.words[word]) for of, word in places]
    checks, controls = [one for one, _ in found], [one for _, one in found]
    return renamed(_CHECKS, checks, codes), renamed(_CONTROLS, controls, codes)
