"""Small frameworks for tests, as the loader would give them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from include.digests import digest_of
from include.frameworks.schema import CheckMapping, Control, ControlSet, Framework, ManualEvidence


def control(control_id: str, title: str = "", *checks: str, **more: Any) -> Control:
    """A control with required checks, or one that people give evidence for."""
    given: dict[str, Any] = {
        "id": control_id,
        "title": title or f"Title of {control_id}",
        "objective": "It keeps data safe.",
        "test_procedure": ("Obtain the list.", "Fail what is missing."),
        "checks": tuple(
            CheckMapping(check=name, role="required", basis="judgement", reason="It asks this.")
            for name in checks
        ),
    }
    if not checks:
        given["manual"] = ManualEvidence(provide="A signed list.", frequency="year")
    return Control(**{**given, **more})


def framework(*sets: tuple[str, list[Control]], path: Path | None = None, **more: Any) -> Framework:
    """A framework of those sets (titles and controls)."""
    built = Framework(
        **{
            "id": "ours",
            "title": "Our controls",
            "version": "1",
            "publisher": "We",
            "compliance_type": "Ours",
            "description": "What we ask of ourselves.",
            "schedule": "month",
            "judge": "period_end",
            "sources": ("manual",),
            "control_sets": tuple(
                ControlSet(id=str(n), title=title, controls=tuple(controls))
                for n, (title, controls) in enumerate(sets, 1)
            ),
            **more,
        }
    )
    built._path = path or Path("/own/ours.yaml")
    built._digest = digest_of(built.model_dump(mode="json"))
    return built
