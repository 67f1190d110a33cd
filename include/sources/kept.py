"""What our own earlier snapshots know of a period's end that a source no longer tells."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from include.evidence.cell import Cell
from include.evidence.item import Evidence
from include.evidence.snapshot import LoadedSnapshot, SnapshotWriter


class Kept:
    """Items of earlier snapshots that are known to hold at the end of the cell's period.

    Read when the first one is needed. An item of another period's snapshot counts only if it is
    about a time before this period's end: it was still the last word when it was collected, after
    that end.
    """

    def __init__(self, out: SnapshotWriter, cell: Cell) -> None:
        self._out = out
        self._cell = cell
        self._items: dict[tuple[str, str, str], Evidence] | None = None
        #: Whether an earlier snapshot spoke for at least one item.
        self.found = False

    def better(self, item: Evidence) -> Evidence:
        """The earlier word on what a CURRENT_ONLY item is about, or the item itself."""
        if item.known != "CURRENT_ONLY":
            return item
        earlier = self._read().get(_about(item))
        if earlier is None:
            return item
        self.found = True
        return earlier

    def _read(self) -> dict[tuple[str, str, str], Evidence]:
        if self._items is None:
            self._items = {}
            earlier: Callable[[], Iterator[LoadedSnapshot]] = getattr(self._out, "earlier", _none)
            for snapshot in earlier():
                same = snapshot.cell.period == self._cell.period
                for item in snapshot.iter_evidence():
                    if item.known != "CURRENT_ONLY" and (
                        same or item.source_time < self._cell.period.end
                    ):
                        self._items[_about(item)] = _moved(item)
        return self._items


def _none() -> Iterator[LoadedSnapshot]:
    return iter(())


def _about(item: Evidence) -> tuple[str, str, str]:
    return item.keyword, item.resource, str(item.attributes.get("id", ""))


def _moved(item: Evidence) -> Evidence:
    """The item without its pointer: the page lies in the snapshot it was read from."""
    values = {name: getattr(item, name) for name in Evidence.__match_args__}
    return Evidence(**{**values, "page": "", "offset": 0})
