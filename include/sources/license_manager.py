"""License Manager: configurations, who uses them and what is associated, as of the period's end.

The service remembers nothing. What it lists now stands for the period's end only where its own
times (an association's) or CloudTrail (nothing was changed since) show that; else our own earlier
snapshots speak, else the item is CURRENT_ONLY.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from include.aws.errors import error_code
from include.clock import iso
from include.evidence.cell import Cell
from include.evidence.deployment import Deployment
from include.evidence.item import Evidence, Known, SourceName
from include.evidence.snapshot import SnapshotWriter
from include.sources.base import AskedForAll, Ended, Listing, ask_once, known_as, pages
from include.sources.kept import Kept
from include.sources.licence_events import ACTIONS, Since, since_the_end
from include.sources.trail_events import REACH

if TYPE_CHECKING:
    from include.aws.sessions import ClientFactory

CONFIGURATIONS = "licensemanager_ListLicenseConfigurations"
USAGE = "licensemanager_ListUsageForLicenseConfiguration"
ASSOCIATIONS = "licensemanager_ListAssociationsForLicenseConfiguration"
KEYWORDS = (CONFIGURATIONS, USAGE, ASSOCIATIONS)
CONFIGURATION_TYPE = "AWS::LicenseManager::LicenseConfiguration"

_TYPES = {
    "EC2_INSTANCE": "AWS::EC2::Instance",
    "EC2_HOST": "AWS::EC2::Host",
    "EC2_AMI": "AWS::EC2::Image",
    "RDS": "AWS::RDS::DBInstance",
    "SYSTEMS_MANAGER_MANAGED_INSTANCE": "AWS::SSM::ManagedInstance",
}
#: What a configuration demands; what it consumed is worked out for the period's end.
_SETTINGS = (
    "Name",
    "Description",
    "LicenseCountingType",
    "LicenseRules",
    "LicenseCount",
    "LicenseCountHardLimit",
    "DisassociateWhenNotFound",
    "OwnerAccountId",
    "LicenseExpiry",
    "ProductInformationList",
)
_NOT_SET_UP = "Service role not found"


class LicenseManager(AskedForAll):
    """Collects configurations, usage and associations. Asked for everything."""

    name: SourceName = "license_manager"
    service = "license-manager"
    settled = True

    def actions(self, selection: Mapping[str, Any]) -> frozenset[str]:
        """The calls it makes, CloudTrail's for what happened since included."""
        return ACTIONS | {
            "license-manager:GetServiceSettings",
            "license-manager:ListAssociationsForLicenseConfiguration",
            "license-manager:ListLicenseConfigurations",
            "license-manager:ListUsageForLicenseConfiguration",
        }

    def collect(
        self, cell: Cell, asked: Mapping[str, Any], clients: ClientFactory, out: SnapshotWriter
    ) -> None:
        """Whether it is set up, what is configured, who uses it, what happened since."""
        client = clients.client("license-manager", cell.region)
        require_set_up(out, client)
        listed: dict[str, _Configuration] = {}
        for listing in pages(out, client, "ListLicenseConfigurations", "LicenseConfigurations"):
            for offset, value in enumerate(listing.items):
                configuration = _Configuration(value, listing, offset)
                out.duplicates += configuration.arn in listed
                listed.setdefault(configuration.arn, configuration)
        found = list(listed.values())
        used = {one.arn: _usage(out, client, one) for one in found}
        since = since_the_end(out, clients, cell, any(used.values()))
        kept = Kept(out, cell)
        for one in found:
            usage = used[one.arn]
            for item in (
                _configuration(cell, one, usage, since),
                *(_use(cell, one, use, since) for use in usage),
                *_associations(out, client, cell, one),
            ):
                if item is not None:
                    out.add(kept.better(item))
        known = {one.arn for one in found}
        for arn in sorted(since.deleted - known):
            out.add(kept.better(_deleted(cell, arn, out.now)))
        reached = since.known or kept.found
        for keyword in KEYWORDS:
            out.deploy(_deployment(cell, keyword, out.now, reached=reached))
        if since.why:
            out.note(since.why)
        if not reached and cell.period.end < out.now - REACH:
            raise Ended(
                "BEYOND_REACH",
                "The period ended more than 90 days ago, and no snapshot of ours is from its end: "
                "License Manager tells of the present only.",
            )


