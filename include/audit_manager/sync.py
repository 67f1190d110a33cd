"""Brings frameworks of ours into Audit Manager: created, updated in place, never twice.

A plan is made first, from what is there; only then, and if the quotas allow all of it, is written.
Frameworks and controls are updated in place: an assessment holds a copy of its framework's sets,
so those made from an earlier edition keep their controls (and Audit Manager itself renews the
texts of controls in assessments that are still active). See docs/frameworks-in-audit-manager.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from include.audit_manager.account import (
    DEFINITION_TAG,
    SOURCES_TAG,
    AuditManagerAccount,
    is_ours,
    tags_of,
)
from include.audit_manager.definition import ControlDefinition, FrameworkDefinition, define
from include.audit_manager.keywords import Keywords, offered_keywords
from include.audit_manager.naming import control_name
from include.audit_manager.quotas import Quotas, Use, require
from include.audit_manager.standard import matching_standard
from include.checks.catalogue import Catalogue, load_catalogue
from include.errors import AuditError
from include.frameworks.loader import LIBRARY
from include.frameworks.schema import Framework

State = Literal["create", "update", "same"]
#: Told what is done, how many steps are done, and of how many.
Progress = Callable[[str, int, int], None]


def silent(what: str, done: int, of: int) -> None:
    """Tells nobody."""


@dataclass(frozen=True)
class PlannedControl:
    """One control: what is to be done, and what is there."""

    definition: ControlDefinition
    name: str
    state: State
    present: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class PlannedFramework:
    """One framework: what is to be done with it. ``standard``: there is one, and it is used."""

    framework: Framework
    definition: FrameworkDefinition
    state: State
    standard: bool
    present: Mapping[str, Any] | None = None
    controls: tuple[PlannedControl, ...] = ()
    #: Names by id of our controls that left the framework.
    dropped: Mapping[str, str] = field(default_factory=dict)
    #: Those of them that nothing uses and that are to be deleted.
    pruned: Mapping[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Audit Manager's id; empty where the framework is still to be created."""
        return str(self.present["id"]) if self.present else ""

    def count(self, state: State) -> int:
        """How many controls are in that state."""
        return sum(control.state == state for control in self.controls)

    @property
    def writes(self) -> int:
        """How many objects are written or deleted."""
        changed = len(self.controls) - self.count("same")
        return changed + (self.state != "same") + len(self.pruned)


@dataclass(frozen=True)
class SyncPlan:
    """What a sync would do, and what it needs of the quotas."""

    frameworks: tuple[PlannedFramework, ...]
    uses: tuple[Use, ...]

    @property
    def writes(self) -> int:
        """How many objects are written or deleted."""
        return sum(one.writes for one in self.frameworks)


def plan_sync(
    client: Any,
    frameworks: Sequence[Framework],
    *,
    catalogue: Catalogue | None = None,
    automated: bool | None = None,
    prune: bool = False,
    quotas: Quotas | None = None,
    progress: Progress = silent,
) -> SyncPlan:
    """What has to be written so that these frameworks are there; reads only.

    ``automated``: whether controls get automated mapping sources; None leaves it as it is there
    (manual ones in a new framework). ``prune``: own controls that no framework and no assessment
    uses any more are to be deleted.
    """
    account = AuditManagerAccount(client)
    catalogue = catalogue or load_catalogue()
    planner = _Planner(account, catalogue, automated, progress)
    planned = [planner.framework(framework) for framework in frameworks]
    if prune:
        planned = _pruned(account, planned)
    new = sum(one.count("create") for one in planned)
    most = quotas or Quotas()
    custom = [one for one in planned if not one.standard]
    uses = (
        Use("custom controls", len(account.custom_controls), new, most.custom_controls),
        Use(
            "custom frameworks",
            len(account.custom_frameworks),
            sum(one.state == "create" for one in custom),
            most.custom_frameworks,
        ),
    )
    return SyncPlan(tuple(planned), uses if custom else ())


