"""API calls: configuration as the services answer it, as far as it speaks of the period's end."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from include.aws.errors import IAM_PREFIX, error_code
from include.clock import from_iso, iso
from include.evidence.cell import Cell
from include.evidence.deployment import Deployment
from include.evidence.identity import ACCOUNT_TYPE, account_identity
from include.evidence.item import Evidence, Known, SourceName
from include.evidence.snapshot import SnapshotWriter
from include.sources.api_table import CALLS, CREDENTIAL_REPORT, ApiCall
from include.sources.api_watch import Touch, Watch, watch
from include.sources.arns import arn_of
from include.sources.base import Ended, ask, ask_once, known_as, pages
from include.sources.trail_events import REACH

if TYPE_CHECKING:
    from include.aws.sessions import ClientFactory
    from include.checks.catalogue import Check

#: Where global services keep their events, whatever region is home.
_GLOBAL_EVENTS_REGION = "us-east-1"
_REPORT_ATTEMPTS = 20
_REPORT_PAUSE_SECONDS = 0.5


@dataclass(frozen=True)
class _Item:
    """One configuration item as it was answered."""

    call: ApiCall
    value: Mapping[str, Any]
    page: str
    offset: int
    seen: datetime

    @property
    def id(self) -> str:
        return str(_member(self.value, self.call.id_at) or "") if self.call.id_at else ""

    @property
    def names(self) -> frozenset[str]:
        """Every name by which an event may mean it."""
        found = {self.id, self.id.rsplit("/", 1)[-1]}
        found |= {str(_member(self.value, path) or "") for path in self.call.names_at}
        return frozenset(found - {""})


class ApiCalls:
    """Collects configuration items by the calls in :mod:`include.sources.api_table`."""

    name: SourceName = "api_calls"
    service = "iam"
    settled = True

    def selection(self, checks: Sequence[Check]) -> dict[str, Any]:
        """The calls that the checks' assertions look at."""
        wanted = {
            keyword
            for check in checks
            for source in check.sources
            if source.source == self.name
            for keyword in (*source.all_keywords, *source.uses)
        }
        return {"calls": sorted(wanted)}

    def in_region(self, selection: Mapping[str, Any], *, home: bool) -> dict[str, Any]:
        """Global services are asked in the home region only."""
        calls = [
            keyword
            for keyword in selection["calls"]
            if home or keyword not in CALLS or not CALLS[keyword].is_global
        ]
        # Trails are listed in every region; the account's view of them is the home region's.
        return {"calls": calls, "home": True} if home else {"calls": calls}

    def actions(self, selection: Mapping[str, Any]) -> frozenset[str]:
        """The calls of the table, and the look at what happened since."""
        calls = [CALLS[keyword] for keyword in selection["calls"] if keyword in CALLS]
        own = {f"{IAM_PREFIX.get(call.service, call.service)}:{call.operation}" for call in calls}
        if CREDENTIAL_REPORT in calls:
            own.add("iam:GenerateCredentialReport")
        return frozenset(own | {"cloudtrail:LookupEvents"})

    def collect(
        self, cell: Cell, asked: Mapping[str, Any], clients: ClientFactory, out: SnapshotWriter
    ) -> None:
        """First what is so now, then what happened since the period's end."""
        calls = [CALLS[keyword] for keyword in asked["calls"] if keyword in CALLS]
        unknown = sorted(set(asked["calls"]) - set(CALLS))
        if unknown:
            raise Ended("FAILED", f"No row in the table of API calls: {', '.join(unknown)}.")
        if not calls:
            return
        items = {call.keyword: list(_items(out, clients, cell, call)) for call in calls}
        regions = _watched_regions(cell, calls, items)
        seen, failure = watch(out, clients, cell, regions, calls)
        for call in calls:
            out.deploy(_deployment(cell, call, out.now))
            for item in _evidence_of(cell, call, items[call.keyword], seen, asked):
                out.add(item)
        if failure is not None:
            why = (
                "CloudTrail could not be asked what changed since the period's end "
                f"({failure.missing_permission or failure.message}): items speak of the present."
            )
            if failure.retryable:
                raise Ended("PARTIAL", why)
            out.note(why)
        if cell.period.end < out.now - REACH:
            raise Ended(
                "BEYOND_REACH",
                "The period ended more than 90 days ago; what changed since is no longer known.",
            )


