"""The services that answer from the estate, laid over moto operation by operation."""

from __future__ import annotations

from include.local_aws.delivered import Delivery
from include.local_aws.estate.store import Estate
from include.local_aws.overlay import Handler
from include.local_aws.services import (
    accessanalyzer,
    account,
    cloudtrail,
    config,
    ec2,
    iam,
    inspector2,
    licensemanager,
    offers,
    securityhub,
    ssm,
    unused,
)

#: Services that moto has no part in: an operation without a handler answers 501.
OWNED = frozenset(
    {
        "config",
        "securityhub",
        "cloudtrail",
        "inspector2",
        "license-manager",
        "account",
        "accessanalyzer",
    }
)


def overlays(estate: Estate) -> dict[str, dict[str, Handler]]:
    """Handlers by service (as boto3 names it) and operation."""
    found = {
        "config": config.handlers(estate),
        "securityhub": securityhub.handlers(estate),
        "cloudtrail": cloudtrail.handlers(estate),
        "inspector2": inspector2.handlers(estate),
        "license-manager": licensemanager.handlers(estate),
        "ssm": ssm.handlers(estate),
        "iam": iam.handlers(estate),
        "account": account.handlers(estate),
        "accessanalyzer": accessanalyzer.handlers(estate),
        "ec2": ec2.handlers(estate),
    }
    for more in (offers.handlers(), unused.handlers()):
        for service, handlers in more.items():
            found[service] = {**found.get(service, {}), **handlers}
    return found


def deliveries(estate: Estate) -> tuple[Delivery, ...]:
    """What AWS delivers to the estate's buckets."""
    return (*cloudtrail.deliveries(estate), *config.deliveries(estate))
