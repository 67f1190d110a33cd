"""A framework as it is worked with: control sets, controls, and the checks each control maps to.

How it is written in a file (groups of checks, references to other frameworks) is in written.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import Field, PrivateAttr

from include.checks.check import Check, Text
from include.checks.located_yaml import LocatedYaml, Place
from include.checks.validation import Strict
from include.digests import digest_of
from include.evidence.item import SourceName
from include.frameworks.header import ID_PATTERN, Judge, Schedule, full_name

#: ``required``: silence leaves the control INCONCLUSIVE; ``supporting``: only a failure counts;
#: ``shown``: its evidence stands beside the control and decides nothing.
Role = Literal["required", "supporting", "shown"]
#: Who says that the check speaks of the control: AWS, a published mapping or crosswalk, or we.
Basis = Literal["aws_stated", "derived", "judgement"]
#: How often evidence that people provide has to be given anew; ``period``: for each audit period.
Frequency = Literal["period", "month", "quarter", "half_year", "year", "change"]
SOURCE_ORDER: tuple[SourceName, ...] = get_args(SourceName)
ControlId = Annotated[str, Field(min_length=1, strict=True, pattern=r"^[A-Za-z0-9][\w.()-]*$")]
Level = Annotated[int, Field(strict=True, ge=1, le=3)]

#: A file and a line in it, from 1.
Where = tuple[Path, int]

#: The frequencies in words.
HOW_OFTEN: Mapping[Frequency, str] = {
    "period": "for each audit period",
    "month": "every month",
    "quarter": "every quarter",
    "half_year": "every six months",
    "year": "every year",
    "change": "whenever it changes",
}


class CheckMapping(Strict):
    """One check of a control: its role, on what basis, who says so (crosswalk ids), and why."""

    check: Text
    role: Role
    basis: Basis
    by: tuple[Text, ...] = ()
    reason: str = ""


class ManualEvidence(Strict):
    """Evidence that only people can give: what, and how often."""

    provide: Text
    frequency: Frequency


class Control(Strict):
    """One control, in our own words; ids are the publisher's."""

    id: ControlId
    title: Text
    objective: Text
    test_procedure: Annotated[tuple[Text, ...], Field(min_length=1)]
    level: Level | None = None
    manual: ManualEvidence | None = None
    checks: tuple[CheckMapping, ...] = ()

    @property
    def required(self) -> tuple[str, ...]:
        """Ids of the required checks, in the file's order."""
        return tuple(mapping.check for mapping in self.checks if mapping.role == "required")

    @property
    def supporting(self) -> tuple[str, ...]:
        """Ids of the supporting checks, in the file's order."""
        return tuple(mapping.check for mapping in self.checks if mapping.role == "supporting")


class Withdrawn(Strict):
    """A control that its publisher withdrew: shown, not assessed."""

    id: ControlId
    title: Text
    moved_to: tuple[Text, ...] = ()


class ControlSet(Strict):
    """A chapter of the framework."""

    id: Text
    title: Text
    controls: tuple[Control, ...]
    withdrawn: tuple[Withdrawn, ...] = ()


class Head(Strict):
    """What stands at the top of a framework file."""

    id: Annotated[str, Field(pattern=ID_PATTERN, strict=True)]
    title: Text
    version: Text
    publisher: Text
    compliance_type: Text
    description: Text
    schedule: Schedule
    judge: Judge
    sources: Annotated[tuple[SourceName, ...], Field(min_length=1)]
    tags: tuple[Text, ...] = ()


class Framework(Head):
    """A whole framework. ``digest`` is a SHA-256 over all it says, references followed."""

    control_sets: Annotated[tuple[ControlSet, ...], Field(min_length=1)]
    _path: Path = PrivateAttr(default=Path())
    _digest: str = PrivateAttr(default="")
    #: Where controls and mappings stand; the lines are looked for when one is asked for.
    _places: Mapping[tuple[str, str], tuple[LocatedYaml, Place]] = PrivateAttr(default_factory=dict)
    _origins: Mapping[str, tuple[str, ...]] = PrivateAttr(default_factory=dict)

    @property
    def path(self) -> Path:
        """The file it was read from."""
        return self._path

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of what it says."""
        if not self._digest:
            self._digest = digest_of(self.model_dump(mode="json", exclude={"sources"}))
        return self._digest

    @property
    def dag_id(self) -> str:
        """The id of the framework's assessment DAG."""
        return f"assess_{self.id}"

    @property
    def name(self) -> str:
        """Title and version, as people say it."""
        return full_name(self.title, self.version)

    def where(self, control_id: str, check: str = "") -> Where:
        """File and line of a control, or of its mapping of a check, in this framework.

        What is taken from another framework stands where this one names it.
        """
        for named in ((control_id, check), (control_id, "")):
            if named in self._places:
                document, place = self._places[named]
                return document.path, document.line(place)
        return self.path, 1

    def origins(self, control_id: str) -> tuple[str, ...]:
        """From which control it was taken, nearest first: ``cis_aws_3.0/1.3``; often none."""
        return self._origins.get(control_id, ())

    def controls(self) -> Iterator[Control]:
        """Every control that is assessed, in the file's order."""
        for control_set in self.control_sets:
            yield from control_set.controls

    def withdrawn(self) -> Iterator[Withdrawn]:
        """Every control that its publisher withdrew."""
        for control_set in self.control_sets:
            yield from control_set.withdrawn

    def control(self, control_id: str) -> Control:
        """The control with that id. Raises KeyError."""
        for control in self.controls():
            if control.id == control_id:
                return control
        raise KeyError(control_id)

    def checks_needed(self) -> list[str]:
        """Ids of all mapped checks, each once, in the file's order."""
        return list(dict.fromkeys(m.check for control in self.controls() for m in control.checks))

    def sources_needed(self, catalogue: Mapping[str, Check]) -> list[SourceName]:
        """The sources that can answer a mapped check, and what people hand in where they must."""
        needed: set[SourceName] = {
            source.source for check in self.checks_needed() for source in catalogue[check].sources
        }
        if any(control.manual for control in self.controls()):
            needed.add("manual")
        return [name for name in SOURCE_ORDER if name in needed]
