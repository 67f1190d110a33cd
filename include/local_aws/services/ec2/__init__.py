"""The EC2 reads that compliance needs, from the estate; everything else is moto's."""

from __future__ import annotations

from include.local_aws.estate.store import Estate
from include.local_aws.overlay import Handler
from include.local_aws.services.ec2 import describe, rules


def handlers(estate: Estate) -> dict[str, Handler]:
    """The overlaid EC2 operations."""
    return {**describe.handlers(estate), **rules.handlers(estate)}
