"""AWS Config, read from the estate."""

from __future__ import annotations

from include.local_aws.delivered import Delivery
from include.local_aws.estate.store import Estate
from include.local_aws.overlay import Handler
from include.local_aws.services.config import (
    aggregators,
    compliance,
    history,
    inventory,
    packs,
    recorder,
    rules,
    select,
)
from include.local_aws.services.config.delivery import ConfigFiles


def handlers(estate: Estate) -> dict[str, Handler]:
    """All Config operations the local AWS answers."""
    found: dict[str, Handler] = {}
    for part in (
        rules,
        compliance,
        packs,
        inventory,
        history,
        recorder,
        select,
        aggregators,
    ):
        found |= part.handlers(estate)
    return found


def deliveries(estate: Estate) -> tuple[Delivery, ...]:
    """The history files and snapshots in the accounts' delivery buckets."""
    return (ConfigFiles(estate),)