def _watched_regions(
    cell: Cell, calls: Sequence[ApiCall], items: Mapping[str, Sequence[_Item]]
) -> list[str]:
    regions = {cell.region}
    if any(call.is_global for call in calls) and not cell.region.startswith(("cn-", "us-gov-")):
        regions.add(_GLOBAL_EVENTS_REGION)
    return sorted(regions)


def _items(
    out: SnapshotWriter, clients: ClientFactory, cell: Cell, call: ApiCall
) -> Iterator[_Item]:
    client = clients.client(call.service, cell.region)
    if call is CREDENTIAL_REPORT:
        yield from _credential_report(out, client)
        return
    try:
        if call.paged:
            listings = pages(
                out,
                client,
                call.operation,
                call.items_at.split(".")[0],
                call.request,
                token=call.token,
                next_token=call.next_token,
            )
            for listing in listings:
                values = list(_nested(listing.items, call.items_at.split(".")[1:]))
                for offset, value in enumerate(values):
                    yield _Item(call, value, listing.page, offset, listing.answer.at)
                if not values and call.whole:
                    yield _Item(call, {}, listing.page, 0, listing.answer.at)
        else:
            listing = ask_once(out, client, call.operation, call.request, items_at=call.items_at)
            for offset, value in enumerate(listing.items):
                plain = {k: v for k, v in value.items() if k != "ResponseMetadata"}
                yield _Item(call, plain, listing.page, offset, listing.answer.at)
            if not listing.items:
                yield _Item(call, {}, listing.page, 0, listing.answer.at)
    except ClientError as error:
        if error_code(error) not in call.absent:
            raise
        yield _Item(call, {}, "", 0, out.now)


def _nested(items: Sequence[Any], path: Sequence[str]) -> Iterator[Any]:
    if not path:
        yield from items
        return
    for item in items:
        yield from _nested(item.get(path[0], ()), path[1:])


def _credential_report(out: SnapshotWriter, iam: Any) -> Iterator[_Item]:
    """One item per row; the root user's row is left to the account summary.

    IAM makes a new report every four hours at most, so the answer is as of its own time.
    """
    for _ in range(_REPORT_ATTEMPTS):
        if ask(out, iam, "GenerateCredentialReport").output["State"] == "COMPLETE":
            break
        time.sleep(_REPORT_PAUSE_SECONDS)
    answer = ask(out, iam, "GetCredentialReport")
    rows = list(csv.DictReader(io.StringIO(answer.output["Content"].decode())))
    page = out.page(answer, len(rows))
    for offset, row in enumerate(rows):
        if row["user"] != "<root_account>":
            yield _Item(CREDENTIAL_REPORT, row, page, offset, answer.at)


def _evidence_of(
    cell: Cell, call: ApiCall, items: Sequence[_Item], seen: Watch, asked: Mapping[str, Any]
) -> Iterator[Evidence]:
    account_wide = call.keyword not in asked["regional_account_keywords"]
    if call.whole:
        if asked.get("home") or not account_wide:
            yield _whole(cell, call, items, seen, account_wide=account_wide)
    elif not call.id_at:
        for item in items:
            yield _of_account(cell, item, seen, _plain(call, item.value), account_wide=account_wide)
    if not call.id_at:
        return
    known = frozenset().union(*(item.names for item in items))
    for item in items:
        if not item.id or _elsewhere(cell, item) or _ended(item):
            continue
        touch = seen.touch(call, item.names, known)
        created = _created(item)
        if touch.since == "new" or (created is not None and created >= cell.period.end):
            continue  # it came after the period's end
        resource = arn_of(call.resource_type, item.id, cell.account, cell.region)
        yield _evidence(cell, item, resource, call.resource_type, touch, _plain(call, item.value))
    newest = max((item.seen for item in items), default=cell.period.end)
    for gone, at in sorted(seen.deleted(call, known).items()):
        resource = arn_of(call.resource_type, gone, cell.account, cell.region)
        lost = _Item(call, {}, "", 0, newest)
        yield _evidence(cell, lost, resource, call.resource_type, Touch("changed", at), None)


