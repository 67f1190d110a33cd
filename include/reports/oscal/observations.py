"""Observations: what was looked at for each check, and what people provided for a control.

The subjects of a check's observation are the resources that fail it; how many pass stands in its
properties. Each failing resource is an inventory item once, whatever it fails.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from include.assessment.result import CheckResult, ControlResult, FailingResource, ManualState
from include.reports.facts import CheckFacts, Facts
from include.reports.model import ReportModel, failing_resources, source_name
from include.reports.oscal.names import line, present, prop, uuid_of, yes
from include.reports.oscal.resources import Citations

TOOL = uuid_of("component", "compliance-assessments")


@dataclass(frozen=True)
class Sheet:
    """What all parts of one document are made from."""

    model: ReportModel
    citations: Citations
    control_ids: dict[str, str]
    facts: Facts
    #: By source, when its newest receipt ended.
    collected: dict[str, str] = field(default_factory=dict)

    def uuid(self, kind: str, *parts: str) -> str:
        """Of something that this result says: another result says something else."""
        return uuid_of(kind, self.model.assessment.content_digest, *parts)

    def origins(self, sources: tuple[str, ...] = ()) -> list[dict[str, Any]]:
        """Who says so: the tool, and the sources it asked."""
        actors = [{"type": "tool", "actor-uuid": TOOL}]
        actors += [{"type": "tool", "actor-uuid": source_uuid(one)} for one in sources]
        return [{"actors": actors}]


def source_uuid(source: str) -> str:
    """The component that stands for an evidence source."""
    return uuid_of("component", "source", source)


def account_uuid(account: str) -> str:
    """The component that stands for an AWS account."""
    return uuid_of("component", "account", account)


@lru_cache(maxsize=1 << 16)
def resource_uuid(resource: str) -> str:
    """The inventory item that stands for a resource: the same in every document."""
    return uuid_of("inventory-item", resource)


def inventory(model: ReportModel) -> Iterator[dict[str, Any]]:
    """Every failing resource, sorted by identity."""
    found: dict[str, FailingResource] = {}
    for check in model.assessment.checks:
        for cell in check.cells:
            for failing in cell.failing:
                found.setdefault(failing.resource, failing)
    for resource, failing in sorted(found.items()):
        yield {
            "uuid": resource_uuid(resource),
            "description": resource,
            "props": [
                {"name": "asset-id", "value": line(resource)},
                prop("resource-type", failing.resource_type),
                prop("account", failing.account),
                prop("region", failing.region or "account"),
            ],
            "implemented-components": [{"component-uuid": account_uuid(failing.account)}],
        }


def observations(sheet: Sheet) -> Iterator[dict[str, Any]]:
    """One for each check, then one for each control for which people provided something."""
    for check in sheet.model.assessment.checks:
        yield _of_check(sheet, check, sheet.facts.of(check.id))
    for control in sheet.model.assessment.controls:
        if control.manual is not None and control.manual.present:
            yield _of_people(sheet, control, control.manual)


def of_check(sheet: Sheet, check: str) -> str:
    """The UUID of a check's observation."""
    return sheet.uuid("observation", "check", check)


def of_people(sheet: Sheet, control: str) -> str:
    """The UUID of the observation of what people provided for a control."""
    return sheet.uuid("observation", "manual", control)


