"""AWS Config, read from the estate."""

from __future__ import annotations

from include.local_aws.estate.store import Estate
from include.local_aws.overlay import Handler
from include.local_aws.services.config import compliance, history, inventory, recorder, rules


def handlers(estate: Estate) -> dict[str, Handler]:
    """All Config operations the local AWS answers."""
    found: dict[str, Handler] = {}
    for part in (rules, compliance, inventory, history, recorder):
        found |= part.handlers(estate)
    return found
