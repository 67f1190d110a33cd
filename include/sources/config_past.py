"""The past of compliance, from the cheaper of two places: Config's calls or delivered files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from include.evidence.cell import Cell
from include.evidence.snapshot import SnapshotWriter
from include.sources.config_files import days_to_list, find_delivered, shelve_delivered
from include.sources.config_gone import list_deleted
from include.sources.config_history import History, compliance_history, history_from
from include.sources.config_shelf import Item, Key, Shelf

#: What an S3 read counts, in calls of Config: Config grants about one call per second, S3 hundreds.
READ_COST = 0.1
#: How many reads a day of history needs, about: a listing, and a file per six hours.
READS_PER_DAY = 5


class Past:
    """Histories of the resources of one cell. Both ways tell the same."""

    def __init__(
        self,
        cell: Cell,
        out: SnapshotWriter,
        shelf: Shelf,
        config: Any,
        s3: Callable[[], Any],
    ) -> None:
        self._cell = cell
        self._out = out
        self._shelf = shelf
        self._config = config
        self._s3 = s3
        #: Up to when the past was read from files; None: it wasn't.
        self._until: datetime | None = None

    def prepare(self, types: Iterable[str], names: dict[str, str], *, files: bool) -> int:
        """Find what was deleted since the period's start (judged ``types``), and read the files.

        ``files``: whether they may be used; rules' names they give are added to ``names``.
        Returns how many calls of Config that took.
        """
        if files and self._read_files(names):
            return 1
        return list_deleted(self._out, self._config, self._shelf, types, self._cell.period)

    def history(self, key: Key, captured: datetime | None) -> History | None:
        """A resource's history from the files where they have all of it, else from Config.

        ``captured`` is when its newest item was (None: it has none any more, or nobody knows).
        """
        if self._until is not None and (captured is None or captured < self._until):
            items = self._shelf.items(key)
            if items and (captured is not None or not items[-1].said):
                return self._from(items)
        return compliance_history(self._out, self._config, key, self._cell.period)

    def _read_files(self, names: dict[str, str]) -> bool:
        """Read the past from the delivery bucket where that is cheaper; whether it was read."""
        period = self._cell.period
        rows, _ = self._shelf.counts()
        calls = self._shelf.changed_since(period.start) + -(-rows // 100)
        days = days_to_list(period.start, self._out.now)
        if calls <= days * READS_PER_DAY * READ_COST:
            return False
        s3 = self._s3()
        delivered = find_delivered(self._out, self._config, s3, self._cell)
        if delivered is None or delivered.until < period.end:
            return False
        if calls <= (1 + len(delivered.files)) * READ_COST:
            return False
        if not shelve_delivered(self._out, s3, delivered, self._shelf, names):
            return False
        self._shelf.mark_missing_as_gone()
        self._until = delivered.until
        return True

    def _from(self, items: Sequence[Item]) -> History:
        start = self._cell.period.start
        before = [item for item in items if item.captured <= start][-1:]
        told = before + [item for item in items if item.captured > start]
        history = history_from(((item.captured, item.said) for item in told), told[-1].page)
        history.whole = bool(before) or told[0].born
        return history
