"""Standard frameworks: every account finds them in its library, with the same ids anywhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session

from include.audit_manager.service.mapping_sources import completed
from include.audit_manager.service.models import (
    EVERYBODY,
    Control,
    Framework,
    FrameworkSet,
    FrameworkSetControl,
)
from include.audit_manager.service.names import id_of

_OWNER = "AWS Audit Manager"
#: Standard objects have no history of their own; a fixed time keeps their pages stable.
_SINCE = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class StandardControl:
    """A control as a framework file gives it; ``sources`` are the API's ControlMappingSources."""

    name: str
    description: str
    sources: Sequence[Mapping[str, Any]]
    testing_information: str = ""


@dataclass(frozen=True)
class StandardFramework:
    """A framework as a framework file gives it: control set names to controls, in order."""

    name: str
    description: str
    compliance_type: str
    control_sets: Mapping[str, Sequence[StandardControl]]


def load_standard(session: Session, frameworks: Iterable[StandardFramework]) -> None:
    """Make the library's standard part exactly ``frameworks``."""
    session.execute(delete(Framework).where(Framework.account == EVERYBODY))
    wanted = [_framework(each) for each in frameworks]
    kept = {member.control.id for row in wanted for part in row.sets for member in part.members}
    for row in wanted:
        session.merge(row)
    session.flush()
    session.execute(delete(Control).where(Control.account == EVERYBODY, Control.id.not_in(kept)))


def _framework(framework: StandardFramework) -> Framework:
    return Framework(
        id=id_of("framework", framework.name),
        account=EVERYBODY,
        region=EVERYBODY,
        type="Standard",
        name=framework.name,
        description=framework.description or None,
        compliance_type=framework.compliance_type or None,
        tags={},
        created_at=_SINCE,
        created_by=_OWNER,
        updated_at=_SINCE,
        updated_by=_OWNER,
        sets=[
            FrameworkSet(
                id=id_of("set", framework.name, name),
                framework_id=id_of("framework", framework.name),
                position=position,
                name=name,
                members=[
                    _member(framework.name, name, at, control)
                    for at, control in enumerate(controls)
                ],
            )
            for position, (name, controls) in enumerate(framework.control_sets.items())
        ],
    )


def _member(
    framework: str, set_name: str, position: int, control: StandardControl
) -> FrameworkSetControl:
    control_id = id_of("control", framework, set_name, control.name)
    sources = [
        {**source, "sourceId": id_of("source", control_id, str(at))}
        for at, source in enumerate(completed(control.sources))
    ]
    return FrameworkSetControl(
        set_id=id_of("set", framework, set_name),
        control_id=control_id,
        position=position,
        control=Control(
            id=control_id,
            account=EVERYBODY,
            region=EVERYBODY,
            type="Standard",
            name=control.name,
            description=control.description or None,
            testing_information=control.testing_information or None,
            action_plan_title=None,
            action_plan_instructions=None,
            sources=sources,
            tags={},
            created_at=_SINCE,
            created_by=_OWNER,
            updated_at=_SINCE,
            updated_by=_OWNER,
        ),
    )
