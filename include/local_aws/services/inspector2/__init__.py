"""Inspector, read from the estate."""

from __future__ import annotations

from include.local_aws.estate.store import Estate
from include.local_aws.overlay import Handler
from include.local_aws.services.inspector2 import coverage, findings


def handlers(estate: Estate) -> dict[str, Handler]:
    """All Inspector operations the local AWS answers."""
    return {**findings.handlers(estate), **coverage.handlers(estate)}
