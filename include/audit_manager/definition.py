"""What a framework of ours is in Audit Manager: control sets, controls, texts, mapping sources."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from include.audit_manager.keywords import SHOWN, Keyword, Keywords, keywords_of
from include.audit_manager.naming import control_name, control_set_name
from include.checks.catalogue import Catalogue
from include.digests import digest_of
from include.frameworks.loader import LIBRARY
from include.frameworks.schema import HOW_OFTEN, Control, Framework, Role

#: Limits of the API: mapping sources per control, and characters of its longer texts.
SOURCES_PER_CONTROL = 100
MOST_TEXT = 1000

#: Names of our manual sources. The first says which checks the imported evidence answers.
IMPORTED = "Imported evidence"
PROVIDED = "Evidence that people provide"
CHECKS: Mapping[Role, str] = {
    "required": "Required checks: ",
    "supporting": "Supporting checks: ",
    "shown": "Shown beside: ",
}
ANEW = "To be given anew "


@dataclass(frozen=True)
class ControlDefinition:
    """One control; ``sources`` are the API's mapping sources without ids."""

    id: str
    title: str
    description: str
    testing_information: str
    action_plan_title: str
    action_plan_instructions: str
    sources: tuple[Mapping[str, Any], ...]

    @property
    def name(self) -> str:
        """Id and title."""
        return control_name(self.id, self.title)

    @property
    def texts(self) -> dict[str, str]:
        """The API's members besides name, sources and tags; empty ones are left out."""
        texts = {
            "description": self.description,
            "testingInformation": self.testing_information,
            "actionPlanTitle": self.action_plan_title,
            "actionPlanInstructions": self.action_plan_instructions,
        }
        return {name: text for name, text in texts.items() if text}

    @cached_property
    def digest(self) -> str:
        """16 hex digits over all it says."""
        return digest_of([self.name, self.texts, list(self.sources)])[:16]


@dataclass(frozen=True)
class SetDefinition:
    """A control set."""

    name: str
    controls: tuple[ControlDefinition, ...]


@dataclass(frozen=True)
class FrameworkDefinition:
    """A framework. ``left_out``: by control, the sources that Audit Manager can't or mustn't get.

    ``library``: it comes with the product, so an account may have it as a standard framework.
    """

    id: str
    name: str
    description: str
    compliance_type: str
    control_sets: tuple[SetDefinition, ...]
    automated: bool
    library: bool
    left_out: Mapping[str, tuple[str, ...]]

    def controls(self) -> Iterator[ControlDefinition]:
        """Every control, in order."""
        for control_set in self.control_sets:
            yield from control_set.controls

    @cached_property
    def digest(self) -> str:
        """16 hex digits over all it says."""
        sets = [[s.name, [control.digest for control in s.controls]] for s in self.control_sets]
        said = [self.id, self.name, self.description, self.compliance_type, sets]
        return digest_of(said)[:16]


def define(
    framework: Framework, catalogue: Catalogue, keywords: Keywords | None = None
) -> FrameworkDefinition:
    """The framework as Audit Manager is told of it.

    With ``keywords`` (what that Audit Manager offers), controls have automated sources, too;
    without, manual ones only: an automated source would make AWS collect and bill a second time.
    """
    left_out: dict[str, tuple[str, ...]] = {}
    sets = []
    names: set[str] = set()
    for control_set in framework.control_sets:
        if not control_set.controls:
            continue  # all of them withdrawn; Audit Manager takes no empty set
        name = control_set_name(control_set.id, control_set.title)
        if name in names:  # inside an assessment, a set's name is its id
            name = control_set_name("", f"{control_set.title} ({control_set.id})")
        names.add(name)
        controls = []
        for control in control_set.controls:
            sources, left = _sources(control, catalogue, keywords)
            controls.append(_control(control, catalogue, sources))
            if left:
                left_out[control.id] = tuple(left)
        sets.append(SetDefinition(name, tuple(controls)))
    return FrameworkDefinition(
        id=framework.id,
        name=framework.name.replace("\\", " ")[:300],
        description=cut(framework.description.split("\n")),
        compliance_type=framework.compliance_type[:100],
        control_sets=tuple(sets),
        automated=keywords is not None,
        library=LIBRARY in framework.path.parents,
        left_out=left_out,
    )


def _control(
    control: Control, catalogue: Catalogue, sources: tuple[Mapping[str, Any], ...]
) -> ControlDefinition:
    deciding = (*_checks(control, "required"), *_checks(control, "supporting"))
    remedies = list(dict.fromkeys(catalogue[name].remedy for name in deciding))
    if control.manual:
        remedies.append(f"Provide anew what people have to provide: {control.manual.provide}")
    return ControlDefinition(
        id=control.id,
        title=control.title,
        description=cut([control.objective]),
        testing_information=cut(control.test_procedure),
        action_plan_title="What to do where it fails" if remedies else "",
        action_plan_instructions=cut(remedies),
        sources=sources,
    )


