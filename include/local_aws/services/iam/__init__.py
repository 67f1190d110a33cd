"""The IAM reads that compliance needs, from the estate; everything else is moto's."""

from __future__ import annotations

from include.local_aws.estate.store import Estate
from include.local_aws.overlay import Handler
from include.local_aws.services.iam import account, credential_report, users


def handlers(estate: Estate) -> dict[str, Handler]:
    """The overlaid IAM operations."""
    found: dict[str, Handler] = {}
    for part in (users, account, credential_report):
        found |= part.handlers(estate)
    return found
