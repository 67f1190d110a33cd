"""Sorts evidence that may not fit into memory, so that its order never depends on paging."""

from __future__ import annotations

import heapq
import pickle
import tempfile
from collections.abc import Iterator
from datetime import datetime
from typing import IO

from include.evidence.item import Evidence

#: Items held in memory before a sorted run goes to disk.
RUN_LENGTH = 20_000

_Key = tuple[str, str, str, datetime, str]
_Entry = tuple[_Key, Evidence]


class EvidenceSorter:
    """Takes items in any order; yields them once, by keyword, deployment, resource and time.

    An item that comes twice (equal content digest) is kept once: unstable listings repeat rows.
    """

    def __init__(self, run_length: int = RUN_LENGTH) -> None:
        self._run_length = run_length
        self._held: list[_Entry] = []
        self._runs: list[IO[bytes]] = []
        self.added = 0

    def add(self, item: Evidence) -> None:
        """Take one item."""
        key = (
            item.keyword,
            item.deployment,
            item.resource,
            item.source_time,
            item.content_digest,
        )
        self._held.append((key, item))
        self.added += 1
        if len(self._held) >= self._run_length:
            self._spill()

    def _spill(self) -> None:
        self._held.sort(key=lambda entry: entry[0])
        run = tempfile.TemporaryFile()  # noqa: SIM115 - it lives until the sorter is closed
        for entry in self._held:
            pickle.dump(entry, run, pickle.HIGHEST_PROTOCOL)
        self._runs.append(run)
        self._held = []

    @staticmethod
    def _read(run: IO[bytes]) -> Iterator[_Entry]:
        run.seek(0)
        while True:
            try:
                yield pickle.load(run)
            except EOFError:
                return

    def sorted(self) -> Iterator[tuple[Evidence, str]]:
        """(item, content digest) in order, without repetitions."""
        self._held.sort(key=lambda entry: entry[0])
        runs = [self._read(run) for run in self._runs]
        last = ""
        for key, item in heapq.merge(*runs, iter(self._held), key=lambda entry: entry[0]):
            if key[-1] != last:
                last = key[-1]
                yield item, last

    def close(self) -> None:
        """Remove what is on disk."""
        for run in self._runs:
            run.close()
        self._runs = []
        self._held = []
