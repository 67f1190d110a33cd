"""What carries over from one framework to another: evidence collected once serves both.

A check that the first framework maps, in whatever role, is collected and answered for it; where a
control of the second maps the same check, it is answered there, too. The same question with other
values (a password of 12 characters instead of 14) is another check: it is told apart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from include.checks.catalogue import Catalogue
from include.checks.parameters import compare_parameters
from include.frameworks.schema import Control, Framework, Role

#: How much of a control's required checks the other framework answers; ``manual``: it has none,
#: people decide it.
Answered = Literal["fully", "partly", "not", "manual"]
ANSWERED: tuple[Answered, ...] = get_args(Answered)
#: Whether a check carries over; ``other_value``: the same question is asked, with other values.
Carried = Literal["yes", "other_value", "no"]


@dataclass(frozen=True)
class Speaker:
    """A control of the first framework that maps the check."""

    control: str
    role: Role


@dataclass(frozen=True)
class CarriedCheck:
    """One check of a control, and who asks it in the first framework.

    ``instead`` is the first framework's variant where only the values differ, and ``asks`` what
    that one does: ``stricter`` (its passes hold here, too), ``weaker`` (its failures do) or
    ``other`` (neither).
    """

    check: str
    role: Role
    carried: Carried
    speakers: tuple[Speaker, ...] = ()
    instead: str = ""
    asks: str = ""


@dataclass(frozen=True)
class CarriedControl:
    """One control of the second framework."""

    id: str
    title: str
    control_set: str
    answered: Answered
    #: Required checks, and how many of them carry over.
    required: int
    carried: int
    people: bool
    checks: tuple[CarriedCheck, ...]

    @property
    def touched(self) -> bool:
        """Whether anything that counts carries over, or would with other values."""
        return any(check.carried != "no" and check.role != "shown" for check in self.checks)

    def count(self, role: Role) -> tuple[int, int]:
        """How many checks of a role carry over, of how many."""
        found = [check.carried == "yes" for check in self.checks if check.role == role]
        return sum(found), len(found)

    @property
    def speakers(self) -> tuple[str, ...]:
        """Controls of the first framework that share a check that counts; requiring ones first."""
        found = sorted(
            (
                (speaker.role != "required", speaker.control)
                for check in self.checks
                if check.role != "shown"
                for speaker in check.speakers
            ),
            key=lambda one: one[0],
        )
        return tuple(dict.fromkeys(control for _, control in found))


@dataclass(frozen=True)
class CarryOver:
    """What of ``first`` answers controls of ``second``."""

    first: str
    second: str
    controls: tuple[CarriedControl, ...]

    @property
    def totals(self) -> Mapping[Answered, int]:
        """Controls of the second framework, by how much of them is answered."""
        found = Counter(control.answered for control in self.controls)
        return {kind: found[kind] for kind in ANSWERED}

    def checks(self, carried: Carried) -> set[str]:
        """Distinct required checks of the second framework that carry over, or don't."""
        return {
            check.check
            for control in self.controls
            for check in control.checks
            if check.role == "required" and check.carried == carried
        }

    def as_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "from": self.first,
            "to": self.second,
            "controls_answered": dict(self.totals),
            "required_checks": {
                "carried": len(self.checks("yes")),
                "other_value": len(self.checks("other_value")),
                "not_carried": len(self.checks("no")),
            },
            "controls": [asdict(control) for control in self.controls],
        }

    def rows(self) -> Iterator[Sequence[str | int]]:
        """A row for each check of each control, under :data:`COLUMNS`; one where there is none."""
        for control in self.controls:
            left = (
                self.second, control.control_set, control.id, control.title, control.answered,
                control.required, control.carried, "yes" if control.people else "no",
            )  # fmt: skip
            for check in control.checks:
                speakers = " ".join(speaker.control for speaker in check.speakers)
                yield (
                    *left, check.check, check.role, check.carried, self.first, speakers,
                    check.instead, check.asks,
                )  # fmt: skip
            if not control.checks:
                yield (*left, "", "", "", self.first, "", "", "")


COLUMNS = (
    "framework", "control_set", "control", "title", "answered",
    "required_checks", "required_carried", "people_provide_evidence",
    "check", "role", "carried", "from_framework", "from_controls", "asked_instead", "asks",
)  # fmt: skip


def carry_over(
    first: Framework, second: Framework, catalogue: Catalogue, controls: Sequence[str] = ()
) -> CarryOver:
    """What of ``first`` answers controls of ``second`` (all of them, or those of ``controls``)."""
    speakers: dict[str, list[Speaker]] = {}
    for control in first.controls():
        for mapping in control.checks:
            speakers.setdefault(mapping.check, []).append(Speaker(control.id, mapping.role))
    variants: dict[str, list[str]] = {}
    for check in speakers:
        variants.setdefault(_question(check), []).append(check)
    return CarryOver(
        first.id,
        second.id,
        tuple(
            _control(control, part.id, speakers, variants, catalogue)
            for part in second.control_sets
            for control in part.controls
            if not controls or control.id in controls
        ),
    )


def _control(
    control: Control,
    part: str,
    speakers: Mapping[str, Sequence[Speaker]],
    variants: Mapping[str, Sequence[str]],
    catalogue: Catalogue,
) -> CarriedControl:
    checks = []
    for mapping in control.checks:
        carried: Carried = "no"
        said, instead, asks = speakers.get(mapping.check, ()), "", ""
        others = variants.get(_question(mapping.check), ())
        if said:
            carried = "yes"
        elif others:
            carried, instead, asks = "other_value", *_nearest(mapping.check, others, catalogue)
            said = speakers[instead]
        checks.append(
            CarriedCheck(mapping.check, mapping.role, carried, tuple(said), instead, asks)
        )
    required = [check for check in checks if check.role == "required"]
    done = sum(check.carried == "yes" for check in required)
    answered: Answered = "not"
    if not required:
        answered = "manual"
    elif done:
        answered = "fully" if done == len(required) else "partly"
    return CarriedControl(
        id=control.id,
        title=control.title,
        control_set=part,
        answered=answered,
        required=len(required),
        carried=done,
        people=control.manual is not None,
        checks=tuple(checks),
    )


def _question(check: str) -> str:
    """The id of the check whose variant this is."""
    return check.partition("@")[0]


def _nearest(check: str, others: Sequence[str], catalogue: Catalogue) -> tuple[str, str]:
    """Of the variants that are asked instead the most useful one, and what it asks."""
    wanted = catalogue[check]
    found = {
        other: compare_parameters(wanted, catalogue[other].parameter_values) for other in others
    }
    order = ("equal", "stricter", "weaker", "other")
    best = min(others, key=lambda other: order.index(found[other]))
    return best, found[best]
