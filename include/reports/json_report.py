"""``report.json``: the whole result for programs, in canonical bytes.

Described by ``report.schema.json``. Equal assessments give equal bytes; when and by which run it
was made stands in ``run.json`` only.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from include.assessment.result import CellAnswer, ControlResult, MappedCheck
from include.reports.model import LIMITATIONS, ReportModel, failing_resources

SCHEMA_FILE = Path(__file__).with_name("report.schema.json")
FORMAT_VERSION = "1.0"


def report_json(model: ReportModel) -> dict[str, Any]:
    """The report as plain JSON values."""
    a, context = model.assessment, model.context
    figures = model.metrics.to_json()
    return {
        "format_version": FORMAT_VERSION,
        "report_timestamp": a.as_of,
        "environment": context.environment,
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
        "compliance_metrics": figures["compliance_metrics"],
        "coverage": figures["coverage"],
        "evidence_summary": figures["evidence_summary"],
        "resources": figures["resources"],
        "by_control_set": figures["by_control_set"],
        "by_account": figures["by_account"],
        "by_region": figures["by_region"],
        "by_severity": figures["by_severity"],
        "s3_location": context.s3_location,
        "content_digest": a.content_digest,
        "controls": [_control(model, control) for control in a.controls],
        "gaps": [
            {
                "source": gap.source,
                "account": gap.account,
                "region": gap.region,
                "status": gap.status,
                "message": gap.message,
                "controls": list(gap.controls),
                "blocking": gap.blocking,
                "decision": gap.decision or None,
            }
            for gap in a.gaps
        ],
        "registers": [
            {
                "register": line.register,
                "id": line.id,
                "what": line.what,
                "reason": line.reason,
                "owner": line.owner,
                "approver": line.approver,
                "from": line.start,
                "until": line.until,
                "state": line.state,
                "used": line.used,
            }
            for line in a.registers
        ],
        "receipts": [
            {
                "source": line.source,
                "account": line.account,
                "region": line.region,
                "selection": line.selection,
                "status": line.status,
                "items": line.items,
                "pages": line.pages,
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
            for line in a.receipts
        ],
        "limitations": list(LIMITATIONS),
    }


def write_json(model: ReportModel, path: Path) -> Path:
    """Write ``report.json``: sorted keys, two spaces, one final line feed."""
    text = json.dumps(report_json(model), indent=2, sort_keys=True, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")
    return path


def _control(model: ReportModel, control: ControlResult) -> dict[str, Any]:
    manual = control.manual
    return {
        "id": control.id,
        "set": control.set,
        "title": control.title,
        "level": control.level or None,
        "status": control.status,
        "reason": control.reason,
        "decision": control.decision or None,
        "by_account": dict(control.by_account),
        "manual": None
        if manual is None
        else {
            "asked": manual.asked,
            "state": manual.state,
            "present": list(manual.present),
            "accepted": list(manual.accepted),
        },
        "checks": [_check(model, mapped) for mapped in control.checks],
    }


def _check(model: ReportModel, mapped: MappedCheck) -> dict[str, Any]:
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
        "failing": list(mapped.failing),
        "excused": [{"resource": e.resource, "exception": e.exception} for e in mapped.excused],
        "findings": [
            {
                "resource": resource,
                "resource_type": seen[0].resource_type,
                "account": seen[0].account,
                "found_by": [
                    {
                        "source": finding.source,
                        "region": finding.region,
                        "deployment": finding.deployment,
                        "raw_status": finding.raw_status,
                        "known": finding.known,
                        "source_time": finding.source_time,
                        "since": finding.since or None,
                        "evidence_id": finding.evidence_id,
                    }
                    for one in seen
                    for finding in one.findings
                ],
            }
            for resource, seen in failing_resources(check).items()
        ],
        "answers": [_answer(cell) for cell in check.cells],
    }


def _answer(cell: CellAnswer) -> dict[str, Any]:
    return {
        "account": cell.account,
        "region": cell.region or None,
        "answer": cell.answer,
        "blocked": cell.blocked,
        "sources": list(cell.sources),
        "answered_in": list(cell.answered_in),
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


def _shown(shown: Any) -> dict[str, Any]:
    return {
        "resource": shown.resource,
        "source": shown.source,
        "failed": [list(interval) for interval in shown.failed],
    }
