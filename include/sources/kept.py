"""What our own earlier snapshots say of items that a source tells as of the present only."""

from __future__ import annotations

from functools import cached_property

import msgspec

from include.evidence.cell import Cell
from include.evidence.item import Evidence
from include.evidence.snapshot import SnapshotWriter
from include.sources.earlier import Earlier, earlier_items


class Kept:
    """Earlier snapshots of the cell, read when the first item needs them."""

    def __init__(self, out: SnapshotWriter, cell: Cell) -> None:
        self._out = out
        self._cell = cell
        #: Whether an earlier snapshot spoke for at least one item.
        self.found = False

    def better(self, item: Evidence) -> Evidence:
        """The earlier word on what a CURRENT_ONLY item is about, or the item itself.

        The snapshot it comes from is named in the receipt, not in the item: what was known then
        has the same content whenever it is collected again.
        """
        if item.known != "CURRENT_ONLY":
            return item
        earlier = self._earlier.items.get(
            (item.keyword, item.resource, str(item.attributes.get("id", "")))
        )
        if earlier is None:
            return item
        self.found = True
        attributes = dict(earlier.attributes)
        if snapshot := attributes.pop("snapshot", ""):
            self._out.note(f"Items without a page are known from the snapshot {snapshot}.")
        return msgspec.structs.replace(earlier, attributes=attributes)

    @cached_property
    def _earlier(self) -> Earlier:
        return earlier_items(self._out, self._cell)
