"""Evidence out of a call's answers: each item as it stood at the period's end, by the best word.

The words, in this order: nothing touched it since (CloudTrail); Config's configuration history;
our own snapshots of the time; else the item speaks of the present, and decides nothing of a past
period.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import msgspec

from include.clock import from_iso, iso
from include.evidence.cell import Cell
from include.evidence.deployment import Deployment, State
from include.evidence.identity import ACCOUNT_TYPE, account_identity
from include.evidence.item import Evidence, Known
from include.sources.api_asking import ApiItem, Spool, member
from include.sources.api_past import Remembered
from include.sources.api_table import ApiCall
from include.sources.api_watch import Touch, Watch
from include.sources.arns import arn_of
from include.sources.base import known_as
from include.sources.earlier import Earlier

_NO_NAMES: frozenset[str] = frozenset()


@dataclass
class Teller:
    """Tells the evidence of one cell.

    ``recall`` reads what earlier snapshots knew, when that is needed. ``regional`` are keywords of
    settings that are a region's own, not the whole account's; ``home``: the cell is in the region
    that speaks for the account.
    """

    cell: Cell
    now: datetime
    watch: Watch
    remembered: Remembered
    recall: Callable[[], Earlier]
    regional: frozenset[str] = _NO_NAMES
    home: bool = False

    @cached_property
    def earlier(self) -> Earlier:
        """What our own snapshots of the time knew."""
        return self.recall()

    def evidence(self, call: ApiCall, items: Spool) -> Iterator[Evidence]:
        """All items of the call."""
        if call.whole:
            if self.home or self._is_regional(call):
                yield self._whole(call, items)
        elif not call.identified:
            for item in items:
                yield self._setting(call, item, _configuration(call, item.value))
        if call.identified:
            yield from self._resources(call, items)

    def deployment(self, call: ApiCall) -> Deployment:
        """That the call was made, and whether what it says holds of the period. After evidence."""
        state: State = "ACTIVE" if self._reaches(call) else "BEYOND_REACH"
        return Deployment.of_keyword(self.cell, call.keyword, state, self.now)

    def _reaches(self, call: ApiCall) -> bool:
        """Whether it is known which items there were at the period's end."""
        return (
            self.watch.knows(call)
            or self.remembered.knows(call)
            or call.keyword in self.earlier.answered
        )

    def _resources(self, call: ApiCall, items: Spool) -> Iterator[Evidence]:
        open_: set[str] = set()
        told: set[str] = set()
        known = frozenset(
            name
            for item in items
            if not _ended(call, item)
            for name in item.names_of(call)
            if name in self.watch.named
        )
        for item in items:
            resource = self._resource(call, item)
            if not resource or self._later(call, item):
                continue
            touch = self.watch.touch(call, item.names_of(call), known)
            if touch.since == "same":
                told.add(resource)
                yield self._now(call, item, resource, touch)
            elif touch.since != "new":
                open_.add(resource)
        gone = {
            arn_of(call.type, id_, self.cell.account, self.cell.region): at
            for id_, at in self.watch.deleted(call, known).items()
        }
        gone = {resource: at for resource, at in gone.items() if resource not in told}
        if (open_ or gone or not self.watch.knows(call)) and self.remembered.knows(call):
            for found in self._remembered(call, told):
                told.add(found.resource)
                yield found
        for found in self._kept(call, told, open_ | gone.keys()):
            told.add(found.resource)
            yield found
        yield from self._present(call, items, open_ - told, known)
        for resource, at in sorted(gone.items()):
            if resource not in told | open_:
                yield self._lost(call, items, resource, at)

    def _remembered(self, call: ApiCall, told: set[str]) -> Iterator[Evidence]:
        """What Config says of all that the present does not tell of.

        What was seen at the time by ourselves is better, where we have it.
        """
        for item, captured in self.remembered.at_the_end(call):
            resource = self._resource(call, item)
            if not resource or resource in told:
                continue
            kept = self.earlier.items.get((call.keyword, resource, ""))
            if kept is not None and kept.known == "CONTEMPORANEOUS":
                yield kept
                continue
            found = self._item(
                call,
                resource,
                _configuration(call, item.value),
                known="RECONSTRUCTED",
                # As all that is told of the period's end; since when it stood so is said beside.
                source_time=self.cell.period.end,
                item=item,
            )
            attributes = {**found.attributes, "captured": iso(captured)}
            yield msgspec.structs.replace(found, attributes=attributes)

    def _kept(self, call: ApiCall, told: set[str], missed: set[str]) -> Iterator[Evidence]:
        """What our own snapshots of the time say of what nobody told of."""
        complete = self.watch.knows(call) or self.remembered.knows(call)
        for (keyword, resource, _), item in sorted(self.earlier.items.items()):
            # Where others said which items there were, only those of them they couldn't tell.
            wanted = resource in missed or not complete
            if keyword == call.keyword and resource not in told and wanted:
                yield item

    def _present(
        self, call: ApiCall, items: Spool, open_: set[str], known: frozenset[str]
    ) -> Iterator[Evidence]:
        """What is left, as of now; not what came after the end by the word of others."""
        if not open_:
            return
        living: set[str] | None = None
        if self.remembered.knows(call):
            living = set(self.remembered.now(call))
        answered_then = call.keyword in self.earlier.answered
        for item in items:
            resource = self._resource(call, item)
            if resource not in open_:
                continue
            if living is not None and self.remembered.knows(call):
                if ({resource} | item.names_of(call)) & living:
                    continue  # Config knows it, and that it was not there
            elif answered_then and (call.keyword, resource, "") not in self.earlier.present:
                continue  # it would have been among the answers of the time
            touch = self.watch.touch(call, item.names_of(call), known)
            yield self._now(call, item, resource, touch)

    def _lost(self, call: ApiCall, items: Spool, resource: str, at: datetime) -> Evidence:
        """A resource that was there at the end and is gone, nobody knows how it stood."""
        seen = max((item.seen for item in items), default=self.now)
        return self._item(
            call,
            resource,
            None,
            known="CURRENT_ONLY",
            source_time=at,
            item=ApiItem({}, "", 0, seen, {}),
        )

    def _whole(self, call: ApiCall, items: Spool) -> Evidence:
        """All items of a list as one setting of the account."""
        values = [_configuration(call, item.value) for item in items if item.value]
        values.sort(key=lambda value: str(sorted(value.items())))
        first = next(iter(items), ApiItem({}, "", 0, self.now, {}))
        return self._setting(call, first, {call.whole: values})

    def _setting(self, call: ApiCall, item: ApiItem, configuration: Mapping[str, Any]) -> Evidence:
        region = self.cell.region if self._is_regional(call) else None
        resource = account_identity(self.cell.account, region)
        touch = self.watch.touch(call, (), _NO_NAMES)
        if touch.since != "same" and (kept := self.earlier.items.get((call.keyword, resource, ""))):
            return kept
        return self._now(call, item, resource, touch, configuration, ACCOUNT_TYPE)

    def _is_regional(self, call: ApiCall) -> bool:
        """Whether the setting is each region's own."""
        own = call.type == ACCOUNT_TYPE and not call.is_global
        return own or call.keyword in self.regional

    def _now(
        self,
        call: ApiCall,
        item: ApiItem,
        resource: str,
        touch: Touch,
        configuration: Mapping[str, Any] | None = None,
        resource_type: str = "",
    ) -> Evidence:
        """What was answered now: of the period's end if nothing touched it since."""
        same = touch.since == "same"
        known: Known = known_as(item.seen, self.cell.period) if same else "CURRENT_ONLY"
        if configuration is None:
            configuration = _configuration(call, item.value)
        if known == "RECONSTRUCTED":
            kept = self.earlier.items.get((call.keyword, resource, ""))
            if kept is not None and kept.attributes.get("configuration") == configuration:
                return kept  # it was seen so at the time
        return self._item(
            call,
            resource,
            configuration,
            known=known,
            # What has stood unchanged is told as of the period's end, what was touched since as
            # of that moment, whenever it was asked for.
            source_time=min(item.seen, self.cell.period.end) if same else touch.at or item.seen,
            item=item,
            resource_type=resource_type,
        )

    def _item(
        self,
        call: ApiCall,
        resource: str,
        configuration: Mapping[str, Any] | None,
        *,
        known: Known,
        source_time: datetime,
        item: ApiItem,
        resource_type: str = "",
    ) -> Evidence:
        return Evidence(
            source="api_calls",
            keyword=call.keyword,
            account=self.cell.account,
            region=self.cell.region,
            event_source=call.event_source,
            event_name=call.operation,
            resource=resource,
            resource_type=resource_type or call.type,
            result="NONE",
            raw_status="" if configuration is not None else "DELETED",
            known=known,
            source_time=source_time,
            collected_at=item.seen,
            deployment=call.keyword,
            attributes={"configuration": configuration},
            page=item.page,
            offset=item.offset,
        )

    def _resource(self, call: ApiCall, item: ApiItem) -> str:
        """The identity of an item that this cell tells of, else ''."""
        home = item.value.get("HomeRegion")
        elsewhere = home is not None and home != self.cell.region and not call.is_global
        # A multi-region trail is shown in every region; it is its home region's.
        if elsewhere or _ended(call, item) or not item.id_of(call):
            return ""
        return item.resource_of(call, self.cell.account, self.cell.region)

    def _later(self, call: ApiCall, item: ApiItem) -> bool:
        """Whether it says itself that it came after the period's end."""
        created = _created(call, item)
        return created is not None and created >= self.cell.period.end


def _ended(call: ApiCall, item: ApiItem) -> bool:
    return any(str(member(item.value, path)) in values for path, values in call.ended.items())


def _created(call: ApiCall, item: ApiItem) -> datetime | None:
    value = member({**item.parent, **item.value}, call.created)
    try:
        return from_iso(value) if isinstance(value, str) else None
    except ValueError:
        return None  # IAM writes "N/A" and "not_supported" into time columns


def _configuration(call: ApiCall, value: Any) -> Any:
    """The members that belong to the evidence; ``keep`` names the only ones wanted, if any."""
    if isinstance(value, Mapping):
        return {
            name: _configuration(call, inner)
            for name, inner in value.items()
            if name not in call.left_out and (not call.keep or name in call.keep)
        }
    if isinstance(value, list):
        return [_configuration(call, inner) for inner in value]
    return value
