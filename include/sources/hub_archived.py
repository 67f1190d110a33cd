"""Why a finding was archived: nothing in it says so, but what is switched on tells.

Only Security Hub archives its own control findings: when the resource is gone, when the control
or the standard is switched off, or when findings begin (or cease) to be consolidated.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from include.sources.hub_switches import Association, Switches

Cause = Literal[
    "RESOURCE_DELETED",
    "CONTROL_DISABLED",
    "STANDARD_DISABLED",
    "FINDING_REPLACED",
    "UNKNOWN",
]


def why_archived(
    control: str, standard: str, archived: datetime, *, came_back: bool, switches: Switches
) -> Cause:
    """The cause of an archiving at ``archived``.

    ``standard`` is the path of the standard whose own finding it is, '' for a consolidated one;
    ``came_back``: it is active again now, so the resource is still there.
    """
    if switches.consolidated == bool(standard):
        return "FINDING_REPLACED"
    if control not in switches.controls:
        return "UNKNOWN"
    held = [one for one in switches.associations.get(control, ()) if standard in ("", one.standard)]
    if not held:
        return "STANDARD_DISABLED"
    on = [one for one in held if one.enabled]
    if on:
        through = any(one.since <= archived for one in on)
        return "RESOURCE_DELETED" if through or not came_back else "CONTROL_DISABLED"
    # Archiving follows a switch, after up to five days; it never precedes it.
    return "CONTROL_DISABLED" if archived >= _last(held) else "RESOURCE_DELETED"


def _last(held: list[Association]) -> datetime:
    return max(one.since for one in held)
