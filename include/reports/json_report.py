"""``report.json``: the whole result for programs, streamed in canonical bytes.

Described by ``report.schema.json``; docs/reports.md tells what changed from one version of the
form to the next. Equal assessments give equal bytes; when and by which run it was made stands in
``runs/`` only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from include.assessment.result import (
    CellAnswer,
    CheckResult,
    ControlResult,
    Finding,
    Gap,
    MappedCheck,
    ReceiptLine,
    RegisterLine,
    Shown,
)
from include.metrics.exceptions import line_of
from include.reports.facts import CheckFacts, Facts
from include.reports.model import LIMITATIONS, ReportModel, failing_resources
from include.reports.streamed_json import Open, plain, write_streamed

SCHEMA_FILE = Path(__file__).with_name("report.schema.json")
FORMAT_VERSION = "2.0"


def write_json(model: ReportModel, path: Path) -> Path:
    """Write ``report.json``; memory does not grow with the number of findings."""
    return write_streamed(_report(model), path)


def report_json(model: ReportModel) -> dict[str, Any]:
    """The report as plain JSON values, all in memory."""
    report: dict[str, Any] = plain(_report(model))
    return report


def _report(model: ReportModel) -> Open:
    a, context, facts = model.assessment, model.context, Facts(model.assessment)
    return Open(
        {
            "format_version": FORMAT_VERSION,
            "report_timestamp": a.as_of,
            "environment": context.environment,
            "package": context.package,
            "assessment_id": context.assessment_id,
            "assessment_name": context.assessment_name,
            "framework": a.framework,
            "framework_title": a.framework_title,
            "framework_version": a.framework_version,
            "assessment_status": a.status,
            "interim_reasons": list(a.interim),
            "period": {"label": a.period, "start": a.period_start, "end": a.period_end},
            "earlier_result": None
            if a.earlier is None
            else {"period": a.earlier.period, "content_digest": a.earlier.content_digest},
            "scope": {"accounts": list(a.accounts), "regions": list(a.regions)},
            "sampling": {
                "method": context.sampling.method,
                "size": context.sampling.size,
                "seed": context.sampling.seed or a.content_digest,
            },
            **_spread(model.metrics.to_json()),
            "s3_location": context.s3_location,
            "content_digest": a.content_digest,
            "controls": (_control(model, facts, control) for control in a.controls),
            "checks": (_check(model, facts.of(check.id), check) for check in a.checks),
            "gaps": (_gap(gap) for gap in a.gaps),
            "registers": (_register(line) for line in a.registers),
            "receipts": (_receipt(line) for line in a.receipts),
            "limitations": iter(LIMITATIONS),
        }
    )


def _spread(figures: Mapping[str, Any]) -> dict[str, Any]:
    """The figures as they are: tables with a row on each line, single figures likewise."""
    out: dict[str, Any] = {}
    for name, value in figures.items():
        if isinstance(value, Mapping):
            out[name] = Open(
                {inner: _rows(member) for inner, member in value.items()},
            )
        else:
            out[name] = _rows(value)
    return out


def _rows(value: Any) -> Any:
    return iter(value) if isinstance(value, (list, tuple)) and _is_table(value) else value


def _is_table(value: list[Any] | tuple[Any, ...]) -> bool:
    return bool(value) and isinstance(value[0], Mapping)


def _control(model: ReportModel, facts: Facts, control: ControlResult) -> Open:
    text = model.control_text(control.id)
    titles = {one.id: one.title for one in model.assessment.sets}
    return Open(
        {
            "id": control.id,
            "set": control.set,
            "set_title": titles.get(control.set, control.set),
            "title": control.title,
            "objective": text.objective if text else None,
            "test_procedure": iter(text.test_procedure) if text else None,
            "level": control.level or None,
            "status": control.status,
            "reason": control.reason,
            "decision": control.decision or None,
            "by_account": dict(control.by_account),
            "manual": _manual(model, control),
            "checks": (_mapped(model, facts.of(mapped.id), mapped) for mapped in control.checks),
        }
    )


def _manual(model: ReportModel, control: ControlResult) -> dict[str, Any] | None:
    manual, text = control.manual, model.control_text(control.id)
    if manual is None:
        return None
    return {
        "asked": manual.asked,
        "frequency": text.manual.frequency if text and text.manual else None,
        "state": manual.state,
        "present": list(manual.present),
        "accepted": list(manual.accepted),
        "lacking": list(manual.lacking),
    }


def _mapped(model: ReportModel, facts: CheckFacts, mapped: MappedCheck) -> dict[str, Any]:
    """A check in short, as one control maps it; the rest stands once, in ``checks``."""
    check = model.check(mapped.id)
    return {
        "id": mapped.id,
        "role": mapped.role,
        "question": check.question,
        "severity": check.severity,
        "resource_type": check.resource_type,
        "judges": check.judges,
        "answer": check.answer,
        "sources": list(check.sources),
        "population": _population(facts),
        "failing": list(mapped.failing),
        "excused": [{"resource": e.resource, "exception": e.exception} for e in mapped.excused],
    }


def _check(model: ReportModel, facts: CheckFacts, check: CheckResult) -> Open:
    text = model.check_text(check.id)
    return Open(
        {
            "id": check.id,
            "question": check.question,
            "about": text.about if text else None,
            "remedy": text.remedy if text else None,
            "parameters": None
            if text is None
            else [
                {"name": name, "value": _value(one.value), "stricter": one.stricter}
                for name, one in sorted(text.parameters.items())
            ],
            "severity": check.severity,
            "resource_type": check.resource_type,
            "locality": check.locality,
            "judges": check.judges,
            "controls": list(model.controls_by_check.get(check.id, ())),
            "answer": check.answer,
            "sources": list(check.sources),
            "population": _population(facts),
            "findings": _findings(check),
            "answers": (_answer(cell) for cell in check.cells),
        }
    )


def _value(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _population(facts: CheckFacts) -> dict[str, int]:
    return {
        "total": facts.population,
        "passing": facts.passed,
        "failing": facts.failed,
        "unanswered": facts.unanswered,
    }


def _findings(check: CheckResult) -> Iterator[dict[str, Any]]:
    for resource, seen in failing_resources(check).items():
        yield {
            "resource": resource,
            "resource_type": seen[0].resource_type,
            "account": seen[0].account,
            "found_by": [_finding(finding) for one in seen for finding in one.findings],
        }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "source": finding.source,
        "region": finding.region,
        "deployment": finding.deployment,
        "raw_status": finding.raw_status,
        "known": finding.known,
        "source_time": finding.source_time,
        "since": finding.since or None,
        "failed": [[start, end or None] for start, end in finding.failed],
        "evidence_id": finding.evidence_id,
    }


def _answer(cell: CellAnswer) -> dict[str, Any]:
    return {
        "account": cell.account,
        "region": cell.region or None,
        "answer": cell.answer,
        "blocked": cell.blocked,
        "sources": list(cell.sources),
        "answered_in": list(cell.answered_in),
        "population": cell.population,
        "passing": cell.passing,
        "failing": [failing.resource for failing in cell.failing],
        "unanswered": list(cell.unanswered),
        "disagreements": [
            {"resource": d.resource, "results": dict(d.results)} for d in cell.disagreements
        ],
        "fixed_within_period": [_shown(s) for s in cell.fixed],
        "gone_before_end": [_shown(s) for s in cell.gone],
        "evidence": cell.evidence,
        "proof": [
            {
                "source": proof.source,
                "region": proof.region,
                "deployment": proof.deployment,
                "comparison": proof.comparison,
                "narrowed": proof.narrowed,
                "last_evaluated": proof.last_evaluated or None,
            }
            for proof in cell.proof
        ],
        "notes": list(cell.notes),
    }


def _shown(shown: Shown) -> dict[str, Any]:
    return {
        "resource": shown.resource,
        "source": shown.source,
        "failed": [list(interval) for interval in shown.failed],
    }


def _gap(gap: Gap) -> dict[str, Any]:
    return {
        "source": gap.source,
        "account": gap.account,
        "region": gap.region,
        "status": gap.status,
        "message": gap.message,
        "controls": list(gap.controls),
        "blocking": gap.blocking,
        "decision": gap.decision or None,
    }


def _register(line: RegisterLine) -> dict[str, Any]:
    return {
        "register": line.register,
        **line_of(line),
        "state": line.state,
        "used": line.used,
    }


def _receipt(line: ReceiptLine) -> dict[str, Any]:
    return {
        "source": line.source,
        "account": line.account,
        "region": line.region,
        "selection": line.selection,
        "status": line.status,
        "items": line.items,
        "pages": line.pages,
        "calls": line.calls,
        "retries": line.retries,
        "throttles": line.throttles,
        "cursor_exhausted": line.cursor_exhausted,
        "started": line.started,
        "ended": line.ended,
        "message": line.message,
        "missing_permission": line.missing_permission,
        "snapshot": {
            "uri": line.uri,
            "digest": line.digest,
            "content_digest": line.content_digest,
        },
    }
