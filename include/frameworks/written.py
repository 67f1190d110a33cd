"""The form of a framework file, as people write it.

``python -m include.frameworks.written`` prints it as JSON Schema, for editors and for CI.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from include.checks.check import ParameterValue, Text
from include.checks.validation import Strict
from include.frameworks.schema import (
    Basis,
    ControlId,
    Head,
    Level,
    ManualEvidence,
    Role,
    Withdrawn,
)

_Ids = Annotated[tuple[Text, ...], Field(min_length=1)]


class MappingGroup(Strict):
    """Checks that a control maps to for one and the same reason.

    They are named by their own ids, or by the Config rules or Security Hub controls that answer
    them. ``by`` names who states it, or the crosswalks it was derived through (crosswalks.yaml).
    ``parameters`` are the values this standard demands, for a single check.
    """

    check: Text | None = None
    checks: _Ids | None = None
    config_rules: _Ids | None = None
    security_hub: _Ids | None = None
    role: Role
    basis: Basis
    by: tuple[Text, ...] = ()
    reason: str = ""
    parameters: Mapping[str, ParameterValue] = Field(default_factory=dict)


class WrittenControl(Strict):
    """A control; or another framework's (``use: <framework>/<control>``), with what differs.

    ``checks`` replaces all its mappings; ``add_checks`` adds to them, or replaces those of the
    same checks.
    ``of_check``: the control is that check, and says what the check says; ``role``, ``basis``,
    ``by``, ``parameters`` and ``reason`` are then those of its one mapping.
    """

    use: Annotated[str, Field(pattern=r"^[^/\s]+/\S+$")] | None = None
    of_check: Text | None = None
    id: ControlId | None = None
    title: Text | None = None
    objective: Text | None = None
    test_procedure: Annotated[tuple[Text, ...], Field(min_length=1)] | None = None
    level: Level | None = None
    manual: ManualEvidence | None = None
    checks: tuple[MappingGroup, ...] | None = None
    add_checks: tuple[MappingGroup, ...] = ()
    role: Role = "required"
    basis: Basis | None = None
    by: tuple[Text, ...] = ()
    reason: str = ""
    parameters: Mapping[str, ParameterValue] = Field(default_factory=dict)


class WrittenSet(Strict):
    """A chapter with its controls."""

    id: Text
    title: Text
    controls: Annotated[tuple[WrittenControl, ...], Field(min_length=1)]
    withdrawn: tuple[Withdrawn, ...] = ()


class Selection(Strict):
    """Controls of another framework, in that framework's own sets: all, or only ``controls``.

    Those of ``without`` are left out; ``changed`` says of some what differs here.
    """

    select: Text
    controls: _Ids | None = None
    without: _Ids | None = None
    changed: tuple[WrittenControl, ...] = ()


class SetFile(Strict):
    """A chapter that stands in a file of its own, beside the framework's."""

    file: Annotated[str, Field(pattern=r"^[\w.-]+(/[\w.-]+)*\.yaml$")]


class WrittenFramework(Head):
    """A whole framework file."""

    tags: Annotated[tuple[Text, ...], Field(max_length=8)] = ()
    control_sets: Annotated[tuple[WrittenSet | Selection | SetFile, ...], Field(min_length=1)]


def json_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a framework file."""
    schema = WrittenFramework.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


if __name__ == "__main__":
    print(json.dumps(json_schema(), indent=2))
