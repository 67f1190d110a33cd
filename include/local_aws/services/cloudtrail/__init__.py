"""CloudTrail, read from the estate."""

from __future__ import annotations

from include.local_aws.delivered import Delivery
from include.local_aws.estate.store import Estate
from include.local_aws.overlay import Handler
from include.local_aws.services.cloudtrail import lookup, trails


def handlers(estate: Estate) -> dict[str, Handler]:
    """All CloudTrail operations the local AWS answers."""
    return {**lookup.handlers(estate), **trails.handlers(estate)}


def deliveries(estate: Estate) -> tuple[Delivery, ...]:
    """The log and digest files of the estate's trails."""
    return ()