def _sources(
    control: Control, catalogue: Catalogue, keywords: Keywords | None
) -> tuple[tuple[Mapping[str, Any], ...], list[str]]:
    """The mapping sources, at most 100, and what was left out."""
    manual = list(_imported(control))
    if control.manual:
        manual.append(
            _manual_source(
                PROVIDED,
                f"{cut([control.manual.provide], MOST_TEXT - 50)}\n"
                f"{ANEW}{HOW_OFTEN[control.manual.frequency]}.",
            )
        )
    if keywords is None:
        return tuple(manual), []
    automated, left = _automated(control, catalogue, keywords, SOURCES_PER_CONTROL - len(manual))
    return (*automated, *manual), left


def _imported(control: Control) -> Iterator[dict[str, Any]]:
    """The source that imported bundles belong to; several where naming its checks needs room."""
    texts = ["Bundles of evidence imported by the compliance assessments."]
    for role, head in CHECKS.items():
        line = ""
        for name in _checks(control, role):
            longer = f"{line}, {name}" if line else f"{head}{name}"
            if len(texts[-1]) + 1 + len(longer) > MOST_TEXT:
                texts[-1] = f"{texts[-1]}\n{line}" if line else texts[-1]
                texts.append("Further checks.")
                longer = f"{head}{name}"
            line = longer
        if line:
            texts[-1] = f"{texts[-1]}\n{line}"
    for n, text in enumerate(texts, 1):
        yield _manual_source(IMPORTED if n == 1 else f"{IMPORTED} ({n})", text)


def _manual_source(name: str, description: str) -> dict[str, Any]:
    return {
        "sourceName": name,
        "sourceDescription": description,
        "sourceSetUpOption": "Procedural_Controls_Mapping",
        "sourceType": "MANUAL",
    }


def _automated(
    control: Control, catalogue: Catalogue, keywords: Keywords, room: int
) -> tuple[list[dict[str, Any]], list[str]]:
    """Automated sources of the required checks, then of the others, as many as fit.

    Where they don't fit, each check keeps its first source alone: AWS Config's and Security Hub's
    answers to the same check say the same.
    """
    left: list[str] = []
    by_check: dict[str, list[Keyword]] = {}
    for name in [one for role in CHECKS for one in _checks(control, role)]:
        by_check[name], missing = keywords_of(catalogue[name], keywords)
        left += [f"{one} (not offered)" for one in missing]
    asked = _questions(by_check, catalogue)
    if len(asked) > room:
        kept = _questions({name: found[:1] for name, found in by_check.items()}, catalogue)
        left += [
            f"{one} (another source answers the same check)" for one in asked if one not in kept
        ]
        left += [f"{one} (more than {SOURCES_PER_CONTROL} sources)" for one in list(kept)[room:]]
        asked = dict(list(kept.items())[:room])
    return [_automated_source(one, questions) for one, questions in asked.items()], list(
        dict.fromkeys(left)
    )


def _checks(control: Control, role: Role) -> list[str]:
    return [mapping.check for mapping in control.checks if mapping.role == role]


def _questions(
    by_check: Mapping[str, Iterable[Keyword]], catalogue: Catalogue
) -> dict[Keyword, list[str]]:
    found: dict[Keyword, list[str]] = {}
    for name, own in by_check.items():
        for keyword in own:
            found.setdefault(keyword, []).append(catalogue[name].question)
    return found


def _automated_source(keyword: Keyword, questions: Iterable[str]) -> dict[str, Any]:
    source: dict[str, Any] = {
        "sourceName": f"{SHOWN[keyword.type]} {keyword.value}",
        "sourceDescription": cut(questions),
        "sourceSetUpOption": "System_Controls_Mapping",
        "sourceType": keyword.type,
        "sourceKeyword": {
            "keywordInputType": "SELECT_FROM_LIST",
            "keywordValue": keyword.value,
        },
    }
    if keyword.type == "AWS_API_Call":
        source["sourceFrequency"] = "DAILY"
    return source


def cut(lines: Iterable[str], most: int = MOST_TEXT) -> str:
    """The lines as one text of at most ``most`` characters: whole lines, and how many are left."""
    lines = [line.strip() for line in lines if line.strip()]
    whole = "\n".join(lines)
    if len(whole) <= most:
        return whole
    for kept in range(len(lines) - 1, 0, -1):
        text = "\n".join([*lines[:kept], f"… and {len(lines) - kept} more"])
        if len(text) <= most:
            return text
    return whole[: most - 1].rstrip() + "…"
