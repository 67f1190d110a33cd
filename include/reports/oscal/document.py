"""``oscal/assessment-results.json``: the result in NIST's exchange format.

Everything in it is deterministic: UUIDs are version 5, the time of last modification is the time
as of which the evidence is known. It is streamed; memory grows with the number of different
failing resources only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from include.assessment.result import STATUSES, ReceiptLine
from include.reports.facts import Facts
from include.reports.model import LIMITATIONS, ReportModel, percent_text, source_name, words
from include.reports.oscal.findings import (
    activities,
    assessed,
    findings,
    objectives,
    reviewed_controls,
)
from include.reports.oscal.names import control_ids, line, present, prop, uuid_of, yes
from include.reports.oscal.observations import (
    TOOL,
    Sheet,
    components,
    inventory,
    observations,
)
from include.reports.oscal.resources import Citations, plan_resource
from include.reports.oscal.risks import Risks
from include.reports.streamed_json import Open, write_streamed

#: What the document is written in; it is also valid by the models of 1.2.
OSCAL_VERSION = "1.1.3"
_ROLE = "prepared-by"


def write_oscal(model: ReportModel, path: Path, cited: Sequence[Path]) -> Path:
    """Write OSCAL assessment-results; ``cited`` are files of the package, there already.

    Addresses of cited files are relative to ``path``. Equal arguments give equal bytes.
    """
    citations = Citations(cited, path)
    a = model.assessment
    sheet = Sheet(
        model,
        citations,
        control_ids((c.id for c in a.controls), lower=a.framework.startswith("nist_800_53")),
        Facts(a),
        _collected(a.receipts),
    )
    return write_streamed(Open({"assessment-results": _document(sheet)}), path)


def _collected(receipts: Sequence[ReceiptLine]) -> dict[str, str]:
    newest: dict[str, str] = {}
    for line_ in receipts:
        if line_.ended:
            newest[line_.source] = max(newest.get(line_.source, ""), line_.ended)
    return newest


def _document(sheet: Sheet) -> Open:
    a = sheet.model.assessment
    plan = sheet.uuid("resource", "plan")
    local = Open(
        present(
            objectives_and_methods=objectives(sheet) if assessed(sheet) else None,
            activities=activities(sheet) if _known(sheet) else None,
        )
    )
    return Open(
        present(
            uuid=uuid_of(
                "assessment-results",
                a.content_digest,
                a.as_of,
                sheet.model.context.package,
                *sheet.citations.digest_parts,
            ),
            metadata=_metadata(sheet),
            import_ap={
                "href": f"#{plan}",
                "remarks": "There is no separate assessment plan; see the resource.",
            },
            local_definitions=local,
            results=iter([_result(sheet)]),
            back_matter=Open({"resources": _resources(sheet, plan)}),
        )
    )


def _resources(sheet: Sheet, plan: str) -> Iterator[dict[str, Any]]:
    a = sheet.model.assessment
    yield plan_resource(
        plan,
        a.framework,
        f"No assessment plan was written apart from this document. The framework "
        f"({a.framework_title}, version {a.framework_version}) says which checks each control "
        f"maps; scope, period and test procedures are stated here.",
    )
    for file in sheet.citations.files:
        yield file.to_oscal()


def _title(model: ReportModel) -> str:
    a = model.assessment
    title = f"{a.framework_title} {a.framework_version}, {a.period}"
    return line(f"INTERIM: {title}" if model.interim else title)


def _metadata(sheet: Sheet) -> Open:
    a, context = sheet.model.assessment, sheet.model.context
    party = uuid_of("party", context.environment)
    return Open(
        present(
            title=_title(sheet.model),
            last_modified=a.as_of,
            version=a.content_digest[:16],
            oscal_version=OSCAL_VERSION,
            props=[
                prop("content-digest", a.content_digest),
                *([prop("package", context.package)] if context.package else []),
                *(
                    [prop("audit-manager-assessment", context.assessment_id)]
                    if context.assessment_id
                    else []
                ),
            ],
            roles=[{"id": _ROLE, "title": "Prepared this document"}],
            parties=[
                {
                    "uuid": party,
                    "type": "organization",
                    "name": line(f"Compliance assessments, {context.environment}"),
                    "remarks": "The deployment that made it; the tool is a component.",
                }
            ],
            responsible_parties=[{"role-id": _ROLE, "party-uuids": [party]}],
            remarks=" ".join(LIMITATIONS),
        )
    )


def _result(sheet: Sheet) -> Open:
    a = sheet.model.assessment
    risks = Risks(sheet)
    local = Open(
        present(
            components=components(sheet.model),
            inventory_items=inventory(sheet.model) if _anything_fails(sheet) else None,
            assessment_assets=_assets(sheet),
        )
    )
    interim = f"INTERIM, not the period's final result: {' '.join(a.interim)} "
    return Open(
        present(
            uuid=sheet.uuid("result"),
            title=_title(sheet.model),
            description=f"{a.framework_title}, version {a.framework_version}, assessed for "
            f"{len(a.accounts)} accounts in {len(a.regions)} regions over the period {a.period}.",
            start=a.period_start,
            end=a.period_end,
            props=_figures(sheet.model),
            links=[{"href": file.reference, "rel": "reference"} for file in sheet.citations.files],
            local_definitions=local,
            reviewed_controls=reviewed_controls(sheet),
            assessment_log=Open({"entries": _log(sheet)}) if a.receipts else None,
            observations=observations(sheet) if a.checks or _people(sheet) else None,
            risks=risks.all() if risks.any() else None,
            findings=findings(sheet, risks) if assessed(sheet) else None,
            remarks=(interim if sheet.model.interim else "")
            + "Start and end are those of the audit period. A control that could not be judged is "
            "not-satisfied for the reason 'other'; its property control-status says INCONCLUSIVE.",
        )
    )


def _anything_fails(sheet: Sheet) -> bool:
    return any(check.failing for check in sheet.model.assessment.checks)


def _known(sheet: Sheet) -> bool:
    """Whether the library knows any of the controls."""
    return any(sheet.model.control_text(control.id) for control in assessed(sheet))


def _people(sheet: Sheet) -> bool:
    return any(c.manual and c.manual.present for c in sheet.model.assessment.controls)


def _figures(model: ReportModel) -> list[dict[str, str]]:
    """The figures that every report shows, as the metrics have them."""
    a, metrics = model.assessment, model.metrics
    compliance = metrics.compliance
    counts = {
        "COMPLIANT": compliance["compliant_controls"],
        "NON_COMPLIANT": compliance["non_compliant_controls"],
        "INCONCLUSIVE": compliance["inconclusive_controls"],
        "NOT_APPLICABLE": compliance["not_applicable_controls"],
    }
    return [
        prop(
            "assessment-status",
            a.status,
            remarks=" ".join(a.interim),
        ),
        prop("compliance-score", percent_text(compliance["compliance_score"])),
        prop("coverage-controls", percent_text(metrics.coverage["controls_percent"])),
        prop("coverage-cells", percent_text(metrics.coverage["cells_percent"])),
        prop("controls", compliance["total_controls"]),
        *(prop("controls-with-status", counts[one], of=one) for one in STATUSES),
        prop("failing-resources", metrics.resources["failing"]),
        prop("missing-evidence", len(a.gaps)),
        prop("receipts", len(a.receipts)),
        prop("evidence-items", metrics.evidence["total_evidence_items"]),
        *(
            prop("evidence-items-of-source", n, of=source)
            for source, n in metrics.evidence["by_source"].items()
        ),
    ]


def _assets(sheet: Sheet) -> dict[str, Any]:
    return {
        "components": [
            {
                "uuid": TOOL,
                "type": "software",
                "title": "Compliance assessments",
                "description": "Collects evidence from AWS sources, maps it to controls and "
                "judges them.",
                "status": {"state": "operational"},
            }
        ],
        "assessment-platforms": [
            {
                "uuid": uuid_of("platform", sheet.model.context.environment),
                "title": line(f"Deployment {sheet.model.context.environment}"),
                "uses-components": [{"component-uuid": TOOL}],
            }
        ],
    }


def _log(sheet: Sheet) -> Iterator[dict[str, Any]]:
    """One entry for each receipt: what was collected, when, and how that ended."""
    a = sheet.model.assessment
    for n, one in enumerate(a.receipts):
        place = f"{one.account} {one.region}".strip()
        told = f"{one.items} items in {one.pages} pages. {one.message}".strip()
        yield present(
            uuid=sheet.uuid("receipt", str(n), one.source, one.account, one.region, one.selection),
            title=line(f"{source_name(one.source)}, {place}: {words(one.status)}"),
            description=told,
            start=one.started or a.as_of,
            end=one.ended or None,
            props=[
                prop("receipt-status", one.status),
                prop("source", one.source),
                prop("account", one.account),
                *([prop("region", one.region)] if one.region else []),
                prop("selection", one.selection or "all"),
                prop("items", one.items),
                prop("pages", one.pages),
                prop("calls", one.calls),
                prop("retries", one.retries),
                prop("throttles", one.throttles),
                prop("cursor-exhausted", yes(one.cursor_exhausted)),
                *(
                    [prop("missing-permission", one.missing_permission)]
                    if one.missing_permission
                    else []
                ),
                *([prop("snapshot", one.content_digest)] if one.content_digest else []),
            ],
        )
