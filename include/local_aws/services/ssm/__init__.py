"""Systems Manager's nodes and their compliance, read from the estate; moto answers the rest."""

from __future__ import annotations

from include.local_aws.estate.store import Estate
from include.local_aws.overlay import Handler
from include.local_aws.services.ssm import compliance, nodes
from include.local_aws.services.ssm.told import Told


def handlers(estate: Estate) -> dict[str, Handler]:
    """Nodes, patch states and compliance."""
    told = Told(estate)
    return {**nodes.handlers(estate, told), **compliance.handlers(estate, told)}
