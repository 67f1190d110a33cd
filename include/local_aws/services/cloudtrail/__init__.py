"""CloudTrail, read from the estate."""

from __future__ import annotations

from include.local_aws.delivered import Delivery
from include.local_aws.estate.store import Estate
from include.local_aws.overlay import Handler
from include.local_aws.services.cloudtrail import lookup, trails
from include.local_aws.services.cloudtrail.log_files import TrailFiles
from include.local_aws.services.cloudtrail.trail import trails as trails_of


def handlers(estate: Estate) -> dict[str, Handler]:
    """All CloudTrail operations the local AWS answers."""
    return {**lookup.handlers(estate), **trails.handlers(estate)}


def deliveries(estate: Estate) -> tuple[Delivery, ...]:
    """The log and digest files of the estate's trails."""
    return tuple(TrailFiles(estate, trail) for trail in trails_of(estate) if trail.bucket)
