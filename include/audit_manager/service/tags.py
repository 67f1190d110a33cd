"""Tags of assessments, frameworks and controls."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from include.audit_manager.service.models import Assessment, Control, Framework
from include.audit_manager.service.refusals import invalid, not_found
from include.audit_manager.service.request import Request

MOST_TAGS = 50

_ARN = re.compile(
    r"arn:[\w-]+:auditmanager:([\w-]*):(\d{12}|):(assessment|assessmentFramework|control)/([^/]+)"
)
_TABLES: dict[str, tuple[str, type[Assessment] | type[Framework] | type[Control]]] = {
    "assessment": ("ASSESSMENT", Assessment),
    "assessmentFramework": ("ASSESSMENT_FRAMEWORK", Framework),
    "control": ("CONTROL", Control),
}


def checked_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """The tags, unless there are too many or one is in AWS's own name space."""
    if len(tags) > MOST_TAGS:
        raise invalid(f"A resource has at most {MOST_TAGS} tags; these are {len(tags)}.", "tags")
    for key in tags:
        if key.lower().startswith("aws:"):
            raise invalid(f"The tag key {key} starts with aws:, which is reserved.", "tags")
    return dict(tags)


def tag_resource(request: Request) -> dict[str, Any]:
    """TagResource: adds tags, and replaces those of the same keys."""
    row = _tagged(request)
    row.tags = checked_tags({**row.tags, **checked_tags(request.params["tags"])})
    return {}


def untag_resource(request: Request) -> dict[str, Any]:
    """UntagResource: a key that isn't there is no error."""
    row = _tagged(request)
    gone = set(request.params["tagKeys"])
    row.tags = {key: value for key, value in row.tags.items() if key not in gone}
    return {}


def list_tags_for_resource(request: Request) -> dict[str, Any]:
    """ListTagsForResource."""
    return {"tags": _tagged(request).tags}


def _tagged(request: Request) -> Assessment | Framework | Control:
    arn = request.params["resourceArn"]
    found = _ARN.fullmatch(arn)
    if found is None:
        raise invalid(f"{arn} isn't the ARN of a resource that can be tagged.", "resourceArn")
    region, account, kind, resource_id = found.groups()
    name, table = _TABLES[kind]
    row: Assessment | Framework | Control | None = None
    if (account, region) == (request.account, request.region):
        found_row: Any = request.session.get(table, resource_id)
        row = found_row
    if row is None or (row.account, row.region) != (account, region):
        raise not_found(name, arn)
    return row
