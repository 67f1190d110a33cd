"""What our own snapshots of the time knew of a period's end, for what no source tells any more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from include.evidence.cell import Cell
from include.evidence.item import Evidence
from include.evidence.snapshot import SnapshotWriter

#: An item: keyword, resource, and the item's own ``id`` where one resource has several.
About = tuple[str, str, str]


@dataclass(frozen=True)
class Earlier:
    """Items by what they are about, and the keywords that were answered in full then.

    ``present`` is what a snapshot of the same period could tell as of its present only: it was
    seen, but nobody knew whether and how it was at the end.
    """

    items: Mapping[About, Evidence] = field(default_factory=dict)
    answered: frozenset[str] = frozenset()
    present: frozenset[About] = frozenset()


def earlier_items(out: SnapshotWriter, cell: Cell) -> Earlier:
    """What earlier snapshots of the cell's source, account and region know of its period's end.

    Only items that were known to hold then count: those of the same period that were not
    CURRENT_ONLY, and those of later periods whose source time lies before the end: what stood so
    since before it until after it. They stay CONTEMPORANEOUS or RECONSTRUCTED as they were, with
    equal content. ``page`` says where the raw page is: the snapshot's URI, a slash, the page's
    name there. The collection nearest to the end wins. Only snapshots are read (one pass over
    each), nobody else is asked.
    """
    items: dict[About, Evidence] = {}
    answered: set[str] = set()
    present: set[About] = set()
    for snapshot in out.earlier():
        same = snapshot.cell.period == cell.period
        if not same and snapshot.cell.period.end <= cell.period.end:
            continue  # what was so at an earlier end may have changed by this one
        if same and snapshot.ref.filled:
            answered |= {d.keyword for d in snapshot.deployments if d.state == "ACTIVE"}
        for item in snapshot.iter_evidence():
            about = item.keyword, item.resource, str(item.attributes.get("id", ""))
            if same and item.known == "CURRENT_ONLY":
                present.add(about)
            if item.known == "CURRENT_ONLY" or not (same or item.source_time < cell.period.end):
                continue
            before = items.get(about)
            if before is None or item.collected_at < before.collected_at:
                items[about] = _kept(item, snapshot.ref.uri)
    return Earlier(items, frozenset(answered), frozenset(present - items.keys()))


def _kept(item: Evidence, uri: str) -> Evidence:
    if not item.page or "/" in item.page:
        return item  # nothing was read for it, or it was kept from an earlier one already
    return msgspec.structs.replace(item, page=f"{uri}/{item.page}")