@dataclass
class _Planner:
    account: AuditManagerAccount
    catalogue: Catalogue
    automated: bool | None
    progress: Progress
    _offered: Keywords | None = None

    def framework(self, framework: Framework) -> PlannedFramework:
        if LIBRARY in framework.path.parents:
            standard = matching_standard(self.account, framework)
            if standard is not None:
                definition = define(framework, self.catalogue)
                return PlannedFramework(framework, definition, "same", True, standard)
        present = self.account.own_framework(framework.id, framework.name)
        if present is not None and not is_ours(present, framework.id):
            raise AuditError(
                f"Audit Manager has a custom framework '{framework.name}' already that was not "
                f"made from {framework.id}.",
                hint="Names are unique there: rename it, or change this framework's title.",
            )
        definition = define(framework, self.catalogue, self._keywords(present))
        controls = self._controls(definition, present)
        return PlannedFramework(
            framework,
            definition,
            _framework_state(definition, present, controls),
            False,
            present,
            controls,
            self._dropped(definition, controls),
        )

    def _keywords(self, present: Mapping[str, Any] | None) -> Keywords | None:
        automated = self.automated
        if automated is None:
            tags = (present or {}).get("tags") or {}
            automated = tags.get(SOURCES_TAG) == "automated"
        if not automated:
            return None
        if self._offered is None:
            self._offered = offered_keywords(self.account.client)
        return self._offered

    def _controls(
        self, definition: FrameworkDefinition, present: Mapping[str, Any] | None
    ) -> tuple[PlannedControl, ...]:
        """Each control with the one that is there: in our framework, or left from an earlier try.

        A control is known by its id; its title may have been reworded.
        """
        own = self.account.own_controls(definition.id)
        inside = {
            control["id"]: control["name"]
            for part in (present or {}).get("controlSets", [])
            for control in part.get("controls", [])
            if control["id"] in own
        }
        there: dict[str, str] = {}
        for names in (inside, own):  # what stands in the framework is the one, if there are several
            for key, name in names.items():
                there.setdefault(name.partition(" ")[0], key)
        wanted = list(definition.controls())
        planned = []
        for n, control in enumerate(wanted, 1):
            self.progress(f"reading {definition.id}", n, len(wanted))
            name = control_name(control.id, control.title, definition.id)
            if control.id not in there:
                planned.append(PlannedControl(control, name, "create"))
                continue
            found = self.account.client.get_control(controlId=there[control.id])["control"]
            same = found["name"] == name and _says(found, control, definition.id)
            planned.append(PlannedControl(control, name, "same" if same else "update", found))
        return tuple(planned)

    def _dropped(
        self, definition: FrameworkDefinition, controls: Sequence[PlannedControl]
    ) -> dict[str, str]:
        kept = {control.present["id"] for control in controls if control.present}
        own = self.account.own_controls(definition.id)
        return {control_id: name for control_id, name in own.items() if control_id not in kept}


def _framework_state(
    definition: FrameworkDefinition,
    present: Mapping[str, Any] | None,
    controls: Sequence[PlannedControl],
) -> State:
    if present is None:
        return "create"
    # The order within a set isn't compared with what is there: AWS may list it otherwise.
    ids = {control.definition.id: (control.present or {}).get("id") for control in controls}
    wanted = {
        part.name: {ids[control.id] for control in part.controls}
        for part in definition.control_sets
    }
    found = {
        part["name"]: {control["id"] for control in part.get("controls", [])}
        for part in present["controlSets"]
    }
    same = (
        wanted == found
        and present["name"] == definition.name
        and (present.get("tags") or {}).get(DEFINITION_TAG) == definition.digest
        and _plain(present.get("description")) == _plain(definition.description)
    )
    return "same" if same else "update"


def _says(found: Mapping[str, Any], control: ControlDefinition, framework_id: str) -> bool:
    """Whether the control that is there says what ours says; edits by hand are seen, too."""
    texts = ("description", "testingInformation", "actionPlanTitle", "actionPlanInstructions")
    return (
        is_ours(dict(found), framework_id)
        and found["tags"].get(DEFINITION_TAG) == control.digest
        and all(_plain(found.get(name)) == _plain(control.texts.get(name)) for name in texts)
        and {_place(source) for source in found.get("controlMappingSources", [])}
        == {_place(source) for source in control.sources}
    )


def _plain(text: str | None) -> str:
    return " ".join((text or "").split())


