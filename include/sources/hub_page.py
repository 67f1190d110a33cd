"""A page of Security Hub findings as it is read: the few members that evidence is made of.

Leaves have no type, so that a null, a number or a new word where AWS's model has a text doesn't
make a page unreadable; what is read of them goes through :func:`text`.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct


class Resource(Struct, gc=False):
    """One of the resources of a finding; control findings have one."""

    Type: Any = None
    Id: Any = None


class AssociatedStandard(Struct, gc=False):
    """A standard that a consolidated finding counts for."""

    StandardsId: Any = None


class ControlParameter(Struct, gc=False):
    """A parameter with which the control judged."""

    Name: Any = None
    Value: Any = None


class StatusReason(Struct, gc=False):
    """Why there is no verdict."""

    ReasonCode: Any = None


class Compliance(Struct, gc=False):
    """The control's result."""

    Status: Any = None
    SecurityControlId: Any = None
    AssociatedStandards: list[AssociatedStandard] | None = None
    SecurityControlParameters: list[ControlParameter] | None = None
    StatusReasons: list[StatusReason] | None = None


class Workflow(Struct, gc=False):
    """What people made of the finding."""

    Status: Any = None


class Note(Struct, gc=False):
    """What somebody wrote on it."""

    Text: Any = None
    UpdatedBy: Any = None


class StandardFields(Struct, gc=False):
    """Of ``ProductFields``: what findings of a single standard say of their rule."""

    StandardsControlArn: Any = None
    ControlId: Any = None
    RuleId: Any = None


class Finding(Struct, gc=False):
    """One finding, as far as it is used."""

    Id: Any = None
    ProductArn: Any = None
    GeneratorId: Any = None
    AwsAccountId: Any = None
    Region: Any = None
    CreatedAt: Any = None
    UpdatedAt: Any = None
    Compliance: Compliance | None = None
    Resources: list[Resource] | None = None
    Workflow: Workflow | None = None
    RecordState: Any = None
    Note: Note | None = None
    ProductFields: StandardFields | None = None


class FindingsPage(Struct, gc=False):
    """The answer of GetFindings."""

    Findings: list[Finding] = []
    NextToken: Any = None


def text(value: Any) -> str:
    """A leaf as text; '' for a missing one."""
    return value if isinstance(value, str) else "" if value is None else str(value)
