"""License Manager, read from the estate."""

from __future__ import annotations

from include.local_aws.estate.store import Estate
from include.local_aws.overlay import Handler
from include.local_aws.services.licensemanager import configurations, inventory


def handlers(estate: Estate) -> dict[str, Handler]:
    """All License Manager operations the local AWS answers."""
    return {**configurations.handlers(estate), **inventory.handlers(estate)}
