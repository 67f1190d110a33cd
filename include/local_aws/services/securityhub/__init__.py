"""Security Hub CSPM, read from the estate."""

from __future__ import annotations

from include.local_aws.estate.store import Estate
from include.local_aws.overlay import Handler
from include.local_aws.services.securityhub import (
    controls,
    history,
    hub,
    insights,
    organisation,
    search,
)


def handlers(estate: Estate) -> dict[str, Handler]:
    """All Security Hub operations the local AWS answers."""
    found: dict[str, Handler] = {}
    for part in (hub, organisation, controls, search, history, insights):
        found |= part.handlers(estate)
    return found
