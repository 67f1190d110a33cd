"""Whether anything touched a resource since the period's end, by CloudTrail's word."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from botocore.exceptions import BotoCoreError, ClientError

from include.evidence.cell import Cell
from include.evidence.snapshot import SnapshotWriter
from include.sources.api_table import ApiCall
from include.sources.trail_events import REACH, TrailEvent, look_up

if TYPE_CHECKING:
    from include.aws.sessions import ClientFactory

#: ``same``: as it was at the period's end; ``changed``: something touched it since; ``new``: it
#: was made since; ``unknown``: CloudTrail could not be asked, or nobody knows what to look for.
Since = Literal["same", "changed", "new", "unknown"]


@dataclass(frozen=True)
class Touch:
    """What happened to an item since the period's end, and when last (None: nothing did)."""

    since: Since
    at: datetime | None = None


@dataclass(frozen=True)
class Watch:
    """The events since the period's end that changed something; None: they are not known.

    ``running``: the period has not ended, so whatever is so now is so in it.
    """

    events: tuple[TrailEvent, ...] | None
    running: bool = False

    def knows(self, call: ApiCall) -> bool:
        """Whether it can be told what changed for the items of the call, and what was removed.

        It can't when something was removed by an event that doesn't say what.
        """
        if self.running:
            return True
        if self.events is None or call.touches is None:
            return False
        deletes = call.touches.deletes
        return not any(
            event.name in deletes
            and _matters(call, event)
            and not any(name == deletes[event.name] for name, _ in event.words)
            for event in self.events
        )

    @cached_property
    def named(self) -> frozenset[str]:
        """Every name in any of the events."""
        return frozenset().union(*(event.named for event in self.events or ()))

    def touch(self, call: ApiCall, names: Iterable[str], known: frozenset[str]) -> Touch:
        """What happened to the item with these names (none: the account's setting).

        ``known`` are the names of all items of the call: an event that names none of them may
        have meant any, if its kind doesn't always name its object.
        """
        if self.running:
            return Touch("same")
        touches = call.touches
        if self.events is None or touches is None:
            return Touch("unknown")
        own = frozenset(names)
        last: datetime | None = None
        for event in self.events:
            if not _matters(call, event):
                continue
            hits = not own or bool(own & event.named)
            if event.name in touches.creates and hits and own:
                return Touch("new", event.at)
            nameless = not event.named or (event.name in touches.blind and not known & event.named)
            if hits or nameless:
                last = event.at if last is None else max(last, event.at)
        return Touch("same") if last is None else Touch("changed", last)

    def deleted(self, call: ApiCall, known: frozenset[str]) -> dict[str, datetime]:
        """Ids of items that are gone since the period's end and were not made since, with when."""
        gone: dict[str, datetime] = {}
        made: set[str] = set()
        for event in self.events or ():
            if call.touches is None or not _matters(call, event):
                continue
            if event.name in call.touches.creates:
                made |= event.named
            elif member := call.touches.deletes.get(event.name):
                gone |= {text: event.at for name, text in event.words if name == member}
        return {id_: at for id_, at in gone.items() if id_ not in made | known}


def _matters(call: ApiCall, event: TrailEvent) -> bool:
    """Whether the event may change what the call answers: services share names of operations."""
    if call.touches is None or event.name not in call.touches.names or event.error:
        return False
    source = event.record.get("eventSource") or call.event_source
    if source != call.event_source and source not in call.touches.sources:
        return False
    return not call.touches.by_root or event.by_root


def watch(
    out: SnapshotWriter,
    clients: ClientFactory,
    cell: Cell,
    regions: Sequence[str],
    calls: Sequence[ApiCall],
) -> tuple[Watch, Exception | None]:
    """Read what happened from the period's end until now in ``regions``.

    One sweep per region: events are looked up at two requests a second, whatever they are
    about. An error makes the watch blind, and is returned: the cell ends with it.
    """
    end = cell.period.end
    now = out.now
    if now < end:
        return Watch((), running=True), None
    if end < now - REACH:
        return Watch(None), None
    names = frozenset().union(*(call.watched for call in calls))
    if not names:
        return Watch(()), None
    events: dict[str, TrailEvent] = {}
    try:
        for region in regions:
            trail = clients.client("cloudtrail", region)
            for event in look_up(out, trail, end, now, ReadOnly="false"):
                if event.name in names:
                    events[event.id] = event
    except (ClientError, BotoCoreError) as error:
        return Watch(None), error
    return Watch(tuple(events.values())), None
