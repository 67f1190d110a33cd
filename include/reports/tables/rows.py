"""The rows of the small tables, as typed values; evidence and population are in streams.py."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any

from include.assessment.result import ReceiptLine
from include.clock import from_iso
from include.evidence.receipt import FailedCall, Receipt
from include.reports.model import ReportModel, failing_resources
from include.reports.tables.columns import Value

Row = tuple[Value, ...]


def control_rows(model: ReportModel) -> Iterator[Row]:
    """Rows of :data:`~include.reports.tables.definitions.CONTROLS`."""
    titles = {one.id: one.title for one in model.assessment.sets}
    items = {
        line["control"]: line["items"] for line in model.metrics.evidence.get("by_control", ())
    }
    for control in model.assessment.controls:
        yield (
            control.set,
            control.id,
            control.title,
            control.level,
            control.status,
            control.reason,
            *(
                " ".join(mapped.id for mapped in control.checks if mapped.role == role)
                for role in ("required", "supporting", "shown")
            ),
            len({r for m in control.checks for r in m.failing}),
            len({e.resource for m in control.checks for e in m.excused}),
            control.manual.state if control.manual else "",
            titles.get(control.set, ""),
            control.decision,
            items.get(control.id),
        )


def failing_rows(model: ReportModel) -> Iterator[Row]:
    """Rows of :data:`~include.reports.tables.definitions.FAILING`."""
    for control in model.assessment.controls:
        for mapped in control.checks:
            check, text = model.check(mapped.id), model.check_text(mapped.id)
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
                    _moment(min((f.since for f in findings if f.since), default="")),
                    _joined(f.known for f in findings),
                    exceptions.get(resource, ""),
                    _joined(f.evidence_id for f in findings),
                    control.title,
                    check.question,
                    text.remedy if text else "",
                )


def exception_rows(model: ReportModel) -> Iterator[Row]:
    """Rows of :data:`~include.reports.tables.definitions.EXCEPTIONS`, register by register."""
    figures = model.metrics.exceptions
    told: dict[tuple[str, str], dict[str, Any]] = {}
    for line in figures.get("applied", ()):
        told["exceptions", line["id"]] = dict(line)
    for line in figures.get("decisions", ()):
        told[line.get("register", ""), line["id"]] = dict(line)
    expiring = {("exceptions", name) for name in figures.get("expiring", ())}
    for line in model.assessment.registers:
        more = told.get((line.register, line.id), {})
        resources = more.get("resources")
        yield (
            line.register,
            line.id,
            line.what,
            line.reason,
            line.owner,
            line.approver,
            _day(line.start),
            _day(line.until),
            line.state,
            line.used,
            more.get("days_left"),
            more.get("expires_soon", True if (line.register, line.id) in expiring else None),
            " ".join(more.get("controls", ())),
            None if resources is None else len(resources),
            "\n".join(resources or ()),
        )


def receipt_rows(model: ReportModel) -> Iterator[Row]:
    """Rows of :data:`~include.reports.tables.definitions.RECEIPTS`, in the assessment's order.

    What only a whole receipt knows stays empty where there is none.
    """
    whole = iter(model.context.receipts())
    ahead = next(whole, None)
    for line in model.assessment.receipts:
        receipt = ahead if ahead is not None and _same_cell(line, ahead) else None
        if receipt is not None:
            ahead = next(whole, None)
        yield (
            line.source,
            line.account,
            line.region,
            line.selection,
            line.status,
            _moment(line.started),
            _moment(line.ended),
            receipt.caller_arn if receipt else "",
            receipt.endpoint if receipt else "",
            receipt.client if receipt else "",
            line.items,
            line.pages,
            line.calls,
            receipt.resumed if receipt else None,
            line.retries,
            line.throttles,
            receipt.duplicates if receipt else None,
            line.cursor_exhausted,
            receipt.clock_skew_seconds if receipt else None,
            "\n".join(str(count) for count in receipt.counts) if receipt else "",
            "\n".join(f"{k}: {v}" for k, v in sorted(receipt.excluded.items())) if receipt else "",
            line.missing_permission,
            line.message,
            line.uri,
            line.digest,
            line.content_digest,
            receipt.period if receipt else model.assessment.period,
            _call(receipt.failed_call) if receipt and receipt.failed_call else "",
        )


def change_rows(model: ReportModel) -> Iterator[Row]:
    """Rows of :data:`~include.reports.tables.definitions.CHANGES`: controls, then failures."""
    change = model.metrics.change
    for line in change.get("controls", ()):
        yield (
            f"control {line['direction']}",
            line["control"],
            "",
            line["title"],
            *("",) * 4,
            line["before"] or "",
            line["now"] or "",
        )
    for line in change.get("items", ()):
        yield (
            line["kind"].replace("_", " "),
            " ".join(line["controls"]),
            line["check"],
            line["question"],
            line["resource"],
            line["account"],
            line["region"],
            line["severity"],
            "",
            "",
        )


def _same_cell(line: ReceiptLine, receipt: Receipt) -> bool:
    return all(
        getattr(line, name) == getattr(receipt, name)
        for name in ("source", "account", "region", "selection")
    )


def _call(failed: FailedCall) -> str:
    answer = f"{failed.http_status} {failed.code}".strip() if failed.http_status else "no answer"
    times = "once" if failed.attempts == 1 else f"{failed.attempts} times"
    return f"{failed.operation}, asked {times}: {answer}"


def _joined(values: Iterable[str]) -> str:
    return " ".join(sorted(set(values) - {""}))


def _moment(text: str) -> datetime | None:
    return from_iso(text) if text else None


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