def require_set_up(out: SnapshotWriter, client: Any) -> None:
    """Raises Ended where License Manager was never set up. One call."""
    try:
        ask_once(out, client, "GetServiceSettings")
    except ClientError as error:
        if error_code(error) == "AccessDeniedException" and _NOT_SET_UP in str(error):
            raise Ended(
                "NOT_ENABLED",
                "License Manager is not set up in this account and region: its service role "
                "was never created.",
            ) from error
        raise


@dataclass(frozen=True)
class _Listed:
    """Something as a page listed it, and where it stands there."""

    value: Mapping[str, Any]
    listing: Listing
    offset: int


class _Configuration(_Listed):
    """A license configuration."""

    @property
    def arn(self) -> str:
        return str(self.value["LicenseConfigurationArn"])


class _Use(_Listed):
    """A resource that uses licenses."""

    @property
    def resource(self) -> str:
        return str(self.value.get("ResourceArn", ""))

    @property
    def consumed(self) -> int:
        return int(self.value.get("ConsumedLicenses") or 0)

    @property
    def since(self) -> datetime | None:
        at = self.value.get("AssociationTime")
        return at if isinstance(at, datetime) else None

    def before(self, end: datetime) -> bool:
        """Whether it was associated before ``end``, and is to this moment."""
        return self.since is not None and self.since < end


def _usage(out: SnapshotWriter, client: Any, one: _Configuration) -> list[_Use]:
    by_resource: dict[str, _Use] = {}
    for listing in pages(
        out,
        client,
        "ListUsageForLicenseConfiguration",
        "LicenseConfigurationUsageList",
        {"LicenseConfigurationArn": one.arn},
    ):
        for offset, value in enumerate(listing.items):
            use = _Use(value, listing, offset)
            # An item may come again when the list changes between two pages.
            out.duplicates += use.resource in by_resource
            by_resource.setdefault(use.resource, use)
    uses = list(by_resource.values())
    expected, found = int(one.value.get("ConsumedLicenses") or 0), sum(u.consumed for u in uses)
    out.count(
        f"licences consumed under {one.value.get('Name', one.arn)}",
        expected,
        found,
        "more were taken into use between the two calls" if found > expected else "",
    )
    return uses


def _configuration(
    cell: Cell, one: _Configuration, usage: Sequence[_Use], since: Since
) -> Evidence | None:
    """Its settings, and what was consumed at the period's end as far as that is known."""
    if one.arn in since.created:
        return None
    end, at = cell.period.end, one.listing.answer.at
    known: Known = "CURRENT_ONLY"
    if at < end or (since.known and one.arn not in since.touched):
        known = known_as(at, cell.period)
    if at < end:
        counted, all_seen = int(one.value.get("ConsumedLicenses") or 0), True
    else:
        # What is used since before the end was used at the end; what was given up is not seen.
        counted = sum(use.consumed for use in usage if use.before(end))
        all_seen = since.consumption_known
    return Evidence(
        source="license_manager",
        keyword=CONFIGURATIONS,
        account=cell.account,
        region=cell.region,
        event_source="license-manager.amazonaws.com",
        event_name="ListLicenseConfigurations",
        resource=one.arn,
        resource_type=CONFIGURATION_TYPE,
        result="NONE",
        raw_status=str(one.value.get("Status", "")),
        known=known,
        source_time=min(at, end),
        collected_at=at,
        deployment=CONFIGURATIONS,
        attributes={
            "configuration": {
                **{name: one.value[name] for name in _SETTINGS if one.value.get(name) is not None},
                "ConsumedLicenses" if all_seen else "ConsumedLicensesAtLeast": counted,
            },
            "consumption": {"licenses" if all_seen else "at_least": counted},
        },
        page=one.listing.page,
        offset=one.offset,
    )