def _whole(
    cell: Cell, call: ApiCall, items: Sequence[_Item], seen: Watch, *, account_wide: bool
) -> Evidence:
    """All items of a list as one setting of the account."""
    values = [_plain(call, item.value) for item in items if item.value]
    values.sort(key=lambda value: str(sorted(value.items())))
    return _of_account(cell, items[0], seen, {call.whole: values}, account_wide=account_wide)


def _of_account(
    cell: Cell,
    item: _Item,
    seen: Watch,
    configuration: Mapping[str, Any],
    *,
    account_wide: bool,
) -> Evidence:
    resource = account_identity(cell.account, None if account_wide else cell.region)
    touch = seen.touch(item.call, (), frozenset())
    return _evidence(cell, item, resource, ACCOUNT_TYPE, touch, configuration)


def _elsewhere(cell: Cell, item: _Item) -> bool:
    """A multi-region trail is shown in every region; it is its home region's."""
    home = item.value.get("HomeRegion")
    return home is not None and home != cell.region


def _ended(item: _Item) -> bool:
    return any(str(_member(item.value, path)) in values for path, values in item.call.ended.items())


def _created(item: _Item) -> datetime | None:
    value = _member(item.value, item.call.created_at) if item.call.created_at else None
    if isinstance(value, str):
        try:
            return from_iso(value)
        except ValueError:
            return None  # IAM writes "N/A" and "not_supported" into time columns
    return value if isinstance(value, datetime) else None


def _evidence(
    cell: Cell,
    item: _Item,
    resource: str,
    resource_type: str,
    touch: Touch,
    configuration: Mapping[str, Any] | None,
) -> Evidence:
    same = touch.since == "same"
    known: Known = known_as(item.seen, cell.period) if same else "CURRENT_ONLY"
    return Evidence(
        source="api_calls",
        keyword=item.call.keyword,
        account=cell.account,
        region=cell.region,
        event_source=f"{item.call.service}.amazonaws.com",
        event_name=item.call.operation,
        resource=resource,
        resource_type=resource_type,
        result="NONE",
        raw_status="" if configuration is not None else "DELETED",
        known=known,
        # What has stood unchanged is told as of the period's end, what was touched since as of
        # that moment, whenever it was asked for.
        source_time=min(item.seen, cell.period.end) if same else touch.at or item.seen,
        collected_at=item.seen,
        deployment=item.call.keyword,
        attributes={"configuration": configuration},
        page=item.page,
        offset=item.offset,
    )


def _deployment(cell: Cell, call: ApiCall, now: datetime) -> Deployment:
    return Deployment(
        source="api_calls",
        keyword=call.keyword,
        account=cell.account,
        region=cell.region,
        state="BEYOND_REACH" if cell.period.end < now - REACH else "ACTIVE",
        arn=call.keyword,
        last_evaluated=iso(min(now, cell.period.end)),
    )


def _member(value: Any, path: str) -> Any:
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _plain(call: ApiCall, value: Any) -> Any:
    """JSON values without what is volatile; ``keep`` names the only members wanted, if any."""
    if isinstance(value, Mapping):
        return {
            str(name): _plain(call, inner)
            for name, inner in value.items()
            if name not in call.volatile and (not call.keep or name in call.keep)
        }
    if isinstance(value, (list, tuple)):
        return [_plain(call, inner) for inner in value]
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return value