def _of_check(sheet: Sheet, check: CheckResult, facts: CheckFacts) -> dict[str, Any]:
    text = sheet.model.check_text(check.id)
    described = (
        f"{facts.population} resources looked at: {facts.passed} pass, {facts.failed} fail, "
        f"{facts.unanswered} without an answer. {facts.settled} of {facts.cells} places settled. "
        "The subjects are the resources that fail."
        if check.judges
        else f"{facts.evidence} items of evidence are shown. The check judges nothing."
    )
    return present(
        uuid=of_check(sheet, check.id),
        title=line(check.question),
        description=f"{text.about} {described}" if text else described,
        props=[
            prop("check", check.id),
            prop("answer", check.answer),
            prop("severity", check.severity),
            prop("resource-type", check.resource_type),
            prop("judges", yes(check.judges)),
            prop("population", facts.population),
            prop("passing", facts.passed),
            prop("failing", facts.failed),
            prop("unanswered", facts.unanswered),
            prop("places", facts.cells),
            prop("places-settled", facts.settled),
            prop("evidence-items", facts.evidence),
        ],
        methods=["TEST"] if check.judges else ["EXAMINE"],
        types=["control-objective"],
        origins=sheet.origins(check.sources),
        subjects=[
            {"subject-uuid": resource_uuid(resource), "type": "inventory-item"}
            for resource in failing_resources(check)
        ],
        relevant_evidence=_evidence(sheet, facts.evidence),
        collected=_collected(sheet, check.sources),
        remarks=_left_open(check),
    )


def _of_people(sheet: Sheet, control: ControlResult, manual: ManualState) -> dict[str, Any]:
    return present(
        uuid=of_people(sheet, control.id),
        title=line(f"What people provided for {control.id}"),
        description=f"Asked for: {manual.asked} State: {manual.state}.",
        props=[
            prop("control-id", control.id),
            prop("manual-evidence", manual.state),
            prop("provided", len(manual.present)),
            prop("accepted", len(manual.accepted)),
            *(prop("not-accepted-for", account) for account in manual.lacking),
        ],
        methods=["EXAMINE", "INTERVIEW"],
        types=["control-objective"],
        origins=sheet.origins(("manual",)),
        relevant_evidence=_evidence(sheet, len(manual.present), *manual.present),
        collected=_collected(sheet, ("manual",)),
    )


def _evidence(sheet: Sheet, items: int, *ids: str) -> list[dict[str, Any]]:
    """Where the items stand: in a file of the package, which has its hash in the back matter."""
    if not items:
        return []
    file = sheet.citations.of("evidence.csv", "evidence.jsonl")
    return [
        present(
            href=file.reference if file else None,
            description=f"{items} items of evidence.",
            props=[prop("evidence-id", one) for one in ids],
        )
    ]


def _collected(sheet: Sheet, sources: tuple[str, ...]) -> str:
    """When the newest of it was collected; of nothing, the time as of which all is known."""
    known = [sheet.collected[one] for one in sources if one in sheet.collected]
    return max(known, default=sheet.model.assessment.as_of)


def _left_open(check: CheckResult) -> str:
    """Where the check is not settled, and why: all places, one on each line."""
    said = []
    for cell in check.cells:
        if check.judges and (cell.blocked or not cell.settled):
            why = "; ".join((cell.answer, *cell.notes))
            said.append(f"{cell.account} {cell.region}".strip() + f": {why}")
    return "\n".join(said)


def components(model: ReportModel) -> Iterator[dict[str, Any]]:
    """The accounts that were assessed and the sources that were asked."""
    for account in model.assessment.accounts:
        yield {
            "uuid": account_uuid(account),
            "type": "system",
            "title": f"AWS account {account}",
            "description": f"Assessed in {', '.join(model.assessment.regions)}.",
            "props": [prop("account", account)],
            "status": {"state": "operational"},
        }
    for source in sources_of(model):
        yield {
            "uuid": source_uuid(source),
            "type": "service",
            "title": source_name(source),
            "description": "A source of evidence.",
            "props": [prop("source", source)],
            "status": {"state": "operational"},
        }


def sources_of(model: ReportModel) -> list[str]:
    """Every source that the document names, sorted."""
    a = model.assessment
    named = {line.source for line in a.receipts} | {gap.source for gap in a.gaps}
    named |= {source for check in a.checks for source in check.sources}
    named |= set(a.evidence.by_source)
    named |= {"manual" for control in a.controls if control.manual and control.manual.present}
    return sorted(named)