def _place(source: Mapping[str, Any]) -> tuple[str, str]:
    """What tells a control's sources apart."""
    keyword = (source.get("sourceKeyword") or {}).get("keywordValue")
    return str(source.get("sourceType")), str(keyword or source.get("sourceName"))


def _pruned(
    account: AuditManagerAccount, planned: Sequence[PlannedFramework]
) -> list[PlannedFramework]:
    """With those dropped controls that may be deleted: ours by their tags, and used nowhere."""
    if not any(one.dropped for one in planned):
        return list(planned)
    used = account.used_controls({one.id for one in planned if one.present and not one.standard})
    with_pruned = []
    for one in planned:
        gone = {
            control_id: name
            for control_id, name in one.dropped.items()
            if control_id not in used
            and is_ours(
                account.client.get_control(controlId=control_id)["control"], one.definition.id
            )
        }
        with_pruned.append(replace(one, pruned=gone))
    return with_pruned


def apply_sync(client: Any, plan: SyncPlan, *, progress: Progress = silent) -> dict[str, str]:
    """Write what the plan says; Audit Manager's id of each framework by ours.

    Raises QuotaExceeded, with nothing written, when a quota would break. A sync that broke off is
    completed by the next: controls come first, then the framework, then its tags.
    """
    require(plan.uses)
    done = 0
    ids: dict[str, str] = {}

    def step(what: str) -> None:
        nonlocal done
        done += 1
        progress(what, done, plan.writes)

    for one in plan.frameworks:
        if one.standard:
            ids[one.definition.id] = one.id
            continue
        controls: dict[str, str] = {}
        for control in one.controls:
            controls[control.definition.id] = _write_control(client, control, one.definition.id)
            if control.state != "same":
                step(control.name)
        ids[one.definition.id] = _write_framework(client, one, controls)
        if one.state != "same":
            step(one.definition.name)
        for control_id, name in one.pruned.items():
            client.delete_control(controlId=control_id)
            step(name)
    return ids


def _write_control(client: Any, control: PlannedControl, framework_id: str) -> str:
    definition = control.definition
    tags = tags_of(framework_id, definition.digest)
    if control.present is None:
        answer = client.create_control(
            name=control.name,
            **definition.texts,
            controlMappingSources=[dict(source) for source in definition.sources],
            tags=tags,
        )
        return str(answer["control"]["id"])
    if control.state == "update":
        ids = {
            _place(source): source["sourceId"]
            for source in control.present.get("controlMappingSources", [])
        }
        client.update_control(
            controlId=control.present["id"],
            name=control.name,
            **definition.texts,
            controlMappingSources=[
                {**source, "sourceId": ids[_place(source)]}
                if _place(source) in ids
                else dict(source)
                for source in definition.sources
            ],
        )
        client.tag_resource(resourceArn=control.present["arn"], tags=tags)
    return str(control.present["id"])


def _write_framework(client: Any, one: PlannedFramework, controls: Mapping[str, str]) -> str:
    if one.state == "same":
        return one.id
    definition = one.definition
    tags = tags_of(
        definition.id,
        definition.digest,
        **{SOURCES_TAG: "automated" if definition.automated else "manual"},
    )
    texts = {
        "name": definition.name,
        "description": definition.description,
        "complianceType": definition.compliance_type,
    }
    sets = [
        {"name": part.name, "controls": [{"id": controls[control.id]} for control in part.controls]}
        for part in definition.control_sets
    ]
    if one.present is None:
        answer = client.create_assessment_framework(**texts, controlSets=sets, tags=tags)
        return str(answer["framework"]["id"])
    set_ids = {part["name"]: part["id"] for part in one.present["controlSets"]}
    client.update_assessment_framework(
        frameworkId=one.id,
        **texts,
        controlSets=[
            {**part, "id": set_ids[part["name"]]} if part["name"] in set_ids else part
            for part in sets
        ],
    )
    client.tag_resource(resourceArn=one.present["arn"], tags=tags)
    return one.id


def left_out(plan: SyncPlan) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """(framework, control, sources) that Audit Manager doesn't get as automated ones."""
    for one in plan.frameworks:
        for control, sources in one.definition.left_out.items():
            yield one.definition.id, control, sources
