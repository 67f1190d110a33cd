"""A framework and its controls at a glance: what is automated, what maps, on what basis."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from include.checks.catalogue import Catalogue
from include.checks.check import Check, Parameter
from include.frameworks.crosswalks import load_crosswalks
from include.frameworks.schema import (
    HOW_OFTEN,
    Basis,
    CheckMapping,
    Control,
    ControlSet,
    Framework,
    Role,
)

#: Who decides a control: checks alone; checks, and evidence that people provide; people alone.
Decided = Literal["automated", "with_people", "manual"]
DECIDED: tuple[Decided, ...] = get_args(Decided)
ROLES: tuple[Role, ...] = get_args(Role)
BASES: tuple[Basis, ...] = get_args(Basis)


def decided_by(control: Control) -> Decided:
    """Who decides a control."""
    if not control.required:
        return "manual"
    return "with_people" if control.manual else "automated"


@dataclass(frozen=True)
class Overview:
    """The numbers of a framework, or of some of its controls.

    ``mappings`` counts by (role, basis); ``by`` counts mappings by the crosswalk that says so.
    """

    controls: int
    withdrawn: int
    decided: Mapping[Decided, int]
    mappings: Mapping[tuple[Role, Basis], int]
    by: Mapping[str, int]
    checks: int

    def as_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "controls": self.controls,
            "withdrawn": self.withdrawn,
            "decided": dict(self.decided),
            "mappings": {
                role: {basis: self.mappings[role, basis] for basis in BASES} for role in ROLES
            },
            "by": dict(self.by),
            "checks": self.checks,
        }


def overview_of(sets: Sequence[ControlSet]) -> Overview:
    """The numbers of these control sets."""
    controls = [control for one in sets for control in one.controls]
    mappings = [mapping for control in controls for mapping in control.checks]
    decided = Counter(decided_by(control) for control in controls)
    kinds = Counter((mapping.role, mapping.basis) for mapping in mappings)
    said = Counter(name for mapping in mappings for name in mapping.by)
    return Overview(
        controls=len(controls),
        withdrawn=sum(len(one.withdrawn) for one in sets),
        decided={kind: decided[kind] for kind in DECIDED},
        mappings={(role, basis): kinds[role, basis] for role in ROLES for basis in BASES},
        by=dict(said.most_common()),
        checks=len({mapping.check for mapping in mappings}),
    )


def framework_as_json(framework: Framework) -> dict[str, Any]:
    """A framework with its numbers, set by set, as JSON values."""
    return {
        **framework.model_dump(mode="json", exclude={"control_sets"}),
        "path": str(framework.path),
        "digest": framework.digest,
        **overview_of(framework.control_sets).as_json(),
        "control_sets": [
            {
                "id": one.id,
                "title": one.title,
                **overview_of([one]).as_json(),
                "controls": [
                    {"id": control.id, "title": control.title, "decided_by": decided_by(control)}
                    for control in one.controls
                ],
                "withdrawn": [gone.model_dump(mode="json") for gone in one.withdrawn],
            }
            for one in framework.control_sets
        ],
    }


def control_as_json(framework: Framework, control: Control, catalogue: Catalogue) -> dict[str, Any]:
    """A control with everything that is known of it and of its checks, as JSON values."""
    path, line = framework.where(control.id)
    return {
        "framework": framework.id,
        "control_set": set_of(framework, control.id).id,
        **control.model_dump(mode="json", exclude={"checks"}),
        "decided_by": decided_by(control),
        "taken_from": list(framework.origins(control.id)),
        "path": str(path),
        "line": line,
        "checks": [
            {
                **mapping.model_dump(mode="json"),
                "by": [{"id": name, "title": title} for name, title in titles(mapping.by)],
                **_check_as_json(catalogue[mapping.check]),
            }
            for mapping in control.checks
        ],
    }


def _check_as_json(check: Check) -> dict[str, Any]:
    values = check.model_dump(mode="json", exclude={"id", "sources"})
    sources = [
        source.model_dump(mode="json", exclude_defaults=True) | {"answers": source.answers}
        for source in check.sources
    ]
    return {**values, "sources": sources}


def set_of(framework: Framework, control_id: str) -> ControlSet:
    """The set that a control stands in. Raises KeyError."""
    for one in framework.control_sets:
        if any(control.id == control_id for control in one.controls):
            return one
    raise KeyError(control_id)


def titles(by: Iterable[str]) -> list[tuple[str, str]]:
    """The crosswalks ``by`` names, each with its title."""
    known = load_crosswalks()
    return [(name, known[name].title) for name in by]


def how_often(control: Control) -> str:
    """How often people have to provide evidence, in words; '' where they don't."""
    return HOW_OFTEN[control.manual.frequency] if control.manual else ""


def basis_in_words(mapping: CheckMapping) -> str:
    """On what basis a mapping stands, and who says so."""
    words = {"aws_stated": "stated by AWS", "derived": "derived", "judgement": "our own judgement"}
    said = "; ".join(title for _, title in titles(mapping.by))
    return f"{words[mapping.basis]}: {said}" if said else words[mapping.basis]


def parameter_in_words(name: str, parameter: Parameter) -> str:
    """A parameter with its value and what counts as stricter."""
    value = parameter.value
    text = ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
    more = {
        "higher": " or more",
        "lower": " or less",
        "superset": " or more of them",
        "subset": " or fewer of them",
        "same": "",
        "any": "",
    }[parameter.stricter]
    return f"{name}: the organisation decides" if value is None else f"{name}: {text}{more}"