def _use(cell: Cell, one: _Configuration, use: _Use, since: Since) -> Evidence | None:
    """One resource's consumption; None when it began after the period."""
    end, at = cell.period.end, use.listing.answer.at
    if at >= end and use.since is not None and not use.before(end):
        return None
    changed = use.resource in since.resources or not since.known
    known: Known = "CURRENT_ONLY"
    if at < end or (use.before(end) and not changed):
        known = known_as(at, cell.period)
    return _linked(
        cell, one, USAGE, use.value, use.listing, use.offset, known, consumed=use.consumed
    )


def _associations(
    out: SnapshotWriter, client: Any, cell: Cell, one: _Configuration
) -> list[Evidence]:
    """What is associated since before the period's end: that alone shows that it was, then."""
    found = []
    end = cell.period.end
    for listing in pages(
        out,
        client,
        "ListAssociationsForLicenseConfiguration",
        "LicenseConfigurationAssociations",
        {"LicenseConfigurationArn": one.arn},
    ):
        at = listing.answer.at
        for offset, value in enumerate(listing.items):
            began = value.get("AssociationTime")
            if began is not None and began >= end:
                continue
            proven = began is not None or at < end
            known: Known = known_as(at, cell.period) if proven else "CURRENT_ONLY"
            found.append(_linked(cell, one, ASSOCIATIONS, value, listing, offset, known))
    return found


def _linked(
    cell: Cell,
    one: _Configuration,
    keyword: str,
    value: Mapping[str, Any],
    listing: Listing,
    offset: int,
    known: Known,
    **more: Any,
) -> Evidence:
    began, at = value.get("AssociationTime"), listing.answer.at
    kind = str(value.get("ResourceType", ""))
    attributes: dict[str, Any] = {
        "id": one.arn,  # one resource may use several configurations
        "license_configuration": one.arn,
        "name": str(one.value.get("Name", "")),
        "resource_owner": str(value.get("ResourceOwnerId", "")),
        **more,
    }
    if isinstance(began, datetime):
        attributes["associated"] = iso(began)
    return Evidence(
        source="license_manager",
        keyword=keyword,
        account=cell.account,
        region=cell.region,
        event_source="license-manager.amazonaws.com",
        event_name=keyword.partition("_")[2],
        resource=str(value.get("ResourceArn", "")),
        resource_type=_TYPES.get(kind, kind),
        result="NONE",
        raw_status=str(value.get("ResourceStatus", "")),
        known=known,
        source_time=began if isinstance(began, datetime) else min(at, cell.period.end),
        collected_at=at,
        deployment=keyword,
        attributes=attributes,
        page=listing.page,
        offset=offset,
    )


def _deleted(cell: Cell, arn: str, now: datetime) -> Evidence:
    """A configuration that was there at the period's end and is gone: nobody can tell its state."""
    return Evidence(
        source="license_manager",
        keyword=CONFIGURATIONS,
        account=cell.account,
        region=cell.region,
        event_source="license-manager.amazonaws.com",
        event_name="ListLicenseConfigurations",
        resource=arn,
        resource_type=CONFIGURATION_TYPE,
        result="UNANSWERED",
        raw_status="DELETED_SINCE",
        known="RECONSTRUCTED",
        source_time=cell.period.end,
        collected_at=now,
        deployment=CONFIGURATIONS,
    )


def _deployment(cell: Cell, keyword: str, now: datetime, *, reached: bool) -> Deployment:
    return Deployment.of_keyword(cell, keyword, "ACTIVE" if reached else "BEYOND_REACH", now)
