"""Turns Security Hub's findings into evidence of how they stood at the period's end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from include.clock import iso
from include.evidence.cell import Cell
from include.evidence.identity import ACCOUNT_TYPE
from include.evidence.item import Evidence, Known, Result
from include.sources.base import known_as
from include.sources.finding_history import FindingPast, Now, Question
from include.sources.hub_archived import why_archived
from include.sources.hub_page import Finding, text
from include.sources.hub_resources import cloudformation_type, identity
from include.sources.hub_states import REACH, Seen, control_arn, parameters_of
from include.sources.hub_switches import Switches, path_of, rule_of
from include.sources.timeline import Standing, at_end

_RESULTS: Mapping[str, Result] = {"PASSED": "PASS", "FAILED": "FAIL"}
_FAILING = frozenset({"FAILED"})
#: Asks for findings' pasts, in the order of the questions.
AskPasts = Callable[[Sequence[Question]], Iterator[FindingPast]]


class FindingReader:
    """Makes evidence of one cell's findings, a page at a time; ``seen``: what else they tell.

    ``regional``: controls about an account's setting that each region has for itself.
    """

    def __init__(
        self, cell: Cell, switches: Switches, regional: frozenset[str], ask_pasts: AskPasts
    ) -> None:
        self._cell = cell
        self._start, self._end = cell.period.start, cell.period.end
        self._switches = switches
        self._regional = regional
        self._ask_pasts = ask_pasts
        self._arns: dict[str, str] = {}
        self._parameters: dict[str, dict[str, str]] = {}
        #: All of a period in which nothing changed.
        self._whole = ((iso(self._start), iso(self._end)),)
        self.seen = Seen()
        #: Findings that name no control that can be made out.
        self.unmapped = 0
        #: Findings whose history doesn't lead to what they say now.
        self.contradictory = 0

    def read(
        self, findings: Sequence[Finding], listing: tuple[datetime, datetime], page: str
    ) -> Iterator[Evidence]:
        """The evidence of a page of findings; those that aren't of the period yield none.

        ``listing``: when the listing began, and when this page came.
        """
        listed = listing[1]
        usual = known_as(listed, self._cell.period)
        forgotten = listed - REACH
        since = max(self._start, forgotten)
        waiting: list[tuple[int, Question]] = []
        for offset, finding in enumerate(findings):
            created = _time(finding.CreatedAt) or self._start
            if created >= self._end:
                continue
            updated = _time(finding.UpdatedAt)
            now = _now(finding)
            # What people do to a finding doesn't move its UpdatedAt; suppressing matters here.
            if updated and updated < self._start and now.workflow != "SUPPRESSED":
                if now.state != "ARCHIVED":
                    failed = self._whole if now.result in _FAILING else ()
                    stood = Standing(now.result, False, self._start, False, failed)
                    yield self._evidence(finding, now, stood, None, usual, listed, page, offset)
                continue
            if forgotten <= self._end:
                key = (text(finding.Id), text(finding.ProductArn))
                waiting.append((offset, Question(key, now, created, since, listing)))
                continue
            # Security Hub remembers nothing of the period. Unchanged since before its end, a
            # finding is as it was; what it was before that is forgotten.
            lost = updated is None or updated >= self._end
            past = FindingPast.unchanged(now, created if lost or not updated else updated)
            known: Known = "CURRENT_ONLY" if lost else usual
            if stands := at_end(past.results(), self._cell.period, _FAILING):
                yield self._evidence(finding, now, stands, past, known, listed, page, offset)
        if not waiting:
            return
        pasts = self._ask_pasts([question for _, question in waiting])
        for (offset, asked), past in zip(waiting, pasts, strict=True):
            if stands := at_end(past.results(), self._cell.period, _FAILING):
                known = "RECONSTRUCTED" if stands.moved_since else usual
                yield self._evidence(
                    findings[offset], asked.now, stands, past, known, listed, page, offset
                )

    def _evidence(
        self,
        finding: Finding,
        now: Now,
        standing: Standing,
        past: FindingPast | None,
        known: Known,
        listed: datetime,
        page: str,
        offset: int,
    ) -> Evidence:
        id_ = text(finding.Id)
        rule = rule_of(id_)
        compliance = finding.Compliance
        control = text(compliance.SecurityControlId) if compliance else ""
        if not control:
            control = self._control(finding, rule)
        attributes: dict[str, Any] = {
            "id": id_,
            "generator": text(finding.GeneratorId),
            # Suppressing hides a finding in Security Hub, but changes no result here.
            "workflow": "",
            "record_state": "ACTIVE",
        }
        result: Result = _RESULTS.get(standing.status, "UNANSWERED")
        in_population = not standing.gone
        workflow = past.value_at("workflow", self._end) if past else now.workflow
        if workflow == "SUPPRESSED":
            attributes["workflow"] = workflow
            if finding.Note:
                attributes["note"] = text(finding.Note.Text)
                attributes["note_by"] = text(finding.Note.UpdatedBy)
        if compliance and compliance.StatusReasons and result == "UNANSWERED":
            attributes["reasons"] = [text(r.ReasonCode) for r in compliance.StatusReasons]
        if standing.gone and past:
            attributes["record_state"] = "ARCHIVED"
            cause = why_archived(
                control,
                rule.rpartition("/")[0],
                past.archived_at(self._end) or standing.since,
                came_back=past.came_back(self._end),
                switches=self._switches,
            )
            attributes["archived"] = cause
            if cause == "UNKNOWN":
                result, in_population = "UNANSWERED", True
            elif cause != "RESOURCE_DELETED":
                # It judges no more, but its resource may be there: others have to speak of it.
                result = "NONE"
            if cause == "CONTROL_DISABLED":
                self.seen.switched_off.add(control)
        elif control and known != "CURRENT_ONLY":
            self._note_judging(control, rule, finding)
            kind = finding.Resources[0] if finding.Resources else None
            about = cloudformation_type(text(kind.Type)) if kind else ""
            (self.seen.of_account if about == ACCOUNT_TYPE else self.seen.of_others).add(control)
        if past and past.contradiction:
            self.contradictory += 1
            attributes["contradiction"] = past.contradiction
            result, in_population = "UNANSWERED", True
        if not control:
            self.unmapped += 1
            self.seen.unmapped.add(rule.rpartition("/")[0])
            control, result = rule or text(finding.GeneratorId) or "unknown", "UNANSWERED"
        resource = finding.Resources[0] if finding.Resources else None
        type_ = text(resource.Type) if resource else ""
        parameters, deployment = self._deployment(finding, control)
        return Evidence(
            source="security_hub",
            keyword=control,
            account=self._cell.account,
            region=self._cell.region,
            event_source="securityhub.amazonaws.com",
            event_name="GetFindings",
            # Without a resource, the finding itself stands for what it is about.
            resource=identity(
                type_,
                (text(resource.Id) if resource else "") or id_ or "unknown",
                self._cell.account,
                self._cell.region if control in self._regional else None,
            ),
            resource_type=cloudformation_type(type_),
            result=result,
            raw_status=standing.status,
            known=known,
            source_time=standing.since,
            collected_at=listed,
            in_population=in_population,
            severity=self._switches.severities.get(control, ""),
            deployment=deployment,
            parameters=parameters,
            failed=standing.failed,
            attributes=attributes,
            page=page,
            offset=offset,
        )

    def _control(self, finding: Finding, rule: str) -> str:
        """The control behind a finding that comes without its id."""
        fields = finding.ProductFields
        generator = text(finding.GeneratorId)
        if not rule and generator.startswith("security-control/"):
            return path_of(generator)
        if fields and fields.StandardsControlArn:
            rule = path_of(text(fields.StandardsControlArn))
        named = text(fields.ControlId or fields.RuleId) if fields else ""
        return self._switches.control_of(rule or generator, named)

    def _note_judging(self, control: str, rule: str, finding: Finding) -> None:
        via = self.seen.judging.get(control)
        if via is None:
            via = self.seen.judging[control] = set()
        if rule:
            via.add(rule.rpartition("/")[0])
        elif finding.Compliance:
            for one in finding.Compliance.AssociatedStandards or ():
                via.add(path_of(text(one.StandardsId)))

    def _deployment(self, finding: Finding, control: str) -> tuple[Mapping[str, Any], str]:
        """The parameters by which it judged, and the ARN of the control as it had these."""
        arn = self._arns.get(control)
        if arn is None:
            arn = self._arns[control] = control_arn(self._cell, control)
        given = finding.Compliance.SecurityControlParameters if finding.Compliance else None
        if not given:
            return {}, arn
        parameters = {text(one.Name): _value(one.Value) for one in given}
        present = self._parameters.get(control)
        if present is None:
            known = parameters_of(self._switches.controls.get(control, {}))
            present = self._parameters[control] = {n: _value(v) for n, v in known.items()}
        other = {n: v for n, v in parameters.items() if present.get(n, v) != v}
        if other and control in self._switches.controls:
            told = ",".join(f"{name}={value}" for name, value in sorted(parameters.items()))
            arn = f"{arn}?{told}"
            self.seen.other_parameters[arn] = (control, parameters)
        return parameters, arn


def _value(given: Any) -> str:
    """A parameter's value as text, the same whether the control or a finding tells it."""
    if isinstance(given, list):
        return ",".join(sorted(_value(one) for one in given))
    if isinstance(given, bool):
        return str(given).lower()
    if isinstance(given, float) and given.is_integer():
        return str(int(given))
    return text(given)


def _now(finding: Finding) -> Now:
    compliance, workflow = finding.Compliance, finding.Workflow
    return Now(
        (text(compliance.Status) if compliance else "") or "NOT_AVAILABLE",
        text(finding.RecordState) or "ACTIVE",
        text(workflow.Status) if workflow else "",
    )


def _time(value: Any) -> datetime | None:
    """A time as ASFF writes it; None for one that can't be read."""
    try:
        at = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return at if at.tzinfo is UTC else at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
