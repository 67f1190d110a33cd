"""Spreadsheets: ``controls.csv``, ``failing.csv`` and ``evidence.csv``, streamed row by row.

UTF-8 with a byte order mark and CRLF line ends, as RFC 4180 and spreadsheet programs want them.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from include.clock import iso
from include.evidence.table import items_of
from include.reports.model import ReportModel, failing_resources

#: A cell that begins so is taken for a formula by spreadsheet programs.
#: https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")

CONTROL_COLUMNS = (
    "control_set",
    "control",
    "title",
    "level",
    "status",
    "reason",
    "required_checks",
    "supporting_checks",
    "shown_checks",
    "failing_resources",
    "excused_resources",
    "manual_evidence",
)
FAILING_COLUMNS = (
    "control",
    "control_status",
    "check",
    "role",
    "severity",
    "resource",
    "resource_type",
    "account",
    "region",
    "sources",
    "raw_status",
    "since",
    "known",
    "exception",
    "evidence_ids",
)
EVIDENCE_COLUMNS = (
    "evidence_id",
    "source",
    "keyword",
    "account",
    "region",
    "resource",
    "resource_type",
    "result",
    "raw_status",
    "severity",
    "known",
    "in_population",
    "source_time",
    "collected_at",
    "event_source",
    "event_name",
    "deployment",
    "checks",
    "controls",
    "page",
    "offset",
)


def safe(value: object) -> str:
    """The value as text that no spreadsheet runs as a formula: a quote goes before such a start."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def _write(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Path:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(columns)
        writer.writerows([safe(value) for value in row] for row in rows)
    return path


def write_controls(model: ReportModel, path: Path) -> Path:
    """One row per control, in the framework's order."""
    return _write(
        path,
        CONTROL_COLUMNS,
        (
            (
                control.set,
                control.id,
                control.title,
                control.level,
                control.status,
                control.reason,
                " ".join(m.id for m in control.checks if m.role == "required"),
                " ".join(m.id for m in control.checks if m.role == "supporting"),
                " ".join(m.id for m in control.checks if m.role == "shown"),
                len({r for m in control.checks for r in m.failing}),
                len({e.resource for m in control.checks for e in m.excused}),
                control.manual.state if control.manual else "",
            )
            for control in model.assessment.controls
        ),
    )


def write_failing(model: ReportModel, path: Path) -> Path:
    """One row per control, check and resource that fails, excused ones with their exception."""

    def rows() -> Iterable[Sequence[object]]:
        for control in model.assessment.controls:
            for mapped in control.checks:
                check = model.check(mapped.id)
                exceptions = {e.resource: e.exception for e in mapped.excused}
                for resource, seen in failing_resources(check).items():
                    findings = [finding for one in seen for finding in one.findings]
                    yield (
                        control.id,
                        control.status,
                        check.id,
                        mapped.role,
                        check.severity,
                        resource,
                        seen[0].resource_type,
                        seen[0].account,
                        _joined(one.region for one in seen),
                        _joined(f.source for f in findings),
                        _joined(f.raw_status for f in findings),
                        min((f.since for f in findings if f.since), default=""),
                        _joined(f.known for f in findings),
                        exceptions.get(resource, ""),
                        _joined(f.evidence_id for f in findings),
                    )

    return _write(path, FAILING_COLUMNS, rows())


def write_evidence(model: ReportModel, path: Path) -> Path:
    """One row per evidence item, with the checks and controls it speaks to."""
    from include.checks.catalogue import load_catalogue

    catalogue = load_catalogue()
    by_check = model.controls_by_check
    links: dict[tuple[str, str], tuple[str, str]] = {}

    def linked(source: str, keyword: str) -> tuple[str, str]:
        key = (source, keyword)
        if key not in links:
            found = [c.id for c in catalogue.answered_by(source, keyword) if c.id in by_check]
            controls = dict.fromkeys(control for check in found for control in by_check[check])
            if source == "manual":
                controls = dict.fromkeys([keyword])
            links[key] = (" ".join(found), " ".join(controls))
        return links[key]

    return _write(
        path,
        EVIDENCE_COLUMNS,
        (
            (
                item.evidence_id,
                item.source,
                item.keyword,
                item.account,
                item.region,
                item.resource,
                item.resource_type,
                item.result,
                item.raw_status,
                item.severity,
                item.known,
                "yes" if item.in_population else "no",
                iso(item.source_time),
                iso(item.collected_at),
                item.event_source,
                item.event_name,
                item.deployment,
                *linked(item.source, item.keyword),
                item.page,
                item.offset,
            )
            for table in model.context.evidence()
            for item in items_of(table)
        ),
    )


def _joined(values: Iterable[str]) -> str:
    return " ".join(sorted(set(values) - {""}))
