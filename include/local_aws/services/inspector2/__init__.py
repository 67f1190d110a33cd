"""Inspector, read from the estate."""

from __future__ import annotations

from include.local_aws.estate.store import Estate
from include.local_aws.overlay import Handler
from include.local_aws.services.inspector2 import (
    aggregations,
    coverage,
    findings,
    organisation,
)


def handlers(estate: Estate) -> dict[str, Handler]:
    """All Inspector operations the local AWS answers."""
    found: dict[str, Handler] = {}
    for part in (findings, aggregations, coverage, organisation):
        found |= part.handlers(estate)
    return found
