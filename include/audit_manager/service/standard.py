"""Standard frameworks: every account finds them in its library, with the same ids anywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from include.audit_manager.service.mapping_sources import completed
from include.audit_manager.service.models import (
    EVERYBODY,
    Control,
    Framework,
    FrameworkSet,
    FrameworkSetControl,
    StandardEdition,
)
from include.audit_manager.service.names import id_of
from include.digests import digest_of

_OWNER = "AWS Audit Manager"
#: Standard objects have no history of their own; a fixed time keeps their pages stable.
_SINCE = datetime(2026, 1, 1, tzinfo=UTC)
#: Rows per statement.
_ROWS = 500


@dataclass(frozen=True)
class StandardControl:
    """A control as a framework file gives it; ``sources`` are the API's ControlMappingSources.

    ``key`` is what it stays known by when its name changes; without one, its set and its name.
    """

    name: str
    description: str
    sources: Sequence[Mapping[str, Any]]
    testing_information: str = ""
    action_plan_title: str = ""
    action_plan_instructions: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    key: str = ""


@dataclass(frozen=True)
class StandardFramework:
    """A framework as a framework file gives it: control set names to controls, in order.

    ``key`` is what it stays known by when its name changes; without one, its name.
    """

    name: str
    description: str
    compliance_type: str
    control_sets: Mapping[str, Sequence[StandardControl]]
    tags: Mapping[str, str] = field(default_factory=dict)
    key: str = ""


@dataclass(frozen=True)
class StandardLibrary:
    """Standard frameworks that are read only when a database doesn't hold this edition yet."""

    digest: str
    read: Callable[[], Iterable[StandardFramework]]

    @classmethod
    def of(cls, frameworks: Iterable[StandardFramework]) -> StandardLibrary:
        """A library of frameworks at hand."""
        given = list(frameworks)
        return cls(digest_of([asdict(each) for each in given]), lambda: given)


def load_standard(session: Session, library: StandardLibrary) -> None:
    """Make the library's standard part exactly ``library``; assessments keep what they have."""
    edition = session.get(StandardEdition, EVERYBODY)
    if edition is not None and edition.digest == library.digest:
        return
    frameworks, sets, members, controls = _rows(library.read())
    # Frameworks are written anew, ids being the same; controls may stand in custom frameworks.
    session.execute(delete(Framework).where(Framework.account == EVERYBODY))
    there = set(session.scalars(select(Control.id).where(Control.account == EVERYBODY)))
    gone = sorted(there - set(controls))
    for start in range(0, len(gone), _ROWS):
        session.execute(delete(Control).where(Control.id.in_(gone[start : start + _ROWS])))
    known = [row for row in controls.values() if row["id"] in there]
    if known:
        session.execute(update(Control), known)
    new = [row for row in controls.values() if row["id"] not in there]
    for table, rows in (
        (Control, new),
        (Framework, frameworks),
        (FrameworkSet, sets),
        (FrameworkSetControl, members),
    ):
        for start in range(0, len(rows), _ROWS):
            session.execute(insert(table), rows[start : start + _ROWS])
    session.merge(StandardEdition(id=EVERYBODY, digest=library.digest))
    session.flush()


Rows = list[dict[str, Any]]


def _rows(frameworks: Iterable[StandardFramework]) -> tuple[Rows, Rows, Rows, dict[str, Any]]:
    """Rows of frameworks, of sets, of their members, and of controls by id."""
    own: Rows = []
    sets: Rows = []
    members: Rows = []
    controls: dict[str, Any] = {}
    for framework in frameworks:
        key = framework.key or framework.name
        framework_id = id_of("framework", key)
        own.append(
            {
                **_standard(framework_id, framework.name, framework.description, framework.tags),
                "compliance_type": framework.compliance_type or None,
            }
        )
        for position, (name, content) in enumerate(framework.control_sets.items()):
            set_id = id_of("set", key, name)
            sets.append(
                {
                    "id": set_id,
                    "framework_id": framework_id,
                    "position": position,
                    "name": name,
                }
            )
            for at, control in enumerate(content):
                row = _control(key, name, control)
                controls[row["id"]] = row
                members.append({"set_id": set_id, "control_id": row["id"], "position": at})
    return own, sets, members, controls


def _control(framework: str, set_name: str, control: StandardControl) -> dict[str, Any]:
    place = (control.key,) if control.key else (set_name, control.name)
    control_id = id_of("control", framework, *place)
    return {
        **_standard(control_id, control.name, control.description, control.tags),
        "testing_information": control.testing_information or None,
        "action_plan_title": control.action_plan_title or None,
        "action_plan_instructions": control.action_plan_instructions or None,
        "sources": [
            {**source, "sourceId": id_of("source", control_id, str(at))}
            for at, source in enumerate(completed(control.sources))
        ],
    }


def _standard(row_id: str, name: str, description: str, tags: Mapping[str, str]) -> dict[str, Any]:
    """What frameworks and controls have in common."""
    return {
        "id": row_id,
        "account": EVERYBODY,
        "region": EVERYBODY,
        "type": "Standard",
        "name": name,
        "description": description or None,
        "tags": dict(tags),
        "created_at": _SINCE,
        "created_by": _OWNER,
        "updated_at": _SINCE,
        "updated_by": _OWNER,
    }
