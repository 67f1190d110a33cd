"""What an account has in Audit Manager: frameworks and controls, each asked for once."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from include.audit_manager.naming import framework_of
from include.audit_manager.paging import listed

#: Tags by which our objects are known.
OWNER_TAG, OWNER = "managed-by", "compliance-assessments"
FRAMEWORK_TAG = "framework"
DEFINITION_TAG = "definition"
SOURCES_TAG = "sources"


@dataclass
class AuditManagerAccount:
    """The library of one account and region, read as it is needed."""

    client: Any
    _frameworks: dict[str, dict[str, Any]] = field(default_factory=dict)

    @cached_property
    def custom_frameworks(self) -> list[dict[str, Any]]:
        """Metadata of the custom frameworks."""
        return self._listed_frameworks("Custom")

    @cached_property
    def standard_frameworks(self) -> list[dict[str, Any]]:
        """Metadata of the standard frameworks."""
        return self._listed_frameworks("Standard")

    @cached_property
    def custom_controls(self) -> dict[str, str]:
        """Names of the custom controls by id, the oldest first."""
        found = listed(
            self.client.list_controls, "controlMetadataList", controlType="Custom", maxResults=1000
        )
        return {str(one["id"]): str(one["name"]) for one in found}

    @cached_property
    def active_assessments(self) -> int:
        """How many assessments are active."""
        return sum(
            1 for _ in listed(self.client.list_assessments, "assessmentMetadata", status="ACTIVE")
        )

    def framework(self, framework_id: str) -> dict[str, Any]:
        """One framework with its control sets."""
        if framework_id not in self._frameworks:
            answer = self.client.get_assessment_framework(frameworkId=framework_id)
            self._frameworks[framework_id] = answer["framework"]
        return self._frameworks[framework_id]

    def own_framework(self, framework_id: str, name: str) -> dict[str, Any] | None:
        """Our custom framework of that id, whatever it was called; or the one of that name.

        The one of that name may not be ours: see :func:`is_ours`.
        """
        named = [one for one in self.custom_frameworks if one["name"] == name]
        rest = [one for one in self.custom_frameworks if one["name"] != name]
        for one in (*named, *rest):
            framework = self.framework(one["id"])
            if is_ours(framework, framework_id):
                return framework
        return self.framework(named[0]["id"]) if named else None

    def own_controls(self, framework_id: str) -> dict[str, str]:
        """Names by id of the custom controls that bear the id of that framework of ours."""
        return {
            control_id: name
            for control_id, name in self.custom_controls.items()
            if framework_of(name) == framework_id
        }

    def used_controls(self, changed: set[str]) -> set[str]:
        """Ids of all controls in custom frameworks (but ``changed`` ones) and in assessments."""
        used = {
            control["id"]
            for one in self.custom_frameworks
            if one["id"] not in changed
            for part in self.framework(one["id"])["controlSets"]
            for control in part.get("controls", [])
        }
        for one in listed(self.client.list_assessments, "assessmentMetadata", maxResults=1000):
            assessment = self.client.get_assessment(assessmentId=one["id"])["assessment"]
            for part in assessment["framework"]["controlSets"]:
                used |= {control["id"] for control in part.get("controls", [])}
        return used

    def _listed_frameworks(self, kind: str) -> list[dict[str, Any]]:
        return list(
            listed(
                self.client.list_assessment_frameworks,
                "frameworkMetadataList",
                frameworkType=kind,
                maxResults=1000,
            )
        )


def is_ours(found: dict[str, Any], framework_id: str) -> bool:
    """Whether a framework or control was written from here, for that framework."""
    tags = found.get("tags") or {}
    return tags.get(OWNER_TAG) == OWNER and tags.get(FRAMEWORK_TAG) == framework_id


def tags_of(framework_id: str, digest: str, **more: str) -> dict[str, str]:
    """The tags of a framework or control of ours."""
    return {
        OWNER_TAG: OWNER,
        FRAMEWORK_TAG: framework_id,
        DEFINITION_TAG: digest,
        **more,
    }
